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

from trigpoint.spatial.cells import BLOCK, ENDS_LEFT, STARTS_LEFT, Cells, Numbers
from trigpoint.spatial.grids import Flags, Floats, Rows
from trigpoint.spatial.native import compiled

OUTSIDE, INSIDE, OPEN = 0, 1, 2
SEVERAL = -1  # an answer that does not fit in one number: see `hits`

_EPSILON = 2.0**-53
_BOUND = (3.0 + 16.0 * _EPSILON) * _EPSILON
_UNDERFLOW = 1e-290  # the bound holds where no product underflows
# GEOS computes with twice the digits, which still are not enough for positions beside
# the meridian or the equator of a plane, where doubles are denser than anywhere else.
# So what is so near to an edge is its to decide, also beyond the end of a flat one.
_NEAR, _FLAT = 1e-18, 1e-9  # in units of the plane


@compiled
def _number(cells: Cells, east: float, north: float) -> int:
    """What the cell of a position holds; 0 off the grid, and for NaN."""
    u = (east - cells.west) * cells.scale
    v = (north - cells.south) * cells.scale
    if not (u >= 0.0 and v >= 0.0 and u < cells.columns and v < cells.rows):
        return 0
    column, row = int(u), int(v)
    number = cells.top[row // BLOCK * (cells.columns // BLOCK) + column // BLOCK]
    if number > cells.areas:
        block = (number - cells.areas - 1) * BLOCK * BLOCK
        number = cells.blocks[block + row % BLOCK * BLOCK + column % BLOCK]
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
def _area(cells: Cells, at: int, east: float, north: float) -> int:
    """How an area stands to a position; `at` is its place in a record."""
    odd = cells.records[at] & 1
    run, end = at + 2, at + 2 + 2 * cells.records[at + 1]
    while run < end:
        first = 2 * np.int64(cells.records[run])
        flags = cells.records[run + 1]
        last = first + 2 * (flags >> 2)
        if flags & STARTS_LEFT and cells.corners[first + 1] <= north:
            odd ^= 1
        if flags & ENDS_LEFT and cells.corners[last + 1] <= north:
            odd ^= 1
        for edge in range(first, last, 2):
            crossed = _edge(cells.corners, edge, east, north)
            if crossed == OPEN:
                return OPEN
            odd ^= crossed
        run += 2
    return int(odd)


@compiled
def _answer(cells: Cells, answers: Numbers, east: float, north: float) -> int:
    """The one answer for a position, or SEVERAL when there are more, or open ones."""
    number = _number(cells, east, north)
    if number >= 0:
        return int(answers[number])
    at, found = -number, 0
    for _ in range(cells.records[-number - 1]):
        answer = answers[(cells.records[at] >> 1) + 1]
        if answer:
            state = _area(cells, at, east, north)
            if state == OPEN or (state and found):
                return SEVERAL
            if state:
                found = answer
        at += 2 + 2 * cells.records[at + 1]
    return int(found)


@compiled
def decide(
    cells: Cells, answers: Numbers, easts: Floats, norths: Floats, out: Numbers
) -> tuple[int, int]:
    """Put the answer for each position into `out`: 0 when no area holds it, SEVERAL
    when one number cannot say. `answers` are more than 0 for the areas that are asked,
    from its place 1 on, and 0 for others and at place 0. Returns how many answers are
    more than 0, and how many are SEVERAL."""
    single, several = 0, 0
    for place in range(len(out)):
        answer = _answer(cells, answers, easts[place], norths[place])
        out[place] = answer
        single += answer > 0
        several += answer < 0
    return single, several


@compiled
def decide_one(cells: Cells, answers: Numbers, east: float, north: float) -> int:
    """The answer for one position."""
    return _answer(cells, answers, east, north)


@compiled
def hits(
    cells: Cells, answers: Numbers, easts: Floats, norths: Floats, places: Rows
) -> tuple[Rows, Rows, Flags]:
    """Each answer of the positions at some places: the place, the answer, and whether
    it is open. For positions whose answer is SEVERAL; any other has none here."""
    size = 0
    for place in places:
        size += cells.records[-_number(cells, easts[place], norths[place]) - 1]
    at_places, found = np.empty(size, np.int64), np.empty(size, np.int64)
    left_open = np.empty(size, np.bool_)
    count = 0
    for place in places:
        east, north = easts[place], norths[place]
        record = -_number(cells, east, north) - 1
        at = record + 1
        for _ in range(cells.records[record]):
            answer = answers[(cells.records[at] >> 1) + 1]
            state = _area(cells, at, east, north) if answer else OUTSIDE
            if state:
                at_places[count], found[count] = place, answer
                left_open[count] = state == OPEN
                count += 1
            at += 2 + 2 * cells.records[at + 1]
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
    at, other = first, np.searchsorted(several[0], start)
    for point in range(start, stop):
        begin = at
        for sheet in range(answers.shape[0]):
            if answers[sheet, point] > 0:
                points[at], rows[at] = point, answers[sheet, point] - 1
                on_border[at] = False
                at += 1
        while other < len(several[0]) and several[0][other] == point:
            points[at], rows[at] = point, several[1][other]
            on_border[at] = several[2][other]
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
