"""What is withheld is gone from every file, and whatever was proved stays proved."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner, Result

from tests.redaction.secret import (
    BATCH,
    NAME,
    OUTLINE,
    PLACE,
    SCHOOL,
    WEB,
    holding,
    left_in,
    load,
    school,
)
from trigpoint.cli import app
from trigpoint.errors import (
    InvalidParameter,
    NoSuchItem,
    NotPermitted,
    TrigpointError,
    ViewsBehind,
    Withheld,
)
from trigpoint.identity import signer_of
from trigpoint.log.about import MAX_STATEMENT, parse_statement
from trigpoint.log.note import parse_note
from trigpoint.redaction import Found, check_reason, find, redact
from trigpoint.register import Registers
from trigpoint.replica.export import export_static
from trigpoint.rights import Custodians
from trigpoint.schema.items import format_hash
from trigpoint.staging import Load, to_keep

WHY = "It tells of a person"


def run(data: Path, *words: str, answer: str | None = None) -> Result:
    words = (*words, "--reason", WHY, "--data", str(data))
    return CliRunner().invoke(app, ["redact", *words], input=answer)


def said(registers: Registers, register: str) -> dict[str, str]:
    """What the signed statement of a register withholds, with the reasons."""
    note = parse_note(registers.log.statement(register) or "", MAX_STATEMENT)
    found = parse_statement(note.text).withheld
    return {format_hash(one.hash): one.reason for one in found}


def test_no_byte_of_what_is_withheld_is_left(data: Path, tmp_path: Path) -> None:
    """Log, views, positions, outlines, dumps, refused rows and a static export: all of
    them held it, and none does."""
    export = tmp_path / "export"
    registers = Registers.open(data, write=True)
    export_static(registers.log, export)
    load(registers, "school-eng", school("100900", "Later"))
    before = {name.split("/")[0].removesuffix("-wal") for name in left_in(data)}
    assert before == {"log.sqlite", "views", "dumps", "rejects"}
    assert left_in(export)
    done = run(data, "school-eng", SCHOOL, "--trail", "--export", str(export), "--yes")
    assert done.exit_code == 0, done.output
    assert run(data, "boundary", "--entry", "1", "--yes").exit_code == 0
    assert left_in(data) == {}
    assert set(left_in(export)) == {"registers/boundary/tile/items/000.p/1"}
    again = run(
        data, "boundary", OUTLINE, "--export", str(export), "--yes"
    )  # refreshes it, though nothing is new
    assert again.exit_code == 0
    assert "was withheld on" in again.stdout
    assert left_in(data, export) == {}


def test_roots_and_signatures_stay(data: Path, registers: Registers) -> None:
    """The root is what it was, the log verifies, and says how much is withheld."""
    root, note = (
        registers.log.root("school-eng"),
        registers.log.checkpoint("school-eng"),
    )
    assert run(data, "school-eng", SCHOOL, "--yes").exit_code == 0
    assert registers.log.verify("school-eng") == root
    assert registers.log.checkpoint("school-eng") == note
    verified = CliRunner().invoke(app, ["verify", "--data", str(data)])
    assert verified.exit_code == 0, verified.output
    lines = [line for line in verified.output.splitlines() if "withheld" in line]
    (line,) = lines
    assert line.startswith("school-eng: 302 entries")
    assert line.endswith("signed, 1 item withheld, verified")


def test_the_log_says_why_and_whose_key_it_was(
    data: Path, registers: Registers
) -> None:
    """The signed statement has the reason with the key and its organisation."""
    assert run(data, "school-eng", SCHOOL, "--yes").exit_code == 0
    (key,) = Custodians(signer_of(data).keys.path).known()
    reason = f"{WHY} (key {key.id} of {key.name})"
    entry = registers.log.trail("school-eng", SCHOOL)[-1]
    assert said(registers, "school-eng") == {format_hash(entry.item_hash): reason}
    with pytest.raises(Withheld) as caught:
        registers.log.record("school-eng", SCHOOL)
    assert caught.value.members["reason"] == reason


def test_another_registers_key_withholds_nothing(
    data: Path, registers: Registers, tmp_path: Path
) -> None:
    """A key has to be for every register that has the item."""
    token = Custodians(signer_of(data).keys.path).add("Some Board", ["boundary"])
    found = find(registers.log, "school-eng", key=SCHOOL)
    with pytest.raises(NotPermitted, match="not for the register school-eng"):
        redact(registers, found, WHY, key=token.reveal())
    assert registers.log.withheld_count() == 0
    drawn = find(registers.log, "boundary", key=OUTLINE)
    redact(registers, drawn, WHY, key=token.reveal())
    assert token.id in said(registers, "boundary")[format_hash(drawn[0].hash)]


def test_it_is_shown_and_asked_for(data: Path, registers: Registers) -> None:
    """Without --yes the item and its entries are shown, and no leaves it as it is, as
    nobody there to answer does: 1 would say that data does not verify."""
    assert run(data, "school-eng", SCHOOL, answer="").exit_code == 2
    asked = run(data, "school-eng", SCHOOL, answer="n\n")
    assert asked.exit_code == 2
    assert "nothing was withheld" in asked.stderr
    assert NAME in asked.output
    assert f"entry 302 of school-eng, key {SCHOOL}" in asked.output
    assert registers.log.withheld_count() == 0
    assert run(data, "school-eng", SCHOOL, answer="y\n").exit_code == 0
    assert registers.log.withheld_count() == 1


def test_the_trail_goes_only_when_asked_for(data: Path, registers: Registers) -> None:
    """The current item goes by default, and it is said that others are left."""
    first, last = registers.log.trail("school-eng", SCHOOL)
    done = run(data, "school-eng", SCHOOL, "--yes")
    assert f"1 more items of {SCHOOL}" in done.stderr
    assert WEB in registers.log.item(first.item_hash)
    done = run(data, "school-eng", SCHOOL, "--trail", "--yes")
    assert done.exit_code == 0
    assert "more items" not in done.stderr
    hidden = {one.hash for one in registers.log.withheld()}
    assert hidden == {first.item_hash, last.item_hash}


def test_what_is_meant_must_be_in_the_register(registers: Registers) -> None:
    """One of key, entry and item names it, and an entry of the register must, too."""
    log = registers.log
    entry = log.entry("school-eng", 1)
    by_item = find(log, "school-eng", item=format_hash(entry.item_hash))
    assert by_item == find(log, "school-eng", entry=1)
    with pytest.raises(NoSuchItem, match="no entry of boundary"):
        find(log, "boundary", item=format_hash(entry.item_hash))
    with pytest.raises(InvalidParameter, match="one of a key, an entry and an item"):
        find(log, "school-eng", key=SCHOOL, entry=1)
    with pytest.raises(InvalidParameter, match="only a key has a trail"):
        find(log, "school-eng", entry=1, trail=True)


@pytest.mark.parametrize(
    "reason",
    [
        "",
        "two\nlines",
        "x" * 301,
        "asked by jane@example.org",
        "her number is 020 7946 0018",
        "case 12345678",
        f"it says {WEB}",
        "the name quuxley ärgernis",
        "QUUXLEY ÄRGERNIS ☃ SCHOOL",
    ],
)
def test_a_reason_that_tells_something_is_refused(
    registers: Registers, reason: str
) -> None:
    """A reason is one public line: nothing personal, nothing of what is withheld."""
    found = find(registers.log, "school-eng", key=SCHOOL)
    with pytest.raises(InvalidParameter, match="public and stays for ever"):
        check_reason(reason, found)


@pytest.mark.parametrize(
    "reason", [WHY, f"Record {SCHOOL} by order of 2026-03-01", "Name of a School head"]
)
def test_a_reason_that_tells_nothing_is_taken(
    registers: Registers, reason: str
) -> None:
    """Keys are public already, and a word in common is no quotation."""
    found = find(registers.log, "school-eng", key=SCHOOL)
    assert check_reason(f" {reason} ", found) == reason


def test_what_is_withheld_is_not_taken_again(data: Path, registers: Registers) -> None:
    """A row with the same content is refused, and is not written among the refused; an
    amendment of what is withheld, too, for it would make a stump of it."""
    item = json.loads(registers.log.item(find_one(registers).hash))
    redact(registers, find(registers.log, "school-eng", key=SCHOOL), WHY)
    for amends, rows, why in (
        (False, item, "withheld, and is not taken again"),
        (True, {"school-eng": SCHOOL, "name": "New"}, "nothing to amend"),
    ):
        load_ = Load("school-eng", pl.DataFrame([rows]), partial=amends, whole=False)
        done = registers.load([load_], BATCH, accept_partial=True)
        assert [v.message for v in done.report.violations if why in v.message]
        assert done.counts["school-eng"].rejected == 1
        assert len(done.rejects.get("school-eng", [])) == int(amends)
    assert len(registers.log.trail("school-eng", SCHOOL)) == 2
    load(registers, "school-eng", school(SCHOOL, "Mended"))
    assert registers.log.record("school-eng", SCHOOL).item["name"] == "Mended"


def find_one(registers: Registers) -> Found:
    (found,) = find(registers.log, "school-eng", key=SCHOOL)
    return found


def test_refused_rows_are_kept_but_for_what_is_withheld() -> None:
    """Rows without a problem of their own stay among the refused."""
    rows = pl.DataFrame({"_problem": [None, "other"]}, schema={"_problem": pl.String})
    assert to_keep(rows).equals(rows)


def test_whoever_reads_the_old_state_keeps_it_from_being_erased(
    data: Path, registers: Registers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then the redaction says that copies are left, and the same again removes them;
    what is withheld is not to be had meanwhile."""
    reader, found = Registers.open(data), [find_one(registers)]
    with reader.log.snapshot():
        assert NAME in reader.log.item(found[0].hash)
        registers.log.db.execute("PRAGMA busy_timeout = 0")
        quick(monkeypatch)
        with pytest.raises(ViewsBehind, match="Run the same again"):
            redact(registers, found, WHY)
    with pytest.raises(Withheld):
        reader.log.item(found[0].hash)
    assert holding(data, NAME)
    redact(registers, [find_one(registers)], WHY)
    assert not holding(data, NAME)


def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have connections that are made from now on wait for nobody."""
    connect = sqlite3.connect

    def impatient(*arguments: object, **options: object) -> sqlite3.Connection:
        options["timeout"] = 0.1
        made: sqlite3.Connection = connect(*arguments, **options)  # type: ignore[call-overload]  # as it was called
        return made

    monkeypatch.setattr(sqlite3, "connect", impatient)


def test_a_publish_finishes_what_was_interrupted(data: Path) -> None:
    """Killed right after it was withheld: whoever opens the views next serves none
    that were made before, and erases all copies."""
    registers = Registers.open(data)
    served = registers.view().folder
    hashes = [one.item_hash for one in registers.log.trail("school-eng", SCHOOL)]
    writer = Registers.open(data, write=True)
    hashes.append(writer.log.entry("boundary", 1).item_hash)
    for digest in hashes:
        writer.log.withhold(digest, WHY, "2026-01-01")
    writer.log.close()
    assert left_in(data)
    view = registers.view()
    assert (view.withheld, view.folder != served) == (3, True)
    assert not served.exists()
    assert left_in(data) == {}
    assert SCHOOL not in [
        one.key for one in view.positions["school-eng"].nearest(*PLACE, limit=999)
    ]


def test_nothing_is_withheld_that_could_not_be_signed(
    data: Path, registers: Registers
) -> None:
    """Without the key that signs, the items stay as they are."""
    keys = signer_of(data).keys.path
    (keys / "signing.key").rename(keys / "away")
    with pytest.raises(TrigpointError):
        redact(registers, [find_one(registers)], WHY)
    assert registers.log.withheld_count() == 0
