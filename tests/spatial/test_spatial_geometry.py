"""Geometries as text: reading, checking, repairing."""

from __future__ import annotations

import math

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point as ShapelyPoint

from trigpoint.errors import InvalidInput
from trigpoint.spatial.geometry import (
    Geometry,
    area_m2,
    check_geometry,
    check_lon_lat,
    format_wkt_literal,
    parse_wkt_literal,
    repair,
    simple_feature,
    to_crs84,
)
from trigpoint.spatial.grids import SYSTEMS, one_from_lon_lat

OGC = "http://www.opengis.net/def/crs"
GOOD = [
    "POINT (-0.1 51.5)",
    "MULTIPOLYGON (((-1 52, 0 52, 0 53, -1 52)), ((1 52, 2 52, 2 53, 1 52)))",
    f"<{OGC}/OGC/1.3/CRS84> POINT(-0.1 51.5)",
    f"<{OGC}/EPSG/0/4326> POINT(51.5 -0.1)",
    f"<{OGC}/EPSG/0/27700> POINT(530000 180000)",
    f"<{OGC}/EPSG/0/29902> POINT(333500 374500)",
    f"<{OGC}/EPSG/0/29903> POINT(333500 374500)",
    f"<{OGC}/EPSG/0/2157> POINT(733500 874500)",
    f"<{OGC}/EPSG/0/3857> POINT(-11132 6711000)",
    "POINT Z (-0.1 51.5 12)",
]
BAD = [
    ("", "empty text: expected WKT"),
    ("  ", "empty text: expected WKT"),
    ("POINT EMPTY", "the geometry is empty"),
    ("MULTIPOLYGON EMPTY", "the geometry is empty"),
    ("nonsense", "not well-known text"),
    ("é" * 10_000, "not well-known text"),
    ("POLYGON ((0 0, 1 1))", "not well-known text"),
    ("POLYGON ((-1 52, 0 53", "not well-known text"),
    (f"<{OGC}/EPSG/0/3857> POINT (-0.1 51.5)", "looks like lon,lat (OGC:CRS84)"),
    (f"<{OGC}/EPSG/0/3857> POINT (0 2.1e7)", "northing is 21000000: expected metres"),
    (f"<{OGC}/EPSG/0/3395> POINT (1 2)", "is not read here: expected one of"),
    ("POINT (nan nan)", "lon is nan"),
    ("POINT (inf 51)", "lon is inf"),
    ("POINT (51.5 -0.1)", "looks like lat,lon (EPSG:4326): swap them"),
    (
        "POLYGON ((51.5 -0.1, 51.6 -0.1, 51.6 0, 51.5 -0.1))",
        "looks like lat,lon (EPSG:4326): swap them",
    ),
    (f"<{OGC}/EPSG/0/4326> POINT(-0.1 51.5)", "looks like lat,lon"),
    (
        "POLYGON ((-1 52, 0 52, 530000 180000, -1 52))",
        "lon is 530000: expected degrees from -180 to 180 (OGC:CRS84). The pair looks "
        "like easting,northing in EPSG:27700",
    ),
    (
        f"<{OGC}/EPSG/0/27700> POLYGON ((-1 52, 0 52, 0 53, -1 52))",
        "looks like lon,lat (OGC:CRS84)",
    ),
    (
        "POLYGON ((0 50, 1 51, 1 50, 0 51, 0 50))",
        "not valid: Self-intersection at 0.5 50.5",
    ),
    (
        "POLYGON ((0 50, 3 50, 3 53, 0 53, 0 50), (4 51, 5 51, 5 52, 4 51))",
        "not valid: Hole lies outside shell at 4 51",
    ),
    ("CURVEPOLYGON (CIRCULARSTRING (0 51, 1 51, 0 51))", "curves are not read"),
]


@pytest.mark.parametrize("text", GOOD)
def test_good_geometries_have_no_problem(text: str) -> None:
    """Valid geometries in range pass, in every axis order."""
    assert check_geometry(text) == []


@pytest.mark.parametrize(("text", "words"), BAD)
def test_bad_geometries_say_what_and_where(text: str, words: str) -> None:
    """Each bad geometry gets one problem that names the defect and its place."""
    problems = check_geometry(text)
    assert len(problems) == 1
    assert words in problems[0]


def test_axis_order_is_the_systems() -> None:
    """EPSG:4326 text is latitude first and is held as CRS84, longitude first."""
    geometry = parse_wkt_literal(f"<{OGC}/EPSG/0/4326> POINT(51.5 -0.1)")
    assert geometry == Geometry("OGC:CRS84", ShapelyPoint(-0.1, 51.5))


@settings(deadline=None)
@given(
    st.floats(-180, 180),
    st.floats(-90, 90),
    st.sampled_from(["OGC:CRS84", "EPSG:2157"]),
)
def test_text_round_trips(lon: float, lat: float, crs: str) -> None:
    """What is written reads back as the very same doubles."""
    geometry = Geometry(crs, ShapelyPoint(lon, lat))
    assert parse_wkt_literal(format_wkt_literal(geometry)) == geometry


def test_rounded_text() -> None:
    """With decimals, coordinates are rounded and trailing zeros dropped."""
    geometry = Geometry("EPSG:27700", ShapelyPoint(1.23456, 2.5))
    text = format_wkt_literal(geometry, 2)
    assert text == f"<{OGC}/EPSG/0/27700> POINT (1.23 2.5)"


def test_simple_feature_names() -> None:
    """The class name is the Simple Features name of the geometry's type."""
    names = [simple_feature(parse_wkt_literal(text)) for text in GOOD[:2]]
    assert names == ["Point", "MultiPolygon"]


def test_repair_of_a_crossing_ring_says_what_changed() -> None:
    """A bow tie becomes its two triangles, and the words say so."""
    crossing = parse_wkt_literal("POLYGON ((0 50, 1 51, 1 50, 0 51, 0 50))")
    repaired = repair(crossing)
    assert shapely.is_valid(repaired.geometry.shape)
    assert simple_feature(repaired.geometry) == "MultiPolygon"
    assert repaired.changes[:2] == (
        "repaired: Self-intersection at 0.5 50.5",
        "1 parts became 2",
    )


def test_repair_keeps_only_areas() -> None:
    """A spike and a collapsed part go, and the area stays what it was."""
    text = (
        f"<{OGC}/EPSG/0/27700> MULTIPOLYGON (((400000 300000, 401000 300000, "
        "401000 301000, 401000 305000, 401000 301000, 400000 301000, 400000 300000)), "
        "((410000 300000, 411000 300000, 410000 300000, 410000 300000)))"
    )
    repaired = repair(parse_wkt_literal(text))
    assert simple_feature(repaired.geometry) == "Polygon"
    assert area_m2(repaired.geometry) == 1_000_000
    assert "area changed by +0.0 m²" in repaired.changes


def test_repair_leaves_a_valid_geometry_alone() -> None:
    """A valid geometry comes back as the same object, with no changes."""
    valid = parse_wkt_literal(GOOD[1])
    repaired = repair(valid)
    assert repaired.geometry is valid
    assert repaired.changes == ()


@pytest.mark.parametrize(
    "text", ["POLYGON ((0 50, 1 51, 0 50, 0 50))", "LINESTRING (0 50, 1 51)"]
)
def test_what_has_no_area_cannot_be_repaired(text: str) -> None:
    """Repair refuses what has no area to keep."""
    with pytest.raises(InvalidInput, match=r"no area is left|cannot be repaired"):
        repair(parse_wkt_literal(text))


def test_areas_on_the_ellipsoid_and_on_a_grid_agree() -> None:
    """A square kilometre is one by geodesics as well, within the grid's scale."""
    corners = "530000 180000, 531000 180000, 531000 181000, 530000 181000"
    hole = "530250 180250, 530750 180250, 530750 180750, 530250 180750, 530250 180250"
    square = parse_wkt_literal(
        f"<{OGC}/EPSG/0/27700> POLYGON (({corners}, 530000 180000), ({hole}))"
    )
    degrees = Geometry("OGC:CRS84", to_crs84(square))
    assert area_m2(square) == 750_000
    assert area_m2(degrees) == pytest.approx(750_000, rel=1e-3)


def test_web_mercator_is_not_measured_on_its_plane() -> None:
    """At the latitude of London a square of Web Mercator is 2.6 times too large."""
    corners = "0 6711000, 1000 6711000, 1000 6712000, 0 6712000, 0 6711000"
    square = parse_wkt_literal(f"<{OGC}/EPSG/0/3857> POLYGON (({corners}))")
    degrees = Geometry("OGC:CRS84", to_crs84(square))
    assert area_m2(square) == area_m2(degrees)
    assert 380_000 < area_m2(square) < 400_000


@pytest.mark.parametrize("crs", sorted(SYSTEMS))
def test_text_in_any_system_is_the_same_place(crs: str) -> None:
    """A literal that names a system is read in its axis order."""
    first, second = one_from_lon_lat(crs, -5.93, 54.6)
    geometry = parse_wkt_literal(f"<{SYSTEMS[crs].iri}> POINT ({first} {second})")
    shape = to_crs84(geometry)
    assert (shape.x, shape.y) == pytest.approx((-5.93, 54.6), abs=2e-8)


def test_geometry_beyond_its_grid_is_not_transformed() -> None:
    """A vertex without a transformation is an error, never a NaN."""
    beyond = Geometry("EPSG:27700", ShapelyPoint(0, 1_290_000))
    with pytest.raises(InvalidInput, match="leaves the area"):
        to_crs84(beyond)


@pytest.mark.parametrize("text", ["[-0.1,51.5]", "[-7, 54.5]", "[0.0,50.1]"])
def test_good_points(text: str) -> None:
    """GDS points are two numbers, longitude first."""
    assert check_lon_lat(text) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[51.5,-0.1]", "swap them"),
        ("[530000,180000]", "use easting= and northing="),
        ("[NaN,51.5]", "lon is nan"),
        ("[1,2,3]", "expected [lon,lat]"),
        ("[true,51]", "expected [lon,lat]"),
        ("51.5,-0.1", "expected [lon,lat]"),
        ("", "expected [lon,lat]"),
        (f"[{math.inf},1]", "expected [lon,lat]"),
    ],
)
def test_bad_points_say_why(text: str, words: str) -> None:
    """A point that is none, or that is swapped, gets one problem."""
    problems = check_lon_lat(text)
    assert len(problems) == 1
    assert words in problems[0]
