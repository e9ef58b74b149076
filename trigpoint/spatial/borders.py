"""The area nearest to a point that lies in none, by true distance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely

from trigpoint.spatial.boundary import Boundary
from trigpoint.spatial.distance import (
    Segments,
    boxes_within,
    distances,
    in_boxes,
    nearest_owners,
    reaches,
)
from trigpoint.spatial.grids import CRS84, Floats, Rows, lon_lat_from

_TIE = 0.001  # metres; borders whose distances differ by less are as near
_SAMPLE = 16  # every so many vertices give a first upper bound
# Degrees by which a line straight on a grid may leave the box of its ends when
# seen in degrees: 1 km is more than lines of 140 km need.
_SAGITTA = 0.01


class Borders:
    """Distances from points to the borders of boundaries.

    The border is as drawn: pieces are straight on the plane of the boundary's own
    CRS. Distances are geodesic, exact to a millimetre.
    """

    def __init__(self, boundaries: Sequence[Boundary], outlines: Floats) -> None:
        """Boundaries, with `outlines_of` them."""
        self._boundaries = boundaries
        self._boxes, self._anchors = outlines[:, :4], outlines[:, 4:]
        self._reaches = reaches(*outlines.T)

    def nearest(self, lon: float, lat: float, rows: Rows) -> tuple[int, float]:
        """The row, of those given (at least one), that is nearest, and metres.

        Of several at the same distance, the first in the order of rows.
        """
        to_anchors = distances(lon, lat, *self._anchors[rows].T)
        bound = float(to_anchors.min())
        # Far away a box within the bound holds half the globe, but no border is
        # nearer than its anchor by more than the path from there to all of it.
        reached = to_anchors - self._reaches[rows] <= bound + _TIE
        near = boxes_within(lon, lat, bound)
        rows = rows[reached & in_boxes(near, *self._boxes[rows].T)]
        owners: dict[int, float] = {}
        for crs in {self._boundaries[row].crs for row in rows}:
            own = [row for row in rows if self._boundaries[row].crs == crs]
            owners |= self._nearest_of(lon, lat, own, crs)
        least = min(owners.values())
        row = min(row for row, metres in owners.items() if metres <= least + _TIE)
        return row, owners[row]

    def _nearest_of(
        self, lon: float, lat: float, rows: list[int], crs: str
    ) -> dict[int, float]:
        segments = self._segments(rows, crs)
        degrees = segments.degrees
        sample = np.arange(0, len(degrees), _SAMPLE)
        bound = distances(lon, lat, degrees[sample, 0], degrees[sample, 1]).min()
        near = boxes_within(lon, lat, float(bound))
        starts, stops = degrees[:, :2], degrees[:, 2:]
        slack = 0.0 if crs == CRS84 else _SAGITTA
        low = np.minimum(starts, stops) - slack
        high = np.maximum(starts, stops) + slack
        keep = in_boxes(near, low[:, 0], low[:, 1], high[:, 0], high[:, 1])
        return nearest_owners(
            lon, lat, segments.where(keep), lambda pairs: _degrees(crs, pairs)
        )

    def _segments(self, rows: list[int], crs: str) -> Segments:
        """All pieces of border of some boundaries of one CRS."""
        shapes = np.array([self._boundaries[row].geometry for row in rows])
        parts, part_of = shapely.get_parts(shapes, return_index=True)
        rings, ring_of = shapely.get_rings(parts, return_index=True)
        pairs, pair_of = shapely.get_coordinates(rings, return_index=True)
        places = _degrees(crs, pairs)
        # Consecutive vertices make a piece unless a new ring begins between them.
        joined = pair_of[1:] == pair_of[:-1]
        owners = np.asarray(rows)[part_of[ring_of[pair_of[1:]]]]
        return Segments(
            np.hstack([pairs[:-1], pairs[1:]]),
            np.hstack([places[:-1], places[1:]]),
            owners,
        ).where(joined)


def outlines_of(boundaries: Sequence[Boundary]) -> Floats:
    """For each boundary, in degrees: the box that holds its border (west, south, east,
    north) and one of its corners (lon, lat)."""
    outlines = np.empty((len(boundaries), 6))
    for row, boundary in enumerate(boundaries):
        corners = _degrees(boundary.crs, shapely.get_coordinates(boundary.geometry))
        slack = 0.0 if boundary.crs == CRS84 else _SAGITTA
        outlines[row, :2] = corners.min(axis=0) - slack
        outlines[row, 2:4] = corners.max(axis=0) + slack
        outlines[row, 4:] = corners[0]
    return outlines


def _degrees(crs: str, pairs: Floats) -> Floats:
    if crs == CRS84:
        return pairs
    lons, lats = lon_lat_from(crs, pairs[:, 0], pairs[:, 1])
    return np.column_stack([lons, lats])
