"""Queries in worker processes that are killed at the limit.

The pool lives in one event loop. What a worker makes is taken from it as it comes, so a
slow reader holds no worker, and a query whose reader is gone is ended.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from trigpoint.errors import QueryBusy, QueryFailed
from trigpoint.graph.answer import Answer
from trigpoint.graph.births import Births
from trigpoint.graph.engine import Bounds
from trigpoint.graph.limits import QueryLimits
from trigpoint.graph.query import Query, Snapshot
from trigpoint.graph.queue import Turns
from trigpoint.graph.sparql import check_length
from trigpoint.graph.spool import DiskRoom, Spool
from trigpoint.graph.workers import WorkerProcess

_START_LIMIT: Final = 60.0  # seconds
_AGAIN: Final = 1.0  # seconds till another start, when one went wrong

_log = logging.getLogger("trigpoint")


class QueryPool:
    """Answers SPARQL queries over one snapshot at a time, as a context manager.

    `base` is the installation's base IRI; `foreign` lets queries name graphs of any
    IRI, which then are graphs of the snapshot. Of `workers` processes one client has at
    most all but one, so that another's query finds one free.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        *,
        base: str,
        workers: int = 3,
        limits: QueryLimits | None = None,
        foreign: bool = False,
    ) -> None:
        self.limits = limits or QueryLimits()
        self._bounds = Bounds(base, self.limits, foreign)
        self._snapshot = snapshot
        self._number = workers
        self._turns: Turns[WorkerProcess] = Turns(max(1, workers - 1), self.limits)
        self._room = DiskRoom(self.limits.spool)
        self._workers: set[WorkerProcess] = set()
        self._idle: deque[WorkerProcess] = deque()
        self._up = asyncio.Event()
        self._closed = False

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._births = Births(self._bereft)
        for _ in range(self._number):
            self._start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def ask(self, query: Query, client: str = "") -> Answer:
        """Wait for the client's turn, and give an answer that has begun.

        Columns come in the order of the query. Raises QueryRejected, QueryTooLarge,
        QueryTimedOut, TooManyQueries (of this client), QueryBusy (of all together),
        QueryFailed (the worker died) and InvalidParameter (no accepted format fits the
        form of the query).
        """
        check_length(query.text, self.limits.length)
        self._turns.enter(client)
        try:
            answer = await self._run(query, client)
        except BaseException:
            self._turns.leave(client)
            raise
        answer.on_close(lambda: self._turns.leave(client))
        try:
            await answer.begun()
        except BaseException:
            answer.close()
            raise
        return answer

    def switch(self, snapshot: Snapshot) -> None:
        """Let queries that start from now on read another snapshot.

        Those that run finish on theirs; keep its folder until `in_use` no longer names
        it. May be called in any thread, like `renew` and `in_use`.
        """
        self._snapshot = snapshot
        self._loop.call_soon_threadsafe(self._reopen)

    def renew(self) -> None:
        """Replace every worker, those that run when they have answered: a worker keeps
        parts of what it has read in memory."""
        self._loop.call_soon_threadsafe(self._replace)

    def in_use(self) -> frozenset[Path]:
        """The current store and those that a worker still has open."""
        held = {path for worker in tuple(self._workers) for path in worker.holds}
        return frozenset({self._snapshot.path, *held})

    def busy(self) -> int:
        """How many queries run now."""
        return self._turns.running()

    def worker_pids(self) -> tuple[int, ...]:
        """Process ids of the workers, for watching them."""
        return tuple(sorted(worker.pid for worker in self._workers if worker.pid))

    async def close(self) -> None:
        """Kill all workers and wait until they are gone; queries in them fail."""
        if self._closed:
            return
        self._closed = True
        self._turns.close(QueryFailed("the query pool is closed"))
        self._up.set()
        await self._births.close()
        self._lose()

    async def _run(self, query: Query, client: str) -> Answer:
        while True:
            worker = await self._turn(client)
            try:
                spool = Spool(self._room, client)
                return await worker.run(self._snapshot, query, spool)
            except OSError:
                continue  # it had just ended, and that gives the place back

    async def _turn(self, client: str) -> WorkerProcess:
        if not self._up.is_set():
            await self._start_up()
        if self._closed:
            raise QueryFailed("the query pool is closed")
        if self._idle and self._turns.begin(client):
            worker = self._idle.pop()
            worker.client = client
            return worker
        turn = self._turns.wait(client)
        try:
            async with asyncio.timeout(self.limits.time):
                return await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                self._free(turn.result())
            if not isinstance(error, TimeoutError):
                raise
            raise QueryBusy(
                f"no worker was free within {self.limits.time:g} s; try again later",
                limit=self.limits.time,
            ) from None

    def _reopen(self) -> None:
        for worker in self._idle:
            worker.open(self._snapshot)

    def _replace(self) -> None:
        for worker in self._workers:
            worker.worn = True
        while self._idle:
            self._idle.pop().kill()

    async def _start_up(self) -> None:
        try:
            async with asyncio.timeout(_START_LIMIT):
                await self._up.wait()
        except TimeoutError:
            raise QueryFailed(f"no worker started within {_START_LIMIT:g} s") from None

    def _free(self, worker: WorkerProcess) -> None:
        """A worker is ready, or has answered, or was given to nobody."""
        if worker not in self._workers:
            return  # it has ended meanwhile
        self._up.set()
        self._give_back(worker)
        if worker.worn:
            worker.kill()
            return
        if worker.opened != self._snapshot:
            worker.open(self._snapshot)
        self._idle.append(worker)
        while self._idle and (client := self._turns.next(self._idle[0])) is not None:
            self._idle.popleft().client = client

    def _give_back(self, worker: WorkerProcess) -> None:
        client, worker.client = worker.client, None
        if client is not None:
            self._turns.end(client)

    def _ended(self, worker: WorkerProcess) -> None:
        """A worker's process is gone; another takes its place."""
        self._give_back(worker)
        if worker in self._idle:
            self._idle.remove(worker)
        self._workers.discard(worker)
        if worker.ready:
            self._start()
        else:
            self._loop.call_later(_AGAIN, self._start)

    def _lose(self) -> None:
        for worker in tuple(self._workers):
            worker.lose()

    def _bereft(self) -> None:
        """What forks workers is gone, and nobody is left to say when they end."""
        self._up.clear()  # who asks now waits for the start, however long that takes
        self._revive()
        self._lose()

    def _revive(self) -> None:
        if self._closed:
            return
        try:
            self._births = Births(self._bereft)
        except OSError as error:
            _log.warning("no process for queries could be started: %s", error)
            self._loop.call_later(_AGAIN, self._revive)

    def _start(self) -> None:
        if self._closed:
            return
        try:
            worker = WorkerProcess(
                self._births, self._bounds, self._snapshot, self._free, self._ended
            )
        except OSError as error:
            _log.warning("no process for queries could be started: %s", error)
            self._loop.call_later(_AGAIN, self._start)
        else:
            self._workers.add(worker)
