"""From rows to entries within one transaction: staged, gated, drafted, appended.

Nothing is decided here: who loads looks at the report, and says whether what conforms
is appended. Rows are staged once and pass the gate and the log in batches.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from trigpoint.dates import now, today
from trigpoint.drafting import Drafted, draft
from trigpoint.gate.drop import Standing
from trigpoint.gate.gate import check, split
from trigpoint.gate.history import NumberedItem, check_items
from trigpoint.gate.report import Report
from trigpoint.gate.staged import BATCH, Staged, StagedWriter
from trigpoint.log.appender import Appender
from trigpoint.log.entry import Batch
from trigpoint.log.reader import LogReader
from trigpoint.schema.catalogue import Schemas
from trigpoint.schema.shape import Schema
from trigpoint.spatial.coverage import Coverage
from trigpoint.staging import Counts, Load, Stage, current_records, to_keep
from trigpoint.view import Progress, silent


@dataclass
class Summary:
    """What a load did to each register, or would have done.

    `appended` says whether it was written: not after a dry run, nor when rows were
    rejected and that was not accepted. `rejects` are the refused rows, but for those
    whose content is withheld; in files, if rows were staged in files. `coverages` say
    how well the sets of boundaries will fit together that rows were loaded of.
    """

    counts: dict[str, Counts] = field(default_factory=dict)
    report: Report = field(default_factory=Report)
    rejects: dict[str, Staged] = field(default_factory=dict)
    coverages: list[Coverage] = field(default_factory=list)
    appended: bool = False

    @property
    def rejected(self) -> int:
        return sum(counts.rejected for counts in self.counts.values())


@dataclass(frozen=True)
class Judged:
    """Rows of one register as the gate found them; `counts` has those left out."""

    load: Load
    rows: Staged
    counts: Counts
    report: Report


@dataclass(frozen=True)
class Loading:
    """What rows are judged by: a log, the schemas of its registers, their base; and
    where lazy rows are staged meanwhile (see `staging.Stage`)."""

    log: LogReader
    schemas: Schemas
    base: str
    folder: Path | None = None
    batch: int = BATCH

    def judge_rows(
        self,
        load: Load,
        day: str,
        *,
        force: bool = False,
        progress: Progress = silent,
        report: Report | None = None,
    ) -> Judged:
        """Judge the rows of one register; `day` is that on which links must hold.
        Findings go into `report`, an empty one, when it is given."""
        schema = self.schemas[load.register]
        rows, counts = self._stage.take(load, schema, progress)
        found = check(
            rows,
            schema,
            self.schemas,
            held=self.held,
            source_date=day,
            base=self.base,
            progress=lambda done, total: progress(
                f"gate: {load.register}", done, total
            ),
            current=self._standing(load, schema),
            force=force,
            report=report,
        )
        return Judged(load, rows, counts, found)

    def draft(self, judged: Judged) -> Iterator[tuple[Drafted, pl.DataFrame]]:
        """What to append of the rows accepted, and the rows refused, a batch at a time;
        what a batch becomes may be appended before the next is asked for."""
        register = judged.load.register
        schema, moment = self.schemas[register], self._moment(register)
        held = self.log.size(register) > 0
        for rows in judged.rows.batches():
            accepted, rejected = split(rows, judged.report, register)
            keys = accepted[schema.key] if held else accepted[schema.key].clear()
            current = current_records(self.log, register, keys)
            yield draft(accepted, current, schema, moment), rejected

    def append(
        self,
        judged: Judged,
        appender: Appender,
        summary: Summary,
        *,
        keep: bool,
        progress: Progress = silent,
    ) -> None:
        """Append what is new of the rows accepted, and count it into the summary;
        without `keep` only count, and refuse what could not be appended."""
        register, counts = judged.load.register, judged.counts
        total, done = len(judged.rows), 0
        with self._rejects(judged) as rejects:
            for drafted, rejected in self.draft(judged):
                if keep:
                    appender.append(register, drafted.drafts)
                else:
                    appender.check_fits(drafted.drafts)
                counts.added += drafted.added
                counts.changed += drafted.changed
                counts.unchanged += drafted.unchanged
                counts.rejected += len(rejected)
                rejects.add(to_keep(rejected))
                done += len(rejected) + drafted.unchanged + len(drafted.drafts)
                progress(f"append: {register}", done, total)
        summary.counts[register] = counts
        if len(refused := rejects.staged()):
            summary.rejects[register] = refused

    @property
    def _stage(self) -> Stage:
        return Stage(self.log, self.folder, self.batch)

    def _rejects(self, judged: Judged) -> StagedWriter:
        return StagedWriter(judged.rows.columns, self._stage.path(), self.batch)

    def judge(
        self, register: str, items: list[NumberedItem], batch: Batch, report: Report
    ) -> None:
        """Judge items of an archived register, as they stand."""
        check_items(
            items,
            self.schemas[register],
            self.schemas,
            held=self.held,
            source_date=batch.release_date or today(),
            base=self.base,
            report=report,
        )

    def _moment(self, register: str) -> str:
        """The time of new entries: now, or that of the newest entry while the clock is
        behind it, since entries never go back in time."""
        size = self.log.size(register)
        newest = self.log.entries(register, size, 1) if size else []
        return max([now(), *(entry.timestamp for entry in newest)])

    def held(self, register: str, keys: pl.Series) -> pl.DataFrame:
        """Which of these keys a register holds; with the date on which each ended, if
        that matters to any link."""
        end = None
        if register in self.schemas and self.schemas.ends_matter(register):
            end = self.schemas[register].end
        return self.log.values(register, keys, end).rename({"value": "end"})

    def _standing(self, load: Load, schema: Schema) -> Standing | None:
        """What a load is compared with, if it should hold all of its register."""
        if load.partial or not load.whole or not self.log.size(schema.register):
            return None
        return Standing.of_entries(self.log.iter_items(schema.register), schema)
