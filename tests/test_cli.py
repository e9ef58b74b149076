"""The `trigpoint` command over the embedded sample."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from trigpoint.cli import app, main
from trigpoint.errors import InvalidParameter, NoSuchRecord
from trigpoint.log.rsf import read_rsf
from trigpoint.register import LOG_FILE

ROOT = Path(__file__).parents[1]
GOVUK_ROOT = "sha-256:3bacea769627d20ed9a2cfde54173da3c9d630b3fc9ed80431a1cee2196c8a4a"


def run(data: Path, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--data", str(data)])


def test_status_names_every_register_with_its_size_and_root(demo: Path) -> None:
    """Each file of the sample is a line with the root that the file asserts."""
    printed = run(demo, "status").output
    for file in (ROOT / "data").glob("*.rsf*"):
        archive = read_rsf(file)
        line = next(x for x in printed.splitlines() if x.startswith(archive.register))
        assert str(len(archive.entries)) in line.split()
    assert printed.endswith("views: up to date\n")


def test_verify_recomputes_the_root_that_govuk_asserted(demo: Path) -> None:
    """The first 209 entries of `country` hash to the archive's asserted root."""
    result = run(demo, "verify", "country", "--size", "209")
    assert result.output == f"country: 209 entries, {GOVUK_ROOT} verified\n"


def test_verify_without_a_register_checks_all(demo: Path) -> None:
    """Every register is recomputed and named."""
    lines = run(demo, "verify").output.splitlines()
    assert len(lines) == len(list((ROOT / "data").glob("*.rsf*")))
    assert all(line.endswith(" verified") for line in lines)


@pytest.mark.parametrize("form", ["json", "jsonld", "nt", "ttl"])
def test_a_record_is_printed_in_each_format(demo: Path, form: str) -> None:
    """All four formats name the record's IRI."""
    printed = run(demo, "record", "country", "GB", "--format", form).output
    assert "http://localhost:8000/id/country/GB" in printed


def test_a_record_is_found_by_another_spelling_of_its_key(demo: Path) -> None:
    """A postcode in lower case without a space is the same postcode."""
    record = json.loads(run(demo, "record", "postcode", "sw1a2aa").output)
    assert record["postcode"] == "SW1A 2AA"


def test_entry_and_trail_show_the_same_line_of_the_log(demo: Path) -> None:
    """The last of Myanmar's entries is entry 210."""
    trail = json.loads(run(demo, "trail", "country", "MM").output)
    entry = json.loads(run(demo, "entry", "country", "210").output)
    assert entry["item"]["name"] == "Myanmar (Burma)"
    assert {**trail[-1], "item": entry["item"]} == entry


@pytest.mark.parametrize(
    "words",
    [
        ("SW1A 2AA",),
        ("--lon", "-0.12767", "--lat", "51.503541"),
        ("--easting", "530047", "--northing", "179951"),
        ("--lon", "-0.12767", "--lat", "51.503541", "--crs", "EPSG:4326"),
        ("--easting=-14212", "--northing", "6710889", "--crs", "EPSG:3857"),
    ],
)
def test_lookup_finds_the_council_in_each_way_of_asking(
    demo: Path, words: tuple[str, ...]
) -> None:
    """Downing Street is in Westminster by postcode, degrees and metres, and is said in
    the system that is asked for."""
    result = run(demo, "lookup", *words, "--out-crs", "EPSG:27700")
    answer = json.loads(result.output)
    assert [council["key"] for council in answer["councils"]] == ["WSM"]
    out = answer["point"]["out"]
    place = (out["easting"], out["northing"])
    assert place == pytest.approx((530_047, 179_951), abs=60)


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("SW1A 2AA", "--lon", "0"),
        ("--lon", "0"),
        ("--lon", "0", "--northing", "5"),
        ("SW1A 2AA", "--crs", "EPSG:27700"),
    ],
)
def test_lookup_wants_one_place(demo: Path, words: tuple[str, ...]) -> None:
    """Half a pair, two places, none, or a system for a postcode are wrong usage."""
    assert run(demo, "lookup", *words).exit_code == 2


def test_dump_writes_the_file_whose_hash_it_prints(demo: Path, tmp_path: Path) -> None:
    """A dumped RSF reads back with the register's root hash checked."""
    out = tmp_path / "country.rsf"
    result = run(demo, "dump", "country", "rsf", "--out", str(out))
    assert "log size 210" in result.output
    assert len(read_rsf(out).entries) == 210


def test_a_size_is_answered_as_the_log_did_then(demo: Path, tmp_path: Path) -> None:
    """Record, look-up and dump say what the log said when it had so many entries."""
    then = run(demo, "record", "country", "SZ", "--size", "207").output
    assert '"name": "Swaziland"' in then
    assert '"log-size": "207"' in then
    assert '"Eswatini"' in run(demo, "record", "country", "SZ").output
    place = ("lookup", "--lon", "-0.1276", "--lat", "51.5072", "--at", "2026-01-01")
    assert '"Westminster"' in run(demo, *place, "--size", "4671").output
    assert '"areas": []' in run(demo, *place, "--size", "boundary=9").output
    out = tmp_path / "country.csv"
    words = ("dump", "country", "csv", "--out", str(out), "--size", "207")
    assert "log size 207" in run(demo, *words).stderr
    assert "Swaziland" in out.read_text("utf-8")
    everything = ("dump", "everything", "trig", "--out", str(out), "--size", "10")
    assert "log size 10" in run(demo, *everything).stderr
    for bad in ("211", "boundary=1"):
        assert run(demo, "dump", "country", "csv", "--size", bad).exit_code != 0


def test_rebuild_gives_records_another_base(demo: Path, tmp_path: Path) -> None:
    """The base belongs to the views: a rebuild from the same log changes it."""
    data = tmp_path / "data"
    shutil.copytree(demo, data)
    assert run(data, "rebuild", "--base", "https://example.org").exit_code == 0
    record = json.loads(run(data, "record", "country", "GB").output)
    assert record["@id"] == "https://example.org/id/country/GB"


def test_an_error_of_the_core_is_raised_for_main_to_print(demo: Path) -> None:
    """What the core refuses reaches `main` as what it is."""
    result = run(demo, "record", "country", "XX")
    assert isinstance(result.exception, NoSuchRecord)


def test_a_missing_record_is_one_line_and_exit_code_2(
    demo: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A user sees what was not found, and no traceback."""
    words = ["trigpoint", "record", "country", "XX", "--data", str(demo)]
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit, match="2"):
        main()
    assert capsys.readouterr().err == "trigpoint: country holds no record “XX”\n"


def test_a_file_that_is_not_there_is_named_in_one_line(
    demo: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line has the file and what is wrong with it, and no error number."""
    words = ["attach", "./nowhere", "--witness", "w", "--data", str(demo)]
    monkeypatch.setattr(sys, "argv", ["trigpoint", *words])
    with pytest.raises(SystemExit, match="2"):
        main()
    assert capsys.readouterr().err == "trigpoint: nowhere: No such file or directory\n"


def test_a_tampered_item_fails_verification_with_exit_code_1(
    demo: Path, tmp_path: Path
) -> None:
    """One changed letter in one item is found and named."""
    data = tmp_path / "data"
    shutil.copytree(demo, data)
    with sqlite3.connect(data / LOG_FILE) as db:
        db.execute("UPDATE item SET content = replace(content, 'Briton', 'Britan')")
    done = subprocess.run(
        [sys.executable, "-m", "trigpoint.cli", "verify", "--data", str(data)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "country" in done.stderr


def test_a_folder_without_registers_is_said_to_be_one(tmp_path: Path) -> None:
    """An empty data directory is not made, nor mistaken for a register."""
    result = run(tmp_path / "nothing", "status")
    assert "holds no registers" in str(result.exception)
    assert not (tmp_path / "nothing").exists()


def help_of(*words: str) -> str:
    """What `trigpoint … --help` prints, at the width of the docs."""
    environment = {"COLUMNS": "80", "TRIGPOINT_DATA": ""}
    runner = CliRunner(env=environment)
    printed = runner.invoke(app, [*words, "--help"], prog_name="trigpoint").output
    return printed.strip()


@pytest.mark.parametrize(
    "verb",
    [
        command.name or command.callback.__name__
        for command in app.registered_commands
        if command.callback
    ]
    + [
        f"{group.name or group.typer_instance.info.name} {command.name}"
        for group in app.registered_groups
        if group.typer_instance is not None
        for command in group.typer_instance.registered_commands
    ],
)
def test_each_verb_is_documented_with_its_own_help(verb: str) -> None:
    """docs/cli.md has a heading for each verb, and its help as it is now."""
    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert f"## {verb}\n" in text
    assert f"```\n{help_of(*verb.split())}\n```" in text


def test_a_base_that_is_none_is_refused_and_changes_nothing(demo: Path) -> None:
    """No view is built under a base that records could not be found at."""
    before = run(demo, "record", "country", "GB").output
    result = run(demo, "rebuild", "--base", "foo bar")
    assert isinstance(result.exception, InvalidParameter)
    assert run(demo, "record", "country", "GB").output == before
