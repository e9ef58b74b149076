"""The answer to a query, read while it is made."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Final, Self

from trigpoint.errors import TrigpointError
from trigpoint.graph.guard import QueryForm
from trigpoint.graph.query import Snapshot
from trigpoint.graph.spool import Spool

HELD: Final = 1 << 16  # bytes that are made before an answer begins
HELD_FOR: Final = 0.1  # seconds after which it begins with less


class Answer:
    """An answer that has begun, as `QueryPool.ask` gives it.

    Leave it as a context manager, or `close` it: what was not read is dropped then, and
    the query is ended if it still runs.

    `snapshot` is what it was made from. Used in one event loop.
    """

    form: QueryForm
    media_type: str

    def __init__(self, snapshot: Snapshot, spool: Spool) -> None:
        self.snapshot = snapshot
        self.spool = spool
        self._closing: list[Callable[[], None]] = []
        self._begun = asyncio.get_running_loop().create_future()
        self._timer: asyncio.TimerHandle | None = None
        self._held = 0
        self._error: TrigpointError | None = None

    @property
    def whole(self) -> bytes | None:
        """All of the body, when it was complete before it began to be read."""
        return self.spool.whole() if self._error is None else None

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body, as it is made. Raises what `ask` does when it breaks off."""
        while piece := await self.spool.take():
            yield piece
        if self._error is not None:
            raise self._error

    async def body(self) -> bytes:
        """All of the body, once it is made; raises what `ask` does."""
        return b"".join([piece async for piece in self.pieces()])

    def close(self) -> None:
        """Drop what was not read, and end the query."""
        if self._timer is not None:
            self._timer.cancel()
        self.spool.close()
        while self._closing:
            self._closing.pop()()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # What follows is for the pool.

    def on_close(self, do: Callable[[], None]) -> None:
        """Have something done once it is closed."""
        self._closing.append(do)

    async def begun(self) -> None:
        """Wait until its first bytes can be sent; raises what keeps it from that."""
        await self._begun
        if self._error is not None:
            raise self._error

    def take_head(self, content: bytes) -> None:
        self.form, self.media_type = json.loads(content)

    def take_body(self, piece: bytes) -> None:
        self.spool.put(piece)
        if self._begun.done():
            return
        self._held += len(piece)
        if self._held >= HELD:
            self._begin()
        elif self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(HELD_FOR, self._begin)

    def end(self, error: TrigpointError | None = None) -> None:
        """There is no more; with an error, this is not all."""
        if self.spool.ended:
            return
        self._error = error
        self.spool.end()
        self._begin()

    def _begin(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if not self._begun.done():
            self._begun.set_result(None)
