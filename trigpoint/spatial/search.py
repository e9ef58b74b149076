"""The native loops behind the position index: the order of a tree, and the search.

Places are compared on a unit sphere that stands for the ellipsoid: each at its own
longitude and its reduced latitude (tan β = b/a tan φ). With that mapping a path on the
ellipsoid is at least b and at most a times as long as its image, a and b being the
semi-axes, so that for the angle s between two images and their geodesic distance d

    b·s <= d <= a·s

everywhere, at poles and across the antimeridian too. The straight line through the
sphere, 2·sin(s/2), grows with s and needs no trigonometry between images, so the loops
compare its square. Bounds are widened by far more than the rounding of doubles.

Whoever needs these loops imports them in the function that does: see
`trigpoint.spatial.native`.
"""

from __future__ import annotations

import math

import numpy as np

from trigpoint.spatial.grids import Floats, Rows
from trigpoint.spatial.native import compiled
from trigpoint.spatial.tree import FAN

_FLATTENING = 1 / 298.257223563  # WGS 84
_MINOR = 1 - _FLATTENING  # b / a
# Rounding of a coordinate on the unit sphere is some 1e-16.
_SLACK = 1e-13  # under a thousandth of a millimetre on the Earth
_ORDER = 31  # bits of each axis of the curve


@compiled
def image(lon: float, lat: float) -> tuple[float, float, float]:
    """Where degrees lie on the unit sphere of reduced latitudes."""
    slope = _MINOR * math.tan(math.radians(lat))
    cosine = 1 / math.sqrt(1 + slope * slope)
    across = math.radians(lon)
    return cosine * math.cos(across), cosine * math.sin(across), slope * cosine


@compiled
def images(lons: Floats, lats: Floats) -> Floats:
    """As `image`, for many: three columns."""
    found = np.empty((len(lons), 3))
    for row in range(len(lons)):
        found[row] = image(lons[row], lats[row])
    return found


@compiled
def curve(lons: Floats, lats: Floats) -> Rows:
    """Where degrees lie along a Hilbert curve over the globe.

    Neighbours on the curve are neighbours on the map, so that runs of them have small
    boxes.
    """
    codes = np.empty(len(lons), np.int64)
    top = (1 << _ORDER) - 1
    for row in range(len(lons)):
        east = int((lons[row] + 180) / 360 * top)
        north = int((lats[row] + 90) / 180 * top)
        code = 0
        for bit in range(_ORDER - 1, -1, -1):
            right, up = (east >> bit) & 1, (north >> bit) & 1
            code = (code << 2) | ((3 * right) ^ up)
            if up == 0:
                if right == 1:
                    east, north = top - east, top - north
                east, north = north, east
        codes[row] = code
    return codes


@compiled
def _to_box(hull: Floats, east: float, north: float, up: float) -> float:
    """Square of the least straight line from an image to a box of images."""
    total = 0.0
    for axis, value in enumerate((east, north, up)):
        beyond = max(hull[axis] - value, value - hull[axis + 3], 0.0)
        total += beyond * beyond
    return total


@compiled
def _to_row(
    lons: Floats, lats: Floats, row: int, east: float, north: float, up: float
) -> float:
    """Square of the straight line from an image to that of a row."""
    other_east, other_north, other_up = image(lons[row], lats[row])
    return (other_east - east) ** 2 + (other_north - north) ** 2 + (other_up - up) ** 2


@compiled
def _keep(best: Floats, value: float) -> None:
    """Put a value that is less than the greatest of a heap in its place."""
    at = 0
    while True:
        child = 2 * at + 1
        if child >= len(best):
            break
        if child + 1 < len(best) and best[child + 1] > best[child]:
            child += 1
        if best[child] <= value:
            break
        best[at] = best[child]
        at = child
    best[at] = value


@compiled
def _keep_leaf(
    best: Floats,
    lons: Floats,
    lats: Floats,
    leaf: int,
    east: float,
    north: float,
    up: float,
) -> None:
    """Keep those of the rows of a leaf that are nearer than what is kept."""
    for row in range(leaf * FAN, min((leaf + 1) * FAN, len(lons))):
        square = _to_row(lons, lats, row, east, north, up)
        if square < best[0]:
            _keep(best, square)


@compiled
def _room(
    nodes: Rows, levels: Rows, bounds: Floats, first: int, end: int, bound: float
) -> int:
    """Make room for one more from `first` to `end`, where the nearest is last."""
    at = end
    while at > first and bounds[at - 1] < bound:
        nodes[at], levels[at] = nodes[at - 1], levels[at - 1]
        bounds[at] = bounds[at - 1]
        at -= 1
    return at


@compiled
def least_square(
    hulls: Floats,
    starts: Rows,
    lons: Floats,
    lats: Floats,
    lon: float,
    lat: float,
    limit: int,
) -> float:
    """Square of the straight line to the image that is `limit`th nearest; infinity
    when there are fewer rows.

    `hulls` are the boxes of the nodes, leaves first, and `starts` where each level
    begins in it, with the end after the last.
    """
    east, north, up = image(lon, lat)
    best = np.full(limit, np.inf)
    # A node of each level and its brothers may wait, nearest last.
    nodes = np.empty(FAN * len(starts), np.int64)
    levels = np.empty(FAN * len(starts), np.int64)
    bounds = np.empty(FAN * len(starts))
    nodes[0], levels[0], bounds[0] = 0, len(starts) - 2, 0.0
    waiting = min(len(lons), 1)
    while waiting:
        waiting -= 1
        node, level = nodes[waiting], levels[waiting]
        if bounds[waiting] >= best[0]:
            continue
        if level == 0:
            _keep_leaf(best, lons, lats, node, east, north, up)
            continue
        below = starts[level] - starts[level - 1]
        first = waiting
        for child in range(node * FAN, min((node + 1) * FAN, below)):
            bound = _to_box(hulls[starts[level - 1] + child], east, north, up)
            if bound < best[0]:
                at = _room(nodes, levels, bounds, first, waiting, bound)
                nodes[at], levels[at], bounds[at] = child, level - 1, bound
                waiting += 1
    return float(best[0])


@compiled
def rows_to(
    hulls: Floats,
    starts: Rows,
    lons: Floats,
    lats: Floats,
    lon: float,
    lat: float,
    square: float,
) -> tuple[Rows, Floats]:
    """Rows whose image is no farther than the square of a straight line says, and
    their own squares. The arguments are those of `least_square`."""
    east, north, up = image(lon, lat)
    rows, squares = np.empty(64, np.int64), np.empty(64)
    nodes = np.empty(FAN * len(starts), np.int64)
    levels = np.empty(FAN * len(starts), np.int64)
    found, waiting = 0, 0
    if len(lons):
        nodes[0], levels[0] = 0, len(starts) - 2
        waiting = 1
    while waiting:
        waiting -= 1
        node, level = nodes[waiting], levels[waiting]
        if level > 0:
            below = starts[level] - starts[level - 1]
            for child in range(node * FAN, min((node + 1) * FAN, below)):
                hull = hulls[starts[level - 1] + child]
                if _to_box(hull, east, north, up) <= square:
                    nodes[waiting], levels[waiting] = child, level - 1
                    waiting += 1
            continue
        if found + FAN > len(rows):
            rows = np.concatenate((rows, np.empty_like(rows)))
            squares = np.concatenate((squares, np.empty_like(squares)))
        for row in range(node * FAN, min((node + 1) * FAN, len(lons))):
            own = _to_row(lons, lats, row, east, north, up)
            if own <= square:
                rows[found], squares[found] = row, own
                found += 1
    return rows[:found].copy(), squares[:found].copy()


@compiled
def beaten_by(square: float) -> float:
    """Square of the straight line within which all lies that may be as near, in truth,
    as an image at `square`."""
    angle = 2 * math.asin(min(1.0, math.sqrt(square) / 2)) / _MINOR
    return widened(angle)


@compiled
def widened(angle: float) -> float:
    """Square of the straight line over an angle, rounded outwards."""
    if angle >= math.pi:
        return 5.0  # more than the square of the diameter
    reach = 2 * math.sin(angle / 2) * (1 + 1e-9) + _SLACK
    return reach * reach
