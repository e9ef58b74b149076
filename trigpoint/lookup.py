"""Where is it: what a look-up of a point says, as JSON members."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from trigpoint.dates import days_of, today
from trigpoint.placing import Area, Areas, governed
from trigpoint.spatial.crs import Point


def day_of(at: str | None) -> str:
    """The day that a look-up of a date of any precision is of; today without one.

    Raises InvalidParameter for what is no date.
    """
    return days_of(at)[0] if at else today()


def answer(
    areas: Areas,
    point: Point,
    layers: Collection[str] | None = None,
    out_crs: str | None = None,
) -> dict[str, Any]:
    """What a point look-up says, as JSON members: `described`, and when nothing covers
    the point, in `nearest`, which district is and how far away."""
    found = areas.at(point, layers)
    body = described(areas, point, found, out_crs)
    if not found and layers is None:
        body["nearest"] = _nearest(areas, point)
    return body


def described(
    areas: Areas, point: Point, found: Sequence[Area], out_crs: str | None = None
) -> dict[str, Any]:
    """What a look-up says of a point that these areas hold.

    The point is said in `out_crs` too, if one is named; raises InvalidPoint where that
    does not reach.
    `councils` are those that govern it, upper tier first: on a border, that of the
    lowest code of each layer.
    """
    return {
        "point": point.as_json(out_crs),
        "at": areas.day,
        "areas": [area.document for area in found],
        "councils": [area.document["authority"] for area in governed(found)],
    }


def _nearest(areas: Areas, point: Point) -> dict[str, Any] | None:
    index = areas.boundaries
    found = (
        index.nearest_area(point.lon, point.lat, areas.day) if index.layers else None
    )
    if found is None:
        return None
    boundary, metres = found
    chain = areas.of_boundary(boundary)
    if not chain:
        return None
    distance = {"relation": "outside", "distance-metres": round(metres, 1)}
    return {**chain[0].document, **distance}
