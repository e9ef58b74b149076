"""Areas as they are written: the corners of a box, GeoJSON and well-known text."""

from __future__ import annotations

import json
from typing import Any

import shapely

from trigpoint.errors import InvalidInput, InvalidParameter
from trigpoint.spatial.geometry import Geometry, problems_of
from trigpoint.spatial.grids import (
    CRS84,
    WGS84_LAT_LON,
    ReferenceSystem,
    reference_system,
)
from trigpoint.spatial.refusals import refusal
from trigpoint.spatial.within import Area, Box, Polygon, in_system

MAX_VERTICES = 50_000
Pair = tuple[float, float]
_TOO_DEEP = "its lists or objects are nested too deep"


def box_of(crs: str, low: Pair, high: Pair) -> Area:
    """The box between two corners, each in the axis order of `crs`.

    In degrees a box whose west is greater than its east crosses the antimeridian (RFC
    7946, section 5.2). Raises InvalidPoint for a corner out of range, InvalidParameter
    for corners the wrong way round, InvalidInput for a system that is not known.
    """
    system = reference_system(crs)
    _check_corners(system, low, high)
    if system.code == WGS84_LAT_LON:
        low, high = low[::-1], high[::-1]
    (west, south), (east, north) = low, high
    if south > north:
        raise _upside_down(f"south {south:.10g} is north of its north {north:.10g}")
    if system.projected and west > east:
        raise _upside_down(f"west {west:.10g} is east of its east {east:.10g}")
    box = Box(west, south, east, north, turns=not system.projected)
    return in_system(system.code if system.projected else CRS84, box)


def polygon_of(geometry: Geometry) -> Area:
    """The area of a geometry that was read; raises InvalidInput, saying what is wrong.

    A polygon is valid as OGC 06-103r4, section 6.1.11, has it, and in the range of its
    system; it has at most `MAX_VERTICES` vertices.
    """
    shape = geometry.shape
    if shape.geom_type not in ("Polygon", "MultiPolygon"):
        raise _refused(f"a {shape.geom_type} covers no area")
    vertices = int(shapely.get_num_coordinates(shape))
    if vertices > MAX_VERTICES:
        raise _refused(
            f"it has {vertices:,} vertices, and at most {MAX_VERTICES:,} are taken: "
            "simplify it"
        )
    if problems := problems_of(geometry):
        raise _refused(problems[0])
    return in_system(geometry.crs, Polygon(shape, turns=geometry.crs == CRS84))


def parse_geojson(text: str) -> Geometry:
    """The geometry of a GeoJSON object, Polygon, MultiPolygon or a Feature of one.

    Positions are longitude, latitude (RFC 7946, section 4). Raises InvalidInput.
    """
    try:
        body = json.loads(text, parse_constant=_no_number, parse_int=float)
    except RecursionError as error:
        raise _refused(_TOO_DEEP) from error
    except ValueError as error:
        raise _refused(f"it is not JSON: {error}"[:300]) from error
    _check_system(body)
    geometry = body.get("geometry") if _type(body) == "Feature" else body
    if _type(geometry) not in ("Polygon", "MultiPolygon"):
        raise _refused(_other_than_polygon(geometry))
    try:
        written = json.dumps(geometry, allow_nan=False)
        return Geometry(CRS84, shapely.from_geojson(written))
    except RecursionError as error:
        raise _refused(_TOO_DEEP) from error
    except ValueError as error:
        raise _refused("one of its numbers is too great to be read") from error
    except shapely.errors.ShapelyError as error:
        # GEOS puts the name of its own class before what is wrong.
        why = str(error).partition(": ")[2]
        raise _refused(f"its coordinates cannot be read: {why}"[:300]) from error


def _check_corners(system: ReferenceSystem, low: Pair, high: Pair) -> None:
    problems = [refusal(system, *corner) for corner in (low, high)]
    for corner, problem in zip((low, high), problems, strict=True):
        if problem is not None and not system.holds(*corner):
            raise problem
    # One corner may lie at a pole, at the origin of a grid or off Somalia.
    lat = system.axes.index("lat") if "lat" in system.axes else None
    polar = lat is not None and 90.0 in (abs(low[lat]), abs(high[lat]))
    first, second = problems
    if first is not None and second is not None and not polar:
        raise first


def _check_system(body: object) -> None:
    """Refuse what names another system, as GeoJSON could before RFC 7946."""
    crs = body.get("crs") if isinstance(body, dict) else None
    named = crs.get("properties") if isinstance(crs, dict) else None
    name = named.get("name") if isinstance(named, dict) else None
    if isinstance(name, str) and reference_system(name).projected:
        raise _refused(
            f"its crs is {name[:60]}, and GeoJSON is longitude, latitude (RFC 7946, "
            "section 4): send well-known text with the IRI of the system instead"
        )


def _other_than_polygon(geometry: object) -> str:
    if not isinstance(geometry, dict):
        return "there is no object with a geometry in it"
    return f"it is of type “{str(geometry.get('type'))[:40]}”"


def _type(body: object) -> Any:
    return body.get("type") if isinstance(body, dict) else None


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is not a number")


def _upside_down(why: str) -> InvalidParameter:
    return InvalidParameter(f"the box's {why}", parameter="bbox")


def _refused(why: str) -> InvalidInput:
    return InvalidInput(
        f"the body is not a polygon that can be looked in: {why}. Expected a Polygon "
        "or MultiPolygon",
        parameter="body",
    )
