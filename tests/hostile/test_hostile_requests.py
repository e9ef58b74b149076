"""Hostile requests: encodings, bodies and heads that no client should send."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from functools import partial

import httpx
import pytest

from tests.hostile.asking import SPARQL_QUERY, client_at, path_of, post, wired
from tests.hostile.test_hostile_queries import problem
from tests.served import Served

_FORM = "application/x-www-form-urlencoded"
_LENGTH = "ASK {{ FILTER(STRLEN('{}') = {}) }}"
_TEN_MEGABYTES = 10_000_000


@pytest.fixture(scope="module")
def client(server: Served) -> Iterator[httpx.Client]:
    """A client that sends what it likes."""
    with client_at(server.home) as one:
        yield one


# As bytes of a body, and percent-encoded in a URL.
NOT_UTF_8 = {
    "a byte that begins nothing": b"ASK { ?s ?p '\xff' }",
    "half of a letter": b"ASK { ?s ?p '\xc3' }",
    "overlong slash": b"ASK { ?s ?p '\xc0\xaf' }",
    "overlong bracket": b"ASK { ?s ?p 1 \xc1\xbd",
    "surrogates": b"ASK { ?s ?p '\xed\xa0\xbd\xed\xb8\x80' }",
    "beyond Unicode": b"ASK { ?s ?p '\xf4\x90\x80\x80' }",
    "Latin-1": "ASK { ?s ?p 'Môn' }".encode("latin-1"),
    "UTF-16 with its mark": "ASK {}".encode("utf-16"),
}


@pytest.mark.parametrize("name", NOT_UTF_8)
def test_what_is_not_utf_8_is_refused(client: httpx.Client, name: str) -> None:
    """Bytes that are no UTF-8 are refused as such, never read as something else."""
    body = NOT_UTF_8[name]
    encoded = "".join(f"%{byte:02X}" for byte in body)
    for answer in (
        client.post("/sparql", content=body, headers={"Content-Type": SPARQL_QUERY}),
        client.post(
            "/sparql", content=f"query={encoded}", headers={"Content-Type": _FORM}
        ),
        client.get(f"/sparql?query={encoded}"),
    ):
        found = problem(answer, 400, "invalid-parameter")
        assert "UTF-8" in found["detail"]


def test_another_charset_is_refused(client: httpx.Client) -> None:
    """A body that says that it is UTF-16 is not read."""
    answer = client.post(
        "/sparql",
        content="ASK {}".encode("utf-16-le"),
        headers={"Content-Type": f"{SPARQL_QUERY}; charset=utf-16le"},
    )
    problem(answer, 415, "unsupported-media-type")


@pytest.mark.parametrize(
    "text",
    ["é", "e\u0301", "\U0001f3eb", "\u202e\u2066", "\ufeff", "\u2028", "\ud7ff\ue000"],
    ids=["letter", "mark", "plane", "direction", "byte order", "line", "edges"],
)
def test_text_of_any_kind_is_counted_in_letters(
    client: httpx.Client, text: str
) -> None:
    """Whatever Unicode has in a string comes through GET and POST as it is."""
    query = _LENGTH.format(text, len(text))
    for answer in (client.get(path_of(query)), post(client, query)):
        assert answer.json()["boolean"] is True


def test_a_megabyte_in_ten_is_refused_unread(server: Served) -> None:
    """A body that says that it has 10 MB is refused before any of it is sent."""
    with wired(server.home) as wire:
        wire.send(
            b"POST /sparql HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
            b"application/sparql-query\r\nContent-Length: 10000000\r\n\r\n"
        )
        answer = wire.answer()
        assert answer.status == 413
        assert b"/problems/body-too-large" in answer.body


@pytest.mark.parametrize("kind", [SPARQL_QUERY, _FORM])
def test_ten_megabytes_in_chunks_are_refused(client: httpx.Client, kind: str) -> None:
    """A body that does not say how long it is is read no further than its bound."""
    piece = b"query=" + b"x" * 99_994
    try:
        answer = client.post(
            "/sparql",
            content=iter([piece] * (_TEN_MEGABYTES // len(piece))),
            headers={"Content-Type": kind},
        )
    except httpx.WriteError:
        return  # the connection was closed on us, which is as good
    problem(answer, 413, "body-too-large")


def test_ten_megabytes_in_a_url_are_refused(server: Served) -> None:
    """A head that goes on and on is refused, and its connection closed."""
    with wired(server.home) as wire:
        try:
            wire.send(b"GET /sparql?query=" + b"x" * _TEN_MEGABYTES)
            assert wire.answer().status in (400, 414)
        except (BrokenPipeError, ConnectionResetError):
            pass  # closed on us in the middle of it


def test_thirty_kilobytes_in_a_url_are_refused(client: httpx.Client) -> None:
    """A query that is too long for a URL says so; the same is read from a body."""
    query = f"ASK {{}} #{'x' * 30_000}"
    problem(client.get(path_of(query)), 414, "address-too-long")
    assert post(client, query).json()["boolean"] is True


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "gzip, gzip"])
def test_compressed_bodies_are_refused(client: httpx.Client, coding: str) -> None:
    """No body is unpacked, so none can be a bomb."""
    bomb = gzip.compress(b"ASK {} #" + b"x" * _TEN_MEGABYTES)
    assert len(bomb) < 20_000
    answer = client.post(
        "/sparql",
        content=bomb,
        headers={"Content-Type": SPARQL_QUERY, "Content-Encoding": coding},
    )
    problem(answer, 415, "unsupported-media-type")


@pytest.mark.parametrize(
    ("kind", "body", "status", "slug"),
    [
        ("text/plain", b"ASK {}", 415, "unsupported-media-type"),
        ("application/json", b'{"query":"ASK {}"}', 415, "unsupported-media-type"),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="query"\r\n\r\nA\r\n--b--',
            415,
            "unsupported-media-type",
        ),
        (_FORM, b"query=ASK%7B%7D&query=ASK%7B%7D", 400, "invalid-parameter"),
        (_FORM, b"&" * 300_000, 400, "invalid-parameter"),
        (_FORM, b"a=1&" * 90_000 + b"query=ASK%7B%7D&query=", 400, "invalid-parameter"),
        (_FORM, b"", 400, "invalid-parameter"),
        (_FORM, b"query=", 400, "query-rejected"),
        (SPARQL_QUERY, b"", 400, "query-rejected"),
        (SPARQL_QUERY, b"query=ASK%20%7B%7D", 400, "query-rejected"),
    ],
    ids=[
        "plain text",
        "JSON",
        "multipart",
        "two queries",
        "ampersands",
        "fields by the ten thousand",
        "no body",
        "empty query",
        "empty body",
        "form by another name",
    ],
)
def test_bodies_that_are_no_query(
    client: httpx.Client, kind: str, body: bytes, status: int, slug: str
) -> None:
    """A body of another type, or without one query in it, is refused as what it is."""
    answer = client.post("/sparql", content=body, headers={"Content-Type": kind})
    problem(answer, status, slug)


@pytest.mark.parametrize(
    "accept",
    [
        "image/png",
        "text/csv;q=0",
        ", ".join(["*/*;q=0"] * 400),
    ],
    ids=["another type", "none of it", "many times nothing"],
)
def test_accept_that_nothing_fits(client: httpx.Client, accept: str) -> None:
    """Accept of nothing that there is, in whatever length, is refused in few words."""
    answer = client.get(path_of("SELECT * {}"), headers={"Accept": accept})
    problem(answer, 406, "not-acceptable")
    assert len(answer.content) < 3_000


def test_accept_without_end(client: httpx.Client) -> None:
    """Accept is read only so far."""
    answer = client.get(path_of("ASK {}"), headers={"Accept": "text/csv," * 1_000})
    problem(answer, 431, "headers-too-large")


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"POST /sparql HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /sparql HTTP/1.1\r\nHost: a\r\nContent-Length: 6, 7\r\n\r\n", 400),
        (
            b"POST /sparql HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
        ),
        (
            b"POST /sparql HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
            b"Content-Type: application/sparql-query\r\n\r\nzz\r\nASK {}\r\n",
            400,
        ),
        (b"GET /sparql?query=ASK%7B%7D HTTP/9.9\r\nHost: a\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"GET /sparql?query=\x00\xff HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET /sparql?query=%zz%u0041% HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 9_000 + b"\r\n", 431),
    ],
    ids=[
        "negative length",
        "two lengths",
        "length and chunks",
        "chunk of no size",
        "HTTP of the future",
        "TLS",
        "bytes in the URL",
        "percent signs of nothing",
        "headers by the thousand",
    ],
)
def test_requests_that_are_no_http(server: Served, head: bytes, status: int) -> None:
    """What is no HTTP, or could be read in two ways, is refused."""
    with wired(server.home) as wire:
        wire.send(head)
        assert wire.answer().status == status


def test_requests_in_a_row_are_answered_in_order(server: Served) -> None:
    """Fifty requests sent before any answer is read have fifty answers, in order."""
    with wired(server.home) as wire:
        for number in range(50):
            wire.get(path_of(f"SELECT ({number} AS ?n) {{}}", format="csv"))
        answers = [wire.answer() for _ in range(50)]
    assert [one.body for one in answers] == [b"n\r\n%d\r\n" % n for n in range(50)]


def test_head_of_anything_has_no_body(server: Served) -> None:
    """HEAD answers as GET does but for the body, which nobody need wait for."""
    ask = partial(path_of, "SELECT * { ?a ?b ?c . ?d ?e ?f }")
    with wired(server.home) as wire:
        for path, status in ((ask(), 200), (path_of("SELECT"), 400)):
            wire.get(path, "HEAD")
            answer = wire.answer(bodiless=True)
            assert answer.status == status
            wire.get(path_of("ASK {}"))
            assert wire.answer().body.endswith(b'"boolean":true}')


def test_script_in_a_query_is_not_run(client: httpx.Client) -> None:
    """What a browser is shown of a query that failed has no markup of the query in it,
    and no script would run."""
    query = "<script>alert(1)</script>"
    answer = client.get(path_of(query), headers={"Accept": "text/html,*/*;q=0.8"})
    assert answer.status_code == 400
    kind = answer.headers["content-type"].partition(";")[0]
    assert kind in ("text/html", "application/problem+json")
    assert ("<script>" in answer.text) <= (kind == "application/problem+json")
    assert "script-src" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
