"""Servers that are away, lie, break off or lead elsewhere: said as it is, and nothing
of theirs passes for an answer."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.pool import PoolInThread
from trigpoint.errors import (
    InvalidParameter,
    QueryTimedOut,
    RemoteBehind,
    RemoteUnavailable,
    TrigpointError,
)
from trigpoint.graph import QueryLimits, Snapshot
from trigpoint.graph.endpoint import Credentials, Endpoint, credentials_of
from trigpoint.graph.publication import Publication, parse_publication
from trigpoint.graph.query import Elsewhere, Query
from trigpoint.graph.remote import RemoteStore
from trigpoint.graph.remote_pool import RemotePool
from trigpoint.graph.sending import batches
from trigpoint.graph.standin import STAND_IN, WKT, Restored, stood_in

BASE = "http://localhost:8000"
_JSON = "HTTP/1.1 200 OK\r\nContent-Type: application/sparql-results+json\r\n"
_HALF = '{"head":{"vars":["x"]},"results":{"bindings":['
LIES = {
    "an error page": "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n<html></html>",
    "no JSON": _JSON + "Content-Length: 2\r\n\r\n[]",
    "an answer that breaks off": _JSON + "Content-Length: 500\r\n\r\n" + _HALF,
    "an answer without its end": (
        _JSON + f"Content-Length: {len(_HALF)}\r\n\r\n" + _HALF
    ),
    "chunks without the last": (
        _JSON + "Transfer-Encoding: chunked\r\n\r\n" + f"{len(_HALF):x}\r\n{_HALF}\r\n"
    ),
    "a refusal": "HTTP/1.1 500 No\r\nContent-Length: 4\r\n\r\noops",
    "no HTTP": "good day\r\n\r\n",
    "nothing": "",
}


class Liar:
    """A server with one answer to whatever it is asked, which keeps the questions."""

    def __init__(self, answer: str) -> None:
        self._answer = answer.encode()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/query"
        self.asked: list[bytes] = []

    def run(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            # Who hears too much hangs up.
            with connection, suppress(ConnectionError):
                self.asked.append(_request(connection))
                connection.sendall(self._answer)

    def say(self, answer: str) -> None:
        """Answer this from now on."""
        self._answer = answer.encode()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


def _request(connection: socket.socket) -> bytes:
    """All of a request: what is left unread at the end resets the connection, and the
    answer can be lost with it."""
    asked, wanted = b"", 1
    while len(asked) < wanted and (piece := connection.recv(1 << 16)):
        asked += piece
        head, end, _ = asked.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\ncontent-length: *(\d+)", head) if end else None
        body = int(length[1]) if length else 0
        wanted = len(head) + len(end) + body if end else len(asked) + 1
    return asked


@contextmanager
def liar(answer: str) -> Iterator[Liar]:
    server = Liar(answer)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join()


@pytest.fixture(scope="module")
def pool() -> Iterator[PoolInThread]:
    """A pool whose snapshot the tests switch."""
    there = Elsewhere("http://127.0.0.1:9/", "x", (), plain_wkt=False)
    nothing, limits = Snapshot(Path("x"), {}, there), QueryLimits(time=3.0)
    with PoolInThread(nothing, base=BASE, workers=2, limits=limits) as pool:
        yield pool


@pytest.mark.parametrize("lie", LIES)
def test_no_lie_passes_for_an_answer(pool: PoolInThread, lie: str) -> None:
    """What is no whole SPARQL result is a failure of the server, said as one."""
    with liar(LIES[lie]) as server:
        there = Elsewhere(server.url, lie, (), plain_wkt=False)
        pool.pool.switch(Snapshot(Path(lie), {}, there))
        error = pool.ask("SELECT ?x { ?x ?p ?o }").exception(60)
    assert isinstance(error, RemoteUnavailable), lie
    assert server.url in str(error)


def test_a_server_that_never_answers_is_given_up(pool: PoolInThread) -> None:
    """A query ends at the limit, whatever the other server does."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/query"
        there = Elsewhere(url, "silent", (), plain_wkt=False)
        pool.pool.switch(Snapshot(Path("silent"), {}, there))
        error = pool.ask("SELECT ?x { ?x ?p ?o }").exception(60)
    assert isinstance(error, QueryTimedOut)


def _row(name: str, kind: str, value: str) -> str:
    """A whole answer of one row."""
    cell = {name: {"type": kind, "value": value}} if name else {}
    solutions = {"head": {"vars": ["state"]}, "results": {"bindings": [cell]}}
    body = json.dumps(solutions)
    return f"{_JSON}Content-Length: {len(body)}\r\n\r\n{body}"


STATEMENTS = {
    **LIES,
    "a row cut off": _JSON + "\r\n" + _HALF + '{"x":',
    "another kind of term": _row("state", "nothing", ""),
    "a boolean": _JSON + 'Content-Length: 26\r\n\r\n{"head":{},"boolean":true} ',
    "too much": _JSON + "\r\n" + " " * (5 << 20),
}
UNSOUND = {
    "sizes that are none": {"sizes": "abc"},
    "a register of two lines": {"sizes": {"a\r\nX: 1": 1}},
    "a size that is no number": {"sizes": {"country": "1"}},
    "no graphs": {"graphs": None},
    "a list of graphs": {"graphs": [1, "a"]},
    "a graph that ends its IRI": {"graphs": {"http://x/> ; DROP ALL #": 1}},
    "an identifier that is a number": {"id": 5},
    "a flag that is a text": {"complete": "yes"},
    "a count that is a text": {"withheld": "x"},
}


def test_a_statement_that_is_none_is_a_fault_of_the_server() -> None:
    """Looking what a server holds raises nothing, whatever it says: that would end
    the process that looks. Queries are refused as long as it says that."""
    refused = asyncio.run(_looked(STATEMENTS))
    assert refused == dict.fromkeys(STATEMENTS, RemoteUnavailable)


def test_a_statement_with_members_of_other_kinds_is_none() -> None:
    """Its sizes would go into headers, and its graphs into updates."""
    body = json.loads(Publication({"country": 3}, complete=True).text())
    texts = {fault: json.dumps(body | other) for fault, other in UNSOUND.items()}
    assert [text for text in texts.values() if parse_publication(text)] == []
    answers = {fault: _row("state", "literal", text) for fault, text in texts.items()}
    assert asyncio.run(_looked(answers)) == dict.fromkeys(UNSOUND, RemoteBehind)


@pytest.mark.parametrize("name", ["", "state"])
def test_rows_without_what_was_asked_for_are_no_statement(name: str) -> None:
    """A server that leaves out a value is not believed, and nothing breaks."""
    with (
        liar(_row(name, "uri", "http://x/")) as server,
        RemoteStore(Endpoint(server.url), BASE) as remote,
    ):
        assert remote.publication() is None
        assert remote.graphs() == set()


async def _looked(answers: dict[str, str]) -> dict[str, type[TrigpointError]]:
    """What queries are refused with when a server has answered a look with that."""
    refused = {}
    with liar(_row("", "", "")) as server:
        there = Endpoint(server.url)
        async with RemotePool(there, lambda: 0, base=BASE, workers=1) as pool:
            for name, said in answers.items():
                server.say(said)
                await pool.look()
                with pytest.raises(TrigpointError) as raised:
                    await pool.ask(Query("ASK {}"))
                refused[name] = raised.type
    return refused


def test_a_redirect_is_not_followed() -> None:
    """Neither the password nor an update goes to an address that nobody named."""
    with liar("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") as trap:
        moved = (
            f"HTTP/1.1 302 Found\r\nLocation: {trap.url}\r\nContent-Length: 0\r\n\r\n"
        )
        with liar(moved) as server:
            endpoint = Endpoint(server.url, server.url)
            who = Credentials("someone", "hush-hush")
            with (
                RemoteStore(endpoint, BASE, who) as remote,
                pytest.raises(RemoteUnavailable, match="redirects"),
            ):
                remote.update("DROP ALL")
        assert not trap.asked
        assert b"Authorization" not in b"".join(server.asked)
        assert b"DROP" not in b"".join(server.asked)


def test_a_server_that_is_away_is_named() -> None:
    """Nobody listens: the error says where, and who should have."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        url = f"http://127.0.0.1:{probe.getsockname()[1]}/query"
    with (
        RemoteStore(Endpoint(url, url), BASE) as remote,
        pytest.raises(RemoteUnavailable, match="does not answer"),
    ):
        remote.publication()


@pytest.mark.parametrize(
    "url",
    ["ftp://x/q", "x", "http:///q", "http://u:p@x/q", "http://x/q#f", "http://x/ q"],
)
def test_addresses_that_are_none_are_refused(url: str) -> None:
    """No server is asked at what is no address, or would show a password."""
    with pytest.raises(InvalidParameter):
        Endpoint(url)


def test_credentials_come_from_the_environment_and_are_not_shown() -> None:
    """A user without a password and an unknown scheme are refused; nothing prints a
    password."""
    user, word = "TRIGPOINT_SPARQL_USER", "TRIGPOINT_SPARQL_PASSWORD"
    scheme = "TRIGPOINT_SPARQL_AUTH"
    assert credentials_of({}) is None
    with pytest.raises(InvalidParameter, match=word):
        credentials_of({user: "me"})
    with pytest.raises(InvalidParameter, match="basic or digest"):
        credentials_of({user: "me", word: "hush", scheme: "none"})
    found = credentials_of({user: "me", word: "hush", scheme: "digest"})
    assert found == Credentials("me", "hush", "digest")
    assert "hush" not in repr(found)


def test_what_a_store_says_of_itself_is_read_again() -> None:
    """The statement comes back as it was written; anything else is none."""
    state = Publication({"country": 3}, 1, "f", 4, {"http://x/g": 5}, True, True)
    assert parse_publication(state.text()) == state
    assert state.begun().id != state.id
    for text in ("", "[]", "{}", '{"format": 1, "colour": 2}', '{"format": 0}'):
        assert parse_publication(text) is None


def test_the_stand_in_for_geometries_is_put_back_across_pieces() -> None:
    """Wherever an answer is parted, the datatype comes out right, and nothing else
    changes."""
    line = f'<http://x/s> <http://x/p> "POINT (1 2)"^^<{WKT}> .'
    sent = stood_in(line)
    assert STAND_IN in sent
    assert stood_in('<http://x/s> <http://x/p> "x" .').endswith('"x" .')
    whole = (sent + sent[:-1]).encode()
    for size in range(1, len(whole)):
        restored = Restored()
        pieces = [whole[n : n + size] for n in range(0, len(whole), size)]
        out = b"".join(map(restored.feed, pieces)) + restored.rest()
        assert out == (line + line[:-1]).encode()


def test_batches_are_bounded_in_lines_and_size() -> None:
    """No batch has more lines or characters than it may, unless one line has; all
    lines come, in order."""
    lines = ["x" * n for n in (1, 5, 30, 2, 2, 2, 9)]
    made = list(batches(lines, 3, 10))
    assert made == [lines[:2], lines[2:3], lines[3:6], lines[6:]]
