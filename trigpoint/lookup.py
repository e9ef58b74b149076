"""Where is it: the areas of a point, with the councils that govern them.

The boundary index says which boundaries cover the point; the records say the rest:
what the area is called, which council governs it, in which larger areas it lies. Areas
without a boundary of their own (regions, say) come in by those links.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from trigpoint.dates import days_of, held_span, today
from trigpoint.errors import (
    InvalidParameter,
    NoSuchRecord,
    NoSuchRegister,
    Withheld,
)
from trigpoint.iris import ONTOLOGY, record_iri
from trigpoint.log.entry import Record
from trigpoint.schema.rdf import link_target
from trigpoint.schema.shape import GEO
from trigpoint.snapshot import Snapshot
from trigpoint.spatial.boundaries import BoundaryIndex, Located
from trigpoint.spatial.crs import Point
from trigpoint.spatial.layers import LAYERS, layer_rank

# What the links of an area mean, by the property that their shape gives them.
SF_WITHIN = f"{GEO}sfWithin"
GOVERNED_BY = f"{ONTOLOGY}governedBy"
COUNCIL_LAYERS = ("combined-authority", "county", "district")
_MAX_DEPTH = 8  # areas within areas; more would be a loop in the records


@dataclass(frozen=True)
class Area:
    """An area that holds a point.

    `relation` is how the point stands to its border: `inside`, `border`, or `within`
    for an area that is known only to contain one of the others. `boundary` is the key
    of the boundary that was used.
    """

    layer: str
    register: str
    code: str
    name: str | None
    relation: str
    boundary: str | None
    authority: tuple[str, str, str | None] | None
    within: tuple[tuple[str, str], ...]

    def as_json(self, base: str) -> dict[str, Any]:
        body: dict[str, Any] = {
            "@id": record_iri(base, self.register, self.code),
            "layer": self.layer,
            "register": self.register,
            "code": self.code,
            "name": self.name,
            "relation": self.relation,
        }
        if self.boundary:
            body["boundary"] = record_iri(base, "boundary", self.boundary)
        if self.authority:
            register, key, name = self.authority
            body["authority"] = {
                "@id": record_iri(base, register, key),
                "register": register,
                "key": key,
                "name": name,
            }
        return body


def answer(
    registers: Snapshot,
    boundaries: BoundaryIndex,
    point: Point,
    at: str | None = None,
    layers: Collection[str] | None = None,
) -> dict[str, Any]:
    """What a point look-up says, as JSON members.

    `boundaries` are those of `registers`: of a view, or of the log as of a size.
    `areas` lists every area that holds the point. `councils` are those that govern it,
    upper tier first: on a border, that of the lowest code of each layer. When nothing
    covers the point, `nearest` says which district is, and how far away.
    """
    day = days_of(at)[0] if at else today()
    areas = areas_of(registers, boundaries, point, day, layers)
    body: dict[str, Any] = {
        "point": {
            "lon": round(point.lon, 8),
            "lat": round(point.lat, 8),
            "crs": point.crs,
            "coordinates": list(point.coordinates),
            "accuracy-metres": point.accuracy,
        },
        "at": day,
        "areas": [area.as_json(registers.base) for area in areas],
        "councils": [
            area.as_json(registers.base)["authority"]
            for layer in COUNCIL_LAYERS
            for area in [a for a in areas if a.layer == layer and a.authority][:1]
        ],
    }
    if not areas and layers is None:
        body["nearest"] = _nearest(registers, boundaries, point, day)
    return body


def _nearest(
    registers: Snapshot, index: BoundaryIndex, point: Point, day: str
) -> dict[str, Any] | None:
    found = index.nearest_area(point.lon, point.lat, day) if index.layers else None
    if found is None:
        return None
    boundary, metres = found
    area = _drawn(registers, Located(boundary, "inside"), day)
    if area is None:
        return None
    distance = {"relation": "outside", "distance-metres": round(metres, 1)}
    return {**area.as_json(registers.base), **distance}


def areas_of(
    registers: Snapshot,
    index: BoundaryIndex,
    point: Point,
    at: str,
    layers: Collection[str] | None = None,
) -> list[Area]:
    """Every area that holds the point on a day, largest layer first, lowest code first.

    A point on a border is in all the areas that share it, each with the relation
    `border`. `layers` keeps those layers only. Raises InvalidParameter for a date or
    a layer that is none.
    """
    known = {*LAYERS, *index.layers}
    if layers is not None and not known.issuperset(layers):
        raise InvalidParameter(
            f"no such layer: known are {', '.join(sorted(known, key=layer_rank))}",
            parameter="layer",
        )
    found = index.locate_point(point, at)
    drawn = [_drawn(registers, one, at) for one in found]
    areas = {area.code: area for area in drawn if area}
    waiting = [target for area in areas.values() for target in area.within]
    for _ in range(_MAX_DEPTH):
        linked = [_linked(registers, *target, at) for target in waiting]
        fresh = {a.code: a for a in linked if a and a.code not in areas}
        areas |= fresh
        waiting = [target for area in fresh.values() for target in area.within]
    kept = [a for a in areas.values() if layers is None or a.layer in layers]
    return sorted(kept, key=lambda area: (layer_rank(area.layer), area.code))


def _drawn(registers: Snapshot, located: Located, day: str) -> Area | None:
    """An area that has a boundary, with what its record says, if there is one.

    None when the area did not exist on that day: an outline whose own dates are not
    known held no longer than the area that it bounds.
    """
    boundary = located.boundary
    record = _record(registers, boundary.area_register, boundary.area)
    if record is not None and not _held(registers, record, day):
        return None
    return Area(
        layer=boundary.layer,
        register=boundary.area_register,
        code=boundary.area,
        name=boundary.name,
        relation=located.relation,
        boundary=boundary.key,
        authority=_authority(registers, record, day),
        within=_links(registers, record, SF_WITHIN),
    )


def _held(registers: Snapshot, record: Record, day: str) -> bool:
    """Whether a record held on a day, by its own dates."""
    schema = registers.schemas[record.register]
    first, last = held_span(_text(record, schema.start), _text(record, schema.end))
    return first <= day <= last


def _linked(registers: Snapshot, register: str, code: str, day: str) -> Area | None:
    """An area known by a link to it, if it is one and held on that day."""
    record = _record(registers, register, code)
    schema = registers.schemas[register] if record else None
    if record is None or schema is None or schema.area_layer is None:
        return None
    if not _held(registers, record, day):
        return None
    return Area(
        layer=schema.area_layer,
        register=register,
        code=code,
        name=_text(record, "name"),
        relation="within",
        boundary=None,
        authority=_authority(registers, record, day),
        within=_links(registers, record, SF_WITHIN),
    )


def _authority(
    registers: Snapshot, record: Record | None, day: str
) -> tuple[str, str, str | None] | None:
    """Register, key and name of the council that governed an area on a day."""
    for register, key in _links(registers, record, GOVERNED_BY):
        council = _record(registers, register, key)
        if council is None:
            return register, key, None
        if _held(registers, council, day):
            return register, key, _text(council, "name")
    return None


def _links(
    registers: Snapshot, record: Record | None, path: str
) -> tuple[tuple[str, str], ...]:
    """Register and key of each value of the fields with this property."""
    if record is None:
        return ()
    found = []
    for field in registers.schemas[record.register].fields:
        if field.path == path and field.name in record.item:
            value = record.item[field.name]
            values = value if isinstance(value, list) else [value]
            found += [link_target(one, field) for one in values]
    return tuple(found)


def _record(registers: Snapshot, register: str, key: str) -> Record | None:
    if register not in registers.schemas:
        return None
    try:
        return registers.log.record(register, key)
    except (NoSuchRegister, NoSuchRecord, Withheld):
        return None


def _text(record: Record, name: str | None) -> str | None:
    value = record.item.get(name) if name else None
    return value if isinstance(value, str) else None
