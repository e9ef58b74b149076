"""Filling the cells of a sheet: whole cells, records, and the two levels.

While a sheet is made, one number for each fine cell says which areas hold all of it:
0 none, 1 to `areas` that one, more a set of several (areas of a set that overlap).
A set is one more area added to what was there before, so equal sets get one number as
areas are added in their order.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from trigpoint.spatial.cells import BLOCK, Grid, Numbers
from trigpoint.spatial.native import compiled
from trigpoint.spatial.outline import Longs


class Sets(NamedTuple):
    """Sets of several areas. Set number k (numbered areas + 1 + k) adds `added[k]` to
    `before[k]`. `latest[number]` is the set made last from a number, or -1; `made`
    holds how many there are."""

    before: Longs
    added: Longs
    latest: Longs
    made: Longs


@compiled
def _enlarged(numbers: Longs, blank: int) -> Longs:
    larger = np.full(2 * len(numbers), blank, np.int64)
    larger[: len(numbers)] = numbers
    return larger


@compiled
def no_sets(areas: int) -> Sets:
    return Sets(
        np.zeros(64, np.int64),
        np.zeros(64, np.int64),
        np.full(areas + 65, -1, np.int64),
        np.zeros(1, np.int64),
    )


@compiled
def fill(
    whole: Numbers, crossed: Longs, bases: Longs, area: int, areas: int, sets: Sets
) -> Sets:
    """Add an area (from 0) to the cells that it holds but does not touch.

    The crossings are sorted, and come in twos: between one and the next, parity is
    odd. Returns the sets, which may have been moved to larger arrays.
    """
    before, added, latest, made = sets
    touched = 0
    for pair in range(0, len(crossed), 2):
        for cell in range(crossed[pair] + 1, crossed[pair + 1] + 1):
            while touched < len(bases) and bases[touched, 0] < cell:
                touched += 1
            if touched < len(bases) and bases[touched, 0] == cell:
                continue
            now = whole[cell]
            if now == 0:
                whole[cell] = area + 1
                continue
            known = latest[now]
            if known < 0 or added[known] != area:
                known = made[0]
                made[0] += 1
                if known == len(before):
                    before, added = _enlarged(before, 0), _enlarged(added, 0)
                if areas + 1 + known >= len(latest):
                    latest = _enlarged(latest, -1)
                before[known], added[known] = now, area
                latest[now] = known
            whole[cell] = areas + 1 + known
    return Sets(before, added, latest, made)


@compiled
def _room(numbers: Numbers, wanted: int) -> Numbers:
    if wanted <= len(numbers):
        return numbers
    larger = np.empty(max(wanted, 2 * len(numbers)), np.int32)
    larger[: len(numbers)] = numbers
    return larger


@compiled
def _held(number: int, areas: int, sets: Sets) -> int:
    """How many areas hold a whole cell with this number."""
    count = 0
    while number > areas:
        number = sets.before[number - areas - 1]
        count += 1
    return count + (number > 0)


@compiled
def _write_held(number: int, areas: int, sets: Sets, out: Numbers, at: int) -> int:
    """Write those areas: odd at the base, and without runs. Returns where they end."""
    while number > 0:
        area = number - 1
        if number > areas:
            area = sets.added[number - areas - 1]
            number = sets.before[number - areas - 1]
        else:
            number = 0
        out[at], out[at + 1] = area << 1 | 1, 0
        at += 2
    return at


@compiled
def _write_touched(
    entries: Longs, bases: Longs, runs: Longs, out: Numbers, at: int
) -> int:
    """Write the areas that touch one cell. Returns where they end."""
    for entry in entries:
        _, count, odd, area, run = bases[entry]
        out[at], out[at + 1] = area << 1 | odd, count
        at += 2
        for number in range(run, run + count):
            out[at], out[at + 1] = runs[number, 1], runs[number, 2]
            at += 2
    return at


@compiled
def write_records(
    whole: Numbers, areas: int, sets: Sets, order: Longs, bases: Longs, runs: Longs
) -> Numbers:
    """All records; each cell that has one gets the number of its record.

    `bases` are rows of cell, number of runs, parity, area and first run; `order`
    sorts them by cell.
    """
    made = sets.made[0]
    places = np.empty(made, np.int64)
    out, at = np.empty(1024, np.int32), 0
    for number in range(made):
        count = _held(areas + 1 + number, areas, sets)
        out = _room(out, at + 1 + 2 * count)
        out[at], places[number] = count, at
        at = _write_held(areas + 1 + number, areas, sets, out, at + 1)
    first = 0
    while first < len(order):
        cell, last, size = bases[order[first], 0], first, 0
        while last < len(order) and bases[order[last], 0] == cell:
            size += 2 + 2 * bases[order[last], 1]
            last += 1
        held = _held(whole[cell], areas, sets)
        out = _room(out, at + 1 + 2 * held + size)
        out[at] = held + last - first
        end = _write_held(whole[cell], areas, sets, out, at + 1)
        whole[cell] = -at - 1
        at = _write_touched(order[first:last], bases, runs, out, end)
        first = last
    for cell in range(len(whole) if made else 0):
        if whole[cell] > areas:
            whole[cell] = -places[whole[cell] - areas - 1] - 1
    return out[:at].copy()


@compiled
def _uniform(whole: Numbers, first: int, columns: int) -> bool:
    for row in range(BLOCK):
        for column in range(BLOCK):
            if whole[first + row * columns + column] != whole[first]:
                return False
    return True


@compiled
def two_levels(whole: Numbers, grid: Grid, areas: int) -> tuple[Numbers, Numbers]:
    """The top cells, and the blocks of those that are not the same all over."""
    across = grid.columns // BLOCK
    top = np.empty(len(whole) // (BLOCK * BLOCK), np.int32)
    cut = 0
    for number in range(len(top)):
        first = (number // across * grid.columns + number % across) * BLOCK
        if _uniform(whole, first, grid.columns):
            top[number] = whole[first]
        else:
            cut += 1
            top[number] = areas + cut
    blocks = np.empty(cut * BLOCK * BLOCK, np.int32)
    for number in range(len(top)):
        if top[number] <= areas:
            continue
        first = (number // across * grid.columns + number % across) * BLOCK
        block = (top[number] - areas - 1) * BLOCK * BLOCK
        for row in range(BLOCK):
            for column in range(BLOCK):
                blocks[block + row * BLOCK + column] = whole[
                    first + row * grid.columns + column
                ]
    return top, blocks
