"""Batches of columns, as CSV and Arrow have them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from trigpoint.errors import InvalidTable
from trigpoint.spatial.grids import Floats
from trigpoint.tables.batch import CELL, PART_BYTES, SHOWN, Batch, Pair, joined, shown

_MAX_NAMES = 100_000  # characters of the names of all columns


@dataclass
class Columns(Batch):
    """Rows of a table in columns; `pair` names those of the position."""

    BY_ROW: ClassVar = (*Batch.BY_ROW, "table")

    table: pa.Table
    pair: Pair

    def _width(self) -> int:
        names = sum(len(name) + CELL for name in self.table.column_names)
        return names + _decoded_bytes(self.table) // max(1, len(self))

    def check_free(self, names: Collection[str]) -> None:
        refuse_taken(set(self.table.column_names) & set(names))

    def columns(self) -> pa.Table:
        return self.table

    def objects(self, added: Sequence[str]) -> list[str]:
        # The position as numbers, also where the table has it as text.
        numbers = dict(zip(self.pair, (self.firsts, self.seconds), strict=True))
        columns = [
            pa.array(numbers[name], mask=np.isnan(numbers[name]))
            if name in numbers
            else column
            for name, column in zip(
                self.table.column_names, self.table.columns, strict=True
            )
        ]
        frame = frame_of(pa.table(columns, names=self.table.column_names))
        rows = frame.write_ndjson().split("\n")[: len(self)]
        return [joined(row[1:-1], more) for row, more in zip(rows, added, strict=True)]


def columns_of(table: pa.Table, pair: Pair, number: int) -> Columns:
    """A batch of a table whose first row has that number, its positions read.

    Raises InvalidTable when the columns of the position are neither numbers nor text.
    """
    problems: dict[int, str] = {}
    firsts, seconds = (_numbers(table.column(name), name, problems) for name in pair)
    for numbers in (firsts, seconds):
        numbers[list(problems)] = np.nan
    return Columns(number, firsts, seconds, problems, table, pair)


def check_names(names: Sequence[str]) -> None:
    """Raises InvalidTable when a name stands twice, or the names are too long."""
    if sum(map(len, names)) > _MAX_NAMES:
        raise InvalidTable(
            f"the names of the columns have more than {_MAX_NAMES} characters together"
        )
    for name, times in Counter(names).items():
        if times > 1:
            raise InvalidTable(f"the column {shown(name)} is there twice: rename one")


def refuse_taken(names: Collection[str]) -> None:
    """Raises InvalidTable when there is any such name."""
    if names:
        raise InvalidTable(
            f"the answer has columns of the name {', '.join(sorted(names))}: rename "
            "those that are sent"
        )


def frame_of(table: pa.Table) -> pl.DataFrame:
    """A table of numbers, truths and texts, for a format that has no others.

    Raises InvalidTable for a column that cannot be written so.
    """
    names = table.column_names
    if _decoded_bytes(table) > 2 * PART_BYTES:
        raise InvalidTable(
            f"the texts of dictionary columns take more than {2 * PART_BYTES} bytes in "
            "few rows: leave some out, or ask for Arrow"
        )
    plain = [_plain(table.column(name), name) for name in names]
    frame = pl.from_arrow(pa.table(plain, names=names))
    if not isinstance(frame, pl.DataFrame):
        raise TypeError("a table of Arrow is a frame")
    return frame


def _plain(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    given = column.type
    kind = given.value_type if pa.types.is_dictionary(given) else given
    as_they_are = (
        pa.types.is_boolean,
        pa.types.is_integer,
        pa.types.is_float32,
        pa.types.is_float64,
        pa.types.is_string,
        pa.types.is_large_string,
    )
    to_text = (
        pa.types.is_null,
        pa.types.is_temporal,
        pa.types.is_decimal,
    )
    wanted = None
    if any(check(kind) for check in as_they_are):
        wanted = kind
    elif pa.types.is_float16(kind):
        wanted = pa.float32()
    elif any(check(kind) for check in to_text) and not pa.types.is_duration(kind):
        wanted = pa.string()
    if wanted is None:
        raise InvalidTable(
            f"the column {shown(name)} is of type {str(kind)[:SHOWN]}, which this "
            "format has not: leave it out, or ask for Arrow"
        )
    try:
        return column.cast(kind).cast(wanted)
    except pa.ArrowException as error:
        why = str(error).splitlines()[0][:200]
        raise InvalidTable(
            f"the column {shown(name)} cannot be written as text: {why}"
        ) from error


def _decoded_bytes(table: pa.Table) -> int:
    """Bytes that the texts of dictionary columns take, each as often as it stands."""
    return sum(
        pc.sum(pc.take(pc.binary_length(part.dictionary), part.indices)).as_py() or 0
        for column in table.columns
        if pa.types.is_dictionary(column.type) and _is_text(column.type.value_type)
        for part in column.chunks
    )


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _numbers(column: pa.ChunkedArray, name: str, problems: dict[int, str]) -> Floats:
    """A column of the position as new numbers; says of each row what is wrong."""
    kind = column.type
    if _is_text(kind):
        return _read(column, name, problems)
    numeric = (pa.types.is_floating, pa.types.is_integer, pa.types.is_decimal128)
    if not any(check(kind) for check in numeric):
        raise InvalidTable(
            f"the column {name} is of type {str(kind)[:SHOWN]}: expected numbers"
        )
    for row in np.flatnonzero(_mask(column.is_null())):
        problems.setdefault(int(row), f"{name} is missing")
    numbers = column.cast(pa.float64(), safe=False)
    return np.array(numbers.to_numpy(), dtype=np.float64)


def _read(column: pa.ChunkedArray, name: str, problems: dict[int, str]) -> Floats:
    texts = pl.Series(pl.from_arrow(column)).str.strip_chars()
    numbers = texts.cast(pl.Float64, strict=False)
    if numbers.null_count():
        for row in numbers.is_null().arg_true().to_list():
            text = texts[row]
            wrong = (
                f"{name} is {shown(text)}: expected a number such as 51.5"
                if text
                else f"{name} is missing"
            )
            problems.setdefault(row, wrong)
    return np.array(numbers.fill_null(np.nan).to_numpy(), dtype=np.float64)


def _mask(truths: pa.ChunkedArray) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.asarray(truths.to_numpy(), dtype=np.bool_)
