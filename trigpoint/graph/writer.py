"""A store that can be written to: one change at a time, each makes a new snapshot.

Changes are made in a process of their own, which is killed at the time limit and
replaced. Whatever happens to it, the last snapshot stays as it was, and the next
change starts from it.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from signal import SIGABRT, SIGSEGV
from typing import Final

from trigpoint.errors import QueryBusy, QueryFailed, QueryTimedOut, TrigpointError
from trigpoint.graph.changes import Change
from trigpoint.graph.child import Child
from trigpoint.graph.limits import QueryLimits, death
from trigpoint.graph.store import GraphView
from trigpoint.graph.writing import READY, Job, Setup, memory_exceeded

WAITING: Final = 64
_START_LIMIT: Final = 60.0  # seconds

_log = logging.getLogger("trigpoint")


class Writer:
    """Writes to a store that is empty at first, in an empty `folder` of its own.

    `base` is what relative IRIs of updates resolve against; `current` is the folder of
    the last snapshot. Used in one event loop.
    """

    def __init__(self, folder: Path, *, base: str, limits: QueryLimits) -> None:
        self._folder = folder
        self._number = 0
        self._waiting = 0
        self.current = self._next()
        GraphView.build(self.current, (), {}).close()
        self._process = _Process(Setup(base, limits, folder))
        self._thread = ThreadPoolExecutor(1)  # one at a time, in the order of asking

    async def write(self, change: Change, kept: Iterable[Path] = ()) -> bool:
        """Make a change, once those before it are made: `current` shows it then.

        Says whether the graph that it names was there before. Snapshots older than the
        current one that are not `kept` are removed first. Raises QueryBusy (too many
        wait), QueryTimedOut, QueryTooLarge, QueryFailed (the process died) and what
        `make_change` does; the store is then as it was.
        """
        if self._waiting >= WAITING:
            raise QueryBusy(
                f"{self._waiting} changes are waiting already; try again later",
                limit=WAITING,
            )
        self._waiting += 1
        loop = asyncio.get_running_loop()
        old = _Old(int(self.current.name), frozenset(path.name for path in kept))
        try:
            return await loop.run_in_executor(self._thread, self._write, change, old)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Kill the process; a change that it makes just now fails."""
        self._process.retire()
        self._thread.shutdown(cancel_futures=True)
        self._process.bury()

    def pid(self) -> int:
        """The process that makes changes, for watching it."""
        return self._process.pid

    def _write(self, change: Change, old: _Old) -> bool:
        for folder in self._folder.iterdir():
            if old.has(folder.name):
                shutil.rmtree(folder)
        after = self._next()
        try:
            existed = self._process.ask(Job(change, self.current, after))
        except BaseException:
            shutil.rmtree(after, ignore_errors=True)
            raise
        self.current = after
        return existed

    def _next(self) -> Path:
        self._number += 1
        return self._folder / f"{self._number}"


@dataclass(frozen=True)
class _Old:
    """Snapshots that nobody reads any more: those before `number`, but `kept`."""

    number: int
    kept: frozenset[str]

    def has(self, name: str) -> bool:
        return name.isdecimal() and int(name) < self.number and name not in self.kept


class _Process:
    """The writer process, started again when it has died. Used in one thread at a time,
    but for `retire`."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._retired = False
        self._start()

    @property
    def pid(self) -> int:
        return self._child.pid

    def ask(self, job: Job) -> bool:
        """Have a change made; the process is killed if it is late."""
        if self._ready and self._connection.poll():
            self._end()  # nothing was asked, so it is its end that can be read
        try:
            if self._dead:
                self._start()
            self._await_ready()
            self._connection.send(job)
            if not self._connection.poll(self._setup.limits.time):
                self._end()
                raise _late(self._setup.limits)
            answer: bool | Exception = self._connection.recv()
        except (EOFError, OSError):
            raise _death(self._end(), self._setup.limits) from None
        if isinstance(answer, bool):
            return answer
        raise answer

    def retire(self) -> None:
        """Kill the process for good; whoever waits for it is told."""
        self._retired = True
        self._child.kill()

    def bury(self) -> None:
        """Wait for the end of a process that was killed."""
        if not self._dead:
            self._end()

    def _start(self) -> None:
        if self._retired:
            raise QueryFailed("the store is closed")
        try:
            self._child = Child("trigpoint.graph.writing")
        except OSError as error:
            raise QueryFailed(f"no writer could be started: {error}") from None
        self._connection = Connection(self._child.socket.detach())
        self._ready = self._dead = False
        self._connection.send(self._setup)

    def _await_ready(self) -> None:
        if self._ready:
            return
        if not self._connection.poll(_START_LIMIT):
            self._end()
            raise QueryFailed(f"no writer started within {_START_LIMIT:g} s")
        self._ready = self._connection.recv() == READY

    def _end(self) -> int:
        """Make an end of a process that is late, or wait for one that is ending."""
        self._dead, self._ready = True, False
        self._child.kill()
        status, printed = self._child.wait()
        self._connection.close()
        if printed:
            _log.warning("the writer ended (%d): %s", status, printed)
        return status


def _late(limits: QueryLimits) -> QueryTimedOut:
    return QueryTimedOut(
        f"the change took longer than {limits.time:g} s and was not made; send less at "
        "once",
        limit=limits.time,
    )


def _death(status: int, limits: QueryLimits) -> TrigpointError:
    """The error for a change whose process ended with this status before that."""
    if status == -SIGABRT:
        return memory_exceeded(limits)
    if status == -SIGSEGV:
        return death(status, limits)
    return QueryFailed(
        f"the process that made the change ended (status {status}); the store is as "
        "it was before",
        status=status,
    )
