"""The area nearest to a position that lies in none."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from tests.spatial.outlines import make
from trigpoint.spatial.boundaries import BoundaryIndex
from trigpoint.spatial.distance import reaches
from trigpoint.spatial.geometry import Geometry, to_crs84

# Two districts that meet at 0 degrees, from 51 to 52 degrees north.
WEST = "POLYGON ((-1 51, 0 51, 0 52, 0 53, -1 53, -1 51))"
SOUTH = "POLYGON ((0 51, 1 51, 1 52, 0 52, 0 51))"


def densest(shape: str | shapely.Geometry, lon: float, lat: float) -> float:
    """Least geodesic distance to a border, from 20,000 points along it."""
    line = shapely.from_wkt(shape) if isinstance(shape, str) else shape
    steps = np.linspace(0, 1, 20_000)
    points = shapely.line_interpolate_point(line.boundary, steps, normalized=True)
    pairs = shapely.get_coordinates(points)
    start = np.broadcast_to([[lon], [lat]], (2, len(pairs)))
    metres = Geod(ellps="WGS84").inv(start[0], start[1], pairs[:, 0], pairs[:, 1])[2]
    return float(np.min(metres))


NEIGHBOURS = BoundaryIndex.build([make("E07000001", WEST), make("E07000002", SOUTH)])


@settings(deadline=None, max_examples=40)
@given(st.floats(-12, 6), st.floats(46, 63))
def test_nearest_area_is_as_far_as_its_border(lon: float, lat: float) -> None:
    """The distance is that to the nearest of many points of the border, or less."""
    nearest = NEIGHBOURS.nearest_area(lon, lat)
    assert nearest is not None
    boundary, metres = nearest
    if NEIGHBOURS.locate(lon, lat):
        assert metres == 0.0
        return
    dense = {
        area: densest(wkt, lon, lat)
        for area, wkt in (("E07000001", WEST), ("E07000002", SOUTH))
    }
    # The points lie 30 m apart at most, so the border may be nearer by at most 15 m.
    assert dense[boundary.area] - 16 < metres < dense[boundary.area] + 0.001
    assert metres < min(dense.values()) + 0.001


@pytest.mark.parametrize(
    ("lon", "lat"),
    [(180, 51), (-180, 0), (-30, 0), (175.5, -55), (-75, -40), (0, 89.9), (2.4, 48.9)],
)
def test_nearest_area_far_away_is_that_of_all(lon: float, lat: float) -> None:
    """Of many areas the nearest is found from afar, as when each is asked alone."""
    squares = [
        make(f"E070000{east}{north}", shapely.box(east, north, east + 0.6, north + 0.7))
        for east in range(10, 19)
        for north in range(50, 61, 2)
    ]
    alone = [BoundaryIndex.build([one]).nearest_area(lon, lat) for one in squares]
    metres = [found[1] for found in alone if found is not None]
    nearest = BoundaryIndex.build(squares).nearest_area(lon, lat)
    assert nearest is not None
    assert nearest[1] == min(metres)
    assert nearest[0].area == squares[metres.index(min(metres))].area


@settings(deadline=None, max_examples=100)
@given(
    st.tuples(st.floats(-180, 180), st.floats(-180, 180)),
    st.tuples(st.floats(-90, 90), st.floats(-90, 90)),
    st.lists(st.floats(0, 1), min_size=4, max_size=4),
)
def test_reaches_hold_all_of_a_box(
    lons: tuple[float, float], lats: tuple[float, float], parts: list[float]
) -> None:
    """No place of a box is further from another than its reach."""
    (west, east), (south, north) = sorted(lons), sorted(lats)
    lon, lat = west + parts[0] * (east - west), south + parts[1] * (north - south)
    other = west + parts[2] * (east - west), south + parts[3] * (north - south)
    columns = [np.array([one]) for one in (west, south, east, north, lon, lat)]
    assert Geod(ellps="WGS84").inv(lon, lat, *other)[2] <= reaches(*columns)[0] + 1e-6


def test_nearest_area_of_a_tie_is_the_lowest_code() -> None:
    """Off the end of a shared border both districts are as near; the lower answers."""
    nearest = NEIGHBOURS.nearest_area(0.0, 50.5)
    assert nearest is not None
    assert nearest[0].area == "E07000001"
    along_meridian = Geod(ellps="WGS84").inv(0.0, 50.5, 0.0, 51.0)[2]
    assert nearest[1] == pytest.approx(along_meridian, abs=0.001)


def test_nearest_area_on_a_grid_is_the_same_in_degrees() -> None:
    """A border drawn in metres is as far as the same border drawn in degrees."""
    square = "POLYGON ((530000 180000, 531000 180000, 531000 181000, 530000 180000))"
    shape = shapely.from_wkt(square)
    degrees = to_crs84(Geometry("EPSG:27700", shape))
    on_grid = BoundaryIndex.build([make("E07000001", shape, crs="EPSG:27700")])
    on_globe = BoundaryIndex.build([make("E07000001", degrees)])
    for lon, lat in [(-0.2, 51.5), (-0.1, 51.6), (2.35, 48.85), (-6.0, 54.6)]:
        first, second = on_grid.nearest_area(lon, lat), on_globe.nearest_area(lon, lat)
        assert first is not None
        assert second is not None
        # A kilometre that is straight in one bends by centimetres in the other.
        assert first[1] == pytest.approx(second[1], abs=0.05)
