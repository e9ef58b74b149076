"""A store that can be written to: one change at a time, each makes a new snapshot.

Changes are made in a process of their own, which is killed at the time limit and
replaced. Whatever happens to it, the last snapshot stays as it was, and the next
change starts from it.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import Pipe
from pathlib import Path
from signal import SIGABRT
from typing import Final

import trigpoint
from trigpoint.errors import QueryBusy, QueryFailed, QueryTimedOut
from trigpoint.graph.answer import QueryLimits
from trigpoint.graph.changes import Change
from trigpoint.graph.store import GraphView
from trigpoint.graph.worker import READY
from trigpoint.graph.writing import Job, Setup, memory_exceeded

_WAITING: Final = 64
_START_LIMIT: Final = 60.0
_GOING: Final = 2.0  # seconds from the last that is heard of the process to its end


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
        if self._waiting >= _WAITING:
            raise QueryBusy(
                f"{self._waiting} changes are waiting already; try again later",
                limit=_WAITING,
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
    """The writer process, started again when it has died. Used in one thread."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._retired = False
        self._start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, job: Job) -> bool:
        """Have a change made; the process is killed if it is late."""
        if self._process.poll() is not None and not self._retired:
            self._connection.close()
            self._start()
        try:
            self._await_ready()
            self._connection.send(job)
            if not self._connection.poll(self._setup.limits.time):
                raise self._late()
            answer: bool | Exception = self._connection.recv()
        except (EOFError, OSError):
            raise self._death() from None
        if isinstance(answer, bool):
            return answer
        raise answer

    def retire(self) -> None:
        """Kill the process for good."""
        self._retired = True
        self._kill()

    def _start(self) -> None:
        ours, theirs = Pipe()
        roots = [str(Path(trigpoint.__file__).parents[1]), os.environ.get("PYTHONPATH")]
        environment = dict(os.environ)
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, roots))
        number = str(theirs.fileno())
        # A session of its own: an interrupt at the terminal is for the parent.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "trigpoint.graph.writing", number],
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
        )
        theirs.close()
        self._connection = ours
        self._ready = False
        ours.send(self._setup)

    def _await_ready(self) -> None:
        if self._ready:
            return
        if not self._connection.poll(_START_LIMIT):
            self._kill()
            raise QueryFailed(f"no writer started within {_START_LIMIT:g} s")
        self._ready = self._connection.recv() == READY

    def _late(self) -> QueryTimedOut:
        self._kill()
        limit = self._setup.limits.time
        return QueryTimedOut(
            f"the change took longer than {limit:g} s and was not made; send less at "
            "once",
            limit=limit,
        )

    def _death(self) -> Exception:
        status = self._reap()
        if status == -SIGABRT:
            return memory_exceeded(self._setup.limits)
        return QueryFailed(
            f"the process that made the change ended (status {status}); the store is "
            "as it was before",
            status=status,
        )

    def _reap(self) -> int:
        """The status of a process that is no more heard of."""
        try:
            return self._process.wait(_GOING)
        except subprocess.TimeoutExpired:
            return self._kill()

    def _kill(self) -> int:
        self._process.kill()
        return self._process.wait()
