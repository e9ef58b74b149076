"""Boundary indexes of earlier log sizes, built when they are asked for."""

from __future__ import annotations

import threading
from collections import OrderedDict

from trigpoint.build import BOUNDARY, boundary_index
from trigpoint.snapshot import Snapshot
from trigpoint.spatial.boundaries import BoundaryIndex

KEPT = 2  # indexes; one of the districts of two releases takes 50 MB


class DrawnBoundaries:
    """The indexes of the few sizes that were last asked for, in memory."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[int, int], BoundaryIndex] = OrderedDict()
        self._keeping = threading.Lock()
        self._building = threading.Lock()

    def held(self, then: Snapshot) -> BoundaryIndex | None:
        """The index of the boundaries as of the size of `then`, if it is kept."""
        with self._keeping:
            key = _key(then)
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def clear(self) -> None:
        """Keep none any more: something was withheld."""
        with self._keeping:
            self._kept.clear()

    def build(self, then: Snapshot) -> BoundaryIndex:
        """The same, built if it is not kept; one is built at a time."""
        with self._building:
            # Before it is built: what is withheld meanwhile is not known to be gone.
            index, key = self.held(then), _key(then)
            if index is None:
                index = boundary_index(then.log, then.schemas)
                with self._keeping:
                    self._kept[key] = index
                    while len(self._kept) > KEPT:
                        self._kept.popitem(last=False)
            return index


def _key(then: Snapshot) -> tuple[int, int]:
    """What an index depends on: the size, and what is withheld of it by now."""
    return then.log.size(BOUNDARY), then.log.withheld_count()
