"""Building one version of the views: each part from the log, or from the last version.

What did not change since the last version is a hard link to it. What did is a delta to
the store, or a new file.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

from trigpoint.catalogue import catalogue_lines, provenance_lines, set_lines
from trigpoint.derived import AreasBuild, GraphChange
from trigpoint.errors import InvalidInput
from trigpoint.graph.store import GraphView
from trigpoint.iris import graph_iri
from trigpoint.log.entry import Record
from trigpoint.log.reader import LogReader
from trigpoint.placed import Places
from trigpoint.schema.catalogue import Schemas
from trigpoint.schema.items import Item
from trigpoint.spatial.boundaries import BoundaryIndex
from trigpoint.spatial.boundary import Boundary, check_boundary
from trigpoint.spatial.coverages import measure_all, save_coverages
from trigpoint.spatial.geometry import parse_wkt_literal
from trigpoint.spatial.links import KEY, LAT, LON, AreaLinks
from trigpoint.spatial.nearest import PositionIndex
from trigpoint.triples import MANY, RegisterTriples
from trigpoint.view import Progress, View

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
        links = self._places(folder, sizes, changed, index)
        self._graph(folder, sorted(changed), index, links)

    def _places(
        self,
        folder: Path,
        sizes: Iterable[str],
        changed: set[str],
        index: BoundaryIndex,
    ) -> Iterator[GraphChange]:
        """Write the positions of records and their links to areas; what these change
        in graphs comes as the files are written, so all of it has to be taken."""
        for part in (AREAS, POSITIONS):
            (folder / part).mkdir()
        # Without an index of positions is a register in which no record has one.
        placed = set(os.listdir(self._old.folder / POSITIONS)) if self._old else set()
        same = self._old is not None and BOUNDARY not in changed
        places = Places(self._log, self._schemas)
        areas = AreasBuild(places, self._base, index, self._old, same=same)
        for name in sizes:
            if self._schemas[name].geometry is None or name == BOUNDARY:
                continue
            file = f"{name}.arrow"
            if self._old is not None and same and name not in changed:
                os.link(self._old.folder / AREAS / file, folder / AREAS / file)
            else:
                self._progress(f"areas: {name}", 0, None)
                yield from areas.write(folder / AREAS / file, name)
            if self._old is None or name in changed:
                self._progress(f"positions: {name}", 0, None)
                _positions(folder / AREAS / file, folder / POSITIONS / file)
            elif file in placed:
                os.link(self._old.folder / POSITIONS / file, folder / POSITIONS / file)

    def _graph(
        self,
        folder: Path,
        changed: list[str],
        index: BoundaryIndex,
        links: Iterable[GraphChange],
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
                _link(graph, links)
                whole = (self._triples(name).all() for name in changed)
                graph.load(chain.from_iterable(whole))
            return
        with (
            GraphView.open(self._old.graph) as last,
            last.fork(folder / "graph") as graph,
        ):
            # What is most comes last: when it is in, the engine begins to tidy up, and
            # would do so beside the rest.
            for iri, lines_of in graphs.items():
                graph.replace_graph(iri, lines_of)
            _link(graph, links)
            for name in changed:
                self._triples(name).write(graph, self._old.sizes.get(name, 0))

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


def _positions(areas: Path, path: Path) -> None:
    """Index the positions that the links of a register to areas have; of one in which
    no record has a position there is no index."""
    placed = AreaLinks.open(areas).positions()
    if len(placed):
        lons, lats = placed[LON].to_numpy(), placed[LAT].to_numpy()
        PositionIndex.build(placed[KEY].to_arrow(), lons, lats).save(path)


def _link(graph: GraphView, links: Iterable[GraphChange]) -> None:
    """Bring the graphs of links to areas up to date."""
    for change in links:
        added = change.added
        if len(added) >= MANY:
            parts = added.to_frame().iter_slices()
            graph.load((part.to_series() + "\n" for part in parts), change.iri)
            added = added.clear()
        graph.apply(change.removed, added, change.iri)


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
