"""Answers of the query pool as they are sent: whole when they are short, else streamed.

A short answer has its length and an `ETag`. A long one goes out while it is made, and
has neither: both would come before what they are about. When it fails on the way, when
its reader is too slow, or when something that it may tell is withheld meanwhile, the
connection is closed within it: no client can take that for the whole answer. A client
that leaves ends its query.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Final, Protocol

from fastapi import Request
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.negotiation import Format
from api.paths import is_head
from api.queries import not_acceptable
from api.replies import LOG_SIZE_HEADER, REVALIDATE, Reply
from api.wire import break_off
from trigpoint.errors import InvalidParameter, TrigpointError
from trigpoint.graph import Answer, Query, client_of
from trigpoint.log.sizes import format_sizes

STALLED_SECONDS: Final = 60.0  # that a client may take to read some of an answer
ANSWER_SECONDS: Final = 900.0  # that it may take to read all of it
_UNWATCHED: Final = 0.02  # seconds; within these most queries are answered
CHECK_SECONDS: Final = 1.0  # between looks at whether it may still be told

_log = logging.getLogger("api")


class Pool(Protocol):
    """Where queries are answered."""

    async def ask(self, query: Query, client: str) -> Answer: ...


def nothing_withheld() -> None:
    """For stores from which nothing is ever withheld."""


async def answer(
    pool: Pool,
    query: Query,
    request: Request,
    *,
    headers: Mapping[str, str] | None = None,
    check: Callable[[], None] = nothing_withheld,
) -> Response:
    """The answer to a query as it is sent.

    `check` raises a TrigpointError when nothing more may be told. Raises it, what the
    pool raises before anything is sent, NotAcceptable when no format that is accepted
    fits the form of the query, and ClientDisconnect.
    """
    found = await ask(pool, query, request)
    try:
        check()  # a query may have waited long
        form = Format("", found.media_type)
        sizes = found.snapshot.sizes
        if (whole := found.whole) is not None:
            found.close()
            return Reply(whole, form, sizes=sizes, headers=headers)
        standard = {"Content-Type": form.content_type, "Cache-Control": REVALIDATE}
        if sizes:
            standard[LOG_SIZE_HEADER] = format_sizes(sizes)
        return _Streamed(found, {**standard, **(headers or {})}, check)
    except BaseException:
        found.close()
        raise


async def ask(pool: Pool, query: Query, request: Request) -> Answer:
    """The pool's answer, while the client is there to have it; raises as `answer`."""
    peer = request.client.host if request.client else ""
    async with Watch(request.receive):
        try:
            return await pool.ask(query, client_of(peer))
        except InvalidParameter as error:
            if "available" in error.members:
                raise not_acceptable(error) from error
            raise


class Watch:
    """Ends what is awaited within when the client leaves; raises ClientDisconnect.

    For the first instants nobody looks, since looking costs more than they do.
    """

    def __init__(self, receive: Receive, after: float = _UNWATCHED) -> None:
        self._receive = receive
        self._after = after
        self._gone = False
        self._looking: asyncio.Task[None] | None = None

    async def __aenter__(self) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("only what a task awaits can be ended")
        self._task, self._asked = task, task.cancelling()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._after, self._begin)

    def _begin(self) -> None:
        self._looking = asyncio.create_task(self._look())

    async def _look(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass  # what is left of a body
        self._gone = True
        self._task.cancel()

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._timer.cancel()
        if self._looking is not None:
            self._looking.cancel()
        ended = self._gone and self._task.uncancel() <= self._asked
        if ended and kind is asyncio.CancelledError:
            raise ClientDisconnect


class _Streamed(Response):
    """An answer that is sent while it is made."""

    def __init__(
        self, answer: Answer, headers: Mapping[str, str], check: Callable[[], None]
    ) -> None:
        super().__init__(None, 200, dict(headers))
        del self.headers["content-length"]
        self._answer = answer
        self._check = check

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._answer:
            if is_head(scope):
                await self._send_start(send)
                await send({"type": "http.response.body", "body": b""})
                return
            try:
                async with Watch(receive, 0.0), asyncio.timeout(ANSWER_SECONDS):
                    await self._send_all(send)
            except ClientDisconnect:
                return
            except TimeoutError:
                _log.warning("an answer was not read in time, and is broken off")
                break_off(scope)
            except TrigpointError as error:
                _log.warning("an answer is broken off: %s", error)
                break_off(scope)

    async def _send_start(self, send: Send) -> None:
        start = {"type": "http.response.start", "status": self.status_code}
        await send({**start, "headers": self.raw_headers})

    async def _send_all(self, send: Send) -> None:
        await self._send_start(send)
        checked = monotonic()
        async for piece in self._answer.pieces():
            if monotonic() - checked > CHECK_SECONDS:
                self._check()
                checked = monotonic()
            async with asyncio.timeout(STALLED_SECONDS):
                await send(
                    {"type": "http.response.body", "body": piece, "more_body": True}
                )
        await send({"type": "http.response.body", "body": b""})
