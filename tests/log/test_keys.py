"""`keys.json`: a chain of keys from any that is pinned to all that are believed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from trigpoint.errors import BadSignature, InvalidInput
from trigpoint.log.checkpoint import Checkpoint, log_origin
from trigpoint.log.keys import (
    MAX_KEYS_FILE,
    PublicKeys,
    Rotation,
    parse_keys,
    parse_rotation,
    trusted_keys,
)
from trigpoint.log.note import Note, SigningKey

ORIGIN = "example.org"
KEYS = [SigningKey.generate() for _ in range(3)]
VKEYS = [str(key.verifier(ORIGIN)) for key in KEYS]
ROOT = bytes(32)


def rotation(number: int, sizes: dict[str, int], origin: str = ORIGIN) -> Note:
    """Key `number` gives way to the next."""
    old, new = KEYS[number : number + 2]
    said = Rotation(
        origin, old.verifier(origin), new.verifier(origin), "2026-01-31", sizes
    )
    return said.signed(old, new)


def chain() -> PublicKeys:
    """Two rotations: the first key signed 10 entries of `town`, the second 20."""
    keys = PublicKeys(ORIGIN, (KEYS[0].verifier(ORIGIN),))
    return keys.rotated(rotation(0, {"town": 10})).rotated(
        rotation(1, {"town": 20, "county": 5})
    )


def signed(size: int, *keys: SigningKey, register: str = "town") -> Note:
    """A checkpoint signed by these keys."""
    name = log_origin(ORIGIN, register)
    text = Checkpoint(name, size, ROOT).text
    return Note(text, tuple(key.sign(text, name) for key in keys))


def changed(change: Callable[[dict[str, Any]], None]) -> str:
    """`keys.json` after something was done to it."""
    body = json.loads(chain().format())
    change(body)
    return json.dumps(body)


def test_keys_json_reads_back_as_it_was_written() -> None:
    """parse after format is the identity, of `keys.json` and of a rotation."""
    keys = chain()
    assert parse_keys(keys.format()) == keys
    text = keys.rotations[1].text
    assert parse_rotation(text).text == text
    assert text.splitlines() == [
        "example.org/rotation",
        VKEYS[1],
        VKEYS[2],
        "2026-01-31",
        "county 5",
        "town 20",
    ]


@pytest.mark.parametrize("pinned", VKEYS, ids=["first", "second", "third"])
def test_every_key_leads_to_all_others(pinned: str) -> None:
    """Whoever pins the first, second or last key believes the same three."""
    ring = trusted_keys(chain().format(), pinned)
    assert [str(key) for key in ring.keys] == VKEYS
    names = {key.name for key in ring.for_register("town")}
    assert names == {"example.org/registers/town"}
    publics = [key.public for key in ring.for_register("town")]
    assert publics == [key.verifier(ORIGIN).public for key in reversed(KEYS)]
    for size, key in ((10, KEYS[0]), (20, KEYS[1]), (10**9, KEYS[2])):
        assert ring.check(signed(size, key)).size == size


@pytest.mark.parametrize(
    ("size", "key", "register", "says"),
    [
        (11, 0, "town", "10 entries of town: its signature of 11"),
        (21, 1, "town", "20 entries of town: its signature of 21"),
        (6, 1, "county", "5 entries of county"),
        (0, 0, "county", "signed nothing of county"),
    ],
)
def test_a_retired_key_is_believed_no_further_than_it_signed(
    size: int, key: int, register: str, says: str
) -> None:
    """A greater size is refused, also when the current key signed it, too."""
    ring = trusted_keys(chain().format(), VKEYS[2])
    for keys in ([KEYS[key]], [KEYS[2], KEYS[key]]):
        with pytest.raises(BadSignature, match=says):
            ring.check(signed(size, *keys, register=register))


def test_a_checkpoint_of_another_installation_is_refused() -> None:
    """An origin that is not below the installation's is named."""
    text = Checkpoint("elsewhere.org/registers/town", 1, ROOT).text
    note = Note(text, (KEYS[2].sign(text, "elsewhere.org/registers/town"),))
    with pytest.raises(BadSignature, match=r"is not a log of example\.org"):
        trusted_keys(chain().format(), VKEYS[2]).check(note)


def test_the_time_is_that_of_the_current_key() -> None:
    """A retired key cannot say that a checkpoint is the newest."""
    ring = trusted_keys(chain().format(), VKEYS[0])
    note = signed(10, KEYS[0])
    for key, time in ((KEYS[0], 2000), (KEYS[2], 1000)):
        note = Note(note.text, (*note.signatures, key.cosign(note.text, ORIGIN, time)))
        if key is KEYS[0]:
            with pytest.raises(BadSignature):
                ring.cosigned_at(note)
    assert ring.cosigned_at(note) == 1000


def drop_signature(number: int) -> Callable[[dict[str, Any]], None]:
    def drop(body: dict[str, Any]) -> None:
        lines = body["rotations"][0].splitlines(keepends=True)
        del lines[number]
        body["rotations"][0] = "".join(lines)

    return drop


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (drop_signature(-1), "not signed by both"),
        (drop_signature(-2), "not signed by both"),
        (lambda body: body["rotations"].reverse(), "is not of"),
        (
            lambda body: body["rotations"].__setitem__(
                0, body["rotations"][0].replace("town 10", "town 11")
            ),
            "wrong",
        ),
        (lambda body: body["keys"].reverse(), "is not of"),
    ],
)
def test_a_broken_chain_is_refused(
    change: Callable[[dict[str, Any]], None], says: str
) -> None:
    """A rotation that one key did not sign, or of other keys, leads nowhere."""
    with pytest.raises(BadSignature, match=says):
        trusted_keys(changed(change), VKEYS[0])


def test_a_rotation_of_another_origin_is_refused() -> None:
    """The same keys under another name are other keys."""
    note = rotation(0, {"town": 10}, "elsewhere.org")
    body = {"name": ORIGIN, "keys": VKEYS[:2], "rotations": [note.format()]}
    with pytest.raises(BadSignature, match="is not of"):
        trusted_keys(json.dumps(body), VKEYS[0])


def test_a_key_that_was_never_pinned_leads_nowhere() -> None:
    """The pinned key must be in the chain."""
    stranger = str(SigningKey.generate().verifier(ORIGIN))
    with pytest.raises(BadSignature, match="not among the keys"):
        trusted_keys(chain().format(), stranger)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "null",
        "[" * 100_000,
        '{"name": 1, "keys": [], "rotations": []}',
        '{"name": "example.org", "keys": [], "rotations": []}',
        '{"name": "example.org", "keys": "", "rotations": []}',
        '{"name": "example.org", "keys": [1], "rotations": []}',
        changed(lambda body: body["keys"].pop()),
        changed(lambda body: body["rotations"].pop()),
        changed(lambda body: body["keys"].__setitem__(0, body["keys"][1])),
        changed(lambda body: body.update(name="elsewhere.org")),
        changed(lambda body: body["rotations"].__setitem__(0, "x")),
        changed(lambda body: body["keys"].__setitem__(0, f"\ud800{VKEYS[0]}")),
        " " * (MAX_KEYS_FILE + 1),
    ],
    ids=range(16),
)
def test_what_is_no_keys_json_is_refused(text: str) -> None:
    """Garbage, other shapes and numbers of keys that do not fit raise one error."""
    with pytest.raises(InvalidInput):
        trusted_keys(text, VKEYS[0])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("town 20", "town 020"),
        ("town 20", "town"),
        ("county 5\ntown 20", "town 20\ncounty 5"),
        ("2026-01-31", "31 January"),
        ("/rotation", ""),
        ("town 20\n", "town 20\ntown 20\n"),
    ],
)
def test_a_rotation_has_one_spelling(old: str, new: str) -> None:
    """Any other than the canonical text is refused."""
    with pytest.raises(InvalidInput):
        parse_rotation(chain().rotations[1].text.replace(old, new))
