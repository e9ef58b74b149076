"""Which areas of a sheet hold a position: exact, or left open.

In a cell with a record each of its areas is decided by the parity of a ray to the west
(see `trigpoint.spatial.outline`). An edge counts when one end is at or below the
position and the other above. East or west of an edge is told by comparing
coordinates, or within its box by the orientation determinant, whose sign is certain
beyond the bound on its rounding error that J. R. Shewchuk gives ("Adaptive precision
floating-point arithmetic and fast robust geometric predicates", section 4.1). Within
that bound the area is left open for this position; on an edge that is always so.
"""

from __future__ import annotations

import numpy as np

from trigpoint.spatial.cells import (
    BLOCK,
    ENDS_LEFT,
    STARTS_LEFT,
    Cells,
    Grid,
    Numbers,
)
from trigpoint.spatial.grids import Flags, Floats, Rows
from trigpoint.spatial.native import compiled

OUTSIDE, INSIDE, OPEN = 0, 1, 2
SEVERAL = -1  # an answer that does not fit in one number: see `hits`

_SHIFT, _WITHIN = np.uint64(BLOCK.bit_length() - 1), np.uint64(BLOCK - 1)
_EPSILON = 2.0**-53
_BOUND = (3.0 + 16.0 * _EPSILON) * _EPSILON
_UNDERFLOW = 1e-290  # the bound holds where no product underflows
# GEOS computes with twice the digits, which still are not enough for positions beside
# the meridian or the equator of a plane, where doubles are denser than anywhere else.
# So what is so near to an edge is its to decide, also beyond the end of a flat one.
_NEAR, _FLAT = 1e-18, 1e-9  # in units of the plane


@compiled
def _parts(
    cells: Cells,
) -> tuple[Grid, int, Numbers, Numbers, Numbers, Floats]:
    grid = Grid(cells.west, cells.south, cells.scale, cells.columns, cells.rows)
    return grid, cells.areas, cells.top, cells.blocks, cells.records, cells.corners


@compiled
def _number(
    grid: Grid, areas: int, top: Numbers, blocks: Numbers, east: float, north: float
) -> int:
    """What the cell of a position holds; 0 off the grid, and for NaN."""
    u = (east - grid.west) * grid.scale
    v = (north - grid.south) * grid.scale
    if not (u >= 0.0 and v >= 0.0 and u < grid.columns and v < grid.rows):
        return 0
    # Unsigned, since numba asks of other numbers whether they count from the end.
    column, row = np.uint64(u), np.uint64(v)
    across = np.uint64(grid.columns) >> _SHIFT
    number = top[(row >> _SHIFT) * across + (column >> _SHIFT)]
    if number > areas:
        block = np.uint64(number - areas - 1) << _SHIFT << _SHIFT
        within = ((row & _WITHIN) << _SHIFT) | (column & _WITHIN)
        number = blocks[block | within]
    return int(number)


@compiled
def _edge(corners: Floats, at: int, east: float, north: float) -> int:
    """INSIDE where an edge is crossed by the ray, OUTSIDE where not, or OPEN."""
    east_1, north_1 = corners[at], corners[at + 1]
    east_2, north_2 = corners[at + 2], corners[at + 3]
    if north_1 > north_2:
        east_1, north_1, east_2, north_2 = east_2, north_2, east_1, north_1
    height = north_2 - north_1
    if north < north_1 - _NEAR or north > north_2 + _NEAR:
        return OUTSIDE
    if height > _FLAT:
        if east < min(east_1, east_2) - _NEAR:
            return OUTSIDE
        if east > max(east_1, east_2) + _NEAR:
            return INSIDE if north_1 <= north < north_2 else OUTSIDE
    left = (east_1 - east) * (north_2 - north)
    right = (north_1 - north) * (east_2 - east)
    sign = left - right
    bound = _BOUND * (abs(left) + abs(right))
    bound += _NEAR * (abs(east_2 - east_1) + height) + _UNDERFLOW
    # Written so that NaN, of an overflow, is open too.
    if not abs(sign) > bound:
        return OPEN
    return INSIDE if sign < 0.0 and north_1 <= north < north_2 else OUTSIDE


@compiled
def _area(records: Numbers, corners: Floats, at: int, east: float, north: float) -> int:
    """How an area stands to a position; `at` is its place in a record."""
    odd = records[at] & 1
    run, end = at + 2, at + 2 + 2 * records[at + 1]
    while run < end:
        first = 2 * np.int64(records[run])
        flags = records[run + 1]
        last = first + 2 * np.int64(flags >> 2)
        if flags & STARTS_LEFT and corners[first + 1] <= north:
            odd ^= 1
        if flags & ENDS_LEFT and corners[last + 1] <= north:
            odd ^= 1
        for edge in range(first, last, 2):
            crossed = _edge(corners, edge, east, north)
            if crossed == OPEN:
                return OPEN
            odd ^= crossed
        run += 2
    return int(odd)


@compiled
def _record(
    records: Numbers,
    corners: Floats,
    answers: Numbers,
    record: int,
    east: float,
    north: float,
) -> int:
    """The one answer of a record for a position, or SEVERAL when there are more, or
    open ones."""
    at, found = record + 1, 0
    for _ in range(records[record]):
        answer = answers[(records[at] >> 1) + 1]
        if answer:
            state = _area(records, corners, at, east, north)
            if state == OPEN or (state and found):
                return SEVERAL
            if state:
                found = answer
        at += 2 + 2 * records[at + 1]
    return int(found)


@compiled
def decide(
    cells: Cells, answers: Numbers, easts: Floats, norths: Floats, out: Numbers
) -> tuple[int, int]:
    """Put the answer for each position into `out`: 0 when no area holds it, SEVERAL
    when one number cannot say. `answers` are more than 0 for the areas that are asked,
    from its place 1 on, and 0 for others and at place 0. Returns how many answers are
    more than 0, and how many are SEVERAL."""
    # Taken out of the tuple once: each time costs more than the look-up.
    grid, areas, top, blocks, records, corners = _parts(cells)
    single, several = 0, 0
    for place in range(len(out)):
        east, north = easts[place], norths[place]
        number = _number(grid, areas, top, blocks, east, north)
        if number >= 0:
            answer = int(answers[number])
        else:
            answer = _record(records, corners, answers, -number - 1, east, north)
        out[place] = answer
        single += answer > 0
        several += answer < 0
    return single, several


@compiled
def decide_one(cells: Cells, answers: Numbers, east: float, north: float) -> int:
    """The answer for one position."""
    grid, areas, top, blocks, records, corners = _parts(cells)
    number = _number(grid, areas, top, blocks, east, north)
    if number >= 0:
        return int(answers[number])
    return _record(records, corners, answers, -number - 1, east, north)


@compiled
def hits(
    cells: Cells, answers: Numbers, easts: Floats, norths: Floats, places: Rows
) -> tuple[Rows, Rows, Flags]:
    """Each answer of the positions at some places: the place, the answer, and whether
    it is open. For positions whose answer is SEVERAL; any other has none here."""
    grid, areas, top, blocks, records, corners = _parts(cells)
    at_records = np.empty(len(places), np.int64)
    size = 0
    for which, place in enumerate(places):
        number = _number(grid, areas, top, blocks, easts[place], norths[place])
        at_records[which] = -number - 1
        size += records[-number - 1]
    at_places, found = np.empty(size, np.int64), np.empty(size, np.int64)
    left_open = np.empty(size, np.bool_)
    count = 0
    for which, place in enumerate(places):
        at = at_records[which] + 1
        areas_here = records[at - 1]
        for _ in range(areas_here):
            answer, state = answers[(records[at] >> 1) + 1], OUTSIDE
            if answer:
                state = _area(records, corners, at, easts[place], norths[place])
            if state:
                at_places[count], found[count] = place, answer
                left_open[count] = state == OPEN
                count += 1
            at += 2 + 2 * records[at + 1]
    return at_places[:count], found[:count], left_open[:count]


@compiled
def gather(
    answers: Numbers,
    start: int,
    stop: int,
    several: tuple[Rows, Rows, Flags],
    found: tuple[Rows, Rows, Flags],
    first: int,
) -> None:
    """Put the pairs of the positions from `start` to `stop` into `found`, from its
    place `first` on, sorted by position, then row.

    `answers` are what `decide` gave, a line for each sheet; `several` the pairs of
    positions that it left, sorted by position.
    """
    points, rows, on_border = found
    other_points, other_rows, other_borders = several
    at, other = first, np.searchsorted(other_points, start)
    for point in range(start, stop):
        begin = at
        for sheet in range(answers.shape[0]):
            if answers[sheet, point] > 0:
                points[at], rows[at] = point, answers[sheet, point] - 1
                on_border[at] = False
                at += 1
        while other < len(other_points) and other_points[other] == point:
            points[at], rows[at] = point, other_rows[other]
            on_border[at] = other_borders[other]
            at += 1
            other += 1
        for late in range(begin + 1, at):
            place = late
            while place > begin and rows[place - 1] > rows[place]:
                rows[place - 1], rows[place] = rows[place], rows[place - 1]
                on_border[place - 1], on_border[place] = (
                    on_border[place],
                    on_border[place - 1],
                )
                place -= 1
