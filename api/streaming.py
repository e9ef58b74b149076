"""Tables that come and go as streams: their bodies on disk, their answers in batches.

The body is written to a file as it comes, so that a client may send all of it before
it reads anything. Its answer is held back to a bound, so that what is found wrong till
then has its own status. A longer one is sent while it is made; when something is wrong
later, its last row says what, and the connection is closed without the end of the body:
no client can take that for the whole answer.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Annotated

import anyio
import anyio.to_thread
from fastapi import Depends, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from api.bodies import save_body
from api.limits import Result
from api.wire import break_off
from trigpoint.errors import TooBusy, TrigpointError

MAX_TABLE = 256_000_000  # bytes of a body
TABLE_SECONDS = 300.0  # that a body may take to come
ANSWER_SECONDS = 900.0  # that an answer may take to go
MAX_TABLES = 8  # in work at once
HELD = 8_000_000  # bytes of an answer that are made before any is sent
_THREADS = 2
_SENT = 1 << 18  # bytes of an answer that are sent at once

_log = logging.getLogger("api")


@dataclass(frozen=True)
class Answering:
    """The bytes of an answer, made batch by batch, and what is written in place of the
    rest when they cannot be."""

    batches: Iterator[bytes]
    broken: Callable[[str], bytes]


class Tables:
    """The door for tables: as many at once as there is room for."""

    def __init__(self) -> None:
        self._places = MAX_TABLES
        self._threads = anyio.CapacityLimiter(_THREADS)

    async def answer(
        self,
        request: Request,
        open_table: Callable[[Path], tuple[Answering, Mapping[str, str]]],
    ) -> Response:
        """Read the body of a request, and answer with what `open_table` makes of it.

        `open_table` gives headers, too; like the batches, it runs in a thread. Raises
        TooBusy, BodyTooLarge, BodyTooSlow, and what it and the first batches raise.
        """
        table = self._admit()
        try:
            await save_body(request, table.path, limit=MAX_TABLE, seconds=TABLE_SECONDS)
            answering, headers = await self.work(lambda: open_table(table.path))
            held, ended = await self._hold(answering.batches)
        except BaseException:
            table.close()
            raise
        if ended:
            table.close()
            return Response(b"".join(held), headers=dict(headers))
        return _Streamed(self, answering, held, table, headers)

    def _admit(self) -> _Table:
        if not self._places:
            raise TooBusy(
                f"{MAX_TABLES} tables are being answered already: try again later",
                limit=MAX_TABLES,
            )
        table = _Table(self._leave)  # first, since there may be no room for it on disk
        self._places -= 1
        return table

    def _leave(self) -> None:
        self._places += 1

    async def _hold(self, batches: Iterator[bytes]) -> tuple[list[bytes], bool]:
        """The first batches, and whether these are all."""
        held: list[bytes] = []
        while sum(map(len, held)) < HELD:
            batch = await self.work(lambda: next(batches, None))
            if batch is None:
                return held, True
            held.append(batch)
        return held, False

    async def work(self, do: Callable[[], Result]) -> Result:
        """Do something in one of the threads for tables."""
        return await anyio.to_thread.run_sync(do, limiter=self._threads)


class _Table:
    """A body on disk, which goes when it is closed, with the place that it takes."""

    def __init__(self, leave: Callable[[], None]) -> None:
        with NamedTemporaryFile(prefix="trigpoint-table-", delete=False) as file:
            self.path = Path(file.name)
        self._leave = leave

    def close(self) -> None:
        self.path.unlink(missing_ok=True)
        self._leave()


class _Streamed(StreamingResponse):
    """An answer that is sent while it is made."""

    def __init__(
        self,
        tables: Tables,
        answering: Answering,
        held: list[bytes],
        table: _Table,
        headers: Mapping[str, str],
    ) -> None:
        super().__init__(self._parts(), headers=dict(headers))
        self._tables = tables
        self._answering = answering
        self._held = held
        self._table = table
        self._whole = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_if_whole(message: Message) -> None:
            last = message["type"] == "http.response.body" and not message["more_body"]
            # Without its last message the connection is closed.
            if self._whole or not last:
                await send(message)

        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await super().__call__(scope, receive, send_if_whole)
        except TimeoutError:
            _log.warning("a table's answer was not taken in %d s", ANSWER_SECONDS)
        finally:
            if not self._whole:
                break_off(scope)
            self._table.close()

    async def _parts(self) -> AsyncIterator[bytes]:
        while self._held:
            for part in _cut(self._held.pop(0)):
                yield part
        try:
            while True:
                batch = await self._tables.work(
                    lambda: next(self._answering.batches, None)
                )
                if batch is None:
                    break
                for part in _cut(batch):
                    yield part
        except TrigpointError as error:
            _log.warning("a table's answer was broken off: %s", error)
            yield self._answering.broken(f"the answer breaks off here: {error}")
        else:
            self._whole = True


def _cut(batch: bytes) -> Iterator[bytes]:
    for start in range(0, len(batch), _SENT):
        yield batch[start : start + _SENT]


async def tables_of(request: Request) -> Tables:
    door = request.app.state.tables
    if not isinstance(door, Tables):
        raise TypeError("the lifespan sets the door for tables")
    return door


Door = Annotated[Tables, Depends(tables_of)]
