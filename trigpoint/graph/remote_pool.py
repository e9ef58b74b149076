"""A query pool over what a remote SPARQL server holds, as long as that may be told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import httpx

from trigpoint.errors import RemoteBehind, RemoteUnavailable, TrigpointError
from trigpoint.graph.answer import Answer
from trigpoint.graph.endpoint import Endpoint, credentials_of
from trigpoint.graph.limits import QueryLimits
from trigpoint.graph.pool import QueryPool
from trigpoint.graph.publication import (
    Publication,
    publication_in,
    publication_query,
)
from trigpoint.graph.query import Elsewhere, Query, Snapshot
from trigpoint.graph.refusals import JSON, away, no_answer, refused

_WAIT: Final = 5.0  # seconds to say what it holds
_ANSWER: Final = 4 << 20  # bytes to say it with

_log = logging.getLogger("trigpoint")


class RemotePool(QueryPool):
    """Answers queries from a remote store, in workers with the same limits and the same
    turns, which only wait for it.

    `withheld` says how many items are withheld by now: what was published before
    another one was is not told. `look` has to be called now and then.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        withheld: Callable[[], int],
        *,
        base: str,
        workers: int = 3,
        limits: QueryLimits | None = None,
    ) -> None:
        self._url = endpoint.query
        super().__init__(
            self._snapshot_of(Publication(id="")),
            base=base,
            workers=workers,
            limits=limits,
        )
        self._question = publication_query(base)
        self._withheld = withheld
        self._held: Publication | None = None
        self._fault = ""

    async def __aenter__(self) -> Self:
        credentials = credentials_of()
        self._client = httpx.AsyncClient(
            auth=credentials.auth() if credentials else None,
            timeout=_WAIT,
            trust_env=False,
        )
        await super().__aenter__()
        await self.look()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await super().__aexit__(kind, error, trace)
        await self._client.aclose()

    async def ask(self, query: Query, client: str = "") -> Answer:
        """As in any pool; raises RemoteUnavailable and RemoteBehind as well."""
        self._check()
        return await super().ask(query, client)

    def switch(self, snapshot: Snapshot) -> None:
        """What is published here is not what is held there: `look` finds that out."""

    def is_behind(self) -> bool:
        """Whether the remote store answers, and has to be published to before anything
        that it holds may be told."""
        if self._fault:
            return False
        held = self._held
        return held is None or not held.complete or held.withheld != self._withheld()

    async def look(self) -> None:
        """Ask the remote store what it holds, and answer queries from that."""
        fault = ""
        try:
            held = await self._publication()
        except TrigpointError as error:
            fault = str(error)
            if fault != self._fault:
                _log.warning("the remote store cannot be used: %s", fault)
        else:
            if held is not None and held != self._held:
                super().switch(self._snapshot_of(held))
            self._held = held
        self._fault = fault

    async def _publication(self) -> Publication | None:
        try:
            async with asyncio.timeout(_WAIT):
                body = await self._said()
            return publication_in(body)
        except (httpx.HTTPError, TimeoutError) as error:
            raise away(self._url, error) from None
        except ValueError as error:
            raise no_answer(self._url, error) from None

    async def _said(self) -> bytes:
        """What the remote store answers when it is asked what it holds."""
        data, headers = {"query": self._question}, {"Accept": JSON}
        async with self._client.stream(
            "POST", self._url, data=data, headers=headers
        ) as answer:
            body = b""
            async for piece in answer.aiter_bytes():
                body += piece
                if len(body) > _ANSWER:
                    raise no_answer(self._url, ValueError(f"over {_ANSWER} bytes"))
        if not answer.is_success:
            raise refused(self._url, answer.status_code, body.decode(errors="replace"))
        return body

    def _check(self) -> None:
        """Raises what keeps the remote store from being asked."""
        if self._fault:
            raise RemoteUnavailable(self._fault)
        if not self.is_behind():
            return
        held = self._held
        if held is not None and held.sizes:
            raise RemoteBehind(
                "the SPARQL server is being brought up to date: try again in a while",
                sizes=dict(held.sizes),
            )
        raise RemoteBehind(
            "nothing was published to the SPARQL server yet: try again when "
            "`trigpoint publish` has ended"
        )

    def _snapshot_of(self, held: Publication) -> Snapshot:
        graphs = tuple(sorted(held.graphs))
        there = Elsewhere(self._url, held.id, graphs, held.plain_wkt)
        return Snapshot(Path(held.id), held.sizes, there)
