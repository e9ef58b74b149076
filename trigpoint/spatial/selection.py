"""Which boundaries count on a day: in each layer, one set and only one.

A layer is published as whole sets, one after the other (districts of 2020, of
2025). Several may be held at once, with no end given. Mixing them would answer one
point with two districts, so the newest set that had begun counts alone. An area
that is held both in full and generalised counts in its finest resolution.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from trigpoint.dates import days_of
from trigpoint.errors import InvalidParameter
from trigpoint.spatial.boundary import metres_of
from trigpoint.spatial.grids import Flags, Rows
from trigpoint.spatial.layers import LAYERS, layer_rank
from trigpoint.spatial.rows import FIRST, LAST, BoundaryRows


class Selection:
    """Picks, for a day and some layers, the boundaries that count.

    `at` is a GDS date of any precision: a boundary held at `at` when it held on any
    day that `at` spans.
    """

    def __init__(self, boundaries: BoundaryRows) -> None:
        self._first = np.array(boundaries.texts(FIRST), dtype="U10")
        self._last = np.array(boundaries.texts(LAST), dtype="U10")
        self._registers = boundaries.texts("area_register")
        self._areas = boundaries.texts("area")
        resolutions = boundaries.texts("resolution")
        metres = {text: metres_of(text) for text in set(resolutions)}
        self._metres = np.array([metres[text] for text in resolutions], np.float64)
        sets: dict[str, dict[str, list[int]]] = {}
        for row, (layer, vintage) in enumerate(
            zip(boundaries.texts("layer"), boundaries.texts("vintage"), strict=True)
        ):
            sets.setdefault(layer, {}).setdefault(vintage, []).append(row)
        self._sets = {
            layer: {vintage: np.array(rows) for vintage, rows in vintages.items()}
            for layer, vintages in sets.items()
        }

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers of which there is any boundary, largest areas first."""
        return tuple(sorted(self._sets, key=layer_rank))

    def flags(self, at: str, layers: Collection[str] | None) -> Flags:
        """One flag per boundary. Raises InvalidParameter for a bad date or layer."""
        flags = np.zeros(len(self._first), dtype=bool)
        for _, rows in self._chosen(at, layers).values():
            flags[rows] = True
        return flags

    def vintages(self, at: str, layers: Collection[str] | None) -> dict[str, str]:
        """The set that counts in each layer; a layer with none is left out."""
        chosen = self._chosen(at, layers)
        return {layer: chosen[layer][0] for layer in sorted(chosen, key=layer_rank)}

    def _chosen(
        self, at: str, layers: Collection[str] | None
    ) -> dict[str, tuple[str, Rows]]:
        first, last = days_of(at)
        held = (self._first <= last) & (self._last >= first)
        chosen: dict[str, tuple[str, Rows]] = {}
        for layer in self._named(layers):
            for vintage, rows in sorted(self._sets.get(layer, {}).items()):
                begun = rows[held[rows]]
                if len(begun):
                    chosen[layer] = (vintage, self._finest(begun))
        return chosen

    def _finest(self, rows: Rows) -> Rows:
        """One row per area: the one with most detail."""
        if np.ptp(self._metres[rows]) == 0 and self._distinct(rows):
            return rows
        finest: dict[tuple[str, str], int] = {}
        coarse_first = rows[np.argsort(-self._metres[rows], kind="stable")]
        for row in coarse_first.tolist():
            finest[self._registers[row], self._areas[row]] = row
        return np.array(list(finest.values()))

    def _distinct(self, rows: Rows) -> bool:
        areas = [self._areas[row] for row in rows.tolist()]
        return len(set(areas)) == len(areas)

    def _named(self, layers: Collection[str] | None) -> Collection[str]:
        if layers is None:
            return self._sets
        unknown = sorted(set(layers) - set(self._sets) - set(LAYERS))
        if unknown:
            raise InvalidParameter(
                f"there is no layer {unknown[0]}: expected one of "
                f"{', '.join(sorted({*self._sets, *LAYERS}, key=layer_rank))}",
                parameter="layers",
            )
        return layers
