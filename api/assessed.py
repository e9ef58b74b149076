"""Reports on areas of the days last asked for, made when they are asked for."""

from __future__ import annotations

import threading
from collections import OrderedDict

from trigpoint.findings import AreaReport
from trigpoint.placing import Areas
from trigpoint.quality import area_report
from trigpoint.view import View

KEPT = 2  # reports; 10,000 findings take 5 MB


class AreaReports:
    """The reports of the few views and days that were last asked for, in memory."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[int, str], AreaReport] = OrderedDict()
        self._keeping = threading.Lock()
        self._building = threading.Lock()

    def held(self, view: View, day: str) -> AreaReport | None:
        """The report of a view on a day, `YYYY-MM-DD`, if it is kept."""
        with self._keeping:
            key = view.version, day
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def build(self, view: View, areas: Areas) -> AreaReport:
        """The same for the day of `areas`, made if it is not kept; one at a time."""
        with self._building:
            report = self.held(view, areas.day)
            if report is None:
                report = area_report(areas, view.areas)
                with self._keeping:
                    self._kept[view.version, areas.day] = report
                    while len(self._kept) > KEPT:
                        self._kept.popitem(last=False)
            return report

    def clear(self) -> None:
        """Keep none any more: something was withheld."""
        with self._keeping:
            self._kept.clear()
