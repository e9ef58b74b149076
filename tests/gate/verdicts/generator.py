"""Rows that break each constraint of a register's shape, and rows that do not.

Any register's: what to break is read from its shape. Every row says what was planted
in it, so that a comparison can show that nothing was left untried.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from rdflib import SH, URIRef

from tests.gate.verdicts.plain import HeldKeys
from tests.gate.verdicts.samples import ODD_VALUE, Values, samples
from tests.gate.verdicts.texts import ODD, matching
from trigpoint.gate import terms
from trigpoint.gate.shacl.batch import Brief
from trigpoint.schema.shape import Field, Schema

Row = Mapping[str, Values]
LESS_THAN = f"{terms.SH}LessThanConstraintComponent"
LESS_THAN_OR_EQUALS = f"{terms.SH}LessThanOrEqualsConstraintComponent"
_KEYS = ("A1", "B 2", "é/ü", "1", "old")
Pairs = tuple[tuple[str, str], ...]
_ORDERED: dict[URIRef, tuple[str, Pairs]] = {
    SH.lessThan: (LESS_THAN, (("7", "7"), ("8", "7"), ("100", "20"))),
    SH.lessThanOrEquals: (
        LESS_THAN_OR_EQUALS,
        (("8", "7"), ("100", "20"), ("1", "-1")),
    ),
}


@dataclass(frozen=True)
class Planted:
    """A value that is meant to break a component of a field in a row."""

    row: int
    field: str
    component: str


@dataclass(frozen=True)
class Generated:
    """Rows as a loader stages them, and what was planted in them."""

    rows: pl.DataFrame
    planted: tuple[Planted, ...]


def made_up_held(registers: Mapping[str, str]) -> HeldKeys:
    """Every register holds a few records, some of which have ended."""
    return {register: dict.fromkeys(_KEYS) | {"old": "2015"} for register in registers}


def generate(known: Brief, held: HeldKeys, count: int, seed: int) -> Generated:
    """`count` rows with keys of their own, a few of them without key."""
    pick = random.Random(seed)
    maker = _Maker(known, held, pick)
    made = [maker.row() for _ in range(count)]
    frame = staged(known.schema, [row for row, _ in made])
    planted = tuple(
        Planted(number, field, component)
        for number, (_, defects) in zip(frame["_row"], made, strict=True)
        for field, component in defects
    )
    return Generated(frame, planted)


def staged(schema: Schema, rows: Sequence[Row], first: int = 2) -> pl.DataFrame:
    """Rows as a loader stages them: numbered, in columns of the fields' types."""
    numbers = range(first, len(rows) + first)
    columns = [pl.Series("_row", numbers, dtype=pl.UInt32)]
    for field in schema.fields:
        kind: Any = pl.List(pl.String) if field.many else pl.String
        values = [row.get(field.name) for row in rows]
        columns.append(pl.Series(field.name, values, dtype=kind))
    return pl.DataFrame(columns)


class _Maker:
    """Makes the rows of one call."""

    def __init__(self, known: Brief, held: HeldKeys, pick: random.Random) -> None:
        self._known = known
        self._pick = pick
        self._keys: set[str | None] = set()
        self._fields = [f for f in known.schema.fields if f.name != known.schema.key]
        self._samples = {f.name: samples(f, known, held, pick) for f in self._fields}
        self._turns: dict[tuple[str, str | None], Iterator[str]] = {}
        # What to break in the rows to come, each as often as the others.
        plans = [(f, what) for f in self._fields for what in sorted(self._breakable(f))]
        pick.shuffle(plans)
        self._plans = itertools.cycle(plans)

    def row(self) -> tuple[Row, list[tuple[str, str]]]:
        """A row, and the field and component of what was planted in it.

        One row in five is odd throughout; of the others as many are in order, most
        are broken in one or two places, and some have an odd value, too."""
        key, broken = self._key()
        row: dict[str, Values] = {self._known.schema.key: key}
        defects = [(self._known.schema.key, broken)] if broken else []
        if self._pick.random() < 0.2:
            row |= {field.name: self._odd(field) for field in self._fields}
            return row, defects
        row |= {field.name: self._good(field) for field in self._fields}
        if self._pick.random() < 0.3:
            field = self._pick.choice(self._fields)
            row[field.name] = self._odd(field)
        if self._pick.random() < 0.7:
            planned = [next(self._plans) for _ in range(self._pick.randint(1, 2))]
            for field, component in dict(planned).items():
                self._plant(row, field, component)
                defects.append((field.name, component))
        return row, defects

    def _breakable(self, field: Field) -> set[str]:
        """The components that can be broken in a field."""
        found = {one.breaks for one in self._samples[field.name]} - {"", ODD_VALUE}
        if field.required:
            found.add(terms.MIN_COUNT)
        if field.many and self._most(field) is not None:
            found.add(terms.MAX_COUNT)
        return found | {component for component, _, _ in self._ordered(field)}

    def _plant(self, row: dict[str, Values], field: Field, component: str) -> None:
        """Break a component of a field in a row; of several values perhaps in one."""
        fitting = self._of(field, "")
        if component == terms.MIN_COUNT:
            row[field.name] = self._nothing(field)
        elif component == terms.MAX_COUNT:
            row[field.name] = self._too_many(field)
        elif component in (LESS_THAN, LESS_THAN_OR_EQUALS):
            for known, other, pairs in self._ordered(field):
                if known == component:
                    row[field.name], row[other.name] = self._pick.choice(pairs)
        else:
            value = self._next(field, component)
            several = [*self._pick.choices(fitting or [value], k=2), value, None, value]
            first = self._pick.randint(0, 2)
            row[field.name] = several[first:] if field.many else value
            for _, other, _ in self._ordered(field):
                if self._pick.random() < 0.7:
                    row[other.name] = None  # pySHACL may die of a pair

    def _too_many(self, field: Field) -> Values:
        """One value more than there may be, with one of them twice."""
        pool = sorted({one.value for one in self._samples[field.name]})
        count = (self._most(field) or 0) + 1
        values: list[str | None] = [*self._pick.sample(pool, k=count)]
        return [*values, values[0]]

    def _of(self, field: Field, breaks: str | None = None) -> list[str]:
        """The values of a field that are meant to break a component; or all."""
        found = self._samples[field.name]
        return [one.value for one in found if breaks in (None, one.breaks)]

    def _next(self, field: Field, breaks: str | None = None) -> str:
        """One of these values, all of them in turn."""
        turns = self._turns.get((field.name, breaks))
        if turns is None:
            pool = sorted(set(self._of(field, breaks)))
            self._pick.shuffle(pool)
            turns = self._turns[field.name, breaks] = itertools.cycle(pool)
        return next(turns)

    def _good(self, field: Field) -> Values:
        fitting = self._of(field, "")
        if not fitting:
            return None
        if not field.required and self._pick.random() < 0.3:
            return self._nothing(field)
        value = self._pick.choice(fitting)
        if not field.many:
            return value
        more = self._pick.choices((*fitting, value, None), k=self._pick.randint(0, 2))
        return [value, *more]

    def _odd(self, field: Field) -> Values:
        pool = self._of(field)
        value = self._next(field)
        if not field.many:
            return None if self._pick.random() < 0.05 else value
        same = [f"0{value}", f"+{value}", value, None]
        return [*self._pick.choices(pool, k=2), value, *self._pick.sample(same, k=2)]

    def _nothing(self, field: Field) -> Values:
        ways: tuple[Values, ...] = (None, [], [None]) if field.many else (None,)
        return self._pick.choice(ways)

    def _most(self, field: Field) -> int | None:
        most = self._known.shapes.value(URIRef(field.shape), SH.maxCount)
        return None if most is None else int(str(most))

    def _key(self) -> tuple[str | None, str]:
        """A key that no other row has, and what it breaks; one row in two hundred has
        none."""
        schema, chance = self._known.schema, self._pick.random()
        shape = URIRef(schema.field(schema.key).shape)
        pattern = self._known.shapes.value(shape, SH.pattern)
        if chance < 0.005:
            return None, ""
        broken = ""
        if chance < 0.1:
            key = self._pick.choice((*ODD, "none"))
        elif pattern is None:
            key = str(self._pick.randrange(10**6))
        else:
            key = matching(str(pattern), self._pick)
            if chance < 0.2:
                key, broken = f"{key.lower()} ", terms.PATTERN
        while key in self._keys:
            key = f"{key[:50]}{self._pick.randrange(10**9)}"
        self._keys.add(key)
        return key, broken

    def _ordered(self, field: Field) -> list[tuple[str, Field, Pairs]]:
        """Component, other field and pairs of values, for each field than which this
        one has to be less."""
        return [
            (component, other, pairs)
            for predicate, (component, pairs) in _ORDERED.items()
            for path in self._known.shapes.objects(URIRef(field.shape), predicate)
            for other in self._fields
            if other.path == str(path) and not field.many and not other.many
        ]
