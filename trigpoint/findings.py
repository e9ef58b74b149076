"""What the report on areas holds: counts of each register, and single findings."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from trigpoint.placing import Key


@dataclass(frozen=True)
class Finding:
    """A difference between a declaration (`field`, `declared`) and geometry, or a
    position that no area holds: then both are None, and `found` is the nearest area.
    `metres` are to the area declared, or to the nearest one."""

    register: str
    key: str
    lon: float
    lat: float
    field: str | None
    declared: Key | None
    found: tuple[Key, ...]
    reason: str
    metres: float | None

    @property
    def order(self) -> tuple[str, str, str]:
        """Where it stands in the report."""
        return self.register, self.key, self.field or ""


@dataclass
class Compared:
    """How many records of a register declare something by one field, and how that
    stands to geometry: `outcomes` counts by outcome and reason."""

    field: str
    outcomes: dict[tuple[str, str | None], int] = dataclasses.field(
        default_factory=dict
    )

    def count(self, outcome: str, reason: str | None, records: int) -> None:
        """Count records of an outcome, and of a reason for it."""
        known = self.outcomes.get((outcome, reason), 0)
        self.outcomes[outcome, reason] = known + records


@dataclass
class Summary:
    """One register: how many records, how many of them with a position, how those lie
    in each layer (inside, on a border, outside), and what was compared."""

    register: str
    records: int
    positions: int
    layers: dict[str, tuple[int, int, int]]
    outside: int
    compared: list[Compared] = dataclasses.field(default_factory=list)


@dataclass(frozen=True)
class AreaReport:
    """The report of one day: the vintage that counts in each layer, a summary of each
    register, and all findings in order of register, key and field."""

    day: str
    vintages: dict[str, str]
    summaries: tuple[Summary, ...]
    findings: tuple[Finding, ...]
