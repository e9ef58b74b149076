"""Drawing one area after the other on the fine cells of a sheet.

For each area: which edges touch which cells, where its edges cross the middle of each
row of cells, and from both the cells that are wholly inside, and for each touched cell
its runs and the parity at its base.

The parity of a position is how often a ray from it to the west crosses the area's
edges, odd or even. Of the edges that touch a cell, a look-up finds the crossings
itself. All others cross a ray from the cell west of the whole cell, or not at all;
within the height of the cell their number changes, in parity, only where a chain of
them begins or ends: at an end of a run that lies west of the cell. So
parity = base + edges of the runs + such ends at or below the position, and the base
follows from any one height: the middle of the row, along which all crossings were
sorted.

Every crossing of a middle is computed by one function, so that an edge which is taken
out again goes from where it was put.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trigpoint.spatial.cells import ENDS_LEFT, MARGIN, STARTS_LEFT, Grid
from trigpoint.spatial.grids import Flags, Floats
from trigpoint.spatial.native import compiled

Longs = npt.NDArray[np.int64]

_EDGE_BITS = 32
_EDGE = (1 << _EDGE_BITS) - 1


@compiled
def _clamped(number: float, count: int) -> int:
    return int(min(max(np.floor(number), 0.0), count - 1.0))


@compiled
def _along(v: float, u_1: float, v_1: float, u_2: float, v_2: float) -> float:
    """East of the place on an edge at the height v, both in cells."""
    if v <= v_1:
        return u_1
    if v >= v_2:
        return u_2
    return u_1 + (v - v_1) / (v_2 - v_1) * (u_2 - u_1)


@compiled
def _touch(
    corners: Floats, joined: Flags, span: tuple[int, int], grid: Grid, out: Longs
) -> int:
    """Write cell << 32 | edge for each cell that an edge touches; return how many."""
    count = 0
    for edge in range(span[0], span[1]):
        if not joined[edge]:
            continue
        u_1 = (corners[2 * edge] - grid.west) * grid.scale
        v_1 = (corners[2 * edge + 1] - grid.south) * grid.scale
        u_2 = (corners[2 * edge + 2] - grid.west) * grid.scale
        v_2 = (corners[2 * edge + 3] - grid.south) * grid.scale
        if v_1 > v_2:
            u_1, v_1, u_2, v_2 = u_2, v_2, u_1, v_1
        first = _clamped(v_1 - MARGIN, grid.rows)
        for row in range(first, _clamped(v_2 + MARGIN, grid.rows) + 1):
            at_low = _along(row - MARGIN, u_1, v_1, u_2, v_2)
            at_high = _along(row + 1 + MARGIN, u_1, v_1, u_2, v_2)
            west = _clamped(min(at_low, at_high) - MARGIN, grid.columns)
            east = _clamped(max(at_low, at_high) + MARGIN, grid.columns)
            for column in range(west, east + 1):
                if count < len(out):
                    cell = row * grid.columns + column
                    out[count] = cell << _EDGE_BITS | (edge - span[0])
                count += 1
    return count


@compiled
def _middle(row: int, grid: Grid) -> float:
    return grid.south + (row + 0.5) / grid.scale


@compiled
def _crossing(corners: Floats, edge: int, north: float, grid: Grid) -> int:
    """The column in which an edge crosses a height; -1 when it does not."""
    east_1, north_1 = corners[2 * edge], corners[2 * edge + 1]
    east_2, north_2 = corners[2 * edge + 2], corners[2 * edge + 3]
    if (north_1 <= north) == (north_2 <= north):
        return -1
    share = (north - north_1) / (north_2 - north_1)
    east = east_1 + share * (east_2 - east_1)
    return _clamped((east - grid.west) * grid.scale, grid.columns)


@compiled
def _cross(
    corners: Floats, joined: Flags, span: tuple[int, int], grid: Grid, out: Longs
) -> int:
    """Write the cell of each crossing of the middle of a row; return how many."""
    count = 0
    for edge in range(span[0], span[1]):
        if not joined[edge]:
            continue
        v_1 = (corners[2 * edge + 1] - grid.south) * grid.scale
        v_2 = (corners[2 * edge + 3] - grid.south) * grid.scale
        first = _clamped(min(v_1, v_2) - 1, grid.rows)
        for row in range(first, _clamped(max(v_1, v_2) + 1, grid.rows) + 1):
            column = _crossing(corners, edge, _middle(row, grid), grid)
            if column >= 0:
                if count < len(out):
                    out[count] = row * grid.columns + column
                count += 1
    return count


@compiled
def touches(corners: Floats, joined: Flags, span: tuple[int, int], grid: Grid) -> Longs:
    """For the edges that begin at the corners in `span`, each cell << 32 | edge (from
    the first) where the edge touches the widened cell, ascending. `joined` flags the
    corners with an edge to the next."""
    count = _touch(corners, joined, span, grid, np.empty(0, np.int64))
    found = np.empty(count, np.int64)
    _touch(corners, joined, span, grid, found)
    found.sort()
    return found


@compiled
def crossings(
    corners: Floats, joined: Flags, span: tuple[int, int], grid: Grid
) -> Longs:
    """The cells in which those edges cross the middle of a row, ascending."""
    count = _cross(corners, joined, span, grid, np.empty(0, np.int64))
    found = np.empty(count, np.int64)
    _cross(corners, joined, span, grid, found)
    found.sort()
    return found


@compiled
def runs_of(touched: Longs, corners: Floats, first: int, grid: Grid) -> Longs:
    """The runs in each touched cell: rows of cell, first corner, edges << 2 | flags."""
    runs = np.empty((len(touched), 3), np.int64)
    count = 0
    for number in range(len(touched)):
        cell, edge = touched[number] >> _EDGE_BITS, first + (touched[number] & _EDGE)
        if number and touched[number] == touched[number - 1] + 1:
            runs[count - 1, 2] += 4
        else:
            runs[count] = cell, edge, 4
            count += 1
    for number in range(count):
        cell, start, edges = runs[number]
        column, end = cell % grid.columns, start + (edges >> 2)
        if (corners[2 * start] - grid.west) * grid.scale < column:
            runs[number, 2] |= STARTS_LEFT
        if (corners[2 * end] - grid.west) * grid.scale < column:
            runs[number, 2] |= ENDS_LEFT
    return runs[:count]


@compiled
def bases_of(runs: Longs, crossed: Longs, corners: Floats, grid: Grid) -> Longs:
    """The touched cells: rows of cell, number of its runs, parity at its base."""
    bases = np.empty((len(runs), 3), np.int64)
    count, passed = 0, 0
    for number in range(len(runs)):
        cell, start, edges = runs[number]
        if not number or runs[number - 1, 0] != cell:
            # In whole rows crossings are even, so those before the cell will do.
            while passed < len(crossed) and crossed[passed] < cell:
                passed += 1
            bases[count] = cell, 0, passed & 1
            count += 1
        bases[count - 1, 1] += 1
        north = _middle(cell // grid.columns, grid)
        column, end = cell % grid.columns, start + (edges >> 2)
        odd = 0
        for edge in range(start, end):
            crossing = _crossing(corners, edge, north, grid)
            odd ^= crossing >= 0 and crossing < column
        if edges & STARTS_LEFT:
            odd ^= corners[2 * start + 1] <= north
        if edges & ENDS_LEFT:
            odd ^= corners[2 * end + 1] <= north
        bases[count - 1, 2] ^= odd
    return bases[:count]
