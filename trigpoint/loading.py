"""From rows to entries within one transaction: staged, gated, drafted, appended.

Nothing is decided here: who loads looks at the report and keeps the transaction or not.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from trigpoint import staging
from trigpoint.dates import now, today
from trigpoint.gate.drop import Standing
from trigpoint.gate.gate import check, split
from trigpoint.gate.history import NumberedItem, check_items
from trigpoint.gate.report import Report
from trigpoint.log.appender import Appender
from trigpoint.log.drafts import Drafts
from trigpoint.log.entry import Batch
from trigpoint.log.reader import LogReader
from trigpoint.schema.catalogue import Schemas
from trigpoint.schema.shape import Schema
from trigpoint.staging import Counts, Load
from trigpoint.view import Progress, silent


@dataclass
class Summary:
    """What a load did to each register, or would have done.

    `appended` says whether it was written: not after a dry run, nor when rows were
    rejected and that was not accepted. `rejects` holds the refused rows.
    """

    counts: dict[str, Counts] = field(default_factory=dict)
    report: Report = field(default_factory=Report)
    rejects: dict[str, pl.DataFrame] = field(default_factory=dict)
    appended: bool = False

    @property
    def rejected(self) -> int:
        return sum(counts.rejected for counts in self.counts.values())


@dataclass(frozen=True)
class Judged:
    """Rows of one register as the gate found them.

    `drafts` are the entries to append for the rows accepted, `rejected` the rows
    refused but for those whose content is withheld, `held` the keys of records that the
    log has already, among those that rows of this load could change.
    """

    drafts: Drafts
    counts: Counts
    report: Report
    rejected: pl.DataFrame
    held: pl.Series


@dataclass(frozen=True)
class Loading:
    """What rows are judged by: a log, the schemas of its registers, their base."""

    log: LogReader
    schemas: Schemas
    base: str

    def load(
        self,
        load: Load,
        batch: Batch,
        appender: Appender,
        summary: Summary,
        *,
        force: bool = False,
        progress: Progress = silent,
    ) -> None:
        """Judge the rows of one register and append what is new of those accepted."""
        judged = self.judge_rows(
            load,
            batch.release_date or today(),
            force=force,
            progress=progress,
            report=summary.report.part(),
        )
        appender.append(load.register, judged.drafts)
        summary.counts[load.register] = judged.counts
        summary.report.merge(judged.report)
        if len(judged.rejected):
            summary.rejects[load.register] = judged.rejected

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
        frame, reasons = staging.left_out(staging.collect(load, schema))
        # A few rows need a few records, however many the register has.
        keys = None if load.whole else frame[schema.key].drop_nulls()
        current = staging.current_records(self.log, load.register, keys)
        frame = staging.complete(frame, current, schema, partial=load.partial)
        frame = staging.refuse_withheld(frame, schema, self.log)
        found = check(
            frame,
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
        accepted, rejected = split(frame, found, load.register)
        drafts, counts = staging.draft(
            accepted, current, schema, self._moment(load.register)
        )
        counts.rejected, counts.left_out = len(rejected), reasons
        kept = staging.to_keep(rejected)
        return Judged(drafts, counts, found, kept, current[staging.KEY])

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
        """Which of these keys a register holds, with the date on which each ended."""
        end = self.schemas[register].end if register in self.schemas else None
        return self.log.values(register, keys, end).rename({"value": "end"})

    def _standing(self, load: Load, schema: Schema) -> Standing | None:
        """What a load is compared with, if it should hold all of its register."""
        if load.partial or not load.whole or not self.log.size(schema.register):
            return None
        return Standing.of_entries(self.log.iter_items(schema.register), schema)
