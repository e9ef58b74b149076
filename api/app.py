"""The application: doors, errors and layers put together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from copy import copy
from types import ModuleType

import anyio
from fastapi import FastAPI
from starlette.routing import BaseRoute

from api import openapi
from api.appending import appending
from api.gds import doors as gds
from api.middleware import add_middleware
from api.problems import add_handlers
from api.publishing import keep_published, watch
from api.routes import (
    append,
    area_quality,
    areas,
    boundary_quality,
    dumps,
    entries,
    home,
    ids,
    lookup,
    near,
    points,
    proofs,
    records,
    registers,
    sparql,
    tiles,
    void,
)
from api.service import follow, serving, stay_fresh
from api.streaming import Tables
from trigpoint.graph import QueryLimits
from trigpoint.graph.endpoint import Endpoint
from trigpoint.graph.remote_pool import RemotePool
from trigpoint.register import Registers

_DOORS = (
    lookup,  # asked for most, and found first
    sparql,
    home,
    registers,
    records,
    areas,
    append,
    entries,
    tiles,
    proofs,
    ids,
    near,
    points,
    area_quality,
    boundary_quality,
    dumps,
    void,
    gds,
    openapi,
)


def create_app(
    registers: Registers,
    *,
    workers: int = 3,
    limits: QueryLimits | None = None,
    leads: bool = True,
    remote: Endpoint | None = None,
) -> FastAPI:
    """An application that serves `registers`.

    `workers` processes answer SPARQL queries within `limits`; they start and end with
    the application's lifespan. Of several such applications over one data directory
    one `leads`: it keeps the signatures fresh, and publishes to the `remote` SPARQL
    server, where one keeps the graph and may be written to.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            service = await stack.enter_async_context(
                serving(registers, workers, limits or QueryLimits(), remote)
            )
            door = stack.enter_context(appending(registers))
            app.state.service, app.state.appending = service, door
            app.state.tables = Tables()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(follow, service)
                if isinstance(service.pool, RemotePool):
                    tasks.start_soon(watch, service.pool)
                    if leads and remote is not None and remote.update:
                        tasks.start_soon(keep_published, service, service.pool, remote)
                if leads:
                    tasks.start_soon(stay_fresh, service)
                yield
                tasks.cancel_scope.cancel()

    app = FastAPI(
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    for door in _DOORS:
        app.router.routes += _routes_of(door)
    add_handlers(app)
    add_middleware(app)
    return app


def _routes_of(door: ModuleType) -> Iterator[BaseRoute]:
    """The routes of a module of doors, each with the problems that any may answer.

    They are not included as routers: FastAPI looks for the route of a request in each
    router twice, which takes longer than most doors do.
    """
    # A fixed last segment (`context.jsonld`) comes before one with a suffix.
    single = [getattr(door, name, None) for name in ("plain", "router")]
    for router in (*single, *getattr(door, "routers", ())):
        for route in router.routes if router else ():
            documented = copy(route)
            documented.responses = {**openapi.PROBLEMS, **route.responses}
            yield documented
