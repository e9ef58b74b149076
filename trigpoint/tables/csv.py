"""CSV as RFC 4180 has it: UTF-8, commas, a header, cells that may have line ends.

Cells are carried as they are, an empty one as null. A row with more or fewer cells than
the header stays in its place without its cells, and says so. Row 1 is the header, as
people count; empty lines do not count.
"""

from __future__ import annotations

import csv
import io
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
from pyarrow.csv import ConvertOptions, InvalidRow, ParseOptions, ReadOptions, open_csv

from trigpoint.errors import InvalidTable
from trigpoint.tables.batch import MAX_ROW, Answered, Batch, check_rows, pair_of
from trigpoint.tables.columns import Columns, check_names, columns_of, frame_of

_MAX_HEADER = 100_000  # bytes
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_MAX_RAGGED = 10_000  # rows with other cells than the header


class CsvReader:
    """A CSV file whose header has been read; raises InvalidTable for a wrong one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with path.open("rb") as file:
            start = file.read(_MAX_HEADER)
        # Arrow would take an empty line before the header for the header.
        self._before = len(start) - len(_begun(start))
        self.names = _header(_begun(start), whole=len(start) < _MAX_HEADER)
        check_names(self.names)
        self.pair = pair_of(self.names)
        self._ragged: dict[int, str] = {}
        # A row of one cell after the last: what reads it has closed every quote.
        self._last = secrets.token_hex(8)
        self._ended = False

    def batches(self) -> Iterator[Batch]:
        number = 2
        with _Extended(self._path, self._before, f"\n{self._last}\n") as file:
            for table in self._parts(file):
                batch = self._batch(table, number)
                number += len(batch)
                check_rows(number - 2)
                if len(batch):
                    yield batch
        if not self._ended:
            raise InvalidTable("a quotation mark is opened in a cell and never closed")
        none = pa.table({name: pa.array([], pa.string()) for name in self.names})
        # Rows that were cut at the end, or nothing.
        if number == 2 or any(row >= number for row in self._ragged):
            yield self._batch(none, number)

    def _parts(self, file: _Extended) -> Iterator[pa.Table]:
        try:
            opened = open_csv(
                file,
                ReadOptions(
                    use_threads=False,  # or no row has a number
                    block_size=MAX_ROW,
                    column_names=self.names,
                    skip_rows_after_names=1,
                ),
                ParseOptions(
                    newlines_in_values=True, invalid_row_handler=self._on_ragged
                ),
                ConvertOptions(
                    column_types=dict.fromkeys(self.names, pa.string()),
                    strings_can_be_null=True,
                    null_values=[""],
                ),
            )
            for part in opened:
                yield pa.Table.from_batches([part])
        except pa.ArrowInvalid as error:
            raise self._refusal(str(error)) from error

    def _on_ragged(self, row: InvalidRow) -> str:
        if row.text == self._last:
            self._ended = True
            return "skip"
        self._ragged[row.number] = (
            f"the number of cells is {row.actual_columns}, not {row.expected_columns} "
            "as in the header"
        )
        return "error" if len(self._ragged) > _MAX_RAGGED else "skip"

    def _refusal(self, why: str) -> InvalidTable:
        if len(self._ragged) > _MAX_RAGGED:
            return InvalidTable(
                f"more than {_MAX_RAGGED} rows have other cells than the header: "
                "expected commas between, and quotation marks around one with a comma"
            )
        if "straddling" in why:
            return InvalidTable(
                f"a row has more than {MAX_ROW} bytes: is a quotation mark opened in a "
                "cell and never closed?"
            )
        if "UTF8" in why:
            return InvalidTable("the table is not in UTF-8: save it as UTF-8")
        return InvalidTable(f"the table is not CSV: {why.splitlines()[0][:200]}")

    def _batch(self, table: pa.Table, number: int) -> Columns:
        """Rows that were read, with those that were cut back in their places."""
        problems = {}
        total = len(table)
        for row in sorted(row for row in self._ragged if row >= number):
            if row > number + total or (row == number + total and len(table)):
                break
            problems[row - number] = self._ragged[row]
            total += 1
        if not problems:
            return columns_of(table, self.pair, number)
        places = np.ones(total, np.bool_)
        places[list(problems)] = False
        rows = np.cumsum(places) - 1
        filled = table.take(pa.array(rows, mask=~places))
        batch = columns_of(filled, self.pair, number)
        batch.problems |= problems
        return batch


class _Extended(io.RawIOBase):
    """A file from some byte on, with something after its end."""

    def __init__(self, path: Path, start: int, tail: str) -> None:
        self._parts: list[BinaryIO] = [path.open("rb"), io.BytesIO(tail.encode())]
        self._parts[0].seek(start)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        # As much as is asked for: Arrow wants the end of the header in the first block.
        block = b""
        while self._parts and len(block) < size:
            part = self._parts[0].read(size - len(block))
            block += part
            if not part:
                self._parts.pop(0).close()
        return block

    def close(self) -> None:
        for part in self._parts:
            part.close()
        super().close()


def _begun(start: bytes) -> bytes:
    """The start of a file without what may stand before its header."""
    return start.removeprefix(_BYTE_ORDER_MARK).lstrip(b"\r\n")


def _header(start: bytes, *, whole: bool) -> list[str]:
    """The names in the header; `whole` says that nothing of the file is left out."""
    if not start.strip():
        raise InvalidTable("the table is empty: expected a header and rows")
    # What is cut at the end of the bytes read is seen as a header that is too long.
    text = start.decode(errors="ignore")
    lines = io.StringIO(text, newline="")
    try:
        header = next((line for line in csv.reader(lines) if line), [])
    except csv.Error as error:
        raise InvalidTable(f"the header is not CSV: {error}") from error
    if not whole and lines.tell() == len(text):
        raise InvalidTable(f"the header has more than {_MAX_HEADER} bytes")
    if any("\0" in name for name in header):
        raise InvalidTable("the header has NUL bytes: save the table as UTF-8 text")
    return header


class CsvWriter:
    """CSV with a header, lines ended by LF, cells quoted where they have to be."""

    def __init__(self) -> None:
        self._names: list[str] = []

    def write(self, batch: Batch, found: Answered) -> bytes:
        carried, answers = batch.columns(), found.table()
        for name, column in zip(answers.column_names, answers.columns, strict=True):
            carried = carried.append_column(name, column)
        first = not self._names
        self._names = carried.column_names
        lines = io.BytesIO()
        frame_of(carried).write_csv(lines, include_header=first)
        return lines.getvalue()

    def end(self) -> bytes:
        return b""

    def broken(self, message: str) -> bytes:
        cells = [""] * (len(self._names) - 1) + [message]
        line = io.StringIO()
        csv.writer(line, lineterminator="\n").writerow(cells)
        return line.getvalue().encode()
