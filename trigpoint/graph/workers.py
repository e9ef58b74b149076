"""Queries in worker processes that are killed at the limit.

Each worker has its own connection, and the thread that asks waits at its other
end: nothing is shared between workers, so one that is killed, in whatever state,
takes nothing along. Killing is SIGKILL, since native code does not listen.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from multiprocessing import Pipe
from os import PathLike, fspath
from pathlib import Path
from signal import SIGABRT
from typing import Final

import trigpoint
from trigpoint.errors import QueryBusy, QueryFailed, QueryTimedOut
from trigpoint.graph.answer import QueryAnswer, QueryLimits, memory_exceeded
from trigpoint.graph.sparql import check_length
from trigpoint.graph.worker import READY, Job, Setup

_START_LIMIT: Final = 60.0


class QueryPool:
    """Answers SPARQL queries over one read-only store at a time.

    `base` is the installation's base IRI. `time_limit` is in seconds, from the
    moment a worker takes the query; `row_limit` counts solutions or triples,
    `byte_limit` bytes of the body, `memory_limit` bytes of a worker's data. At
    most `queue_limit` queries wait for a worker, none longer than the time limit.
    Safe to use from many threads.
    """

    def __init__(
        self,
        store_path: str | PathLike[str],
        *,
        base: str,
        workers: int = 2,
        time_limit: float = 10.0,
        row_limit: int = 1_000_000,
        byte_limit: int = 64 << 20,
        memory_limit: int = 1 << 30,
        queue_limit: int = 64,
    ) -> None:
        self.limits = QueryLimits(
            time=time_limit, rows=row_limit, size=byte_limit, memory=memory_limit
        )
        self._setup = Setup(base, self.limits)
        self._queue_limit = queue_limit
        self._store = Path(store_path)
        self._running: Counter[Path] = Counter()
        self._waiting = 0
        self._closed = False
        self._change = threading.Condition()
        self._workers = [_WorkerProcess(self._setup) for _ in range(workers)]
        self._idle = deque(self._workers)
        self._worn: set[_WorkerProcess] = set()

    def run(self, text: str, accept: str | Iterable[str] = ()) -> QueryAnswer:
        """Answer one query completely, in the calling thread's time.

        `accept` is a format or several, best first: short names (`json xml csv
        tsv`, `ttl nt rdf jsonld`) or media types; none means JSON or Turtle.
        Columns come in the order of the query. Raises QueryRejected,
        QueryTooLarge, QueryTimedOut, QueryBusy, QueryFailed (the worker died) and
        InvalidParameter (no accepted format fits the form of the query).
        """
        check_length(text, self.limits.length)
        accepted = (accept,) if isinstance(accept, str) else tuple(accept)
        with self._worker() as worker, self._snapshot() as path:
            return worker.ask(Job(fspath(path), text, accepted))

    def switch(self, new_store_path: str | PathLike[str]) -> None:
        """Let queries that start from now on read another store.

        Those that run finish on theirs; keep its folder until `in_use` no
        longer names it.
        """
        with self._change:
            self._store = Path(new_store_path)

    def renew(self) -> None:
        """Replace every worker, those that run when they have answered: a worker keeps
        the store that it read last open, and parts of it in memory."""
        with self._change:
            idle = list(self._idle)
            self._idle.clear()
            self._worn.update(set(self._workers).difference(idle))
        for worker in idle:
            self._put_back(worker, worn=True)

    def in_use(self) -> frozenset[Path]:
        """The current store and those that a running query still reads."""
        with self._change:
            return frozenset((self._store, *self._running))

    def busy(self) -> int:
        """How many queries run now."""
        with self._change:
            return self._running.total()

    def worker_pids(self) -> tuple[int, ...]:
        """Process ids of the workers, for watching them."""
        return tuple(worker.pid for worker in self._workers)

    def close(self) -> None:
        """Kill all workers and wait until they are gone; queries in them fail."""
        with self._change:
            self._closed = True
            self._change.notify_all()
        for worker in self._workers:
            worker.retire()

    def __enter__(self) -> QueryPool:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @contextmanager
    def _worker(self) -> Iterator[_WorkerProcess]:
        worker = self._take()
        try:
            worker.ensure_alive()
            yield worker
        finally:
            with self._change:
                worn = worker in self._worn
                self._worn.discard(worker)
            self._put_back(worker, worn=worn)

    def _put_back(self, worker: _WorkerProcess, *, worn: bool) -> None:
        if worn:
            worker.end()
        # The answer stands even if no successor can be started just now.
        with suppress(QueryFailed):
            worker.ensure_alive()
        with self._change:
            self._idle.append(worker)
            self._change.notify()

    def _take(self) -> _WorkerProcess:
        deadline = time.monotonic() + self.limits.time
        with self._change:
            if not self._idle and self._waiting >= self._queue_limit:
                raise QueryBusy(
                    f"{self._waiting} queries are waiting already; try again later",
                    limit=self._queue_limit,
                )
            self._waiting += 1
            try:
                free = self._change.wait_for(
                    lambda: self._idle or self._closed, deadline - time.monotonic()
                )
            finally:
                self._waiting -= 1
            if self._closed:
                raise QueryFailed("the query pool is closed")
            if not free:
                raise QueryBusy(
                    f"no worker was free within {self.limits.time:g} s; "
                    "try again later",
                    limit=self.limits.time,
                )
            worker = next((w for w in self._idle if w.is_ready()), self._idle[0])
            self._idle.remove(worker)
            return worker

    @contextmanager
    def _snapshot(self) -> Iterator[Path]:
        with self._change:
            path = self._store
            self._running[path] += 1
        try:
            yield path
        finally:
            with self._change:
                self._running[path] -= 1
                if not self._running[path]:
                    del self._running[path]


class _WorkerProcess:
    """One worker process, started again whenever it has died."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._lock = threading.Lock()
        self._retired = False
        self._start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, job: Job) -> QueryAnswer:
        """The complete answer to a job; the worker is killed if it is late."""
        try:
            self._await_ready()
            self._connection.send(job)
            return self._receive(time.monotonic() + self._setup.limits.time)
        except (EOFError, OSError):
            raise self._death() from None

    def is_ready(self) -> bool:
        """Whether a job would start at once; a new process takes half a second."""
        if self._ready or self._connection.closed:
            return self._ready
        return self._connection.poll()

    def ensure_alive(self) -> None:
        """Start a new process if this one has ended and is still wanted."""
        with self._lock:
            if not self._retired and self._process.poll() is not None:
                self._connection.close()
                self._ready = False
                try:
                    self._start()
                except OSError as error:
                    raise QueryFailed(f"no worker could be started: {error}") from None

    def end(self) -> None:
        """Kill the process; `ensure_alive` starts another."""
        with self._lock:
            self._kill()

    def retire(self) -> None:
        """Kill the process for good."""
        with self._lock:
            self._retired = True
            self._kill()

    def _kill(self) -> int:
        self._process.kill()
        return self._process.wait()

    def _start(self) -> None:
        ours, theirs = Pipe()
        roots = [str(Path(trigpoint.__file__).parents[1]), os.environ.get("PYTHONPATH")]
        environment = dict(os.environ)
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, roots))
        # A session of its own: an interrupt at the terminal is for the parent.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "trigpoint.graph", str(theirs.fileno())],
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
            raise QueryFailed(f"no worker started within {_START_LIMIT:g} s")
        self._ready = self._connection.recv() == READY

    def _receive(self, deadline: float) -> QueryAnswer:
        pieces: list[bytes] = []
        while self._connection.poll(max(0.0, deadline - time.monotonic())):
            message = self._connection.recv()
            if isinstance(message, bytes):
                pieces.append(message)
            elif isinstance(message, QueryAnswer):
                return replace(message, body=b"".join(pieces))
            else:
                raise message
        self._kill()
        limit = self._setup.limits.time
        raise QueryTimedOut(
            f"the query took longer than {limit:g} s; ask for less at once, or use "
            "the dumps",
            limit=limit,
        )

    def _death(self) -> Exception:
        """The error for a query whose worker ended before it answered."""
        status = self._kill()
        if status == -SIGABRT:
            return memory_exceeded(self._setup.limits)
        return QueryFailed(
            f"the process that ran the query ended (status {status}); other queries "
            "are not affected",
            status=status,
        )
