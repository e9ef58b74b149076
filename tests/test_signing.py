"""Signing through the façade and the command: loads sign, verbs make the keys."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import sys
import time
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner, Result

from loaders.__main__ import main as load_main
from tests.copies import keys_of
from trigpoint.cli import app
from trigpoint.cli import main as cli_main
from trigpoint.errors import (
    InvalidParameter,
    NoSigningKey,
    SigningRefused,
    ViewsBehind,
)
from trigpoint.identity import IDENTITY_FILE, ensure, read_identity
from trigpoint.log.entry import Batch, Draft
from trigpoint.log.keys import trusted_keys
from trigpoint.log.note import parse_note, parse_verifier_key
from trigpoint.log.store import Log
from trigpoint.register import LOG_FILE, Registers
from trigpoint.rights import OWNER_FILE, Custodians
from trigpoint.schema.items import canonical_json, item_hash
from trigpoint.staging import Load

BATCH = Batch("test", "A test", release_date="2019-04-01")
TYPE = "local-authority-type"


def rows(*keys: str) -> list[Load]:
    """Authority types of these keys."""
    frame = pl.DataFrame({TYPE: list(keys), "name": [f"Type {key}" for key in keys]})
    return [Load(TYPE, frame, whole=False)]


def load(data: Path, *keys: str) -> Registers:
    registers = Registers.open(data, write=True)
    assert registers.load(rows(*keys), BATCH).appended
    return registers


def signed_size(data: Path, pinned: str | None = None) -> int:
    """The size of the newest checkpoint, verified as a client does."""
    text = (data / "keys.json").read_text("utf-8")
    ring = trusted_keys(text, pinned or json.loads(text)["keys"][-1])
    log = Log(data / LOG_FILE, readonly=True)
    found = ring.check(parse_note(log.checkpoint(TYPE)))
    assert found.root == log.root(TYPE, found.size)
    log.close()
    return found.size


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory with one register of two entries, signed."""
    load(tmp_path / "data", "UA", "LBO").log.close()
    return tmp_path / "data"


def test_init_prints_what_others_pin(tmp_path: Path) -> None:
    """Origin and vkey; the key and the owner's token lie where nobody else reads."""
    data = tmp_path / "data"
    done = run("init", "--data", data, "--base", "https://example.org/a/")
    said = dict(line.split(maxsplit=1) for line in done.output.splitlines())
    keys = keys_of(data)
    assert said["origin:"] == "example.org/a"
    assert parse_verifier_key(said["vkey:"]).name == "example.org/a"
    assert said["keys:"] == str(keys)
    assert keys.stat().st_mode & 0o777 == 0o700
    for path in keys.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600, path
    token = (keys / OWNER_FILE).read_text().strip()
    Custodians(keys).identify(token).check(["country", TYPE])
    assert json.loads((data / "keys.json").read_text())["keys"] == [said["vkey:"]]
    assert json.loads((data / IDENTITY_FILE).read_text()) == {
        "format": 1,
        "origin": "example.org/a",
        "keys": "../data.keys",
        "base": "https://example.org/a",
    }


def test_init_says_so_when_it_was_done(data: Path) -> None:
    """The second time nothing is changed, and the message names what there is."""
    before = (keys_of(data) / "signing.key").read_bytes()
    done = run("init", "--data", data, "--base", "https://example.org")
    assert isinstance(done.exception, InvalidParameter)
    assert "initialised already, with the origin localhost:8000" in str(done.exception)
    assert (keys_of(data) / "signing.key").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--keys", "{data}/keys"), "is within"),
        (("--keys", "{data}"), "is within"),
        (("--base", "foo bar"), "cannot be the base"),
        (("--base", "http://a/b+c"), "it has a plus"),
    ],
)
def test_init_refuses_what_cannot_work(
    tmp_path: Path, words: tuple[str, str], says: str
) -> None:
    """A folder within the data, a base that is none: said, and no identity is made."""
    data = tmp_path / "data"
    given = [word.format(data=data) for word in words]
    done = run("init", "--data", data, *given)
    assert isinstance(done.exception, InvalidParameter)
    assert says in str(done.exception)
    assert not (data / IDENTITY_FILE).exists()


def test_keys_named_by_a_relative_path_move_with_the_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both folders can be moved together; by an absolute path the keys stay."""
    monkeypatch.chdir(tmp_path)
    assert run("init", "--data", "old/data", "--keys", "old/secret").exit_code == 0
    Path("old").rename("new")
    load(Path("new/data"), "UA").log.close()
    assert signed_size(Path("new/data")) == 1
    elsewhere = tmp_path / "elsewhere"
    assert run("init", "--data", "other", "--keys", elsewhere).exit_code == 0
    identity = read_identity(Path("other"))
    assert identity is not None
    assert identity.keys == elsewhere


def test_a_load_makes_a_key_and_says_so_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first load prints one line with the vkey and its place; later ones do not."""
    csv = tmp_path / "types.csv"
    csv.write_text(f"{TYPE},name\nUA,Unitary\n")
    words = ["rows", "--register", TYPE, str(csv), "--data", str(tmp_path / "data")]
    assert load_main(words) == 0
    vkey = json.loads((tmp_path / "data" / "keys.json").read_text())["keys"][0]
    line = f"made a signing key: {vkey}, in {keys_of(tmp_path / 'data')}\n"
    assert capsys.readouterr().err == line
    assert load_main(words) == 0
    assert capsys.readouterr().err == ""
    assert signed_size(tmp_path / "data") == 1


def test_a_later_base_does_not_change_the_origin(data: Path) -> None:
    """The origin is chosen once; records may be named under another host later."""
    registers = Registers.open(data, base="https://example.org", write=True)
    registers.load(rows("CC"), BATCH)
    identity = read_identity(data)
    assert identity is not None
    assert identity.origin == "localhost:8000"
    assert signed_size(data) == 3


def test_without_the_keys_nothing_is_appended_and_reading_goes_on(
    data: Path, tmp_path: Path
) -> None:
    """A copy of the data alone says where it looked for the key; a dry run, records
    and views work."""
    copy = tmp_path / "elsewhere" / "data"
    shutil.copytree(data, copy)
    registers = Registers.open(copy, write=True)
    with pytest.raises(NoSigningKey, match=f"expected in {keys_of(copy)}"):
        registers.load(rows("CC"), BATCH)
    assert registers.log.size(TYPE) == 2
    assert registers.load(rows("CC"), BATCH, dry_run=True).counts[TYPE].added == 1
    assert registers.log.record(TYPE, "UA").item["name"] == "Type UA"
    assert registers.view().sizes == {TYPE: 2}
    assert registers.refresh_signatures(0) == []


@pytest.mark.parametrize(("name", "mode"), [("signing.key", 0o644), (".", 0o755)])
def test_loose_permissions_keep_a_load_out(data: Path, name: str, mode: int) -> None:
    """The message has the command to run; nothing is appended."""
    path = keys_of(data) / name
    right = path.stat().st_mode & 0o777
    path.chmod(mode)
    registers = Registers.open(data, write=True)
    with pytest.raises(NoSigningKey, match=f"`chmod {right:o} {path}`"):
        registers.load(rows("CC"), BATCH)
    assert registers.log.size(TYPE) == 2
    path.chmod(right)
    assert registers.load(rows("CC"), BATCH).appended


def test_an_old_backup_is_not_appended_to(data: Path, tmp_path: Path) -> None:
    """What was signed since would be contradicted: refused before anything is in."""
    shutil.copytree(data, tmp_path / "backup")
    load(data, "CC").log.close()
    shutil.rmtree(data)
    (tmp_path / "backup").rename(data)
    registers = Registers.open(data, write=True)
    with pytest.raises(SigningRefused, match="first 3 entries were signed"):
        registers.load(rows("NMD"), BATCH)
    assert registers.log.size(TYPE) == 2


def test_new_data_does_not_take_the_key_of_another_log(data: Path) -> None:
    """Data that was removed and made anew meets what its key has signed."""
    shutil.rmtree(data)
    with pytest.raises(SigningRefused, match="move the folder away"):
        Registers.open(data, write=True)


def test_what_init_left_half_done_is_gone_on_with(data: Path, tmp_path: Path) -> None:
    """A key that has signed nothing yet is taken, for whichever base is chosen."""
    fresh = tmp_path / "fresh"
    log = Log(fresh / LOG_FILE)
    made = ensure(fresh, "http://one", log)
    assert made is not None
    key = (keys_of(fresh) / "signing.key").read_bytes()
    (fresh / IDENTITY_FILE).unlink()
    (keys_of(fresh) / "keys.json").unlink()
    (fresh / "keys.json").unlink()
    again = ensure(fresh, "http://two", log)
    assert again is not None
    assert (again.origin, made.origin) == ("two", "one")
    assert (keys_of(fresh) / "signing.key").read_bytes() == key
    assert ensure(fresh, "http://three", log) is None


def test_sign_signs_what_is_not_and_refreshes(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Entries of an interrupted load are signed; `--refresh` cosigns all anew."""
    log = Log(data / LOG_FILE)
    with log.appending(BATCH) as appender:
        appender.declare("country")
    assert run("sign", "--data", data).output == "country: 0 entries signed\n"
    assert run("sign", "--data", data).output == "everything is signed as it is\n"
    later = time.time() + 2
    monkeypatch.setattr(time, "time", lambda: later)
    refreshed = run("sign", "--refresh", "--data", data).output
    assert refreshed == f"country: 0 entries signed\n{TYPE}: 2 entries signed\n"


def test_signatures_are_renewed_when_they_are_old(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server asks each while; only what is older than it says is cosigned anew."""
    registers = Registers.open(data)
    assert registers.refresh_signatures(86_400) == []
    later = time.time() + 86_402
    monkeypatch.setattr(time, "time", lambda: later)
    assert registers.refresh_signatures(86_400) == [TYPE]
    assert registers.refresh_signatures(86_400) == []


def test_rotate_prints_both_keys_and_the_old_one_leads_on(data: Path) -> None:
    """Who pinned the first vkey verifies what the second signs."""
    first = json.loads((data / "keys.json").read_text())["keys"][0]
    said = run("rotate", "--data", data).output.splitlines()
    assert said[0] == f"old vkey: {first}"
    second = said[1].removeprefix("new vkey: ")
    load(data, "CC").log.close()
    assert signed_size(data, first) == signed_size(data, second) == 3


@pytest.mark.parametrize("verb", ["sign", "rotate"])
def test_verbs_that_sign_want_a_key(tmp_path: Path, verb: str) -> None:
    """A folder that is not initialised is told what to run, and is not made."""
    done = run(verb, "--data", tmp_path / "nothing")
    assert isinstance(done.exception, NoSigningKey)
    assert "trigpoint init" in str(done.exception)
    assert not (tmp_path / "nothing").exists()


def test_a_contradiction_is_one_line_and_exit_code_1(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Data that does not go on from what was signed does not verify."""
    with sqlite3.connect(data / LOG_FILE) as db:
        db.execute("UPDATE register SET size = 1")
    db.close()
    monkeypatch.setattr(sys, "argv", ["trigpoint", "sign", "--data", str(data)])
    with pytest.raises(SystemExit, match="1"):
        cli_main()
    said = capsys.readouterr().err
    assert said.startswith(f"trigpoint: {TYPE} must not be signed: its first 2 entries")
    assert said.count("\n") == 1


def test_entries_that_could_not_be_signed_are_said_to_be_in(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a full disk the log has the entries, and `sign` makes good."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    registers = Registers.open(data, write=True)
    with monkeypatch.context() as patched:
        patched.setattr("trigpoint.log.keyfolder.KeyFolder.keep", full)
        with pytest.raises(ViewsBehind, match=r"in the log.*trigpoint sign"):
            registers.load(rows("CC"), BATCH)
    assert signed_size(data) == 2
    assert run("sign", "--data", data).output == f"{TYPE}: 3 entries signed\n"
    assert signed_size(data) == 3


def sign_often(data: Path, ready: Connection) -> None:
    """Append and sign, without end; each acknowledged size is told."""
    registers = Registers.open(data, write=True)
    identity = read_identity(data)
    assert identity is not None
    signer = identity.signer()
    for turn in range(1_000_000):
        registers.log.close()
        with registers.log.appending(BATCH) as appender:
            appender.append(TYPE, drafts(turn))
        signer.sign(registers.log)
        ready.send(registers.log.size(TYPE))


def drafts(turn: int) -> list[Draft]:
    """Some entries of the register that nobody appended before."""
    text = canonical_json({TYPE: "UA", "name": f"{os.getpid()} {turn}"})
    return [Draft("2019-04-01T12:00:00Z", "UA", text, item_hash(text))] * 100


@pytest.mark.parametrize(
    "times", [8, pytest.param(200, marks=pytest.mark.long)], ids=["", "long"]
)
def test_a_signer_that_is_killed_is_gone_on_with(data: Path, times: int) -> None:
    """Killed at any moment: what was signed last is in the log, signing again works,
    and each checkpoint goes on from the one before."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["trigpoint.register"])
    chance = random.Random(times)
    told, seen = 2, 0
    for _ in range(times):
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=sign_often, args=(data, theirs))
        process.start()
        told = ours.recv()
        time.sleep(chance.random() / 10)
        process.kill()
        process.join()
        while ours.poll():
            told = ours.recv()
        ours.close()
        theirs.close()
        identity = read_identity(data)
        assert identity is not None
        assert signed_size(data) >= told
        log = Log(data / LOG_FILE)
        seen += len(identity.signer().sign(log))
        assert signed_size(data) == log.size(TYPE)
        log.close()
    registers = Registers.open(data)
    text = (data / "keys.json").read_text("utf-8")
    ring = trusted_keys(text, json.loads(text)["keys"][-1])
    for size in registers.log.checkpoint_sizes(TYPE):
        found = ring.check(parse_note(registers.log.checkpoint(TYPE, size)))
        assert found.root == registers.log.root(TYPE, size)
    assert registers.log.verify(TYPE) == registers.log.root(TYPE)
