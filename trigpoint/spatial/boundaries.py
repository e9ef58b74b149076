"""The boundary index: which areas cover a point, on a day, in each layer.

Exact in the CRS in which each boundary was drawn: the answer is GEOS' `covers`, so
a point on a border belongs to every area that shares it, and says so. A disposable
view; the boundary records in the log are the truth.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import pyarrow as pa
import shapely

from trigpoint.spatial.borders import Borders
from trigpoint.spatial.boundary import Boundary, check_boundary
from trigpoint.spatial.covering import Covering, Covers
from trigpoint.spatial.crs import Point, point_from_lon_lat
from trigpoint.spatial.files import read_view, write_view
from trigpoint.spatial.grids import (
    CRS84,
    Flags,
    Floats,
    Rows,
    from_lon_lat,
    lon_lat_from,
    reference_system,
)
from trigpoint.spatial.selection import Selection

FILE = "boundaries.arrow"
_KIND, _VERSION = "boundaries", 1
_TEXTS = tuple(field.name for field in fields(Boundary) if field.name != "geometry")


@dataclass(frozen=True)
class Located:
    """One area that covers a point: inside it, or on its border."""

    boundary: Boundary
    relation: Literal["inside", "border"]


class BoundarySet(NamedTuple):
    """One published set of boundaries: a layer, as of a vintage, in a resolution."""

    layer: str
    vintage: str
    resolution: str


class BoundaryIndex:
    """Look-ups over boundaries of any number of layers, vintages and CRSs.

    `boundaries` is in the order of answers: largest layer first, then lowest area
    code. Safe to share between threads.
    """

    def __init__(self, boundaries: Iterable[Boundary]) -> None:
        """Index boundaries that have been checked; see `build`."""
        ordered = sorted(boundaries, key=lambda boundary: boundary.order)
        self.boundaries: tuple[Boundary, ...] = tuple(ordered)
        self._selection = Selection(self.boundaries)
        self._borders = Borders(self.boundaries)
        systems = np.array([boundary.crs for boundary in self.boundaries], dtype=str)
        shapes = np.empty(len(self.boundaries), dtype=object)
        shapes[:] = [boundary.geometry for boundary in self.boundaries]
        self._planes: list[tuple[str, Rows, Covering]] = []
        for crs in np.unique(systems).tolist():
            rows = np.flatnonzero(systems == crs)
            self._planes.append((crs, rows, Covering(shapes[rows])))

    @classmethod
    def build(cls, boundaries: Iterable[Boundary]) -> BoundaryIndex:
        """Check and index boundaries.

        Raises InvalidInput naming the first boundary with a geometry that is
        missing, empty, not polygonal or not valid, or with a CRS that cannot be.
        """
        checked = list(boundaries)
        for boundary in checked:
            check_boundary(boundary)
        return cls(checked)

    def save(self, folder: Path) -> None:
        """Write the view into `folder` as one file."""
        columns: dict[str, pa.Array] = {
            name: pa.array([getattr(b, name) for b in self.boundaries], pa.string())
            for name in _TEXTS
        }
        shapes = [boundary.geometry for boundary in self.boundaries]
        columns["geometry"] = pa.array(shapely.to_wkb(shapes), pa.large_binary())
        write_view(folder / FILE, pa.table(columns), kind=_KIND, version=_VERSION)

    @classmethod
    def open(cls, folder: Path) -> BoundaryIndex:
        """Open the view in `folder`. Raises ViewDamaged or ViewOutdated."""
        table = read_view(folder / FILE, kind=_KIND, version=_VERSION)
        texts = [table.column(name).to_pylist() for name in _TEXTS]
        shapes = shapely.from_wkb(table.column("geometry").to_pylist())
        rows = zip(*texts, shapes, strict=True)
        return cls(Boundary(*row) for row in rows)

    @property
    def sets(self) -> tuple[BoundarySet, ...]:
        """The sets that are held, in the order of their first boundaries."""
        return tuple(
            dict.fromkeys(
                BoundarySet(b.layer, b.vintage, b.resolution) for b in self.boundaries
            )
        )

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
        return self._selection.vintages(at, layers)

    def counting(
        self, at: str | None = None, layers: Collection[str] | None = None
    ) -> Rows:
        """The rows of the boundaries that count at `at`, lowest first; raises
        InvalidParameter as `locate_point` does."""
        return np.flatnonzero(self._selection.flags(at, layers))

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
        flags = self._selection.flags(at, layers)
        found = []
        for crs, rows, covering in self._planes:
            east, north = point.planar(crs)
            # NaN, a place beyond the reach of the CRS, is covered by nothing there.
            if not math.isnan(east):
                hits = covering.at(east, north, flags[rows])
                found += [(int(rows[row]), on_border) for row, on_border in hits]
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
        Raises InvalidParameter for a date or layer that is none.
        """
        return self._many(firsts, seconds, self._selection.flags(at, layers), crs)

    def locate_all(self, firsts: Floats, seconds: Floats, crs: str = CRS84) -> Covers:
        """As `locate_many`, in every set that is held, whatever the day."""
        flags = np.ones(len(self.boundaries), dtype=bool)
        return self._many(firsts, seconds, flags, crs)

    def _many(
        self, firsts: Floats, seconds: Floats, flags: Flags, given: str
    ) -> Covers:
        code = reference_system(given).code
        lons, lats = lon_lat_from(code, firsts, seconds)
        answers = []
        for crs, rows, covering in self._planes:
            same = crs == code
            easts, norths = (
                (np.asarray(firsts, np.float64), np.asarray(seconds, np.float64))
                if same
                else from_lon_lat(crs, lons, lats)
            )
            points, hits, on_border = covering.many(easts, norths, flags[rows])
            answers.append((points, rows[hits], on_border))
        if not answers:
            none = np.empty(0, np.int64)
            return Covers(none, none, np.empty(0, bool))
        points, hits, on_border = map(np.concatenate, zip(*answers, strict=True))
        order = np.lexsort((hits, points))
        return Covers(points[order], hits[order], on_border[order])

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
        rows = np.flatnonzero(self._selection.flags(at, (layer,)))
        if not len(rows):
            return None
        row, metres = self._borders.nearest(lon, lat, rows)
        return self.boundaries[row], metres

    def distance_to(self, lon: float, lat: float, rows: Rows) -> tuple[int, float]:
        """Of some boundaries (at least one), the row whose border is nearest to a
        CRS84 position, and geodesic metres to it, wherever the position lies."""
        return self._borders.nearest(lon, lat, rows)
