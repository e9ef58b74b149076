"""The gate: staged rows judged by their register's shape, in one report."""

from __future__ import annotations

from trigpoint.gate.drop import Standing
from trigpoint.gate.gate import check, split
from trigpoint.gate.history import check_items
from trigpoint.gate.links import Successors
from trigpoint.gate.report import Report
from trigpoint.gate.targets import Held
from trigpoint.gate.violation import Violation

__all__ = [
    "Held",
    "Report",
    "Standing",
    "Successors",
    "Violation",
    "check",
    "check_items",
    "split",
]
