"""What holds a position on a day: areas, the councils that govern them, larger areas.

The boundary index says which boundaries cover a point; the records say the rest: what
the area is called, which council governs it, in which larger areas it lies. Areas
without a boundary of their own (regions, say) come in by those links. None of that
depends on the point, so it is worked out once for each boundary and then kept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from trigpoint.dates import held_span
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
from trigpoint.spatial.boundaries import BoundaryIndex
from trigpoint.spatial.boundary import Boundary
from trigpoint.spatial.crs import Point
from trigpoint.spatial.layers import LAYERS, layer_rank

# What the links of an area mean, by the property that their shape gives them.
SF_WITHIN = f"{GEO}sfWithin"
GOVERNED_BY = f"{ONTOLOGY}governedBy"
COUNCIL_LAYERS = ("combined-authority", "county", "district")  # upper tier first
_MAX_DEPTH = 8  # areas within areas; more would be a loop in the records

Key = tuple[str, str]  # a register, and the key of one of its records


@dataclass(frozen=True)
class Area:
    """An area that holds a point.

    `relation` is how the point stands to its border: `inside`, `border`, or `within`
    for an area that is known only to contain one of the others. `boundary` is the key
    of the boundary that was used; `authority` register, key and name of the council
    that governed the area on that day.
    """

    base: str
    layer: str
    register: str
    code: str
    name: str | None
    relation: str
    boundary: str | None
    authority: tuple[str, str, str | None] | None
    within: tuple[Key, ...]

    @cached_property
    def order(self) -> tuple[tuple[int, str], str]:
        """Sort key of answers: largest layer first, then lowest code."""
        return layer_rank(self.layer), self.code

    @cached_property
    def document(self) -> dict[str, Any]:
        """The area as JSON members; made once, so not to be changed."""
        body: dict[str, Any] = {
            "@id": record_iri(self.base, self.register, self.code),
            "layer": self.layer,
            "register": self.register,
            "code": self.code,
            "name": self.name,
            "relation": self.relation,
        }
        if self.boundary:
            body["boundary"] = record_iri(self.base, "boundary", self.boundary)
        if self.authority:
            register, key, name = self.authority
            body["authority"] = {
                "@id": record_iri(self.base, register, key),
                "register": register,
                "key": key,
                "name": name,
            }
        return body


class Areas:
    """The areas of one day, as `boundaries` and the records of `registers` have them.

    What was read once is kept, so an instance is of one state of the log: whoever
    holds one asks `holds` before using it again. Safe to share between threads, which
    may see the log in different states: what two of them read is not used again.
    """

    def __init__(
        self, registers: Snapshot, boundaries: BoundaryIndex, day: str
    ) -> None:
        """`boundaries` are those of `registers`: of a view, or of the log as of a size;
        `day` is `YYYY-MM-DD`."""
        self.registers = registers
        self.boundaries = boundaries
        self.day = day
        self._withheld = registers.log.withheld_count()
        # The size of each register that was read, taken before its first record was:
        # what comes later is then seen to have come.
        self._sizes: dict[str, int | None] = {}
        self._mixed = False
        self._records: dict[Key, Record | None] = {}
        self._chains: dict[tuple[str, str], tuple[Area, ...]] = {}

    def holds(self) -> bool:
        """Whether the log, as this thread sees it, is that of what was read: nothing is
        newer or older in those registers, and nothing more is withheld."""
        log = self.registers.log
        sizes = log.sizes()
        return (
            not self._mixed
            and log.withheld_count() == self._withheld
            and all(sizes.get(n) == size for n, size in tuple(self._sizes.items()))
        )

    def of(self, row: int) -> tuple[Area, ...]:
        """The area that row `row` of `boundaries.boundaries` bounds, as `inside`, then
        those that it lies in by links, as `within`.

        Empty when the area did not exist on that day: an outline whose own dates are
        not known held no longer than the area that it bounds.
        """
        return self.of_boundary(self.boundaries.boundaries[row])

    def of_boundary(
        self, boundary: Boundary, relation: str = "inside"
    ) -> tuple[Area, ...]:
        """The same for a boundary, with the relation that a point has to it."""
        known = self._chains.get((boundary.key, relation))
        if known is None:
            if relation == "inside":
                known = self._chain(boundary)
            else:
                first = self.of_boundary(boundary)[:1]
                rest = self.of_boundary(boundary)[1:]
                known = (*(replace(one, relation=relation) for one in first), *rest)
            self._chains[boundary.key, relation] = known
        return known

    def at(self, point: Point, layers: Collection[str] | None = None) -> list[Area]:
        """Every area that holds a point, largest layer first, lowest code first.

        A point on a border is in all the areas that share it, each with the relation
        `border`. `layers` keeps those layers only. Raises InvalidParameter for a layer
        that is none.
        """
        if layers is not None:
            self.check_layers(layers)
        found = self.boundaries.locate_point(point, self.day)
        return self.together(((one.boundary, one.relation) for one in found), layers)

    def together(
        self,
        found: Iterable[tuple[Boundary, str]],
        layers: Collection[str] | None = None,
    ) -> list[Area]:
        """The areas of a point that these boundaries cover, each with its relation to
        the point; in the order of `at`."""
        chains = [self.of_boundary(boundary, relation) for boundary, relation in found]
        areas = {area.code: area for chain in chains for area in chain[:1]}
        for chain in chains:
            for area in chain[1:]:
                areas.setdefault(area.code, area)
        kept = [a for a in areas.values() if layers is None or a.layer in layers]
        return sorted(kept, key=lambda area: area.order)

    def check_layers(self, layers: Collection[str]) -> None:
        """Raises InvalidParameter for a layer that is none."""
        known = {*LAYERS, *self.boundaries.layers}
        if not known.issuperset(layers):
            raise InvalidParameter(
                f"no such layer: known are {', '.join(sorted(known, key=layer_rank))}",
                parameter="layer",
            )

    def _chain(self, boundary: Boundary) -> tuple[Area, ...]:
        drawn = self._drawn(boundary)
        if drawn is None:
            return ()
        areas, waiting = {drawn.code: drawn}, list(drawn.within)
        for _ in range(_MAX_DEPTH):
            linked = [self._linked(*target) for target in waiting]
            fresh = {a.code: a for a in linked if a and a.code not in areas}
            areas |= fresh
            waiting = [target for area in fresh.values() for target in area.within]
        return tuple(areas.values())

    def _drawn(self, boundary: Boundary) -> Area | None:
        """An area that has a boundary, with what its record says, if there is one."""
        record = self._record(boundary.area_register, boundary.area)
        if record is not None and not self._held(record):
            return None
        return Area(
            base=self.registers.base,
            layer=boundary.layer,
            register=boundary.area_register,
            code=boundary.area,
            name=boundary.name,
            relation="inside",
            boundary=boundary.key,
            authority=self._authority(record),
            within=self._links(record, SF_WITHIN),
        )

    def _linked(self, register: str, code: str) -> Area | None:
        """An area known by a link to it, if it is one and held on that day."""
        record = self._record(register, code)
        layer = self.registers.schemas[register].area_layer if record else None
        if record is None or layer is None or not self._held(record):
            return None
        return Area(
            base=self.registers.base,
            layer=layer,
            register=register,
            code=code,
            name=_text(record, "name"),
            relation="within",
            boundary=None,
            authority=self._authority(record),
            within=self._links(record, SF_WITHIN),
        )

    def _authority(self, record: Record | None) -> tuple[str, str, str | None] | None:
        """Register, key and name of the council that governed an area on the day."""
        for register, key in self._links(record, GOVERNED_BY):
            council = self._record(register, key)
            if council is None:
                return register, key, None
            if self._held(council):
                return register, key, _text(council, "name")
        return None

    def _held(self, record: Record) -> bool:
        """Whether a record held on the day, by its own dates."""
        schema = self.registers.schemas[record.register]
        first, last = held_span(_text(record, schema.start), _text(record, schema.end))
        return first <= self.day <= last

    def _links(self, record: Record | None, path: str) -> tuple[Key, ...]:
        """Register and key of each value of the fields with this property."""
        if record is None:
            return ()
        found = []
        for field in self.registers.schemas[record.register].fields:
            if field.path == path and field.name in record.item:
                value = record.item[field.name]
                values = value if isinstance(value, list) else [value]
                found += [link_target(one, field) for one in values]
        return tuple(found)

    def _record(self, register: str, key: str) -> Record | None:
        """A record, read once; None for one that is not held, or withheld."""
        if register not in self.registers.schemas:
            return None
        if (register, key) not in self._records:
            log = self.registers.log
            size = log.sizes().get(register)
            if self._sizes.setdefault(register, size) != size:
                self._mixed = True
            try:
                found = log.record(register, key)
            except (NoSuchRegister, NoSuchRecord, Withheld):
                found = None
            self._records[register, key] = found
        return self._records[register, key]


def governed(found: Iterable[Area]) -> list[Area]:
    """Of the areas that hold a point, in order, those by whose councils it is governed,
    upper tier first: on a border, that of the lowest code of each layer."""
    with_council = [area for area in found if area.authority]
    return [
        area
        for layer in COUNCIL_LAYERS
        for area in [a for a in with_council if a.layer == layer][:1]
    ]


def _text(record: Record, name: str | None) -> str | None:
    value = record.item.get(name) if name else None
    return value if isinstance(value, str) else None
