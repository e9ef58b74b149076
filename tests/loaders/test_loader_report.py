"""`--report FILE`: what the gate found, whole, in files that a person names."""

from __future__ import annotations

import csv
import json
import os
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from loaders.reports import open_report
from loaders.summary import write_rejects
from tests.loaders.conftest import Load
from trigpoint.errors import ReportNotWritten
from trigpoint.gate import Violation, terms
from trigpoint.gate.staged import Staged
from trigpoint.loading import Summary
from trigpoint.register import Registers

TERRITORY = "territory"
LOG = "log.sqlite"
STAY = {"territories.csv", "data", "data.keys"}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def territories(tmp_path: Path) -> Path:
    """Three rows, two of them with a date that is none."""
    path = tmp_path / "territories.csv"
    path.write_text(
        "territory,name,official-name,end-date\n"
        "XA,Here,The Territory of Here,\nXB,There,There,yesterday\nXC,On,On,<soon>\n",
        encoding="utf-8",
    )
    return path


def keys(data: Path) -> list[str]:
    return [
        record.entry.key for record in Registers.open(data).log.iter_records(TERRITORY)
    ]


def test_a_dry_run_writes_its_reports(
    load: Load, data: Path, territories: Path, tmp_path: Path
) -> None:
    """Each file in its form, and the summary names them; nothing is loaded."""
    lines, page = tmp_path / "found.ndjson", tmp_path / "found.html"
    code, out, _ = load(
        *("rows", territories, "--register", TERRITORY, "--data", data, "--dry-run"),
        *("--report", lines, "--report", page),
    )
    assert code == 1
    assert f"report: {lines}\n" in out
    assert f"report: {page}\n" in out
    found = [json.loads(line) for line in lines.read_text("utf-8").splitlines()]
    assert {(one["row"], one["key"], one["field"]) for one in found} == {
        (3, "XB", "end-date"),
        (4, "XC", "end-date"),
    }
    assert "&lt;soon&gt;" in page.read_text(encoding="utf-8")
    assert Registers.open(data).log.sizes() == {}


def test_a_load_in_part_reports_the_rest(
    load: Load, data: Path, territories: Path, tmp_path: Path
) -> None:
    """The file named, and beside the refused rows another; each has all findings."""
    report = tmp_path / "found.json"
    code, out, _ = load(
        *("rows", territories, "--register", TERRITORY, "--data", data),
        *("--accept-partial", "--report", report),
    )
    assert code == 1
    assert keys(data) == ["XA"]
    (beside,) = (data / "rejects").glob("*.ndjson")
    (rejects,) = (data / "rejects").glob("*.csv")
    assert f"rejected rows and reasons: {beside}" in out
    lines = beside.read_text(encoding="utf-8").splitlines()
    assert json.loads(report.read_bytes())["violations"] == [*map(json.loads, lines)]
    with rejects.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    said = {one["row"]: one["message"] for one in map(json.loads, lines)}
    assert [row["reasons"] for row in rows] == [said[3], said[4]]


def test_a_load_in_part_without_rejects_leaves_no_folder(
    load: Load, data: Path, tmp_path: Path
) -> None:
    """A report of nothing is written where it was asked for, and not elsewhere."""
    rows, report = tmp_path / "rows.csv", tmp_path / "found.csv"
    rows.write_text("territory,name,official-name\nXA,Here,Here\n", encoding="utf-8")
    code, _, _ = load(
        *("rows", rows, "--register", TERRITORY, "--data", data),
        *("--accept-partial", "--report", report),
    )
    assert code == 0
    assert report.read_text(encoding="utf-8").startswith("register,row,key")
    assert not (data / "rejects").exists()


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["found.xlsx"], "one of .csv, .html, .json, .jsonl, .ndjson, .nt, .ttl"),
        (["none/found.csv"], "there is no folder"),
        (["found.csv", "./found.csv"], "two reports have the same name"),
        (["territories.csv"], "would take the place of what is to be loaded"),
        ([f"{'n' * 250}.csv"], "cannot be written: File name too long"),
    ],
    ids=["suffix", "folder", "twice", "release", "unwritable"],
)
def test_a_report_that_cannot_be_is_refused(
    names: list[str],
    said: str,
    load: Load,
    data: Path,
    territories: Path,
    tmp_path: Path,
) -> None:
    """Exit code 2, nothing is loaded, and what was there stays."""
    before = territories.read_bytes()
    reports = [word for name in names for word in ("--report", f"{tmp_path}/{name}")]
    code, _, err = load(
        *("rows", territories, "--register", TERRITORY, "--data", data),
        *("--accept-partial", *reports),
    )
    assert code == 2
    assert said in err
    assert territories.read_bytes() == before
    assert not (data / LOG).exists() or Registers.open(data).log.sizes() == {}
    assert {path.name for path in tmp_path.iterdir()} <= STAY


def test_a_full_disk_keeps_the_load_out(
    load: Load, data: Path, territories: Path, tmp_path: Path
) -> None:
    """The report is written before anything is appended, so one is not without the
    other."""
    (tmp_path / f"found.ttl.{os.getpid()}.new").symlink_to("/dev/full")
    code, _, err = load(
        *("rows", territories, "--register", TERRITORY, "--data", data),
        *("--accept-partial", "--report", tmp_path / "found.ttl"),
    )
    assert code == 2
    assert "found.ttl cannot be written: No space left on device" in err
    assert Registers.open(data).log.sizes() == {}
    assert {path.name for path in tmp_path.iterdir()} == STAY


def test_a_file_of_several_that_cannot_be_made_leaves_none(tmp_path: Path) -> None:
    """Those made before it are given up."""
    paths = [tmp_path / "a.csv", tmp_path / f"{'n' * 250}.csv"]
    with pytest.raises(ReportNotWritten):
        open_report(paths, "https://register.example", {})
    assert not list(tmp_path.iterdir())


def test_every_refused_row_has_its_reasons(tmp_path: Path) -> None:
    """However many there are: memory holds the findings of one of five hundred."""
    one = Violation(
        *("site", 1, "1", "name", None, None, terms.MIN_COUNT),
        *("violation", None, "“name” is missing"),
    )
    path = tmp_path / "report.ndjson"
    with open_report([path], "https://register.example", {}) as found:
        for row in range(1, 501):
            found.add(replace(one, row=row))
            found.add(replace(one, row=row, message=f"also {row}"))
            found.add(replace(one, row=row, message="a hint", severity="warning"))
        found.add(replace(one, register="owner", row=None, message="too few"))
    summary = Summary(report=found)
    numbers = pl.Series("_row", range(1, 501), pl.UInt32)
    sites = pl.DataFrame([numbers, numbers.cast(str).alias("site")])
    summary.rejects["site"] = Staged(sites, batch=1)
    summary.rejects["owner"] = Staged(pl.DataFrame({"_row": [7], "owner": ["x"]}))
    rejects, beside = write_rejects(summary, tmp_path, "test", path)
    rows = pl.read_csv(rejects)
    wanted = [f"also {row}; “name” is missing" for row in range(1, 501)]
    assert rows["reasons"].to_list() == [*wanted, "too few"]
    assert beside.read_bytes() == path.read_bytes()
