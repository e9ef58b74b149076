"""What a load did, for the person who ran it: a table, reasons, refused rows."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
from rich.console import Console
from rich.table import Table
from rich.text import Text

from loaders.run import Outcome
from trigpoint.erasure import REJECTS
from trigpoint.gate import terms
from trigpoint.gate.terms import short
from trigpoint.loading import Summary
from trigpoint.spatial.coverage import Coverage

COLUMNS = ("added", "changed", "unchanged", "rejected", "left out")
MOST_SHOWN = 50
MOST_NAMED = 5  # boundaries around one gap
# Of a report in JSON lines, what reasons are made of.
_FOUND = {
    "register": pl.String,
    "row": pl.UInt32,
    "severity": pl.String,
    "message": pl.String,
}


def print_outcome(
    outcome: Outcome, console: Console, *, dry_run: bool, reports: Sequence[Path] = ()
) -> None:
    """The table of counts, why rows were left out, and what the gate found; `reports`
    are the files that have all of it."""
    summary = outcome.summary
    console.print(_table(summary))
    _print_reasons(summary, console)
    if summary.coverages:
        console.print(Text("\n".join(map(_fit, summary.coverages))))
    if outcome.unread:
        names = ", ".join(outcome.unread)
        console.print(Text(f"left unread, since they are about people: {names}"))
    if summary.report.refusals:
        table = summary.report.table(limit=MOST_SHOWN, width=console.width)
        console.print(Text(table))
    elif summary.report.warnings:
        console.print(Text(_warnings(summary)))
    for path in reports:
        console.print(Text(f"report: {path}"), soft_wrap=True)
    if len(summary.report) > MOST_SHOWN and not reports:
        console.print(Text("Name a file with --report to have all that was found."))
    console.print(Text(_verdict(outcome, dry_run=dry_run)))


def _print_reasons(summary: Summary, console: Console) -> None:
    """Why rows were left out, and what was remarked on those that were not."""
    for register, counts in summary.counts.items():
        for reason, count in counts.left_out.items():
            console.print(Text(f"left out of {register}: {count:,} — {reason}"))
    for register, counts in summary.counts.items():
        for remark, count in counts.remarks.items():
            console.print(Text(f"{register}: {count:,} rows — {remark}"))


def _table(summary: Summary) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("register", overflow="fold")
    for name in COLUMNS:
        table.add_column(name, justify="right")
    for register, counts in summary.counts.items():
        left_out = sum(counts.left_out.values())
        numbers = (counts.added, counts.changed, counts.unchanged, counts.rejected)
        table.add_row(register, *(f"{number:,}" for number in (*numbers, left_out)))
    return table


def _fit(coverage: Coverage) -> str:
    """How the boundaries of a set fit together, in a line and one for each largest."""
    counts = ", ".join(
        f"{kind}s: {tally.count:,} of {tally.area:,.1f} m²"
        for kind, tally in coverage.tallies.items()
    )
    lines = [f"{coverage.name}: {coverage.areas:,} areas; {counts}"]
    for kind in coverage.tallies:
        flaw = coverage.largest(kind)
        if flaw is not None:
            lines.append(
                f"  largest {kind}: {flaw.area:,.1f} m² at {flaw.lon:.5f}, "
                f"{flaw.lat:.5f}, {', '.join(flaw.boundaries[:MOST_NAMED])}"
            )
    return "\n".join(lines)


def _warnings(summary: Summary) -> str:
    """Warnings refuse nothing, so they are counted and not listed."""
    counts = summary.report.counts.items()
    lines = [
        f"{count:>8,}  {register} {field or '(row)'} {short(component)}"
        for (register, field, component), count in counts
    ]
    return "\n".join(["Warned of, and loaded all the same:", *lines])


def _verdict(outcome: Outcome, *, dry_run: bool) -> str:
    summary = outcome.summary
    entries = sum(c.added + c.changed for c in summary.counts.values())
    if dry_run:
        return f"Dry run: nothing was written; {entries:,} entries would have been."
    if not summary.appended and not outcome.in_part:
        return (
            "Nothing was written: an archive is loaded whole or not at all, since its "
            "root hashes are of all its entries. Ask its publisher to mend it, or mend "
            "the shape of the register."
        )
    if not summary.appended:
        return f"Nothing was written. {_way_out(summary)}"
    return f"{entries:,} entries appended."


def _way_out(summary: Summary) -> str:
    """What to do about rows that were refused, and a release that drops too much."""
    counts = summary.report.counts.items()
    drops = sum(n for (*_, what), n in counts if what == terms.SUSPICIOUS_DROP)
    said = []
    if drops:
        said.append(
            "Check that the release is whole; --force loads one that is meant to drop "
            "so much."
        )
    if summary.report.refusals > drops:
        said.append("Mend the rows above, or load the others with --accept-partial.")
    return " ".join(said)


def write_rejects(
    summary: Summary, data: Path, source: str, report: Path
) -> tuple[Path, Path]:
    """Write refused rows as CSV, with all reasons, and put the whole `report` (JSON
    lines) beside it, under `data`/rejects.

    Columns: `register`, `row`, `reasons`, then the register's fields; lists are joined
    by `;`.
    """
    folder = data / REJECTS
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{source}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    csv, beside = folder / f"{name}.csv", folder / f"{name}.ndjson"
    fields = dict.fromkeys(n for rows in summary.rejects.values() for n in rows.columns)
    with csv.open("wb") as file:
        header = True
        for register, rows in summary.rejects.items():
            reasons = _reasons(report, register)
            for batch in rows.batches():
                absent = [name for name in fields if name not in batch.columns]
                nulls = (pl.lit(None, pl.String).alias(name) for name in absent)
                whole = batch.with_columns(nulls).select(list(fields))
                _flat(whole, register, reasons).write_csv(file, include_header=header)
                header = False
    shutil.copyfile(report, beside)
    return csv, beside


def _reasons(report: Path, register: str) -> pl.DataFrame:
    """What a report says of each row, and of the release as a whole."""
    return (
        pl.scan_ndjson(report, schema=_FOUND)
        .filter(pl.col("register") == register, pl.col("severity") == "violation")
        .group_by("row")
        .agg(pl.col("message").unique().sort().str.join("; ").alias("reasons"))
        .collect()
    )


def _flat(frame: pl.DataFrame, register: str, reasons: pl.DataFrame) -> pl.DataFrame:
    lists = [name for name, kind in frame.schema.items() if kind == pl.List(pl.String)]
    whole = reasons.filter(pl.col("row").is_null())["reasons"].to_list()
    return (
        frame.rename({"_row": "row"})
        .with_columns(pl.col("row").cast(pl.UInt32), pl.col(lists).list.join(";"))
        .join(reasons, on="row", how="left", maintain_order="left")
        .with_columns(pl.col("reasons").fill_null("; ".join(whole)))
        .select(
            pl.lit(register).alias("register"),
            *("row", "reasons"),
            pl.exclude("row", "reasons", "_problem"),
        )
    )
