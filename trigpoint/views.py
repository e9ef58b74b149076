"""The views: graph, boundaries and positions, built from the log and disposable.

`{data}/views/{version}/` holds one published state and `{data}/views/current` names
the version that is served. A publish builds the next version beside it (hard links for
what did not change) and then moves the name, so readers see the old state or the new
one. A version that was not finished is never named, and is cleared away later.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from trigpoint.catalogue import catalogue_lines, provenance_lines
from trigpoint.errors import DataBusy
from trigpoint.graph.store import GraphView
from trigpoint.iris import graph_iri
from trigpoint.log.reader import LogReader
from trigpoint.schema.catalogue import Schemas
from trigpoint.schema.items import Item, item_hash
from trigpoint.schema.rdf import lon_lat_of, ntriples
from trigpoint.schema.shape import Schema
from trigpoint.spatial.boundaries import BoundaryIndex
from trigpoint.spatial.boundary import Boundary
from trigpoint.spatial.geometry import parse_wkt_literal
from trigpoint.spatial.nearest import PositionIndex

# Raised when the code that builds views changes what they hold.
FORMAT = 1
BOUNDARY = "boundary"

Progress = Callable[[str, int, int | None], None]


def silent(_stage: str, _done: int, _total: int | None) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True)
class View:
    """One published state. `sizes` are the log sizes that it speaks for."""

    version: int
    base: str
    fingerprint: str
    sizes: dict[str, int]
    folder: Path

    @property
    def graph(self) -> Path:
        """The store's folder; open it read-only."""
        return self.folder / "graph"

    @cached_property
    def boundaries(self) -> BoundaryIndex:
        return BoundaryIndex.open(self.folder / "boundaries")

    @cached_property
    def positions(self) -> dict[str, PositionIndex]:
        """Positions of records, by register."""
        files = sorted((self.folder / "positions").iterdir())
        return {file.stem: PositionIndex.open(file) for file in files}


class Views:
    """The published versions under one data directory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pointer = folder / "current"

    def version(self) -> int | None:
        """The version that is named as current; None when none is, or not legibly."""
        try:
            return int(self._pointer.read_text())
        except (FileNotFoundError, ValueError):
            return None

    def current(self) -> View | None:
        """The published view; None before the first publish, and when it was made by
        other code or its state cannot be read: then it is built anew."""
        version = self.version()
        if version is None:
            return None
        folder = self._folder / str(version)
        try:
            state = json.loads((folder / "state.json").read_text())
        except (FileNotFoundError, ValueError):
            return None
        if state.pop("format", None) != FORMAT:
            return None
        return View(version=version, folder=folder, **state)

    def publish(
        self,
        log: LogReader,
        schemas: Schemas,
        base: str,
        *,
        anew: bool = False,
        progress: Progress = silent,
    ) -> View:
        """Make the views speak for the log as it is, and serve them.

        What the last view has is reused unless `anew`, the base, a shape or the
        format changed. Raises DataBusy while another process publishes.
        """
        with self._lock(), log.snapshot():
            fingerprint = _fingerprint(schemas)
            old = self.current()
            if old and (old.base, old.fingerprint) != (base, fingerprint):
                old = None
            sizes = {name: log.size(name) for name in schemas if log.size(name)}
            if old and not anew and old.sizes == sizes:
                return old
            build = _Build(log, schemas, base, None if anew else old, progress)
            view = View(
                (self.version() or 0) + 1, base, fingerprint, sizes, self._folder
            )
            return self._finish(build, view)

    def _finish(self, build: _Build, view: View) -> View:
        folder = self._folder / str(view.version)
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir()
        build.write(folder, view.sizes)
        state = {
            "format": FORMAT,
            "base": view.base,
            "fingerprint": view.fingerprint,
            "sizes": view.sizes,
        }
        _write(folder / "state.json", json.dumps(state))
        _write(self._pointer, str(view.version))
        self._clear(view.version)
        return View(view.version, view.base, view.fingerprint, view.sizes, folder)

    def _clear(self, version: int) -> None:
        """Remove all versions but the one before; readers may still be in that."""
        for folder in self._folder.iterdir():
            if folder.name.isdigit() and int(folder.name) not in (version, version - 1):
                shutil.rmtree(folder)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise DataBusy(
                    f"{self._folder} is being published by another process: "
                    "wait until it ends"
                ) from error
            yield


class _Build:
    """Writes one version's parts, each from the last version's where that will do."""

    def __init__(
        self,
        log: LogReader,
        schemas: Schemas,
        base: str,
        old: View | None,
        progress: Progress,
    ) -> None:
        self._log = log
        self._schemas = schemas
        self._base = base
        self._old = old
        self._progress = progress

    def write(self, folder: Path, sizes: dict[str, int]) -> None:
        before = self._old.sizes if self._old else {}
        changed = {name for name, size in sizes.items() if before.get(name) != size}
        self._graph(folder, sorted(changed))
        self._boundaries(folder / "boundaries", BOUNDARY in changed)
        (folder / "positions").mkdir()
        for name in sizes:
            schema = self._schemas[name]
            if schema.geometry and schema.field(schema.geometry).encoding == "lon-lat":
                self._positions(folder / "positions", schema, name in changed)

    def _graph(self, folder: Path, changed: list[str]) -> None:
        named = {
            "catalogue": catalogue_lines(self._log, self._schemas.values(), self._base),
            "provenance": provenance_lines(self._log, self._base),
        }
        graphs = {graph_iri(self._base, name): lines for name, lines in named.items()}
        if self._old is None:
            graphs[graph_iri(self._base, "ontology")] = _named_lines(self._schemas)
            lines = (line for name in changed for line in self._all_lines(name))
            with GraphView.build(folder / "graph", lines, graphs):
                return
        with (
            GraphView.open(self._old.graph) as last,
            last.fork(folder / "graph") as graph,
        ):
            for name in changed:
                graph.apply(*self._delta(name, self._old.sizes.get(name, 0)))
            for iri, lines_of in graphs.items():
                graph.replace_graph(iri, lines_of)

    def _all_lines(self, register: str) -> Iterator[str]:
        schema, total = self._schemas[register], self._log.count(register)
        for done, record in enumerate(self._log.iter_records(register), start=1):
            if done % 5000 == 0 or done == total:
                self._progress(f"graph: {register}", done, total)
            yield from ntriples(record.item, schema, self._base)

    def _delta(self, register: str, since: int) -> tuple[list[str], list[str]]:
        """Lines to take out and to put in, for the keys changed since an entry."""
        removed: list[str] = []
        added: list[str] = []
        for done, (old, new) in enumerate(self._log.changes(register, since), start=1):
            was, is_now = (
                set(self._lines(old, register)),
                set(self._lines(new, register)),
            )
            removed += was - is_now
            added += is_now - was
            if done % 5000 == 0:
                self._progress(f"graph: {register}", done, None)
        return removed, added

    def _lines(self, item: Item | None, register: str) -> list[str]:
        return ntriples(item, self._schemas[register], self._base) if item else []

    def _boundaries(self, folder: Path, changed: bool) -> None:
        if self._old is not None and not changed:
            shutil.copytree(
                self._old.folder / "boundaries", folder, copy_function=os.link
            )
            return
        folder.mkdir()
        self._progress("boundaries", 0, None)
        held = self._log.size(BOUNDARY) and BOUNDARY in self._schemas
        records = self._log.iter_records(BOUNDARY) if held else iter(())
        drawn = (boundary_of(record.item, self._schemas) for record in records)
        BoundaryIndex.build(drawn).save(folder)

    def _positions(self, folder: Path, schema: Schema, changed: bool) -> None:
        file = folder / f"{schema.register}.arrow"
        if self._old is not None and not changed:
            os.link(self._old.folder / "positions" / file.name, file)
            return
        keys, lons, lats = [], [], []
        for record in self._log.iter_records(schema.register):
            value = record.item.get(schema.geometry or "")
            place = lon_lat_of(value) if isinstance(value, str) else None
            if place is not None:
                keys.append(record.entry.key)
                lons.append(place[0])
                lats.append(place[1])
        self._progress(f"positions: {schema.register}", len(keys), len(keys))
        PositionIndex.build(keys, np.array(lons), np.array(lats)).save(file)


def boundary_of(item: Item, schemas: Schemas) -> Boundary:
    """A record of the boundary register, with its geometry read.

    Its layer is that of the register its area is in; failing that, the register.
    """
    text = {name: value for name, value in item.items() if isinstance(value, str)}
    register, _, code = text["area"].partition(":")
    layer = schemas[register].area_layer if register in schemas else None
    drawn = parse_wkt_literal(text["geometry"])
    return Boundary(
        key=text["boundary"],
        area_register=register,
        area=code,
        name=text.get("name", code),
        layer=layer or register,
        vintage=text["vintage"],
        start=text.get("start-date"),
        end=text.get("end-date"),
        resolution=text["resolution"],
        crs=drawn.crs,
        geometry=drawn.shape,
    )


def _fingerprint(schemas: Schemas) -> str:
    """Changes when any schema or the ontology does."""
    texts = [repr(schema) for schema in schemas.values()]
    return item_hash("\n".join([*texts, *_named_lines(schemas)])).hex()


def _named_lines(schemas: Schemas) -> list[str]:
    """The vocabulary's N-Triples lines, without those that need a blank node."""
    text = schemas.ontology.serialize(format="nt")
    return sorted(line for line in text.splitlines() if line and "_:" not in line)


def _write(path: Path, text: str) -> None:
    """Replace a file's content so that a crash leaves the old one or the new."""
    beside = path.with_suffix(".new")
    with beside.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.rename(path)
