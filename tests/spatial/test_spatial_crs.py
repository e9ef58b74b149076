"""Points and coordinate reference systems."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer

from trigpoint.errors import InvalidInput, InvalidPoint
from trigpoint.spatial.crs import (
    Point,
    point_from,
    point_from_easting_northing,
    point_from_lon_lat,
    transform_many,
)
from trigpoint.spatial.grids import (
    SYSTEMS,
    bng_from_lon_lat,
    from_lon_lat,
    lon_lat_from,
    lon_lat_from_bng,
    lon_lat_from_one,
    one_from_lon_lat,
    reference_system,
)

# OS, "A guide to coordinate systems in Great Britain", annex C: Caister water tower.
CAISTER_LON_LAT = (1 + 42 / 60 + 57.8663 / 3600, 52 + 39 / 60 + 28.8282 / 3600)
CAISTER_GRID = (651409.804, 313177.450)


def test_national_grid_agrees_with_os() -> None:
    """OSTN15 gives the easting and northing that OS publishes, to a millimetre."""
    lon, lat = (np.array([value]) for value in CAISTER_LON_LAT)
    east, north = bng_from_lon_lat(lon, lat)
    assert (east[0], north[0]) == pytest.approx(CAISTER_GRID, abs=0.0011)


def test_point_on_the_national_grid_keeps_what_was_given() -> None:
    """A point given by easting and northing has degrees and its own pair."""
    point = point_from_easting_northing(*CAISTER_GRID)
    assert (point.lon, point.lat) == pytest.approx(CAISTER_LON_LAT, abs=2e-8)
    assert point.planar("EPSG:27700") == CAISTER_GRID
    assert point.accuracy == 0.001


def test_lat_lon_of_epsg_4326_is_read_latitude_first() -> None:
    """EPSG:4326 has the axes of CRS84 the other way round."""
    point = point_from("EPSG:4326", 51.5, -0.1)
    assert point == Point(-0.1, 51.5, "EPSG:4326", (51.5, -0.1))
    assert point.planar("EPSG:4326") == (-0.1, 51.5)


@pytest.mark.parametrize("crs", ["EPSG:29902", "EPSG:29903", "EPSG:2157"])
@pytest.mark.parametrize("place", [(-5.93, 54.6), (-7.32, 55.0), (-6.3, 53.4)])
def test_irish_grids_agree_with_the_epsg_register(
    crs: str, place: tuple[float, float]
) -> None:
    """The Irish pipelines give what PROJ finds in the EPSG register, to a metre."""
    east, north = from_lon_lat(crs, *(np.array([degrees]) for degrees in place))
    epsg = Transformer.from_crs("OGC:CRS84", crs, always_xy=True)
    assert (east[0], north[0]) == pytest.approx(epsg.transform(*place), abs=1.0)
    point = point_from_easting_northing(float(east[0]), float(north[0]), crs)
    assert (point.lon, point.lat) == pytest.approx(place, abs=2e-8)


@settings(deadline=None)
@given(st.floats(-7.5, 1.7), st.floats(50.0, 60.7), st.sampled_from(sorted(SYSTEMS)))
def test_there_and_back(lon: float, lat: float, crs: str) -> None:
    """Every system gives back the degrees put in, to 2 mm, wherever it reaches."""
    pair = from_lon_lat(crs, np.array([lon]), np.array([lat]))
    back = lon_lat_from(crs, *pair)
    if np.isnan(pair[0][0]):
        assert SYSTEMS[crs].projected
        assert crs != "EPSG:27700" or not 50.1 < lat < 60.0 or not -6 < lon < 1
    else:
        assert back[0][0] == pytest.approx(lon, abs=3e-8)
        assert back[1][0] == pytest.approx(lat, abs=2e-8)


def test_outside_ostn15_arrays_hold_nan() -> None:
    """Where OSTN15 has no cover both values are NaN, in either direction."""
    east, north = bng_from_lon_lat(np.array([2.35, -0.1]), np.array([48.85, 51.5]))
    assert np.isnan([east[0], north[0]]).all()
    assert np.isfinite([east[1], north[1]]).all()
    lon, lat = lon_lat_from_bng(np.array([0.0, np.nan, 800_000]), np.array([0.0, 1, 1]))
    assert np.isnan([*lon, *lat]).all()


def test_conversion_is_the_same_from_many_threads() -> None:
    """convertbng may be called from several threads at once."""
    generator = np.random.default_rng(1)
    east, north = generator.uniform(2e5, 5e5, (2, 20_000))
    alone = lon_lat_from_bng(east, north)
    with ThreadPoolExecutor(4) as pool:
        for lon, lat in pool.map(lambda _: lon_lat_from_bng(east, north), range(8)):
            assert np.array_equal(lon, alone[0])
            assert np.array_equal(lat, alone[1])


@pytest.mark.parametrize("place", [(-0.1, 51.5), (180.0, -85.0), (-180.0, 0.0)])
def test_web_mercator_agrees_with_the_epsg_register(
    place: tuple[float, float],
) -> None:
    """Web Mercator gives what PROJ finds in the EPSG register, to a micrometre."""
    east, north = one_from_lon_lat("EPSG:3857", *place)
    epsg = Transformer.from_crs("OGC:CRS84", "EPSG:3857", always_xy=True)
    assert (east, north) == pytest.approx(epsg.transform(*place), abs=1e-6)
    point = point_from_easting_northing(east, north, "EPSG:3857")
    assert (point.lon, point.lat) == pytest.approx(place, abs=1e-12)


def test_web_mercator_has_no_poles() -> None:
    """North of the square, and at numbers that are none, both values are NaN."""
    lats = np.array([85.06, 90.0, -90.0, math.nan, math.inf])
    pairs = from_lon_lat("EPSG:3857", np.zeros(5), lats)
    assert np.isnan(pairs).all()
    beyond = lon_lat_from("EPSG:3857", np.array([0.0, 2.1e7]), np.array([1e300, 0.0]))
    assert np.isnan(beyond).all()


@pytest.mark.parametrize("crs", sorted(SYSTEMS))
def test_one_pair_and_many_are_the_same_numbers(crs: str) -> None:
    """What is found for one pair is found for it among many, to the last digit."""
    generator = np.random.default_rng(2)
    lons, lats = generator.uniform(-9, 3, 300), generator.uniform(49, 62, 300)
    pairs = from_lon_lat(crs, lons, lats)
    back = lon_lat_from(crs, *pairs)
    for row in range(300):
        one = one_from_lon_lat(crs, lons[row], lats[row])
        again = lon_lat_from_one(crs, pairs[0][row], pairs[1][row])
        expected = [pairs[0][row], pairs[1][row], back[0][row], back[1][row]]
        assert np.array_equal([*one, *again], expected, equal_nan=True)


AWKWARD = [
    *(-0.1, 51.5, 0.0, 90.0, -90.0, 180.0, 181.0, 53.4, -6.3, 1.0, 5e5, 1.8e5),
    *(-14_000.0, 6_711_000.0, 3e7, 700_000.0, 1_250_000.0, math.nan, math.inf),
]
numbers = st.one_of(st.sampled_from(AWKWARD), st.floats(-2e6, 9e6))


def alone(crs: str, pair: tuple[float, float]) -> Point | InvalidPoint:
    """What one pair is read as, or why it is not."""
    try:
        return point_from(crs, *pair)
    except InvalidPoint as refused:
        return refused


@settings(deadline=None, max_examples=200)
@given(
    st.sampled_from(sorted(SYSTEMS)),
    st.lists(st.tuples(numbers, numbers), max_size=30),
)
def test_many_are_read_as_one_by_one(
    crs: str, pairs: list[tuple[float, float]]
) -> None:
    """Columns are transformed and refused as each pair alone, in the same words."""
    firsts, seconds = np.array(pairs, dtype=np.float64).reshape(-1, 2).T
    found = transform_many(crs, firsts, seconds)
    for row, pair in enumerate(pairs):
        expected = alone(crs, pair)
        place = found.lons[row], found.lats[row]
        if isinstance(expected, Point):
            assert row not in found.refused
            assert place == (expected.lon, expected.lat)
        else:
            assert row in found.refused
            assert str(found.reason(row)) == str(expected)
            assert found.reason(row).members == expected.members
            assert np.isnan(place).all()


def test_a_point_is_said_in_another_system() -> None:
    """The axes are named, metres have three decimals, degrees eight."""
    point = point_from_lon_lat(*CAISTER_LON_LAT)
    assert point.in_crs("EPSG:27700") == {
        "crs": "EPSG:27700",
        "easting": 651409.804,
        "northing": 313177.45,
        "accuracy-metres": 0.001,
    }
    assert point.in_crs("urn:ogc:def:crs:EPSG::4326") == {
        "crs": "EPSG:4326",
        "lat": 52.65800783,
        "lon": 1.71607397,
        "accuracy-metres": 0.0,
    }


def test_a_point_is_as_given_in_its_own_system() -> None:
    """There is no way there and back, and so no inaccuracy; two ways add up."""
    point = point_from("EPSG:29903", 333_500.25, 374_500.5)
    own = point.in_crs("EPSG:29903")
    assert (own["easting"], own["northing"]) == (333_500.25, 374_500.5)
    assert own["accuracy-metres"] == 0.0
    assert point.in_crs("EPSG:2157")["accuracy-metres"] == pytest.approx(1.001)


def test_a_point_out_of_reach_of_a_system_is_refused() -> None:
    """The error names the system, its title and the parameter."""
    paris = point_from_lon_lat(2.35, 48.85)
    for crs in ("EPSG:27700", "EPSG:2157", "EPSG:29903"):
        with pytest.raises(InvalidPoint, match=f"beyond the reach of {crs}") as refused:
            paris.in_crs(crs)
        assert refused.value.members == {"parameter": "out-crs", "value": crs}
    with pytest.raises(InvalidInput, match="not read here") as unknown:
        paris.in_crs("EPSG:1")
    assert unknown.value.members["parameter"] == "out-crs"


def test_an_answer_says_a_point_in_the_system_asked_for() -> None:
    """Degrees, the pair as given with its system and accuracy, and the other pair."""
    point = point_from_easting_northing(*CAISTER_GRID)
    body = point.as_json()
    assert body == {
        "lon": 1.71607398,
        "lat": 52.65800783,
        "crs": "EPSG:27700",
        "coordinates": list(CAISTER_GRID),
        "accuracy-metres": 0.001,
    }
    assert point.as_json("EPSG:3857") == body | {"out": point.in_crs("EPSG:3857")}


LON_LAT_REFUSALS = [
    (51.5, -0.1, "lon", "looks like lat,lon (EPSG:4326): swap them"),
    (60.15, -1.14, "lon", "looks like lat,lon (EPSG:4326): swap them"),
    (
        530000,
        180000,
        "lon",
        "looks like easting,northing in EPSG:27700: use easting= and northing=",
    ),
    (180000, 930000, "lon", "looks like easting,northing in EPSG:27700"),
    (1_000_000, 400_000, "lon", "looks like northing,easting in EPSG:27700: swap them"),
    (
        -14_000,
        6_711_000,
        "lon",
        "looks like Web Mercator metres (EPSG:3857): use crs=EPSG:3857 with easting=",
    ),
    (6_711_000, -14_000, "lon", "looks like northing,easting in EPSG:3857: swap them"),
    (12, 95, "lat", "expected degrees from -90 to 90 (OGC:CRS84)"),
    (-181, 50, "lon", "lon is -181: expected degrees from -180 to 180"),
    (math.nan, 51.5, "lon", "lon is nan: expected a finite number of degrees"),
    (-0.1, math.inf, "lat", "lat is inf: expected a finite number of degrees"),
    (0.0, 90.0, "lat", "a pole has no longitude"),
]


@pytest.mark.parametrize(("lon", "lat", "parameter", "words"), LON_LAT_REFUSALS)
def test_wrong_degrees_are_refused(
    lon: float, lat: float, parameter: str, words: str
) -> None:
    """Degrees that cannot be meant are refused, saying what they look like."""
    with pytest.raises(InvalidPoint) as refused:
        point_from_lon_lat(lon, lat)
    assert words in str(refused.value)
    assert refused.value.members["parameter"] == parameter


@pytest.mark.parametrize("lon", [180.0000001, 190.0, 359.5])
def test_longitude_past_the_antimeridian_is_not_taken_for_metres(lon: float) -> None:
    """A longitude counted on to 360 is refused without a guess at a grid."""
    with pytest.raises(InvalidPoint) as refused:
        point_from_lon_lat(lon, 51.0)
    assert "looks like" not in str(refused.value)
    assert "looks_like" not in refused.value.members


GRID_REFUSALS = [
    (-0.1, 51.5, "EPSG:27700", "looks like lon,lat (OGC:CRS84): use lon= and lat="),
    (1.1, 52.5, "EPSG:27700", "looks like lon,lat (OGC:CRS84): use lon= and lat="),
    (51.5, -0.1, "EPSG:27700", "looks like lat,lon (EPSG:4326): use lon= and lat="),
    (1_000_000, 400_000, "EPSG:27700", "looks like northing,easting in EPSG:27700"),
    (800_000, 1, "EPSG:27700", "easting is 800000: expected metres from 0 to 700000"),
    (146_000, 530_000, "EPSG:29903", "looks like easting,northing in EPSG:27700"),
    (733_500, 874_500, "EPSG:29903", "looks like easting,northing in EPSG:2157"),
    (333_500, 374_500, "EPSG:2157", "looks like easting,northing in EPSG:29903"),
    (-14_000, 6_711_000, "EPSG:27700", "Web Mercator metres (EPSG:3857): use crs="),
    (100_000, 6_711_000, "EPSG:27700", "Web Mercator metres (EPSG:3857): use crs="),
    (-0.1, 51.5, "EPSG:3857", "looks like lon,lat (OGC:CRS84): use lon= and lat="),
    (3e7, 1, "EPSG:3857", "expected metres from -20037508 to 20037508"),
    (math.nan, 1, "EPSG:27700", "easting is nan: expected a finite number of metres"),
    (1, -math.inf, "EPSG:2157", "easting is 1"),
    (0, 1_250_000, "EPSG:27700", "OSTN15 gives no transformation"),
    (1, 1, "OGC:CRS84", "no easting and northing: use lon= and lat="),
]


@pytest.mark.parametrize(("easting", "northing", "crs", "words"), GRID_REFUSALS)
def test_wrong_metres_are_refused(
    easting: float, northing: float, crs: str, words: str
) -> None:
    """Metres that cannot be meant are refused, saying what they look like."""
    with pytest.raises(InvalidPoint) as refused:
        point_from_easting_northing(easting, northing, crs)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    "name",
    [
        "EPSG:27700",
        "epsg:27700",
        "http://www.opengis.net/def/crs/EPSG/0/27700",
        "https://www.opengis.net/def/crs/EPSG/9.9.1/27700",
        "urn:ogc:def:crs:EPSG::27700",
    ],
)
def test_spellings_of_a_system(name: str) -> None:
    """Codes, OGC IRIs and URNs name the same system."""
    assert reference_system(name).code == "EPSG:27700"


@pytest.mark.parametrize("name", ["EPSG:3395", "27700", "", "OGC:CRS83", "http://x"])
def test_unknown_systems_are_refused(name: str) -> None:
    """A system that is not read here is refused, with the list of those that are."""
    with pytest.raises(InvalidInput, match="expected one of OGC:CRS84, EPSG:4326"):
        reference_system(name)
