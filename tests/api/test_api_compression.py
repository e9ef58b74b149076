"""Compression of answers: which coding, what is flushed when, what stays as it is."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterable

import anyio
import pyarrow
import pytest
from starlette.types import Message, Receive, Scope, Send

from api.compression import MINIMUM, Compression, coding_of, compressor
from tests.testclient import TestClient

RECORDS = "/registers/address/records"


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("", None),
        ("gzip", "gzip"),
        ("x-gzip", "gzip"),
        ("zstd", "zstd"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip;q=1.0, zstd;q=0.5", "gzip"),
        ("gzip ; q=0.5, zstd ; q=0.5", "zstd"),
        ("deflate, br", None),
        ("*", "zstd"),
        ("*;q=0.5, zstd;q=0", "gzip"),
        ("gzip;q=0", None),
        ("gzip;q=0.000, *;q=0", None),
        ("identity", None),
        ("identity, gzip;q=0.5", None),
        ("identity;q=0.5, gzip", "gzip"),
        ("identity;q=0, gzip;q=0.1", "gzip"),
        ("gzip;q=2", None),
        ("gzip;level=9", None),
        (",,;q=1,gzip", "gzip"),
    ],
)
def test_the_coding_that_is_accepted_best(accepted: str, coding: str | None) -> None:
    """The best quality wins, zstd before gzip, and none at all where that is better."""
    assert coding_of(accepted) == coding


def unpacked(data: bytes, coding: str, length: int) -> bytes:
    """The first bytes of what was compressed, whether or not its end is there."""
    if coding == "gzip":
        return zlib.decompressobj(31).decompress(data, length)
    with pyarrow.CompressedInputStream(io.BytesIO(data), "zstd") as stream:
        return bytes(stream.read(length))


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_each_piece_can_be_read_once_it_is_sent(coding: str) -> None:
    """A reader has every piece before the next is compressed, in one stream."""
    packing = compressor(coding)
    sent = packing.compress(b"first piece,", last=False)
    assert unpacked(sent, coding, 12) == b"first piece,"
    sent += packing.compress(b" and last", last=True)
    assert unpacked(sent, coding, 100) == b"first piece, and last"
    assert sent.count(b"\x28\xb5\x2f\xfd") == (coding == "zstd")


def sent_by(
    bodies: Iterable[tuple[bytes, bool]],
    accepted: bytes = b"gzip",
    method: str = "GET",
    status: int = 200,
    headers: Iterable[tuple[bytes, bytes]] = (),
    path: str = "/",
) -> tuple[dict[str, str], list[Message]]:
    """Headers and body messages that come out of the layer for those that go in."""
    out: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        start = {"type": "http.response.start", "status": status}
        await send({**start, "headers": list(headers)})
        for body, more in bodies:
            await send({"type": "http.response.body", "body": body, "more_body": more})

    async def take(message: Message) -> None:
        out.append(message)

    async def nothing() -> Message:
        raise AssertionError("nothing is received")

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "headers": [(b"accept-encoding", accepted)],
    }

    async def run() -> None:
        await Compression(app)(scope, nothing, take)

    anyio.run(run)
    names = {n.decode(): v.decode() for n, v in out[0]["headers"]}
    return names, out[1:]


LONG = b"a line of text\n" * 20_000


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_a_stream_stays_one(coding: str) -> None:
    """Of a body in pieces each goes out by itself, long ones too, without a length."""
    pieces = [(b"short\n", True), (b"", True), (LONG, True), (b"", False)]
    headers, messages = sent_by(
        pieces, coding.encode(), headers=[(b"content-length", b"7")]
    )
    assert headers == {"content-encoding": coding, "vary": "Accept-Encoding"}
    assert [m["more_body"] for m in messages] == [True, True, True, False]
    assert unpacked(messages[0]["body"], coding, 6) == b"short\n"
    whole = b"".join(m["body"] for m in messages)
    assert unpacked(whole, coding, 2 * len(LONG)) == b"short\n" + LONG


def test_a_whole_body_has_its_length() -> None:
    """What is made in memory goes out with the length that it has compressed."""
    etag = [(b"etag", b'"x"'), (b"content-length", str(len(LONG)).encode())]
    headers, [message] = sent_by([(LONG, False)], headers=etag)
    assert gzip.decompress(message["body"]) == LONG
    assert headers["content-length"] == str(len(message["body"]))
    assert headers["etag"] == 'W/"x"'


def test_head_has_the_headers_of_get() -> None:
    """HEAD says the coding, and no length that is not that of GET."""
    for stated in ([(b"content-length", b"300000")], []):
        headers, [message] = sent_by([(b"", False)], method="HEAD", headers=stated)
        assert headers == {"content-encoding": "gzip", "vary": "Accept-Encoding"}
        assert message["body"] == b""


SHORT = LONG[: MINIMUM - 1]


@pytest.mark.parametrize(
    ("body", "accepted", "method", "status", "path", "varies"),
    [
        (SHORT, b"gzip", "GET", 200, "/", False),
        (LONG, b"br", "GET", 200, "/", True),
        (LONG, b"gzip", "GET", 206, "/", False),
        (b"", b"gzip", "GET", 304, "/", False),
        (b"", b"", "HEAD", 200, "/", True),
        (LONG, b"gzip", "GET", 200, "/dumps/country.csv", False),
    ],
)
def test_what_is_sent_as_it_is(
    body: bytes, accepted: bytes, method: str, status: int, path: str, varies: bool
) -> None:
    """Short answers, parts, files, and what no coding is accepted for stay plain."""
    headers, [message] = sent_by(
        [(body, False)], accepted, method=method, status=status, path=path
    )
    assert "content-encoding" not in headers
    assert headers.get("vary") == ("Accept-Encoding" if varies else None)
    assert message["body"] == body


def test_what_is_compressed_already_is_sent_on() -> None:
    """An answer with a coding of its own keeps it."""
    headers, [message] = sent_by(
        [(LONG, False)], headers=[(b"content-encoding", b"br")]
    )
    assert headers["content-encoding"] == "br"
    assert message["body"] == LONG


def test_every_door_speaks_zstd(client: TestClient) -> None:
    """A long page of records comes as zstd for who asks for it, and is the same."""
    with client.stream("GET", RECORDS, headers={"Accept-Encoding": "zstd"}) as answer:
        packed = b"".join(answer.iter_raw())
    plain = client.get(RECORDS, headers={"Accept-Encoding": "identity"})
    assert answer.headers["content-encoding"] == "zstd"
    with pyarrow.CompressedInputStream(io.BytesIO(packed), "zstd") as stream:
        assert stream.read() == plain.content
    assert "Accept-Encoding" in plain.headers["vary"]
