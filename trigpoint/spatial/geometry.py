"""Geometries as text: read, check and repair `geo:wktLiteral` values.

GeoSPARQL 1.1, section 8.5 (OGC 22-047r1): a literal is an optional CRS IRI in
angle brackets, then WKT; without an IRI the system is CRS84. Axis order in the
text is the system's (latitude first for EPSG:4326). In memory the eastward axis
always comes first, so EPSG:4326 text is read as CRS84 with its axes swapped, an
exact step. Validity is OGC Simple Features' (06-103r4, section 6.1.11), by GEOS.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

import numpy as np
import shapely
from pyproj import Geod
from shapely.geometry import MultiPolygon
from shapely.geometry.base import BaseGeometry

from trigpoint.errors import InvalidInput, InvalidPoint
from trigpoint.spatial.crs import refusal
from trigpoint.spatial.grids import (
    CRS84,
    WEB_MERCATOR,
    WGS84_LAT_LON,
    ReferenceSystem,
    lon_lat_from,
    reference_system,
)

_LITERAL = re.compile(r"\s*(?:<([^>]*)>\s*)?(\S.*)", re.DOTALL)
_WHERE = re.compile(r"(.*?)\[(\S+) (\S+)\]")
_POLYGONAL = ("Polygon", "MultiPolygon")
_GEOD = Geod(ellps="GRS80")


@dataclass(frozen=True)
class Geometry:
    """A geometry and the code of its system, eastward axis first.

    `crs` is never EPSG:4326: such text is held as OGC:CRS84.
    """

    crs: str
    shape: BaseGeometry


@dataclass(frozen=True)
class Repaired:
    """A repaired geometry, and what changed in words (empty when nothing did)."""

    geometry: Geometry
    changes: tuple[str, ...]


def parse_wkt_literal(text: str) -> Geometry:
    """Read a `geo:wktLiteral`; validity and ranges are not looked at.

    Raises InvalidInput when the text is not WKT or its CRS is not known.
    """
    match = _LITERAL.fullmatch(text)
    if match is None:
        raise InvalidInput("the geometry is an empty text: expected WKT")
    system = reference_system(match[1] if match[1] is not None else CRS84)
    try:
        # GEOS reads NaN as a number; numpy would warn of it here, problems_of tells.
        with np.errstate(invalid="ignore"):
            shape = shapely.from_wkt(match[2])
    except shapely.errors.ShapelyError as error:
        raise InvalidInput(
            f"not well-known text: {error} (starts {match[2][:40]!r})"
        ) from error
    # GEOS cuts its own message to a length, perhaps within a character.
    except UnicodeDecodeError as error:
        raise InvalidInput(f"not well-known text (starts {match[2][:40]!r})") from error
    except NotImplementedError as error:
        raise InvalidInput(
            f"curves are not read here (starts {match[2][:40]!r}): expected straight "
            "lines"
        ) from error
    if system.code == WGS84_LAT_LON:
        return Geometry(CRS84, shapely.transform(shape, lambda pairs: pairs[:, ::-1]))
    return Geometry(system.code, shape)


def format_wkt_literal(geometry: Geometry, decimals: int | None = None) -> str:
    """The `geo:wktLiteral` of a geometry; no IRI for CRS84, the default.

    Without `decimals` every coordinate is written so that it reads back as the
    same double; with it, coordinates are rounded and trailing zeros dropped.
    """
    places = 17 if decimals is None else decimals
    wkt: str = shapely.to_wkt(geometry.shape, rounding_precision=places, trim=True)
    if geometry.crs == CRS84:
        return wkt
    return f"<{reference_system(geometry.crs).iri}> {wkt}"


def simple_feature(geometry: Geometry) -> str:
    """The local name of the class in the `sf:` vocabulary: `MultiPolygon`."""
    name: str = geometry.shape.geom_type
    return name


def check_geometry(text: str) -> list[str]:
    """What is wrong with a `geo:wktLiteral`, in words; empty when nothing is.

    Pure. Each problem says what and where: unreadable, empty, a coordinate out
    of its system's range (and what it looks like), crossing lines, and so on.
    """
    try:
        geometry = parse_wkt_literal(text)
    except InvalidInput as error:
        return [str(error)]
    return problems_of(geometry)


def check_lon_lat(text: str) -> list[str]:
    """What is wrong with a GDS `point`, the text `[lon,lat]` in CRS84 degrees."""
    try:
        pair = json.loads(text)
    except json.JSONDecodeError:
        pair = None
    if not (
        isinstance(pair, list)
        and len(pair) == 2
        and all(type(value) in (int, float) for value in pair)
    ):
        return [f"not a point: expected [lon,lat], two numbers, but got {text[:40]!r}"]
    problem = refusal(reference_system(CRS84), *pair)
    return [] if problem is None else [str(problem)]


def problems_of(geometry: Geometry) -> list[str]:
    """As `check_geometry`, for a geometry already read."""
    shape = geometry.shape
    if shape.is_empty:
        return [f"the geometry is empty ({shape.geom_type} EMPTY): it covers nothing"]
    problem = _out_of_range(reference_system(geometry.crs), shape)
    if problem is not None:
        return [f"coordinate out of range: {problem}"]
    if not shapely.is_valid(shape):
        return [f"the geometry is not valid: {_reason(shape)}"]
    return []


def repair(geometry: Geometry) -> Repaired:
    """Make a polygonal geometry valid, keeping only what has an area.

    Rings are taken as drawn (GEOS' "structure" method): shells are united, holes
    are cut out, and lines or points to which a part collapses are dropped. A
    valid geometry comes back as it is. Raises InvalidInput when nothing with an
    area is left, or when the geometry is not polygonal.
    """
    before = geometry.shape
    if before.geom_type not in _POLYGONAL:
        raise InvalidInput(
            f"a {before.geom_type} cannot be repaired: expected a Polygon or "
            "MultiPolygon"
        )
    if shapely.is_valid(before):
        return Repaired(geometry, ())
    after = _polygonal(
        shapely.make_valid(before, method="structure", keep_collapsed=False)
    )
    if after.is_empty:
        raise InvalidInput(
            f"the geometry is not valid and no area is left of it: {_reason(before)}"
        )
    repaired = Geometry(geometry.crs, after)
    changes = [f"repaired: {_reason(before)}"]
    changes += _count(before, after)
    # The area of a crossing ring has no meaning, so the symmetric difference
    # cannot be had; the difference of the signed sums is what can be said.
    drift = area_m2(repaired) - area_m2(geometry)
    changes.append(f"area changed by {drift:+.1f} m²")
    return Repaired(repaired, tuple(changes))


def area_m2(geometry: Geometry) -> float:
    """Area in square metres: geodesic for CRS84, on the plane for a grid.

    Web Mercator has no scale to measure by, so there the corners are taken in degrees.
    """
    if reference_system(geometry.crs).projected and geometry.crs != WEB_MERCATOR:
        return float(geometry.shape.area)
    # Rings are summed one by one since direction is free in WKT.
    total = 0.0
    for part in shapely.get_parts(to_crs84(geometry)):
        rings = [part.exterior, *part.interiors]
        areas = [abs(_GEOD.geometry_area_perimeter(ring)[0]) for ring in rings]
        total += areas[0] - sum(areas[1:])
    return total


def to_crs84(geometry: Geometry) -> BaseGeometry:
    """The shape with every vertex in CRS84 degrees (lines stay straight).

    Raises InvalidInput when a vertex has no transformation.
    """
    if geometry.crs == CRS84:
        return geometry.shape

    def transform(pairs: np.ndarray) -> np.ndarray:
        lons, lats = lon_lat_from(geometry.crs, pairs[:, 0], pairs[:, 1])
        return np.column_stack([lons, lats])

    moved = shapely.transform(geometry.shape, transform)
    if np.isnan(shapely.get_coordinates(moved)).any():
        raise InvalidInput(
            f"the geometry leaves the area where {geometry.crs} can be transformed"
        )
    return moved


def _out_of_range(system: ReferenceSystem, shape: BaseGeometry) -> InvalidPoint | None:
    pairs = shapely.get_coordinates(shape)
    corners = np.vstack([pairs.min(axis=0), pairs.max(axis=0)])
    # Most geometries pass on their two extremes. Only the culprit's own pair can
    # say what it looks like, so that one is looked for when they do not.
    ranges = np.array(system.ranges)
    fits = (
        np.isfinite(corners).all()
        and ((corners >= ranges[:, 0]) & (corners <= ranges[:, 1])).all()
    )
    if fits:
        middle = corners.mean(axis=0)
        return refusal(system, float(middle[0]), float(middle[1]))
    for first, second in pairs:
        problem = refusal(system, float(first), float(second))
        if problem is not None:
            return problem
    return None


def _reason(shape: BaseGeometry) -> str:
    """GEOS' reason with its place set apart: `Self-intersection at 1 1`."""
    reason: str = shapely.is_valid_reason(shape)
    match = _WHERE.fullmatch(reason)
    if match is None:
        return reason
    return f"{match[1]} at {float(match[2]):.10g} {float(match[3]):.10g}"


def _polygonal(shape: BaseGeometry) -> BaseGeometry:
    polygons = [
        part
        for part in shapely.get_parts(shapely.get_parts(shape))
        if part.geom_type == "Polygon"
    ]
    return polygons[0] if len(polygons) == 1 else MultiPolygon(polygons)


def _count(before: BaseGeometry, after: BaseGeometry) -> list[str]:
    old, new = len(shapely.get_parts(before)), len(shapely.get_parts(after))
    return [] if old == new else [f"{old} parts became {new}"]
