"""Derived links: each record with a position and the areas that cover it, by geometry.

What records declare stays theirs; these links stand beside, in one named graph for each
set of boundaries: `geo:sfWithin` from a record inside an area, `geo:sfTouches` from one
on its border, where sfWithin does not hold (OGC 22-047r1, section 9.2; OGC 06-103r4,
section 6.1.15.3). A record is located again when it changes, and all are when the
boundaries do; the graphs get what differs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from trigpoint.iris import areas_graph_iri, record_iri
from trigpoint.placed import Places
from trigpoint.schema.columns import record_iri_of
from trigpoint.schema.shape import GEO
from trigpoint.schema.tally import Tally
from trigpoint.spatial.boundaries import BoundaryIndex
from trigpoint.spatial.links import KEY, AreaLinks
from trigpoint.view import View

SF_WITHIN, SF_TOUCHES = f"{GEO}sfWithin", f"{GEO}sfTouches"
FOLDER = "areas"
_GRAPH, _LINE, _AREA = "graph", "line", "area"
_LINES = {_GRAPH: pl.String, _LINE: pl.String}


@dataclass(frozen=True)
class GraphChange:
    """Lines to take out of one named graph and to put in: N-Triples, no line feeds.
    `tally` counts what that changes."""

    iri: str
    removed: pl.Series
    added: pl.Series
    tally: Tally

    def quads(self) -> Iterator[pl.Series]:
        """What is added as N-Quads with their line feeds, a part at a time."""
        for part in self.added.to_frame().iter_slices():
            yield part.to_series().str.strip_suffix(".") + f"<{self.iri}> .\n"


class AreasBuild:
    """Writes the links of one version of the views, from the last one where it can.

    `boundaries` are those of the version being built, and `same` says that `old` has
    them too. Without `old` nothing is taken over.
    """

    def __init__(
        self,
        places: Places,
        base: str,
        boundaries: BoundaryIndex,
        old: View | None,
        *,
        same: bool,
    ) -> None:
        self._places = places
        self._base = base
        self._boundaries = boundaries
        self._old = old
        self._same = same
        self._areas = area_rows(boundaries, base)
        before = old.boundaries if old and not same else None
        self._areas_before = area_rows(before, base) if before else self._areas

    def read(self, register: str) -> pl.DataFrame:
        """The places of the records to locate: of all, or of those that changed."""
        old = self._amendable(register)
        since = self._old.sizes.get(register, 0) if self._old and old else 0
        return self._places.since(register, since)

    def write(
        self, path: Path, register: str, places: pl.DataFrame
    ) -> Iterator[GraphChange]:
        """Write the file of one register, of which `read` gave the places, and then
        yield what it changes in graphs."""
        old = self._amendable(register)
        if old is None:
            before = self._old.areas.get(register) if self._old else None
            links, keys = AreaLinks.build(places, self._boundaries), None
        else:
            before, keys = old, places[KEY]
            links = old.amended(places, self._boundaries)
        links.save(path)
        was = self._lines(before, register, keys, self._areas_before)
        yield from _differences(was, self._lines(links, register, keys, self._areas))

    def _amendable(self, register: str) -> AreaLinks | None:
        """The links of before, if those of unchanged records still hold."""
        return self._old.areas.get(register) if self._old and self._same else None

    def _lines(
        self,
        links: AreaLinks | None,
        register: str,
        keys: pl.Series | None,
        areas: pl.DataFrame,
    ) -> pl.DataFrame:
        """Which lines stand in which graphs for all records, or those of `keys`."""
        if links is None:
            return pl.DataFrame(schema=_LINES)
        touches = pl.when("on_border").then(pl.lit(f"> <{SF_TOUCHES}> <"))
        line = pl.concat_str(
            pl.lit("<"),
            record_iri_of(pl.col(KEY), register, self._base),
            touches.otherwise(pl.lit(f"> <{SF_WITHIN}> <")),
            _AREA,
            pl.lit("> ."),
        )
        found = links.pairs(keys).join(areas, on="row")
        return found.select(_GRAPH, line.alias(_LINE))


def _differences(before: pl.DataFrame, after: pl.DataFrame) -> Iterator[GraphChange]:
    """What makes the lines of after from those of before, graph by graph."""
    if before.is_empty() or after.is_empty():
        removed, added = before, after
    else:
        removed = before.join(after, on=[_GRAPH, _LINE], how="anti")
        added = after.join(before, on=[_GRAPH, _LINE], how="anti")
    graphs = pl.concat([removed[_GRAPH], added[_GRAPH]]).unique().sort()
    for graph in graphs.to_list():
        of_it = pl.col(_GRAPH) == graph
        out, into = (part.filter(of_it)[_LINE] for part in (removed, added))
        tally = Tally()
        tally.add_lines(into.unique())
        tally.add_lines(out.unique(), -1)
        yield GraphChange(graph, out, into, tally)


def link_line(record: str, area: str, *, on_border: bool) -> str:
    """One link as an N-Triples line, from the IRIs of a record and an area."""
    return f"<{record}> <{SF_TOUCHES if on_border else SF_WITHIN}> <{area}> ."


def area_rows(boundaries: BoundaryIndex, base: str) -> pl.DataFrame:
    """The `graph` and the `area` (an IRI) of each `row` of an index."""
    rows = boundaries.boundaries
    named = zip(rows.texts("area_register"), rows.texts("area"), strict=True)
    columns = {
        "row": range(len(rows)),
        _GRAPH: [areas_graph_iri(base, *of) for of in rows.sets],
        _AREA: [record_iri(base, *one) for one in named],
    }
    schema = {"row": pl.Int32, _GRAPH: pl.String, _AREA: pl.String}
    return pl.DataFrame(columns, schema=schema)
