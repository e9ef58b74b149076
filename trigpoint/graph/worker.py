"""A worker process: answers queries over a read-only store, one at a time.

Started by `QueryPool` as `python -m trigpoint.graph FD`, where FD is the file
descriptor of its end of a socket (`frames`). It first receives its `Bounds`, then
stores to open and jobs. It answers a job with the head, the body as it is made, and
the end or the error. It ends when the other end closes.

The process lowers its own priority, limits its own memory and sets the kernel's
alarm before each query, so it dies on time even if nobody is left to kill it.
"""

from __future__ import annotations

import json
import os
import pickle
import resource
import signal
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from socket import socket
from typing import Final

from pyoxigraph import Store

from trigpoint.errors import QueryFailed, TrigpointError
from trigpoint.graph.engine import (
    Bounds,
    Head,
    Sink,
    Source,
    StoreSource,
    run_query,
)
from trigpoint.graph.frames import Kind, error_content, frame, receive
from trigpoint.graph.limits import STACK, QueryLimits, memory_exceeded
from trigpoint.graph.query import Query, Snapshot
from trigpoint.graph.sparql import parse_query

NICENESS: Final = 10

_ALARM_GRACE: Final = 2.0


@dataclass(frozen=True)
class Job:
    """One query, over one snapshot."""

    snapshot: Snapshot
    query: Query


class _Worker:
    def __init__(self, connection: socket, bounds: Bounds) -> None:
        self._connection = connection
        self._bounds = bounds
        self._snapshot: Snapshot | None = None
        self._source: Source | None = None

    def answer(self, job: Job) -> None:
        """Answer a job; what goes wrong is part of the answer."""
        limits = self._bounds.limits
        try:
            source = self._open(job.snapshot)
            run_query(source, job.query, self._bounds, Sink(limits, self._send))
        except TrigpointError as error:
            self._refuse(error)
        except MemoryError:
            self._refuse(memory_exceeded(limits))
        except OSError as error:  # of the store: of the connection, it ends this
            self._refuse(QueryFailed(f"the store could not be read: {error}"))

    def open(self, snapshot: Snapshot) -> None:
        """Let go of another snapshot, and have this one open when it is asked for; if
        it cannot be opened, the queries over it say so."""
        with suppress(QueryFailed):
            self._open(snapshot)

    def _open(self, snapshot: Snapshot) -> Source:
        if self._source is None or snapshot != self._snapshot:
            if self._source is not None:
                self._source.close()
            self._source = None
            self._snapshot = snapshot
            self._source = self._source_of(snapshot)
        return self._source

    def _source_of(self, snapshot: Snapshot) -> Source:
        base = self._bounds.base
        if snapshot.elsewhere is not None:
            # Here, since it brings an HTTP client, which no other worker needs.
            from trigpoint.graph.forwarding import RemoteSource

            return RemoteSource(snapshot.elsewhere, base)
        try:
            return StoreSource(Store.read_only(os.fspath(snapshot.path)), base)
        except (OSError, RuntimeError) as error:  # RuntimeError: torn contents
            raise QueryFailed(f"the store could not be read: {error}") from None

    def _send(self, head: Head | None, piece: bytes, last: bool) -> None:
        parts = []
        if head is not None:
            told = json.dumps([head.form, head.media_type])
            parts.append(frame(Kind.HEAD, told.encode()))
        if piece:
            parts.append(frame(Kind.BODY, piece))
        if last:
            parts.append(self._end())
        self._connection.sendall(b"".join(parts))

    def _end(self) -> bytes:
        """The end of an answer, with the most memory that this process ever had."""
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        return frame(Kind.END, json.dumps(peak).encode())

    def _refuse(self, error: TrigpointError) -> None:
        self._connection.sendall(frame(Kind.ERROR, error_content(error)) + self._end())


def serve(connection: socket) -> None:
    """Answer jobs until the other end closes."""
    kind, content = receive(connection)
    if kind != Kind.SETUP:
        raise ValueError(f"expected the bounds first, got {kind!r}")
    bounds: Bounds = pickle.loads(content)
    limit_process(bounds.limits)
    parse_query("ASK {}")  # reads the grammar now, not in the first query's time
    threading.stack_size(STACK)
    ended: list[bool] = []
    thread = threading.Thread(target=lambda: ended.append(_work(connection, bounds)))
    thread.start()
    thread.join()
    if not ended:
        sys.exit(1)  # the thread has printed why


def _work(connection: socket, bounds: Bounds) -> bool:
    worker = _Worker(connection, bounds)
    while True:
        try:
            kind, content = receive(connection)
        except (EOFError, ConnectionResetError):
            return True  # whoever asked has closed the connection, or was killed
        if kind == Kind.OPEN:
            worker.open(pickle.loads(content))
            connection.sendall(frame(Kind.READY))
            continue
        job: Job = pickle.loads(content)
        signal.setitimer(signal.ITIMER_REAL, bounds.limits.time + _ALARM_GRACE)
        worker.answer(job)
        signal.setitimer(signal.ITIMER_REAL, 0)


def limit_process(limits: QueryLimits) -> None:
    """Give way to other processes, cap memory, leave the alarm to the kernel.

    The cap is on data (RLIMIT_DATA), not on address space: allocator reserves take
    gigabytes of addresses that are never touched. The stack of the thread counts.
    """
    os.nice(NICENESS)
    if sys.platform == "linux":  # whoever wakes up to a short task goes first
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    memory = limits.memory + STACK
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
