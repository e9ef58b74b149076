"""The links from records to areas: which boundaries cover each record's position.

One view file a register, with a row for each record in the order of keys: its position
(CRS84 degrees, null without one), the boundaries that it lies inside of, those on whose
border it lies, and what it declares. Boundaries are rows of the index of the same view,
of every set that it holds: which of them count on a day is asked later. Disposable; the
records in the log are the truth.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from trigpoint.spatial.boundaries import BoundaryIndex
from trigpoint.spatial.files import read_view, write_view

KEY, LON, LAT, INSIDE, BORDER = "key", "lon", "lat", "inside", "border"
# Fields that records declare areas by are kept beside, under these names.
DECLARED = "declared:"
_KIND, _VERSION = "areas", 1
_PLACED = (KEY, LON, LAT)


@dataclass(frozen=True)
class Placed:
    """One record: its position, or None, and rows of the boundaries that cover it."""

    key: str
    position: tuple[float, float] | None
    inside: tuple[int, ...]
    border: tuple[int, ...]


class AreaLinks:
    """The links of one register's records. Safe to share between threads."""

    def __init__(self, table: pa.Table) -> None:
        """A table as `build` makes it."""
        self._table = table
        self._keys = table.column(KEY).combine_chunks()

    def __len__(self) -> int:
        return int(self._table.num_rows)

    @classmethod
    def build(cls, places: pl.DataFrame, boundaries: BoundaryIndex) -> AreaLinks:
        """Links of records: `places` has each `key` once, `lon` and `lat` in degrees
        (CRS84, null without position) and columns of what is declared."""
        return cls(_table(_located(places, boundaries)))

    def amended(self, places: pl.DataFrame, boundaries: BoundaryIndex) -> AreaLinks:
        """These links with those of the records in `places` in the place of what they
        were; nothing else is located again. `boundaries` are those of before."""
        kept = self.frame().join(places, on=KEY, how="anti")
        located = _located(places, boundaries).select(kept.columns)
        return AreaLinks(_table(pl.concat([kept, located])))

    def save(self, path: Path) -> None:
        """Write the view as the file `path`."""
        write_view(path, self._table, kind=_KIND, version=_VERSION)

    @classmethod
    def open(cls, path: Path) -> AreaLinks:
        """Open the view at `path`, mapped. Raises ViewDamaged or ViewOutdated."""
        return cls(read_view(path, kind=_KIND, version=_VERSION).combine_chunks())

    @property
    def declared(self) -> tuple[str, ...]:
        """The fields that are kept beside the links."""
        names = self._table.column_names
        return tuple(n.removeprefix(DECLARED) for n in names if n.startswith(DECLARED))

    def of(self, key: str) -> Placed | None:
        """The links of one record; None for a key that is not held."""
        row = bisect_left(_Keys(self._keys), key)
        if row == len(self) or self._keys[row].as_py() != key:
            return None
        one = self._table.slice(row, 1).to_pylist()[0]
        position = None if one[LON] is None else (one[LON], one[LAT])
        return Placed(key, position, tuple(one[INSIDE]), tuple(one[BORDER]))

    def frame(self) -> pl.DataFrame:
        """All of it: `key`, `lon`, `lat`, `inside` and `border` (lists of rows), and
        `declared:` columns, in the order of keys."""
        codes = pl.selectors.starts_with(DECLARED)
        return pl.DataFrame(self._table).with_columns(codes.cast(pl.String))

    def positions(self) -> pl.DataFrame:
        """`key`, `lon` and `lat` of the records that have a position, by key."""
        placed = self._table.select(list(_PLACED))
        return pl.DataFrame(placed.filter(pc.field(LON).is_valid()))

    def pairs(self, keys: pl.Series | None = None) -> pl.DataFrame:
        """`key`, `row` of a boundary and `on_border`, a row for each link; of all
        records, or those of `keys`."""
        frame = self.frame().select(KEY, INSIDE, BORDER)
        if keys is not None:
            frame = frame.filter(pl.col(KEY).is_in(keys.implode()))
        parts = [
            frame.select(KEY, pl.col(name).alias("row"))
            .explode("row")
            .drop_nulls()
            .with_columns(on_border=pl.lit(name == BORDER))
            for name in (INSIDE, BORDER)
        ]
        return pl.concat(parts)


class _Keys(Sequence[str]):
    """A column of text as bisect wants it: only what is looked at is decoded."""

    def __init__(self, column: pa.Array) -> None:
        self._column = column

    def __len__(self) -> int:
        return len(self._column)

    def __getitem__(self, row: int) -> str:  # type: ignore[override]  # no slices
        text: str = self._column[row].as_py()
        return text


def _located(places: pl.DataFrame, boundaries: BoundaryIndex) -> pl.DataFrame:
    """`places` with their links, as columns of lists."""
    lons, lats = (places[name].fill_null(np.nan).to_numpy() for name in (LON, LAT))
    points, rows, on_border = boundaries.locate_all(lons, lats)
    lists = [
        _lists(points[mask], rows[mask], len(places)).alias(name)
        for name, mask in ((INSIDE, ~on_border), (BORDER, on_border))
    ]
    rest = [name for name in places.columns if name not in _PLACED]
    return places.with_columns(lists).select(*_PLACED, INSIDE, BORDER, *rest)


def _lists(
    points: npt.NDArray[np.int64], rows: npt.NDArray[np.int64], length: int
) -> pl.Series:
    """Rows by point, which are in the order of points, as a column of lists."""
    counts = np.bincount(points, minlength=length)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    values = pa.array(rows.astype(np.int32))
    return pl.Series(pa.LargeListArray.from_arrays(pa.array(offsets), values))


def _table(frame: pl.DataFrame) -> pa.Table:
    """As it is kept: by key in the order of code points, declared values as codes."""
    frame = frame.sort(KEY)
    categories = [name for name in frame.columns if name.startswith(DECLARED)]
    table = frame.to_arrow(compat_level=pl.CompatLevel.oldest()).combine_chunks()
    for name in categories:
        place = table.column_names.index(name)
        codes = table.column(name).cast(pa.large_string()).dictionary_encode()
        table = table.set_column(place, name, codes.combine_chunks())
    return table
