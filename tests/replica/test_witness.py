"""A witness cosigns one history; its cosignature is served with what it is about."""

from __future__ import annotations

import shutil
import signal
import stat
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.log.drafts import append, draft
from tests.log.installation import Installation
from tests.log.vectors import OTHER
from tests.replica.sites import Site, export, follow, twin
from trigpoint.cli import app
from trigpoint.errors import (
    BadSignature,
    InvalidParameter,
    NoSigningKey,
    NotPermitted,
    NotVerified,
)
from trigpoint.log.checkpoint import parse_checkpoint
from trigpoint.log.note import (
    COSIGNATURE,
    Note,
    cosigned_at,
    parse_note,
    parse_verifier_key,
)
from trigpoint.log.store import Log
from trigpoint.replica.site import open_site
from trigpoint.replica.witness import open_witness

NAME = "witness.example"


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def witness(target: str, state: Path, *words: str) -> Result:
    return run("witness", target, "--name", NAME, "--state", str(state), *words)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "witness"


def vkey_of(state: Path) -> str:
    return (state / "witness.vkey").read_text("utf-8").strip()


def test_a_checkpoint_gets_a_line_that_verifies(
    inst: Installation, site: Site, state: Path
) -> None:
    """The log's own lines stay, and the witness's says the time; its key is private."""
    before = int(time.time())
    result = witness(site.address, state, "--key", inst.vkey)
    assert result.exit_code == 0
    assert f"verified by '{vkey_of(state)}'" in result.stderr
    note = parse_note(result.stdout)
    key = parse_verifier_key(vkey_of(state))
    assert (key.name, key.kind) == (NAME, COSIGNATURE)
    assert before <= cosigned_at(note, key) <= time.time()
    assert inst.ring().check(note).size == 300
    for file in (state, state / "witness.key"):
        assert not stat.S_IMODE(file.stat().st_mode) & 0o077


def test_growth_is_cosigned_and_a_rollback_is_not(
    inst: Installation, site: Site, state: Path, tmp_path: Path
) -> None:
    """It goes on from what it cosigned, and writes nothing of what it refuses."""
    out = tmp_path / "out"
    old = tmp_path / "old"
    shutil.copytree(site.folder, old)
    assert witness(site.address, state, "--out", str(out)).exit_code == 0
    inst.grow(300)
    export(inst, site.folder)
    site.asked.clear()
    assert witness(site.address, state, "--out", str(out)).exit_code == 0
    assert parse_checkpoint(parse_note(out.read_bytes()).text).size == 600
    assert not [path for path in site.asked if "entries" in path or "items" in path]
    cosigned = out.read_bytes()
    result = witness(str(old), state, "--out", str(out))
    assert result.exit_code == 1
    assert "has 300 entries" in result.stderr
    assert "was seen with 600" in result.stderr
    assert out.read_bytes() == cosigned
    assert witness(site.address, state, "--out", str(out)).exit_code == 0


def test_a_fork_is_never_cosigned(
    inst: Installation, state: Path, tmp_path: Path
) -> None:
    """Another history of the same size or a greater one is refused, and both of its
    checkpoints are kept; the first history goes on."""
    site = export(inst, tmp_path / "export")
    assert witness(str(site), state).exit_code == 0
    other = twin(inst, tmp_path / "other")
    for size in (300, 400):
        first = other.log.size("town")
        append(other.log, [draft(f"other{n}") for n in range(first, size)])
        result = witness(str(export(other, tmp_path / "fork")), state)
        assert result.exit_code == 1
        assert result.stdout == ""
        assert "two histories are signed in its name" in result.stderr
    other.log.close()
    assert len(list((state / "evidence" / "town").iterdir())) == 2
    inst.grow(1)
    assert witness(str(export(inst, site)), state).exit_code == 0


def test_a_tile_that_lies_about_growth_is_not_believed(
    inst: Installation, site: Site, state: Path
) -> None:
    """That a tree goes on is seen from tiles that hash to what is signed."""
    assert witness(site.address, state).exit_code == 0
    inst.grow(300)
    export(inst, site.folder)
    body = bytearray(site.bytes("tile/0/001"))
    body[0] ^= 1
    site.lie("tile/0/001", bytes(body))
    result = witness(site.address, state)
    assert result.exit_code == 1
    assert "tile/0/001 hashes to" in result.stderr
    assert result.stdout == ""


def test_all_registers_of_a_site_go_to_a_folder(
    inst: Installation, site: Site, state: Path, tmp_path: Path
) -> None:
    """Each register has a file of its own, and one that is wrong keeps none back."""
    inst.grow(2, "village")
    export(inst, site.folder)
    assert isinstance(witness(site.address, state).exception, InvalidParameter)
    site.lie("checkpoint", b"nothing")
    result = witness(site.address, state, "--out", str(tmp_path / "out"))
    assert result.exit_code == 1
    assert [file.name for file in (tmp_path / "out").iterdir()] == [
        "village.checkpoint"
    ]


def test_a_witness_keeps_its_name_and_its_key(site: Site, state: Path) -> None:
    """Another name is refused, and so is a key that others may read."""
    assert witness(site.address, state).exit_code == 0
    other = run("witness", site.address, "--name", "x", "--state", str(state))
    assert isinstance(other.exception, InvalidParameter)
    (state / "witness.key").chmod(0o644)
    assert isinstance(witness(site.address, state).exception, NoSigningKey)
    (state / "witness.key").unlink()
    assert isinstance(witness(site.address, state).exception, NoSigningKey)


def test_a_witness_that_is_killed_remembers_what_it_signed(
    inst: Installation, tmp_path: Path, state: Path
) -> None:
    """Killed at any moment, it has seen at least what it cosigned: so the fork of a
    cosigned checkpoint is refused, and the log itself goes on being cosigned."""
    site = export(inst, tmp_path / "export")
    other = twin(inst, tmp_path / "other")
    append(other.log, [draft(f"other{n}") for n in range(300)])
    fork = export(other, tmp_path / "fork")
    other.log.close()
    out = tmp_path / "out"
    words = [str(site), "--name", NAME, "--state", str(state), "--out", str(out)]
    for delay in (0.9, 1.3, 1.5, 1.7, 2.0, 5.0):
        process = subprocess.Popen(
            [sys.executable, "-m", "trigpoint.cli", "witness", *words],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        end = time.monotonic() + delay
        while process.poll() is None and time.monotonic() < end:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        if out.exists():
            assert witness(str(fork), state).exit_code == 1
    assert witness(str(site), state, "--out", str(out)).exit_code == 0
    assert witness(str(fork), state).exit_code == 1


@pytest.fixture
def cosigned(inst: Installation, site: Site, state: Path, tmp_path: Path) -> Path:
    """The checkpoint of 300 towns, cosigned."""
    assert witness(site.address, state, "--out", str(tmp_path / "co")).exit_code == 0
    return tmp_path / "co"


def attach(file: Path, data: Path, vkey: str) -> Result:
    return run("attach", str(file), "--data", str(data), "--witness", vkey)


def test_an_attached_cosignature_is_served_and_stays(
    inst: Installation, site: Site, state: Path, cosigned: Path, tmp_path: Path
) -> None:
    """It is in the checkpoint that is exported, also once that is cosigned anew, and a
    newer one of the same witness takes its place."""
    key = parse_verifier_key(vkey_of(state))
    result = attach(cosigned, inst.data, str(key))
    assert result.stdout.startswith("town: the checkpoint of 300 entries was cosigned")
    export(inst, site.folder)
    first = cosigned_at(parse_note(site.bytes("checkpoint")), key)
    inst.sign(renew_before=time.time() + 100)
    assert cosigned_at(parse_note(inst.log.checkpoint("town")), key) == first
    with open_witness(state, NAME) as cosigner, open_site(site.address) as source:
        later = cosigner.key.cosign(
            parse_note(cosigned.read_bytes()).text, NAME, first + 50
        )
        assert source.registers() == ["town"]
    note = parse_note(cosigned.read_bytes())
    cosigned.write_text(Note(note.text, (*note.signatures, later)).format(), "utf-8")
    assert attach(cosigned, inst.data, str(key)).exit_code == 0
    held = parse_note(inst.log.checkpoint("town"))
    assert cosigned_at(held, key) == first + 50
    assert [line.name for line in held.signatures].count(NAME) == 1
    assert run("verify", str(inst.data)).exit_code == 0


def test_only_what_was_signed_here_and_there_is_attached(
    inst: Installation, state: Path, cosigned: Path, tmp_path: Path
) -> None:
    """A foreign checkpoint, a witness that did not sign and a changed line are refused,
    and what is held stays as it is."""
    before = inst.log.checkpoint("town")
    vkey, other = vkey_of(state), str(OTHER.verifier("w", COSIGNATURE))
    refused: list[tuple[str, str, type[Exception]]] = [
        (cosigned.read_text("utf-8"), other, BadSignature),
        (cosigned.read_text("utf-8"), str(OTHER.verifier("w")), InvalidParameter),
        (cosigned.read_text("utf-8"), "no key", InvalidParameter),
        (cosigned.read_text("utf-8").replace("\n300\n", "\n299\n"), vkey, BadSignature),
        (before, vkey, BadSignature),
        ("no note", vkey, NotVerified),
    ]
    for text, key, error in refused:
        file = tmp_path / "refused"
        file.write_text(text, "utf-8")
        assert isinstance(attach(file, inst.data, key).exception, error)
    assert inst.log.checkpoint("town") == before


def test_a_replica_takes_no_cosignature(
    site: Site, state: Path, cosigned: Path, tmp_path: Path
) -> None:
    """It shows what its origin shows: so it is attached there."""
    assert not follow(tmp_path / "replica", site.address).wrong
    result = attach(cosigned, tmp_path / "replica", vkey_of(state))
    assert isinstance(result.exception, NotPermitted)


def test_a_cosignature_reaches_the_replicas(
    inst: Installation, site: Site, state: Path, cosigned: Path, tmp_path: Path
) -> None:
    """A checkpoint that is the same but for a line is taken over with it."""
    assert not follow(tmp_path / "replica", site.address).wrong
    assert attach(cosigned, inst.data, vkey_of(state)).exit_code == 0
    export(inst, site.folder)
    (done,) = follow(tmp_path / "replica", site.address).done
    assert done.added == 0
    with closing(Log(tmp_path / "replica" / "log.sqlite", readonly=True)) as copy:
        note = parse_note(copy.checkpoint("town"))
    assert cosigned_at(note, parse_verifier_key(vkey_of(state)))
