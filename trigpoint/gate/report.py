"""The gate's report: every violation found, counted whole, held in part.

The terms are those of SHACL's validation report (W3C Recommendation 2017, section
3.6); a violation names its row, key and field too, since people mend files, not
graphs. Memory holds the first `limit` violations. Counts and the numbers of the
refused rows are always complete, and `spill` names a file that gets every violation.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from types import TracebackType
from typing import IO

from trigpoint.gate import render
from trigpoint.gate.terms import Severity
from trigpoint.gate.violation import Violation
from trigpoint.schema.catalogue import Schemas

LIMIT = 10_000


class Report:
    """What the gate found, over any number of registers.

    `spill` is written as CSV if its name ends in `.csv`, else as JSON lines; use the
    report as a context manager, or call `close`, to have it complete on disk.
    """

    def __init__(self, *, limit: int = LIMIT, spill: Path | None = None) -> None:
        self.limit = limit
        self.spill = spill
        self._held: list[Violation] = []
        self._counts: Counter[tuple[str, str | None, str]] = Counter()
        self._severities: Counter[Severity] = Counter()
        self._refused: dict[str, set[int]] = {}
        self._whole: set[str] = set()
        self._file: IO[str] | None = None

    def __enter__(self) -> Report:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __len__(self) -> int:
        """All findings, held or not, of either severity."""
        return self._severities.total()

    @property
    def violations(self) -> tuple[Violation, ...]:
        """The first `limit` findings, in the order in which they were added."""
        return tuple(self._held)

    @property
    def counts(self) -> Mapping[tuple[str, str | None, str], int]:
        """How often each (register, field, component) was found; complete."""
        return self._counts

    @property
    def truncated(self) -> bool:
        """Whether there were more findings than are held in memory."""
        return len(self) > len(self._held)

    @property
    def refusals(self) -> int:
        """Findings of severity violation; complete."""
        return self._severities["violation"]

    @property
    def warnings(self) -> int:
        return self._severities["warning"]

    @property
    def conforms(self) -> bool:
        """Whether nothing was refused; warnings do not count."""
        return self.refusals == 0

    def rejected_rows(self, register: str) -> set[int]:
        """Numbers of the rows of `register` that were refused; complete."""
        return set(self._refused.get(register, ()))

    def rejects_all(self, register: str) -> bool:
        """Whether the release of `register` is refused as a whole."""
        return register in self._whole

    def add(self, violation: Violation) -> None:
        self._counts[violation.register, violation.field, violation.component] += 1
        self._severities[violation.severity] += 1
        if violation.severity == "violation":
            if violation.row is None:
                self._whole.add(violation.register)
            else:
                self._refused.setdefault(violation.register, set()).add(violation.row)
        if len(self._held) < self.limit:
            self._held.append(violation)
        self._write(violation)

    def extend(self, violations: Iterable[Violation]) -> None:
        for violation in violations:
            self.add(violation)

    def merge(self, other: Report) -> None:
        """Take over what `other` found.

        Raises ValueError when this report spills and `other` no longer holds all it
        found: its violations could not be written.
        """
        if self.spill is not None and other.truncated:
            raise ValueError(
                "cannot merge a truncated report into one that is kept on disk: "
                "pass the report that spills to each check instead"
            )
        for violation in other.violations:
            self._write(violation)
        self._held += other._held[: self.limit - len(self._held)]
        self._counts.update(other._counts)
        self._severities.update(other._severities)
        self._whole |= other._whole
        for register, rows in other._refused.items():
            self._refused.setdefault(register, set()).update(rows)

    def table(self, *, limit: int = 50, width: int = 120) -> str:
        """Text for people: the first `limit` findings by row, then all counts."""
        lines = render.summary(
            self.counts, self._severities, len(self.violations[:limit])
        )
        if self.truncated and self.spill is not None:
            lines.append(f"All of them are in {self.spill}")
        return render.table(self.violations, lines, limit=limit, width=width)

    def as_json(self, base: str) -> dict[str, object]:
        """The members that a problem document gets (RFC 9457, section 3.2): what is
        held in memory as `violations`, and how many there were in all as `total`."""
        return {
            "conforms": self.conforms,
            "total": len(self),
            "violations": [render.member(one, base) for one in self._held],
        }

    def as_rdf(self, base: str, schemas: Schemas) -> str:
        """A `sh:ValidationReport` in Turtle of what is held in memory, without blank
        nodes. By SHACL's definition warnings, too, keep it from conforming."""
        return render.as_rdf(self.violations, base, schemas)

    def close(self) -> None:
        """Finish the file on disk; an empty report leaves an empty file."""
        if self.spill is not None and self._file is None:
            self._open(self.spill)
        if self._file is not None:
            self._file.close()

    def _write(self, violation: Violation) -> None:
        if self.spill is None:
            return
        file = self._file or self._open(self.spill)
        if self.spill.suffix == ".csv":
            row = ["" if v is None else v for v in asdict(violation).values()]
            csv.writer(file).writerow(row)
        else:
            file.write(json.dumps(asdict(violation), ensure_ascii=False) + "\n")

    def _open(self, path: Path) -> IO[str]:
        self._file = path.open("w", encoding="utf-8", newline="")
        if path.suffix == ".csv":
            csv.writer(self._file).writerow(f.name for f in fields(Violation))
        return self._file
