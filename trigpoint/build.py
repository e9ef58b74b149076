"""Building one version of the views: each part from the log, or from the last version.

What did not change since the last version is a hard link to it. What did is a delta to
the store, or a new file.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain
from pathlib import Path

import polars as pl

from trigpoint.catalogue import catalogue_lines, provenance_lines, set_lines
from trigpoint.counts import GraphCounts, read_counts
from trigpoint.derived import AreasBuild, GraphChange
from trigpoint.errors import InvalidInput
from trigpoint.graph.store import GraphView
from trigpoint.iris import graph_iri
from trigpoint.log.entry import Record
from trigpoint.log.reader import LogReader
from trigpoint.placed import Places
from trigpoint.schema.catalogue import Schemas
from trigpoint.schema.items import Item
from trigpoint.schema.lines import split
from trigpoint.schema.tally import Tally
from trigpoint.spatial.boundaries import BoundaryIndex
from trigpoint.spatial.boundary import Boundary, check_boundary
from trigpoint.spatial.coverages import measure_all, save_coverages
from trigpoint.spatial.geometry import parse_wkt_literal
from trigpoint.spatial.links import KEY, LAT, LON, AreaLinks
from trigpoint.spatial.nearest import PositionIndex
from trigpoint.triples import MANY, RegisterTriples
from trigpoint.view import COUNTS, Progress, View

BOUNDARY = "boundary"
AREAS, POSITIONS = "areas", "positions"
_LOG = logging.getLogger(__name__)


class Build:
    """Writes one version's parts, each from the last version's where that will do."""

    def __init__(
        self,
        log: LogReader,
        schemas: Schemas,
        base: str,
        progress: Progress,
    ) -> None:
        self._log = log
        self._schemas = schemas
        self._base = base
        self._old: View | None = None
        self._progress = progress

    def write(self, folder: Path, sizes: dict[str, int], old: View | None) -> None:
        """Fill an empty folder with the view of the log at `sizes`, from `old` as far
        as that goes. Raises ViewDamaged, ViewOutdated or FileNotFoundError when parts
        of `old` cannot be used."""
        self._old = old
        before = self._old.sizes if self._old else {}
        changed = {name for name, size in sizes.items() if before.get(name) != size}
        self._boundaries(folder / "boundaries", BOUNDARY in changed)
        index = BoundaryIndex.open(folder / "boundaries")
        places = self._places(folder, sizes, changed, index)
        self._graph(folder, sorted(changed), index, places)

    def _places(
        self,
        folder: Path,
        sizes: Iterable[str],
        changed: set[str],
        index: BoundaryIndex,
    ) -> Iterator[Callable[[], list[GraphChange]]]:
        """Read the places of records, and then write their positions and links to
        areas: register by register, as what is still to do with it, which says what it
        changes in graphs. All of it has to be done."""
        for part in (AREAS, POSITIONS):
            (folder / part).mkdir()
        # Without an index of positions is a register in which no record has one.
        placed = set(os.listdir(self._old.folder / POSITIONS)) if self._old else set()
        same = self._old is not None and BOUNDARY not in changed
        areas = AreasBuild(
            Places(self._log, self._schemas), self._base, index, self._old, same=same
        )
        for name in sizes:
            if self._schemas[name].geometry is None or name == BOUNDARY:
                continue
            file = f"{name}.arrow"
            path, indexed = folder / AREAS / file, None
            if self._old is None or name in changed:
                indexed = folder / POSITIONS / file
            elif file in placed:
                os.link(self._old.folder / POSITIONS / file, folder / POSITIONS / file)
            if self._old is not None and same and name not in changed:
                os.link(self._old.folder / AREAS / file, path)
                continue
            self._progress(f"areas: {name}", 0, None)
            yield partial(_place, areas, name, areas.read(name), path, indexed)

    def _graph(
        self,
        folder: Path,
        changed: list[str],
        index: BoundaryIndex,
        places: Iterable[Callable[[], list[GraphChange]]],
    ) -> None:
        catalogue = catalogue_lines(self._log, self._schemas.values(), self._base)
        if BOUNDARY in self._schemas:
            drawn = self._schemas[BOUNDARY]
            catalogue += set_lines(self._log, index, drawn, self._base)
        named = {
            "catalogue": catalogue,
            "provenance": provenance_lines(self._log, self._base),
        }
        graphs = {graph_iri(self._base, name): lines for name, lines in named.items()}
        if self._old is None:
            graphs[graph_iri(self._base, "ontology")] = self._schemas.ontology_lines
            with GraphView.build(folder / "graph", (), graphs) as graph:
                counts = GraphCounts()
                self._fill(graph, changed, places, counts)
        else:
            with (
                GraphView.open(self._old.graph) as last,
                last.fork(folder / "graph") as graph,
            ):
                for iri, lines_of in graphs.items():
                    graph.replace_graph(iri, lines_of)
                counts = read_counts(self._old.folder / COUNTS)
                self._fill(graph, changed, places, counts)
        for iri, lines_of in graphs.items():
            counts.graphs[iri] = _tally(lines_of)
        counts.save(folder / COUNTS)

    def _fill(
        self,
        graph: GraphView,
        changed: list[str],
        places: Iterable[Callable[[], list[GraphChange]]],
        counts: GraphCounts,
    ) -> None:
        """Bring records and their links to areas up to date: what is much in one bulk
        load, and the rest after it, since the engine does not stand two at a time. What
        that changes is counted.

        Places are worked on beside the load. The log was read for them before, since
        another thread would see another state of it.
        """
        removed: list[pl.Series] = []
        few: list[pl.Series] = []
        least = 0 if self._old is None else MANY
        with ThreadPoolExecutor(1) as thread:
            begun = [thread.submit(work) for work in places]

            def much() -> Iterator[pl.Series]:
                for name in changed:
                    since = self._old.sizes.get(name, 0) if self._old else 0
                    tally = counts.of_register(name)
                    texts = self._triples(name).texts(since, removed, tally)
                    if self._log.size(name) - since >= least:
                        yield from texts
                    else:
                        few.extend(texts)
                for change in chain.from_iterable(one.result() for one in begun):
                    if len(change.added) >= least:
                        yield from change.quads()

            try:
                graph.load(much())
            except BaseException:
                thread.shutdown(cancel_futures=True)
                raise
        graph.apply(_lines(removed), _lines(few))
        for change in chain.from_iterable(one.result() for one in begun):
            added = change.added if len(change.added) < least else ()
            graph.apply(change.removed, added, change.iri)
            counts.change_graph(change.iri, change.tally)

    def _triples(self, name: str) -> RegisterTriples:
        schema = self._schemas[name]
        return RegisterTriples(self._log, schema, self._base, self._progress)

    def _boundaries(self, folder: Path, changed: bool) -> None:
        if self._old is not None and not changed:
            shutil.copytree(
                self._old.folder / "boundaries", folder, copy_function=os.link
            )
            return
        folder.mkdir()
        self._progress("boundaries", 0, None)
        index = boundary_index(self._log, self._schemas)
        index.save(folder)
        known = () if self._old is None else self._old.coverages
        save_coverages(measure_all(index.boundaries, known), folder)


def _place(
    areas: AreasBuild,
    register: str,
    places: pl.DataFrame,
    path: Path,
    indexed: Path | None,
) -> list[GraphChange]:
    """Write the links of a register to areas, and index the positions; of a register
    in which no record has one there is no index."""
    changes = list(areas.write(path, register, places))
    placed = AreaLinks.open(path).positions() if indexed else None
    if indexed and placed is not None and len(placed):
        lons, lats = placed[LON].to_numpy(), placed[LAT].to_numpy()
        PositionIndex.build(placed[KEY].to_arrow(), lons, lats).save(indexed)
    return changes


def _tally(lines: Iterable[str]) -> Tally:
    tally = Tally()
    tally.add_lines(pl.Series(list(lines), dtype=pl.String).unique())
    return tally


def _lines(texts: Iterable[pl.Series]) -> Iterator[str]:
    return (line for column in texts for line in split(column))


def boundary_index(log: LogReader, schemas: Schemas) -> BoundaryIndex:
    """An index of the boundaries that the log holds, or held as of its size."""
    held = log.size(BOUNDARY) and BOUNDARY in schemas
    records = log.iter_records(BOUNDARY) if held else iter(())
    return BoundaryIndex.build(_drawn(records, schemas))


def _drawn(records: Iterable[Record], schemas: Schemas) -> Iterator[Boundary]:
    """The boundaries that can be indexed. The gate lets no other in; should the log
    hold one all the same, the view goes without it and says so."""
    for record in records:
        try:
            boundary = boundary_of(record.item, schemas)
            check_boundary(boundary)
        except (InvalidInput, KeyError) as error:
            _LOG.warning("boundary %s is not indexed: %s", record.entry.key, error)
        else:
            yield boundary


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
