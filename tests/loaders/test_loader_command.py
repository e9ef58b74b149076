"""The command: exit codes, dry runs, rejects, drops, and ends that leave nothing."""

from __future__ import annotations

import csv
import errno
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import polars as pl
import pytest

from loaders.__main__ import STOPPED, main, of_system
from tests.loaders.conftest import Load
from tests.loaders.reading import records_of, write_gzip
from trigpoint.register import Registers

ROOT = Path(__file__).parents[2]
COUNTRY = "country"
TERRITORY = "territory"


@pytest.fixture
def territories(tmp_path: Path) -> Path:
    """Two rows, one of them with a date that is none."""
    path = tmp_path / "territories.csv"
    path.write_text(
        "territory,name,official-name,end-date\n"
        "XA,Here,The Territory of Here,\nXB,There,There,yesterday\n",
        encoding="utf-8",
    )
    return path


def last(out: str) -> str:
    return out.splitlines()[-1]


def test_a_refused_row_keeps_all_out(load: Load, data: Path, territories: Path) -> None:
    """Nothing is written, the report names row, key, field and reason: exit code 1."""
    before = records_of(data, TERRITORY)
    code, out, _ = load("rows", territories, "--register", TERRITORY, "--data", data)
    assert code == 1
    assert last(out).startswith("Nothing was written")
    (line,) = [line for line in out.splitlines() if "yesterday" in line]
    assert line.split()[:4] == [TERRITORY, "3", "XB", "end-date"]
    assert records_of(data, TERRITORY) == before
    assert not (data / "rejects").exists()


def test_the_others_are_loaded_when_that_is_accepted(
    load: Load, data: Path, territories: Path
) -> None:
    """The conforming row is appended; the refused one is written out, with reasons."""
    code, out, _ = load(
        *("rows", territories, "--register", TERRITORY, "--data", data),
        "--accept-partial",
    )
    assert code == 1
    records = records_of(data, TERRITORY)
    assert "XA" in records
    assert "XB" not in records
    (table,) = (data / "rejects").glob("rows-*.csv")
    (report,) = (data / "rejects").glob("rows-*.ndjson")
    rejects = pl.read_csv(table, infer_schema=False)
    assert rejects.columns[:3] == ["register", "row", "reasons"]
    assert not any(name.startswith("_") for name in rejects.columns)
    assert rejects["reasons"].null_count() == 0
    assert str(table) in out.replace("\n", "")
    with table.open(encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert (row["register"], row["row"], row["territory"]) == (TERRITORY, "3", "XB")
    said = report.read_text(encoding="utf-8")
    assert "end-date" in json.dumps(json.loads(said))
    assert f"{Registers.open(data).base}/id/{TERRITORY}/XB" in said
    assert "None/" not in said


def test_a_dry_run_writes_nothing(load: Load, data: Path, tmp_path: Path) -> None:
    """The log keeps its bytes, and the summary says what would have been."""
    path = tmp_path / "rows.csv"
    path.write_text("territory,name,official-name\nXA,Here,Here\n", encoding="utf-8")
    before = hashlib.sha256((data / "log.sqlite").read_bytes()).digest()
    code, out, _ = load(
        "rows", path, "--register", TERRITORY, "--data", data, "--dry-run"
    )
    assert code == 0
    assert last(out) == "Dry run: nothing was written; 1 entries would have been."
    assert hashlib.sha256((data / "log.sqlite").read_bytes()).digest() == before


def test_the_counts_are_those_of_the_rows(
    load: Load, data: Path, tmp_path: Path
) -> None:
    """One added, one changed, one unchanged."""
    gb = records_of(data, COUNTRY)["GB"]
    us = dict(records_of(data, COUNTRY)["US"]) | {"name": "The States"}
    new = {"country": "XX", "name": "Here", "official-name": "Here"}
    path = tmp_path / "rows.csv"
    names = sorted({*gb, *us, *new})
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows([gb, us, new])
    code, out, _ = load("rows", path, "--register", COUNTRY, "--data", data)
    assert code == 0
    (line,) = [line for line in out.splitlines() if line.startswith(COUNTRY)]
    assert line.split() == [COUNTRY, "1", "1", "1", "0", "0"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("XA,Here,Here\nXA,There,There\n", "XA"),
        ("XA,=cmd|' /C calc'!A0,Here\n", "=cmd"),
        ("X A\n", "the row has 1 cells, expected 3"),
    ],
    ids=["key-twice", "formula", "ragged"],
)
def test_bad_rows_are_refused_by_name(
    text: str, said: str, load: Load, data: Path, tmp_path: Path
) -> None:
    """A key given twice, a cell that a spreadsheet would run, a short row."""
    path = tmp_path / "rows.csv"
    path.write_text("territory,name,official-name\n" + text, encoding="utf-8")
    before = records_of(data, TERRITORY)
    code, out, err = load("rows", path, "--register", TERRITORY, "--data", data)
    assert code == 1
    assert said in out + err
    assert records_of(data, TERRITORY) == before


def test_points_that_are_none_are_refused(
    load: Load, data: Path, tmp_path: Path
) -> None:
    """NaN, swapped axes and metres each get their own reason."""
    path = tmp_path / "rows.csv"
    path.write_text(
        "street,name,point\n"
        '1,A,"[NaN,NaN]"\n2,B,"[51.5,-0.1]"\n3,C,"[530000,180000]"\n',
        encoding="utf-8",
    )
    code, out, _ = load("rows", path, "--register", "street", "--data", data)
    assert code == 1
    said = " ".join(out.split())
    assert "looks like lat,lon" in said
    assert "easting,northing in EPSG:27700" in said
    assert "NaN" in said


def test_an_unknown_link_is_refused(load: Load, data: Path, tmp_path: Path) -> None:
    """A street of an authority that there is not."""
    path = tmp_path / "rows.csv"
    path.write_text(
        "street,name,local-authority\n1,A,local-authority-eng:QQQ\n", encoding="utf-8"
    )
    code, out, _ = load("rows", path, "--register", "street", "--data", data)
    assert code == 1
    assert "no record “QQQ” in the register local-authority-eng" in " ".join(
        out.split()
    )


def test_a_release_that_lost_its_rows_is_refused_unless_forced(
    load: Load, data: Path, tmp_path: Path
) -> None:
    """Three postcodes of thirty are suspicious; forced, they are loaded."""
    path = tmp_path / "ab.csv"
    rows = [f"AB10 {n % 10}A{'ABDEFGH'[n // 10]},10,394235,806529" for n in range(30)]
    path.write_text("\n".join(rows), encoding="utf-8")
    assert load("code-point", path, "--data", data)[0] == 0
    path.write_text("\n".join(rows[:3]).replace(",10,", ",20,"), encoding="utf-8")
    code, out, _ = load("code-point", path, "--data", data)
    assert code == 1
    said = " ".join(out.split())
    assert "holds 3 of 30 current records" in said
    assert "--force loads one that is meant to drop so much" in said
    assert "--accept-partial" not in said
    assert load("code-point", path, "--data", data, "--force")[0] == 0
    records = records_of(data, "postcode")
    assert (len(records), records["AB10 0AA"]["positional-quality"]) == (30, "20")


def test_a_part_of_a_register_is_no_drop(
    load: Load, data: Path, real_data: Path
) -> None:
    """Sources that never hold a whole register load after one another."""
    for name, vintage in (("lad_2025", "2025"), ("lad_2020", "2020")):
        code, out, _ = load(
            *("boundaries", real_data / "boundaries" / f"{name}.geojsonl.gz"),
            *("--vintage", vintage, "--start-date", f"{vintage}-04-01", "--repair"),
            *("--end-date", f"{vintage}-12-31", "--data", data),
        )
        assert code == 0
        assert "missing" not in out
    assert len(records_of(data, "boundary")) == 361 + 379


def test_the_release_is_recorded(load: Load, data: Path, real_data: Path) -> None:
    """Every file with its checksum, the date, and both attributions."""
    path = real_data / "codes" / "uk_local_authorities.csv"
    batch = Registers.open(data).log.batches()[-1].batch
    checksum = hashlib.sha256(path.read_bytes()).hexdigest()
    assert (path.name, f"sha-256:{checksum}") in batch.files
    assert len(batch.files) == 5
    assert batch.attribution is not None
    assert "Office for National Statistics" in batch.attribution
    assert "mySociety, CC BY 4.0" in batch.attribution


def test_the_data_directory_may_stand_in_the_environment(
    load: Load, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TRIGPOINT_DATA takes the place of --data."""
    monkeypatch.setenv("TRIGPOINT_DATA", str(data))
    path = tmp_path / "rows.csv"
    path.write_text("territory,name,official-name\nXA,Here,Here\n", encoding="utf-8")
    assert load("rows", path, "--register", TERRITORY)[0] == 0
    assert "XA" in records_of(data, TERRITORY)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["no-such-source", "x"],
        ["edubase", "x"],
        ["boundaries", "x", "--data", "d"],
        ["rows", "x", "--data", "d"],
        ["rsf", "x", "--data", "d", "--accept-partial"],
        ["rsf", "x", "--data", "d", "--force"],
    ],
    ids=[
        *("nothing", "unknown-source", "no-data", "no-vintage", "no-register"),
        *("part-of-an-archive", "forced-archive"),
    ],
)
def test_wrong_usage_is_exit_code_2(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Arguments that are missing or unknown end in usage."""
    monkeypatch.delenv("TRIGPOINT_DATA", raising=False)
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["edubase", "gone.tsv"], 1, "gone.tsv: cannot be read: No such file"),
        (["edubase"], 2, "no file named"),
        (["rsf", "x", "--source-date", "yesterday"], 2, "source-date is “yesterday”"),
        (["edubase", "x", "--dry-run", "--accept-partial"], 2, "choose one"),
    ],
    ids=["no-file", "no-file-named", "no-date", "contradiction"],
)
def test_faults_are_one_clear_paragraph(
    arguments: list[str], code: int, said: str, load: Load, tmp_path: Path
) -> None:
    """No traceback: what is wrong, on standard error."""
    Registers.open(tmp_path / "data", write=True).log.close()  # there is a key by now
    done, out, err = load(*arguments, "--data", tmp_path / "data")
    assert (done, out) == (code, "")
    assert said in err
    assert len(err.strip().splitlines()) == 1


def test_a_needed_table_that_is_missing_is_named(
    load: Load, data: Path, real_data: Path
) -> None:
    """Streets without the tables of ids cannot be read."""
    path = real_data / "addresses" / "gds_street.tsv.gz"
    code, _, err = load("gds-street", path, "--data", data)
    assert code == 2
    assert "gds-street needs also: discovery.tsv, id_migrataion_2016-10-10.tsv" in err


def started(folder: Path, *arguments: str | Path) -> subprocess.Popen[bytes]:
    """The loader as a process of its own, its temporary files under `folder`."""
    return subprocess.Popen(
        [sys.executable, "-m", "loaders", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space"), "no room is left in {temporary} or data:"),
        (OSError(errno.EACCES, "Denied", "data/lock"), "data/lock may not be used (De"),
        (OSError(errno.EIO, "Input/output error"), "OSError: [Errno 5] Input/output"),
    ],
    ids=["full", "not-permitted", "other"],
)
def test_what_the_system_refuses_is_said_with_its_place(
    error: OSError, said: str
) -> None:
    """A full disk and a folder that is not ours say where, and what to do."""
    place = said.format(temporary=tempfile.gettempdir())
    assert of_system(error, Path("data")).startswith(place)


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_an_end_half_way_leaves_the_last_complete_state(
    asked: signal.Signals, data: Path, real_data: Path, tmp_path: Path
) -> None:
    """Whenever a load is ended, the log is as before; asked to end, it tidies up."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    before = Registers.open(data).log.sizes()
    wards = real_data / "boundaries" / "ward_2025.geojsonl.gz"
    process = started(folder, "wards", wards, "--data", data)
    deadline = time.monotonic() + 60
    while not any(folder.glob("trigpoint-*/*.arrow")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    time.sleep(0.5)
    process.send_signal(asked)
    _, err = process.communicate(timeout=60)
    assert Registers.open(data).log.sizes() == before
    if asked is not signal.SIGKILL:
        assert process.returncode == 2
        assert err.decode() == f"{STOPPED}\n"
        assert "`trigpoint rebuild`" in STOPPED
        assert not any(folder.glob("trigpoint-*"))
    assert main(["wards", str(wards), "--data", str(data)]) == 0
    assert len(records_of(data, "statistical-geography-ward")) == 8405


@pytest.mark.parametrize("text", ["XA,Here,Here\n", "XA,=1,Here\n", "XA\n"])
def test_no_temporary_file_is_left(
    text: str, load: Load, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether a file is loaded, refused, or cannot be read."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    path = tmp_path / "rows.csv"
    path.write_text("territory,name,official-name\n" + text, encoding="utf-8")
    code, _, _ = load("rows", path, "--register", TERRITORY, "--data", data)
    assert code == (0 if text.endswith("Here,Here\n") else 1)
    assert not list(folder.iterdir())


def test_the_program_runs_as_a_module(data: Path, tmp_path: Path) -> None:
    """Without a terminal there are no bars, and errors are on standard error."""
    path = write_gzip(tmp_path / "rows.csv.gz", b"territory,name\n")
    path.write_bytes(path.read_bytes()[:-4])
    process = started(tmp_path, "rows", path, "--register", TERRITORY, "--data", data)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert out == b""
    assert err.startswith(b"rows.csv.gz: is gzip that ends too early")
    assert b"\x1b" not in err
