"""`python -m loaders SOURCE FILE… --data DIR`.

Exit code 0: fine; 1: rows or a file were rejected; 2: wrong usage, or a fault.
"""

from __future__ import annotations

import argparse
import errno
import os
import signal
import sqlite3
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

import polars as pl
from rich.console import Console
from rich.progress import Progress, TaskID

from loaders import (
    area_codes,
    boundaries,
    code_point,
    edubase,
    gds_address,
    gds_street,
    gias,
    gias_links,
    rows,
    rsf,
    run,
    school_addresses,
    summary,
    wards,
)
from loaders.reports import check_reports
from loaders.source import Source
from trigpoint.dates import days_of
from trigpoint.errors import BadRelease, InvalidParameter, TrigpointError
from trigpoint.gate.forms import FORMS

SOURCES: tuple[Source, ...] = (
    rsf.SOURCE,
    area_codes.SOURCE,
    wards.SOURCE,
    boundaries.SOURCE,
    edubase.SOURCE,
    gias.SOURCE,
    gias_links.SOURCE,
    gds_street.SOURCE,
    gds_address.SOURCE,
    school_addresses.SOURCE,
    code_point.SOURCE,
    rows.SOURCE,
)
# Bars for work that is over sooner would only flicker.
_PATIENCE = 1.0
STOPPED = (
    "Stopped. What was appended stands whole; views that had yet to catch up do so "
    "with the next load or `trigpoint rebuild`."
)


class Stopped(BaseException):
    """The process was asked to end (SIGTERM); not an error that code may handle."""


def parser() -> argparse.ArgumentParser:
    """All sources as sub-commands, each with the common options and its own."""
    top = argparse.ArgumentParser(
        prog="python -m loaders", description="Load a release of a source."
    )
    sources = top.add_subparsers(dest="source", required=True, metavar="SOURCE")
    for source in SOURCES:
        one = sources.add_parser(
            source.name,
            help=source.title,
            description=f"{source.title}. See docs/sources.md.",
        )
        _add_common(one)
        _add_choices(one, in_part=source.read is not None)
        source.add_options(one)
    return top


def _add_common(one: argparse.ArgumentParser) -> None:
    data = os.environ.get("TRIGPOINT_DATA")
    one.add_argument("files", nargs="*", type=Path, metavar="FILE")
    one.add_argument(
        "--data",
        type=Path,
        default=Path(data) if data else None,
        required=not data,
        help="data directory (or TRIGPOINT_DATA)",
    )
    one.add_argument("--base", help="IRI under which records are named")
    one.add_argument(
        "--source-date", help="the date that the source gives this release"
    )
    one.add_argument("--dry-run", action="store_true", help="gate, and write nothing")
    one.add_argument(
        "--report",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help=f"write all that the gate finds to a file ({' '.join(FORMS)}); may be "
        "given again",
    )
    key = os.environ.get("TRIGPOINT_KEY")
    one.add_argument(
        "--key",
        type=Path,
        default=Path(key) if key else None,
        metavar="FILE",
        help="file with a custodian's key (or TRIGPOINT_KEY; default: the owner's)",
    )


def _add_choices(one: argparse.ArgumentParser, *, in_part: bool) -> None:
    """What a person may decide about rows; an archive is taken whole, as it is."""
    if not in_part:
        one.set_defaults(accept_partial=False, force=False)
        return
    one.add_argument(
        "--accept-partial",
        action="store_true",
        help="load the rows that conform, write the others to DIR/rejects",
    )
    one.add_argument(
        "--force", action="store_true", help="load a release that drops suspiciously"
    )


class Bars:
    """Progress bars on stderr, when it is a terminal and work takes its time."""

    def __init__(self, console: Console) -> None:
        self._bars = Progress(console=console, transient=True)
        self._tasks: dict[str, TaskID] = {}
        self._started = time.monotonic()
        self._shown = console.is_terminal
        self._running = False

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        if not self._shown or time.monotonic() - self._started < _PATIENCE:
            return
        if not self._running:
            self._bars.start()
            self._running = True
        if stage not in self._tasks:
            for task in self._tasks.values():
                self._bars.update(task, visible=False)
            self._tasks[stage] = self._bars.add_task(stage, total=total)
        self._bars.update(self._tasks[stage], completed=done, total=total)

    def stop(self) -> None:
        """Take the bars away; without any, nothing is printed."""
        if self._running:
            self._bars.stop()
            self._running = False


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one load; returns the exit code. Raises SystemExit(2) for wrong usage."""
    options = parser().parse_args(arguments)
    source = next(one for one in SOURCES if one.name == options.source)
    errors = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)
    bars = Bars(errors)
    before = signal.signal(signal.SIGTERM, _stop)
    try:
        return _load(source, options, bars)
    except BadRelease as error:
        return _say(errors, bars, str(error), 1)
    except TrigpointError as error:
        return _say(errors, bars, str(error), 2)
    except OSError as error:
        return _say(errors, bars, of_system(error, options.data), 2)
    except (MemoryError, sqlite3.Error, pl.exceptions.PolarsError) as error:
        return _say(errors, bars, f"{type(error).__name__}: {error}", 2)
    except (KeyboardInterrupt, Stopped):
        return _say(errors, bars, STOPPED, 2)
    finally:
        bars.stop()
        signal.signal(signal.SIGTERM, before)


def _load(source: Source, options: argparse.Namespace, bars: Bars) -> int:
    if options.source_date is not None:
        days_of(options.source_date, "source-date")
    if options.accept_partial and options.dry_run:
        raise InvalidParameter(
            "--accept-partial writes and --dry-run does not: choose one",
            parameter="dry-run",
        )
    check_reports(options.report)
    with tempfile.TemporaryDirectory(prefix="trigpoint-") as folder:
        whole = Path(folder) / "report.ndjson"
        reports = [*options.report, *([whole] if options.accept_partial else [])]
        outcome = run.load(source, options.files, options, bars, Path(folder), reports)
        bars.stop()
        summary.print_outcome(
            outcome, Console(), dry_run=options.dry_run, reports=options.report
        )
        done = outcome.summary
        if done.appended and done.rejects:
            kept = summary.write_rejects(done, options.data, source.name, whole)
            for path in kept:
                print(f"rejected rows and reasons: {path}")
    return 0 if done.report.conforms else 1


def _say(errors: Console, bars: Bars, text: str, code: int) -> int:
    bars.stop()
    errors.print(text)
    return code


def of_system(error: OSError, data: Path) -> str:
    """What the system refused to do, where, and what to do about it."""
    if error.errno == errno.ENOSPC:
        return (
            f"no room is left in {tempfile.gettempdir()} or {data}: make room there, "
            "or name another folder for temporary files (TMPDIR)"
        )
    if error.errno in (errno.EACCES, errno.EROFS) and error.filename is not None:
        return (
            f"{error.filename} may not be used ({error.strerror}): a load needs to "
            "read and write the data directory, with --dry-run too"
        )
    return f"{type(error).__name__}: {error}"


def _stop(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise Stopped


if __name__ == "__main__":
    sys.exit(main())
