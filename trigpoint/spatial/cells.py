"""The cells of a sheet: a plane cut into squares, and what each square holds.

A sheet is a grid of two levels. A top cell is 8 × 8 fine cells. The number in a top
cell, and in each fine cell of those that are cut up, is

- 0: no area is here,
- 1 to `areas`: all of the cell is inside that area (counted from 1), and no other,
- more: a top cell that is cut up; its block of 64 fine cells is number - areas - 1,
- less than 0: a record in `records`, at -number - 1, says what is here.

A record is the number of areas in it, and for each area in turn: twice the area
(from 0) plus the parity at its base, the number of runs, and two numbers a run: its
first corner, and four times its edges plus flags. A run is a chain of consecutive
edges of the area's rings that touch the cell. `trigpoint.spatial.deciding` says how
that decides a point exactly.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from trigpoint.spatial.grids import Floats

Numbers = npt.NDArray[np.int32]

BLOCK = 8  # fine cells along the side of a top cell
MARGIN = 2.0**-10  # of a cell, on every side: see `Grid`
STARTS_LEFT, ENDS_LEFT = 1, 2  # flags of a run: that end lies left of the cell

CELLS_AN_EDGE = 16.0
_FEWEST, _MOST = 64 * 64, 48 << 20
_LONGEST = 1 << 16  # cells along one side
_FINEST = 2.0**-30  # of the largest coordinate
_LEAST = 1e-15  # units of the plane: products of anything smaller may underflow


class Grid(NamedTuple):
    """Square fine cells over a box: `columns` eastward by `rows` northward from the
    corner `west`, `south`; `scale` cells to a unit of the plane.

    The cell of a position is what floating point makes of (east - west) * scale.
    Rounding may put a position into the neighbour of the cell that it is in. So an
    edge belongs to every cell that it touches when the cell is widened by `MARGIN`,
    which is over a hundred times what rounding can do: cells are no smaller than
    `_FINEST` allows.
    """

    west: float
    south: float
    scale: float
    columns: int
    rows: int


class Cells(NamedTuple):
    """A grid with its numbers, and the corners of all rings, one after the other.

    `top` is row by row from the south west, `blocks` block by block, `corners` east
    and north in turn. All arrays are one-dimensional and cannot be written to.
    """

    west: float
    south: float
    scale: float
    columns: int
    rows: int
    areas: int
    top: Numbers
    blocks: Numbers
    records: Numbers
    corners: Floats


def grid_over(corners: Floats, *, cells_an_edge: float = CELLS_AN_EDGE) -> Grid:
    """A grid over all corners (pairs, eastward first), a cell to spare on each side."""
    low, high = corners.min(axis=0), corners.max(axis=0)
    width, height = (high - low).tolist()
    wanted = min(max(cells_an_edge * len(corners), _FEWEST), _MOST)
    largest = float(np.abs(corners).max())
    side = max(
        math.sqrt(width) * math.sqrt(height) / math.sqrt(wanted),
        max(width, height) / _LONGEST,
        largest * _FINEST,
        _LEAST,
    )
    west, south = (low - side).tolist()
    columns, rows = (
        -(-(math.ceil(length / side) + 2) // BLOCK) * BLOCK
        for length in (width, height)
    )
    return Grid(west, south, 1.0 / side, columns, rows)
