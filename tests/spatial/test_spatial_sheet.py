"""Sheets of cells: whatever is drawn, and however coarsely, as GEOS says."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from tests.spatial.adversarial import Triples, between_cells, by_geos, hard_positions
from tests.spatial.outlines import make
from trigpoint.resources import resource_folder
from trigpoint.spatial.borders import outlines_of
from trigpoint.spatial.boundaries import BoundaryIndex
from trigpoint.spatial.cells import BLOCK, Cells, grid_over
from trigpoint.spatial.grids import Floats
from trigpoint.spatial.judge import Judge
from trigpoint.spatial.rows import BoundaryRows
from trigpoint.spatial.sheet import Sheet, draw, from_columns, to_columns


def located(
    shapes: Sequence[BaseGeometry],
    easts: Floats,
    norths: Floats,
    cells_an_edge: float = 32.0,
) -> Triples:
    """Position, shape and whether on its border, by one sheet of all the shapes."""
    rows = BoundaryRows.of(
        make(f"E0700{number:04}", shape) for number, shape in enumerate(shapes)
    )
    cells = draw(np.array(shapes), cells_an_edge=cells_an_edge)
    members = np.arange(len(shapes), dtype=np.int32)
    sheet = Sheet("OGC:CRS84", members, cells)
    covers = BoundaryIndex(rows, [sheet], outlines_of(rows)).locate_all(easts, norths)
    columns = (column.tolist() for column in covers)
    return set(zip(*columns, strict=True))


@st.composite
def outlines(draw_: st.DrawFn) -> list[BaseGeometry]:
    """Some spiky polygons, with holes and in parts, that may overlap; on a lattice or
    not, anywhere on a plane and of any size."""
    generator = np.random.default_rng(draw_(st.integers(0, 2**32)))
    lattice = draw_(st.booleans())
    origin = draw_(st.sampled_from([(0.0, 0.0), (-3.0, 55.0), (4e5, 9e5)]))
    size = draw_(st.sampled_from([1e-7, 1.0, 250.0]))
    shapes = []
    for _ in range(draw_(st.integers(1, 5))):
        shape = star(generator, 1.5)
        if generator.random() < 0.5:
            shape = shapely.difference(shape, star(generator, 0.5))
        if lattice:
            shape = shapely.set_precision(shape, 1 / 8)
        shape = shapely.transform(shape, lambda pairs: pairs * size + origin)
        shape = shapely.from_wkb(shapely.to_wkb(shapely.make_valid(shape)))
        if shape.geom_type in ("Polygon", "MultiPolygon") and not shape.is_empty:
            shapes.append(shape)
    return shapes


def star(generator: np.random.Generator, size: float) -> BaseGeometry:
    """A valid shape with spikes, around somewhere near the origin."""
    corners = generator.integers(3, 40)
    angles = np.sort(generator.uniform(0, 2 * np.pi, corners))
    short = generator.random() * generator.random(corners) + 0.01
    radii = size * np.where(generator.random(corners) < 0.5, 1, short)
    pairs = np.column_stack([radii * np.cos(angles), radii * np.sin(angles)])
    return shapely.make_valid(shapely.Polygon(pairs + generator.uniform(-1, 1, 2)))


@settings(deadline=None, max_examples=40)
@given(outlines(), st.sampled_from([0.05, 3.0, 32.0]), st.integers(0, 2**32))
def test_any_shapes_on_any_grid_are_as_geos_says(
    shapes: list[BaseGeometry], cells_an_edge: float, seed: int
) -> None:
    """Random shapes, on coarse and fine grids, cover hard positions as GEOS says."""
    if not shapes:
        return
    cells = draw(np.array(shapes), cells_an_edge=cells_an_edge)
    parts = [hard_positions(shapes, 300, seed), between_cells(cells, 60, seed)]
    easts, norths = (np.concatenate(column) for column in zip(*parts, strict=True))
    assert located(shapes, easts, norths, cells_an_edge) == by_geos(
        shapes, easts, norths
    )


SQUARE = "POLYGON ((0 0, 8 0, 8 8, 0 8, 0 0))"
AWKWARD = {
    "the same area twice": [SQUARE, SQUARE],
    "three that overlap in part": [
        SQUARE,
        "POLYGON ((4 4, 12 4, 12 12, 4 12, 4 4))",
        "POLYGON ((2 2, 6 2, 6 10, 2 10, 2 2))",
    ],
    "a hole filled by another": [
        "POLYGON ((0 0, 8 0, 8 8, 0 8, 0 0), (2 2, 6 2, 6 6, 2 6, 2 2))",
        "POLYGON ((2 2, 6 2, 6 6, 2 6, 2 2))",
    ],
    "an island in a lake on an island": [
        "MULTIPOLYGON (((0 0, 8 0, 8 8, 0 8, 0 0), (1 1, 7 1, 7 7, 1 7, 1 1)), "
        "((2 2, 6 2, 6 6, 2 6, 2 2), (3 3, 5 3, 5 5, 3 5, 3 3)))"
    ],
    "a hole that touches the ring": [
        "POLYGON ((0 0, 8 0, 8 8, 0 8, 0 0), (0 4, 4 2, 4 6, 0 4))"
    ],
    "parts that touch in a corner": [
        "MULTIPOLYGON (((0 0, 4 0, 4 4, 0 4, 0 0)), ((4 4, 8 4, 8 8, 4 8, 4 4)))"
    ],
    "a needle": ["POLYGON ((0 0, 8 1e-12, 8 2e-12, 0 0))"],
    "smaller than products of doubles can tell": [
        "POLYGON ((0 0, 1e-200 0, 1e-200 1e-200, 0 1e-200, 0 0))",
        "POLYGON ((0 0, 1e-200 0, 5e-201 1e-200, 0 0))",
    ],
    "needles far apart": [
        "POLYGON ((0 0, 1e-9 0, 0 1e-9, 0 0))",
        "POLYGON ((170 80, 170.000000001 80, 170 80.000000001, 170 80))",
    ],
    "corners given twice": [
        "POLYGON ((0 0, 0 0, 8 0, 8 8, 8 8, 8 8, 0 8, 0 0, 0 0))"
    ],
    "up to the antimeridian and the pole": [
        "POLYGON ((170 80, 180 80, 180 90, 170 90, 170 80))",
        "POLYGON ((-180 80, -170 80, -170 90, -180 90, -180 80))",
    ],
    "nearly flat edges at the equator": [
        "POLYGON ((-8 0, 8 1e-13, 8 8, -8 8, -8 0))",
        "POLYGON ((-8 0, 8 1e-320, 8 -8, -8 -8, -8 0))",
    ],
    "hardly any numbers apart": [
        "POLYGON ((1 1, 1.0000000000000002 1, 1.0000000000000004 1.0000000000000004, "
        "1 1.0000000000000002, 1 1))"
    ],
}  # fmt: skip


@pytest.mark.parametrize("cells_an_edge", [0.05, 32.0, 2000.0])
@pytest.mark.parametrize("texts", AWKWARD.values(), ids=AWKWARD.keys())
def test_awkward_shapes_are_as_geos_says(
    texts: list[str], cells_an_edge: float
) -> None:
    """Overlaps, holes, islands, needles, edges beside the axes: each as GEOS says."""
    shapes = [shapely.from_wkt(text) for text in texts]
    cells = draw(np.array(shapes), cells_an_edge=cells_an_edge)
    lattice = np.arange(-1, 14) / 1.0
    parts = [
        hard_positions(shapes, 2000),
        between_cells(cells, 300),
        tuple(axis.ravel() for axis in np.meshgrid(lattice, lattice)),
    ]
    easts, norths = (np.concatenate(column) for column in zip(*parts, strict=True))
    assert located(shapes, easts, norths, cells_an_edge) == by_geos(
        shapes, easts, norths
    )


def test_places_that_are_none_are_in_nothing() -> None:
    """NaN, infinities and places far off the grid are covered by nothing."""
    shapes = [shapely.from_wkt(SQUARE)]
    odd = [math.nan, math.inf, -math.inf, 1e308, -1e308, 1e18, 4.0]
    easts, norths = (axis.ravel() for axis in np.meshgrid(odd, odd))
    assert located(shapes, easts, norths) == {(len(easts) - 1, 0, False)}


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(allow_nan=False, min_value=-1e9, max_value=1e9),
            st.floats(allow_nan=False, min_value=-1e9, max_value=1e9),
        ),
        min_size=3,
        max_size=20,
    ),
    st.floats(0.01, 1e4),
)
def test_a_grid_holds_all_corners_and_is_bounded(
    pairs: list[tuple[float, float]], cells_an_edge: float
) -> None:
    """Every corner is at least half a cell from the edge of the grid, cells are far
    larger than rounding, and there are no more of them than memory allows."""
    corners = np.array(pairs)
    if np.ptp(corners, axis=0).min() == 0:
        return
    grid = grid_over(corners, cells_an_edge=cells_an_edge)
    places = (corners - [grid.west, grid.south]) * grid.scale
    assert (places > 0.5).all()
    assert (places < np.array([grid.columns, grid.rows]) - 0.5).all()
    assert grid.columns % BLOCK == grid.rows % BLOCK == 0
    assert grid.columns * grid.rows <= 1 << 26
    assert 1 / grid.scale >= np.abs(corners).max() * 2.0**-31


def test_sheets_come_back_from_columns_without_copying() -> None:
    """What is written of sheets is all there is to them, and is mapped as it stands."""
    sheets = [
        Sheet("EPSG:27700", np.arange(2, dtype=np.int32), draw(np.array(shapes)))
        for shapes in (
            [shapely.from_wkt(SQUARE), shapely.from_wkt(SQUARE)],
            [shapely.from_wkt(text) for text in AWKWARD["three that overlap in part"]],
        )
    ]
    columns = to_columns(sheets)
    again = from_columns(columns)
    for sheet, other in zip(sheets, again, strict=True):
        assert sheet.crs == other.crs
        assert sheet.members.tolist() == other.members.tolist()
        for name in Cells._fields:
            ours, theirs = getattr(sheet.cells, name), getattr(other.cells, name)
            assert np.array_equal(ours, theirs)
            assert type(ours) is type(theirs)
    corners = columns["sheet-corners"].values.to_numpy(zero_copy_only=True)
    assert np.shares_memory(again[1].cells.corners, corners)
    assert not again[1].cells.top.flags.writeable
    assert from_columns(to_columns([])) == []


def test_judge_decides_each_pair_on_its_own() -> None:
    """Boundaries in any order, with repeats, each with its own position."""
    boundaries = [
        make("E07000001", SQUARE),
        make("E07000002", "POLYGON ((8 0, 9 0, 9 9, 8 0))"),
    ]
    rows = np.array([1, 0, 1, 0, 0])
    easts, norths = np.array([8.0, 8, 8, 4, 9]), np.array([0.0, 1, 5, 4, 9])
    covered, on_border = Judge(boundaries).decide(rows, easts, norths)
    assert covered.tolist() == [True, True, False, True, False]
    assert on_border.tolist() == [True, True, False, False, False]
    none = Judge(boundaries).decide(rows[:0], easts[:0], norths[:0])
    assert len(none.covered) == 0


LAZY = """
import pathlib, sys
from trigpoint.spatial.boundaries import BoundaryIndex
index = BoundaryIndex.open(pathlib.Path(sys.argv[1]))
print("numba" in sys.modules or "pandas" in sys.modules)
print(len(index.locate(4.0, 8.0)), "numba" in sys.modules)
"""
LOOP = """
from trigpoint.spatial.native import compiled

@compiled
def twice(number: int) -> int:
    return 2 * number

print(twice(21), twice.stats.cache_path)
"""


def run(*arguments: object, **settings: str) -> list[str]:
    """The words that our interpreter prints, run with these settings."""
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=resource_folder("shapes").parent,
        env={**os.environ, "PYTHONPATH": ".", **settings},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_numba_is_imported_by_the_first_look_up(tmp_path: Path) -> None:
    """What opens an index and looks nothing up does not wait for numba."""
    BoundaryIndex.build([make("E07000001", SQUARE)]).save(tmp_path)
    assert run("-c", LAZY, tmp_path) == ["False", "1", "True"]


def test_loops_are_compiled_where_nothing_can_be_kept(tmp_path: Path) -> None:
    """With no folder to keep compiled code in, it is made for this process alone."""
    (tmp_path / "loop.py").write_text(LOOP)
    (tmp_path / "file").write_text("not a folder")
    nowhere = run(
        tmp_path / "loop.py",
        NUMBA_CACHE_DIR=str(tmp_path / "file" / "below"),
        NUMBA_CACHE_LOCATOR_CLASSES="UserProvidedCacheLocator",
    )
    assert nowhere == ["42", "None"]
