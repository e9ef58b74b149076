"""How well the boundaries of one set fit together: overlaps and gaps of neighbours.

A set is what was published together: one layer, vintage, resolution and system. Its
areas should cover the land once, so that a point off every border is in one of them.
Two areas *overlap* where both hold the same ground. A *gap* is ground that at least two
areas surround and none holds, if it is narrow: its area by half its outline is at
most 20 m and twice the tolerance of the set. Wider ones are *openings*: a lake, a sea
loch, or an area that is missing; and so is what lies within a single area. What is open
to the sea is taken for sea.

Nothing is sampled: edges that do not match are found by GEOS' coverage validator,
overlaps by intersection of what has such edges, gaps as holes of the union.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import Geod
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from trigpoint.spatial.boundary import Boundary
from trigpoint.spatial.grids import SYSTEMS, Rows, lon_lat_from

Kind = Literal["overlap", "gap", "opening"]
Shapes = npt.NDArray[np.object_]
KINDS: tuple[Kind, ...] = ("overlap", "gap", "opening")
LISTED = 1000  # flaws of a kind that are listed, the largest
_NARROW = 20.0  # metres
# Square metres that are no more than rounding: the overlay of two lines that cross
# puts their crossing on the grid of doubles, some nanometres off both.
_ROUNDING = 1e-4
_TOUCHING = {True: 1e-3, False: 1e-8}  # metres on a plane, degrees else
_GEOD = Geod(ellps="GRS80")


@dataclass(frozen=True)
class Flaw:
    """One overlap, gap or opening: square metres, mean width in metres, a position in
    it (CRS84 degrees), and the keys of the boundaries that it lies in or between."""

    kind: Kind
    area: float
    width: float
    lon: float
    lat: float
    boundaries: tuple[str, ...]


@dataclass(frozen=True)
class Tally:
    """How many flaws of a kind there are, and their square metres together."""

    count: int
    area: float


@dataclass(frozen=True)
class Coverage:
    """What was found of one set: `areas` were measured, those that held to its end;
    `flaws` are the largest first, `LISTED` of a kind at most. Boundaries with the same
    `fingerprint` would give the same."""

    layer: str
    vintage: str
    resolution: str
    crs: str
    areas: int
    tallies: dict[Kind, Tally]
    flaws: tuple[Flaw, ...]
    fingerprint: str

    @property
    def name(self) -> str:
        """The set in words: `district 2025 full`."""
        return f"{self.layer} {self.vintage} {self.resolution}"

    def largest(self, kind: Kind) -> Flaw | None:
        """The largest flaw of a kind; None when there is none."""
        return next((flaw for flaw in self.flaws if flaw.kind == kind), None)


def measure(boundaries: Sequence[Boundary]) -> Coverage:
    """Measure boundaries of one set, at least one, with valid geometries.

    Of boundaries that followed each other within the set, those that held to its end
    are measured: they stand side by side.
    """
    first = boundaries[0]
    end = max(boundary.span[1] for boundary in boundaries)
    held = [boundary for boundary in boundaries if boundary.span[1] == end]
    keys = [boundary.key for boundary in held]
    shapes = np.empty(len(held), dtype=object)
    shapes[:] = [boundary.geometry for boundary in held]
    tree, odd = shapely.STRtree(shapes), _odd(shapes)
    narrow = _NARROW + 2 * first.metres
    flaws = [
        *_overlaps(first.crs, shapes, tree, odd, keys),
        *_holes(first.crs, shapes, tree, odd, keys, narrow),
    ]
    flaws.sort(key=lambda flaw: (KINDS.index(flaw.kind), -flaw.area, flaw.boundaries))
    of_kind = {kind: [f for f in flaws if f.kind == kind] for kind in KINDS}
    return Coverage(
        layer=first.layer,
        vintage=first.vintage,
        resolution=first.resolution,
        crs=first.crs,
        areas=len(held),
        tallies={
            kind: Tally(len(some), float(sum(flaw.area for flaw in some)))
            for kind, some in of_kind.items()
        },
        flaws=tuple(flaw for some in of_kind.values() for flaw in some[:LISTED]),
        fingerprint=fingerprint(boundaries),
    )


def fingerprint(boundaries: Sequence[Boundary]) -> str:
    """SHA-256 in hex of all that `measure` goes by."""
    digest = hashlib.sha256()
    for one in sorted(boundaries, key=lambda one: one.key):
        said = (one.key, *one.span, one.layer, one.vintage, one.resolution, one.crs)
        digest.update(f"{said}".encode() + shapely.to_wkb(one.geometry))
    return digest.hexdigest()


def _odd(shapes: Shapes) -> Rows:
    """Rows of shapes with an edge that matches none of its neighbours where it should:
    of two that overlap, at least one is among them."""
    return np.flatnonzero(~shapely.is_empty(shapely.coverage_invalid_edges(shapes)))


def _overlaps(
    crs: str, shapes: Shapes, tree: shapely.STRtree, odd: Rows, keys: Sequence[str]
) -> Iterable[Flaw]:
    asked, found = tree.query(shapes[odd], predicate="intersects")
    pairs = np.column_stack([odd[asked], found])
    pairs = np.unique(np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1), axis=0)
    common = shapely.intersection(shapes[pairs[:, 0]], shapes[pairs[:, 1]])
    for pair, shape in zip(pairs, common, strict=True):
        flaw = _flaw(crs, "overlap", shape, (keys[pair[0]], keys[pair[1]]))
        if flaw is not None:
            yield flaw


def _holes(
    crs: str,
    shapes: Shapes,
    tree: shapely.STRtree,
    odd: Rows,
    keys: Sequence[str],
    narrow: float,
) -> Iterable[Flaw]:
    """The ground that is surrounded and not held, each with all that it touches."""
    near = _TOUCHING[SYSTEMS[crs].projected]
    for hole in _surrounded(_united(shapes, odd)):
        around = sorted(tree.query(hole, predicate="dwithin", distance=near).tolist())
        flaw = _flaw(crs, "gap", hole, tuple(keys[row] for row in around))
        if flaw is not None and (len(around) < 2 or flaw.width > narrow):
            yield replace(flaw, kind="opening")
        elif flaw is not None:
            yield flaw


def _surrounded(parts: Shapes) -> Iterable[Polygon]:
    """What polygons surround and do not hold; they may touch in points only."""
    tree = shapely.STRtree(parts)
    lakes = [Polygon(ring) for part in parts for ring in part.interiors]
    for lake in lakes:
        yield from _polygons(_water(lake, parts, tree))
    for water in _pinched(parts, tree, shapely.STRtree(lakes)):
        yield from _polygons(water)


def _water(hole: Polygon, parts: Shapes, tree: shapely.STRtree) -> BaseGeometry:
    """A hole without the islands in it."""
    islands = parts[tree.query(hole, predicate="contains")]
    if not len(islands):
        return hole
    return shapely.difference(hole, shapely.union_all(islands))


def _pinched(
    parts: Shapes, tree: shapely.STRtree, lakes: shapely.STRtree
) -> Iterable[BaseGeometry]:
    """What polygons surround that touch in points, without islands: a hole in none of
    them, and not in one of their holes."""
    for face in shapely.get_parts(shapely.polygonize(_knotted(parts))):
        # With an island in it, a place in the face might lie on that.
        water = _water(face, parts, tree)
        if water.is_empty:
            continue
        inner = shapely.point_on_surface(water)
        held = tree.query(inner, predicate="intersects")
        if not len(held) and not len(lakes.query(inner, predicate="intersects")):
            yield water


def _knotted(parts: Shapes) -> Shapes:
    """The outlines that touch others, cut where they do: at vertices of both, since
    what was united has a vertex wherever it is touched."""
    outlines = shapely.get_exterior_ring(parts)
    pairs, ring = shapely.get_coordinates(outlines, return_index=True)
    # The last vertex of a ring is its first again. Adding 0 makes a zero of -0.
    kept = ring == np.append(ring[1:], -1)
    pairs, ring = pairs[kept] + 0.0, ring[kept]
    places = np.ascontiguousarray(pairs).view("V16").ravel()
    _, place, times = np.unique(places, return_inverse=True, return_counts=True)
    shared = times[place] > 1
    lines = []
    for one in np.unique(ring[shared]):
        first, stop = np.searchsorted(ring, [one, one + 1])
        cuts = np.flatnonzero(shared[first:stop])
        loop = np.roll(np.arange(first, stop), -cuts[0])
        ends = np.append(cuts - cuts[0], len(loop))
        loop = np.append(loop, loop[0])
        lines += [
            shapely.linestrings(pairs[loop[start : end + 1]])
            for start, end in pairwise(ends)
        ]
    return np.array(lines, dtype=object)


def _united(shapes: Shapes, odd: Rows) -> Shapes:
    """The polygons that all shapes make together.

    Areas whose edges all match are united by dropping the edges that two of them have,
    which takes a fraction of the time of an overlay; that is left to the others.
    """
    fitting = np.delete(shapes, odd)
    if not len(fitting):
        return _polygons(shapely.union_all(shapes))
    try:
        parts = _polygons(shapely.coverage_union_all(fitting))
    except shapely.errors.GEOSException:  # it is stricter than the validator
        return _polygons(shapely.union_all(shapes))
    near = shapely.STRtree(parts).query(shapes[odd], predicate="intersects")[1]
    together = shapely.union_all([*parts[np.unique(near)], *shapes[odd]])
    return np.concatenate([np.delete(parts, np.unique(near)), _polygons(together)])


def _flaw(
    crs: str, kind: Kind, shape: BaseGeometry, boundaries: tuple[str, ...]
) -> Flaw | None:
    """A flaw of some shape, unless that has no area but rounding."""
    polygons = _polygons(shape)
    extents = [_extent(crs, polygon) for polygon in polygons]
    area = sum(square for square, _ in extents)
    if area < _ROUNDING:
        return None
    outline = sum(length for _, length in extents)
    largest = polygons[int(np.argmax([square for square, _ in extents]))]
    inner = shapely.point_on_surface(largest)
    lons, lats = lon_lat_from(crs, np.array([inner.x]), np.array([inner.y]))
    place = float(lons[0]), float(lats[0])
    return Flaw(kind, area, 2 * area / outline, *place, boundaries)


def _extent(crs: str, polygon: BaseGeometry) -> tuple[float, float]:
    """Square metres of a polygon, and metres of its outline: geodesic for degrees."""
    if SYSTEMS[crs].projected:
        return float(polygon.area), float(polygon.length)
    rings = [_of_ring(ring.coords) for ring in (polygon.exterior, *polygon.interiors)]
    area = rings[0][0] - sum(square for square, _ in rings[1:])
    return area, sum(length for _, length in rings)


def _of_ring(coordinates: Sequence[tuple[float, float]]) -> tuple[float, float]:
    lons, lats = np.asarray(coordinates)[:, :2].T
    area, length = _GEOD.polygon_area_perimeter(lons, lats)
    return abs(area), length


def _polygons(shape: BaseGeometry) -> Shapes:
    parts = shapely.get_parts(shapely.get_parts(shape))
    polygons: Shapes = parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]
    return polygons
