"""Geodesic distances: bounds that are proven, and the nearest point of a line.

All on the WGS84 ellipsoid, by Karney's geodesics in PROJ. Two bounds carry the
searches. A path of length d changes the latitude by at most d over the shortest
degree of meridian (that at the equator). On the way it stays within that band, so
it changes the longitude by at most d over the shortest degree of parallel in the
band, which is at least that of a sphere of the equatorial radius.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from pyproj import Geod

from trigpoint.spatial.grids import Flags, Floats, Rows

GEOD = Geod(ellps="WGS84")
_MERIDIAN_DEGREE = 110_574.27  # metres, at the equator, where it is shortest
_EQUATOR_DEGREE = 111_319.49  # metres; times cos(lat) never above the true parallel
_LONGEST_DEGREE = 111_694.5  # metres; times cos(lat) never below the true parallel
_RESOLUTION = 0.0005  # metres to which the nearest point of a line is found

Box = tuple[float, float, float, float]
"""West, south, east, north in degrees, west <= east."""


def distances(lon: float, lat: float, lons: Floats, lats: Floats) -> Floats:
    """Geodesic distances in metres from one point to each of many."""
    if len(lons) == 0:
        return np.empty(0)
    start = np.broadcast_to([[lon], [lat]], (2, len(lons)))
    metres: Floats = np.asarray(GEOD.inv(start[0], start[1], lons, lats)[2])
    return metres


def boxes_within(lon: float, lat: float, metres: float) -> list[Box]:
    """Boxes that hold every point within `metres`; two across the antimeridian."""
    # The last digits of the bounds are rounded outwards.
    reach = metres / _MERIDIAN_DEGREE * (1 + 1e-12) + 1e-12
    south, north = max(-90.0, lat - reach), min(90.0, lat + reach)
    widest = max(abs(lat - reach), abs(lat + reach))
    if widest >= 90.0:
        return [(-180.0, south, 180.0, north)]
    across = metres / (_EQUATOR_DEGREE * math.cos(math.radians(widest)))
    across = across * (1 + 1e-12) + 1e-12
    if across >= 180.0:
        return [(-180.0, south, 180.0, north)]
    west, east = lon - across, lon + across
    if west < -180.0:
        return [(-180.0, south, east, north), (west + 360.0, south, 180.0, north)]
    if east > 180.0:
        return [(west, south, 180.0, north), (-180.0, south, east - 360.0, north)]
    return [(west, south, east, north)]


def in_boxes(
    boxes: list[Box], wests: Floats, souths: Floats, easts: Floats, norths: Floats
) -> Flags:
    """Which of many boxes (four columns, degrees) touch one of `boxes`."""
    touch = np.zeros(len(wests), dtype=bool)
    for west, south, east, north in boxes:
        meets = (wests <= east) & (easts >= west)
        touch |= meets & (souths <= north) & (norths >= south)
    return touch


def reaches(
    wests: Floats,
    souths: Floats,
    easts: Floats,
    norths: Floats,
    lons: Floats,
    lats: Floats,
) -> Floats:
    """For each of many boxes and a place in it (columns, degrees), metres that reach
    from the place to all of the box.

    No geodesic is longer than the path along the parallel of the place, and then
    along a meridian.
    """
    across = np.maximum(lons - wests, easts - lons) * np.cos(np.radians(lats))
    along = np.maximum(lats - souths, norths - lats)
    metres: Floats = (across + along) * _LONGEST_DEGREE
    return metres


@dataclass(frozen=True)
class Segments:
    """Straight pieces of border: ends on their plane and in degrees, and owners.

    `ends` is n x 4: the two ends on the plane in which the piece is straight;
    `degrees` is n x 4: lon, lat, lon, lat of the same ends; `owners` is n numbers
    of the areas that they bound.
    """

    ends: Floats
    degrees: Floats
    owners: Rows

    def where(self, keep: Flags) -> Segments:
        """Only the pieces flagged."""
        return Segments(self.ends[keep], self.degrees[keep], self.owners[keep])


def nearest_owners(
    lon: float,
    lat: float,
    segments: Segments,
    to_degrees: Callable[[Floats], Floats],
) -> dict[int, float]:
    """Owners of the nearest point of all pieces (several when tied), in metres.

    Exact to half a millimetre, by halving: no point of a piece is closer than
    (a + b - l) / 2, where a and b are the distances of its ends and l is at least
    its length; pieces that cannot beat the best point known are dropped.
    `to_degrees` takes n x 2 positions on the plane to lon, lat.
    """
    degrees = segments.degrees
    starts = distances(lon, lat, degrees[:, 0], degrees[:, 1])
    stops = distances(lon, lat, degrees[:, 2], degrees[:, 3])
    best: dict[int, float] = {}
    _note(best, segments.owners, np.minimum(starts, stops))
    while len(segments.owners):
        least = (starts + stops - _lengths(segments)) / 2
        keep = least < min(best.values()) - _RESOLUTION
        segments, starts, stops = segments.where(keep), starts[keep], stops[keep]
        if not keep.any():
            break
        middles = (segments.ends[:, :2] + segments.ends[:, 2:]) / 2
        places = to_degrees(middles)
        metres = distances(lon, lat, places[:, 0], places[:, 1])
        _note(best, segments.owners, metres)
        segments = _halves(segments, middles, places)
        starts = np.concatenate([starts, metres])
        stops = np.concatenate([metres, stops])
    limit = min(best.values()) + 2 * _RESOLUTION
    return {owner: metres for owner, metres in best.items() if metres <= limit}


def _halves(segments: Segments, middles: Floats, places: Floats) -> Segments:
    ends, degrees = segments.ends, segments.degrees
    return Segments(
        np.vstack(
            [np.hstack([ends[:, :2], middles]), np.hstack([middles, ends[:, 2:]])]
        ),
        np.vstack(
            [np.hstack([degrees[:, :2], places]), np.hstack([places, degrees[:, 2:]])]
        ),
        np.concatenate([segments.owners, segments.owners]),
    )


def _lengths(segments: Segments) -> Floats:
    """Upper bounds of the lengths in metres."""
    lon_1, lat_1, lon_2, lat_2 = segments.degrees.T
    least = np.minimum(np.abs(lat_1), np.abs(lat_2))
    least = np.where(lat_1 * lat_2 <= 0, 0.0, least)
    across = (lon_2 - lon_1) * _LONGEST_DEGREE * np.cos(np.radians(least))
    along = (lat_2 - lat_1) * _LONGEST_DEGREE
    # A piece that is straight on a grid is not quite so in degrees.
    lengths: Floats = np.hypot(across, along) * 1.001
    return lengths


def _note(best: dict[int, float], owners: Rows, metres: Floats) -> None:
    order = np.lexsort((metres, owners))
    found, firsts = np.unique(owners[order], return_index=True)
    for owner, value in zip(
        found.tolist(), metres[order][firsts].tolist(), strict=True
    ):
        best[owner] = min(value, best.get(owner, math.inf))
