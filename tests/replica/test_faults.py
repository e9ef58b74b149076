"""A site that is broken, slow or endless is left, and the replica stays as it was."""

from __future__ import annotations

import gzip
import time
from http.server import BaseHTTPRequestHandler

import pytest

from tests.replica.conftest import Followed
from tests.replica.sites import Answer, follow, reply, truth
from trigpoint.errors import SourceUnreachable


def drip(asked: BaseHTTPRequestHandler, body: bytes | None) -> None:
    """A few bytes now and then, and no end."""
    asked.send_response(200)
    asked.send_header("Content-Length", "100000")
    asked.end_headers()
    for _ in range(200):
        asked.wfile.write(b"x")
        asked.wfile.flush()
        time.sleep(0.05)


def endless(asked: BaseHTTPRequestHandler, body: bytes | None) -> None:
    """Bytes as fast as they go, and no end."""
    asked.send_response(200)
    asked.send_header("Transfer-Encoding", "chunked")
    asked.end_headers()
    while True:
        asked.wfile.write(b"10000\r\n" + b"x" * 65_536 + b"\r\n")


def bomb(asked: BaseHTTPRequestHandler, body: bytes | None) -> None:
    """A little gzip that stands for a gigabyte."""
    packed = gzip.compress(bytes(50_000_000))
    reply(asked, packed, headers={"Content-Encoding": "gzip"})


def empty_blocks(asked: BaseHTTPRequestHandler, body: bytes | None) -> None:
    """Gzip that stands for nothing, and has no end."""
    block = b"\x00\x00\x00\xff\xff"  # RFC 1951, section 3.2.4: stored, of no bytes
    send_endlessly(asked, gzip.compress(b"")[:10], block * 10_000)


def beyond_the_end(asked: BaseHTTPRequestHandler, body: bytes | None) -> None:
    """Gzip that ends, and bytes after it that do not."""
    send_endlessly(asked, gzip.compress(body or b""), b"x" * 50_000)


def send_endlessly(asked: BaseHTTPRequestHandler, first: bytes, more: bytes) -> None:
    asked.send_response(200)
    asked.send_header("Content-Encoding", "gzip")
    asked.end_headers()
    asked.wfile.write(first)
    for _ in range(2_000):  # an end all the same, should nobody hang up
        asked.wfile.write(more)
    asked.close_connection = True


def short(asked: BaseHTTPRequestHandler, body: bytes | None) -> None:
    """Less than was announced, and the connection is cut."""
    assert body is not None
    asked.send_response(200)
    asked.send_header("Content-Length", str(len(body)))
    asked.end_headers()
    asked.wfile.write(body[: len(body) // 2])
    asked.close_connection = True


def torn_gzip(asked: BaseHTTPRequestHandler, body: bytes | None) -> None:
    assert body is not None
    reply(asked, gzip.compress(body)[:-9], headers={"Content-Encoding": "gzip"})


def hang_up(asked: BaseHTTPRequestHandler, body: bytes | None) -> None:
    asked.close_connection = True


def redirect(to: str) -> Answer:
    return lambda asked, _: reply(asked, b"", 302, {"Location": to})


def status(code: int) -> Answer:
    return lambda asked, _: reply(asked, b"no", code)


FAULTS: dict[str, tuple[str, Answer, str]] = {
    "drip": ("tile/0/001", drip, "too slow: no whole answer"),
    "endless": ("checkpoint", endless, "is larger than 131,072 bytes"),
    "endless-tile": ("tile/0/001", endless, "is larger than 8,192 bytes"),
    "bomb": ("tile/0/001", bomb, "is larger than 8,192 bytes"),
    "empty-blocks": ("tile/0/001", empty_blocks, "is larger than 8,192 bytes"),
    "beyond-the-end": ("tile/0/001", beyond_the_end, "is larger than 8,192 bytes"),
    "cut": ("tile/entries/001", short, "cannot be reached"),
    "torn-gzip": ("tile/items/001", torn_gzip, "the gzip ends before its end"),
    "hang-up": ("about", hang_up, "cannot be reached"),
    "loop": ("checkpoint", redirect("checkpoint"), "redirects more than 5 times"),
    "redirect-to-nothing": ("checkpoint", redirect("http://[::"), "checkpoint"),
    "redirect-to-a-file": ("checkpoint", redirect("file:///etc/passwd"), "checkpoint"),
    "500": ("tile/items/001", status(500), "answers 500"),
    "403": ("tile/0/001", status(403), "answers 403: expected 200"),
    "encoding": (
        "tile/0/001",
        lambda asked, body: reply(
            asked, body or b"", headers={"Content-Encoding": "br"}
        ),
        "answers in the encoding “br”",
    ),
}


@pytest.mark.parametrize(("path", "answer", "says"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_said_and_changes_nothing(
    path: str, answer: Answer, says: str, followed: Followed
) -> None:
    """A server that is broken or wastes time and memory is left, and tried again."""
    before = truth(followed.replica)
    followed.site.lies[f"registers/town/{path}"] = answer
    done = follow(followed.replica, followed.site.address)
    assert type(done.wrong["town"]) is SourceUnreachable
    assert done.unreachable
    assert says in str(done.wrong["town"])
    assert truth(followed.replica) == before
    followed.site.lies.clear()
    (fine,) = follow(followed.replica, followed.site.address).done
    assert fine.checkpoint.size == 600


def test_a_fault_that_passes_is_not_noticed(followed: Followed) -> None:
    """A server that fails once is asked once more."""
    failed: list[str] = []

    def once(asked: BaseHTTPRequestHandler, body: bytes | None) -> None:
        if failed:
            reply(asked, body or b"")
        else:
            failed.append(asked.path)
            reply(asked, b"busy", 503)

    followed.site.lies["registers/town/tile/0/001"] = once
    assert not follow(followed.replica, followed.site.address).wrong
    assert failed == ["/registers/town/tile/0/001"]
