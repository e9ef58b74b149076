"""Joining positions with sheets: many at once on all cores, or one.

Each sheet gives each position one number, mostly; what is left open goes to GEOS.
The pairs are then gathered in the order of positions.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

import numpy as np

from trigpoint.spatial import deciding
from trigpoint.spatial.cells import Cells, Numbers
from trigpoint.spatial.grids import Floats, Rows, fixed
from trigpoint.spatial.judge import Covers, Judge

Task = TypeVar("Task")
Done = TypeVar("Done")

_CHUNK = 1 << 16  # positions; a thread's work fits its processor's cache


class Asked(NamedTuple):
    """A sheet and what it is asked about. `answers` are one more than the row of each
    area of the sheet that counts, 0 for others, from place 1 on; 0 at place 0. The
    positions are in the plane of the sheet."""

    cells: Cells
    answers: Numbers
    easts: Floats
    norths: Floats


def join(sheets: Sequence[Asked], count: int, judge: Judge) -> Covers:
    """The boundaries that cover each of `count` positions. NaN is covered by none."""
    answers = np.empty((len(sheets), count), np.int32)
    starts = range(0, count, _CHUNK)
    tasks = [(number, start) for number in range(len(sheets)) for start in starts]

    def decide(task: tuple[int, int]) -> tuple[int, int, Covers]:
        number, start = task
        out = answers[number, start : start + _CHUNK]
        return start, *_decide(sheets[number], start, out, judge)

    decided = _on_all_cores(decide, tasks)
    several = _together([pairs for _, _, pairs in decided])
    sizes = np.bincount(several.points // _CHUNK, minlength=len(starts))
    for start, single, _ in decided:
        sizes[start // _CHUNK] += single
    ends = np.cumsum(sizes)
    size = int(ends[-1]) if len(ends) else 0
    found = Covers(
        np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.bool_)
    )

    def gather(start: int) -> None:
        chunk = start // _CHUNK
        stop = min(start + _CHUNK, count)
        first = int(ends[chunk] - sizes[chunk])
        deciding.gather(answers, start, stop, several, found, first)

    _on_all_cores(gather, starts)
    return found


def join_one(
    sheets: Sequence[tuple[Cells, Numbers]], east: float, north: float, judge: Judge
) -> list[tuple[int, bool]]:
    """The row of each boundary of some sheets of one plane that covers one position,
    and whether the position is on its border."""
    found = []
    for cells, answers in sheets:
        answer = deciding.decide_one(cells, answers, east, north)
        if answer > 0:
            found.append((answer - 1, False))
        elif answer < 0:
            easts, norths = fixed(np.array([east])), fixed(np.array([north]))
            asked = Asked(cells, answers, easts, norths)
            pairs = _several(asked, np.zeros(1, np.int64), judge)
            found += zip(pairs.rows.tolist(), pairs.on_border.tolist(), strict=True)
    return found


def _decide(asked: Asked, start: int, out: Numbers, judge: Judge) -> tuple[int, Covers]:
    """Fill a chunk of answers. Returns how many are one boundary, and the pairs of the
    positions that have several, or open ones."""
    places = slice(start, start + len(out))
    single, several = deciding.decide(
        asked.cells, asked.answers, asked.easts[places], asked.norths[places], out
    )
    left = start + np.flatnonzero(out < 0) if several else np.empty(0, np.int64)
    return single, _several(asked, left, judge)


def _several(asked: Asked, places: Rows, judge: Judge) -> Covers:
    points, found, left_open = deciding.hits(*asked, places)
    rows = found - 1
    on_border = np.zeros(len(points), np.bool_)
    if not left_open.any():
        return Covers(points, rows, on_border)
    unsure = points[left_open]
    covered, touched = judge.decide(
        rows[left_open], asked.easts[unsure], asked.norths[unsure]
    )
    kept = np.ones(len(points), np.bool_)
    kept[left_open], on_border[left_open] = covered, touched
    return Covers(points[kept], rows[kept], on_border[kept])


def _together(parts: Sequence[Covers]) -> Covers:
    """All pairs in the order of points, then rows."""
    points, rows, on_border = (
        np.concatenate([part[column] for part in parts])
        if parts
        else np.empty(0, np.int64 if column < 2 else np.bool_)
        for column in range(3)
    )
    order = np.lexsort((rows, points))
    return Covers(points[order], rows[order], on_border[order])


def _on_all_cores(work: Callable[[Task], Done], tasks: Sequence[Task]) -> list[Done]:
    """The results of all tasks, in their order."""
    threads = min(os.cpu_count() or 1, len(tasks))
    if threads < 2:
        return [work(task) for task in tasks]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, tasks))
