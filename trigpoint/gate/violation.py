"""One finding of the gate."""

from __future__ import annotations

from dataclasses import dataclass

from trigpoint.gate.terms import Severity


@dataclass(frozen=True)
class Violation:
    """One finding. `row` is as a person counts it in the source file; None stands for
    the release as a whole. `value` is as the source wrote it; None where there is
    none, or where it may be personal. IRIs in full."""

    register: str
    row: int | None
    key: str | None
    field: str | None
    value: str | None
    path: str | None
    component: str
    severity: Severity
    shape: str | None
    message: str
