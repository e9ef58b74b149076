"""No difference from GEOS: real boundaries, asked where it is hardest to say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import shapely

from tests.spatial.adversarial import Triples, between_cells, by_geos, hard_positions
from tests.spatial.outlines import make, read_outlines
from trigpoint.spatial.boundaries import BoundaryIndex, Covers
from trigpoint.spatial.boundary import Boundary
from trigpoint.spatial.geometry import Geometry, repair
from trigpoint.spatial.grids import (
    BRITISH_GRID,
    Floats,
    bng_from_lon_lat,
    lon_lat_from_bng,
)
from trigpoint.spatial.sheet import draw


def triples_of(covers: Covers) -> Triples:
    """An answer as a set."""
    columns = (column.tolist() for column in covers)
    return set(zip(*columns, strict=True))


def assert_as_geos(index: BoundaryIndex, lons: Floats, lats: Floats) -> Triples:
    """Every pair and relation is that of GEOS; pairs are sorted and come once."""
    found = index.locate_many(lons, lats)
    triples = triples_of(found)
    assert len(triples) == len(found.points)
    order = np.lexsort((found.rows, found.points))
    assert np.array_equal(order, np.arange(len(order)))
    shapes = [boundary.geometry for boundary in index.boundaries]
    assert triples == by_geos(shapes, lons, lats)
    return triples


@pytest.fixture(scope="module")
def real(districts_2025: Sequence[Boundary]) -> BoundaryIndex:
    """The 361 districts of 2025."""
    return BoundaryIndex.build(districts_2025)


@pytest.fixture(scope="module")
def wards(real_data: Path) -> list[Boundary]:
    """The 8,405 wards of 2025."""
    outlines = read_outlines(real_data / "boundaries/ward_2025.geojsonl.gz", "code")
    return [make(area, shape) for area, shape in outlines]


def test_hard_positions_of_real_districts(
    real: BoundaryIndex, districts_2025: Sequence[Boundary]
) -> None:
    """Corners, edges, and places a step or 1e-9 beside them are as GEOS says."""
    shapes = [boundary.geometry for boundary in districts_2025]
    lons, lats = hard_positions(shapes, 60_000)
    triples = assert_as_geos(real, lons, lats)
    points = np.array([point for point, _, _ in triples])
    # Where three districts meet or more, all of them answer.
    assert np.bincount(points).max() >= 3
    assert 0.1 < np.mean([on_border for _, _, on_border in triples]) < 0.9


def test_positions_between_the_cells_of_real_districts(
    real: BoundaryIndex, districts_2025: Sequence[Boundary]
) -> None:
    """Where one cell ends and the next begins, nothing is lost or found twice."""
    cells = draw(np.array([boundary.geometry for boundary in districts_2025]))
    assert assert_as_geos(real, *between_cells(cells, 20_000))


def test_one_position_is_answered_as_many_are(
    real: BoundaryIndex, districts_2025: Sequence[Boundary]
) -> None:
    """Singly, a hard position has the same boundaries and relations, in one order."""
    shapes = [boundary.geometry for boundary in districts_2025]
    lons, lats = hard_positions(shapes, 3_000, seed=1)
    many: list[list[tuple[int, bool]]] = [[] for _ in lons]
    columns = (column.tolist() for column in real.locate_many(lons, lats))
    for point, row, on_border in zip(*columns, strict=True):
        many[point].append((row, on_border))
    for point, (lon, lat) in enumerate(zip(lons, lats, strict=True)):
        found = real.locate(float(lon), float(lat))
        singly = [(one.boundary, one.relation == "border") for one in found]
        assert singly == [(real.boundaries[row], b) for row, b in many[point]]


@pytest.mark.long
def test_all_postcodes_and_two_million_hard_positions(
    real: BoundaryIndex, wards: list[Boundary], postcodes: pl.DataFrame
) -> None:
    """In districts and wards, all postcodes and two million hard positions have the
    boundaries and relations that GEOS gives them."""
    index = BoundaryIndex.build([*real.boundaries, *wards])
    shapes = [boundary.geometry for boundary in index.boundaries]
    lons, lats = lon_lat_from_bng(
        postcodes["easting"].to_numpy(), postcodes["northing"].to_numpy()
    )
    assert len(assert_as_geos(index, lons, lats)) > 3_400_000
    assert_as_geos(index, *hard_positions(shapes, 2_100_000, seed=2))


def test_districts_drawn_on_the_national_grid(
    districts_2025: Sequence[Boundary],
) -> None:
    """In metres, positions given as eastings and northings are tested as given."""
    british = [one for one in districts_2025 if one.area[0] != "N"][::8]
    index = BoundaryIndex.build(on_grid(boundary) for boundary in british)
    shapes = [boundary.geometry for boundary in index.boundaries]
    eastings, northings = hard_positions(shapes, 20_000, seed=3)
    found = index.locate_many(eastings, northings, crs=BRITISH_GRID)
    assert triples_of(found) == by_geos(shapes, eastings, northings)
    assert found.on_border.sum() > 2_000


def on_grid(boundary: Boundary) -> Boundary:
    """The same area, drawn to the centimetre on the National Grid."""
    moved = shapely.transform(
        boundary.geometry,
        lambda pairs: np.column_stack(bng_from_lon_lat(*pairs.T)).round(2),
    )
    shape = repair(Geometry(BRITISH_GRID, moved)).geometry.shape
    return replace(boundary, crs=BRITISH_GRID, geometry=shape)
