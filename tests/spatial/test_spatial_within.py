"""Which positions an area covers: circles, boxes and polygons, in degrees or metres."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pyproj import Geod

from trigpoint.spatial.crs import SYSTEMS
from trigpoint.spatial.grids import from_lon_lat, lon_lat_from_bng
from trigpoint.spatial.nearest import PositionIndex, Within
from trigpoint.spatial.within import Area, Box, Circle, Polygon, in_system

GEOD = Geod(ellps="WGS84")
LONS, LATS = st.floats(-180, 180), st.floats(-89.9, 89.9)
WORLD = st.lists(st.tuples(LONS, LATS), min_size=1, max_size=60)
# Few distinct values, so that positions fall on corners and sides.
STEPS = st.integers(0, 8)
GRID = st.lists(st.tuples(STEPS, STEPS), min_size=1, max_size=60)


def indexed(
    pairs: list[tuple[float, float]],
) -> tuple[PositionIndex, np.ndarray, np.ndarray]:
    """An index over positions whose keys are their numbers, and the two columns."""
    lons, lats = np.array(pairs, dtype=float).T
    keys = [f"{number:04}" for number in range(len(pairs))]
    return PositionIndex.build(keys, lons, lats), lons, lats


def keys_of(flags: np.ndarray) -> list[str]:
    return [f"{number:04}" for number in np.flatnonzero(flags).tolist()]


@settings(deadline=None)
@given(WORLD, LONS, LATS, st.sampled_from([0.0, 1e3, 1e6, 5e6, 1.5e7, 2.1e7]))
def test_circle_holds_what_is_no_farther(
    pairs: list[tuple[float, float]], lon: float, lat: float, radius: float
) -> None:
    """A circle holds every key within its radius by Geod, and tells how far each is."""
    index, lons, lats = indexed(pairs)
    start = np.broadcast_to([[lon], [lat]], (2, len(lons)))
    metres = np.asarray(GEOD.inv(start[0], start[1], lons, lats)[2])
    found = index.within(Circle(lon, lat, radius))
    assert found.keys == keys_of(metres <= radius)
    assert found.metres.tolist() == metres[metres <= radius].tolist()


@settings(deadline=None)
@given(WORLD, st.integers(0, 59), st.integers(0, 59))
def test_circle_through_a_position_holds_it(
    pairs: list[tuple[float, float]], middle: int, far: int
) -> None:
    """A radius that is exactly a distance takes that position in, on the border."""
    index, _, _ = indexed(pairs)
    lon, lat = pairs[middle % len(pairs)]
    to_lon, to_lat = pairs[far % len(pairs)]
    radius = float(GEOD.inv(lon, lat, to_lon, to_lat)[2])
    found = index.within(Circle(lon, lat, radius))
    place = found.keys.index(f"{far % len(pairs):04}")
    assert found.on_border[place]
    assert found.metres.max() == radius


def in_box(
    lons: np.ndarray, lats: np.ndarray, sides: tuple[float, float, float, float]
) -> np.ndarray:
    """The definition: between the parallels, eastward of west and westward of east."""
    west, south, east, north = sides
    # -180 and 180 are one meridian.
    found = np.zeros(len(lons), dtype=bool)
    for turned in (lons, np.where(lons == 180.0, -180.0, lons)):
        for lon in (turned, np.where(turned == -180.0, 180.0, turned)):
            across = (lon >= west) & (lon <= east)
            if west > east:
                across = (lon >= west) | (lon <= east)
            found |= across
    return found & (lats >= south) & (lats <= north)


@settings(deadline=None)
@given(WORLD, LONS, LATS, st.floats(0, 90), st.floats(0, 360))
def test_box_holds_what_lies_in_it(
    pairs: list[tuple[float, float]],
    west: float,
    south: float,
    high: float,
    wide: float,
) -> None:
    """A box holds every key in it, also when it crosses the antimeridian."""
    index, lons, lats = indexed(pairs)
    north, east = min(90.0, south + high), west + wide
    sides = (west, south, east - 360 if east > 180 else east, north)
    found = index.within(Box(*sides, turns=True))
    assert found.keys == keys_of(in_box(lons, lats, sides))


@settings(deadline=None)
@given(GRID, STEPS, STEPS, STEPS, STEPS)
def test_box_tells_what_lies_on_its_sides(
    pairs: list[tuple[float, float]], west: int, south: int, wide: int, high: int
) -> None:
    """Positions on sides and corners are held, on the border, as `shapely` has it."""
    index, lons, lats = indexed(pairs)
    assume(wide and high)
    drawn = shapely.box(west, south, west + wide, south + high)
    found = index.within(Box(west, south, west + wide, south + high, turns=True))
    points = shapely.points(lons, lats)
    covered = shapely.covers(drawn, points)
    assert found.keys == keys_of(covered)
    touched = shapely.touches(drawn, points)
    assert found.on_border.tolist() == touched[covered].tolist()


def stars(count: int) -> list[shapely.Polygon]:
    """Spiky polygons with holes, some of them over the whole grid of positions."""
    drawn = []
    random = np.random.default_rng(7)
    for _ in range(count):
        turns = np.sort(random.uniform(0, 2 * np.pi, 12))
        reach = random.uniform(1, 6, 12)
        ring = np.column_stack([np.cos(turns), np.sin(turns)]) * reach[:, None]
        star = shapely.make_valid(shapely.Polygon(np.round(ring + 4.0)))
        hole = shapely.box(3, 3, 5, 5)
        drawn += [
            part
            for part in shapely.get_parts(shapely.difference(star, hole))
            if part.geom_type == "Polygon"
        ]
    return drawn


def test_polygon_covers_as_shapely_does() -> None:
    """Over a fine grid with vertices, sides and holes the answer is GEOS' `covers`."""
    pairs = [(lon / 4, lat / 4) for lon in range(-8, 42) for lat in range(-8, 42)]
    lons, lats = np.array(pairs).T
    keys = [f"{number:04}" for number in range(len(pairs))]
    index = PositionIndex.build(keys, lons, lats)
    points = shapely.points(lons, lats)
    for drawn in stars(20):
        found = index.within(Polygon(drawn, turns=True))
        covered = shapely.covers(drawn, points)
        assert found.keys == [keys[n] for n in np.flatnonzero(covered).tolist()]
        touched = shapely.touches(drawn, points)[covered]
        assert found.on_border.tolist() == touched.tolist()


def test_polygon_of_long_teeth_covers_as_shapely_does() -> None:
    """Teeth that cross the whole polygon, on which a ray meets every edge, are decided
    as by GEOS, positions at the ends of teeth included."""
    across = np.linspace(0, 8, 200)
    ends = np.where(np.arange(200) % 2, 8.0, 0.0)
    upper, lower = (np.column_stack([across, ends - by]) for by in (0.0, 1.0))
    comb = shapely.Polygon(np.vstack([upper, lower[::-1]]))
    random = np.random.default_rng(3)
    places = np.vstack([upper, lower, random.uniform(-1, 9, (3000, 2))])
    index, _, _ = indexed([tuple(pair) for pair in places.tolist()])
    points = shapely.points(places)
    covered = shapely.covers(comb, points)
    found = index.within(Polygon(comb, turns=True))
    assert found.total == covered.sum() > 400
    assert [int(key) for key in found.keys] == np.flatnonzero(covered).tolist()
    touched = shapely.touches(comb, points)[covered]
    assert found.on_border.tolist() == touched.tolist()


def test_polygon_cut_at_the_antimeridian_is_one() -> None:
    """On the cut lies no border, and either spelling of the meridian is held."""
    cut = shapely.MultiPolygon(
        [shapely.box(170, -10, 180, 10), shapely.box(-180, -10, -170, 10)]
    )
    index, _, _ = indexed(
        [(180.0, 0.0), (-180.0, 0.0), (175.0, 0.0), (-170.0, 0.0), (160.0, 0.0)]
    )
    found = index.within(Polygon(cut, turns=True))
    assert found.keys == ["0000", "0001", "0002", "0003"]
    assert found.on_border.tolist() == [False, False, False, True]
    half = index.within(Polygon(shapely.box(170, -10, 180, 10), turns=True))
    assert half.keys == ["0000", "0001", "0002"]
    assert half.on_border.tolist() == [True, True, False]


CLIENTS: dict[str, Callable[[], Area | Circle]] = {
    "box in degrees": lambda: Box(-0.3, 51.4, 0.1, 51.6, turns=True),
    "box on the British grid": lambda: in_system(
        "EPSG:27700", Box(500_000, 150_000, 560_000, 200_000, turns=False)
    ),
    "polygon on the British grid": lambda: in_system(
        "EPSG:27700",
        Polygon(shapely.Point(530_000, 180_000).buffer(30_000), turns=False),
    ),
    "all of the British grid": lambda: in_system(
        "EPSG:27700", Box(0, 0, 700_000, 1_300_000, turns=False)
    ),
}


@pytest.mark.parametrize("name", CLIENTS)
def test_real_postcodes_within(sampled: pl.DataFrame, name: str) -> None:
    """Of real postcodes an area covers those that it covers one by one, wherever its
    sides are straight."""
    area = CLIENTS[name]()
    lons, lats = lon_lat_from_bng(
        sampled["easting"].to_numpy(), sampled["northing"].to_numpy()
    )
    keys = sampled["postcode"].to_list()
    index = PositionIndex.build(keys, lons, lats)
    assert not isinstance(area, Circle)
    expected = sorted(np.array(keys)[area.covers(lons, lats)].tolist())
    assert len(expected) > 1000
    assert pages(index, area) == expected


def pages(index: PositionIndex, area: Area | Circle) -> list[str]:
    """All keys, a page after the other."""
    found: list[str] = []
    page: Within | None = None
    while page is None or page.more:
        page = index.within(area, found[-1] if found else None, 5_000)
        assert len(page.keys) <= 5_000
        found += page.keys
    assert page.total == len(found)
    return found


def test_grid_area_covers_what_it_would_on_the_plane() -> None:
    """A position that comes out on a side of a box on a grid is within, on the border,
    and one beyond the reach of the system is not within."""
    index, lons, lats = indexed([(-0.1, 51.5), (-3.0, 55.0), (30.0, 10.0)])
    east, north = from_lon_lat("EPSG:27700", lons[:1], lats[:1])
    corner = (float(east[0]), float(north[0]))
    box = Box(*corner, corner[0] + 10, corner[1] + 10, turns=False)
    found = index.within(in_system("EPSG:27700", box))
    assert (found.keys, found.on_border.tolist()) == (["0000"], [True])
    whole = Box(*(0.0, 0.0), 7e5, 1.3e6, turns=False)
    assert index.within(in_system("EPSG:27700", whole)).keys == ["0000", "0001"]


@pytest.mark.parametrize("code", [c for c, s in SYSTEMS.items() if s.projected])
def test_box_on_each_grid_finds_its_middle(code: str) -> None:
    """In every system that has metres, a box around a place in it holds the place."""
    lon, lat = (-0.1, 51.5) if code in ("EPSG:27700", "EPSG:3857") else (-6.3, 53.4)
    index, lons, lats = indexed([(lon, lat), (lon + 1, lat)])
    east, north = (float(one[0]) for one in from_lon_lat(code, lons, lats))
    box = Box(east - 1, north - 1, east + 1, north + 1, turns=False)
    found = index.within(in_system(code, box))
    assert (found.keys, found.on_border.tolist()) == (["0000"], [False])
    assert math.isnan(found.metres[0])


def test_pages_follow_a_key_that_is_not_held() -> None:
    """A page begins after the key named, whether or not it is there."""
    index, _, _ = indexed([(n / 10, 51.0) for n in range(10)])
    area = Box(-1, 50, 2, 52, turns=True)
    page = index.within(area, "00035", 3)
    assert (page.keys, page.more, page.total) == (["0004", "0005", "0006"], True, 10)
    last = index.within(area, "0006", 3)
    assert (last.keys, last.more) == (["0007", "0008", "0009"], False)
    assert index.within(area, "zzz", 3).keys == []
