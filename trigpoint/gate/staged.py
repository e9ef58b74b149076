"""Staged rows of one register: read batch by batch, as often as needed.

They have the register's fields (String, or List(String) where a field takes many
values; null for absent) and `_row`, their number in the source as a person counts;
perhaps `_problem`, the reason why a row is refused before it is judged. In memory they
are a frame, on disk a file of Arrow batches, of which one at a time is in memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

BATCH = 100_000


@dataclass(frozen=True)
class Staged:
    """Rows in memory (a frame) or on disk (an Arrow IPC file)."""

    rows: pl.DataFrame | Path
    batch: int = BATCH

    def __len__(self) -> int:
        if isinstance(self.rows, pl.DataFrame):
            return len(self.rows)
        return int(pl.scan_ipc(self.rows).select(pl.len()).collect().item())

    @property
    def columns(self) -> pl.Schema:
        """The columns and their types."""
        if isinstance(self.rows, pl.DataFrame):
            return self.rows.schema
        return pl.scan_ipc(self.rows).collect_schema()

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
        """The rows in their order, in batches; only some of the columns if named."""
        for start in range(0, len(self), self.batch):
            if isinstance(self.rows, pl.DataFrame):
                part = self.rows if columns is None else self.rows.select(columns)
                yield part.slice(start, self.batch)
            else:
                scan = pl.scan_ipc(self.rows).slice(start, self.batch)
                if columns is not None:
                    scan = scan.select(columns)
                yield scan.collect()
