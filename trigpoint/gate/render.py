"""Findings in two forms: a table for people, and JSON for programs."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping

from rich.console import Console
from rich.table import Table
from rich.text import Text

from trigpoint.gate.messages import shortened
from trigpoint.gate.results import focus_node
from trigpoint.gate.terms import Severity, short
from trigpoint.gate.violation import Violation

COLUMNS = ("Register", "Row", "Key", "Field", "Value", "Problem")
MARKS: dict[Severity, str] = {"violation": "", "warning": "warning: ", "info": "note: "}
_MESSAGE = 1_000  # characters of a message that a line has room for
_ORDER: tuple[Severity, ...] = ("violation", "warning", "info")


def table(
    violations: Iterable[Violation], summary: Iterable[str], *, limit: int, width: int
) -> str:
    """The first `limit` findings, violations before warnings, in the order of their
    rows; then the summary."""
    grid = Table(box=None, pad_edge=False, header_style="")
    for name in COLUMNS:
        grid.add_column(name, overflow="fold")
    for one in by_row(violations)[:limit]:
        # Text, since a value may hold what rich would take for markup.
        grid.add_row(*map(Text, cells(one)))
    page = io.StringIO()
    console = Console(file=page, width=width, no_color=True, highlight=False)
    if grid.row_count:
        console.print(grid)
    for line in summary:
        console.print(Text(line))
    return page.getvalue()


def by_row(violations: Iterable[Violation]) -> list[Violation]:
    """The findings, the most severe first, each in the order of their rows."""
    return sorted(violations, key=_place)


def cells(violation: Violation) -> tuple[str, ...]:
    """A finding in the `COLUMNS` of a table: what is long is shortened, and what
    cannot be seen is made visible."""
    problem = shortened(" ".join(violation.message.split()), _MESSAGE)
    return (
        violation.register,
        "" if violation.row is None else str(violation.row),
        shortened(violation.key, 30),
        shortened(violation.field, 40),
        shortened(violation.value, 40),
        f"{MARKS[violation.severity]}{problem} ({short(violation.component)})",
    )


def _place(violation: Violation) -> tuple[int, str, int]:
    row = -1 if violation.row is None else violation.row
    return _ORDER.index(violation.severity), violation.register, row


def summary(
    counts: Mapping[tuple[str, str | None, str], int],
    severities: Mapping[Severity, int],
    shown: int,
) -> list[str]:
    """What was found how often, the most frequent first."""
    total = sum(counts.values())
    if not total:
        return ["Nothing was refused."]
    lines = [f"… and {total - shown} more"] if shown < total else []
    lines.append(f"{severity_counts(severities)}:")
    lines += (f"{count:>8}  {what}" for what, count in by_count(counts))
    return lines


def severity_counts(severities: Mapping[Severity, int]) -> str:
    """“3 violations, 2 warnings”, and notes where there are some."""
    text = (
        f"{severities.get('violation', 0)} violations, "
        f"{severities.get('warning', 0)} warnings"
    )
    notes = severities.get("info", 0)
    return f"{text}, {notes} notes" if notes else text


def by_count(
    counts: Mapping[tuple[str, str | None, str], int],
) -> list[tuple[str, int]]:
    """Register, field and component in words, the most frequent first."""
    often = sorted(counts.items(), key=lambda pair: (-pair[1], str(pair[0])))
    return [
        (f"{register} {shortened(field, 40) or '(row)'} {short(component)}", count)
        for (register, field, component), count in often
    ]


def member(violation: Violation, base: str) -> dict[str, object]:
    """One finding as a JSON object; what does not apply is left out."""
    members = {
        "focusNode": focus_node(violation, base),
        "resultPath": violation.path,
        "value": violation.value,
        "sourceShape": violation.shape,
        "sourceConstraintComponent": violation.component,
        "severity": violation.severity,
        "message": violation.message,
        "register": violation.register,
        "row": violation.row,
        "key": violation.key,
        "field": violation.field,
    }
    return {name: value for name, value in members.items() if value is not None}
