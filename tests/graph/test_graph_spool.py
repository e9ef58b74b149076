"""What of an answer waits to be read."""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path

import pytest

from tests.graph.loops import in_loop
from trigpoint.graph.spool import DiskRoom, Spool

PIECE = 1 << 16


def piece(number: int) -> bytes:
    return number.to_bytes(4) * (PIECE // 4)


async def put(spool: Spool, numbers: range) -> None:
    """Put pieces in, as many as it takes, and let it write."""
    for number in numbers:
        while spool.full:
            await asyncio.sleep(0.001)
        spool.put(piece(number))


async def take_all(spool: Spool) -> bytes:
    parts = []
    while part := await spool.take():
        parts.append(part)
    return b"".join(parts)


def whole(count: int) -> bytes:
    return b"".join(map(piece, range(count)))


def files() -> int:
    return len(os.listdir("/proc/self/fd"))


@in_loop
async def test_what_is_short_stays_in_memory() -> None:
    """A short answer can be had whole, once it has ended."""
    spool = Spool(DiskRoom(1 << 30), "")
    await put(spool, range(2))
    assert spool.whole() is None
    spool.end()
    assert spool.whole() == whole(2)
    assert await take_all(spool) == whole(2)


@in_loop
async def test_what_is_long_waits_on_disk_in_its_order() -> None:
    """Far more than is held in memory comes out as it went in; the file has no name."""
    before = files()
    names = set(Path(tempfile.gettempdir()).glob("trigpoint-answer-*"))
    spool = Spool(DiskRoom(1 << 30), "")
    await put(spool, range(200))
    spool.end()
    assert files() == before + 1
    assert spool.whole() is None
    assert set(Path(tempfile.gettempdir()).glob("trigpoint-answer-*")) == names
    assert await take_all(spool) == whole(200)
    spool.close()
    assert files() == before


@in_loop
async def test_reading_and_writing_go_on_together() -> None:
    """A reader that is sometimes slower and sometimes quicker misses nothing."""
    spool = Spool(DiskRoom(1 << 30), "")

    async def make() -> None:
        for start in range(0, 200, 20):
            await put(spool, range(start, start + 20))
            await asyncio.sleep(0.002 * (start % 3))
        spool.end()

    made = asyncio.create_task(make())
    parts = []
    while part := await spool.take():
        parts.append(part)
        await asyncio.sleep(0.0005 * (len(parts) % 4))
    await made
    assert b"".join(parts) == whole(200)
    spool.close()


@in_loop
async def test_without_room_it_is_full_until_it_is_read() -> None:
    """No more is taken than memory may hold, and its reader sets it going again."""
    told = []
    spool = Spool(DiskRoom(0), "")
    spool.drained = lambda: told.append(True)
    taken = 0
    while not spool.full:
        spool.put(piece(taken))
        taken += 1
    assert taken * PIECE < 2 << 20
    assert not told
    read = 0
    while not told:
        read += len(await spool.take())
    assert not spool.full
    spool.end()
    assert read + len(await take_all(spool)) == taken * PIECE


@in_loop
async def test_room_is_shared_and_given_back() -> None:
    """One client fills a quarter at most; what it has read or left is free again."""
    room = DiskRoom(400)
    assert room.take("a", 100)
    assert not room.take("a", 1)
    assert room.take("b", 100)
    room.give_back("a", 100)
    assert room.take("a", 50)
    left = Spool(wide := DiskRoom(80 << 20), "a")
    await put(left, range(100))
    left.close()
    await asyncio.sleep(0)
    while not wide.take("a", 20 << 20):
        await asyncio.sleep(0.001)  # what was being written is waited for


@in_loop
async def test_a_disk_that_cannot_be_written_to_is_no_room(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """When no file can be made, what there is stays in memory and is read there."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    spool = Spool(DiskRoom(1 << 30), "")
    taken = 0
    while not spool.full:
        spool.put(piece(taken))
        taken += 1
        await asyncio.sleep(0.005)
        assert taken < 100
    spool.end()
    assert await take_all(spool) == whole(taken)
