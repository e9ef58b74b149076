"""A worker process: answers queries over a read-only store, one at a time.

Started by `QueryPool` as `python -m trigpoint.graph FD`, where FD is the file
descriptor of its end of a connection. It first receives its `Setup`, says that
it is ready, and then answers each `Job` with pieces of the body (bytes) followed
by a `QueryAnswer` without body, or by the error. It ends when the connection does.

The process lowers its own priority, limits its own memory and sets the kernel's
alarm before each query, so it dies on time even if nobody is left to kill it.
"""

from __future__ import annotations

import os
import resource
import signal
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Final

from pyoxigraph import Store

from trigpoint.errors import QueryFailed, TrigpointError
from trigpoint.graph.answer import (
    QueryAnswer,
    QueryLimits,
    answer_query,
    memory_exceeded,
)
from trigpoint.graph.sparql import parse_query

READY: Final = "ready"
NICENESS: Final = 10

_ALARM_GRACE: Final = 2.0


@dataclass(frozen=True)
class Setup:
    """What a worker needs to know once."""

    base: str
    limits: QueryLimits


@dataclass(frozen=True)
class Job:
    """One query, over the store at `path`; `accepted` formats, best first."""

    path: str
    text: str
    accepted: tuple[str, ...]


class _Worker:
    def __init__(self, connection: Connection, setup: Setup) -> None:
        self._connection = connection
        self._setup = setup
        self._path = ""
        self._store: Store | None = None

    def answer(self, job: Job) -> QueryAnswer | TrigpointError:
        try:
            return answer_query(
                self._open(job.path),
                job.text,
                job.accepted,
                base=self._setup.base,
                limits=self._setup.limits,
                send=self._connection.send,
            )
        except TrigpointError as error:
            return error
        except MemoryError:
            return memory_exceeded(self._setup.limits)
        except OSError as error:
            return QueryFailed(f"the store could not be read: {error}")

    def _open(self, path: str) -> Store:
        if self._store is None or path != self._path:
            self._store = None
            self._store = Store.read_only(path)
            self._path = path
        return self._store


def serve(connection: Connection) -> None:
    """Answer jobs until the other end closes."""
    setup: Setup = connection.recv()
    limit_process(setup.limits)
    worker = _Worker(connection, setup)
    parse_query("ASK {}")  # reads the grammar now, not in the first query's time
    connection.send(READY)
    while True:
        try:
            job: Job = connection.recv()
        except (EOFError, ConnectionResetError):
            return  # whoever asked has closed the connection, or was killed
        signal.setitimer(signal.ITIMER_REAL, setup.limits.time + _ALARM_GRACE)
        connection.send(worker.answer(job))
        signal.setitimer(signal.ITIMER_REAL, 0)


def limit_process(limits: QueryLimits) -> None:
    """Give way to other processes, cap memory, leave the alarm to the kernel.

    The cap is on data (RLIMIT_DATA), not on address space: thread stacks and
    allocator reserves take gigabytes of addresses that are never touched.
    """
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_DATA, (limits.memory, limits.memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
