"""Batches of columns, as CSV and Arrow have them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from trigpoint.errors import InvalidTable
from trigpoint.spatial.grids import Floats
from trigpoint.tables.batch import SHOWN, Batch, Pair, joined, shown

_MAX_DECODED = 64_000_000  # bytes that the texts of one column and batch may take


@dataclass
class Columns(Batch):
    """Rows of a table in columns; `pair` names those of the position."""

    table: pa.Table
    pair: Pair

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
    """Raises InvalidTable when a name stands twice."""
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
    plain = [_plain(table.column(name), name) for name in names]
    frame = pl.from_arrow(pa.table(plain, names=names))
    if not isinstance(frame, pl.DataFrame):
        raise TypeError("a table of Arrow is a frame")
    return frame


def _plain(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = _decoded(column, name), kind.value_type
    as_they_are = (
        pa.types.is_boolean,
        pa.types.is_integer,
        pa.types.is_float32,
        pa.types.is_float64,
        pa.types.is_string,
        pa.types.is_large_string,
    )
    if any(check(kind) for check in as_they_are):
        return column
    if pa.types.is_float16(kind):
        return column.cast(pa.float32())
    to_text = (
        pa.types.is_null,
        pa.types.is_temporal,
        pa.types.is_decimal,
    )
    if any(check(kind) for check in to_text) and not pa.types.is_duration(kind):
        return column.cast(pa.string())
    raise InvalidTable(
        f"the column {shown(name)} is of type {str(kind)[:SHOWN]}, which this format "
        "has not: leave it out, or ask for Arrow"
    )


def _decoded(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    """The values of a dictionary column; refuses those of which few bytes make many."""
    bytes_each = [
        pc.sum(pc.take(pc.binary_length(part.dictionary), part.indices)).as_py() or 0
        for part in column.chunks
        if pa.types.is_string(part.dictionary.type)
        or pa.types.is_large_string(part.dictionary.type)
    ]
    if sum(bytes_each) > _MAX_DECODED:
        raise InvalidTable(
            f"the texts of the column {shown(name)} take more than {_MAX_DECODED} "
            "bytes in a batch: leave it out, or ask for Arrow"
        )
    return column.cast(column.type.value_type)


def _numbers(column: pa.ChunkedArray, name: str, problems: dict[int, str]) -> Floats:
    """A column of the position as new numbers; says of each row what is wrong."""
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
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
