"""The writer process: changes a store, and leaves a snapshot of each state.

Started by `Writer` as `python -m trigpoint.graph.writing FD`, where FD is the file
descriptor of its end of a connection. It receives its `Setup`, says that it is ready,
and answers each `Job` with a bool (see `make_change`) or an error. It ends when the
connection does.

Snapshots are the truth and never change. The working store is a fork of the last one:
it may be thrown away at any time, and is when a change left it half done.
"""

from __future__ import annotations

import shutil
import signal
import sys
import threading
from dataclasses import dataclass
from multiprocessing.connection import Connection
from os import fspath
from pathlib import Path
from typing import Final

from pyoxigraph import Store

from trigpoint.errors import (
    InvalidParameter,
    NoSuchGraph,
    QueryFailed,
    QueryRejected,
    QueryTooLarge,
    TrigpointError,
)
from trigpoint.graph.changes import Change, make_change
from trigpoint.graph.limits import STACK, QueryLimits
from trigpoint.graph.update import check_update
from trigpoint.graph.worker import limit_process

READY: Final = "ready"
_ALARM_GRACE: Final = 2.0  # seconds that whoever asked has to kill this process
_WORKING: Final = "working"
# Raised before anything is changed, or by the engine, which changes all or nothing.
_UNTOUCHED: Final = (InvalidParameter, NoSuchGraph, QueryRejected, QueryTooLarge)


@dataclass(frozen=True)
class Setup:
    """What the writer needs to know once; its working store is in `folder`."""

    base: str
    limits: QueryLimits
    folder: Path


@dataclass(frozen=True)
class Job:
    """A change to the state of the snapshot `before`, that makes the one `after`."""

    change: Change
    before: Path
    after: Path


class _Writing:
    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._store: Store | None = None
        self._state: Path | None = None

    def do(self, job: Job) -> bool | TrigpointError:
        try:
            return self._make(job)
        except TrigpointError as error:
            return error
        except MemoryError:
            return memory_exceeded(self._setup.limits)
        except OSError as error:
            return QueryFailed(f"the store could not be changed: {error}")

    def _make(self, job: Job) -> bool:
        store = self._open(job.before)
        try:
            existed = make_change(store, job.change, self._setup.base)
            store.backup(fspath(job.after))
        except _UNTOUCHED:
            raise
        except BaseException:
            self._store = None
            raise
        self._state = job.after
        return existed

    def _open(self, state: Path) -> Store:
        if self._store is None or self._state != state:
            self._store = None
            working = self._setup.folder / _WORKING
            if working.exists():
                shutil.rmtree(working)
            Store.read_only(fspath(state)).backup(fspath(working))
            self._store, self._state = Store(fspath(working)), state
        return self._store


def memory_exceeded(limits: QueryLimits) -> QueryTooLarge:
    """The error for a change that needed more memory than the writer may have."""
    return QueryTooLarge(
        f"the change needs more than {limits.memory} bytes of memory and was not made; "
        "send less at once",
        limit=limits.memory,
        unit="bytes of memory",
    )


def serve(connection: Connection) -> None:
    """Make changes until the other end closes, on a thread with a stack like that of
    queries."""
    setup: Setup = connection.recv()
    limit_process(setup.limits)
    check_update("CLEAR ALL")  # reads the grammar now, not in the first update's time
    threading.stack_size(STACK)
    thread = threading.Thread(target=_work, args=(connection, setup))
    thread.start()
    thread.join()


def _work(connection: Connection, setup: Setup) -> None:
    writing = _Writing(setup)
    connection.send(READY)
    while True:
        try:
            job: Job = connection.recv()
        except (EOFError, ConnectionResetError):
            return  # whoever asked has closed the connection, or was killed
        signal.setitimer(signal.ITIMER_REAL, setup.limits.time + _ALARM_GRACE)
        connection.send(writing.do(job))
        signal.setitimer(signal.ITIMER_REAL, 0)


if __name__ == "__main__":
    serve(Connection(int(sys.argv[1])))
