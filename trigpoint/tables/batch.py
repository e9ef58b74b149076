"""Rows of a table as they pass through: what is carried, and their positions.

What is carried comes out as it went in. Positions are a pair of columns, eastward axis
first: `lon,lat` in degrees or `easting,northing` in metres. A row without a readable
pair stays in its place, with both numbers NaN and a sentence that says what is wrong.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Protocol

import pyarrow as pa

from trigpoint.errors import InvalidTable, TableTooLong
from trigpoint.spatial.grids import Floats

Pair = tuple[str, str]

DEGREES: Pair = ("lon", "lat")
METRES: Pair = ("easting", "northing")
MAX_ROW = 4_000_000  # bytes of one row of text, and of what is read at once
MAX_ROWS = 10_000_000
PART_BYTES = 16_000_000  # that names, and texts kept once, may add to rows at once
CELL = 8  # bytes, more or less, that a cell takes beside its name and value
SHOWN = 60  # characters of a value in a message
_PART_ROWS = 1 << 18

# Keeps what is no ASCII as it is, and takes the least room.
_encode: Callable[[object], str] = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), allow_nan=False
).encode


@dataclass
class Batch(ABC):
    """Some rows of a table, in order.

    `number` is that of the first row, as messages name it. `firsts` and `seconds` are
    the pairs, eastward axis first, NaN where `problems` (offset of a row in the batch,
    to what is wrong with it) has the row.
    """

    BY_ROW: ClassVar[tuple[str, ...]] = ("firsts", "seconds")  # what has each row

    number: int
    firsts: Floats
    seconds: Floats
    problems: dict[int, str]

    def __len__(self) -> int:
        return len(self.firsts)

    def parts(self) -> Iterator[Batch]:
        """The same rows in batches that can be written at once: a format may have the
        name of each column in every row, and few bytes that are read become many."""
        most = min(_PART_ROWS, max(1, PART_BYTES // self._width()))
        if len(self) <= most:
            yield self
            return
        for start in range(0, len(self), most):
            yield self._part(start, min(start + most, len(self)))

    def _part(self, start: int, stop: int) -> Batch:
        found = {row: self.problems.get(row) for row in range(start, stop)}
        problems = {row - start: wrong for row, wrong in found.items() if wrong}
        rows: dict[str, Any] = {n: getattr(self, n)[start:stop] for n in self.BY_ROW}
        return replace(self, number=self.number + start, problems=problems, **rows)

    @abstractmethod
    def _width(self) -> int:
        """Bytes that a row may take when it is written, beyond those that it has; at
        least 1."""

    @abstractmethod
    def columns(self) -> pa.Table:
        """What is carried as columns, of the same names and types in every batch."""

    @abstractmethod
    def objects(self, added: Sequence[str]) -> list[str]:
        """The rows as JSON objects in text, each with the members of `added` (JSON
        text without braces) for it."""

    def features(self, added: Sequence[str], lons: Floats, lats: Floats) -> list[str]:
        """The rows as GeoJSON features in text, the rows as `objects` gives them being
        their properties; `lons` and `lats` are their CRS84 degrees, or NaN."""
        places = [
            _geometry(*pair) for pair in zip(lons.tolist(), lats.tolist(), strict=True)
        ]
        return [
            f'{{"type":"Feature","geometry":{place},"properties":{row}}}'
            for place, row in zip(places, self.objects(added), strict=True)
        ]

    @abstractmethod
    def check_free(self, names: Collection[str]) -> None:
        """Raises InvalidTable when a row carries one of these names."""


class Reader(Protocol):
    """A table of one format. Opening it reads as far as the names of the columns."""

    @property
    def pair(self) -> Pair:
        """The names of the columns with the position."""
        ...

    def batches(self) -> Iterator[Batch]:
        """All rows, in at least one batch.

        Raises InvalidTable when the rest cannot be read.
        """
        ...


class Answered(Protocol):
    """What was found for the rows of a batch."""

    lons: Floats
    lats: Floats

    def table(self) -> pa.Table:
        """The answers as columns, of the same names and types for every batch."""
        ...

    def members(self) -> list[str]:
        """The answers as JSON members without braces, one text a row."""
        ...


class Writer(Protocol):
    """An answer in one format, written batch by batch."""

    def write(self, batch: Batch, found: Answered) -> bytes:
        """The bytes of one batch; before those of the first, what the format begins
        with. Raises InvalidTable for what the format cannot hold."""
        ...

    def end(self) -> bytes:
        """What the format ends with, after all batches."""
        ...

    def broken(self, message: str) -> bytes:
        """A last row whose only member is the error; nothing follows it, and what the
        format ends with is not written."""
        ...


Opener = Callable[[Path], Reader]


def pair_of(names: Collection[str]) -> Pair:
    """Which columns have the position; raises InvalidTable for none and for several."""
    pairs = [pair for pair in (DEGREES, METRES) if set(pair) & set(names)]
    if len(pairs) == 1 and set(pairs[0]) <= set(names):
        return pairs[0]
    had = ", ".join(name[:SHOWN] for name in list(names)[:20]) or "none"
    if len(pairs) > 1:
        had = ", ".join(name for pair in pairs for name in pair if name in names)
        raise InvalidTable(
            f"the columns {had} are both kinds of position: send lon and lat, or "
            "easting and northing, and leave the others out"
        )
    raise InvalidTable(
        "expected columns lon and lat, or easting and northing; the table has: "
        + "".join(character if character.isprintable() else "�" for character in had)
    )


def check_rows(number: int) -> None:
    """Raises TableTooLong when a table has more rows than are answered."""
    if number > MAX_ROWS:
        raise TableTooLong(
            f"the table has more than {MAX_ROWS} rows: send it in parts",
            limit=MAX_ROWS,
        )


def shown(value: object) -> str:
    """A value as a message shows it: in quotation marks, and cut when it is long."""
    text = value if isinstance(value, str) else dumps(value)
    return f"“{text[:SHOWN]}…”" if len(text) > SHOWN else f"“{text}”"


def dumps(value: object) -> str:
    """JSON of a value; raises InvalidTable for a number that JSON cannot write, and for
    a value that was read just so, but is too deep to be written."""
    try:
        return _encode(value)
    except ValueError as error:
        raise InvalidTable("a number is beyond what JSON can write") from error
    except RecursionError as error:
        raise InvalidTable("a value is nested too deeply") from error


def joined(*members: str) -> str:
    """A JSON object of members without braces, those that are empty left out."""
    return "{" + ",".join(filter(None, members)) + "}"


def _geometry(lon: float, lat: float) -> str:
    if lon != lon:  # NaN
        return "null"
    return f'{{"type":"Point","coordinates":[{round(lon, 8)},{round(lat, 8)}]}}'
