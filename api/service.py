"""What the doors serve from: the registers, their views, query workers and dumps."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Annotated

import anyio
import anyio.to_thread
import numpy as np
from fastapi import Depends, Request

from api.assessed import AreaReports
from api.dated import DatedAreas
from api.drawn import DrawnBoundaries
from api.limits import Bench
from api.pages import Pages
from api.reading import Reading, prefix_of
from api.statements import KeptBodies
from api.vocabulary import Term, terms_of
from trigpoint.dump import Dumps
from trigpoint.errors import TrigpointError, ViewsBehind
from trigpoint.graph import QueryLimits, QueryPool, Snapshot
from trigpoint.graph.endpoint import Endpoint
from trigpoint.graph.remote_pool import RemotePool
from trigpoint.lease import Lease
from trigpoint.lookup import day_of
from trigpoint.placing import Areas
from trigpoint.register import Registers
from trigpoint.spatial.grids import SYSTEMS, lon_lat_from_one, one_from_lon_lat
from trigpoint.view import View

HARD_JOBS = 4
_LOOK_EVERY = 1.0  # seconds
_SIGN_EVERY = 600.0  # seconds between looks at how old the signatures are
_FRESH_FOR = 86_400.0  # seconds

# What opening a view may raise when it is half-written or foreign, or cannot be built.
# The graph store raises RuntimeError for files that it finds corrupt.
FAULTS = (
    TrigpointError,
    OSError,
    sqlite3.Error,
    RuntimeError,
    ValueError,
    TypeError,
    KeyError,
)

_log = logging.getLogger("api")


class HeldRegisters(Registers):
    """Registers whose view is the one that is held, until another is."""

    def __init__(self, opened: Registers) -> None:
        vars(self).update(vars(opened))
        opened._view = None  # or its files would stay open for good
        self._kept: View | None = None

    def view(self) -> View:
        """The view that is held; without one, the newest."""
        return self._kept or self.newest()

    def newest(self) -> View:
        """The published view, as `Registers.view` opens it."""
        return super().view()

    def hold(self, view: View) -> None:
        """Answer from this view from now on."""
        self._kept = view


@dataclass(kw_only=True)
class Service(Reading):
    """One data directory as it is served.

    `pool` answers SPARQL queries, and `hard` is a bench of threads for dumps and the
    like. Look-ups and records run in the server's own threads.
    """

    registers: HeldRegisters
    pool: QueryPool
    dumps: Dumps
    hard: Bench
    drawn: DrawnBoundaries = field(default_factory=DrawnBoundaries)
    dated: DatedAreas = field(default_factory=DatedAreas)
    reports: AreaReports = field(default_factory=AreaReports)
    bodies: KeptBodies = field(default_factory=KeptBodies)
    _served: int = field(default=0)
    _fault: str = field(default="")
    _unsigned: str = field(default="")
    _unswept: str = field(default="")
    _leases: dict[Path, Lease] = field(default_factory=dict)
    _switching: threading.Lock = field(default_factory=threading.Lock)

    @cached_property
    def ontology(self) -> str:
        """The vocabulary as Turtle."""
        return self.registers.schemas.ontology.serialize(format="turtle")

    @cached_property
    def terms(self) -> list[Term]:
        """The vocabulary's own terms."""
        return terms_of(self.registers.schemas.ontology)

    def view(self) -> View:
        """The view that is served: the published one, or while that cannot be opened
        the last one that could. Raises ViewsBehind while there is none from which all
        that is withheld is gone."""
        if not self._fault:
            self.follow()
        view = self.registers.view()
        if self._tells_withheld(view):
            raise _behind()
        return view

    @contextmanager
    def reading(self) -> Iterator[View]:
        """One state of the log to answer from, in this thread, and the view that goes
        with it; raises what `view` does."""
        view = self.view()
        with self.registers.log.snapshot():
            self.check_same(view)
            yield view

    def areas(self, view: View, at: str | None = None) -> Areas:
        """What holds positions on a day (today without a date) by a view and the log as
        it is; raises InvalidParameter for what is no date."""
        return self.dated.on(day_of(at), self.registers, view.boundaries)

    def check_same(self, view: View) -> None:
        """Raises ViewsBehind when items were withheld since a view was asked for, and
        what was found in it must not be told any more."""
        if self._tells_withheld(view):
            raise _behind()

    def _tells_withheld(self, view: View) -> bool:
        """Whether items were withheld since a view was built."""
        return view.withheld != self.registers.log.withheld_count()

    def is_behind(self) -> bool:
        """Whether another view was published, and none that cannot be opened."""
        return not self._fault and self.registers.views.version() != self._served

    def follow(self, *, build: bool = False) -> None:
        """Serve the newest view, query workers too; what is wrong with it is logged.
        With `build`, have one built when items were withheld since."""
        fault = ""
        try:
            held = self.registers.view()
            if self.registers.views.version() != self._served or (
                build and self._tells_withheld(held)
            ):
                with self._switching:
                    self._switch()
        except FAULTS as error:
            fault = f"{type(error).__name__}: {error}"
            if fault != self._fault:
                _log.warning("the published view cannot be opened: %s", fault)
        self._fault = fault

    def let_go(self) -> None:
        """Give up the versions that no query reads any more, and remove those that
        nobody does."""
        fault = ""
        with self._switching:
            for path in self._leases.keys() - self.pool.in_use():
                del self._leases[path]
            try:
                self.registers.views.sweep()
            except OSError as error:
                fault = str(error)
                if fault != self._unswept:
                    _log.warning("views that nobody reads stay: %s", fault)
        self._unswept = fault

    def refresh(self) -> None:
        """Cosign anew what was last cosigned over a day ago, where the keys are; what
        keeps it from being is logged, once."""
        fault = ""
        try:
            self.registers.refresh_signatures(_FRESH_FOR)
        except (TrigpointError, OSError, sqlite3.Error) as error:
            fault = f"{type(error).__name__}: {error}"
            if fault != self._unsigned:
                _log.warning("the signatures cannot be renewed: %s", fault)
        self._unsigned = fault

    def _switch(self) -> None:
        registers, view = self.registers, self.registers.newest()
        if view.version == self._served:
            return  # another thread did it while this one waited
        if not set(view.sizes) <= set(registers.schemas):
            # Another process brought registers with shapes of their own.
            registers = HeldRegisters(Registers.open(registers.data, base=self.base))
            view = registers.newest()
        warm(view)
        before = self.registers.view().withheld
        self._leases[view.graph] = view.lease
        # First, or a query could be answered from what was before, and checked by this.
        self.pool.switch(snapshot_of(view))
        registers.hold(view)
        if view.withheld != before:
            self.drawn.clear()
            self.dated.clear()
            self.reports.clear()
            self.pool.renew()
        if registers is not self.registers:
            self.registers, self.dumps = registers, Dumps(registers)
        self._served = view.version


def _behind() -> ViewsBehind:
    return ViewsBehind(
        "something was withheld just now, and nothing is answered from the views "
        "before they are built without it: try again in a while"
    )


def snapshot_of(view: View) -> Snapshot:
    """What queries over a view are answered from."""
    return Snapshot(view.graph, view.sizes)


@asynccontextmanager
async def serving(
    registers: Registers,
    workers: int,
    limits: QueryLimits,
    remote: Endpoint | None = None,
) -> AsyncIterator[Service]:
    """A service with its query workers, which end with it; with `remote`, they answer
    from what that server holds."""
    held = HeldRegisters(registers)
    view = held.newest()
    warm(view)
    held.hold(view)
    snapshot, version = snapshot_of(view), view.version
    leases = {view.graph: view.lease}
    del view  # or its files would stay open for good
    pool = (
        QueryPool(snapshot, base=registers.base, workers=workers, limits=limits)
        if remote is None
        else RemotePool(
            remote,
            registers.log.withheld_count,
            base=registers.base,
            workers=workers,
            limits=limits,
        )
    )
    async with pool:
        yield Service(
            registers=held,
            pool=pool,
            dumps=Dumps(held),
            pages=Pages(lambda path: prefix_of(registers.base) + path),
            hard=Bench(HARD_JOBS, 4 * HARD_JOBS),
            _served=version,
            _leases=leases,
        )


def warm(view: View) -> None:
    """Open the indexes and make the transformations ready now, so that nobody's look-up
    waits for them.

    Raises ViewDamaged, ViewOutdated or OSError for one that cannot be opened.
    """
    view.boundaries.locate(0.0, 51.5)
    view.boundaries.locate_many(np.zeros(1), np.full(1, 51.5))
    for index in view.positions.values():
        index.nearest(0.0, 51.5)
    for crs in SYSTEMS:
        lon_lat_from_one(crs, *one_from_lon_lat(crs, -3.0, 54.0))


async def follow(service: Service) -> None:
    """Look for a new view every second, so that no request has to open it."""
    while True:
        await anyio.sleep(_LOOK_EVERY)
        await anyio.to_thread.run_sync(partial(service.follow, build=True))
        await anyio.to_thread.run_sync(service.let_go)


async def stay_fresh(service: Service) -> None:
    """Look now and then whether signatures have to be renewed."""
    while True:
        await anyio.to_thread.run_sync(service.refresh)
        await anyio.sleep(_SIGN_EVERY)


async def service_of(request: Request) -> Service:
    service = request.app.state.service
    assert isinstance(service, Service)  # noqa: S101  set by the lifespan
    return service


Here = Annotated[Service, Depends(service_of)]


async def current_of(here: Here) -> Service:
    """The same, with a view that is newer opened first, which may take long: for doors
    that answer in the server's own thread, where nothing may."""
    if here.is_behind():
        await anyio.to_thread.run_sync(here.follow)
    return here


Current = Annotated[Service, Depends(current_of)]
