"""Which keys lie nearest to a point."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from trigpoint.errors import InvalidInput, InvalidParameter, InvalidPoint, ViewDamaged
from trigpoint.spatial.grids import lon_lat_from_bng
from trigpoint.spatial.nearest import Neighbour, PositionIndex
from trigpoint.spatial.within import Circle

GEOD = Geod(ellps="WGS84")


def brute_force(
    keys: list[str], lons: np.ndarray, lats: np.ndarray, lon: float, lat: float
) -> list[tuple[str, float]]:
    """All keys by geodesic distance, then key."""
    start = np.broadcast_to([[lon], [lat]], (2, len(lons)))
    metres = GEOD.inv(start[0], start[1], lons, lats)[2]
    ranked = sorted(zip(np.asarray(metres).tolist(), keys, strict=True))
    return [(key, distance) for distance, key in ranked]


def told(found: list[Neighbour]) -> list[tuple[str, float]]:
    """Keys and metres of what was found."""
    return [(one.key, one.metres) for one in found]


def places(
    lon: st.SearchStrategy[float], lat: st.SearchStrategy[float]
) -> st.SearchStrategy[list[tuple[float, float]]]:
    """Lists of up to 60 positions, some of them equal."""
    return st.lists(st.tuples(lon, lat), min_size=1, max_size=60)


WORLD = places(st.floats(-180, 180), st.floats(-89.9, 89.9))
COARSE = places(
    st.integers(-90, 20).map(lambda n: n / 10),
    st.integers(490, 610).map(lambda n: n / 10),
)
LIMITS = st.integers(1, 8)
REACHES = st.sampled_from([math.inf, 0.0, 1000.0, 50_000.0, 2e6])


@settings(deadline=None)
@given(WORLD, st.floats(-180, 180), st.floats(-89.9, 89.9), LIMITS, REACHES)
def test_nearest_agrees_with_brute_force_on_the_globe(
    pairs: list[tuple[float, float]], lon: float, lat: float, limit: int, reach: float
) -> None:
    """Anywhere, also across the antimeridian and near poles, the order is Geod's."""
    if 49 <= lon <= 61 and -9 <= lat <= 2:
        return  # refused as a swapped position
    lons, lats = np.array(pairs).T
    keys = [f"{number:02}" for number in range(len(pairs))]
    index = PositionIndex.build(keys, lons, lats)
    expected = brute_force(keys, lons, lats, lon, lat)
    within = [(key, metres) for key, metres in expected if metres <= reach][:limit]
    assert told(index.nearest(lon, lat, limit, reach)) == within


@settings(deadline=None)
@given(COARSE, COARSE, LIMITS)
def test_ties_are_in_the_order_of_keys(
    pairs: list[tuple[float, float]], asked: list[tuple[float, float]], limit: int
) -> None:
    """Positions that are equal or as far from Cornwall to Shetland sort by key."""
    lons, lats = np.array(pairs + pairs[:5]).T
    keys = [f"k{len(lons) - number:02}" for number in range(len(lons))]
    index = PositionIndex.build(keys, lons, lats)
    lon, lat = asked[0]
    expected = brute_force(keys, lons, lats, lon, lat)[:limit]
    assert told(index.nearest(lon, lat, limit)) == expected


def test_real_postcodes_agree_with_brute_force(sampled: pl.DataFrame) -> None:
    """Postcodes nearest to Lerwick, Belfast, London, Scilly and Paris are right."""
    lons, lats = lon_lat_from_bng(
        sampled["easting"].to_numpy(), sampled["northing"].to_numpy()
    )
    keys = sampled["postcode"].to_list()
    index = PositionIndex.build(keys, lons, lats)
    assert len(index) == 100_000
    for lon, lat in [
        (-1.145, 60.155),
        (-5.93, 54.597),
        (-0.1276, 51.5072),
        (-6.31, 49.91),
        (2.35, 48.85),
    ]:
        expected = brute_force(keys, lons, lats, lon, lat)
        assert told(index.nearest(lon, lat, 12)) == expected[:12]
        close = [pair for pair in expected if pair[1] <= 3000.0]
        assert told(index.nearest(lon, lat, 10_000, 3000.0)) == close[:10_000]


def test_saved_view_answers_the_same(tmp_path: Path) -> None:
    """A view written and opened again gives the same keys, places and distances."""
    index = PositionIndex.build(
        ["b", "a", "ŵ"], np.array([-3.0, -3.0, 179.0]), np.array([51.0, 51.0, 0.0])
    )
    index.save(tmp_path / "postcode.arrow")
    opened = PositionIndex.open(tmp_path / "postcode.arrow")
    keys, lons, lats = opened.columns()
    assert keys.to_pylist() == ["a", "b", "ŵ"]
    assert (lons.tolist(), lats.tolist()) == ([-3.0, -3.0, 179.0], [51.0, 51.0, 0.0])
    assert opened.nearest(-3.1, 51.0, 3) == index.nearest(-3.1, 51.0, 3)
    assert [one.key for one in opened.nearest(-3.0, 51.0, 2)] == ["a", "b"]


def test_empty_index(tmp_path: Path) -> None:
    """A register without positions has nothing near and nothing within a circle."""
    PositionIndex.build([], np.empty(0), np.empty(0)).save(tmp_path / "none.arrow")
    index = PositionIndex.open(tmp_path / "none.arrow")
    assert index.nearest(0.0, 52.0, 5) == []
    assert index.within(Circle(0.0, 52.0, 1e6)).keys == []


@pytest.mark.parametrize(
    ("lon", "lat"), [(52.0, 0.0), (math.nan, 52.0), (530_000.0, 180_000.0)]
)
def test_positions_that_cannot_be_meant_are_refused(lon: float, lat: float) -> None:
    """A swapped or projected or non-finite centre is refused."""
    index = PositionIndex.build(["a"], np.zeros(1), np.full(1, 52.0))
    with pytest.raises(InvalidPoint):
        index.nearest(lon, lat)


@pytest.mark.parametrize(
    ("lon", "lat", "words"),
    [
        (math.nan, 52.0, "b: lon is nan"),
        (0.0, math.inf, "b: lat is inf"),
        (530_000.0, 180_000.0, "b: lon is 530000"),
    ],
)
def test_building_names_the_key_of_a_bad_position(
    lon: float, lat: float, words: str
) -> None:
    """A position that is none is refused with its key."""
    with pytest.raises(InvalidPoint, match=words):
        PositionIndex.build(["a", "b"], np.array([0.0, lon]), np.array([52.0, lat]))


def test_arguments_out_of_range_are_refused() -> None:
    """A limit below one, a negative distance and uneven columns are errors."""
    index = PositionIndex.build(["a"], np.zeros(1), np.full(1, 52.0))
    with pytest.raises(InvalidParameter, match="limit is 0"):
        index.nearest(0.0, 52.0, 0)
    for metres in (-1.0, math.nan):
        with pytest.raises(InvalidParameter, match="max-distance"):
            index.nearest(0.0, 52.0, 1, metres)
    with pytest.raises(InvalidInput, match="2 keys, 1 longitudes"):
        PositionIndex.build(["a", "b"], np.zeros(1), np.zeros(1))


def test_many_at_one_place_are_in_the_order_of_keys() -> None:
    """Of a thousand records at one place, the first by key are told."""
    count = 1000
    keys = [f"{(7 * n) % count:03}" for n in range(count)]
    index = PositionIndex.build(keys, np.full(count, -3.0), np.full(count, 51.0))
    found = index.nearest(-3.0, 51.001, 5)
    assert [one.key for one in found] == ["000", "001", "002", "003", "004"]
    assert len({one.metres for one in found}) == 1


def test_keys_may_come_as_an_arrow_column_in_any_order() -> None:
    """Arrow keys and lists of texts, sorted or not, make the same index."""
    lons, lats = np.array([1.0, 2.0, 3.0]), np.full(3, 52.0)
    listed = PositionIndex.build(["c", "a", "b"], lons, lats)
    column = pa.array(["a", "b", "c"])
    arrow = PositionIndex.build(column, lons[[1, 2, 0]], lats)
    assert listed.nearest(0.0, 52.0, 3) == arrow.nearest(0.0, 52.0, 3)
    assert [one.key for one in arrow.nearest(0.0, 52.0, 3)] == ["c", "a", "b"]


def test_damaged_view_is_named(tmp_path: Path) -> None:
    """A file that is cut short is refused, and the advice is to rebuild."""
    file = tmp_path / "school-eng.arrow"
    PositionIndex.build(["a"], np.zeros(1), np.full(1, 52.0)).save(file)
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(ViewDamaged, match="rebuild the views"):
        PositionIndex.open(file)
