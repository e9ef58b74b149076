"""Batches of JSON objects: rows as lines of JSON have them, or GeoJSON features."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from trigpoint.errors import InvalidTable
from trigpoint.spatial.grids import Floats
from trigpoint.tables.batch import CELL, Batch, Pair, dumps, joined, shown
from trigpoint.tables.columns import refuse_taken

Json = dict[str, Any]


class NotJson(ValueError):
    """A text is not JSON, or says the same thing twice."""


@dataclass
class Documents(Batch):
    """Rows that are objects.

    `rows` are their members as they were read, None for a row that could not be.
    `names` are the columns that these are when they are written as columns: members
    of the first rows, the same for every batch.
    """

    BY_ROW: ClassVar[tuple[str, ...]] = (*Batch.BY_ROW, "rows")

    rows: list[Json | None]
    pair: Pair
    names: list[str]

    def _width(self) -> int:
        # As columns, rows have cells for all that the first ones name.
        return sum(len(name) + CELL for name in self.names)

    def check_free(self, names: Collection[str]) -> None:
        taken = set(names)
        for row in self.rows:
            if row is not None and not taken.isdisjoint(row):
                refuse_taken(taken & set(row))

    def columns(self) -> pa.Table:
        known = set(self.names)
        for offset, row in enumerate(self.rows):
            if row is not None and not known.issuperset(row):
                new = min(set(row) - known)
                raise InvalidTable(
                    f"row {self.number + offset} has {shown(new)}, which none of the "
                    "first rows has: columns are those of the first rows. Give all of "
                    "them there, or ask for lines of JSON or GeoJSON"
                )
        numbers = dict(zip(self.pair, (self.firsts, self.seconds), strict=True))
        columns = {
            name: pa.array(numbers[name], mask=np.isnan(numbers[name]))
            if name in numbers
            else pa.array([_cell(row, name) for row in self.rows], pa.string())
            for name in self.names
        }
        return pa.table(columns)

    def objects(self, added: Sequence[str]) -> list[str]:
        return [
            joined(dumps(row)[1:-1] if row else "", more)
            for row, more in zip(self.rows, added, strict=True)
        ]


@dataclass
class Lines(Documents):
    """Rows that are lines of JSON; `texts` are their members, without the braces."""

    BY_ROW: ClassVar = (*Documents.BY_ROW, "texts")

    texts: list[str]

    def objects(self, added: Sequence[str]) -> list[str]:
        return [
            joined(text, more) for text, more in zip(self.texts, added, strict=True)
        ]


@dataclass
class Features(Documents):
    """GeoJSON features. A row is its properties, with its id and position besides."""

    BY_ROW: ClassVar = (*Documents.BY_ROW, "sent")
    PAIR: ClassVar[Pair] = ("lon", "lat")

    sent: list[Json]

    def check_free(self, names: Collection[str]) -> None:
        taken = set(names)
        for feature in self.sent:
            refuse_taken(taken.intersection(feature.get("properties") or ()))

    def objects(self, added: Sequence[str]) -> list[str]:
        return [_feature(*pair) for pair in zip(self.sent, added, strict=True)]

    def features(self, added: Sequence[str], lons: Floats, lats: Floats) -> list[str]:
        return self.objects(added)


def _feature(sent: Json, added: str) -> str:
    properties = sent.get("properties") or {}
    rest = {name: value for name, value in sent.items() if name != "properties"}
    within = joined(dumps(properties)[1:-1], added)
    return joined(dumps(rest)[1:-1], f'"properties":{within}')


def feature_batch(
    found: Sequence[object], problems: dict[int, str], number: int, names: list[str]
) -> Features:
    """A batch of features of which the first has that number.

    `problems` are those of features that could not be read. An empty `names` is filled
    with the columns that these have.
    """
    sent, rows = [], list[Json | None]()
    firsts, seconds = (np.full(len(found), np.nan) for _ in range(2))
    for offset, one in enumerate(found):
        feature, wrong, place = _judged(one)
        if wrong:
            problems.setdefault(offset, wrong)
        else:
            firsts[offset], seconds[offset] = place
        sent.append(feature)
        rows.append(_flat(feature))
    _name(names, rows, Features.PAIR)
    return Features(number, firsts, seconds, problems, rows, Features.PAIR, names, sent)


def row_batch(
    texts: Sequence[str],
    rows: list[Json | None],
    problems: dict[int, str],
    number: int,
    pair: Pair,
    names: list[str],
) -> Lines:
    """A batch of lines of JSON; `problems` are those of lines that could not be read.

    An empty `names` is filled with the columns that these have.
    """
    firsts, seconds = (np.full(len(rows), np.nan) for _ in range(2))
    for offset, row in enumerate(rows):
        if row is None:
            continue
        try:
            firsts[offset], seconds[offset] = _position(row, pair)
        except NotJson as error:
            problems[offset] = str(error)
    _name(names, rows, pair)
    return Lines(number, firsts, seconds, problems, rows, pair, names, list(texts))


def _position(row: Json, pair: Pair) -> tuple[float, float]:
    return _number(row.get(pair[0]), pair[0]), _number(row.get(pair[1]), pair[1])


def _number(value: object, name: str) -> float:
    """A JSON number; raises NotJson with what is wrong with it."""
    if isinstance(value, float):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        if abs(value) < 10**15:
            return float(value)
        raise NotJson(f"{name} is {shown(str(value))}: expected a number such as 51.5")
    if value is None:
        raise NotJson(f"{name} is missing")
    raise NotJson(f"{name} is {shown(value)}: expected a JSON number such as 51.5")


def _judged(one: object) -> tuple[Json, str, tuple[float, float]]:
    """A feature, what is wrong with it, and its position."""
    nowhere = (np.nan, np.nan)
    if not isinstance(one, dict) or one.get("type") != "Feature":
        blank = {"type": "Feature", "geometry": None}
        return blank, "expected an object with the type “Feature”", nowhere
    properties = one.get("properties")
    if properties is not None and not isinstance(properties, dict):
        blank = {"type": "Feature", "geometry": None}
        return blank, "its properties are no object", nowhere
    geometry = one.get("geometry")
    if not isinstance(geometry, dict):
        return one, "it has no geometry: expected a Point", nowhere
    if geometry.get("type") != "Point":
        kind = shown(geometry.get("type"))
        return one, f"its geometry is of type {kind}: expected a Point", nowhere
    pair = geometry.get("coordinates")
    if not isinstance(pair, list) or len(pair) < 2:
        return one, "its coordinates are not [lon, lat]", nowhere
    try:
        return one, "", (_number(pair[0], "lon"), _number(pair[1], "lat"))
    except NotJson as error:
        return one, str(error), nowhere


def _flat(feature: Json) -> Json:
    """The members of a feature as a row."""
    row: Json = {"id": feature["id"]} if "id" in feature else {}
    return {**row, **dict.fromkeys(Features.PAIR), **(feature.get("properties") or {})}


def _name(names: list[str], rows: Sequence[Json | None], pair: Pair) -> None:
    if not names:
        found = {name: None for row in rows if row for name in row}
        names += found or pair


def _cell(row: Json | None, name: str) -> str | None:
    """A value as text: a string as it is, anything else as JSON."""
    value = row.get(name) if row else None
    return value if value is None or isinstance(value, str) else dumps(value)


def _unrepeated(pairs: list[tuple[str, Any]]) -> Json:
    """An object; a member that is there twice is refused (RFC 8259, section 4: what
    then counts is anybody's guess)."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise NotJson("an object names a member twice")
    return found


def _no_constant(name: str) -> None:
    raise NotJson(f"{name} is no JSON number")


_DECODER = json.JSONDecoder(object_pairs_hook=_unrepeated, parse_constant=_no_constant)
decode_from: Callable[[str, int], tuple[Any, int]] = _DECODER.raw_decode


def decoded(text: str) -> Any:
    """The value that a text is; raises NotJson, saying why."""
    try:
        value = _DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        raise NotJson(f"not JSON: {error}"[:200]) from error
    if "\\ud" in text.lower():
        check_writable(value)
    return value


def check_writable(value: object) -> None:
    """Raises NotJson for half of a surrogate pair, which no UTF-8 can hold."""
    try:
        dumps(value).encode()
    except UnicodeEncodeError as error:
        raise NotJson("half of a surrogate pair is no character") from error
