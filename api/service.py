"""What the doors serve from: the registers, their views, query workers and dumps."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated
from urllib.parse import urlsplit

import anyio
import anyio.to_thread
from fastapi import Depends, Request

from api.limits import Bench
from api.pages import Pages
from api.vocabulary import Term, terms_of
from trigpoint.dump import Dumps
from trigpoint.errors import TrigpointError
from trigpoint.graph import QueryPool
from trigpoint.iris import encode_key
from trigpoint.register import Registers
from trigpoint.view import View

QUERIES_WAITING = 64
HARD_JOBS = 4
_LOOK_EVERY = 1.0  # seconds

_log = logging.getLogger("api")


@dataclass
class Service:
    """One data directory as it is served.

    `queries` and `hard` are benches of threads: for SPARQL, and for dumps and the
    like. Look-ups and records run in the server's own threads.
    """

    registers: Registers
    pool: QueryPool
    dumps: Dumps
    pages: Pages
    queries: Bench
    hard: Bench
    _served: int = field(default=0)
    _switching: threading.Lock = field(default_factory=threading.Lock)

    @property
    def base(self) -> str:
        return self.registers.base

    @cached_property
    def ontology(self) -> str:
        """The vocabulary as Turtle."""
        return self.registers.schemas.ontology.serialize(format="turtle")

    @cached_property
    def terms(self) -> list[Term]:
        """The vocabulary's own terms."""
        return terms_of(self.registers.schemas.ontology)

    def view(self) -> View:
        """The published view; query workers follow when it moves."""
        view = self.registers.view()
        if view.version != self._served:
            with self._switching:
                self._switch(view)
        return view

    def _switch(self, view: View) -> None:
        if not set(view.sizes) <= set(self.registers.schemas):
            # Another process brought registers with shapes of their own.
            self.registers = Registers.open(self.registers.data, base=self.base)
            self.dumps = Dumps(self.registers)
        _warm(view)
        self.pool.switch(view.graph)
        self._served = view.version

    @property
    def sizes(self) -> dict[str, int]:
        """The log size of every register that is known and has entries."""
        sizes = self.registers.log.sizes()
        known = self.registers.schemas
        return {name: size for name, size in sizes.items() if size and name in known}

    def path(self, path: str) -> str:
        """A URI reference to a path of this installation."""
        return prefix_of(self.base) + path

    def record_path(self, door: str, register: str, key: str, suffix: str = "") -> str:
        """Where a record is: `door` is `id`, `doc` or `registers`."""
        if door == "registers":
            return self.path(f"/registers/{register}/records/{encode_key(key)}{suffix}")
        return self.path(f"/{door}/{register}/{encode_key(key)}{suffix}")

    def size_of(self, register: str) -> dict[str, int]:
        """The log size of one register, as answers name it."""
        return {register: self.registers.log.size(register)}

    def held(self, register: str, key: str) -> bool:
        """Whether the register holds this key, withheld or not."""
        name = self.registers.schema(register).key
        return key in self.registers.log.values(register, [key], name)


@contextmanager
def serving(registers: Registers, workers: int, time_limit: float) -> Iterator[Service]:
    """A service with its query workers, which end with it."""
    view = registers.view()
    _warm(view)
    with QueryPool(
        view.graph,
        base=registers.base,
        workers=workers,
        time_limit=time_limit,
        queue_limit=QUERIES_WAITING,
    ) as pool:
        yield Service(
            registers=registers,
            pool=pool,
            dumps=Dumps(registers),
            pages=Pages(lambda path: prefix_of(registers.base) + path),
            queries=Bench(workers + QUERIES_WAITING, QUERIES_WAITING),
            hard=Bench(HARD_JOBS, 4 * HARD_JOBS),
            _served=view.version,
        )


def _warm(view: View) -> None:
    """Open the indexes now, so that nobody's look-up waits for them."""
    view.boundaries.vintages()
    for index in view.positions.values():
        index.nearest(0.0, 51.5)


def prefix_of(base: str) -> str:
    """The path that an installation is served under: empty, or such as `/map`."""
    return urlsplit(base).path


async def follow(service: Service) -> None:
    """Look for a new view every second, so that no request has to open it."""
    while True:
        await anyio.sleep(_LOOK_EVERY)
        try:
            await anyio.to_thread.run_sync(service.view)
        except (TrigpointError, OSError) as error:
            _log.warning("the published view cannot be opened: %s", error)


async def service_of(request: Request) -> Service:
    service = request.app.state.service
    assert isinstance(service, Service)  # noqa: S101  set by the lifespan
    return service


Here = Annotated[Service, Depends(service_of)]
