"""`trigpoint verify` of whatever somebody has: the first wrong thing is named."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.log.installation import Installation
from tests.log.vectors import OTHER
from tests.replica.sites import Site, export, follow
from trigpoint.cli import app
from trigpoint.errors import (
    BadSignature,
    InvalidParameter,
    LogCorrupt,
    NoData,
    NoSuchEntry,
    NotSigned,
    NotVerified,
    SourceUnreachable,
    Stalled,
)
from trigpoint.log.bundle import canonical_bytes, make_bundle
from trigpoint.log.note import COSIGNATURE, Note, parse_note
from trigpoint.log.rsf import format_rsf
from trigpoint.register import Registers
from trigpoint.schema.items import format_hash


def verify(*words: str, data: str | None = None) -> Result:
    return CliRunner(env={"TRIGPOINT_DATA": data}).invoke(app, ["verify", *words])


def said(*words: str, data: str | None = None) -> str:
    """What a verification that must succeed prints."""
    result = verify(*words, data=data)
    assert result.exit_code == 0, result.output
    return result.stdout


def line(inst: Installation, size: int = 300, more: str = "") -> str:
    root = format_hash(inst.log.root("town", size))
    return f"town: {size} entries, {root}{more} verified\n"


@pytest.fixture
def replica(site: Site, tmp_path: Path) -> Path:
    assert not follow(tmp_path / "replica", site.address).wrong
    return tmp_path / "replica"


def test_all_that_holds_a_log_verifies_with_the_same_root(
    inst: Installation, site: Site, replica: Path
) -> None:
    """The log, its replica, its export, its site and one register's address."""
    assert said(str(inst.data)) == line(inst, more=", signed,")
    assert said(str(replica)) == line(inst, more=", signed,")
    signed = re.compile(r", signed \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ,")
    for target in (str(site.folder), site.address, f"{site.address}/registers/town"):
        assert signed.sub(", signed,", said(target)) == line(inst, more=", signed,")


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 299, 300])
def test_the_root_of_an_earlier_size_is_told(
    size: int, inst: Installation, site: Site
) -> None:
    """Both a data directory and a site give the root of any size."""
    wanted = line(inst, size)
    assert said(str(inst.data), "--size", str(size)) == wanted
    assert said(site.address, "--size", str(size)) == wanted


def test_a_word_is_a_register_and_a_path_a_target(
    inst: Installation, replica: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a data directory a plain word names its register, whatever else is here."""
    inst.grow(3, "replica")
    inst.sign()
    monkeypatch.chdir(tmp_path)
    assert said("replica", data=str(inst.data)).startswith("replica: 3 entries")
    assert said("replica", "--data", str(inst.data)).startswith("replica: 3 entries")
    assert said("./replica", data=str(inst.data)) == line(inst, more=", signed,")
    assert said("replica") == line(inst, more=", signed,")
    assert said("--register", "town", data=str(inst.data)).startswith("town: 300 ")
    assert verify("./replica", "--data", str(inst.data)).exit_code == 2
    assert verify().exit_code == 2


def test_what_is_not_signed_yet_is_said(inst: Installation) -> None:
    """Entries that a crash left unsigned verify, and are not called signed."""
    inst.grow(5)
    assert said(str(inst.data)) == line(inst, 305, more=", the first 300 signed,")


def test_nothing_to_verify_is_a_fault_of_usage(
    inst: Installation, tmp_path: Path
) -> None:
    """A path that is not there, a site that does not answer, a size beyond the log, a
    data directory without registers."""
    empty = tmp_path / "empty"
    Registers.open(empty, write=True).log.close()
    for words, error in (
        ([str(empty)], NoData),
        (["./nowhere"], SourceUnreachable),
        (["http://127.0.0.1:1/"], SourceUnreachable),
        (["ftp://example.org/"], InvalidParameter),
        ([str(inst.data), "--size", "301"], NoSuchEntry),
        ([str(inst.data), "--register", "../town"], InvalidParameter),
    ):
        assert isinstance(verify(*words).exception, error), words


ROWS = {
    "checkpoint": (
        "UPDATE checkpoint SET note = replace(note, char(10) || '300', char(10) || "
        "'301')",
        BadSignature,
        "town: the checkpoint of 300 entries: the signature of",
    ),
    "checkpoint-of-another-size": (
        "UPDATE checkpoint SET size = 299",
        NotVerified,
        "the checkpoint of 299 entries is of 300",
    ),
    "checkpoint-torn": (
        "UPDATE checkpoint SET note = substr(note, 1, 80)",
        NotVerified,
        "the checkpoint of 300 entries: a note ends",
    ),
    "cosignature": (
        "UPDATE checkpoint SET note = replace(note, '— localhost:8000 ', '— x ')",
        BadSignature,
        "the checkpoint of 300 entries: no trusted key signed",
    ),
    "statement": (
        "UPDATE statement SET note = replace(note, '2019-04', '2019-05')",
        BadSignature,
        "town: the signed statement: the signature of",
    ),
    "statement-gone": (
        "DELETE FROM statement",
        NotVerified,
        "the signed statement is missing",
    ),
    "batch": (
        "UPDATE batch SET licence = 'mine'",
        LogCorrupt,
        "says otherwise of the batches",
    ),
    "batch-range": (
        "UPDATE batch_range SET last = 299",
        LogCorrupt,
        "says otherwise of the batches",
    ),
    "system-entry": (
        "INSERT INTO system_entry VALUES (1, 1, 'name', '2019-04-01T12:00:00Z', '{}')",
        LogCorrupt,
        "says otherwise of the system entries",
    ),
    "shape": (
        "UPDATE register SET shape = 'mine'",
        LogCorrupt,
        "says otherwise of the shape",
    ),
    "withheld": (
        "UPDATE item SET content = NULL, withheld = 'x', withheld_on = '2026-01-01' "
        "WHERE id = 9",
        LogCorrupt,
        "says otherwise of the withheld items",
    ),
    "item": (
        "UPDATE item SET content = replace(content, 'N7\"', 'N9\"')",
        LogCorrupt,
        "town: the item of entry",
    ),
}


@pytest.mark.parametrize(("sql", "error", "says"), ROWS.values(), ids=ROWS.keys())
def test_a_row_that_is_not_what_was_signed_is_named(
    sql: str, error: type[Exception], says: str, replica: Path
) -> None:
    """A checkpoint, a statement and all that it tells of are checked in a replica."""
    with closing(sqlite3.connect(replica / "log.sqlite")) as db, db:
        assert db.execute(sql).rowcount
    result = verify(str(replica))
    assert type(result.exception) is error
    assert says in str(result.exception)


def test_a_log_that_was_cut_behind_its_checkpoint_is_found(inst: Installation) -> None:
    """Entries that were taken away whole, tiles and all, are missed all the same."""
    inst.log.close()
    with closing(sqlite3.connect(inst.data / "log.sqlite")) as db, db:
        db.execute("DELETE FROM entry WHERE number > 256")
        db.execute("DELETE FROM tile WHERE level = 0 AND position = 1")
        db.execute("UPDATE register SET size = 256")
        db.execute("UPDATE batch_range SET last = 256")
    result = verify(str(inst.data))
    assert isinstance(result.exception, LogCorrupt)
    assert "300 entries is signed, but the log holds 256" in str(result.exception)


def test_a_replica_holds_nothing_unsigned(replica: Path) -> None:
    """A replica without its checkpoints is no replica."""
    with closing(sqlite3.connect(replica / "log.sqlite")) as db, db:
        db.execute("DELETE FROM checkpoint")
        db.execute("DELETE FROM statement")
    result = verify(str(replica))
    assert "of which only 0 are signed" in str(result.exception)


def test_a_pinned_key_must_be_the_one_that_signed(
    inst: Installation, site: Site, replica: Path
) -> None:
    """Another key's vkey verifies nothing: not data, not a site, not a file."""
    other = str(OTHER.verifier("localhost:8000"))
    bundle = bundle_of(inst, replica.parent)
    checkpoint = site.folder / "registers/town/checkpoint"
    for target in (inst.data, replica, site.folder, bundle, checkpoint):
        good = verify(str(target), "--key", inst.vkey)
        assert good.exit_code == 0, good.exception
        assert "nobody vouched" not in good.output
        assert isinstance(verify(str(target), "--key", other).exception, BadSignature)
    assert isinstance(verify(str(inst.data), "--key", "x").exception, InvalidParameter)


def test_an_old_signature_of_a_site_is_refused_when_asked(site: Site) -> None:
    """`--max-age` is for sites, and in days."""
    assert verify(site.address, "--max-age", "1").exit_code == 0
    result = verify(site.address, "--max-age", "0.000000001")
    assert isinstance(result.exception, Stalled)


@pytest.mark.parametrize(
    "path",
    [
        "about",
        "checkpoint",
        "tile/0/000",
        "tile/0/001.p/44",
        "tile/1/000.p/1",
        "tile/entries/000",
        "tile/entries/001.p/44",
        "tile/items/000",
        "tile/items/001.p/44",
    ],
)
def test_any_file_of_an_export_that_was_touched_is_named(
    path: str, inst: Installation, tmp_path: Path
) -> None:
    """One bit anywhere in a file of the export, or its absence, is found."""
    folder = export(inst, tmp_path / "export")
    file = folder / "registers" / "town" / path
    whole = file.read_bytes()
    for at in (0, len(whole) // 3, len(whole) // 2, len(whole) - 1):
        body = bytearray(whole)
        body[at] ^= 4
        file.write_bytes(body)
        result = verify(str(folder))
        assert isinstance(result.exception, NotVerified), (path, at)
        assert path in str(result.exception)
    file.unlink()
    assert isinstance(verify(str(folder)).exception, NotVerified | NotSigned)


def bundle_of(inst: Installation, folder: Path) -> Path:
    """The bundle of the record k7."""
    keys = inst.ring().for_register("town")
    file = folder / "bundle.json"
    file.write_bytes(canonical_bytes(make_bundle(inst.log, "town", "k7", keys)))
    return file


def test_a_bundle_proves_its_record(inst: Installation, tmp_path: Path) -> None:
    """The record, its entry and the size of the log are printed, and whose key it was;
    a changed item is refused by name."""
    file = bundle_of(inst, tmp_path)
    result = verify(str(file))
    assert result.stdout.startswith("town: record “k7”, entry 8 of 300, signed 20")
    assert f"--key '{inst.ring().for_register('town')[0]}'" in result.stderr
    file.write_bytes(file.read_bytes().replace(b"N7", b"N8"))
    assert "bundle: item" in str(verify(str(file)).exception)
    body = json.loads(file.read_bytes())
    file.write_text(json.dumps(body, indent=1))
    assert isinstance(verify(str(file)).exception, NotVerified)


@pytest.mark.parametrize("words", [("--size", "4"), ("--register", "town")])
def test_what_is_for_whole_logs_is_refused_for_a_file(
    words: tuple[str, str], inst: Installation, tmp_path: Path
) -> None:
    """An option that would be passed over is wrong usage."""
    result = verify(str(bundle_of(inst, tmp_path)), *words)
    assert result.exit_code == 2
    assert "are for whole logs" in result.stderr


def test_a_time_that_no_calendar_has_is_told_in_seconds(
    inst: Installation, tmp_path: Path
) -> None:
    """Whoever makes a cosignature may say any time in it."""
    text = parse_note(inst.log.checkpoint("town")).text
    line_of = OTHER.cosign(text, "witness.example", 2**63 - 1)
    file = tmp_path / "checkpoint"
    file.write_text(Note(text, (line_of,)).format(), "utf-8")
    witness = str(OTHER.verifier("witness.example", COSIGNATURE))
    assert f" {2**63 - 1} seconds after 1970, " in said(str(file), "--key", witness)


def test_a_checkpoint_is_verified_by_a_key_that_is_given(
    inst: Installation, tmp_path: Path
) -> None:
    """Its own log's key, a register's, or a witness's; it does not bring one."""
    file = tmp_path / "checkpoint"
    note = parse_note(inst.log.checkpoint("town"))
    line_of = OTHER.cosign(note.text, "witness.example", 1_700_000_000)
    file.write_text(Note(note.text, (*note.signatures, line_of)).format(), "utf-8")
    assert isinstance(verify(str(file)).exception, InvalidParameter)
    root = format_hash(inst.log.root("town"))
    start = f"localhost:8000/registers/town: 300 entries, {root}, "
    assert said(str(file), "--key", inst.vkey).startswith(f"{start}signed 20")
    witness = str(OTHER.verifier("witness.example", COSIGNATURE))
    assert said(str(file), "--key", witness) == (
        f"{start}cosigned by witness.example 2023-11-14T22:13:20Z, verified\n"
    )
    file.write_text(file.read_text("utf-8").replace("\n300\n", "\n200\n"), "utf-8")
    assert isinstance(verify(str(file), "--key", witness).exception, BadSignature)
    file.write_text("no note")
    assert isinstance(verify(str(file), "--key", witness).exception, NotVerified)


@pytest.fixture
def rsf(inst: Installation, tmp_path: Path) -> Path:
    """The register of towns in RSF."""
    entries = inst.log.entries("town", 1, 300)
    items = [inst.log.item(entry.item_hash) for entry in entries]
    file = tmp_path / "town.rsf"
    root = inst.log.root("town")
    file.write_text("".join(format_rsf("town", [], entries, items, root)), "utf-8")
    return file


def test_a_register_in_rsf_is_verified_by_its_own_root(
    inst: Installation, rsf: Path
) -> None:
    """A changed item is found by its line, and an end that is missing as such."""
    assert said(str(rsf)) == line(inst)
    text = rsf.read_text("utf-8")
    rsf.write_text(text.replace("N7", "N8", 1), "utf-8")
    assert "town.rsf, line" in str(verify(str(rsf)).exception)
    rsf.write_text(text[: text.rindex("assert-root-hash")], "utf-8")
    result = verify(str(rsf))
    assert isinstance(result.exception, NotVerified)
    assert "its end is missing" in str(result.exception)
