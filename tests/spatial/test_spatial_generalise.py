"""Generalising a layer: neighbours keep sharing borders, and no area vanishes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest
import shapely

from tests.spatial.outlines import make
from trigpoint.errors import InvalidInput
from trigpoint.spatial.boundaries import BoundaryIndex
from trigpoint.spatial.boundary import Boundary
from trigpoint.spatial.generalise import generalise
from trigpoint.spatial.grids import lon_lat_from_bng


def wavy(lon: float) -> list[tuple[float, float]]:
    """A line north through `lon` with a ripple of 70 m."""
    steps = np.linspace(52.0, 52.2, 201)
    return [
        (lon + 0.001 * (number % 2), float(lat)) for number, lat in enumerate(steps)
    ]


def strip(west: float, east: float) -> shapely.Polygon:
    """The land between two wavy lines."""
    return shapely.Polygon(wavy(west) + wavy(east)[::-1])


def test_neighbours_keep_sharing_their_border() -> None:
    """Ripples go from shared borders alike, so no gap and no overlap appears."""
    strips = [strip(-1.0, -0.9), strip(-0.9, -0.8), strip(-0.8, -0.7)]
    simple = generalise(strips, 200.0)
    assert shapely.get_num_coordinates(simple).sum() < 30
    assert shapely.coverage_is_valid(simple)
    for before, after in zip(strips, simple, strict=True):
        assert after.area == pytest.approx(before.area, rel=0.02)


def test_coast_can_keep_its_detail() -> None:
    """Without the coast only lines shared by two areas lose detail."""
    strips = [strip(-1.0, -0.9), strip(-0.9, -0.8)]
    simple = generalise(strips, 200.0, coast=False)
    assert [shapely.get_num_coordinates(shape) for shape in simple] == pytest.approx(
        [205, 205], abs=4
    )
    assert shapely.coverage_is_valid(simple)


def test_small_islands_go_but_never_the_last_part() -> None:
    """Islets below the size asked for are left out; an area's largest part stays."""
    islets = shapely.multipolygons(
        [shapely.box(1 + n, 52, 1.0005 + n + n / 1000, 52.0005) for n in range(3)]
    )
    main = shapely.union(
        shapely.box(-1, 52, 0, 53), shapely.box(-2, 52, -1.999, 52.001)
    )
    simple = generalise([islets, main], 0.0, smallest_island_m2=1e6)
    assert [shape.geom_type for shape in simple] == ["Polygon", "Polygon"]
    assert simple[0].bounds == (3.0, 52.0, 3.0025, 52.0005)


def test_invalid_and_vanishing_areas_are_refused() -> None:
    """An area that is not valid, or that rounding would take away, is named."""
    crossing = shapely.from_wkt("POLYGON ((0 50, 1 51, 1 50, 0 51, 0 50))")
    fine = shapely.box(-1, 52, 0, 53)
    with pytest.raises(InvalidInput, match="area 2 of 2 is not valid: repair it"):
        generalise([fine, crossing], 10.0)
    speck = shapely.box(1, 52, 1.00001, 52.00001)
    with pytest.raises(InvalidInput, match="area 1 of 2 vanishes"):
        generalise([speck, fine], 10.0)


def test_real_districts_keep_their_postcodes(
    districts_2025: Sequence[Boundary], sampled: pl.DataFrame
) -> None:
    """All 361 districts stay, valid, and 998 postcodes in 1000 keep their district."""
    shapes = [district.geometry for district in districts_2025]
    simple = generalise(shapes, 125.0)
    assert len(simple) == 361
    assert all(shapely.is_valid(simple))
    assert not any(shapely.is_empty(simple))
    wkt = [shapely.to_wkt(shape, rounding_precision=4, trim=True) for shape in simple]
    assert sum(map(len, wkt)) < 3_000_000
    assert shapely.equals_identical(shapely.from_wkt(wkt), simple).all()
    places = sampled[::5]
    lons, lats = lon_lat_from_bng(
        places["easting"].to_numpy(), places["northing"].to_numpy()
    )
    coarse = [
        make(district.area, shape)
        for district, shape in zip(districts_2025, simple, strict=True)
    ]
    districts = []
    for boundaries in (districts_2025, coarse):
        index = BoundaryIndex.build(boundaries)
        many = index.locate_many(lons, lats)
        found = np.full(len(lons), "", dtype="U9")
        # Backwards, so that the lowest code of several is the one that stays.
        for number, row in zip(many.points[::-1], many.rows[::-1], strict=True):
            found[number] = index.boundaries[row].area
        districts.append(found)
    changed = districts[0] != districts[1]
    outside = (districts[1] == "") & (districts[0] != "")
    assert 0 < changed.sum() < 0.002 * len(lons)
    assert outside.sum() < 0.0005 * len(lons)
