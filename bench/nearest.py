"""What is nearest: the position index against every distance there is."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from pyproj import Geod

from bench.inputs import Inputs, Positions
from bench.measure import Comparison, Side
from trigpoint.spatial.nearest import PositionIndex

_POSITIONS = 200_000
_PLACES = 500
_BRUTE_PLACES = 2  # of them, for the slow side
_LIMIT = 10
_SHIFT = 0.003  # degrees, so that the places asked for are not positions themselves


def comparisons(inputs: Inputs) -> Iterator[Comparison]:
    """The ten nearest postcodes of places among them."""
    at = inputs.postcodes(_POSITIONS)
    index = PositionIndex.build(at.keys, at.lons, at.lats)
    places = [
        (lon + _SHIFT, lat) for lon, lat in list(at.pairs())[: inputs.size(_PLACES)]
    ]
    few = places[:_BRUTE_PLACES]
    brute = Brute(at)
    yield Comparison(
        "The ten nearest",
        f"{len(at.keys):,} postcodes, {len(places)} places ({len(few)} by brute force)",
        "place",
        (
            Side("brute force, pyproj Geod", len(few), lambda: _all(brute, few)),
            Side("PositionIndex.nearest", len(places), lambda: _all(index, places)),
        ),
        per="µs",
        clock="processor",
        about="Both are exact by geodesic distance. Brute force takes time by the "
        "number of positions, the index by how many are near.",
    )


class Brute:
    """Distances to all positions, and the least of them."""

    def __init__(self, at: Positions) -> None:
        self._at = at
        self._geod = Geod(ellps="WGS84")

    def nearest(self, lon: float, lat: float, limit: int) -> list[tuple[str, float]]:
        at = self._at
        starts = np.broadcast_to([[lon], [lat]], (2, len(at.keys)))
        metres = np.asarray(self._geod.inv(starts[0], starts[1], at.lons, at.lats)[2])
        rows = np.argpartition(metres, limit - 1)[:limit]
        ranked = sorted((metres[row], at.keys[row]) for row in rows.tolist())
        return [(key, float(distance)) for distance, key in ranked]


def _all(
    index: Brute | PositionIndex, places: list[tuple[float, float]]
) -> list[list[float]]:
    """The distances found, to the millimetre, of the places that all are asked."""
    found = [index.nearest(lon, lat, _LIMIT) for lon, lat in places]
    return [[round(metres, 3) for _, metres in one] for one in found[:_BRUTE_PLACES]]
