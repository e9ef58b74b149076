"""Areas that are asked about: circles, boxes and polygons, in degrees or on a grid.

An area covers what lies in it or on its border. Sides of boxes and polygons are
straight in the system in which they are given, so a position is taken to that system
and tested there: GeoSPARQL's `sfCovers`, as GEOS decides it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from trigpoint.spatial.cells import CELLS_AN_EDGE
from trigpoint.spatial.distance import Box as Bounds
from trigpoint.spatial.distance import in_boxes
from trigpoint.spatial.grids import (
    CRS84,
    Flags,
    Floats,
    Rows,
    fixed,
    from_lon_lat,
    lon_lat_from,
)
from trigpoint.spatial.sheet import draw
from trigpoint.spatial.tree import Region

_SIDE = 64  # pieces in which a side of a box on a grid is taken to degrees
# Degrees by which such a piece may leave the box of its ends when seen in degrees:
# 1 km is more than pieces of 140 km need.
_SAGITTA = 0.01
_TOUCHED = 8_000_000  # cells of a sheet that all edges together may touch, about
_ASKED = np.array([0, 1], np.int32)  # the one area of a sheet counts
_ASKED.flags.writeable = False
_GLOBE = (-180.0, -90.0, 180.0, 90.0)


class Area(Region, Protocol):
    """A region that decides for positions in degrees, arrays of equal length."""

    def covers(self, lons: Floats, lats: Floats) -> Flags:
        """Which positions lie in it or on its border."""
        ...

    def on_border(self, lons: Floats, lats: Floats) -> Flags:
        """Which positions that it covers lie on its border."""
        ...


@dataclass(frozen=True)
class Circle:
    """All within so many metres of a position in degrees, by geodesic distance."""

    lon: float
    lat: float
    metres: float


class Box:
    """All between two meridians and two parallels, or two eastings and northings.

    In degrees a box with `west` > `east` crosses the antimeridian (RFC 7946, section
    5.2), and -180 and 180 are one meridian. `turns` says that the coordinates are
    degrees.
    """

    def __init__(
        self, west: float, south: float, east: float, north: float, *, turns: bool
    ) -> None:
        self._sides = (west, south, east, north)
        self._turns = turns
        self.boxes: list[Bounds] = [self._sides]
        if turns and west > east:
            self.boxes = [(west, south, 180.0, north), (-180.0, south, east, north)]
        elif turns and west == -180.0:
            self.boxes.append((180.0, south, 180.0, north))
        elif turns and east == 180.0:
            self.boxes.append((-180.0, south, -180.0, north))

    @property
    def bounds(self) -> Bounds:
        """The box itself, when it does not cross the antimeridian."""
        return self._sides

    def touches(self, boxes: Floats) -> Flags:
        return in_boxes(self.boxes, *boxes.T)

    def holds(self, boxes: Floats) -> Flags:
        held = np.zeros(len(boxes), dtype=bool)
        for west, south, east, north in self.boxes:
            across = (boxes[:, 0] > west) & (boxes[:, 2] < east)
            held |= across & (boxes[:, 1] > south) & (boxes[:, 3] < north)
        return held

    def covers(self, lons: Floats, lats: Floats) -> Flags:
        return in_boxes(self.boxes, lons, lats, lons, lats)

    def on_border(self, lons: Floats, lats: Floats) -> Flags:
        west, south, east, north = self._sides
        sides: Flags = (lats == south) | (lats == north)
        if self._turns and (west, east) == (-180.0, 180.0):
            return sides  # all the way round: it has no meridian for a side
        for side in (west, east):
            sides |= lons == side
            if self._turns and abs(side) == 180.0:
                sides |= lons == -side
        return sides


class Polygon:
    """All that a valid polygon or multipolygon covers, in degrees or on a plane.

    A polygon that crosses the antimeridian is cut there in two (RFC 7946, section
    3.1.9); with `turns`, the degrees -180 and 180 being one, the cut is no border.
    Positions are decided by the cells of a sheet, and on the border by GEOS: whatever
    its form, time grows with the positions and not with their product with vertices.
    """

    def __init__(self, shape: BaseGeometry, *, turns: bool) -> None:
        west, _, east, _ = shape.bounds
        if turns and (west == -180.0 or east == 180.0):
            turn = np.array([360.0, 0.0])
            turned = shapely.transform(shape, lambda pairs: pairs - turn)
            other = shapely.transform(shape, lambda pairs: pairs + turn)
            shape = shapely.union_all([shape, turned, other])
        shapely.prepare(shape)
        self._shape = shape
        self._cells = draw(np.array([shape]), cells_an_edge=_fineness(shape))
        self.bounds: Bounds = shape.bounds

    def touches(self, boxes: Floats) -> Flags:
        return in_boxes([self.bounds], *boxes.T)

    def holds(self, boxes: Floats) -> Flags:
        return np.zeros(len(boxes), dtype=bool)

    def covers(self, lons: Floats, lats: Floats) -> Flags:
        covered, unsure = self._decided(lons, lats)
        covered[unsure] = shapely.intersects_xy(self._shape, lons[unsure], lats[unsure])
        return covered

    def on_border(self, lons: Floats, lats: Floats) -> Flags:
        covered, unsure = self._decided(lons, lats)
        border = np.zeros_like(covered)
        border[unsure] = ~shapely.contains_xy(self._shape, lons[unsure], lats[unsure])
        return border

    def _decided(self, lons: Floats, lats: Floats) -> tuple[Flags, Rows]:
        """Which positions are inside for sure, and where those are that GEOS has to
        decide."""
        # numba takes most of a second to import, and few commands need it.
        from trigpoint.spatial.deciding import decide

        answers = np.empty(len(lons), np.int32)
        decide(self._cells, _ASKED, fixed(lons), fixed(lats), answers)
        return answers > 0, np.flatnonzero(answers < 0)


class OnGrid:
    """A box or polygon whose sides are straight on the plane of a projected system."""

    def __init__(self, crs: str, area: Box | Polygon) -> None:
        self._crs = crs
        self._area = area
        self._around = _degrees_around(crs, area.bounds)

    def touches(self, boxes: Floats) -> Flags:
        return in_boxes([self._around], *boxes.T)

    def holds(self, boxes: Floats) -> Flags:
        return np.zeros(len(boxes), dtype=bool)

    def covers(self, lons: Floats, lats: Floats) -> Flags:
        east, north = from_lon_lat(self._crs, lons, lats)
        # A position beyond the reach of the system is NaN in it, and in no area.
        reached = np.isfinite(east)
        covered = np.zeros(len(lons), dtype=bool)
        covered[reached] = self._area.covers(east[reached], north[reached])
        return covered

    def on_border(self, lons: Floats, lats: Floats) -> Flags:
        return self._area.on_border(*from_lon_lat(self._crs, lons, lats))


def _fineness(shape: BaseGeometry) -> float:
    """Cells for each edge of a sheet: fewer for long edges, which touch many."""
    west, south, east, north = shape.bounds
    edges = np.abs(np.diff(shapely.get_coordinates(shape), axis=0))
    touched = _TOUCHED * math.sqrt((east - west) * (north - south)) / edges.sum()
    return float(min(CELLS_AN_EDGE, touched**2 / len(edges)))


def in_system(crs: str, area: Box | Polygon) -> Area:
    """An area given in a system, eastward axis first (OGC:CRS84, never EPSG:4326)."""
    return area if crs == CRS84 else OnGrid(crs, area)


def _degrees_around(crs: str, bounds: Bounds) -> Bounds:
    """A box in degrees around one on a plane; all the globe when the plane's system
    does not reach all along its sides.

    A continuous map takes the border of the box around all that is in it.
    """
    corners = shapely.box(*bounds)
    length = max(bounds[2] - bounds[0], bounds[3] - bounds[1]) / _SIDE
    if not length:
        sides = np.array([bounds[:2]])
    else:
        sides = shapely.get_coordinates(shapely.segmentize(corners, length))
    lons, lats = lon_lat_from(crs, sides[:, 0], sides[:, 1])
    if np.isnan(lons).any():
        return _GLOBE
    return (
        float(lons.min()) - _SAGITTA,
        float(lats.min()) - _SAGITTA,
        float(lons.max()) + _SAGITTA,
        float(lats.max()) + _SAGITTA,
    )
