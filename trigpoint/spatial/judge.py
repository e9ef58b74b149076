"""GEOS, asked about positions that lie on a border or too near to it to tell."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from trigpoint.spatial.boundary import Boundary
from trigpoint.spatial.grids import Flags, Floats, Rows


class Covers(NamedTuple):
    """Pairs of point and boundary, as three columns sorted by point, then row."""

    points: Rows
    rows: Rows
    on_border: Flags


class Judgement(NamedTuple):
    """How pairs of position and boundary stand: covered at all, and on the border."""

    covered: Flags
    on_border: Flags


class Judge:
    """Decides by prepared polygons. Safe to share between threads."""

    def __init__(self, boundaries: Sequence[Boundary]) -> None:
        self._boundaries = boundaries
        self._prepared: dict[int, BaseGeometry] = {}
        self._lock = threading.Lock()

    def decide(self, rows: Rows, easts: Floats, norths: Floats) -> Judgement:
        """One decision per place: of the boundary of a row, and a position in the
        plane that it is drawn in."""
        covered = np.zeros(len(rows), dtype=bool)
        inside = np.zeros(len(rows), dtype=bool)
        # One polygon after the other keeps its index in the processor's cache.
        order = np.argsort(rows, kind="stable")
        for places in np.split(order, np.flatnonzero(np.diff(rows[order])) + 1):
            if not len(places):
                continue
            polygon = self._polygon(int(rows[places[0]]))
            pairs = easts[places], norths[places]
            covered[places] = shapely.intersects_xy(polygon, *pairs)
            inside[places] = shapely.contains_xy(polygon, *pairs)
        return Judgement(covered, covered & ~inside)

    def _polygon(self, row: int) -> BaseGeometry:
        known = self._prepared.get(row)
        if known is not None:
            return known
        # GEOS builds the index behind a prepared polygon at the first test and
        # without a lock of its own, so that first test must happen under ours.
        with self._lock:
            if row not in self._prepared:
                polygon = self._boundaries[row].geometry
                shapely.prepare(polygon)
                inner = polygon.representative_point()
                shapely.intersects_xy(polygon, inner.x, inner.y)
                shapely.contains_xy(polygon, inner.x, inner.y)
                self._prepared[row] = polygon
            return self._prepared[row]
