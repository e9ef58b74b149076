"""Read files with a source as the loader does, without gating or appending."""

from __future__ import annotations

import argparse
import gzip
import shlex
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import polars as pl

from loaders.release import open_release
from loaders.source import Given, Source
from trigpoint.register import Registers
from trigpoint.resources import resource_folder
from trigpoint.schema.catalogue import Schemas
from trigpoint.schema.items import parse_item

Held = Callable[[str], pl.DataFrame]


def nothing_held(register: str) -> pl.DataFrame:
    """Registers without records."""
    return pl.DataFrame(schema={register: pl.String})


def holding(tables: Mapping[str, Sequence[Mapping[str, str]]]) -> Held:
    """Registers with the records given, the others without."""

    def held(register: str) -> pl.DataFrame:
        if register not in tables:
            return nothing_held(register)
        return pl.DataFrame(list(tables[register]), infer_schema_length=None)

    return held


def held_in(data: Path) -> Held:
    """The registers of a data directory."""
    registers = Registers.open(data)

    def held(register: str) -> pl.DataFrame:
        if not registers.log.sizes().get(register):
            return nothing_held(register)
        rows = []
        for _, _, text in registers.log.current(register):
            assert text is not None
            item = parse_item(text).items()
            rows.append({k: ";".join(v) if isinstance(v, list) else v for k, v in item})
        return pl.DataFrame(rows, infer_schema_length=None)

    return held


def records_of(data: Path, register: str) -> dict[str, dict[str, str | list[str]]]:
    """The items of a register's current records, by key."""
    registers = Registers.open(data)
    if register not in registers.log.sizes():
        return {}
    return {r.entry.key: r.item for r in registers.log.iter_records(register)}


def read_rows(
    source: Source,
    files: Sequence[Path],
    arguments: str = "",
    held: Held = nothing_held,
) -> dict[str, pl.DataFrame]:
    """What a source makes of its files: a frame for each register."""
    parser = argparse.ArgumentParser()
    source.add_options(parser)
    options = parser.parse_args(shlex.split(arguments))
    schemas = Schemas([resource_folder("shapes")])
    layouts = source.layouts
    if source.layouts_of is not None:
        layouts = source.layouts_of(options, schemas)
    assert source.read is not None
    with tempfile.TemporaryDirectory() as folder:
        releases = [open_release(file, layouts, Path(folder)) for file in files]
        read = source.read(Given(releases, options, held, schemas))
        return {rows.register: rows.frame.collect() for rows in read}


def staged(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows that are neither left out nor refused by the reader."""
    kept = frame
    for name in ("_left_out", "_problem"):
        if name in frame.columns:
            kept = kept.filter(pl.col(name).is_null())
    return kept


def one(frame: pl.DataFrame, **fields: str) -> dict[str, object]:
    """The one row with these values (`_` in a name stands for `-`), without nulls."""
    wanted = [pl.col(k.replace("_", "-")) == v for k, v in fields.items()]
    row = frame.filter(*wanted).row(0, named=True)
    return {name: value for name, value in row.items() if value is not None}


def reasons(frame: pl.DataFrame, name: str = "_left_out") -> dict[str, int]:
    """How many rows have each reason."""
    return dict(frame[name].drop_nulls().value_counts().iter_rows())


def write_gzip(path: Path, data: bytes) -> Path:
    path.write_bytes(gzip.compress(data))
    return path
