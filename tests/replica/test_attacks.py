"""A site that lies is refused with the right words, and the replica stays as it was."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.log.drafts import TIME, append
from tests.log.installation import Installation
from tests.log.vectors import OTHER
from tests.replica.conftest import Followed
from tests.replica.sites import export, follow, reply, resigned, truth, twin
from trigpoint.errors import (
    BadSignature,
    Forked,
    InvalidInput,
    NotSigned,
    NotVerified,
    RolledBack,
    Stalled,
    TrigpointError,
)
from trigpoint.log.checkpoint import Checkpoint
from trigpoint.log.entry import Draft, leaf
from trigpoint.log.keyfolder import SIGNING
from trigpoint.log.keys import PublicKeys
from trigpoint.log.note import Note, SigningKey, parse_note
from trigpoint.log.proof import verify_consistency
from trigpoint.log.rotation import rotate
from trigpoint.log.tiles import pack_items, unpack_entries, unpack_items
from trigpoint.replica.lines import Unannounced, parse_leaf
from trigpoint.schema.items import format_hash, item_hash, parse_hash

Attack = Callable[[Followed], None]
DAY = 86_400


def flipped(path: str, at: int = -1) -> Attack:
    """One bit of one file is another."""

    def attack(here: Followed) -> None:
        body = bytearray(here.site.bytes(path))
        body[at] ^= 1
        here.site.lie(path, bytes(body))

    return attack


def letter(path: str, at: int) -> Attack:
    """One letter of one file is another, which could stand there as well."""

    def attack(here: Followed) -> None:
        body = bytearray(here.site.bytes(path))
        body[at] = ord("C") if body[at] == ord("B") else ord("B")
        here.site.lie(path, bytes(body))

    return attack


def cut(path: str, at: int) -> Attack:
    """A file ends early, as if it were whole."""
    return lambda here: here.site.lie(path, here.site.bytes(path)[:at])


def cosigned_at(when: Callable[[], float]) -> Attack:
    """The newest checkpoint was cosigned at another time."""

    def attack(here: Followed) -> None:
        text = parse_note(here.site.bytes("checkpoint")).text
        key = here.inst.keys.key(SIGNING)
        here.site.lie("checkpoint", resigned(text, int(when()), key))

    return attack


def by_another_key(here: Followed) -> None:
    """Somebody else signed in the log's name."""
    text = parse_note(here.site.bytes("checkpoint")).text
    here.site.lie("checkpoint", resigned(text, int(time.time()), OTHER))


def of_another_register(here: Followed) -> None:
    """A checkpoint that was signed for another register."""
    here.inst.grow(600, "other")
    export(here.inst, here.site.folder)
    other = here.site.folder / "registers/other/checkpoint"
    here.site.lie("checkpoint", other.read_bytes())


def forked(size: int) -> Attack:
    """The key signed another history, which is served whole."""

    def attack(here: Followed) -> None:
        other = twin(here.inst, here.replica.parent / "other")
        other.grow(1, "town")
        append(other.log, [other_town(n) for n in range(size - 1)])
        there = export(other, here.replica.parent / "forked") / "registers" / "town"
        for file in there.rglob("*"):
            if file.is_file():
                here.site.lie(str(file.relative_to(there)), file.read_bytes())
        other.log.close()

    return attack


def other_town(number: int) -> Draft:
    text = f'{{"town":"x{number}"}}'
    return Draft(TIME, f"x{number}", text, item_hash(text))


def rolled_back(here: Followed) -> None:
    """An old checkpoint, rightly signed, is shown again."""
    other = twin(here.inst, here.replica.parent / "other")
    other.grow(200)
    there = export(other, here.replica.parent / "old")
    here.site.lie("checkpoint", (there / "registers/town/checkpoint").read_bytes())
    here.site.lie("about", (there / "registers/town/about").read_bytes())
    other.log.close()


def old_statement(here: Followed) -> None:
    """The statement is that of the 300 entries before."""
    other = twin(here.inst, here.replica.parent / "other")
    other.grow(300)
    there = export(other, here.replica.parent / "old")
    here.site.lie("about", (there / "registers/town/about").read_bytes())
    other.log.close()


def left_out(here: Followed) -> None:
    """An item is not given, and nothing signed says why."""
    items = unpack_items(here.site.bytes("tile/items/001"))
    here.site.lie("tile/items/001", pack_items([None, *items[1:]]))


def swapped_items(here: Followed) -> None:
    """Two items of a bundle are each other's."""
    one, two, *rest = unpack_items(here.site.bytes("tile/items/001"))
    here.site.lie("tile/items/001", pack_items([two, one, *rest]))


def gone(path: str) -> Attack:
    return lambda here: here.site.lies.update(
        {f"registers/town/{path}": lambda asked, _: reply(asked, b"", 404)}
    )


ATTACKS: dict[str, tuple[Attack, type[TrigpointError], str]] = {
    "fork": (forked(700), Forked, "does not go on from the 300 entries"),
    "fork-of-same-size": (forked(300), Forked, "another root at 300 entries"),
    "rollback": (rolled_back, RolledBack, "has 200 entries .* was seen with 300"),
    "item": (
        flipped("tile/items/002.p/88"),
        NotVerified,
        "town: tile/items/002.p/88: the item of entry 600 is sha-256:",
    ),
    "items-swapped": (swapped_items, NotVerified, "the item of entry 257 is sha-256:"),
    "item-left-out": (left_out, Unannounced, "leaves out the item of entry 257"),
    "items-cut": (cut("tile/items/001", 1000), NotVerified, "items/001: a bundle is"),
    "items-gone": (gone("tile/items/001"), NotVerified, "items/001 is not there"),
    "entry": (
        flipped("tile/entries/001", 40),
        NotVerified,
        "town: tile/entries/001: entry 257 is not what the tree holds",
    ),
    "entries-cut": (cut("tile/entries/001", 999), NotVerified, "entries/001: a bundle"),
    "entries-empty": (
        cut("tile/entries/001", 0),
        NotVerified,
        "0 entries, expected 25",
    ),
    "tile": (flipped("tile/0/001"), NotVerified, "town: tile/0/001 hashes to"),
    "tile-above": (
        flipped("tile/1/000.p/2"),
        NotVerified,
        "tile/0/002.p/88, tile/1/000.p/2 hash to the root .* but the signed root is",
    ),
    "tile-at-the-edge": (flipped("tile/0/002.p/88"), NotVerified, "tile/0/002.p/88"),
    "tile-cut": (cut("tile/0/001", 77), NotVerified, "tile/0/001 has 77 bytes"),
    "tile-gone": (gone("tile/0/001"), NotVerified, "tile/0/001 is not there"),
    "signature": (letter("checkpoint", 150), BadSignature, "town is wrong"),
    "cosignature": (letter("checkpoint", -60), BadSignature, "it does not say when"),
    "size": (flipped("checkpoint", 32), BadSignature, "town is wrong"),
    "checkpoint-cut": (cut("checkpoint", 99), NotVerified, "not a signed note"),
    "checkpoint-gone": (gone("checkpoint"), NotSigned, "nothing of town is signed"),
    "other-key": (by_another_key, BadSignature, "no trusted key signed"),
    "other-register": (
        of_another_register,
        NotVerified,
        "is of localhost:8000/registers/other, expected .*/registers/town",
    ),
    "stalled": (
        cosigned_at(lambda: time.time() - 8 * DAY),
        Stalled,
        "8.0 days ago; at most 7 days",
    ),
    "to-come": (cosigned_at(lambda: time.time() + 3 * DAY), Stalled, "is to come"),
    "statement": (flipped("about", 60), BadSignature, "about: the signature .* wrong"),
    "statement-gone": (gone("about"), NotVerified, "about is not there"),
    "statement-old": (old_statement, NotVerified, "speaks for 300 entries, the check"),
}


@pytest.mark.parametrize(
    ("attack", "error", "says"), ATTACKS.values(), ids=ATTACKS.keys()
)
def test_a_lie_is_refused_and_changes_nothing(
    attack: Attack, error: type[TrigpointError], says: str, followed: Followed
) -> None:
    """Each lie has its error and its words; then the honest log is followed on."""
    before = truth(followed.replica)
    attack(followed)
    done = follow(followed.replica, followed.site.address, registers=("town",))
    wrong = done.wrong["town"]
    assert type(wrong) is error
    assert re.search(says, str(wrong)), str(wrong)
    assert truth(followed.replica) == before
    followed.site.lies.clear()
    (fine,) = follow(followed.replica, followed.site.address, registers=("town",)).done
    assert (fine.added, fine.checkpoint.size) == (300, 600)


@pytest.mark.parametrize(
    "shape", ["junk", "", "@prefix x: <http://[/> . x:y x:z x:z ."]
)
def test_a_shape_that_was_signed_must_still_be_one(
    shape: str, inst: Installation, tmp_path: Path
) -> None:
    """One that nobody can read would keep every register of the replica from being
    served; the other registers are followed."""
    inst.grow(2, "village")
    folder = export(inst, tmp_path / "export")
    about = folder / "registers/town/about"
    first, line, _ = parse_note(about.read_bytes()).text.split("\n")
    body = {**json.loads(line), "shape": shape}
    text = f"{first}\n{json.dumps(body, separators=(',', ':'))}\n"
    key = inst.keys.key(SIGNING)
    note = Note(text, (key.sign(text, first.removesuffix("/about")),))
    about.write_text(note.format(), "utf-8")
    done = follow(tmp_path / "replica", str(folder))
    assert "the shape of town cannot be read" in str(done.wrong["town"])
    assert [one.register for one in done.done] == ["village"]


def rotated(here: Followed) -> SigningKey:
    """The key of the log, which another has taken the place of since."""
    old = here.inst.keys.key(SIGNING)
    rotate(here.inst.log, here.inst.keys)
    export(here.inst, here.site.folder)
    return old


@pytest.mark.parametrize("max_age", [None, 7 * DAY])
def test_a_retired_key_does_not_say_which_items_are_withheld(
    followed: Followed, max_age: float | None
) -> None:
    """It is believed of what it signed, but nothing binds a statement to the tree."""
    old, before = rotated(followed), truth(followed.replica)
    first, line, _ = parse_note(followed.site.bytes("about")).text.split("\n")
    hidden = format_hash(followed.inst.log.entry("town", 7).item_hash)
    body = json.loads(line)
    body["withheld"] = [{"item-hash": hidden, "reason": "", "date": "2026-01-01"}]
    text = f"{first}\n{json.dumps(body, separators=(',', ':'))}\n"
    note = Note(text, (old.sign(text, first.removesuffix("/about")),))
    followed.site.lie("about", note.format().encode())
    done = follow(followed.replica, followed.site.address, max_age=max_age)
    assert type(done.wrong["town"]) is BadSignature
    assert "about: no trusted key signed the note" in str(done.wrong["town"])
    assert truth(followed.replica) == before


@pytest.mark.parametrize("max_age", [None, 7 * DAY])
def test_a_retired_key_makes_no_history(
    followed: Followed, tmp_path: Path, max_age: float | None
) -> None:
    """Who stole it can sign a tree as small as those that it signed, and no newcomer
    takes that for the log."""
    old = rotated(followed)
    text = Checkpoint("localhost:8000/registers/town", 600, bytes(32)).text
    followed.site.lie("checkpoint", resigned(text, int(time.time()), old))
    done = follow(tmp_path / "new", followed.site.address, max_age=max_age)
    assert type(done.wrong["town"]) is Stalled
    assert "by a key that is retired since" in str(done.wrong["town"])


def test_what_was_fetched_before_a_lie_is_not_fetched_again(
    followed: Followed,
) -> None:
    """After a bad bundle, only what was not yet right is asked for."""
    flipped("tile/items/002.p/88")(followed)
    assert follow(followed.replica, followed.site.address).wrong
    followed.site.lies.clear()
    followed.site.asked.clear()
    assert not follow(followed.replica, followed.site.address).wrong
    asked = [path for path in followed.site.asked if "/tile/" in path]
    assert not [path for path in asked if "entries" in path or "items/001" in path]
    assert "registers/town/tile/items/002.p/88" in asked


def test_a_spool_that_was_changed_is_fetched_again(followed: Followed) -> None:
    """What lies in the spool is believed no more than what comes from the site."""
    flipped("tile/items/002.p/88")(followed)
    assert follow(followed.replica, followed.site.address).wrong
    followed.site.lies.clear()
    spooled = followed.replica / "incoming/town/tile"
    for name in ("0/001", "entries/001", "items/001"):
        body = bytearray((spooled / name).read_bytes())
        body[50] ^= 1
        (spooled / name).write_bytes(body)
    (done,) = follow(followed.replica, followed.site.address).done
    assert done.checkpoint.size == 600
    assert not spooled.exists()


def evidence(here: Followed) -> tuple[Checkpoint, Checkpoint, Path]:
    """The two checkpoints of the one fork that was met: that seen, and that offered."""
    wrong = follow(here.replica, here.site.address).wrong["town"]
    (folder,) = (here.replica / "evidence" / "town").iterdir()
    assert str(folder) in str(wrong)
    names = ("seen.checkpoint", "offered.checkpoint")
    notes = [parse_note((folder / name).read_bytes()) for name in names]
    seen, offered = map(here.inst.ring().check, notes)
    return seen, offered, folder


@pytest.mark.parametrize("size", [301, 512, 700])
def test_what_is_kept_of_a_fork_shows_it_to_anybody(
    size: int, followed: Followed
) -> None:
    """Two notes by one key, and the proof that the later one has another beginning:
    nobody needs the tiles, which may be gone by then."""
    forked(size)(followed)
    seen, offered, folder = evidence(followed)
    assert (seen.size, offered.size) == (300, size)
    said = json.loads((folder / "offered.proof.json").read_text("utf-8"))
    began = parse_hash(said["first-root-hash"])
    assert (said["first"], said["second"]) == (300, size)
    proof = [parse_hash(one) for one in said["proof"]]
    verify_consistency(seen.size, began, offered.size, offered.root, proof)
    assert began != seen.root
    evidence(followed)  # which is not kept twice


def test_two_roots_of_one_size_need_no_proof(followed: Followed) -> None:
    """The two notes say it all."""
    forked(300)(followed)
    seen, offered, folder = evidence(followed)
    assert seen.size == offered.size
    assert seen.root != offered.root
    assert sorted_files(folder) == ["offered.checkpoint", "seen.checkpoint"]


def sorted_files(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_other_keys_are_refused_where_some_are_remembered(
    followed: Followed, tmp_path: Path
) -> None:
    """A site that suddenly has another key, without a rotation, is not believed."""
    public = PublicKeys("localhost:8000", (OTHER.verifier("localhost:8000"),))
    text = public.format().encode()
    followed.site.lies["keys.json"] = lambda asked, _: reply(asked, text)
    before = truth(followed.replica)
    with pytest.raises(BadSignature, match="no rotation leads there"):
        follow(followed.replica, followed.site.address)
    assert truth(followed.replica) == before


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"registers": 5}',
        json.dumps({"registers": [{"register": "../../etc"}]}).encode(),
        json.dumps({"registers": [{"register": "town/../x"}]}).encode(),
        json.dumps({"registers": [{"register": None}]}).encode(),
        b"[" * 100_000,
    ],
    ids=["empty", "list", "number", "path", "inner-path", "null", "deep"],
)
def test_a_list_of_registers_that_is_none_is_refused(
    body: bytes, followed: Followed
) -> None:
    """No name that could lead elsewhere in the replica's folder is taken."""
    followed.site.lies["registers.json"] = lambda asked, _: reply(asked, body)
    with pytest.raises(NotVerified, match=r"registers\.json"):
        follow(followed.replica, followed.site.address)


def test_a_register_that_is_no_longer_listed_is_missed(followed: Followed) -> None:
    """A site cannot take a register away unseen."""
    followed.inst.grow(1, "other")
    export(followed.inst, followed.site.folder)
    text = b'{"registers": [{"register": "other"}]}'
    followed.site.lies["registers.json"] = lambda asked, _: reply(asked, text)
    done = follow(followed.replica, followed.site.address)
    assert [one.register for one in done.done] == ["other"]
    assert isinstance(done.wrong["town"], RolledBack)


def test_one_bad_register_does_not_keep_others(followed: Followed) -> None:
    """The register that is right is followed, the other is reported."""
    followed.inst.grow(9, "other")
    export(followed.inst, followed.site.folder)
    flipped("tile/0/001")(followed)
    done = follow(followed.replica, followed.site.address)
    assert [(one.register, one.added) for one in done.done] == [("other", 9)]
    assert list(done.wrong) == ["town"]
    assert not done.unreachable


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"town": "x"}', "not in canonical form"),
        ('{"town":1}', "is no item"),
        ("no JSON at all", "is no item"),
    ],
)
def test_an_item_that_was_signed_must_still_be_one(
    text: str, says: str, inst: Installation, tmp_path: Path
) -> None:
    """A key does not make an item of what is none."""
    append(inst.log, [Draft(TIME, "x", text, item_hash(text))])
    done = follow(tmp_path / "replica", str(export(inst, tmp_path / "export")))
    assert says in str(done.wrong["town"])
    assert "entry 301" in str(done.wrong["town"])
    assert not (tmp_path / "replica" / "log.sqlite").exists()


def test_entries_are_read_as_strictly_as_they_are_written(inst: Installation) -> None:
    """Every entry of the log is parsed back, and no other spelling of it is."""
    entries = inst.log.entries("town")
    assert [parse_leaf(leaf(entry)) for entry in entries] == entries
    spelt = leaf(entries[0])
    assert unpack_entries(len(spelt).to_bytes(2, "big") + spelt) == [spelt]
    for wrong in (
        spelt + b" ",
        spelt.replace(b":", b": ", 1),
        spelt.replace(b'"1"', b'"01"', 1),
        spelt.replace(b'"key":"k0"', b'"key":"\\u006b0"'),
        spelt.replace(b'"key":"k0"', b'"key":"\\ud800"'),
        spelt.replace(b'"key":"k0"', b'"key":"\xff"'),
        spelt.replace(b'"key":"k0"', b'"key":""'),
        spelt.replace(b"T12:00:00Z", b" 12:00:00Z"),
        b"",
    ):
        with pytest.raises(InvalidInput):
            parse_leaf(wrong)
