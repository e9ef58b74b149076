"""Findings counted whole and held in part: what a report keeps in memory."""

from __future__ import annotations

from collections import Counter

from trigpoint.gate.terms import Severity
from trigpoint.gate.violation import Violation

# Characters of values that are held: an outline may have millions of them.
_MOST_TEXT = 64_000_000


class Tally:
    """Counts of all findings, and of the findings themselves the first `limit`.

    What refuses rows is held in preference to what only warns of them: ten thousand
    warnings must not hide why a release was refused.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.counts: Counter[tuple[str, str | None, str]] = Counter()
        self.severities: Counter[Severity] = Counter()
        self._refusals: list[tuple[int, Violation]] = []
        self._milder: list[tuple[int, Violation]] = []
        self._text = 0

    def __len__(self) -> int:
        """All findings, held or not, of whatever severity."""
        return self.severities.total()

    @property
    def violations(self) -> tuple[Violation, ...]:
        """Those held, in the order in which they were added."""
        return self.first(self.limit)

    def first(self, limit: int) -> tuple[Violation, ...]:
        """At most `limit` of those held, chosen as they are for holding."""
        refusals = self._refusals[:limit]
        milder = self._milder[: limit - len(refusals)]
        held = sorted([*refusals, *milder], key=lambda one: one[0])
        return tuple(violation for _, violation in held)

    @property
    def truncated(self) -> bool:
        """Whether there were more findings than are held."""
        return len(self) > min(self.limit, len(self._refusals) + len(self._milder))

    def add(self, violation: Violation) -> None:
        self._hold(len(self), violation)
        self.counts[violation.register, violation.field, violation.component] += 1
        self.severities[violation.severity] += 1

    def update(self, other: Tally) -> None:
        """Take over what `other` counted, and what it holds as far as there is room."""
        before = len(self)
        for number, violation in [*other._refusals, *other._milder]:
            self._hold(before + number, violation)
        self.counts.update(other.counts)
        self.severities.update(other.severities)

    def _hold(self, number: int, violation: Violation) -> None:
        refuses = violation.severity == "violation"
        held = self._refusals if refuses else self._milder
        if len(held) >= self.limit:
            return
        text = len(violation.value or "")
        if self._text + text <= _MOST_TEXT:
            self._text += text
            held.append((number, violation))
