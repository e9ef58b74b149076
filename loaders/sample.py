"""Make the sample in `data/`: the loaders' own rows, written as RSF.

`python -m loaders.sample --out data` reads the folder that TRIGPOINT_REAL_DATA names,
fills a temporary data directory through the same loaders as any other, and writes the
registers of the sample from it. The archive's entries come first, as they were, so the
trees are the archive's. data/SOURCE.md says what comes from where.
"""

from __future__ import annotations

import argparse
import gzip
import os
import sys
import tempfile
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import shapely

from loaders import (
    area_codes,
    boundaries,
    code_point,
    edubase,
    rows,
    rsf,
    run,
    school_addresses,
)
from loaders.__main__ import parser
from loaders.boundaries import BOUNDARY
from loaders.code_point import POSTCODE
from loaders.layout import ROW
from loaders.school_addresses import ADDRESS
from loaders.schools import SCHOOL
from loaders.source import Given, Rows, Source
from trigpoint.errors import NoData, ReleaseRejected
from trigpoint.log.entry import Batch
from trigpoint.log.rsf import rsf_lines
from trigpoint.register import Registers
from trigpoint.spatial.generalise import generalise
from trigpoint.staging import Load
from trigpoint.view import silent

ARCHIVED = (
    "country",
    "territory",
    "local-authority-type",
    "local-authority-eng",
    "local-authority-nir",
    "local-authority-sct",
    "principal-local-authority",
    "school-type-eng",
    "statistical-geography",
    "statistical-geography-county-eng",
    "statistical-geography-local-government-district-nir",
    "statistical-geography-london-borough-eng",
    "statistical-geography-metropolitan-district-eng",
    "statistical-geography-non-metropolitan-district-eng",
    "statistical-geography-unitary-authority-eng",
    "statistical-geography-unitary-authority-wls",
)
# Places that a reader may know: Parliament, Downing Street, Holyrood, the Senedd.
KNOWN_POSTCODES = ("SW1A 0AA", "SW1A 2AA", "EH99 1SP", "CF99 1SN")
TOLERANCE_METRES = 50
DECIMALS = 4
SMALLEST_ISLAND_M2 = 10_000

Change = Callable[[pl.DataFrame], pl.DataFrame]


def make(real: Path, out: Path) -> None:
    """Write the sample's registers to `out` from the source files in `real`."""
    with tempfile.TemporaryDirectory(prefix="trigpoint-sample-") as folder:
        data = Path(folder) / "data"
        _load_areas(real, data)
        _load_schools(real, data)
        registers = Registers.open(data, write=True)
        for name in registers.log.registers():
            _write(registers, name, out)


def _load_areas(real: Path, data: Path) -> None:
    codes = real / "codes"
    archive = [real / "registers" / f"{name}.rsf" for name in ARCHIVED]
    _run(rsf.SOURCE, archive, data)
    uk = codes / "gds/country-data/data/uk/uk.tsv"
    _run(rows.SOURCE, [uk], data, "--register", "uk")
    _run(area_codes.SOURCE, [codes], data, "--source-date", "2026-06")
    _run(
        replace(boundaries.SOURCE, read=_changed(boundaries.SOURCE, _generalised)),
        [real / "boundaries/lad_2025.geojsonl.gz"],
        data,
        *("--vintage", "2025", "--resolution", f"{TOLERANCE_METRES}m", "--repair"),
        *("--source-title", "Local authority districts 2025", "--source-date", "2025"),
    )


def _load_schools(real: Path, data: Path) -> None:
    matches = real / "addresses/school_uprn.tsv"
    names = pl.read_csv(matches, separator="\t", quote_char=None, infer_schema=False)
    urns = names["test"].str.strip_prefix("school:").to_list()
    schools = [
        real / "schools/edubase_2016.tsv.gz",
        real / "schools/school_types_by_urn.tsv.gz",
    ]
    _run(_only(edubase.SOURCE, SCHOOL, urns), schools, data, "--source-date", "2016-11")
    _run(school_addresses.SOURCE, [matches], data)
    postcodes = {*names[POSTCODE].drop_nulls(), *KNOWN_POSTCODES}
    _run(_only(code_point.SOURCE, POSTCODE, postcodes), [], data)
    _position(Registers.open(data, write=True), (SCHOOL, ADDRESS))


def _run(source: Source, paths: Sequence[Path], data: Path, *options: str) -> None:
    """One load, as the command would do it; raises ReleaseRejected if a row is
    refused."""
    words = [source.name, *map(str, paths), "--data", str(data), *options]
    given = parser().parse_args(words)
    with tempfile.TemporaryDirectory(prefix="trigpoint-") as folder:
        summary = run.load(source, paths, given, silent, Path(folder)).summary
    for register, counts in summary.counts.items():
        print(f"{source.name}: {register}: {counts}")
    if not summary.report.conforms:
        first = summary.report.violations[0]
        raise ReleaseRejected(f"{source.name}: row {first.row}: {first.message}")


def _changed(source: Source, change: Change) -> Callable[[Given], list[Rows]]:
    read = source.read
    if read is None:
        raise NoData(f"{source.name} is read as it is")

    def changed(given: Given) -> list[Rows]:
        return [
            replace(one, frame=change(one.frame.collect()).lazy())
            for one in read(given)
        ]

    return changed


def _only(source: Source, field: str, wanted: Collection[str]) -> Source:
    """The same source, cut down to the rows of some keys."""
    keys = pl.Series(sorted(wanted))

    def keep(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.filter(pl.col(field).is_in(keys.implode()))

    return replace(source, read=_changed(source, keep), whole=False)


def _generalised(frame: pl.DataFrame) -> pl.DataFrame:
    """Boundaries with less detail, as one coverage, and the record saying so."""
    shapes = list(shapely.from_wkt(frame["geometry"].to_list()))
    simple = generalise(
        shapes,
        TOLERANCE_METRES,
        decimals=DECIMALS,
        smallest_island_m2=SMALLEST_ISLAND_M2,
    )
    texts = shapely.to_wkt(np.array(simple), rounding_precision=DECIMALS)
    said = (
        f"Visvalingam-Whyatt over all districts as one coverage in EPSG:25830, "
        f"tolerance {TOLERANCE_METRES} m (square root of a triangle's area); islets "
        f"below {SMALLEST_ISLAND_M2} m² left out; {DECIMALS} decimals of a degree"
    )
    return frame.with_columns(
        pl.Series("geometry", texts.tolist(), pl.String),
        pl.concat_str(
            pl.col("generalisation"), pl.lit(said), separator="; ", ignore_nulls=True
        ).alias("generalisation"),
    )


def _position(registers: Registers, names: Sequence[str]) -> None:
    """Give records that have a postcode the position of that postcode."""
    points = {
        record.entry.key: record.item["point"]
        for record in registers.log.iter_records(POSTCODE)
        if "point" in record.item
    }
    loads = []
    for name in names:
        placed = [
            (row, record.entry.key, points[str(postcode)])
            for row, record in enumerate(registers.log.iter_records(name), start=1)
            if (postcode := record.item.get("postcode")) in points
        ]
        frame = pl.DataFrame(placed, schema=[ROW, name, "point"], orient="row")
        loads.append(Load(name, frame, partial=True))
    batch = Batch(
        source="code-point",
        title="Positions of postcodes (OS Code-Point Open)",
        licence=code_point.SOURCE.licence,
        attribution=code_point.SOURCE.attribution,
    )
    summary = registers.load(loads, batch)
    print(f"positions: {summary.counts}")


def _write(registers: Registers, name: str, out: Path) -> None:
    """One register as RSF; boundaries packed, without a time in the file."""
    data = "".join(rsf_lines(registers.log, name)).encode()
    path = out / f"{name}.rsf"
    if name == BOUNDARY:
        path = out / f"{name}.rsf.gz"
        data = gzip.compress(data, mtime=0)
    path.write_bytes(data)
    print(f"{path}: {len(data)} bytes, {registers.log.size(name)} entries")


def main() -> int:
    """Returns the exit code: 2 when TRIGPOINT_REAL_DATA names no folder."""
    options = argparse.ArgumentParser(prog="python -m loaders.sample")
    options.add_argument("--out", type=Path, required=True)
    real = os.environ.get("TRIGPOINT_REAL_DATA")
    if not real or not Path(real).is_dir():
        print("TRIGPOINT_REAL_DATA names no folder of source files", file=sys.stderr)
        return 2
    make(Path(real), options.parse_args().out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
