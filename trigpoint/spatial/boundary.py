"""One boundary: the area it bounds, when it held, and how exactly it was drawn."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import shapely
from shapely.geometry.base import BaseGeometry

from trigpoint.dates import days_of, held_span
from trigpoint.errors import InvalidInput
from trigpoint.spatial.grids import CRS84, SYSTEMS, WGS84_LAT_LON, lon_lat_from_one
from trigpoint.spatial.layers import layer_rank

_METRES = re.compile(r"(\d+(?:\.\d+)?)\s*(k?m)\b")


@dataclass(frozen=True)
class Boundary:
    """A boundary record with its geometry read.

    `geometry` is a valid Polygon or MultiPolygon in `crs`, eastward axis first;
    `crs` is a code such as `OGC:CRS84` or `EPSG:27700` (never EPSG:4326, see
    `parse_wkt_literal`). `area` is the key in `area_register`, usually a GSS code.
    Dates have any GDS precision; `start` None means since ever, `end` None means
    still. `vintage` is a GDS date that names the set of boundaries this one was
    published in. `resolution` is free text; see `metres`.
    """

    key: str
    area_register: str
    area: str
    name: str
    layer: str
    vintage: str
    start: str | None
    end: str | None
    resolution: str
    crs: str
    geometry: BaseGeometry

    @property
    def metres(self) -> float:
        """How much detail was left out: the length named in `resolution`, else 0.

        `generalised to 125 m` is 125.0; `full` is 0.0, the finest.
        """
        return metres_of(self.resolution)

    @property
    def span(self) -> tuple[str, str]:
        """The first and the last day on which the boundary held, as ISO text."""
        return held_span(self.start, self.end)

    @property
    def order(self) -> tuple[tuple[int, str], str, str]:
        """Sort key of answers: largest layer first, then lowest code, then key."""
        return layer_rank(self.layer), self.area, self.key


def metres_of(resolution: str) -> float:
    """The length named in a `resolution`, in metres; 0 where none is."""
    match = _METRES.search(resolution)
    if match is None:
        return 0.0
    return float(match[1]) * (1000.0 if match[2] == "km" else 1.0)


def check_boundary(boundary: Boundary) -> None:
    """Refuse what would make look-ups inexact.

    Raises InvalidInput naming the boundary when its geometry is missing, empty,
    not polygonal, not valid or out of the range of its CRS; InvalidParameter when a
    date is not one.
    """
    shape = boundary.geometry
    problem = None
    if shape is None or shape.geom_type not in ("Polygon", "MultiPolygon"):
        kind = "nothing" if shape is None else f"a {shape.geom_type}"
        problem = f"its geometry is {kind}: expected a Polygon or MultiPolygon"
    elif shape.is_empty:
        problem = "its geometry is empty"
    elif not shapely.is_valid(shape):
        problem = f"its geometry is not valid: {shapely.is_valid_reason(shape)}"
    elif boundary.crs not in SYSTEMS or boundary.crs == WGS84_LAT_LON:
        problem = f"its CRS is {boundary.crs}: expected {CRS84} or a grid"
    elif not _reached(boundary.crs, shape.bounds):
        problem = f"it leaves the range of {boundary.crs}"
    if problem is not None:
        raise InvalidInput(f"boundary {boundary.key} cannot be indexed: {problem}")
    days_of(boundary.vintage, "vintage")
    held_span(boundary.start, boundary.end)


def _reached(crs: str, bounds: tuple[float, float, float, float]) -> bool:
    """Whether a box lies in the range of a system, and can be taken to degrees."""
    system = SYSTEMS[crs]
    for corner in (bounds[:2], bounds[2:]):
        if not system.holds(*corner) or math.isnan(lon_lat_from_one(crs, *corner)[0]):
            return False
    return True
