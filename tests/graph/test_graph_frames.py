"""Frames between a pool and its workers."""

from __future__ import annotations

import socket

import pytest

from trigpoint import errors
from trigpoint.graph.frames import (
    FrameReader,
    Kind,
    error_content,
    error_of,
    frame,
    receive,
)

SAID = [
    (Kind.HEAD, b'["select", "text/csv"]'),
    (Kind.BODY, bytes(range(256)) * 20),
    (Kind.BODY, b"x"),
    (Kind.END, b"0"),
    (Kind.READY, b""),
]
BYTES = b"".join(frame(kind, content) for kind, content in SAID)


@pytest.mark.parametrize("size", [1, 2, 5, 6, 7, 100, 5000, len(BYTES)])
def test_frames_are_read_from_any_parts(size: int) -> None:
    """However the bytes are cut, the same is read; bodies may come in parts."""
    reader = FrameReader()
    body = b""
    others = []
    for start in range(0, len(BYTES), size):
        for kind, content in reader.feed(BYTES[start : start + size]):
            if kind == Kind.BODY:
                body += content
            else:
                others.append((kind, content))
    assert body == SAID[1][1] + b"x"
    assert others == [SAID[0], *SAID[3:]]


def test_a_frame_is_received_whole() -> None:
    """Over a blocking socket; its end is an EOFError, within a frame too."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(frame(Kind.JOB, b"y" * 100_000))
        assert receive(theirs) == (Kind.JOB, b"y" * 100_000)
        ours.sendall(frame(Kind.OPEN, b"torn")[:-1])
        ours.close()
        with pytest.raises(EOFError):
            receive(theirs)


@pytest.mark.parametrize(
    "error",
    [
        errors.QueryTooLarge("too “large”", limit=5, unit="rows"),
        errors.InvalidParameter("no such format", available=["text/csv"]),
        errors.BadRelease("torn", file="a.csv", row=3),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_come_across_as_they_are(error: errors.TrigpointError) -> None:
    """Their kind, their text and their members."""
    found = error_of(error_content(error))
    assert type(found) is type(error)
    assert str(found) == str(error)
    assert found.members == error.members


def test_what_is_no_error_of_ours_is_not_taken_for_one() -> None:
    """A worker can name any class; only those of the family are made."""
    for name in ("annotations", "ClassVar", "system", "BaseException"):
        found = error_of(b'["%b", "text", {}]' % name.encode())
        assert type(found) is errors.QueryFailed
