"""The position index: which records of a register lie nearest to a point.

Exact by geodesic distance. Positions are kept sorted by bands of latitude and, in a
band, by longitude, so that the few in a box are found by binary search; boxes that
provably hold everything within a distance come from `trigpoint.spatial.distance`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from trigpoint.errors import InvalidInput, InvalidParameter
from trigpoint.spatial.covering import Rows
from trigpoint.spatial.crs import CRS84, point_from_lon_lat, reference_system, refusal
from trigpoint.spatial.distance import Box, boxes_within, distances
from trigpoint.spatial.files import read_view, write_view
from trigpoint.spatial.grids import Floats

_KIND, _VERSION = "positions", 1
_BANDS_PER_DEGREE = 100  # about 1.1 km each
_LON_UNITS = 10_000_000  # per degree; 1 cm
_BAND_SPAN = 1 << 32  # more than 360 * _LON_UNITS
_FIRST_REACH = 500.0  # metres; doubled until enough is found
_FARTHEST = 20_100_000.0  # metres; no two places on Earth are farther apart


class PositionIndex:
    """Keys with CRS84 positions. Safe to share between threads."""

    def __init__(self, keys: pa.Array, lons: Floats, lats: Floats, cells: Rows) -> None:
        """Columns of equal length, sorted by cell; see `build`."""
        self._keys = keys
        self._lons = lons
        self._lats = lats
        self._cells = cells

    def __len__(self) -> int:
        return len(self._keys)

    @classmethod
    def build(cls, keys: Sequence[str], lons: Floats, lats: Floats) -> PositionIndex:
        """Index keys by position, in degrees (CRS84).

        Raises InvalidPoint naming the first key whose position is out of range
        or not finite, InvalidInput when the columns differ in length.
        """
        lons = np.ascontiguousarray(lons, dtype=np.float64)
        lats = np.ascontiguousarray(lats, dtype=np.float64)
        if not len(keys) == len(lons) == len(lats):
            raise InvalidInput(
                f"{len(keys)} keys, {len(lons)} longitudes and {len(lats)} latitudes: "
                "expected as many of each"
            )
        _check(keys, lons, lats)
        names = pa.array(keys, pa.large_string())
        cells = _cells(lons, lats)
        order = np.argsort(cells, kind="stable")
        return cls(names.take(pa.array(order)), lons[order], lats[order], cells[order])

    def save(self, path: Path) -> None:
        """Write the view as the file `path`."""
        columns = {
            "key": self._keys,
            "lon": pa.array(self._lons),
            "lat": pa.array(self._lats),
            "cell": pa.array(self._cells),
        }
        write_view(path, pa.table(columns), kind=_KIND, version=_VERSION)

    @classmethod
    def open(cls, path: Path) -> PositionIndex:
        """Open the view at `path`, mapped. Raises ViewDamaged or ViewOutdated."""
        table = read_view(path, kind=_KIND, version=_VERSION).combine_chunks()
        lons, lats, cells = (
            table.column(name).to_numpy() for name in ("lon", "lat", "cell")
        )
        keys = table.column("key").combine_chunks()
        return cls(keys, lons, lats, cells)

    def nearest(
        self,
        lon: float,
        lat: float,
        limit: int = 1,
        max_distance_m: float = math.inf,
    ) -> list[tuple[str, float]]:
        """The nearest keys and their geodesic distances in metres, nearest first.

        At most `limit`, none farther than `max_distance_m`; equal distances are in
        the order of keys. Raises InvalidPoint, or InvalidParameter for a limit
        below 1 or a distance that is negative or NaN.
        """
        point = point_from_lon_lat(lon, lat)
        if limit < 1:
            raise InvalidParameter(
                f"limit is {limit}: expected at least 1", parameter="limit"
            )
        if not max_distance_m >= 0:
            raise InvalidParameter(
                f"max-distance is {max_distance_m}: expected metres, 0 or more",
                parameter="max-distance",
            )
        farthest = min(max_distance_m, _FARTHEST)
        reach = min(_FIRST_REACH, farthest)
        rows = self._within(boxes_within(point.lon, point.lat, reach))
        while len(rows) < limit and reach < farthest:
            reach = min(2 * reach, farthest)
            rows = self._within(boxes_within(point.lon, point.lat, reach))
        metres = self._distances(point.lon, point.lat, rows)
        if len(rows) >= limit:
            # Whatever beats the candidates is at most as far as the last of them.
            last = min(float(np.partition(metres, limit - 1)[limit - 1]), farthest)
            if last > reach:
                rows = self._within(boxes_within(point.lon, point.lat, last))
                metres = self._distances(point.lon, point.lat, rows)
        return self._ranked(rows, metres, limit, farthest)

    def within_bbox(
        self, west: float, south: float, east: float, north: float
    ) -> list[str]:
        """Keys in a box of CRS84 degrees, borders included, in the order of keys.

        A box with west > east crosses the antimeridian (RFC 7946, section 5.2).
        Raises InvalidPoint or InvalidParameter.
        """
        for corner in ((west, south), (east, north)):
            problem = refusal(reference_system(CRS84), *corner)
            if problem is not None and abs(corner[1]) != 90:
                raise problem
        if south > north:
            raise InvalidParameter(
                f"the box's south {south:g} is north of its north {north:g}",
                parameter="bbox",
            )
        boxes = [(west, south, east, north)]
        if west > east:
            boxes = [(west, south, 180.0, north), (-180.0, south, east, north)]
        keys: list[str] = self._keys.take(pa.array(self._within(boxes))).to_pylist()
        return sorted(keys)

    def _within(self, boxes: list[Box]) -> Rows:
        """Rows in any of some disjoint boxes."""
        found = [self._in_box(box) for box in boxes]
        return found[0] if len(found) == 1 else np.unique(np.concatenate(found))

    def _in_box(self, box: Box) -> Rows:
        west, south, east, north = box
        bands = np.arange(_band(south), _band(north) + 1, dtype=np.int64) * _BAND_SPAN
        starts = np.searchsorted(self._cells, bands + _unit(west), side="left")
        stops = np.searchsorted(self._cells, bands + _unit(east), side="right")
        lengths = stops - starts
        # The stretches start..stop of all bands, one after the other.
        offsets = np.repeat(stops - np.cumsum(lengths), lengths)
        rows = np.arange(int(lengths.sum()), dtype=np.int64) + offsets
        lons, lats = self._lons[rows], self._lats[rows]
        inside = (lons >= west) & (lons <= east) & (lats >= south) & (lats <= north)
        kept: Rows = rows[inside]
        return kept

    def _distances(self, lon: float, lat: float, rows: Rows) -> Floats:
        return distances(lon, lat, self._lons[rows], self._lats[rows])

    def _ranked(
        self, rows: Rows, metres: Floats, limit: int, farthest: float
    ) -> list[tuple[str, float]]:
        if len(rows) > limit:
            last = float(np.partition(metres, limit - 1)[limit - 1])
            farthest = min(farthest, last)
        close = metres <= farthest
        rows, metres = rows[close], metres[close]
        keys = self._keys.take(pa.array(rows)).to_pylist()
        ranked = sorted(zip(metres.tolist(), keys, strict=True))
        return [(key, distance) for distance, key in ranked[:limit]]


def _check(keys: Sequence[str], lons: Floats, lats: Floats) -> None:
    """Refuse positions out of range, at column speed while there is none."""
    good = (np.abs(lons) <= 180) & (np.abs(lats) < 90)
    for row in np.flatnonzero(~good)[:1].tolist():
        problem = refusal(reference_system(CRS84), lons[row], lats[row])
        if problem is not None:
            problem.args = (f"{keys[row]}: {problem}",)
            raise problem


def _cells(lons: Floats, lats: Floats) -> Rows:
    bands = np.floor((lats + 90) * _BANDS_PER_DEGREE).astype(np.int64)
    units = np.floor((lons + 180) * _LON_UNITS).astype(np.int64)
    return bands * _BAND_SPAN + units


def _band(lat: float) -> int:
    return math.floor((lat + 90) * _BANDS_PER_DEGREE)


def _unit(lon: float) -> int:
    return math.floor((lon + 180) * _LON_UNITS)
