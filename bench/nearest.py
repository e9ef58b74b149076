"""What is nearest: the position index against every distance there is."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
import pyarrow as pa
import shapely
from pyproj import Geod

from bench.inputs import Inputs, Positions
from bench.measure import Comparison, Side
from trigpoint.spatial.nearest import PositionIndex
from trigpoint.spatial.within import Circle

_POSITIONS = 10_000_000  # more than there are: all of them
_PLACES = 500
_BRUTE_PLACES = 2  # of them, for the slow side
_LIMITS = (1, 10)
_RADIUS = 500.0  # metres
_SHIFT = 0.003  # degrees, so that the places asked for are not positions themselves


def comparisons(inputs: Inputs) -> Iterator[Comparison]:
    """The one and the ten nearest postcodes of places among them, those within a
    circle, and the index itself."""
    at = inputs.postcodes(_POSITIONS)
    index = PositionIndex.build(at.keys, at.lons, at.lats)
    step = max(1, len(at.keys) // inputs.size(_PLACES))
    places = [(lon + _SHIFT, lat) for lon, lat in list(at.pairs())[::step]]
    few = places[:_BRUTE_PLACES]
    brute = Brute(at)
    count = f"{len(at.keys):,} postcodes, {len(places)} places"
    for limit in _LIMITS:
        yield Comparison(
            "The nearest" if limit == 1 else f"The {limit} nearest",
            f"{count} ({len(few)} by brute force)",
            "place",
            (
                Side(
                    "brute force, pyproj Geod",
                    len(few),
                    partial(_all, brute, few, limit),
                ),
                Side(
                    "PositionIndex.nearest",
                    len(places),
                    partial(_all, index, places, limit),
                ),
            ),
            per="µs",
            clock="processor",
            about="Both are exact by geodesic distance. Brute force takes time by the "
            "number of positions, the index by how many are near.",
        )
    yield Comparison(
        f"Within {_RADIUS:.0f} metres",
        f"{count} ({len(few)} by brute force)",
        "place",
        (
            Side(
                "brute force, pyproj Geod",
                len(few),
                lambda: [brute.within(*place) for place in few],
            ),
            Side("PositionIndex.within", len(places), lambda: _circles(index, places)),
        ),
        per="µs",
        clock="processor",
        about="Keys in their order, each with its distance.",
    )
    yield _build(at)


def _build(at: Positions) -> Comparison:
    """The index against the tree that GEOS has, which every process builds anew."""
    order = np.argsort(np.array(at.keys))
    keys = pa.array(at.keys).take(pa.array(order))
    lons, lats = at.lons[order], at.lats[order]
    return Comparison(
        "Building the position index",
        f"{len(keys):,} postcodes in the order of keys, as a register has them",
        "position",
        (
            Side(
                "GEOS STRtree, of points on a plane",
                len(keys),
                lambda: len(shapely.STRtree(shapely.points(lons, lats))),
            ),
            Side(
                "PositionIndex.build",
                len(keys),
                lambda: len(PositionIndex.build(keys, lons, lats)),
            ),
        ),
        clock="processor",
    )


class Brute:
    """Distances to all positions, and the least of them."""

    def __init__(self, at: Positions) -> None:
        self._at = at
        self._geod = Geod(ellps="WGS84")

    def nearest(self, lon: float, lat: float, limit: int) -> list[tuple[str, float]]:
        metres = self._metres(lon, lat)
        rows = np.argpartition(metres, limit - 1)[:limit]
        ranked = sorted((metres[row], self._at.keys[row]) for row in rows.tolist())
        return [(key, float(distance)) for distance, key in ranked]

    def within(self, lon: float, lat: float) -> list[str]:
        rows = np.flatnonzero(self._metres(lon, lat) <= _RADIUS)
        return sorted(self._at.keys[row] for row in rows.tolist())

    def _metres(self, lon: float, lat: float) -> np.ndarray:
        at = self._at
        starts = np.broadcast_to([[lon], [lat]], (2, len(at.keys)))
        return np.asarray(self._geod.inv(starts[0], starts[1], at.lons, at.lats)[2])


def _all(
    index: Brute | PositionIndex, places: list[tuple[float, float]], limit: int
) -> list[list[float]]:
    """The distances found, to the millimetre, of the places that all are asked."""
    found = [index.nearest(lon, lat, limit) for lon, lat in places]
    return [[round(one[1], 3) for one in several] for several in found[:_BRUTE_PLACES]]


def _circles(
    index: PositionIndex, places: list[tuple[float, float]]
) -> list[list[str]]:
    found = [index.within(Circle(lon, lat, _RADIUS)).keys for lon, lat in places]
    return found[:_BRUTE_PLACES]
