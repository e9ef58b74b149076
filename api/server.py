"""Serving: an application on a socket, until this process is told to end."""

from __future__ import annotations

import socket
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.wire import BoundedHttp
from trigpoint.graph import QueryLimits
from trigpoint.graph.endpoint import Endpoint
from trigpoint.register import Registers

GRACE = 5  # seconds that running requests may take to finish
READY = "ready"


@dataclass(frozen=True)
class Setup:
    """What a process serves. One of several `leads`: it does what only one may do."""

    data: Path
    base: str
    workers: int
    leads: bool
    limits: QueryLimits = field(default_factory=QueryLimits)
    remote: Endpoint | None = None


def serve(
    registers: Registers,
    setup: Setup,
    listening: socket.socket,
    control: Connection | None = None,
) -> int:
    """Serve registers until a signal, or the end of `control`; the status of `run`."""
    app = create_app(
        registers,
        workers=setup.workers,
        limits=setup.limits,
        leads=setup.leads,
        remote=setup.remote,
    )
    return run(app, listening, control)


def run(
    app: FastAPI, listening: socket.socket, control: Connection | None = None
) -> int:
    """Serve an application until a signal, or the end of `control`; 0 when that was
    all, 2 when it could not start."""
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http=BoundedHttp,
        ws="none",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
    )
    server = _Server(config, control)
    with suppress(KeyboardInterrupt):  # raised again once all has ended
        server.run(sockets=[listening])
    return 0 if server.started else 2


class _Server(uvicorn.Server):
    """A server that says when it is ready, and ends when nobody listens to that."""

    def __init__(self, config: uvicorn.Config, control: Connection | None) -> None:
        super().__init__(config)
        self._control = control

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and self._control is not None:
            self._control.send(READY)

    async def on_tick(self, counter: int) -> bool:
        alone = self._control is not None and self._control.poll()
        return alone or await super().on_tick(counter)
