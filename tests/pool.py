"""A query pool in an event loop of its own, for tests that know of none."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Self, TypeVar

from trigpoint.graph import Query, QueryPool, Snapshot

T = TypeVar("T")


@dataclass(frozen=True)
class WholeAnswer:
    """An answer and all of its body."""

    form: str
    media_type: str
    body: bytes


class PoolInThread:
    """A pool whose loop runs in a thread of its own; safe to use from any thread."""

    def __init__(self, snapshot: Snapshot, **given: Any) -> None:
        self._snapshot, self._given = snapshot, given
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever)

    def __enter__(self) -> Self:
        self._thread.start()
        self.pool = self.call(self._open())
        return self

    def __exit__(self, *exc: object) -> None:
        self.call(self.pool.close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    async def _open(self) -> QueryPool:
        pool = QueryPool(self._snapshot, **self._given)
        return await pool.__aenter__()

    def start(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Begin something in the pool's loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something in the pool's loop, and wait for it."""
        return self.start(work).result(120)

    def ask(
        self, text: str, accept: str | Iterable[str] = (), client: str = ""
    ) -> Future[WholeAnswer]:
        """Begin a query."""
        accepted = (accept,) if isinstance(accept, str) else tuple(accept)
        return self.start(self._whole(Query(text, accepted), client))

    def run(
        self, text: str, accept: str | Iterable[str] = (), client: str = ""
    ) -> WholeAnswer:
        """The whole answer to a query; raises what `QueryPool.ask` does."""
        return self.ask(text, accept, client).result(120)

    async def _whole(self, query: Query, client: str) -> WholeAnswer:
        async with await self.pool.ask(query, client) as answer:
            body = await answer.body()
            return WholeAnswer(answer.form, answer.media_type, body)
