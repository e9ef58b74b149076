"""What a release of boundaries does to the sets that it is part of, before it is in.

The sets are measured as they will stand: the rows that the gate accepts, and the
records that the register holds besides. What is found refuses nothing, since a release
cannot be mended by leaving rows out; it is for the custodian to see.
"""

from __future__ import annotations

from collections.abc import Iterator

from trigpoint.build import BOUNDARY, boundary_of
from trigpoint.errors import InvalidInput
from trigpoint.gate import terms
from trigpoint.gate.gate import split
from trigpoint.gate.terms import Severity
from trigpoint.gate.violation import Violation
from trigpoint.loading import Judged, Loading
from trigpoint.schema.items import Item
from trigpoint.schema.shape import Schema
from trigpoint.spatial.boundary import Boundary, check_boundary
from trigpoint.spatial.coverage import Coverage, Flaw, Kind
from trigpoint.spatial.coverages import measure_all
from trigpoint.staging import ROW

_COMPONENTS: dict[Kind, str] = {
    "overlap": terms.OVERLAP,
    "gap": terms.GAP,
    "opening": terms.OPENING,
}
_SAID: dict[Kind, str] = {
    "overlap": "the areas overlap",
    "gap": "there is a gap between the areas",
    "opening": "there is an opening in the areas: water, or an area that is missing",
}
_SPECK = 1.0  # square metres: less is what rounding to five decimals leaves


def fit(loading: Loading, judged: Judged) -> list[Coverage]:
    """Measure the sets that rows of the boundary register are part of, and add what is
    found to their report: of other registers, nothing."""
    if judged.load.register != BOUNDARY:
        return []
    rows: dict[str, int] = {}
    drawn = {one.key: one for one in _accepted(loading, judged, rows)}
    touched = {_set(one) for one in drawn.values()}
    for one in _held(loading) if touched else ():
        if one.key not in drawn and _set(one) in touched:
            drawn[one.key] = one
    coverages = measure_all(drawn.values())
    schema = loading.schemas[BOUNDARY]
    for coverage in coverages:
        for flaw in coverage.flaws:
            judged.report.add(_finding(flaw, rows, schema))
    return coverages


def _accepted(
    loading: Loading, judged: Judged, rows: dict[str, int]
) -> Iterator[Boundary]:
    """The boundaries of the rows accepted; `rows` takes their numbers by key."""
    schema = loading.schemas[BOUNDARY]
    for batch in judged.rows.batches():
        accepted, _ = split(batch, judged.report, BOUNDARY)
        for row in accepted.iter_rows(named=True):
            item = {n: row[n] for n in schema.names if row.get(n) is not None}
            rows[item[schema.key]] = row[ROW]
            yield from _boundary(loading, item)


def _held(loading: Loading) -> Iterator[Boundary]:
    if loading.log.size(BOUNDARY):
        for record in loading.log.iter_records(BOUNDARY):
            yield from _boundary(loading, record.item)


def _boundary(loading: Loading, item: Item) -> Iterator[Boundary]:
    """The boundary of an item, unless it cannot be drawn: then it is not indexed."""
    try:
        boundary = boundary_of(item, loading.schemas)
        check_boundary(boundary)
    except (InvalidInput, KeyError):
        return
    yield boundary


def _set(one: Boundary) -> tuple[str, str, str, str]:
    return one.layer, one.vintage, one.resolution, one.crs


def _finding(flaw: Flaw, rows: dict[str, int], schema: Schema) -> Violation:
    """A flaw as the gate says things; under the first of its rows, if it has any."""
    mine = [key for key in flaw.boundaries if key in rows]
    key = mine[0] if mine else None
    field = schema.field(schema.geometry or schema.key)
    severe = flaw.kind != "opening" and flaw.area >= _SPECK
    severity: Severity = "warning" if severe else "info"
    return Violation(
        register=schema.register,
        row=None if key is None else rows[key],
        key=key,
        field=field.name,
        value=None,
        path=field.path,
        component=_COMPONENTS[flaw.kind],
        severity=severity,
        shape=field.shape,
        message=f"{_SAID[flaw.kind]} ({', '.join(flaw.boundaries)}): "
        f"{flaw.area:,.2f} m², {flaw.width:.2f} m wide on average, at "
        f"{flaw.lon:.6f}, {flaw.lat:.6f}",
    )
