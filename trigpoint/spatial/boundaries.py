"""The boundary index: which areas cover a point, on a day, in each layer.

Exact in the CRS in which each boundary was drawn: the answer is GEOS' `covers`, so
a point on a border belongs to every area that shares it, and says so. A disposable
view; the boundary records in the log are the truth.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import pyarrow as pa

from trigpoint.dates import today
from trigpoint.errors import InvalidInput
from trigpoint.spatial.borders import Borders, outlines_of
from trigpoint.spatial.boundary import Boundary, check_boundary
from trigpoint.spatial.cells import Cells, Numbers
from trigpoint.spatial.crs import Point, point_from_lon_lat
from trigpoint.spatial.files import numbers_of, read_lists, write_lists
from trigpoint.spatial.grids import (
    CRS84,
    Flags,
    Floats,
    Rows,
    fixed,
    from_lon_lat,
    lon_lat_from,
    reference_system,
)
from trigpoint.spatial.judge import Covers, Judge
from trigpoint.spatial.rows import BoundaryRows, BoundarySet
from trigpoint.spatial.selection import Selection
from trigpoint.spatial.sheet import Sheet, draw, from_columns, to_columns

__all__ = ["BoundaryIndex", "BoundarySet", "Covers", "Located"]

FILE = "boundaries.arrow"
_KIND, _VERSION = "boundaries", 3
_OUTLINES = "outlines"
_REMEMBERED = 64  # days asked for are few; more than these are worked out again

_Question = tuple[str, frozenset[str] | None]
# By CRS: the sheets, each with the answers that its areas give.
_Planes = Sequence[tuple[str, Sequence[tuple[Cells, Numbers]]]]


class _Counting(NamedTuple):
    """What counts on a day, in some layers: rows, vintages by layer, and sheets."""

    rows: Rows
    vintages: dict[str, str]
    planes: _Planes


@dataclass(frozen=True)
class Located:
    """One area that covers a point: inside it, or on its border."""

    boundary: Boundary
    relation: Literal["inside", "border"]


class BoundaryIndex:
    """Look-ups over boundaries of any number of layers, vintages and CRSs.

    `boundaries` is in the order of answers: largest layer first, then lowest area
    code; its columns of texts can be had without making boundaries. Safe to share
    between threads.
    """

    def __init__(
        self, boundaries: BoundaryRows, sheets: Sequence[Sheet], outlines: Floats
    ) -> None:
        """Boundaries that have been checked, on the sheets of their sets, with
        `outlines_of` them; see `build` and `open`."""
        self.boundaries = boundaries
        self._sheets = sheets
        self._selection = Selection(boundaries)
        self._outlines = outlines
        self._borders = Borders(boundaries, outlines)
        self._judge = Judge(boundaries)
        self._asked: OrderedDict[_Question, _Counting] = OrderedDict()
        self._lock = threading.Lock()

    @classmethod
    def build(cls, boundaries: Iterable[Boundary]) -> BoundaryIndex:
        """Check and index boundaries.

        Raises InvalidInput naming the first boundary with a geometry that is
        missing, empty, not polygonal, not valid or out of range, or with a CRS that
        cannot be.
        """
        checked = list(boundaries)
        for boundary in checked:
            check_boundary(boundary)
        rows = BoundaryRows.of(checked)
        sets: dict[tuple[str, BoundarySet], list[int]] = {}
        for row, one in enumerate(zip(rows.texts("crs"), rows.sets, strict=True)):
            sets.setdefault(one, []).append(row)
        sheets = []
        for (crs, _), members in sets.items():
            numbers = np.array(members, np.int32)
            sheets.append(Sheet(crs, numbers, draw(rows.polygons(numbers))))
        return cls(rows, sheets, outlines_of(rows))

    def save(self, folder: Path) -> None:
        """Write the view into `folder` as one file."""
        columns = {**self.boundaries.columns, **to_columns(self._sheets)}
        columns[_OUTLINES] = pa.array(self._outlines.ravel())
        write_lists(folder / FILE, columns, kind=_KIND, version=_VERSION)

    @classmethod
    def open(cls, folder: Path) -> BoundaryIndex:
        """Map the view in `folder`. Raises ViewDamaged or ViewOutdated."""
        columns = read_lists(folder / FILE, kind=_KIND, version=_VERSION)
        rows = BoundaryRows(columns)
        outlines = numbers_of(columns[_OUTLINES]).reshape(len(rows), 6)
        return cls(rows, from_columns(columns), outlines)

    @property
    def sets(self) -> tuple[BoundarySet, ...]:
        """The sets that are held, in the order of their first boundaries."""
        return tuple(dict.fromkeys(self.boundaries.sets))

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers of which there is any boundary, largest areas first."""
        return self._selection.layers

    def vintages(
        self, at: str | None = None, layers: Collection[str] | None = None
    ) -> dict[str, str]:
        """The vintage that counts in each layer at `at`.

        A layer that is missing here had no boundaries then, so that an empty
        answer can be told from a point outside every area.
        """
        return dict(self._counting(at, layers).vintages)

    def counting(
        self, at: str | None = None, layers: Collection[str] | None = None
    ) -> Rows:
        """The rows of the boundaries that count at `at`, lowest first; raises
        InvalidParameter as `locate_point` does."""
        return self._counting(at, layers).rows

    def locate(
        self,
        lon: float,
        lat: float,
        at: str | None = None,
        layers: Collection[str] | None = None,
    ) -> list[Located]:
        """Every area that covers a CRS84 position; see `locate_point`."""
        return self.locate_point(point_from_lon_lat(lon, lat), at, layers)

    def locate_point(
        self,
        point: Point,
        at: str | None = None,
        layers: Collection[str] | None = None,
    ) -> list[Located]:
        """Every area that covers a point, largest layer first, then lowest code.

        `at` is a date of any GDS precision (None: today); in each layer the newest
        vintage that held then counts. A point given in a boundary's own CRS is
        tested as given, without transformation. Raises InvalidParameter for a date
        or layer that is none.
        """
        return [
            Located(self.boundaries[row], "border" if on_border else "inside")
            for row, on_border in self.rows_at(point, at, layers)
        ]

    def rows_at(
        self,
        point: Point,
        at: str | None = None,
        layers: Collection[str] | None = None,
    ) -> list[tuple[int, bool]]:
        """As `locate_point`: positions in `boundaries`, and whether on the border."""
        # Here, since numba takes most of a second to import.
        from trigpoint.spatial.joining import join_one

        found = []
        for crs, sheets in self._counting(at, layers).planes:
            # NaN, a place beyond the reach of the CRS, is covered by nothing there.
            found += join_one(sheets, *point.planar(crs), self._judge)
        return sorted(found)

    def locate_many(
        self,
        firsts: Floats,
        seconds: Floats,
        at: str | None = None,
        layers: Collection[str] | None = None,
        crs: str = CRS84,
    ) -> Covers:
        """As `locate_point`, for arrays of equal length; `rows` index `boundaries`.

        Pairs are in the axis order of `crs` (lon, lat unless said), and are tested
        as given against boundaries drawn in it. They are not checked: a position
        that is NaN, out of range or beyond the reach of a CRS is covered by nothing.
        Raises InvalidParameter for a date or layer that is none, InvalidInput when the
        columns differ in length.
        """
        return self._many(firsts, seconds, self._counting(at, layers).planes, crs)

    def locate_all(self, firsts: Floats, seconds: Floats, crs: str = CRS84) -> Covers:
        """As `locate_many`, in every set that is held, whatever the day."""
        every = np.ones(len(self.boundaries), dtype=bool)
        return self._many(firsts, seconds, self._asking(every), crs)

    def _many(
        self, firsts: Floats, seconds: Floats, planes: _Planes, given: str
    ) -> Covers:
        from trigpoint.spatial.joining import Asked, join

        code = reference_system(given).code
        pair = fixed(np.atleast_1d(firsts)), fixed(np.atleast_1d(seconds))
        if pair[0].ndim != 1 or pair[0].shape != pair[1].shape:
            # The native loops would read beyond the end of the shorter one.
            raise InvalidInput(
                f"positions have the shapes {pair[0].shape} and {pair[1].shape}: "
                "expected two columns of one length"
            )
        lons, lats = lon_lat_from(code, *pair)
        asked = []
        for crs, sheets in planes:
            easts, norths = pair if crs == code else from_lon_lat(crs, lons, lats)
            places = fixed(easts), fixed(norths)
            asked += [Asked(*sheet, *places) for sheet in sheets]
        return join(asked, len(pair[0]), self._judge)

    def _counting(self, at: str | None, layers: Collection[str] | None) -> _Counting:
        """What counts, worked out once for each question."""
        day = today() if at is None else at
        question = day, None if layers is None else frozenset(layers)
        known = self._asked.get(question)
        if known is None:
            flags = self._selection.flags(*question)
            rows = np.flatnonzero(flags)
            rows.flags.writeable = False
            vintages = self._selection.vintages(*question)
            known = _Counting(rows, vintages, self._asking(flags))
            with self._lock:
                self._asked[question] = known
                if len(self._asked) > _REMEMBERED:
                    self._asked.popitem(last=False)
        return known

    def _asking(self, flags: Flags) -> _Planes:
        planes: dict[str, list[tuple[Cells, Numbers]]] = {}
        for crs, members, cells in self._sheets:
            counting = flags[members]
            if counting.any():
                answers = np.zeros(len(members) + 1, np.int32)
                answers[1:][counting] = members[counting] + 1
                answers.flags.writeable = False
                planes.setdefault(crs, []).append((cells, answers))
        return tuple(planes.items())

    def nearest_area(
        self, lon: float, lat: float, at: str | None = None, layer: str = "district"
    ) -> tuple[Boundary, float] | None:
        """The area of a layer nearest to a CRS84 position, and metres to it.

        0 metres when an area covers the position; of several as near, the lowest
        code. None when the layer had no boundaries at `at`. Distances are geodesic
        to the border as drawn, exact to a millimetre. Raises InvalidPoint.
        """
        covering = self.locate(lon, lat, at, (layer,))
        if covering:
            return covering[0].boundary, 0.0
        rows = self.counting(at, (layer,))
        if not len(rows):
            return None
        row, metres = self._borders.nearest(lon, lat, rows)
        return self.boundaries[row], metres

    def distance_to(self, lon: float, lat: float, rows: Rows) -> tuple[int, float]:
        """Of some boundaries (at least one), the row whose border is nearest to a
        CRS84 position, and geodesic metres to it, wherever the position lies."""
        return self._borders.nearest(lon, lat, rows)
