"""Which areas cover a point: exact, dated, in the CRS drawn in."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from tests.spatial.adversarial import by_geos
from tests.spatial.outlines import make, read_outlines
from trigpoint.errors import (
    InvalidInput,
    InvalidParameter,
    InvalidPoint,
    ViewDamaged,
    ViewOutdated,
)
from trigpoint.spatial.boundaries import FILE, BoundaryIndex
from trigpoint.spatial.boundary import Boundary
from trigpoint.spatial.crs import point_from_easting_northing, point_from_lon_lat
from trigpoint.spatial.files import write_view
from trigpoint.spatial.grids import lon_lat_from_bng
from trigpoint.spatial.layers import layer_of
from trigpoint.spatial.nearest import PositionIndex

# Three districts that meet at (0, 52); the third has a hole and an island.
WEST = "POLYGON ((-1 51, 0 51, 0 52, 0 53, -1 53, -1 51))"
SOUTH = "POLYGON ((0 51, 1 51, 1 52, 0 52, 0 51))"
NORTH = (
    "MULTIPOLYGON (((0 52, 1 52, 1 53, 0 53, 0 52), "
    "(0.25 52.25, 0.75 52.25, 0.75 52.75, 0.25 52.75, 0.25 52.25)), "
    "((1.5 52.5, 1.75 52.5, 1.75 52.75, 1.5 52.5)))"
)
REGION = "POLYGON ((-1 51, 2 51, 2 53, -1 53, -1 51))"


@pytest.fixture(scope="module")
def small() -> BoundaryIndex:
    """Three districts under one region."""
    return BoundaryIndex.build(
        [
            make("E07000003", NORTH),
            make("E07000001", WEST),
            make("E12000001", REGION),
            make("E07000002", SOUTH),
        ]
    )


def borders(*areas: str) -> dict[str, str]:
    """An answer of areas that meet at a position."""
    return dict.fromkeys(areas, "border")


def answer(index: BoundaryIndex, lon: float, lat: float) -> list[tuple[str, str]]:
    """Area codes and relations of the districts and other layers at a position."""
    return [
        (located.boundary.area, located.relation) for located in index.locate(lon, lat)
    ]


@pytest.mark.parametrize(
    ("lon", "lat", "areas"),
    [
        (-0.5, 52.5, {"E07000001": "inside"}),
        (0.5, 51.5, {"E07000002": "inside"}),
        (0.0, 52.0, borders("E07000001", "E07000002", "E07000003")),
        (0.0, 52.5, borders("E07000001", "E07000003")),
        (0.0, math.nextafter(51.0, 52), borders("E07000001", "E07000002")),
        (math.nextafter(0.0, -1), 52.0, {"E07000001": "inside"}),
        (math.nextafter(0.0, 1), 52.0, borders("E07000002", "E07000003")),
        (0.5, 52.5, {}),
        (0.25, 52.5, {"E07000003": "border"}),
        (1.6, 52.55, {"E07000003": "inside"}),
        (1.625, 52.625, {"E07000003": "border"}),
        (1.25, 52.5, {}),
    ],
)  # fmt: skip
def test_districts_of_a_position(
    small: BoundaryIndex, lon: float, lat: float, areas: dict[str, str]
) -> None:
    """Corners, edges, holes and islands get every area, with how it covers them."""
    region = ("E12000001", "inside")
    assert answer(small, lon, lat) == [region, *areas.items()]


def test_nothing_covers_a_position_outside(small: BoundaryIndex) -> None:
    """Outside every area the answer is empty."""
    assert small.locate(-5.0, 50.0) == []


def test_layers_narrow_the_answer(small: BoundaryIndex) -> None:
    """Only the layers asked for are answered; a layer that is none is refused."""
    found = small.locate(0.0, 52.0, layers=["region"])
    assert [located.boundary.layer for located in found] == ["region"]
    assert small.layers == ("region", "district")
    assert small.locate(0.0, 52.0, layers=["ward"]) == []
    with pytest.raises(InvalidParameter, match="there is no layer distrct: expected"):
        small.locate(0.0, 52.0, layers=["distrct"])


@pytest.mark.parametrize(
    ("lon", "lat"),
    [(52.0, 0.0), (530000, 180000), (math.nan, 52), (0, math.inf), (0, 90), (9, -90)],
)
def test_positions_that_cannot_be_meant_are_refused(
    small: BoundaryIndex, lon: float, lat: float
) -> None:
    """A swapped, projected or non-finite position is an error, not an empty answer."""
    with pytest.raises(InvalidPoint):
        small.locate(lon, lat)
    with pytest.raises(InvalidPoint):
        small.nearest_area(lon, lat)


LATTICE = BoundaryIndex.build(
    [make(f"E0700000{n}", wkt) for n, wkt in enumerate((WEST, SOUTH, NORTH), 1)]
)
HALVES = st.integers(-4, 12).map(lambda number: number / 4)


@settings(deadline=None)
@given(HALVES, HALVES.map(lambda number: 51 + number), st.integers(-1, 1))
def test_lookup_agrees_with_geos_on_the_lattice(
    lon: float, lat: float, ulp: int
) -> None:
    """On vertices and edges, and a bit beside them, the answer is shapely's covers."""
    lon = math.nextafter(lon, ulp * math.inf) if ulp else lon
    point = shapely.Point(lon, lat)
    expected = []
    for number, wkt in enumerate((WEST, SOUTH, NORTH), 1):
        shape = shapely.from_wkt(wkt)
        if shapely.covers(shape, point):
            relation = "inside" if shapely.contains(shape, point) else "border"
            expected.append((f"E0700000{number}", relation))
    assert answer(LATTICE, lon, lat) == expected


DATED = [
    make("E07000001", WEST, vintage="2020", start="2009-04-01", end="2023-03-31"),
    make("E07000002", SOUTH, vintage="2020", start="2009-04"),
    make("E06000099", REGION, vintage="2023", start="2023-04-01"),
    make("E05000001", SOUTH, vintage="2018", start="2018"),
]


@pytest.mark.parametrize(
    ("at", "areas"),
    [
        ("2008", []),
        ("2009-03-31", []),
        ("2009-04", ["E07000001", "E07000002"]),
        ("2018", ["E07000001", "E07000002", "E05000001"]),
        ("2018-06-30T12:00:00Z", ["E07000001", "E07000002", "E05000001"]),
        ("2023-03-31", ["E07000001", "E07000002", "E05000001"]),
        ("2023-04-01", ["E06000099", "E05000001"]),
        ("2023", ["E06000099", "E05000001"]),
        (None, ["E06000099", "E05000001"]),
    ],
)
def test_areas_of_a_day(at: str | None, areas: list[str]) -> None:
    """In each layer the newest set that held that day answers, and no other."""
    index = BoundaryIndex.build(DATED)
    found = index.locate(0.0, 51.5, at)
    assert [located.boundary.area for located in found] == areas
    many = index.locate_many(np.array([0.0]), np.array([51.5]), at)
    assert [index.boundaries[row].area for row in many.rows] == areas


def test_vintages_tell_a_day_without_boundaries_from_open_sea() -> None:
    """The sets that answer for a day are named, so that nothing is silent."""
    index = BoundaryIndex.build(DATED)
    assert index.vintages("2008") == {}
    assert index.vintages("2019") == {"district": "2020", "ward": "2018"}
    assert index.vintages() == {"district": "2023", "ward": "2018"}
    assert index.vintages(layers=["district"]) == {"district": "2023"}


@pytest.mark.parametrize("at", ["", "yesterday", "2019-13", "2019-02-30", "19"])
def test_dates_that_are_none_are_refused(at: str) -> None:
    """A date that cannot be read is an error that shows it."""
    index = BoundaryIndex.build(DATED)
    with pytest.raises(InvalidParameter, match="at is"):
        index.locate(0.0, 51.5, at)


def test_finest_resolution_of_an_area_answers() -> None:
    """An area held both generalised and in full answers once, from the full one."""
    coarse = make("E07000001", REGION, resolution="500m")
    fine = make("E07000001", WEST, resolution="full")
    other = make("E07000002", SOUTH, resolution="500m")
    index = BoundaryIndex.build([coarse, fine, other])
    assert answer(index, 0.5, 51.5) == [("E07000002", "inside")]
    assert answer(index, -0.5, 51.5) == [("E07000001", "inside")]


def test_boundary_on_the_national_grid_is_tested_there() -> None:
    """A point given on a grid boundary's own plane is on its border exactly."""
    square = "POLYGON ((530000 180000, 531000 180000, 531000 181000, 530000 180000))"
    index = BoundaryIndex.build(
        [make("E07000001", square, crs="EPSG:27700"), make("E12000001", REGION)]
    )
    corner = point_from_easting_northing(530_000, 180_000)
    found = {
        located.boundary.area: located.relation
        for located in index.locate_point(corner)
    }
    assert found == {"E12000001": "inside", "E07000001": "border"}
    lons, lats = lon_lat_from_bng(np.array([530_900.0]), np.array([180_500.0]))
    assert answer(index, float(lons[0]), float(lats[0])) == [
        ("E12000001", "inside"),
        ("E07000001", "inside"),
    ]
    # Far beyond the grid there is no such plane, and nothing covers the place.
    assert index.locate(100.0, 10.0) == []


def test_many_positions_on_a_grid_are_tested_as_given() -> None:
    """Eastings and northings are not sent to degrees and back for a boundary drawn in
    them; other boundaries get degrees; what a system does not reach is in nothing."""
    square = "POLYGON ((530000 180000, 531000 180000, 531000 181000, 530000 180000))"
    index = BoundaryIndex.build(
        [make("E07000001", square, crs="EPSG:27700"), make("E12000001", REGION)]
    )
    eastings = np.array([530_000, 530_500, 530_900, 1e9, np.nan])
    northings = np.array([180_000, 180_500, 180_500, 180_500, 180_500])
    found = index.locate_many(eastings, northings, crs="EPSG:27700")
    areas = [index.boundaries[row].area for row in found.rows]
    assert [
        *zip(found.points.tolist(), areas, found.on_border.tolist(), strict=True)
    ] == [
        (0, "E12000001", False),
        (0, "E07000001", True),
        (1, "E12000001", False),
        (1, "E07000001", True),
        (2, "E12000001", False),
        (2, "E07000001", False),
    ]
    lat_lon = index.locate_many(np.array([51.5]), np.array([0.5]), crs="EPSG:4326")
    assert [index.boundaries[row].area for row in lat_lon.rows] == ["E12000001"]


def test_columns_of_two_lengths_are_refused(small: BoundaryIndex) -> None:
    """Native loops are never given one column that is shorter, or a table of values."""
    for firsts, seconds in [
        (np.zeros(3), np.zeros(2)),
        (np.zeros(2), np.zeros(3)),
        (np.zeros((2, 2)), np.zeros((2, 2))),
    ]:
        with pytest.raises(InvalidInput, match="two columns of one length"):
            small.locate_many(firsts, seconds)
        with pytest.raises(InvalidInput, match="two columns of one length"):
            small.locate_all(firsts, seconds)


def test_sets_are_asked_whatever_the_day() -> None:
    """All sets are named and can be asked at once; a row is answered as it counts."""
    index = BoundaryIndex.build(DATED)
    assert index.sets == (
        ("district", "2023", "full"),
        ("district", "2020", "full"),
        ("ward", "2018", "full"),
    )
    found = index.locate_all(np.array([0.0]), np.array([51.5]))
    assert found.rows.tolist() == [0, 1, 2, 3]
    assert index.counting("2023-04-01").tolist() == [0, 3]
    point = point_from_lon_lat(0.5, 51.5)
    assert index.rows_at(point, "2023-04-01") == [(0, False), (3, False)]
    assert index.distance_to(0.5, 51.5, np.array([0, 2]))[0] == 2
    southward = Geod(ellps="WGS84").inv(0.5, 51.5, 0.5, 51.0)[2]
    assert index.distance_to(0.5, 51.5, np.array([0]))[1] == pytest.approx(southward)


BAD_BOUNDARIES = [
    ({"geometry": "POLYGON EMPTY"}, "its geometry is empty"),
    ({"geometry": "POINT (0 52)"}, "its geometry is a Point"),
    ({"geometry": None}, "its geometry is nothing"),
    (
        {"geometry": "POLYGON ((0 50, 1 51, 1 50, 0 51, 0 50))"},
        r"not valid: Self-intersection\[0.5 50.5\]",
    ),
    ({"geometry": WEST, "crs": "EPSG:3395"}, "its CRS is EPSG:3395"),
    ({"geometry": WEST, "crs": "EPSG:4326"}, "its CRS is EPSG:4326"),
    ({"geometry": WEST, "start": "soon"}, "start is"),
    ({"geometry": "POLYGON ((181 50, 182 50, 182 51, 181 50))"}, "leaves the range"),
    (
        {"geometry": "POLYGON ((0 0, 9e307 0, 9e307 9e307, 0 0))", "crs": "EPSG:3857"},
        "leaves the range of EPSG:3857",
    ),
    (  # in the range of the grid, and north of all that OSTN15 covers
        {
            "geometry": "POLYGON ((4e5 12e5, 5e5 12e5, 5e5 12.9e5, 4e5 12e5))",
            "crs": "EPSG:27700",
        },
        "leaves the range of EPSG:27700",
    ),
]


@pytest.mark.parametrize(("fields", "words"), BAD_BOUNDARIES)
def test_boundaries_that_would_be_inexact_are_refused(
    fields: dict[str, str], words: str
) -> None:
    """Building refuses what cannot be looked up exactly, and names it."""
    geometry, others = (
        fields["geometry"],
        {k: fields[k] for k in fields.keys() - {"geometry"}},
    )
    with pytest.raises(InvalidInput, match=words):
        BoundaryIndex.build([make("E07000001", geometry, **others)])


def test_layer_of_an_unknown_entity_is_refused() -> None:
    """A GSS code of an unknown kind has no layer; known kinds do."""
    assert [layer_of(code) for code in ("W06000001", "N08000101", "E04000001")] == [
        "district",
        "ward",
        "parish",
    ]
    with pytest.raises(InvalidInput, match="name the layer"):
        layer_of("E99000001")


def test_saved_view_answers_the_same(small: BoundaryIndex, tmp_path: Path) -> None:
    """A view written and opened again holds the same boundaries and sets, and answers
    the same."""
    small.save(tmp_path)
    again = BoundaryIndex.open(tmp_path)
    assert list(again.boundaries) == list(small.boundaries)
    assert again.boundaries[-2:] == list(small.boundaries)[-2:]
    assert again.sets == small.sets
    for lon, lat in [(0.0, 52.0), (0.5, 51.5), (0.25, 52.5), (5.0, 5.0)]:
        assert answer(again, lon, lat) == answer(small, lon, lat)


def test_empty_index(tmp_path: Path) -> None:
    """With no boundaries at all every answer is empty, also when saved."""
    BoundaryIndex.build([]).save(tmp_path)
    index = BoundaryIndex.open(tmp_path)
    assert index.locate(0.0, 52.0) == []
    assert len(index.locate_many(np.zeros(2), np.zeros(2)).points) == 0
    assert index.nearest_area(0.0, 52.0) is None


def test_damaged_views_are_named(small: BoundaryIndex, tmp_path: Path) -> None:
    """Any flipped byte, a cut, another file, a folder or another version is found on
    opening."""
    with pytest.raises(ViewDamaged, match="is missing"):
        BoundaryIndex.open(tmp_path)
    (tmp_path / FILE).mkdir()
    with pytest.raises(ViewDamaged, match="cannot be read"):
        BoundaryIndex.open(tmp_path)
    (tmp_path / FILE).rmdir()
    small.save(tmp_path)
    file = tmp_path / FILE
    good = file.read_bytes()
    for place in (0, 50, 64, 300, len(good) // 2, len(good) - 1):
        changed = bytearray(good)
        changed[place] ^= 1
        file.write_bytes(changed)
        with pytest.raises(ViewDamaged, match="rebuild the views"):
            BoundaryIndex.open(tmp_path)
    for other in (good[:-100], good[:10], b"", b"PK\x03\x04 not ours"):
        file.write_bytes(other)
        with pytest.raises(ViewDamaged, match="rebuild the views"):
            BoundaryIndex.open(tmp_path)
    PositionIndex.build(["a"], np.zeros(1), np.zeros(1)).save(file)
    with pytest.raises(ViewDamaged, match="is not a view of boundaries"):
        BoundaryIndex.open(tmp_path)
    write_view(file, pl.DataFrame({"a": [1]}).to_arrow(), kind="boundaries", version=99)
    with pytest.raises(ViewOutdated, match="has version 99"):
        BoundaryIndex.open(tmp_path)


# The real districts.


@pytest.fixture(scope="module")
def real(districts_2025: Sequence[Boundary]) -> BoundaryIndex:
    """The 361 districts of 2025."""
    return BoundaryIndex.build(districts_2025)


def test_100_000_postcodes_agree_with_shapely_covers(
    real: BoundaryIndex, districts_2025: Sequence[Boundary], sampled: pl.DataFrame
) -> None:
    """The areas of 100,000 sampled postcodes are those that shapely.covers affirms."""
    lons, lats = lon_lat_from_bng(
        sampled["easting"].to_numpy(), sampled["northing"].to_numpy()
    )
    shapes = [boundary.geometry for boundary in districts_2025]
    expected = {
        (number, districts_2025[shape].area)
        for number, shape, _ in by_geos(shapes, lons, lats)
    }
    many = real.locate_many(lons, lats)
    areas = real.boundaries.texts("area")
    found = {
        (number, areas[row])
        for number, row in zip(many.points.tolist(), many.rows.tolist(), strict=True)
    }
    assert found == expected
    assert len(found) > 99_900
    singly = {
        (number, located.boundary.area)
        for number in range(len(lons))
        for located in real.locate(float(lons[number]), float(lats[number]))
    }
    assert singly == expected


def test_threads_share_an_index_that_was_never_used(
    districts_2025: Sequence[Boundary], sampled: pl.DataFrame, real: BoundaryIndex
) -> None:
    """Look-ups from several threads on a fresh index answer as one thread does."""
    places = sampled[::40]
    lons, lats = lon_lat_from_bng(
        places["easting"].to_numpy(), places["northing"].to_numpy()
    )
    expected = real.locate_many(lons, lats)
    fresh = BoundaryIndex.build(
        Boundary(
            **{**vars(b), "geometry": shapely.from_wkb(shapely.to_wkb(b.geometry))}
        )
        for b in districts_2025
    )
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: fresh.locate_many(lons, lats), range(16)))
    for answered in answers:
        assert np.array_equal(answered.points, expected.points)
        assert np.array_equal(answered.rows, expected.rows)


def test_real_wards_lie_in_their_districts(
    real: BoundaryIndex, real_data: Path
) -> None:
    """A point inside a Welsh ward is covered by it and by one Welsh district."""
    outlines = read_outlines(real_data / "boundaries/ward_2025.geojsonl.gz", "code")
    welsh = [make(area, shape) for area, shape in outlines if area.startswith("W")]
    index = BoundaryIndex.build(itertools.chain(real.boundaries, welsh))
    assert len(welsh) > 700
    for ward in welsh[::20]:
        inner = shapely.point_on_surface(ward.geometry)
        found = [located.boundary.area for located in index.locate(inner.x, inner.y)]
        assert ward.area in found
        assert len(found) == 2
        assert found[0].startswith("W06")
