"""What of an answer was made and not yet read: in memory up to a bound, then on disk.

A worker gives its answer as fast as it makes it, and is free for the next, however
slowly somebody reads. Pieces come out as they went in: those in `_first`, then what is
in the file, then what is being written there, then those in `_last`.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections import Counter, deque
from collections.abc import Callable
from typing import Final

_IN_MEMORY: Final = 1 << 18  # bytes that wait before any go to disk
_WRITTEN: Final = 1 << 19  # bytes that are written at once
_READ: Final = 1 << 18  # bytes that are read at once
_FULL: Final = 1 << 20  # bytes in memory at which no more are taken


class DiskRoom:
    """How many bytes may be on disk; one client has a quarter of that at most."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._taken: Counter[str] = Counter()

    def take(self, client: str, size: int) -> bool:
        """Whether there is room, which is taken then."""
        whole = self._taken.total() + size > self._size
        if whole or self._taken[client] + size > self._size // 4:
            return False
        self._taken[client] += size
        return True

    def give_back(self, client: str, size: int) -> None:
        self._taken[client] -= size
        if not self._taken[client]:
            del self._taken[client]


class Spool:
    """The pieces of one answer, used in one event loop.

    `drained` is called when a spool that was `full` is so no longer.
    """

    drained: Callable[[], None] | None = None

    def __init__(self, room: DiskRoom, client: str) -> None:
        self._room, self._client = room, client
        self._first: deque[bytes] = deque()
        self._last: deque[bytes] = deque()
        self._sizes = [0, 0]  # of those two
        self._file: int | None = None
        self._written = self._read = 0
        self._writing: asyncio.Task[None] | None = None
        self._more = asyncio.Event()
        self._was_full = self._closed = self.ended = False

    @property
    def full(self) -> bool:
        """Whether nothing more is to be put in for now."""
        self._was_full = self._sizes[1] >= _FULL
        return self._was_full

    def put(self, piece: bytes) -> None:
        """Take a piece."""
        if self.ended:
            return
        behind = self._on_disk or self._last or self._sizes[0] >= _IN_MEMORY
        (self._last if behind else self._first).append(piece)
        self._sizes[bool(behind)] += len(piece)
        self._more.set()
        if self._sizes[1] >= _WRITTEN and self._writing is None:
            self._write()

    def end(self) -> None:
        """Take no more: what is there is all."""
        self.ended = True
        self._more.set()

    def whole(self) -> bytes | None:
        """All of the answer when it has ended and is in memory."""
        if not self.ended or self._on_disk or self._last:
            return None
        return b"".join(self._first)

    async def take(self) -> bytes:
        """The next piece, waiting for it; nothing once there is no more."""
        while True:
            if self._first:
                piece = self._first.popleft()
                self._sizes[0] -= len(piece)
                return piece
            if self._read < self._written:
                return await self._read_file()
            if self._writing is not None:
                await asyncio.wait((self._writing,))
            elif self._last:
                self._turn()
            elif self.ended:
                return b""
            else:
                self._more.clear()
                await self._more.wait()

    def close(self) -> None:
        """Forget what was not read."""
        self._closed = True
        self.end()
        self._first.clear()
        self._last.clear()
        self._sizes = [0, 0]
        if self._writing is None:
            self._empty()

    def _tell(self) -> None:
        if self._was_full and not self.full and self.drained is not None:
            self.drained()

    @property
    def _on_disk(self) -> bool:
        return self._read < self._written or self._writing is not None

    def _turn(self) -> None:
        """What came last is next, since nothing is left before it."""
        self._empty()
        self._first, self._last = self._last, self._first
        self._sizes = [self._sizes[1], 0]
        self._tell()

    def _empty(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
        if self._written:
            self._room.give_back(self._client, self._written)
        self._written = self._read = 0

    def _write(self) -> None:
        size = self._sizes[1]
        if not self._room.take(self._client, size):
            return  # it stays in memory, and soon no more is taken
        batch, self._last = self._last, deque()
        self._sizes[1] = 0
        self._writing = asyncio.ensure_future(self._write_file(batch, size))

    async def _write_file(self, batch: deque[bytes], size: int) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(None, self._append, batch)
        except OSError:  # no room on disk: it stays in memory, too
            self._room.give_back(self._client, size)
            batch.extend(self._last)
            self._last = batch
            self._sizes[1] += size
            done = False
        else:
            self._written += size
            done = True
        self._writing = None
        self._more.set()
        if self._closed:
            self._last.clear()
            self._empty()
            return
        if done and self._sizes[1] >= _WRITTEN:
            self._write()  # what came meanwhile
        self._tell()

    def _append(self, batch: deque[bytes]) -> None:
        if self._file is None:
            self._file, name = tempfile.mkstemp(prefix="trigpoint-answer-")
            os.unlink(name)  # the open file goes on
        at = self._written
        for piece in batch:
            rest = memoryview(piece)
            while rest:
                done = os.pwrite(self._file, rest, at)
                at, rest = at + done, rest[done:]

    async def _read_file(self) -> bytes:
        if self._file is None:
            raise ValueError("what was written is in a file")
        size = min(_READ, self._written - self._read)
        loop = asyncio.get_running_loop()
        piece = await loop.run_in_executor(None, os.pread, self._file, size, self._read)
        self._read += len(piece)
        return piece
