"""Areas to look in, from the parameters or the body of a request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import shapely
from fastapi import Query, Request
from shapely.geometry.base import BaseGeometry

from api.limits import UnsupportedMediaType, read_body
from api.negotiation import GEOJSON, JSON
from api.parameters import number
from api.places import place_of
from trigpoint.errors import InvalidInput, InvalidParameter
from trigpoint.spatial.asked import box_of, parse_geojson, polygon_of
from trigpoint.spatial.crs import Point
from trigpoint.spatial.distance import GEOD
from trigpoint.spatial.geometry import Geometry, parse_wkt_literal, to_crs84
from trigpoint.spatial.grids import CRS84, WGS84_LAT_LON, reference_system
from trigpoint.spatial.within import Area, Circle

WKT_TYPE = "text/plain"
POLYGON_TYPES = (GEOJSON.media_type, JSON.media_type, WKT_TYPE)
MAX_POLYGON_BODY = 4_000_000  # bytes
_ROUND = 72  # corners of a circle as it is drawn
_LARGE = 1e6  # metres; greater circles are not drawn


@dataclass(frozen=True)
class Region:
    """An area to look in, and what an answer says of it.

    `drawn` is its outline in degrees for a map, None where there is none that can be
    drawn flat. `hard` says that looking in it may take long.
    """

    area: Circle | Area
    said: dict[str, Any]
    drawn: BaseGeometry | None
    hard: bool = False


def _text(description: str, kind: str = "number") -> Any:
    return Query(description=description, json_schema_extra={"type": kind})


async def region_of(
    lon: Annotated[str | None, _text("Longitude of the middle, in degrees.")] = None,
    lat: Annotated[str | None, _text("Latitude of the middle, in degrees.")] = None,
    easting: Annotated[str | None, _text("Easting of the middle, in metres.")] = None,
    northing: Annotated[str | None, _text("Northing of the middle.")] = None,
    radius: Annotated[str | None, _text("Metres around the middle.")] = None,
    bbox: Annotated[
        str | None,
        _text("Least and greatest corner in the order of the axes of `crs`.", "string"),
    ] = None,
    crs: Annotated[
        str | None,
        Query(max_length=100, description="System of the middle or of the box."),
    ] = None,
) -> Region:
    """The circle or the box that the parameters give.

    Raises InvalidPoint or InvalidParameter, naming the parameter.
    """
    middle = {"lon": lon, "lat": lat, "easting": easting, "northing": northing}
    given = {**middle, "radius": radius}
    if bbox is not None:
        for name, value in given.items():
            if value is not None:
                raise InvalidParameter(
                    f"bbox and {name} are given: expected a box, or a position and "
                    "radius=",
                    parameter=name,
                )
        return _box(bbox, crs or CRS84)
    if not any(value is not None for value in given.values()):
        raise InvalidParameter(
            "expected bbox=, or a position and radius=; to look in a polygon, post it",
            parameter="bbox",
        )
    place = await place_of(lon, lat, easting, northing, crs)
    if radius is None:
        raise InvalidParameter(
            "expected radius=, in metres, beside the position", parameter="radius"
        )
    metres = number(radius, "radius")
    if metres < 0:
        raise InvalidParameter(
            f"radius is {radius}: expected metres, 0 or more", parameter="radius"
        )
    return _circle(place, metres)


async def polygon_in(request: Request) -> tuple[str, bytes]:
    """The media type and the body of a request that brings a polygon.

    Raises UnsupportedMediaType, and BodyTooLarge.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in POLYGON_TYPES:
        raise UnsupportedMediaType(
            f"the body is of type “{kind[:60]}”: expected {', '.join(POLYGON_TYPES)}",
            available=list(POLYGON_TYPES),
        )
    return kind, await read_body(request, MAX_POLYGON_BODY)


def region_in(kind: str, body: bytes) -> Region:
    """The polygon in a body: GeoJSON, or well-known text.

    Raises InvalidInput for what is no polygon that can be looked in.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(
            f"the body is not UTF-8: byte {error.start}", parameter="body"
        ) from error
    read = (parse_wkt_literal if kind == WKT_TYPE else parse_geojson)(text)
    # Records lie in an area or not, however high they are.
    geometry = Geometry(read.crs, shapely.force_2d(read.shape))
    area = polygon_of(geometry)
    said = {
        "type": "polygon",
        "crs": geometry.crs,
        "vertices": int(shapely.get_num_coordinates(geometry.shape)),
    }
    return Region(area, said, _flat(geometry), hard=True)


def _box(bbox: str, crs: str) -> Region:
    parts = bbox.split(",")
    if len(parts) != 4:
        raise InvalidParameter(
            f"bbox has {len(parts)} numbers: expected four, such as "
            "-0.2,51.4,0.1,51.6: the least corner, then the greatest",
            parameter="bbox",
        )
    first, second, third, fourth = (number(part.strip(), "bbox") for part in parts)
    system = reference_system(crs)
    area = box_of(crs, (first, second), (third, fourth))
    said = {"type": "box", "crs": system.code, "bbox": [first, second, third, fourth]}
    west, south, east, north = first, second, third, fourth
    if system.code == WGS84_LAT_LON:
        west, south, east, north = second, first, fourth, third
    if west >= east or south >= north:
        return Region(area, said, None, hard=system.projected)
    plane = system.code if system.projected else CRS84
    drawn = _flat(Geometry(plane, shapely.box(west, south, east, north)))
    return Region(area, said, drawn, hard=system.projected)


def _circle(place: Point, metres: float) -> Region:
    said = {"type": "circle", "point": place.as_json(), "radius-metres": metres}
    return Region(
        Circle(place.lon, place.lat, metres), said, _ring(place.lon, place.lat, metres)
    )


def _ring(lon: float, lat: float, metres: float) -> BaseGeometry | None:
    """A circle in degrees; None for one that is none on a flat map, being a point, very
    large, round a pole or across the antimeridian."""
    if not 0 < metres < _LARGE:
        return None
    turns = np.linspace(0, 360, _ROUND, endpoint=False)
    middle = np.broadcast_to([[lon], [lat]], (2, _ROUND))
    lons, lats, _ = GEOD.fwd(middle[0], middle[1], turns, np.full(_ROUND, metres))
    ring = np.column_stack([lons, lats])
    return shapely.Polygon(ring) if np.ptp(ring[:, 0]) < 180 else None


def _flat(geometry: Geometry) -> BaseGeometry | None:
    """An outline in degrees, if all of it can be taken to them."""
    try:
        return to_crs84(geometry)
    except InvalidInput:
        return None
