"""Which boundaries count on a day: in each layer, one set and only one.

A layer is published as whole sets, one after the other (districts of 2020, of
2025). Several may be held at once, with no end given. Mixing them would answer one
point with two districts, so the newest set that had begun counts alone. An area
that is held both in full and generalised counts in its finest resolution.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Sequence

import numpy as np

from trigpoint.dates import days_of, today
from trigpoint.errors import InvalidParameter
from trigpoint.spatial.boundary import Boundary
from trigpoint.spatial.grids import Flags
from trigpoint.spatial.layers import LAYERS, layer_rank

_REMEMBERED = 64  # days asked for are few; more than these are worked out again


class Selection:
    """Picks, for a day and some layers, the boundaries that count.

    `at` is a GDS date of any precision, None for today: a boundary held at `at`
    when it held on any day that `at` spans. Safe to share between threads.
    """

    def __init__(self, boundaries: Sequence[Boundary]) -> None:
        spans = [boundary.span for boundary in boundaries]
        self._first = np.array([first for first, _ in spans], dtype="U10")
        self._last = np.array([last for _, last in spans], dtype="U10")
        self._boundaries = boundaries
        self._sets: dict[str, dict[str, list[int]]] = {}
        for row, boundary in enumerate(boundaries):
            sets = self._sets.setdefault(boundary.layer, {})
            sets.setdefault(boundary.vintage, []).append(row)
        self._flags: OrderedDict[tuple[str, frozenset[str] | None], Flags]
        self._flags = OrderedDict()
        self._lock = threading.Lock()

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers of which there is any boundary, largest areas first."""
        return tuple(sorted(self._sets, key=layer_rank))

    def flags(self, at: str | None, layers: Collection[str] | None) -> Flags:
        """One flag per boundary. Raises InvalidParameter for a bad date or layer."""
        day = today() if at is None else at
        wanted = None if layers is None else frozenset(layers)
        known = self._flags.get((day, wanted))
        if known is not None:
            return known
        flags = np.zeros(len(self._first), dtype=bool)
        for chosen in self._chosen(day, wanted).values():
            flags[chosen[1]] = True
        with self._lock:
            self._flags[day, wanted] = flags
            if len(self._flags) > _REMEMBERED:
                self._flags.popitem(last=False)
        return flags

    def vintages(
        self, at: str | None, layers: Collection[str] | None
    ) -> dict[str, str]:
        """The set that counts in each layer; a layer with none is left out."""
        day = today() if at is None else at
        wanted = None if layers is None else frozenset(layers)
        chosen = self._chosen(day, wanted)
        return {layer: chosen[layer][0] for layer in sorted(chosen, key=layer_rank)}

    def _chosen(
        self, day: str, wanted: frozenset[str] | None
    ) -> dict[str, tuple[str, list[int]]]:
        first, last = days_of(day)
        held = (self._first <= last) & (self._last >= first)
        chosen: dict[str, tuple[str, list[int]]] = {}
        for layer in self._named(wanted):
            for vintage, rows in sorted(self._sets.get(layer, {}).items()):
                begun = [row for row in rows if held[row]]
                if begun:
                    chosen[layer] = (vintage, self._finest(begun))
        return chosen

    def _finest(self, rows: list[int]) -> list[int]:
        """One row per area: the one with most detail."""
        finest: dict[tuple[str, str], int] = {}
        for row in sorted(rows, key=lambda row: -self._boundaries[row].metres):
            boundary = self._boundaries[row]
            finest[boundary.area_register, boundary.area] = row
        return list(finest.values())

    def _named(self, wanted: frozenset[str] | None) -> Collection[str]:
        if wanted is None:
            return self._sets
        unknown = sorted(wanted - set(self._sets) - set(LAYERS))
        if unknown:
            raise InvalidParameter(
                f"there is no layer {unknown[0]}: expected one of "
                f"{', '.join(sorted({*self._sets, *LAYERS}, key=layer_rank))}",
                parameter="layers",
            )
        return wanted
