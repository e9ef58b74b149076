"""The areas of the days that were last asked for, kept between look-ups."""

from __future__ import annotations

import threading
from collections import OrderedDict

from trigpoint.placing import Areas
from trigpoint.snapshot import Snapshot
from trigpoint.spatial.boundaries import BoundaryIndex

KEPT = 8  # days; all the wards of one take 20 MB


class DatedAreas:
    """What holds positions on a day, of the registers and boundaries as they are now.

    What is kept is not used again once there are other boundaries, newer entries in the
    registers that were read, or more that is withheld.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Areas] = OrderedDict()
        self._keeping = threading.Lock()

    def on(self, day: str, registers: Snapshot, boundaries: BoundaryIndex) -> Areas:
        """The areas of a day, `YYYY-MM-DD`."""
        with self._keeping:
            held = self._kept.get(day)
            if (
                held is None
                or held.registers is not registers
                or held.boundaries is not boundaries
                or not held.holds()
            ):
                held = self._kept[day] = Areas(registers, boundaries, day)
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
            else:
                self._kept.move_to_end(day)
            return held

    def clear(self) -> None:
        """Keep none any more: something was withheld."""
        with self._keeping:
            self._kept.clear()
