"""What a record declares of its area, beside what geometry says on a day.

A declared council agrees when it governs any area that holds the position, of whatever
tier; a declared area agrees when it holds the position, by its outline or by the links
of one that does. On a border each of the areas there will do. Where the two differ the
reason is given if it is certain, and else left open.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from trigpoint.dates import held_span
from trigpoint.errors import NoSuchRecord, NoSuchRegister, Withheld
from trigpoint.log.entry import Record
from trigpoint.placing import Area, Areas, Key
from trigpoint.schema.declared import Declaration
from trigpoint.schema.rdf import link_target

AGREES, DIFFERS, NOT_COMPARABLE = "agrees", "differs", "not-comparable"
REASONS: Mapping[str, str] = {
    "no-position": "the record has no position",
    "outside": "no area holds the position",
    "no-council": "no council is known of the areas that hold the position",
    "not-drawn": "no outline that counts lies in what is declared",
    "replaced": "what is declared had ended, and what replaced it is there",
    "ended": "what is declared had ended, and nothing that replaced it is there",
    "tolerance": "the border of what is declared is nearer than the tolerance to which "
    "its outline was generalised",
    "rounding": "the border of what is declared is nearer than the last decimals of "
    "the position can tell",
    "shared-position": "the position is that of the postcode, not of the thing itself",
    "linked": "it is declared of what the record links to, and true of that",
    "open": "the reason is not known",
    "unexamined": "more records differ than are looked into and listed",
}
_MAX_STEPS = 8  # successors of successors; more would be a loop in the records


@dataclass(frozen=True)
class Verdict:
    """How a declaration stands to the areas of a position; `reason` is of `REASONS`,
    None where they agree. `found` is what geometry says in its place."""

    outcome: str
    reason: str | None = None
    found: tuple[Key, ...] = ()


def said_by(declaration: Declaration, held: Iterable[Area]) -> set[Key]:
    """What geometry says where a field declares a council or an area: the councils of
    the areas that hold a position, or those areas."""
    if declaration.names == "council":
        return {area.authority[:2] for area in held if area.authority}
    return {(area.register, area.code) for area in held}


class Comparison:
    """The comparisons of one day; `areas` are those of the day."""

    def __init__(self, areas: Areas) -> None:
        self._areas = areas
        self._registers = areas.registers
        self._replaced: dict[Key, frozenset[Key] | None] = {}

    def compare(
        self, declaration: Declaration, value: str | None, rows: Iterable[int] | None
    ) -> Verdict | None:
        """The verdict on a declared value, where `rows` of the index that count on the
        day cover the position, or None without one; None when nothing is declared."""
        if value is None:
            return None
        if rows is None:
            return Verdict(NOT_COMPARABLE, "no-position")
        held = [area for row in rows for area in self._areas.of(row)]
        if not held:
            return Verdict(NOT_COMPARABLE, "outside")
        named, found = declaration.target(value), said_by(declaration, held)
        if named in found:
            return Verdict(AGREES)
        if not found:
            return Verdict(NOT_COMPARABLE, "no-council")
        heirs, there = self._heirs(named), self._like(named, declaration, held)
        if heirs is not None:
            reason = "ended" if heirs.isdisjoint(found) else "replaced"
            return Verdict(DIFFERS, reason, there)
        if not self.rows_of(declaration, named):
            return Verdict(NOT_COMPARABLE, "not-drawn")
        return Verdict(DIFFERS, "open", there)

    def rows_of(self, declaration: Declaration, named: Key) -> Sequence[int]:
        """Rows that count on the day and lie in the declared area, or in an area that
        the declared council governs."""
        known = self._governed if declaration.names == "council" else self._lying_in
        return known.get(named, ())

    def _like(
        self, named: Key, declaration: Declaration, held: list[Area]
    ) -> tuple[Key, ...]:
        """What geometry says instead, in order of areas: of councils all, of areas
        those of the declared one's layer."""
        if declaration.names == "council":
            ordered = sorted(held, key=lambda area: area.order)
            found = (area.authority[:2] for area in ordered if area.authority)
            return tuple(dict.fromkeys(found))
        schemas = self._registers.schemas
        layer = schemas[named[0]].area_layer if named[0] in schemas else None
        same = sorted(
            (area for area in held if area.layer == layer), key=lambda area: area.order
        )
        return tuple(dict.fromkeys((area.register, area.code) for area in same))

    def _heirs(self, named: Key) -> frozenset[Key] | None:
        """All that came in the place of a record that had ended by the day; None for
        one that had not."""
        if named not in self._replaced:
            self._replaced[named] = self._read_heirs(named)
        return self._replaced[named]

    def _read_heirs(self, named: Key) -> frozenset[Key] | None:
        record = self._record(named)
        if record is None or not self._ended(record):
            return None
        heirs: set[Key] = set()
        waiting = set(self._successors(record))
        for _ in range(_MAX_STEPS):
            heirs |= waiting
            known = map(self._record, waiting)
            waiting = {k for one in known if one for k in self._successors(one)} - heirs
        return frozenset(heirs)

    def _ended(self, record: Record) -> bool:
        end = self._registers.schemas[record.register].end
        value = record.item.get(end) if end else None
        last = held_span(None, value if isinstance(value, str) else None)[1]
        return last < self._areas.day

    def _successors(self, record: Record) -> list[Key]:
        schema = self._registers.schemas[record.register]
        value = record.item.get(schema.successor or "", [])
        values = value if isinstance(value, list) else [value]
        field = schema.by_name.get(schema.successor or "")
        return [link_target(one, field) for one in values] if field else []

    def _record(self, named: Key) -> Record | None:
        try:
            return self._registers.log.record(*named)
        except (NoSuchRegister, NoSuchRecord, Withheld):
            return None

    @cached_property
    def _governed(self) -> dict[Key, list[int]]:
        """Rows that count, by the councils that govern any area that they lie in."""
        rows: dict[Key, list[int]] = defaultdict(list)
        for row, areas in self._chains.items():
            for council in {area.authority[:2] for area in areas if area.authority}:
                rows[council].append(row)
        return rows

    @cached_property
    def _lying_in(self) -> dict[Key, list[int]]:
        """Rows that count, by the areas that they bound or lie in."""
        rows: dict[Key, list[int]] = defaultdict(list)
        for row, areas in self._chains.items():
            for area in areas:
                rows[area.register, area.code].append(row)
        return rows

    @cached_property
    def _chains(self) -> dict[int, tuple[Area, ...]]:
        """The areas of each row that counts on the day."""
        counting = self._areas.boundaries.counting(self._areas.day)
        return {row: self._areas.of(row) for row in counting.tolist()}
