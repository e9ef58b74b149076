"""The position of a record: the point that its geometry field says, in degrees."""

from __future__ import annotations

import re

import shapely

from trigpoint.errors import InvalidInput
from trigpoint.schema.rdf import lon_lat_of
from trigpoint.schema.shape import Encoding
from trigpoint.spatial.geometry import parse_wkt_literal, problems_of, to_crs84

# Told by its keyword, so that outlines of many thousand vertices are not read.
_POINT = re.compile(r"(?:<[^>]*>)?\s*POINT\b", re.IGNORECASE)


def position_of(value: object, encoding: Encoding | None) -> tuple[float, float] | None:
    """Longitude and latitude (CRS84) of a geometry field's value, if it is a point.

    A GDS `point` such as `[-0.1,51.5]`, or a `geo:wktLiteral` of one in any system that
    is read here, by the field's encoding. None for any other geometry or for none, and
    for a pair that cannot be meant: the gate refuses those, and a log that holds one
    all the same has a record without a position.
    """
    if not isinstance(value, str):
        return None
    if encoding != "wkt":
        pair = lon_lat_of(value)
        ranged = pair is not None and abs(pair[0]) <= 180 and abs(pair[1]) < 90
        return pair if ranged else None
    if not _POINT.match(value):
        return None
    try:
        drawn = parse_wkt_literal(value)
        if problems_of(drawn):
            return None
        place = to_crs84(drawn)
    except InvalidInput:
        return None
    return float(shapely.get_x(place)), float(shapely.get_y(place))
