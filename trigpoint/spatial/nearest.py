"""The position index: which records of a register lie near, or within an area.

Exact by geodesic distance (Karney's, in PROJ) and by the position that each record
states. A disposable view; the records in the log are the truth.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trigpoint.errors import InvalidInput, InvalidParameter, InvalidPoint
from trigpoint.spatial.crs import point_from_lon_lat
from trigpoint.spatial.distance import distances
from trigpoint.spatial.files import numbers_of, read_lists, write_lists
from trigpoint.spatial.grids import Flags, Floats, Rows, fixed
from trigpoint.spatial.tree import Tree, size_of
from trigpoint.spatial.within import Area, Circle

_KIND, _VERSION = "positions", 2
_LIMIT = 5_000
_MAJOR, _MINOR = 6_378_137.0, 6_356_752.314245  # metres; semi-axes of WGS 84


class Neighbour(NamedTuple):
    """A record near a point: its key, how far it is in metres, and its degrees."""

    key: str
    metres: float
    lon: float
    lat: float


@dataclass(frozen=True)
class Within:
    """Some of the records that an area covers, in the order of keys.

    `total` counts all that it covers. `on_border` says of each of `keys` whether it
    lies on the border of the area, `metres` how far it is from the middle of a circle
    (NaN for other areas); `lons` and `lats` are degrees (CRS84).
    """

    total: int
    keys: list[str]
    lons: Floats
    lats: Floats
    on_border: Flags
    metres: Floats
    more: bool


class PositionIndex:
    """Keys with CRS84 positions. Safe to share between threads."""

    def __init__(
        self, keys: pa.Array, ranks: Rows, lons: Floats, lats: Floats, tree: Tree
    ) -> None:
        """`keys` in their own order; the rest in that of the tree, `ranks` being where
        in `keys` each row has its own. See `build`."""
        self._keys = keys
        self._ranks = ranks
        self._lons = lons
        self._lats = lats
        self._tree = tree

    def __len__(self) -> int:
        return len(self._keys)

    def columns(self) -> tuple[pa.Array, Floats, Floats]:
        """All keys in their own order, and their degrees (CRS84)."""
        lons, lats = np.empty((2, len(self)))
        lons[self._ranks], lats[self._ranks] = self._lons, self._lats
        return self._keys, lons, lats

    @classmethod
    def build(
        cls, keys: Sequence[str] | pa.Array, lons: Floats, lats: Floats
    ) -> PositionIndex:
        """Index keys by position, in degrees (CRS84).

        `keys` are texts or an Arrow array of them; in their own order (by code point)
        they need not be sorted first. Raises InvalidPoint naming the first key whose
        position is out of range or not finite, InvalidInput when the columns differ in
        length.
        """
        # numba takes most of a second to import, and few commands need it.
        from trigpoint.spatial.search import curve, images

        lons, lats = fixed(lons), fixed(lats)
        if not len(keys) == len(lons) == len(lats):
            raise InvalidInput(
                f"{len(keys)} keys, {len(lons)} longitudes and {len(lats)} latitudes: "
                "expected as many of each"
            )
        names = pa.array(keys, pa.large_string())
        _check(names, lons, lats)
        if not _ordered(names):
            by_key = pc.sort_indices(names)
            names, places = names.take(by_key), by_key.to_numpy()
            lons, lats = fixed(lons[places]), fixed(lats[places])
        ranks = np.argsort(curve(lons, lats), kind="stable")
        lons, lats = fixed(lons[ranks]), fixed(lats[ranks])
        tree = Tree.build(lons, lats, images(lons, lats))
        return cls(names, ranks.astype(np.int32), lons, lats, tree)

    def save(self, path: Path) -> None:
        """Write the view as the file `path`."""
        columns = {
            "key": self._keys,
            "rank": pa.array(self._ranks),
            "lon": pa.array(self._lons),
            "lat": pa.array(self._lats),
            "span": pa.array(self._tree.spans.ravel()),
            "hull": pa.array(self._tree.hulls.ravel()),
        }
        write_lists(path, columns, kind=_KIND, version=_VERSION)

    @classmethod
    def open(cls, path: Path) -> PositionIndex:
        """Open the view at `path`, mapped. Raises ViewDamaged or ViewOutdated."""
        columns = read_lists(path, kind=_KIND, version=_VERSION)
        keys = columns.pop("key")
        ranks, lons, lats, spans, hulls = map(numbers_of, columns.values())
        nodes = size_of(len(keys))
        tree = Tree(len(keys), spans.reshape(nodes, 4), hulls.reshape(nodes, 6))
        return cls(keys, ranks, lons, lats, tree)

    def nearest(
        self,
        lon: float,
        lat: float,
        limit: int = 1,
        max_distance_m: float = math.inf,
    ) -> list[Neighbour]:
        """The records nearest to degrees (CRS84), by geodesic distance, nearest first.

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
        from trigpoint.spatial.search import beaten_by, least_square, rows_to, widened

        place = (self._tree.hulls, self._tree.starts, self._lons, self._lats)
        square = least_square(*place, point.lon, point.lat, min(limit, len(self) or 1))
        bound = min(beaten_by(square), widened(max_distance_m / _MINOR))
        rows = rows_to(*place, point.lon, point.lat, bound)[0]
        return self._ranked(point.lon, point.lat, rows, limit, max_distance_m)

    def within(
        self, area: Circle | Area, after: str | None = None, limit: int = _LIMIT
    ) -> Within:
        """The records that an area covers, in the order of keys.

        At most `limit`, with keys greater than `after`.
        """
        rows = self._in_circle(area) if isinstance(area, Circle) else self._in(area)
        ranks = self._ranks[rows]
        later = np.flatnonzero(ranks >= (0 if after is None else self._rank(after)))
        more = len(later) > limit
        if more:
            later = later[np.argpartition(ranks[later], limit)[:limit]]
        page = rows[later[np.argsort(ranks[later])]]
        lons, lats = self._lons[page], self._lats[page]
        if isinstance(area, Circle):
            metres = distances(area.lon, area.lat, lons, lats)
            border = metres == area.metres
        else:
            metres = np.full(len(page), np.nan)
            border = area.on_border(lons, lats)
        keys = self._keys.take(pa.array(self._ranks[page])).to_pylist()
        return Within(len(rows), keys, lons, lats, border, metres, more)

    def _in(self, area: Area) -> Rows:
        sure, tested = self._tree.select(area)
        covered = area.covers(self._lons[tested], self._lats[tested])
        return np.concatenate([sure, tested[covered]])

    def _in_circle(self, circle: Circle) -> Rows:
        from trigpoint.spatial.search import rows_to, widened

        place = (self._tree.hulls, self._tree.starts, self._lons, self._lats)
        middle = (circle.lon, circle.lat)
        rows, squares = rows_to(*place, *middle, widened(circle.metres / _MINOR))
        # What is surely within needs no distance; of the rest it decides.
        tested = np.flatnonzero(squares >= _surely(circle.metres))
        metres = distances(*middle, self._lons[rows[tested]], self._lats[rows[tested]])
        keep = np.ones(len(rows), dtype=bool)
        keep[tested] = metres <= circle.metres
        kept: Rows = rows[keep]
        return kept

    def _rank(self, after: str) -> int:
        """Where in the keys the first stands that is greater than `after`."""
        return bisect_right(
            range(len(self)), after, key=lambda n: self._keys[n].as_py()
        )

    def _ranked(
        self, lon: float, lat: float, rows: Rows, limit: int, farthest: float
    ) -> list[Neighbour]:
        metres = distances(lon, lat, self._lons[rows], self._lats[rows])
        order = np.lexsort((self._ranks[rows], metres))[:limit]
        rows, metres = rows[order], metres[order]
        columns = (self._ranks[rows], metres, self._lons[rows], self._lats[rows])
        return [
            Neighbour(self._keys[rank].as_py(), *place)
            for rank, *place in zip(*(c.tolist() for c in columns), strict=True)
            if place[0] <= farthest
        ]


def _surely(metres: float) -> float:
    """Square of a straight line between images below which no distance is over
    `metres`; see `trigpoint.spatial.search`."""
    angle = min(metres / _MAJOR, math.pi)
    reach = 2 * math.sin(angle / 2) * (1 - 1e-9) - 1e-13
    return max(reach, 0.0) ** 2


def _check(names: pa.Array, lons: Floats, lats: Floats) -> None:
    """Refuse positions out of range, at column speed while there is none."""
    good = (np.abs(lons) <= 180) & (np.abs(lats) < 90)
    for row in np.flatnonzero(~good)[:1].tolist():
        try:
            point_from_lon_lat(float(lons[row]), float(lats[row]))
        except InvalidPoint as problem:
            problem.args = (f"{names[row]}: {problem}",)
            raise


def _ordered(names: pa.Array) -> bool:
    """Whether keys are in their own order."""
    return not pc.any(pc.greater(names[:-1], names[1:])).as_py()
