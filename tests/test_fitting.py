"""Gaps and overlaps that a release of boundaries makes are told, and refuse nothing."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from shapely.geometry import box

from loaders.__main__ import main
from tests.copies import copy_data
from trigpoint.gate import terms
from trigpoint.loading import Summary
from trigpoint.log.entry import Batch
from trigpoint.register import Registers
from trigpoint.spatial.coverages import FILE
from trigpoint.staging import Load

BATCH = Batch("test", "Outlines", release_date="2030-01-01")
UNITARY = "statistical-geography-unitary-authority-eng"
CODES = ("E06000001", "E06000002", "E06000003")
# East of the first lies the second, over it by 0.001 degrees; the third is far.
OUTLINES = (
    box(-1.0, 52.0, -0.9, 52.1),
    box(-0.901, 52.0, -0.8, 52.1),
    box(-3.0, 52.0, -2.9, 52.1),
)


def rows(*numbers: int, vintage: str = "2030") -> pl.DataFrame:
    """Outlines of a set, by their places above."""
    return pl.DataFrame(
        [
            {
                "boundary": f"{CODES[n]}-{vintage}-full",
                "area": f"{UNITARY}:{CODES[n]}",
                "name": CODES[n],
                "vintage": vintage,
                "resolution": "full",
                "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
                "geometry": OUTLINES[n].wkt,
            }
            for n in numbers
        ]
    )


def load(
    registers: Registers, frame: pl.DataFrame, *, dry_run: bool = False
) -> Summary:
    return registers.load(
        [Load("boundary", frame, whole=False)], BATCH, dry_run=dry_run
    )


@pytest.fixture
def registers(demo: Path, tmp_path: Path) -> Registers:
    return Registers.open(copy_data(demo, tmp_path / "data"), write=True)


def test_an_overlap_is_warned_of_and_loaded(registers: Registers) -> None:
    """It stands under the row of one of the two, with both, its size and its place."""
    summary = load(registers, rows(0, 1, 2))
    assert summary.appended
    (found,) = summary.report.violations
    assert (found.severity, found.component) == ("warning", terms.OVERLAP)
    assert (found.row, found.key) == (1, "E06000001-2030-full")
    assert "E06000001-2030-full, E06000002-2030-full" in found.message
    assert "at -0.9005" in found.message
    (coverage,) = summary.coverages
    assert (coverage.name, coverage.areas) == ("district 2030 full", 3)
    assert coverage.tallies["overlap"].count == 1


def test_a_release_is_measured_with_what_is_held(registers: Registers) -> None:
    """A row that overlaps a record is told, before it is loaded; other sets are not
    measured again."""
    assert load(registers, rows(0, 2)).report.violations == ()
    summary = load(registers, rows(1), dry_run=True)
    assert not summary.appended
    (found,) = summary.report.violations
    assert (found.row, found.key) == (1, "E06000002-2030-full")
    assert [coverage.name for coverage in summary.coverages] == ["district 2030 full"]
    assert summary.coverages[0].areas == 3
    other = load(registers, rows(1, vintage="2031"))
    assert other.report.violations == ()
    assert other.coverages[0].areas == 1


def test_an_outline_that_is_mended_counts_as_it_will_be(registers: Registers) -> None:
    """A new outline takes the place of the record's own."""
    load(registers, rows(0, 1))
    moved = rows(1).with_columns(geometry=pl.lit(box(-0.9, 52.0, -0.8, 52.1).wkt))
    summary = load(registers, moved)
    assert summary.report.violations == ()
    assert summary.coverages[0].tallies["overlap"].count == 0


def test_rows_that_are_refused_are_not_measured(registers: Registers) -> None:
    """What the gate refuses will not stand."""
    bad = rows(0, 1).with_columns(
        resolution=pl.when(pl.col("name") == CODES[1])
        .then(pl.lit("rough"))
        .otherwise("resolution")
    )
    summary = load(registers, bad)
    assert not summary.appended
    assert summary.coverages[0].areas == 1
    assert {v.component for v in summary.report.violations} == {terms.PATTERN}


def test_other_registers_have_no_coverage(registers: Registers) -> None:
    """A load of countries measures nothing."""
    frame = pl.DataFrame({"country": ["ZZ"], "name": ["Zedland"]})
    assert registers.load([Load("country", frame, whole=False)], BATCH).coverages == []


def test_views_have_the_coverage_of_every_set(registers: Registers) -> None:
    """It is published beside the index, of what is held and not of what was loaded;
    a view without it is built anew."""
    load(registers, rows(0, 1))
    load(registers, rows(2))
    view = registers.view()
    names = [coverage.name for coverage in view.coverages]
    assert names == ["district 2025 50m", "district 2030 full"]
    assert [one.areas for one in view.coverages] == [361, 3]
    (view.folder / "boundaries" / FILE).unlink()
    again = Registers.open(registers.data).view()
    assert [one.name for one in again.coverages] == names
    assert again.version == view.version + 1


def test_the_loader_prints_and_reports_it(
    demo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A custodian sees counts, metres and the largest, and has all in the report."""
    data = copy_data(demo, tmp_path / "data")
    file = tmp_path / "outlines.geojsonl"
    with file.open("w", encoding="utf-8") as lines:
        for code, outline in zip(CODES, OUTLINES, strict=True):
            feature = {
                "type": "Feature",
                "properties": {"code": code, "name": code},
                "geometry": outline.__geo_interface__,
            }
            lines.write(json.dumps(feature) + "\n")
    report = tmp_path / "report.ndjson"
    arguments = ["boundaries", str(file), "--data", str(data), "--vintage", "2030"]
    assert main([*arguments, "--report", str(report), "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "district 2030 full: 3 areas; overlaps: 1 of 76" in said
    assert "largest overlap: 76" in said
    (line,) = report.read_text("utf-8").splitlines()
    assert json.loads(line)["severity"] == "warning"
