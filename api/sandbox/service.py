"""What the sandbox serves from: a writer, and query workers over what it wrote."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Final

from fastapi import Depends, Request

from api.pages import Pages
from trigpoint.graph import QueryLimits, QueryPool, Snapshot
from trigpoint.graph.changes import Change
from trigpoint.graph.writer import Writer

WRITE_SECONDS: Final = 60.0


@dataclass(frozen=True, kw_only=True)
class Sandbox:
    """One store. `home` is its address as it was printed; `bodies` is a folder for what
    clients send."""

    home: str
    pool: QueryPool
    writer: Writer
    pages: Pages
    bodies: Path

    async def make(self, change: Change) -> bool:
        """Make a change; queries asked from now on see it. Whether the graph that it
        names was there before. Raises what `Writer.write` does."""
        try:
            return await self.writer.write(change, self.pool.in_use())
        finally:
            # Also what others wrote meanwhile, and this one if nobody waits for it.
            self.pool.switch(Snapshot(self.writer.current, {}))


@asynccontextmanager
async def sandboxing(
    folder: Path, home: str, workers: int, limits: QueryLimits
) -> AsyncIterator[Sandbox]:
    """An empty sandbox in an empty folder; its processes end with it."""
    bodies, store = folder / "bodies", folder / "store"
    bodies.mkdir()
    store.mkdir()
    base = f"{home}/sparql"
    writer = Writer(store, base=base, limits=replace(limits, time=WRITE_SECONDS))
    try:
        async with QueryPool(
            Snapshot(writer.current, {}),
            base=base,
            workers=workers,
            limits=limits,
            foreign=True,
        ) as pool:
            yield Sandbox(
                home=home,
                pool=pool,
                writer=writer,
                pages=Pages(str),
                bodies=bodies,
            )
    finally:
        writer.close()


async def sandbox_of(request: Request) -> Sandbox:
    service = request.app.state.service
    if not isinstance(service, Sandbox):
        raise TypeError("the lifespan sets the sandbox")
    return service


Here = Annotated[Sandbox, Depends(sandbox_of)]
