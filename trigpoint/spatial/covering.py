"""Which polygons cover a point, and whether it lies on their border.

Exactly GEOS' `covers`, in the plane in which the polygons are drawn. A tree of
bounding boxes finds the candidates and prepared polygons decide. This is the one
place that does so: a faster index has to keep these two methods.
"""

from __future__ import annotations

import threading
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import shapely

from trigpoint.spatial.grids import Flags, Floats, Rows


class Covers(NamedTuple):
    """Pairs of point and polygon, as three columns sorted by point, then row."""

    points: Rows
    rows: Rows
    on_border: Flags


class Covering:
    """An index over valid polygons or multipolygons of one plane.

    `rows` in answers are positions in the array given. Safe to share between
    threads.
    """

    def __init__(self, polygons: npt.NDArray[np.object_]) -> None:
        self._polygons = polygons
        self._tree = shapely.STRtree(polygons)
        self._prepared = np.zeros(len(polygons), dtype=bool)
        self._lock = threading.Lock()

    def at(self, east: float, north: float, among: Flags) -> list[tuple[int, bool]]:
        """(row, on border) of each polygon that covers one point, by row.

        `among` flags, per row, the polygons that count.
        """
        found = []
        for row in self._tree.query(shapely.Point(east, north)).tolist():
            if not among[row]:
                continue
            self._prepare(row)
            polygon = self._polygons[row]
            if shapely.intersects_xy(polygon, east, north):
                inside = shapely.contains_xy(polygon, east, north)
                found.append((row, not inside))
        return sorted(found)

    def many(self, easts: Floats, norths: Floats, among: Flags) -> Covers:
        """As `at`, for arrays of equal length; a NaN is covered by nothing."""
        places = np.flatnonzero(np.isfinite(easts) & np.isfinite(norths))
        boxes = shapely.points(easts[places], norths[places])
        candidates, rows = self._tree.query(boxes)
        counts = among[rows]
        candidates, rows = candidates[counts], rows[counts]
        for row in np.unique(rows):
            self._prepare(row)
        # One polygon after the other keeps its index in the processor's cache.
        by_row = np.argsort(rows, kind="stable")
        points, rows = places[candidates[by_row]], rows[by_row]
        polygons = self._polygons[rows]
        hit = shapely.intersects_xy(polygons, easts[points], norths[points])
        points, rows, polygons = points[hit], rows[hit], polygons[hit]
        inside = shapely.contains_xy(polygons, easts[points], norths[points])
        order = np.lexsort((rows, points))
        return Covers(points[order], rows[order].astype(np.int64), ~inside[order])

    def _prepare(self, row: int) -> None:
        # GEOS builds the index behind a prepared polygon at the first test and
        # without a lock of its own, so that first test must happen under ours.
        if self._prepared[row]:
            return
        with self._lock:
            polygon = self._polygons[row]
            shapely.prepare(polygon)
            inner = polygon.representative_point()
            shapely.intersects_xy(polygon, inner.x, inner.y)
            shapely.contains_xy(polygon, inner.x, inner.y)
            self._prepared[row] = True
