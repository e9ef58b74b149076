"""A packed tree over positions: rows along a curve, and boxes around runs of them.

Rows are in the order of a Hilbert curve. Sixteen in a row make a leaf, sixteen leaves
a node, and so on up to one root, so a node needs no pointers: its children and its rows
follow from its number. Each node has the box of its rows in degrees and that of their
images on the sphere of `trigpoint.spatial.search`. The boxes only lead to rows; what
decides is a row's own position.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from trigpoint.spatial.grids import Flags, Floats, Rows

FAN = 16  # rows of a leaf, and children of a node


class Region(Protocol):
    """Part of the globe, of which boxes in degrees can be asked.

    Boxes are four columns: west, south, east, north. Either answer may be wrong only
    in that a box that is disjoint is said to be touched, or one that is held is not.
    """

    def touches(self, boxes: Floats) -> Flags:
        """Which boxes it may have a point in."""
        ...

    def holds(self, boxes: Floats) -> Flags:
        """Which boxes lie wholly inside it, off its border."""
        ...


class Tree:
    """Boxes of the nodes of all levels, leaves first, root last.

    `spans` has west, south, east and north in degrees, `hulls` the least and the
    greatest of three coordinates of the images, a row for each node. `starts` says
    where each level begins, and where the last ends. Safe to share between threads.
    """

    def __init__(self, count: int, spans: Floats, hulls: Floats) -> None:
        """Boxes as `build` made them, for so many rows."""
        self._count = count
        self.spans = spans
        self.hulls = hulls
        self.starts = np.cumsum([0, *_widths(count)])

    @classmethod
    def build(cls, lons: Floats, lats: Floats, images: Floats) -> Tree:
        """Boxes around positions that stand in the order of the curve."""
        degrees = np.column_stack([lons, lats])
        spans = _levels(_boxes(degrees, degrees))
        hulls = _levels(_boxes(images, images))
        hulls.flags.writeable = False  # as in a file that is mapped
        return cls(len(lons), spans, hulls)

    def select(self, region: Region) -> tuple[Rows, Rows]:
        """Rows that lie inside a region for sure, and rows that have to be tested."""
        sure: list[Rows] = []
        nodes = np.zeros(min(self._count, 1), np.int64)
        for level in range(len(self.starts) - 2, -1, -1):
            boxes = self.spans[self.starts[level] + nodes]
            touched = region.touches(boxes)
            nodes, boxes = nodes[touched], boxes[touched]
            whole = region.holds(boxes)
            sure.append(self._below(nodes[whole], FAN ** (level + 1), self._count))
            nodes = nodes[~whole]
            if level:
                width = int(self.starts[level] - self.starts[level - 1])
                nodes = self._below(nodes, FAN, width)
        tested = self._below(nodes, FAN, self._count)
        return np.concatenate([*sure, tested[:0]]), tested

    @staticmethod
    def _below(nodes: Rows, width: int, count: int) -> Rows:
        """The numbers that stand below some nodes, of `count` that there are."""
        found = (nodes[:, None] * width + np.arange(width)).ravel()
        below: Rows = found[found < count]
        return below


def size_of(count: int) -> int:
    """How many nodes the tree over so many rows has."""
    return sum(_widths(count))


def _widths(count: int) -> list[int]:
    """How many nodes each level has, leaves first; none without rows."""
    widths: list[int] = []
    while count and (not widths or widths[-1] > 1):
        widths.append(-(-(widths[-1] if widths else count) // FAN))
    return widths


def _boxes(lows: Floats, highs: Floats) -> Floats:
    """The boxes around each sixteen of some boxes: least corners, greatest corners."""
    starts = np.arange(0, len(lows), FAN)
    if not len(starts):
        return np.empty((0, 2 * lows.shape[1]))
    low = np.minimum.reduceat(lows, starts, axis=0)
    return np.hstack([low, np.maximum.reduceat(highs, starts, axis=0)])


def _levels(leaves: Floats) -> Floats:
    """The boxes of all levels over those of the leaves."""
    levels, half = [leaves], leaves.shape[1] // 2
    while len(levels[-1]) > 1:
        last = levels[-1]
        levels.append(_boxes(last[:, :half], last[:, half:]))
    return np.ascontiguousarray(np.vstack(levels))
