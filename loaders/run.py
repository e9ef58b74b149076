"""From the files of a release to entries in the log, the same way for all sources.

Open, read, stage, gate, append: all of a release or nothing. Rows stay in files, of
which batches pass through memory; all of them live in one folder, which goes when the
load ends, however it ends.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import polars as pl

from loaders.layout import Layout
from loaders.release import Release, open_release
from loaders.reports import check_apart, open_report
from loaders.source import Given, Rows, Source
from trigpoint.errors import BadRelease, NoData
from trigpoint.gate.report import Report
from trigpoint.identity import Identity
from trigpoint.loading import Summary
from trigpoint.log.entry import Batch
from trigpoint.register import Registers
from trigpoint.rights import read_token
from trigpoint.schema.shape import Schema
from trigpoint.staging import Load

Progress = Callable[[str, int, int | None], None]
Read = Callable[[Given], Sequence[Rows]]


@dataclass(frozen=True)
class Outcome:
    """What a load did.

    `unread` are the columns left unread for the sake of the people whom they are
    about. `base` is the IRI that records were named under, and `in_part` says whether
    the source's rows can be loaded without those that are refused.
    """

    summary: Summary
    base: str
    unread: tuple[str, ...] = ()
    in_part: bool = True


def load(
    source: Source,
    paths: Sequence[Path],
    options: argparse.Namespace,
    progress: Progress,
    folder: Path,
    reports: Sequence[Path] = (),
) -> Outcome:
    """Load files of one source into the data directory that `options.data` names.

    Temporary files go to `folder`, which may be removed once the outcome was read. All
    that the gate finds goes into `reports`, files in forms that their suffixes name.
    Raises BadRelease for a file that cannot be read as one of the source's, and the
    other errors of `trigpoint`; then nothing was appended.
    """
    registers = Registers.open(options.data, base=options.base, write=True)
    if registers.made is not None:
        _say_made(registers.made)
    key = None if options.key is None else read_token(options.key)
    if not options.dry_run:
        registers.permit(key)  # before anything is read
    with open_report(reports, registers.base, registers.schemas) as report:
        if source.read is None:
            return _import(source, paths, options, registers, key, report, progress)
        return _take(
            *(source, source.read, paths, options, registers, key, report),
            *(folder, progress),
        )


def _take(
    source: Source,
    read: Read,
    paths: Sequence[Path],
    options: argparse.Namespace,
    registers: Registers,
    key: str | None,
    report: Report,
    folder: Path,
    progress: Progress,
) -> Outcome:
    layouts = source.layouts
    if source.layouts_of is not None:
        layouts = source.layouts_of(options, registers.schemas)
    files = _files(source, layouts, paths)
    check_apart([file.path for file in report.files], files)
    releases = _open(files, layouts, folder, progress)
    _require(source, releases)
    given = Given(releases, options, _held(registers), registers.schemas)
    loads = [
        Load(rows.register, rows.frame, rows.partial, source.whole)
        for rows in read(given)
    ]
    summary = registers.load(
        loads,
        _batch(source, releases, options.source_date),
        key=key,
        dry_run=options.dry_run,
        accept_partial=options.accept_partial,
        force=options.force,
        progress=progress,
        report=report,
        folder=folder,
    )
    unread = {name for release in releases for name in release.unread}
    return Outcome(summary, registers.base, tuple(sorted(unread)))


def _say_made(made: Identity) -> None:
    """Say that there is a signing key now, once: who verifies the log pins it."""
    vkey = made.signer().keys.public().current
    print(f"made a signing key: {vkey}, in {made.keys}", file=sys.stderr)


def _import(
    source: Source,
    paths: Sequence[Path],
    options: argparse.Namespace,
    registers: Registers,
    key: str | None,
    report: Report,
    progress: Progress,
) -> Outcome:
    files = [file for path in paths for file in _inside(path, "*.rsf", "*.rsf.gz")]
    if not files:
        raise NoData("no file named, or no .rsf file in the folder named")
    check_apart([file.path for file in report.files], files)
    elsewhere = options.source_title != source.title
    batch = Batch(
        source=source.name,
        title=options.source_title,
        files=tuple((file.name, f"sha-256:{_checksum(file)}") for file in files),
        licence=source.licence,
        attribution=options.attribution,
        landing_page=None if elsewhere else source.landing_page,
        release_date=options.source_date,
    )
    done = registers.import_rsf(
        files,
        batch,
        key=key,
        dry_run=options.dry_run,
        progress=progress,
        report=report,
    )
    return Outcome(done, registers.base, in_part=False)


def _inside(path: Path, *patterns: str) -> list[Path]:
    """The file itself, or what a folder holds, at any depth."""
    if not path.is_dir():
        return [path]
    return sorted(file for pattern in patterns for file in path.rglob(pattern))


def _checksum(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BadRelease(
            f"cannot be read: {error.strerror}", file=path.name, do="check the path"
        ) from error


def _files(
    source: Source, layouts: Sequence[Layout], paths: Sequence[Path]
) -> list[Path]:
    """The files named, and in folders named those that are called as a layout is."""
    if not paths:
        if source.find_files is None:
            raise NoData(f"no file named: {source.name} reads files")
        return list(source.find_files())
    names = {layout.name for layout in layouts}
    files: list[Path] = []
    for path in paths:
        found = [path]
        if path.is_dir():
            found = [file for file in _inside(path, "*") if file.name in names]
        if not found:
            raise NoData(f"{path} has no file called {' or '.join(sorted(names))}")
        files += found
    return files


def _open(
    files: Sequence[Path], layouts: Sequence[Layout], folder: Path, progress: Progress
) -> list[Release]:
    sizes = [file.stat().st_size if file.is_file() else 0 for file in files]
    seen = 0

    def advance(count: int) -> None:
        nonlocal seen
        seen += count
        progress("read", seen, sum(sizes))

    return [open_release(file, layouts, folder, advance=advance) for file in files]


def _require(source: Source, releases: Sequence[Release]) -> None:
    there = {release.layout.name for release in releases}
    missing = [name for name in source.needs if name not in there]
    if missing:
        raise NoData(f"{source.name} needs also: {', '.join(missing)}")


def _batch(source: Source, releases: Sequence[Release], date: str | None) -> Batch:
    attributions = [source.attribution]
    attributions += [r.layout.attribution for r in releases if r.layout.attribution]
    return Batch(
        source=source.name,
        title=source.title,
        files=tuple((r.path.name, f"sha-256:{r.checksum}") for r in releases),
        licence=source.licence,
        attribution=" ".join(dict.fromkeys(attributions)),
        landing_page=source.landing_page or None,
        release_date=date,
    )


def _held(registers: Registers) -> Callable[[str], pl.DataFrame]:
    """Current records by register, each read once (see `Given.held`)."""

    @cache
    def held(register: str) -> pl.DataFrame:
        if register not in registers.schemas:
            return pl.DataFrame(schema={register: pl.String})
        schema = registers.schemas[register]
        items = [item for _, _, item in registers.log.current(register)]
        decoded = pl.col("item").str.json_decode(pl.Struct(_types(schema)))
        frame = pl.DataFrame({"item": items}, schema={"item": pl.String})
        return (
            frame.select(decoded)
            .unnest("item")
            .with_columns(
                pl.col(field.name).list.join(";")
                for field in schema.fields
                if field.many
            )
        )

    return held


def _types(schema: Schema) -> dict[str, pl.DataType]:
    return {
        field.name: pl.List(pl.String) if field.many else pl.String()
        for field in schema.fields
    }
