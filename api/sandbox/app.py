"""The sandbox put together: its doors, and the layers that every application has."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from api.middleware import add_middleware
from api.problems import add_handlers, of_error
from api.sandbox import home, sparql, store
from api.sandbox.loopback import NotLoopback, check_host
from api.sandbox.service import sandboxing
from trigpoint.graph import QueryLimits


def create_sandbox(
    address: str, *, workers: int = 2, limits: QueryLimits | None = None
) -> FastAPI:
    """An application that serves an empty store, which is gone when it ends.

    `address` is where it is reached (`http://127.0.0.1:8000`). `workers` processes
    answer queries, one more writes.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with TemporaryDirectory(prefix="trigpoint-sandbox-") as folder:
            async with sandboxing(
                Path(folder), address, workers, limits or QueryLimits()
            ) as service:
                app.state.service = service
                yield

    app = FastAPI(
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    for door in (sparql, store, home):
        app.router.routes += door.router.routes
    add_handlers(app)
    add_middleware(app)
    app.add_middleware(LoopbackOnly)
    return app


class LoopbackOnly:
    """Refuses requests that do not name a loopback host."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            try:
                check_host(scope)
            except NotLoopback as error:
                await of_error(error)(scope, receive, send)
                return
        await self._app(scope, receive, send)
