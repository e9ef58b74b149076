"""A sheet: the boundaries of one set, drawn on cells for exact and fast look-ups.

Most positions are decided by the number of their cell; the rest by the few edges that
touch it. What floating point cannot decide (a position on an edge, or so near to one
that rounding might hide its side) is left open, for GEOS to decide.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import shapely

from trigpoint.spatial.cells import CELLS_AN_EDGE, Cells, Grid, Numbers, grid_over
from trigpoint.spatial.files import numbers_of
from trigpoint.spatial.grids import Flags, Floats

_PREFIX = "sheet-"
_INTEGERS = ("columns", "rows", "areas")
_REALS = ("west", "south", "scale")


class Sheet(NamedTuple):
    """Cells in the plane of `crs`. `members` are the rows, in the index, of its areas
    in their order."""

    crs: str
    members: Numbers
    cells: Cells


class Rings(NamedTuple):
    """The corners of all rings of a sheet: pairs, eastward first; whether a corner has
    an edge to the next one; and for each area the first of its corners, and the end."""

    corners: Floats
    joined: Flags
    spans: npt.NDArray[np.int64]


def rings_of(polygons: npt.NDArray[np.object_]) -> Rings:
    """The rings of valid polygons and multipolygons, in their order."""
    parts, part_of = shapely.get_parts(polygons, return_index=True)
    rings, ring_of = shapely.get_rings(parts, return_index=True)
    corners, corner_of = shapely.get_coordinates(rings, return_index=True)
    owners = part_of[ring_of[corner_of]]
    joined = np.append(corner_of[1:] == corner_of[:-1], False)
    spans = np.searchsorted(owners, np.arange(len(polygons) + 1))
    return Rings(corners, joined, spans.astype(np.int64))


def draw(
    polygons: npt.NDArray[np.object_], *, cells_an_edge: float = CELLS_AN_EDGE
) -> Cells:
    """The cells of valid polygons and multipolygons, at least one, of one plane."""
    rings = rings_of(polygons)
    grid = grid_over(rings.corners, cells_an_edge=cells_an_edge)
    corners = np.ascontiguousarray(rings.corners).reshape(-1)
    top, blocks, records = _drawn(rings, corners, grid, len(polygons))
    cells = Cells(*grid, len(polygons), top, blocks, records, corners)
    for array in (top, blocks, records, corners):
        # As those that are mapped from a file: one kind of array, compiled for once.
        array.setflags(write=False)
    return cells


def _drawn(
    rings: Rings, corners: Floats, grid: Grid, areas: int
) -> tuple[Numbers, Numbers, Numbers]:
    # Here, since numba takes most of a second to import.
    from trigpoint.spatial import filling, outline

    whole = np.zeros(grid.columns * grid.rows, np.int32)
    sets = filling.no_sets(areas)
    all_bases, all_runs, passed = [], [], 0
    for area in range(areas):
        span = (int(rings.spans[area]), int(rings.spans[area + 1]))
        touched = outline.touches(corners, rings.joined, span, grid)
        crossed = outline.crossings(corners, rings.joined, span, grid)
        runs = outline.runs_of(touched, corners, span[0], grid)
        bases = outline.bases_of(runs, crossed, corners, grid)
        sets = filling.fill(whole, crossed, bases, area, areas, sets)
        first_runs = passed + np.cumsum(bases[:, 1]) - bases[:, 1]
        owners = np.full(len(bases), area)
        all_bases.append(np.column_stack([bases, owners, first_runs]))
        all_runs.append(runs)
        passed += len(runs)
    bases, runs = np.concatenate(all_bases), np.concatenate(all_runs)
    order = np.argsort(bases[:, 0], kind="stable")
    records = filling.write_records(whole, areas, sets, order, bases, runs)
    top, blocks = filling.two_levels(whole, grid, areas)
    return top, blocks, records


def to_columns(sheets: Sequence[Sheet]) -> dict[str, pa.Array]:
    """Sheets as columns with one value, or one list of numbers, a sheet."""
    columns = {"crs": pa.array([sheet.crs for sheet in sheets], pa.string())}
    columns["members"] = _lists([sheet.members for sheet in sheets], np.int32)
    for name in Cells._fields:
        values = [getattr(sheet.cells, name) for sheet in sheets]
        if name in _INTEGERS:
            columns[name] = pa.array(values, pa.int64())
        elif name in _REALS:
            columns[name] = pa.array(values, pa.float64())
        else:
            columns[name] = _lists(
                values, np.float64 if name == "corners" else np.int32
            )
    return {_PREFIX + name: column for name, column in columns.items()}


def from_columns(columns: dict[str, pa.Array]) -> list[Sheet]:
    """The sheets of `to_columns`, without copying any list."""
    crs, members, *parts = (
        _values(columns[_PREFIX + name]) for name in ("crs", "members", *Cells._fields)
    )
    return [
        Sheet(code, numbers, Cells(*cells))
        for code, numbers, *cells in zip(crs, members, *parts, strict=True)
    ]


def _lists(arrays: Sequence[npt.NDArray[Any]], kind: type[np.generic]) -> pa.Array:
    offsets = np.cumsum([0, *(len(array) for array in arrays)])
    values = np.concatenate(arrays) if arrays else np.empty(0, kind)
    return pa.LargeListArray.from_arrays(pa.array(offsets), pa.array(values))


def _values(column: pa.Array) -> list[Any]:
    if not isinstance(column, pa.LargeListArray):
        values: list[Any] = column.to_pylist()
        return values
    numbers = numbers_of(column.values)
    offsets = column.offsets.to_pylist()
    return [numbers[a:b] for a, b in itertools.pairwise(offsets)]
