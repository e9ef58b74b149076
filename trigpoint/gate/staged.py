"""Staged rows of one register: written once, read batch by batch, as often as needed.

They have the register's fields (String, or List(String) where a field takes many
values; null for absent) and `_row`, their number in the source as a person counts;
perhaps `_problem`, the reason why a row is refused before it is judged. In memory they
are a frame, on disk a file of Arrow batches (Apache Arrow, "IPC File Format"), of which
one at a time is in memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.ipc

BATCH = 100_000
_MOST_BYTES = 64 << 20  # of a batch on disk, unless one row has more


@dataclass(frozen=True)
class Staged:
    """Rows in memory (a frame) or on disk (an Arrow IPC file). `batch` says how many
    rows of a frame are a batch; a file has the batches that it was written in."""

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
        if isinstance(self.rows, pl.DataFrame):
            part = self.rows if columns is None else self.rows.select(columns)
            # A frame without columns has no rows to count.
            for start in range(0, len(self.rows), self.batch):
                yield part.slice(start, self.batch)
            return
        # Batches are not copied: their pages are the file's, and read when needed. Were
        # it opened once, all of them would count as this process's memory to the end.
        for number in range(self._batches()):
            with (
                pa.memory_map(str(self.rows)) as source,
                pa.ipc.open_file(source) as file,
            ):
                frame = pl.DataFrame(file.get_batch(number))
            yield frame if columns is None else frame.select(columns)

    def _batches(self) -> int:
        """How many batches a file has."""
        with pa.memory_map(str(self.rows)) as source, pa.ipc.open_file(source) as file:
            return int(file.num_record_batches)


class StagedWriter:
    """Makes `Staged` rows of frames of one schema as they come: in memory, or those
    that are more than one batch in a file at `path`, in batches of at most `batch` rows
    and about 64 MiB, if no row has more by itself. With `in_file` few rows, too, go to
    the file.

    The file is complete and closed when the context ends.
    """

    def __init__(
        self,
        schema: pl.Schema,
        path: Path | None,
        batch: int = BATCH,
        *,
        in_file: bool = False,
    ) -> None:
        self._in_file = in_file
        self._empty = pl.DataFrame(schema=schema)
        self._path = path
        self._batch = batch
        self._waiting: list[pl.DataFrame] = []
        self._rows = 0
        self._bytes: float = 0
        self._file: Any = None

    def __enter__(self) -> StagedWriter:
        if self._in_file:
            self._open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None and self._file is not None:
                self._write()
        finally:
            if self._file is not None:
                self._file.close()

    def add(self, frame: pl.DataFrame) -> None:
        """Take rows, in the columns of the schema."""
        share = _MOST_BYTES / max(frame.estimated_size(), _MOST_BYTES)
        rows = max(1, min(self._batch, int(len(frame) * share)))
        for part in frame.iter_slices(rows):
            size = part.estimated_size()
            full = self._rows + len(part) > self._batch
            if full or self._bytes + size > _MOST_BYTES:
                self._write()
            self._waiting.append(part)
            self._rows += len(part)
            self._bytes += size

    def staged(self) -> Staged:
        """The rows taken; to be asked for once the context has ended."""
        if self._path is not None and self._file is not None:
            return Staged(self._path, self._batch)
        rows = pl.concat(self._waiting) if self._waiting else self._empty
        return Staged(rows, self._batch)

    def _write(self) -> None:
        """Write what waits as one batch; in memory, it waits on."""
        if self._path is None or not self._waiting:
            return
        if self._file is None:
            self._open()
        for batch in _arrow(pl.concat(self._waiting)).to_batches():
            self._file.write(batch)
        self._waiting, self._rows, self._bytes = [], 0, 0

    def _open(self) -> None:
        self._file = pa.ipc.new_file(str(self._path), _arrow(self._empty).schema)


def _arrow(frame: pl.DataFrame) -> Any:
    """A frame as an Arrow table of one chunk, texts as views of buffers of their own.

    Views are what polars reads without a copy. Its own may be of buffers that they
    share with the frame which this one was cut from, and would write these whole.
    """
    table = frame.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
    kinds = [pa.field(one.name, _viewed(one.type)) for one in table.schema]
    return table.cast(pa.schema(kinds))


def _viewed(kind: Any) -> Any:
    if pa.types.is_large_string(kind):
        return pa.string_view()
    if pa.types.is_large_list(kind):
        return pa.large_list(_viewed(kind.value_type))
    return kind
