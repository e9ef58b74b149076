"""Checkpoints are signed of what the log holds, and nothing else, ever."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.copies import keys_of
from tests.log.drafts import BATCH, append, by_hand, draft
from tests.log.installation import ORIGIN, Installation, installation, reopened
from trigpoint.errors import (
    DataBusy,
    LogCorrupt,
    NoSigningKey,
    NotSigned,
    SigningRefused,
)
from trigpoint.log.keyfolder import LAST
from trigpoint.log.merkle import EMPTY_ROOT
from trigpoint.log.note import parse_note


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    """A log of 300 towns, signed, and 400 more that are not."""
    here = installation(tmp_path)
    here.grow(300)
    assert here.sign() == ["town"]
    here.grow(400)
    return here


def last(here: Installation, register: str = "town") -> Path:
    return here.keys.path / LAST / register


def test_a_checkpoint_has_two_signatures_and_is_kept_twice(here: Installation) -> None:
    """Type 0x01 by the register's log, 0x04 with the time by the installation; the
    database and `last/` have the same note."""
    before = int(time.time())
    assert here.sign() == ["town"]
    text = here.log.checkpoint("town")
    assert last(here).read_text("utf-8") == text
    note = parse_note(text)
    assert [line.name for line in note.signatures] == [
        f"{ORIGIN}/registers/town",
        ORIGIN,
    ]
    found = here.ring().check(note)
    assert (found.size, found.root) == (700, here.log.verify("town"))
    assert before <= here.ring().cosigned_at(note) <= time.time()
    assert here.log.checkpoint_sizes("town") == [300, 700]
    assert here.checkpoint(size=300).root == here.log.root("town", 300)


def test_what_is_signed_is_not_signed_again(here: Installation) -> None:
    """A second pass signs nothing and leaves every byte as it is."""
    here.sign()
    text, about = here.log.checkpoint("town"), here.log.statement("town")
    assert here.sign() == []
    assert here.log.checkpoint("town") == text
    assert here.log.statement("town") == about


def test_only_the_registers_named_are_signed(here: Installation) -> None:
    """Others stay as they were, until all are asked for."""
    here.grow(5, "county")
    assert here.signer.sign(here.log, ["county"]) == ["county"]
    assert here.log.checkpoint_sizes("town") == [300]
    assert here.sign() == ["town"]


def test_a_register_without_entries_is_signed(tmp_path: Path) -> None:
    """Its checkpoint has size 0 and the root of nothing, and it can grow."""
    here = installation(tmp_path)
    with here.log.appending(BATCH) as appender:
        appender.declare("town")
    assert here.sign() == ["town"]
    assert (here.checkpoint().size, here.checkpoint().root) == (0, EMPTY_ROOT)
    here.grow(3)
    assert here.sign() == ["town"]
    assert here.checkpoint().size == 3


@pytest.mark.parametrize("size", [1, 255, 256, 257, 511, 512, 65_536, 65_600])
def test_signing_goes_on_at_any_width_of_tile(tmp_path: Path, size: int) -> None:
    """From each size, by one and by many, the root is that of all entries."""
    here = installation(tmp_path)
    here.grow(size)
    here.sign()
    for more in (1, 300):
        here.grow(more)
        assert here.sign() == ["town"]
        assert here.checkpoint().root == here.log.verify("town")


def test_the_cosignature_is_renewed_when_it_is_old(
    here: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Text and signature of the log stay, the time is newer, also in `last/`."""
    here.sign()
    old = parse_note(here.log.checkpoint("town"))
    then = here.ring().cosigned_at(old)
    assert here.sign(renew_before=then) == []
    monkeypatch.setattr(time, "time", lambda: then + 5.5)
    assert here.sign(renew_before=then + 1) == ["town"]
    new = parse_note(here.log.checkpoint("town"))
    assert (new.text, new.signatures[0]) == (old.text, old.signatures[0])
    assert here.ring().cosigned_at(new) == then + 5
    assert len(new.signatures) == 2
    assert last(here).read_text("utf-8") == new.format()


def test_the_work_is_that_of_the_new_entries(here: Installation) -> None:
    """Entries that were signed before are not read again: damage there is for
    `verify` to find, and nothing false is signed."""
    by_hand(here.log, "UPDATE entry SET timestamp = 'x' WHERE number <= 256")
    root = here.log.root("town")
    assert here.sign() == ["town"]
    assert here.checkpoint().root == root


ENTRY = "UPDATE entry SET {} WHERE number = 512"


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        (ENTRY.format("key = 'k0'"), "tile 0/1"),
        (ENTRY.format("timestamp = '2019-04-01T12:00:01Z'"), "tile 0/1"),
        (ENTRY.format("item = 1"), "tile 0/1"),
        ("DELETE FROM entry WHERE number = 512", "entry 512 is missing"),
        ("DELETE FROM entry WHERE number = 700", "699 entries, but size 700"),
        ("UPDATE register SET size = 699", "700 entries, but size 699"),
        (
            "UPDATE item SET content = replace(content, 'N511', 'N5I1')",
            "the item of entry 512",
        ),
        (
            "UPDATE item SET hash = zeroblob(32) WHERE id = "
            "(SELECT item FROM entry WHERE number = 512)",
            "item of entry 512",
        ),
        (
            "UPDATE tile SET hashes = zeroblob(8192) WHERE level = 0 AND position = 1",
            "tile 0/1|was signed",
        ),
        (
            "UPDATE tile SET hashes = CAST(substr(hashes, 1, 64) || "
            "zeroblob(32) || substr(hashes, 97) AS BLOB) "
            "WHERE level = 0 AND position = 2",
            "tile 0/2",
        ),
        (
            "UPDATE tile SET hashes = CAST(substr(hashes, 1, 32) || "
            "zeroblob(32) AS BLOB) WHERE level = 1",
            "tile 1/0",
        ),
        ("DELETE FROM tile WHERE level = 0 AND position = 2", "tile 0/2"),
    ],
    ids=range(12),
)
def test_a_change_in_what_is_unsigned_is_found(
    here: Installation, sql: str, says: str
) -> None:
    """Entry, item or tile: it is named, and nothing is signed."""
    before = last(here).read_text("utf-8")
    by_hand(here.log, sql)
    with pytest.raises((LogCorrupt, SigningRefused), match=says):
        here.sign()
    assert last(here).read_text("utf-8") == before
    assert here.log.checkpoint_sizes("town") == [300]


REWRITE = (
    "DELETE FROM tile",
    "DELETE FROM entry",
    "UPDATE register SET size = 0",
)


def rewrite(here: Installation) -> None:
    """Another history in the place of the first, as consistent as can be."""
    for sql in REWRITE:
        by_hand(here.log, sql)
    here.log.close()
    append(here.log, [draft(f"z{n}", name="Z") for n in range(800)])


def shorten(here: Installation) -> None:
    """The log loses what was signed, and says so."""
    here.sign()
    for sql in REWRITE:
        by_hand(here.log, sql)
    here.log.close()
    append(here.log, [draft(f"k{n}", name=f"N{n}") for n in range(299)])


def forget(here: Installation) -> None:
    """The whole register is gone."""
    here.log.close()
    for table in ("checkpoint", "statement", "tile", "entry", "batch_range"):
        by_hand(here.log, f"DELETE FROM {table}")  # noqa: S608  a table's name
    by_hand(here.log, "DELETE FROM register")


def break_frontier(here: Installation) -> None:
    """A hash within the signed part of a tile is another."""
    by_hand(
        here.log,
        "UPDATE tile SET hashes = CAST(zeroblob(32) || substr(hashes, 33) "
        "AS BLOB) WHERE level = 0 AND position = 1",
    )


@pytest.mark.parametrize("harm", [rewrite, shorten, forget, break_frontier])
def test_a_log_that_contradicts_what_was_signed_is_refused(
    here: Installation, harm: Callable[[Installation], None]
) -> None:
    """The message names the register, both sizes and both roots; nobody may append."""
    root = here.log.root("town", 300).hex()
    harm(here)
    held, size = here.log.size("town"), here.keys.last("town")
    signed = parse_note(size or "").text.splitlines()[1]
    with pytest.raises(SigningRefused) as refused:
        here.sign()
    said = str(refused.value)
    assert said.startswith("town must not be signed: its first " + signed)
    assert f"the log has {held}" in said
    assert said.count("sha-256:") == 2
    assert signed != "300" or root in said
    with pytest.raises(SigningRefused):
        here.signer.ready(here.log)
    with pytest.raises(SigningRefused):
        here.signer.ready(here.log, ["town"])


def test_a_backup_from_before_the_last_signature_is_refused(
    here: Installation, tmp_path: Path
) -> None:
    """Entries appended to an old copy would contradict signed ones: neither they nor
    the copy are signed, until the log is whole again."""
    here.log.close()
    shutil.copytree(here.data, tmp_path / "backup")
    here.grow(1)
    here.sign()
    signed = here.log.checkpoint("town")
    here.log.close()
    here.data.rename(tmp_path / "lost")
    shutil.copytree(tmp_path / "backup", here.data)
    again = reopened(here.data)
    append(again.log, [draft(f"other{n}", name="O") for n in range(900)])
    with pytest.raises(SigningRefused, match="put back"):
        again.sign()
    again.log.close()
    shutil.rmtree(here.data)
    (tmp_path / "lost").rename(here.data)
    whole = reopened(here.data)
    assert whole.sign() == []
    assert whole.log.checkpoint("town") == signed


def test_a_signature_that_the_database_missed_is_put_in(here: Installation) -> None:
    """After a crash between the two, `last/` is ahead: the very note comes in."""
    here.sign()
    text = here.log.checkpoint("town")
    by_hand(here.log, "DELETE FROM checkpoint WHERE size = 700")
    here.grow(1)
    assert here.sign() == ["town"]
    assert here.log.checkpoint("town", 700) == text
    assert here.log.checkpoint_sizes("town") == [300, 700, 701]


def test_an_older_keys_folder_learns_from_the_database(here: Installation) -> None:
    """What the database has signed counts, even when `last/` is gone."""
    here.sign()
    text = here.log.checkpoint("town")
    last(here).unlink()
    assert here.sign() == []
    assert last(here).read_text("utf-8") == text
    last(here).unlink()
    rewrite(here)
    with pytest.raises(SigningRefused, match="first 700"):
        here.sign()


def test_a_last_checkpoint_that_is_not_ours_is_refused(
    here: Installation, tmp_path: Path
) -> None:
    """Garbage, another register's and another key's are told, and nothing is signed."""
    here.grow(1, "county")
    here.signer.sign(here.log, ["county"])
    (tmp_path / "other").mkdir()
    other = installation(tmp_path / "other")
    other.grow(1)
    other.sign()
    for text in ("", "x", last(here, "county").read_text(), last(other).read_text()):
        last(here).write_text(text)
        with pytest.raises(SigningRefused, match="last checkpoint is none"):
            here.sign()
    assert here.log.checkpoint_sizes("town") == [300]


@pytest.mark.parametrize("name", ["../next.key", "../../out", "a/b", ".x", "", "né"])
def test_a_name_in_the_database_leads_nowhere(here: Installation, name: str) -> None:
    """Who can write to the database writes no file by it, least of all a key."""
    before = sorted(here.keys.path.parent.rglob("*"))
    by_hand(here.log, "UPDATE register SET name = ?", name)
    with pytest.raises(SigningRefused, match="is not the name of a register"):
        here.signer.sign(here.log, [name])
    assert sorted(here.keys.path.parent.rglob("*")) == before


def test_keys_that_are_shown_in_another_encoding_are_written_anew(
    here: Installation,
) -> None:
    """JSON may be UTF-16, and what is shown is UTF-8."""
    here.sign()
    shown = here.data / "keys.json"
    text = shown.read_bytes()
    shown.write_text(text.decode(), "utf-16")
    here.sign()
    assert shown.read_bytes() == text


def test_loose_permissions_are_refused_with_what_to_run(here: Installation) -> None:
    """A key or folder that others may read signs nothing until that is mended."""
    for path, mode in (
        (here.keys.path / "signing.key", 0o600),
        (here.keys.path, 0o700),
    ):
        for loose in (mode | 0o040, mode | 0o004, mode | 0o020):
            path.chmod(loose)
            with pytest.raises(NoSigningKey, match=f"run `chmod {mode:o} {path}`"):
                here.sign()
        path.chmod(mode)
    assert here.sign() == ["town"]


def test_without_its_key_a_log_is_not_signed(here: Installation) -> None:
    """A folder, a key file or a key that is not there is named, with its place."""
    key = here.keys.path / "signing.key"
    pem = key.read_text()
    key.unlink()
    with pytest.raises(NoSigningKey, match=f"was expected in {key}"):
        here.sign()
    key.touch(0o600)
    key.write_text("no key")
    with pytest.raises(NoSigningKey, match="cannot be read"):
        here.sign()
    key.write_text(pem)
    away = here.keys.path.rename(here.keys.path.with_name("away"))
    for ask in (here.sign, lambda: here.signer.ready(here.log)):
        with pytest.raises(NoSigningKey, match=f"expected in {here.keys.path}, but"):
            ask()
    away.rename(here.keys.path)
    assert here.sign() == ["town"]


def test_a_database_that_another_process_keeps_gets_the_signature_later(
    here: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Signed is signed: the error says so, and the next pass puts the same note in."""
    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda *at, **said: connect(*at, **{**said, "timeout": 0.1})
    )
    with sqlite3.connect(here.log.path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DataBusy, match="trigpoint sign"):
            here.sign()
        other.execute("ROLLBACK")
    other.close()
    with pytest.raises(NotSigned):
        here.log.checkpoint("town", 700)
    text = last(here).read_text("utf-8")
    assert here.sign() == []
    assert here.log.checkpoint("town") == text


def test_the_keys_of_another_log_do_not_sign(
    here: Installation, tmp_path: Path
) -> None:
    """A keys folder that the data directory does not know is refused."""
    (tmp_path / "other").mkdir()
    other = installation(tmp_path / "other")
    shutil.rmtree(keys_of(here.data))
    shutil.copytree(other.keys.path, keys_of(here.data))
    with pytest.raises(NoSigningKey, match="keys folder that belongs to this log"):
        here.sign()
