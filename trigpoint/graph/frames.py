"""What a pool and its workers say to each other over a socket.

A frame is one byte for its kind, four for the length of what follows (big-endian), and
that. To a worker go pickles, which it can trust; from it come bytes of an answer and
JSON, since what runs in it was written by strangers.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from enum import IntEnum
from socket import socket
from typing import Final

import trigpoint.errors
from trigpoint.errors import QueryFailed, TrigpointError

_HEADER: Final = struct.Struct("!BI")


class Kind(IntEnum):
    """Of a frame. The first three go to a worker, the others come from it."""

    SETUP = 1
    OPEN = 2
    JOB = 3
    READY = 4  # for work, and the store that was named last is open
    HEAD = 5
    BODY = 6
    END = 7
    ERROR = 8


def frame(kind: Kind, content: bytes = b"") -> bytes:
    """One frame as bytes."""
    return _HEADER.pack(kind, len(content)) + content


def receive(source: socket) -> tuple[Kind, bytes]:
    """The next frame of a blocking socket; EOFError when the other end is closed."""
    kind, length = _HEADER.unpack(_exactly(source, _HEADER.size))
    return Kind(kind), _exactly(source, length)


def _exactly(source: socket, length: int) -> bytes:
    if not length:
        return b""
    content = source.recv(length)
    while len(content) < length:
        more = source.recv(length - len(content))
        if not more:
            raise EOFError
        content += more
    return content


class FrameReader:
    """Frames out of bytes that come in any parts. What of a body has come is given at
    once and is not copied; any other frame is given whole."""

    def __init__(self) -> None:
        self._partial = b""
        self._body = 0  # bytes of the present body that are still to come

    def feed(self, data: bytes) -> Iterator[tuple[Kind, bytes]]:
        """The frames, or parts of bodies, that end in these bytes."""
        if self._partial:
            data, self._partial = self._partial + data, b""
        at, end = 0, len(data)
        while at < end:
            if self._body:
                part = data if not at and end <= self._body else data[at:][: self._body]
                self._body -= len(part)
                at += len(part)
                yield Kind.BODY, part
                continue
            if end - at < _HEADER.size:
                break
            kind, length = _HEADER.unpack_from(data, at)
            if kind == Kind.BODY:
                self._body = length
                at += _HEADER.size
                continue
            after = at + _HEADER.size + length
            if after > end:
                break
            yield Kind(kind), data[at + _HEADER.size : after]
            at = after
        self._partial = data[at:]


def error_content(error: TrigpointError) -> bytes:
    """An error as it crosses from a worker."""
    told = [type(error).__name__, str(error), error.members]
    return json.dumps(told, ensure_ascii=False).encode()


def error_of(content: bytes) -> TrigpointError:
    """The error that a worker told."""
    name, text, members = json.loads(content)
    kind = getattr(trigpoint.errors, name, None)
    if not (isinstance(kind, type) and issubclass(kind, TrigpointError)):
        kind = QueryFailed
    error: TrigpointError = kind.__new__(kind)
    TrigpointError.__init__(error, text, **members)
    return error
