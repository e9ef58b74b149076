"""Workers that do not start, do not read or are lost."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Coroutine
from ctypes.util import find_library
from pathlib import Path
from typing import Any

import pytest
import uvloop

from tests.graph.loops import in_loop
from tests.graph.schools import BASE
from trigpoint.errors import QueryTimedOut
from trigpoint.graph import Query, QueryLimits, QueryPool, Snapshot
from trigpoint.graph.births import Births
from trigpoint.graph.child import ALLOCATOR, Child

# More bytes than a socket takes in while nobody reads it.
LONG = f"ASK {{}} # {'😀' * 99_000}"


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def ended(pid: int) -> bool:
    """Whether a process has ended; nobody may have waited for it."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


async def until(true: Callable[[], object]) -> None:
    while not true():
        await asyncio.sleep(0.01)


async def ask(pool: QueryPool, text: str) -> bytes:
    async with await pool.ask(Query(text)) as answer:
        return await answer.body()


async def stuck(pool: QueryPool) -> tuple[int, asyncio.Task[bytes]]:
    """The only worker, which is made to stand still, and a query that it has only read
    the beginning of."""
    await ask(pool, "ASK {}")
    (pid,) = pool.worker_pids()
    os.kill(pid, signal.SIGSTOP)
    asked = asyncio.create_task(ask(pool, LONG))
    await asyncio.sleep(0.1)
    return pid, asked


def in_uvloop(
    store: Path,
    seconds: float,
    test: Callable[[QueryPool], Coroutine[Any, Any, None]],
) -> None:
    """Run a test in the server's event loop, which holds on to a socket that it sends
    to, with a pool of one worker."""

    async def run() -> None:
        limits = QueryLimits(time=seconds)
        async with (
            asyncio.timeout(50),
            QueryPool(Snapshot(store), base=BASE, workers=1, limits=limits) as pool,
        ):
            await test(pool)

    uvloop.run(run())


def test_a_query_is_sent_again_when_what_forks_ends_meanwhile(schools: Path) -> None:
    """A worker is lost while its query is being sent; another answers it."""

    async def test(pool: QueryPool) -> None:
        pid, asked = await stuck(pool)
        os.kill(parent(pid), signal.SIGKILL)
        assert b"true" in await asked
        assert pid not in pool.worker_pids()
        os.kill(pid, signal.SIGKILL)

    in_uvloop(schools, 30, test)


def test_sending_a_query_is_part_of_its_time(schools: Path) -> None:
    """A worker that does not read is killed at the time limit and replaced."""

    async def test(pool: QueryPool) -> None:
        _, asked = await stuck(pool)
        with pytest.raises(QueryTimedOut):
            await asked
        assert b"true" in await ask(pool, "ASK {}")

    in_uvloop(schools, 1, test)


@in_loop
async def test_killing_a_worker_that_was_just_lost_is_no_error() -> None:
    """What forks is killed, and before that is known a worker is to be killed."""
    lost = asyncio.Event()
    births = Births(lost.set)
    number, connection = births.start(lambda status: None)
    await until(lambda: births.pid(number))
    pid = births.pid(number)
    assert pid is not None
    forks = parent(pid)
    os.kill(forks, signal.SIGKILL)
    while not ended(forks):
        time.sleep(0.01)  # the loop must not hear of it
    births.kill(number)
    await lost.wait()
    connection.close()


@in_loop
async def test_workers_use_the_allocator_that_the_system_has() -> None:
    """jemalloc where it is installed, and else that of the C library."""
    births = Births(lambda: None)
    number, connection = births.start(lambda status: None)
    await until(lambda: births.pid(number))
    maps = Path(f"/proc/{births.pid(number)}/maps").read_text()
    assert (f"lib{ALLOCATOR}" in maps) == (find_library(ALLOCATOR) is not None)
    connection.close()
    await births.close()


def test_a_process_that_cannot_be_started_leaves_no_file_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The system refuses to start it, here for an environment that is too large."""
    monkeypatch.setenv("TOO_LONG", "a" * 200_000)
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(OSError, match="too long"):
        Child("trigpoint.graph")
    assert len(os.listdir("/proc/self/fd")) == before
