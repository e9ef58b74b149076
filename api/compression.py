"""Answers compressed on the way out: zstd or gzip, as `Accept-Encoding` says.

RFC 9110 sections 8.4, 12.5.3 and 12.5.5; RFC 8878 for zstd, in one frame. What comes in
pieces goes out in pieces, each flushed, so nothing waits for what follows it. Long ones
are compressed in threads, beside the event loop.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Protocol

import anyio
import anyio.to_thread
import pyarrow
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

MINIMUM: Final = 1_000  # bytes; what is shorter goes out as it is
# Files are sent as they are, for ranges, and so are tiles of hashes, which do not get
# shorter.
_FILE: Final = re.compile(
    r"^/dumps/|^/lookup/points|/download\.rsf$|^/registers/[^/]+/v1/download-"
    r"|^/registers/[^/]+/tile/[0-9]"
)
_BODILESS: Final = frozenset({204, 206, 304})  # and a part, which is of the plain bytes
_LEVEL: Final = 4  # of gzip; the higher ones take far longer for little
_THREADS: Final = 2
_INLINE: Final = {"gzip": 1 << 14, "zstd": 1 << 17}  # bytes compressed in some 0.2 ms
_LONGEST: Final = 1_000  # characters of Accept-Encoding that are read
_QUALITY: Final = re.compile(r"q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)")


class Compression:
    """Middleware that compresses what clients accept compressed."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._threads = anyio.CapacityLimiter(_THREADS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _FILE.search(scope["path"]):
            await self._app(scope, receive, send)
            return
        head = scope["method"] == "HEAD"
        coding = coding_of(_accepted(scope["headers"]))
        await self._app(scope, receive, _Outgoing(send, coding, head, self._threads))


def _accepted(headers: Iterable[tuple[bytes, bytes]]) -> str:
    lines = [value for name, value in headers if name == b"accept-encoding"]
    return b",".join(lines)[:_LONGEST].decode("latin-1").lower()


@lru_cache(512)
def coding_of(accepted: str) -> str | None:
    """The coding for an `Accept-Encoding` in small letters; None for none at all.

    Of codings that are accepted alike zstd comes before gzip, and both before none.
    """
    qualities: dict[str, float] = {}
    for element in accepted.split(","):
        name, _, parameter = element.partition(";")
        quality = _QUALITY.fullmatch(parameter.strip())
        if quality is not None or not parameter.strip():
            qualities[name.strip()] = float(quality[1]) if quality else 1.0
    qualities.setdefault("gzip", qualities.get("x-gzip", qualities.get("*", 0.0)))
    qualities.setdefault("zstd", qualities.get("*", 0.0))
    best = max(("zstd", "gzip"), key=lambda name: qualities[name])
    plain = qualities.get("identity", 0.0)
    return best if qualities[best] > 0.0 and qualities[best] >= plain else None


class Compressor(Protocol):
    """Compresses one body, piece by piece."""

    def compress(self, piece: bytes, *, last: bool) -> bytes:
        """What has to be sent for the reader to have this piece."""


class _Gzip:
    def __init__(self) -> None:
        self._stream = zlib.compressobj(_LEVEL, zlib.DEFLATED, 16 + zlib.MAX_WBITS)

    def compress(self, piece: bytes, *, last: bool) -> bytes:
        mode = zlib.Z_FINISH if last else zlib.Z_SYNC_FLUSH
        return self._stream.compress(piece) + self._stream.flush(mode)


class _Zstd:
    def __init__(self) -> None:
        self._made = _Made()
        file = pyarrow.PythonFile(self._made, "w")
        self._stream = pyarrow.CompressedOutputStream(file, "zstd")

    def compress(self, piece: bytes, *, last: bool) -> bytes:
        self._stream.write(piece)
        if last:
            self._stream.close()
        else:
            self._stream.flush()
        return self._made.take()


class _Made(io.RawIOBase):
    """Holds what was written to it until it is taken."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, part: ReadableBuffer, /) -> int:
        data = bytes(part)
        self._parts.append(data)
        return len(data)

    def take(self) -> bytes:
        data = b"".join(self._parts)
        self._parts.clear()
        return data


def compressor(coding: str) -> Compressor:
    """A compressor for one body in that coding."""
    return _Zstd() if coding == "zstd" else _Gzip()


class _Outgoing:
    """Takes the messages of one answer and sends them on, compressed where it helps."""

    def __init__(
        self, send: Send, coding: str | None, head: bool, threads: anyio.CapacityLimiter
    ) -> None:
        self._send = send
        self._coding = coding
        self._head = head
        self._threads = threads
        self._start: Message | None = None  # held until the body's length is known
        self._compressor: Compressor | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _compressible(message):
            self._start = message
            return
        start, self._start = self._start, None
        if message["type"] == "http.response.body":
            if start is not None:
                self._begin(start, message)
            if self._compressor is not None:
                message = await self._compressed(message, self._compressor)
        if start is not None:
            if self._compressor is not None and not message.get("more_body", False):
                length = str(len(message["body"]))
                MutableHeaders(scope=start)["content-length"] = length
            await self._send(start)
        await self._send(message)

    def _begin(self, start: Message, first: Message) -> None:
        """Decide by the start of an answer and the first of its body."""
        headers = MutableHeaders(scope=start)
        length = None if first.get("more_body") else len(first.get("body", b""))
        if self._head:
            stated = headers.get("content-length")
            length = None if stated is None else int(stated)
        if length is not None and length < MINIMUM:
            return
        headers.add_vary_header("Accept-Encoding")
        if self._coding is None:
            return
        headers["content-encoding"] = self._coding
        del headers["content-length"]
        # These are not the bytes that a strong validator names (section 8.8.3.3).
        if (etag := headers.get("etag", "")).startswith('"'):
            headers["etag"] = f"W/{etag}"
        self._compressor = None if self._head else compressor(self._coding)

    async def _compressed(self, message: Message, into: Compressor) -> Message:
        body, more = message.get("body", b""), message.get("more_body", False)
        if more and not body:
            return message
        if len(body) <= _INLINE[self._coding or ""]:
            packed = into.compress(body, last=not more)
        else:
            packed = await anyio.to_thread.run_sync(
                lambda: into.compress(body, last=not more), limiter=self._threads
            )
        return {**message, "body": packed}


def _compressible(start: Message) -> bool:
    if start["status"] in _BODILESS:
        return False
    names = {name.lower() for name, _ in start["headers"]}
    return b"content-encoding" not in names
