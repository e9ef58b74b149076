"""The boundaries of an index as rows of columns, each made when it is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from typing import NamedTuple, overload

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import shapely

from trigpoint.spatial.boundary import Boundary

GEOMETRY = "geometry"
FIRST, LAST = "first-day", "last-day"
_TEXTS = tuple(field.name for field in fields(Boundary) if field.name != GEOMETRY)
_COLUMNS = (*_TEXTS, FIRST, LAST, GEOMETRY)


class BoundarySet(NamedTuple):
    """One published set of boundaries: a layer, as of a vintage, in a resolution."""

    layer: str
    vintage: str
    resolution: str


class BoundaryRows(Sequence[Boundary]):
    """Boundaries in the order of answers. Safe to share between threads.

    `columns` hold one value a boundary: the texts of its fields, the first and the
    last day on which it held, and its geometry as WKB. Other columns are left alone.
    """

    def __init__(self, columns: dict[str, pa.Array]) -> None:
        self.columns = {name: columns[name] for name in _COLUMNS}
        self._made: dict[int, Boundary] = {}

    @classmethod
    def of(cls, boundaries: Iterable[Boundary]) -> BoundaryRows:
        """Rows of boundaries that have been checked."""
        ordered = sorted(boundaries, key=lambda boundary: boundary.order)
        spans = [boundary.span for boundary in ordered]
        texts: dict[str, list[str | None]] = {
            name: [getattr(one, name) for one in ordered] for name in _TEXTS
        }
        texts[FIRST] = [first for first, _ in spans]
        texts[LAST] = [last for _, last in spans]
        columns = {name: pa.array(texts[name], pa.string()) for name in texts}
        drawn = shapely.to_wkb([boundary.geometry for boundary in ordered])
        columns[GEOMETRY] = pa.array(drawn, pa.large_binary())
        return cls(columns)

    def __len__(self) -> int:
        return len(self.columns[GEOMETRY])

    @overload
    def __getitem__(self, row: int) -> Boundary: ...
    @overload
    def __getitem__(self, row: slice) -> Sequence[Boundary]: ...
    def __getitem__(self, row: int | slice) -> Boundary | Sequence[Boundary]:
        if isinstance(row, slice):
            return [self[one] for one in range(*row.indices(len(self)))]
        made = self._made.get(row)
        if made is None:
            values = {name: self.columns[name][row].as_py() for name in _TEXTS}
            wkb = self.columns[GEOMETRY][row].as_py()
            # All threads share the one that was made first, and its prepared polygon.
            made = self._made.setdefault(
                row, Boundary(**values, geometry=shapely.from_wkb(wkb))
            )
        return made

    def __iter__(self) -> Iterator[Boundary]:
        return (self[row] for row in range(len(self)))

    def texts(self, name: str) -> list[str]:
        """One column of texts; `` where there is none."""
        # Not by fill_null(), which imports pandas where that is installed.
        return [text or "" for text in self.columns[name].to_pylist()]

    @property
    def sets(self) -> list[BoundarySet]:
        """The set that each boundary is of."""
        columns = [self.texts(name) for name in BoundarySet._fields]
        return [BoundarySet(*one) for one in zip(*columns, strict=True)]

    def polygons(self, rows: npt.NDArray[np.int32]) -> npt.NDArray[np.object_]:
        """Geometries of some rows, read anew."""
        wkb = self.columns[GEOMETRY].take(pa.array(rows)).to_pylist()
        polygons: npt.NDArray[np.object_] = shapely.from_wkb(np.array(wkb, object))
        return polygons
