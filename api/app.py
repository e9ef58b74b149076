"""The application: doors, errors and layers put together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from fastapi import FastAPI

from api import openapi
from api.appending import appending
from api.gds import doors as gds
from api.middleware import add_middleware
from api.problems import add_handlers
from api.routes import (
    append,
    dumps,
    entries,
    home,
    ids,
    lookup,
    near,
    proofs,
    records,
    registers,
    sparql,
    tiles,
)
from api.service import follow, serving, stay_fresh
from trigpoint.graph import QueryLimits
from trigpoint.register import Registers

_DOORS = (
    home,
    registers,
    records,
    append,
    entries,
    tiles,
    proofs,
    ids,
    lookup,
    near,
    sparql,
    dumps,
    gds,
    openapi,
)


def create_app(
    registers: Registers,
    *,
    workers: int = 2,
    time_limit: float = QueryLimits.time,
) -> FastAPI:
    """An application that serves `registers`.

    `workers` processes answer SPARQL queries, each for `time_limit` seconds at most;
    they start and end with the application's lifespan.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with (
            serving(registers, workers, time_limit) as service,
            appending(registers) as door,
        ):
            app.state.service, app.state.appending = service, door
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(follow, service)
                tasks.start_soon(stay_fresh, service)
                yield
                tasks.cancel_scope.cancel()

    app = FastAPI(
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses=openapi.PROBLEMS,
    )
    for door in _DOORS:
        # A fixed last segment (`context.jsonld`) comes before one with a suffix.
        for name in ("plain", "router"):
            if hasattr(door, name):
                app.include_router(getattr(door, name))
    add_handlers(app)
    add_middleware(app)
    return app
