"""A key gives way to the next, and what either signed stays verifiable."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.log.drafts import by_hand
from tests.log.installation import ORIGIN, Installation, installation
from trigpoint.errors import BadSignature, NoSigningKey, SigningRefused
from trigpoint.log import rotation
from trigpoint.log.about import MAX_STATEMENT
from trigpoint.log.keyfolder import NEXT, SIGNING, KeyFolder
from trigpoint.log.keys import Rotation, parse_rotation, register_key, trusted_keys
from trigpoint.log.note import parse_note, parse_verifier_key, verify_note
from trigpoint.log.signer import Signer


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    """Two registers, signed, and one more entry that is not."""
    here = installation(tmp_path)
    here.grow(10)
    here.grow(3, "county")
    here.sign()
    here.grow(1)
    return here


def rotate(here: Installation) -> str:
    """Rotate, and return the new vkey."""
    return str(rotation.rotate(here.log, here.keys).current)


def test_after_two_rotations_all_checkpoints_verify(here: Installation) -> None:
    """Whichever of the three keys is pinned; sizes that were signed in between, too."""
    pins = [here.vkey]
    for size in (14, 20):
        pins.append(rotate(here))
        here.grow(size - here.log.size("town"))
        here.sign()
    assert len(set(pins)) == 3
    sizes = here.log.checkpoint_sizes("town")
    assert sizes == [10, 11, 14, 20]
    for pin in pins:
        ring = here.ring(pin)
        for size in sizes:
            found = ring.check(parse_note(here.log.checkpoint("town", size)))
            assert found.root == here.log.root("town", size)
        assert ring.check(parse_note(here.log.checkpoint("county"))).size == 3


def test_the_latest_checkpoint_has_the_signatures_of_old_and_new(
    here: Installation,
) -> None:
    """A client that pinned the old key and never looks up another can go on reading
    it; statements, too. The time is by the new key alone."""
    old = parse_verifier_key(here.vkey)
    new = parse_verifier_key(rotate(here))
    for text in (here.log.checkpoint("town"), here.log.statement("town")):
        note = parse_note(text or "", MAX_STATEMENT)
        for key in (old, new):
            assert verify_note(note, [register_key(key, "town")])
    note = parse_note(here.log.checkpoint("town"))
    assert here.ring().cosigned_at(note) > 0
    assert [line.name for line in note.signatures].count(ORIGIN) == 1
    assert here.sign() == []


def test_the_note_says_what_the_old_key_last_signed(here: Installation) -> None:
    """What was not signed yet is signed by it first, and counts."""
    old = here.vkey
    new = rotate(here)
    (note,) = here.keys.public().rotations
    said = parse_rotation(note.text)
    assert (str(said.old), str(said.new)) == (old, new)
    assert said.sizes == {"county": 3, "town": 11}
    assert (here.data / "keys.json").read_text("utf-8") == here.keys.public_text()


def test_a_stolen_old_key_can_add_nothing(here: Installation) -> None:
    """Its signature of more than it had signed is refused by every client."""
    old, pinned = here.keys.key(SIGNING), here.vkey
    rotate(here)
    here.grow(1)
    here.sign()
    text = parse_note(here.log.checkpoint("town")).text
    note = parse_note(here.log.checkpoint("town"))
    stolen = type(note)(text, (old.sign(text, f"{ORIGIN}/registers/town"),))
    with pytest.raises(BadSignature, match="retired"):
        here.ring(pinned).check(stolen)


def test_the_old_key_is_destroyed(here: Installation) -> None:
    """Its bytes are overwritten where they stood before the file gives way."""
    held = here.keys.path / SIGNING
    pem = held.read_bytes()
    kept = here.keys.path.parent / "another-name"
    kept.hardlink_to(held)
    rotate(here)
    assert kept.read_bytes() == bytes(len(pem))
    assert held.read_bytes() != pem
    assert held.stat().st_mode & 0o777 == 0o600
    assert not here.keys.has(NEXT)


# Each function that makes something durable, and how often a rotation calls it.
STEPS: list[tuple[type, str, int]] = [
    (KeyFolder, "put_key", 1),
    (Signer, "sign_held", 2),
    (Rotation, "signed", 1),
    (KeyFolder, "put_public", 1),
    (KeyFolder, "keep", 2),
    (KeyFolder, "take_over", 1),
    (Path, "rename", 7),
]


class PowerCutError(BaseException):
    """Nothing after this happens."""


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    ("owner", "name", "turn"),
    [(*step, turn) for *step, turns in STEPS for turn in range(1, turns + 1)],
)
def test_a_rotation_that_is_interrupted_is_gone_on_with(
    here: Installation,
    monkeypatch: pytest.MonkeyPatch,
    owner: type,
    name: str,
    turn: int,
    after: bool,
) -> None:
    """At each step, before or after it: signing works, and rotating again ends with
    one new key and everything verifiable by the pinned one."""
    pinned = here.vkey
    real: Callable[..., object] = getattr(owner, name)
    calls = 0

    def cut(*given: object, **said: object) -> object:
        nonlocal calls
        calls += 1
        if calls == turn and not after:
            raise PowerCutError
        done = real(*given, **said)
        if calls == turn:
            raise PowerCutError
        return done

    with monkeypatch.context() as patched:
        patched.setattr(owner, name, cut)
        with pytest.raises(PowerCutError):
            rotate(here)
    here.grow(1)
    here.sign()
    assert here.ring(pinned).check(parse_note(here.log.checkpoint("town"))).size == 12
    rotate(here)
    here.grow(1)
    here.sign()
    ring = here.ring(pinned)
    for size in here.log.checkpoint_sizes("town"):
        assert ring.check(parse_note(here.log.checkpoint("town", size)))
    assert here.checkpoint("county").size == 3
    assert not here.keys.has(NEXT)
    assert here.keys.key(SIGNING).verifier(ORIGIN) == here.keys.public().current


def test_a_log_that_is_not_to_be_signed_keeps_its_key(here: Installation) -> None:
    """A refusal changes nothing: the old key stays, and no rotation is published."""
    before = here.keys.public_text()
    by_hand(here.log, "UPDATE register SET size = 5 WHERE name = 'town'")
    with pytest.raises(SigningRefused):
        rotate(here)
    assert here.keys.public_text() == before
    by_hand(here.log, "UPDATE register SET size = 11 WHERE name = 'town'")
    assert here.sign() == ["town"]


def test_keys_from_before_a_rotation_do_not_sign(
    here: Installation, tmp_path: Path
) -> None:
    """An old copy of the keys folder is told from the data that knows a later key."""
    shutil.copytree(here.keys.path, tmp_path / "backup")
    rotate(here)
    shutil.rmtree(here.keys.path)
    (tmp_path / "backup").rename(here.keys.path)
    here.grow(1)
    with pytest.raises(NoSigningKey, match="as it was last"):
        here.sign()


def test_data_from_before_a_rotation_learns_of_it(here: Installation) -> None:
    """The keys folder has the original of `keys.json`: an old copy is brought up."""
    old = (here.data / "keys.json").read_text("utf-8")
    pinned = here.vkey
    rotate(here)
    (here.data / "keys.json").write_text(old, "utf-8")
    here.sign()
    text = (here.data / "keys.json").read_text("utf-8")
    assert len(trusted_keys(text, pinned).keys) == 2


def test_many_rotations_do_not_fill_a_checkpoint(here: Installation) -> None:
    """Of a register that never grows, the newest retired keys' signatures are kept."""
    for _ in range(20):
        rotate(here)
    note = parse_note(here.log.checkpoint("county"))
    assert len(note.signatures) == 18
    assert here.checkpoint("county").size == 3
