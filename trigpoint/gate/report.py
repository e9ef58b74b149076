"""The gate's report: every finding counted, held in part, and on disk in full.

The terms are those of SHACL's validation report (W3C Recommendation 2017, section
3.6); a violation names its row, key and field too, since people mend files, not
graphs. Memory holds the first `limit` findings. Counts and the numbers of the refused
rows are always complete, and so are the report's `files`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType

import polars as pl

from trigpoint.gate import render, results
from trigpoint.gate.rejected import RowNumbers
from trigpoint.gate.report_file import ReportFile
from trigpoint.gate.results import Naming
from trigpoint.gate.tally import Tally
from trigpoint.gate.violation import Violation
from trigpoint.schema.shape import Schema

LIMIT = 10_000


class Report:
    """What the gate found, over any number of registers.

    Every finding goes into `files`, too. They take their names once the report is
    closed: by `close`, or at the end of a `with` block, but not when that ends by an
    exception, which leaves no file and those that were there before as they were.
    """

    def __init__(self, *, limit: int = LIMIT, files: Sequence[ReportFile] = ()) -> None:
        self.limit = limit
        self.files = tuple(files)
        self._tally = Tally(limit)
        self._refused: dict[str, RowNumbers] = {}
        self._whole: set[str] = set()

    def __enter__(self) -> Report:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self.close()
        finally:
            self.discard()

    def __len__(self) -> int:
        """All findings, held or not, of whatever severity."""
        return len(self._tally)

    @property
    def violations(self) -> tuple[Violation, ...]:
        """The first `limit` findings, in the order in which they were added. Where
        there are more, those that refuse are held in preference to milder ones."""
        return self._tally.violations

    @property
    def counts(self) -> Mapping[tuple[str, str | None, str], int]:
        """How often each (register, field, component) was found; complete."""
        return self._tally.counts

    @property
    def truncated(self) -> bool:
        """Whether there were more findings than are held in memory."""
        return self._tally.truncated

    @property
    def refusals(self) -> int:
        """Findings of severity violation; complete."""
        return self._tally.severities["violation"]

    @property
    def warnings(self) -> int:
        return self._tally.severities["warning"]

    @property
    def conforms(self) -> bool:
        """Whether nothing was refused; warnings and notes do not count."""
        return self.refusals == 0

    def rejected_rows(self, register: str) -> pl.Series:
        """Numbers of the rows of `register` that were refused: UInt32, sorted, each
        once; complete."""
        return self._refused.get(register, RowNumbers()).series()

    def rejects(self, register: str, rows: pl.Series) -> pl.Series:
        """Which of some rows of `register`, by number, were refused (Boolean)."""
        return self._refused.get(register, RowNumbers()).has(rows)

    def rejects_all(self, register: str) -> bool:
        """Whether the release of `register` is refused as a whole."""
        return register in self._whole

    def part(self) -> Report:
        """An empty report that writes to the same files: what it finds counts here
        once it is merged."""
        return Report(limit=self.limit, files=self.files)

    def use(self, schemas: Mapping[str, Schema]) -> None:
        """Write values by these schemas from now on: an archive may bring its own."""
        for file in self.files:
            file.naming.schemas = schemas

    def add(self, violation: Violation) -> None:
        """Raises ReportNotWritten when one of the files cannot be written."""
        self._tally.add(violation)
        if violation.severity == "violation":
            if violation.row is None:
                self._whole.add(violation.register)
            else:
                self._rows(violation.register).add(violation.row)
        for file in self.files:
            file.write(violation)

    def extend(self, violations: Iterable[Violation]) -> None:
        for violation in violations:
            self.add(violation)

    def merge(self, other: Report) -> None:
        """Take over what `other` found.

        Raises ValueError when this report has files that `other` did not write to and
        `other` no longer holds all it found.
        """
        files = [file for file in self.files if file not in other.files]
        if files and other.truncated:
            raise ValueError(
                "cannot merge a truncated report into one that is kept on disk: "
                "give the check a part of that report instead"
            )
        for file in files:
            for violation in other.violations:
                file.write(violation)
        self._tally.update(other._tally)
        self._whole |= other._whole
        for register, rows in other._refused.items():
            self._rows(register).update(rows)

    def table(self, *, limit: int = 50, width: int = 120) -> str:
        """Text for people: the first `limit` findings by row, then all counts."""
        shown = len(self.violations[:limit])
        lines = render.summary(self.counts, self._tally.severities, shown)
        return render.table(self.violations, lines, limit=limit, width=width)

    def as_json(self, base: str, *, limit: int = LIMIT) -> dict[str, object]:
        """The members that a problem document gets (RFC 9457, section 3.2): at most
        `limit` of what is held in memory as `violations`, and how many there were in
        all as `total`."""
        listed = self._tally.first(min(limit, self.limit))
        return {
            "conforms": self.conforms,
            "total": len(self),
            "violations": [render.member(one, base) for one in listed],
        }

    def as_rdf(self, base: str, schemas: Mapping[str, Schema]) -> str:
        """A `sh:ValidationReport` in Turtle of what is held in memory, without blank
        nodes. By SHACL's definition warnings, too, keep it from conforming."""
        return results.turtle(self.violations, Naming(base, schemas))

    def close(self) -> None:
        """Finish the files, which have their names then; raises ReportNotWritten. It
        may be done twice."""
        for file in self.files:
            file.close()

    def discard(self) -> None:
        """Give the files up, unless they are closed."""
        for file in self.files:
            file.discard()

    def _rows(self, register: str) -> RowNumbers:
        return self._refused.setdefault(register, RowNumbers())
