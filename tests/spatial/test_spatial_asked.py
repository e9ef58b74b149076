"""Boxes, GeoJSON and well-known text as areas to look in, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trigpoint.errors import InvalidInput, InvalidParameter, InvalidPoint
from trigpoint.schema.shape import Encoding
from trigpoint.spatial import asked
from trigpoint.spatial.asked import box_of, parse_geojson, polygon_of
from trigpoint.spatial.crs import point_from_easting_northing
from trigpoint.spatial.geometry import parse_wkt_literal
from trigpoint.spatial.position import position_of

SQUARE = {
    "type": "Polygon",
    "coordinates": [[[-0.2, 51], [0, 51], [0, 52], [-0.2, 52], [-0.2, 51]]],
}


def held(area: Any, lon: float, lat: float) -> bool:
    return bool(area.covers(np.array([lon]), np.array([lat]))[0])


@pytest.mark.parametrize(
    ("crs", "low", "high"),
    [
        ("OGC:CRS84", (-0.2, 51.0), (0.0, 52.0)),
        ("EPSG:4326", (51.0, -0.2), (52.0, 0.0)),
        ("EPSG:27700", (520_000, 170_000), (540_000, 190_000)),
        ("EPSG:27700", (0.0, 0.0), (700_000, 1_300_000)),
        ("OGC:CRS84", (-180.0, -90.0), (180.0, 90.0)),
        ("OGC:CRS84", (50.0, -3.0), (70.0, 52.0)),
        ("OGC:CRS84", (170.0, 50.0), (0.0, 52.0)),
    ],
)
def test_corners_are_in_the_order_of_the_axes(
    crs: str, low: tuple[float, float], high: tuple[float, float]
) -> None:
    """Corners name the axes in the order of their system; one may be a pole, the origin
    of a grid, or off Somalia, and west may be east of east in degrees."""
    place = (60.0, 20.0) if low == (50.0, -3.0) else (-0.1, 51.5)
    assert held(box_of(crs, low, high), *place)


@pytest.mark.parametrize(
    ("crs", "low", "high", "error", "words"),
    [
        ("OGC:CRS84", (0, 53), (1, 52), InvalidParameter, "south 53 is north"),
        ("OGC:CRS84", (530_000, 53), (1, 54), InvalidPoint, "lon is 530000"),
        ("OGC:CRS84", (51.4, -0.2), (51.6, 0), InvalidPoint, "looks like lat,lon"),
        ("OGC:CRS84", (float("nan"), 1), (2, 3), InvalidPoint, "lon is nan"),
        ("OGC:CRS84", (0, 1), (2, 91), InvalidPoint, "lat is 91"),
        ("EPSG:27700", (9, 0), (2, 9), InvalidPoint, "looks like"),
        ("EPSG:27700", (5e5, 1e5), (4e5, 2e5), InvalidParameter, "west 500000 is east"),
        ("EPSG:27700", (5e5, 1e5), (8e5, 2e5), InvalidPoint, "easting is 800000"),
        ("EPSG:9999", (0, 0), (1, 1), InvalidInput, "EPSG:9999"),
    ],
)
def test_corners_that_cannot_be_meant_are_refused(
    crs: str,
    low: tuple[float, float],
    high: tuple[float, float],
    error: type[InvalidInput],
    words: str,
) -> None:
    """Boxes upside down, out of range, swapped or of no known system are refused."""
    with pytest.raises(error, match=words):
        box_of(crs, low, high)


@pytest.mark.parametrize(
    "body",
    [
        SQUARE,
        {"type": "MultiPolygon", "coordinates": [SQUARE["coordinates"]]},
        {"type": "Feature", "properties": None, "geometry": SQUARE},
        {**SQUARE, "crs": {"type": "name", "properties": {"name": "EPSG:4326"}}},
    ],
)
def test_geojson_is_read_as_longitude_latitude(body: dict[str, Any]) -> None:
    """A polygon, several, or a feature of either is an area in degrees."""
    area = polygon_of(parse_geojson(json.dumps(body)))
    assert held(area, -0.1, 51.5)
    assert held(area, 0.0, 52.0)
    assert not held(area, 0.1, 51.5)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not JSON"),
        ('{"type":"Polygon","coordinates":[[[NaN,1],[2,3],[4,5]]]}', "NaN"),
        ("[1]", "no object with a geometry"),
        ("[" * 100_000, "nested too deep"),
        ('{"type":"Point","coordinates":[0,51]}', "type “Point”"),
        ('{"type":"Feature","geometry":null}', "no object with a geometry"),
        ('{"type":"Polygon","coordinates":[[[1e999,51]]]}', "too great"),
        ('{"type":"Polygon","coordinates":[[[' + "9" * 5000 + "]]]}", "too great"),
        ('{"type":"FeatureCollection","features":[]}', "FeatureCollection"),
        ('{"type":"Polygon"}', "cannot be read"),
        ('{"type":"Polygon","coordinates":"a"}', "cannot be read"),
        ('{"type":"Polygon","coordinates":[[[0,51],[1,51],[1,52]]]}', "read: Points"),
        ('{"type":"Polygon","coordinates":[[["0","51"]]]}', "cannot be read"),
        (
            '{"type":"Polygon","coordinates":[],'
            '"crs":{"properties":{"name":"urn:ogc:def:crs:EPSG::27700"}}}',
            "IRI of the system",
        ),
    ],
)
def test_geojson_that_is_no_polygon_is_refused(text: str, words: str) -> None:
    """What cannot be read as an area says what it is instead."""
    with pytest.raises(InvalidInput, match=words):
        parse_geojson(text)


@settings(deadline=None, max_examples=200)
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=3),
        lambda inner: st.lists(inner, max_size=4),
        max_leaves=12,
    )
)
def test_coordinates_of_any_form_are_read_or_refused(coordinates: Any) -> None:
    """No form of coordinates brings out an error of a library's own."""
    for kind in ("Polygon", "MultiPolygon"):
        text = json.dumps({"type": kind, "coordinates": coordinates})
        with pytest.raises(InvalidInput):
            polygon_of(parse_geojson(text))


@pytest.mark.parametrize(
    ("wkt", "words"),
    [
        ("POINT(0 51)", "a Point covers no area"),
        ("POLYGON EMPTY", "empty"),
        ("POLYGON((0 51,1 52,1 51,0 52,0 51))", "Self-intersection at 0.5 51.5"),
        ("POLYGON((190 51,191 51,191 52,190 51))", "lon is 190"),
        ("POLYGON((51 0,52 0,52 1,51 0))", "looks like"),
        ("<http://www.opengis.net/def/crs/EPSG/0/27700> POINT(1 1)", "no area"),
    ],
)
def test_polygons_that_cannot_be_looked_in_are_refused(wkt: str, words: str) -> None:
    """A shape without area, not valid or out of range is refused, and says where."""
    with pytest.raises(InvalidInput, match=words):
        polygon_of(parse_wkt_literal(wkt))


def test_polygons_have_a_bound_on_vertices(monkeypatch: pytest.MonkeyPatch) -> None:
    """A polygon with more vertices than are taken is refused before it is tested."""
    monkeypatch.setattr(asked, "MAX_VERTICES", 4)
    with pytest.raises(InvalidInput, match="5 vertices, and at most 4"):
        polygon_of(parse_geojson(json.dumps(SQUARE)))


def test_wkt_is_straight_in_its_own_system() -> None:
    """Well-known text names its system, and a polygon on a grid is tested there."""
    grid = "<http://www.opengis.net/def/crs/EPSG/0/27700>"
    wkt = f"{grid} POLYGON((520000 170000,540000 170000,540000 190000,520000 170000))"
    area = polygon_of(parse_wkt_literal(wkt))
    assert held(area, -0.1, 51.45)
    assert not held(area, -0.2, 51.55)


@pytest.mark.parametrize(
    ("value", "encoding", "expected"),
    [
        ("[-0.1,51.5]", "lon-lat", (-0.1, 51.5)),
        ("[-0.1,91]", "lon-lat", None),
        ("[0,90]", "lon-lat", None),
        ("POINT(-0.1 51.5)", "wkt", (-0.1, 51.5)),
        ("point (-0.1 51.5)", "wkt", (-0.1, 51.5)),
        (
            "<http://www.opengis.net/def/crs/EPSG/0/4326> POINT(51.5 -0.1)",
            "wkt",
            (-0.1, 51.5),
        ),
        ("POINT EMPTY", "wkt", None),
        ("POINT(-0.1)", "wkt", None),
        ("POINT(51.5 -0.1)", "wkt", None),
        ("POINT(0 90)", "wkt", None),
        ("<http://example.org/crs> POINT(0 1)", "wkt", None),
        ("POLYGON((0 51,1 51,1 52,0 51))", "wkt", None),
        ("MULTIPOINT((0 51))", "wkt", None),
        (None, "wkt", None),
        (["[0,51]"], "lon-lat", None),
    ],
)
def test_position_is_the_point_that_a_field_says(
    value: object, encoding: Encoding, expected: tuple[float, float] | None
) -> None:
    """Points in any encoding and system are positions; nothing else is."""
    assert position_of(value, encoding) == expected


def test_position_on_a_grid_is_taken_to_degrees() -> None:
    """A point in metres gives degrees; beyond the reach of its system it gives none."""
    grid = "<http://www.opengis.net/def/crs/EPSG/0/27700>"
    point = point_from_easting_northing(530_000.0, 180_000.0)
    assert position_of(f"{grid} POINT(530000 180000)", "wkt") == (point.lon, point.lat)
    assert position_of(f"{grid} POINT(1000 1299000)", "wkt") is None
