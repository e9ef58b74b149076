"""Cells on their way from a source's file to polars: rows of text in an Arrow file.

Polars reads such a file batch by batch, and of a CSV file a part that grows with it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import polars as pl

from loaders.layout import ROW
from trigpoint.gate.staged import StagedWriter

_LETTERS = 4 << 20  # in hand at most, and one row
_SEPARATOR = "\x1f"


class CellWriter:
    """Writes rows to a file: `_row` (UInt32) and String columns, in which a cell
    without text is null. The file is complete when the context ends."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        kinds = {ROW: pl.UInt32(), **dict.fromkeys(columns, pl.String())}
        self._schema = pl.Schema(kinds)
        self._writer = StagedWriter(self._schema, path, in_file=True)
        self._begin()

    def __enter__(self) -> CellWriter:
        self._writer.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self._flush()
        self._writer.__exit__(kind, error, trace)

    def write(self, number: int, cells: Sequence[str]) -> None:
        """Write a row by its number and its cells."""
        self._add([number, *cells])
        if self._text.tell() >= _LETTERS:
            self._flush()
            self._begin()

    def _begin(self) -> None:
        # As text, since making columns of lists takes polars longer than reading it.
        self._text = io.StringIO(newline="")
        writer = csv.writer(self._text, delimiter=_SEPARATOR, lineterminator="\n")
        self._add = writer.writerow

    def _flush(self) -> None:
        if not self._text.tell():
            return
        frame = pl.read_csv(
            self._text.getvalue().encode(),
            separator=_SEPARATOR,
            has_header=False,
            schema=self._schema,
        )
        text = pl.col(pl.String)
        self._writer.add(frame.with_columns(pl.when(text != "").then(text)))
