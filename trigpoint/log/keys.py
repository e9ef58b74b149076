"""The public keys of a log: `keys.json`, rotations, and how far each key is believed.

`keys.json` names every key that the installation ever had, oldest first, and between
each two the rotation note that both signed. Whoever pins one of them can so believe
all others: later ones since the pinned key named its successor, earlier ones since they
were named as its predecessors. A retired key is believed up to the sizes that it last
signed and no further, so one that is stolen later can add nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trigpoint.errors import BadSignature, InvalidInput
from trigpoint.log.checkpoint import Checkpoint, log_origin, parse_checkpoint
from trigpoint.log.note import (
    COSIGNATURE,
    ED25519,
    Note,
    SigningKey,
    VerifierKey,
    cosigned_at,
    parse_note,
    parse_verifier_key,
    verify_note,
)

KEYS_FILE = "keys.json"
MAX_KEYS_FILE = 8 * 1024 * 1024  # bytes; a rotation has a line for each register
_LINE = re.compile(r"([a-z][a-z0-9-]*) (0|[1-9][0-9]{0,18})", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(frozen=True)
class Rotation:
    """What a rotation note says: which key took the place of which, on what date, and
    the size of each register that the old key last signed."""

    origin: str
    old: VerifierKey
    new: VerifierKey
    date: str
    sizes: Mapping[str, int]

    @property
    def text(self) -> str:
        """The text that both keys sign; `parse_rotation` reads it back."""
        head = (f"{self.origin}/rotation", str(self.old), str(self.new), self.date)
        sizes = (f"{name} {size}" for name, size in sorted(self.sizes.items()))
        return "".join(f"{line}\n" for line in (*head, *sizes))

    def signed(self, old: SigningKey, new: SigningKey) -> Note:
        lines = (old.sign(self.text, self.origin), new.sign(self.text, self.origin))
        return Note(self.text, lines)


def parse_rotation(text: str) -> Rotation:
    """The rotation that a note's text spells; raises InvalidInput for any other
    spelling than the canonical one."""
    first, *lines = text.removesuffix("\n").split("\n")
    if len(lines) < 3 or not _DATE.fullmatch(lines[2]):
        raise InvalidInput("a rotation has lines for its origin, two keys and a date")
    sizes = {}
    for line in lines[3:]:
        match = _LINE.fullmatch(line)
        if match is None:
            raise InvalidInput(f"“{line[:80]}” is not a register and its size")
        sizes[match[1]] = int(match[2])
    old, new = map(parse_verifier_key, lines[:2])
    found = Rotation(first.removesuffix("/rotation"), old, new, lines[2], sizes)
    if found.text != text:
        raise InvalidInput("a rotation is not spelt canonically")
    return found


@dataclass(frozen=True)
class PublicKeys:
    """What `keys.json` says; nothing is verified yet. `keys` are oldest first, and
    `rotations[n]` is the note by which `keys[n + 1]` followed `keys[n]`."""

    name: str
    keys: tuple[VerifierKey, ...]
    rotations: tuple[Note, ...] = ()

    @property
    def current(self) -> VerifierKey:
        return self.keys[-1]

    def rotated(self, note: Note) -> PublicKeys:
        """These keys, with the one that a rotation note names as the last."""
        new = parse_rotation(note.text).new
        return PublicKeys(self.name, (*self.keys, new), (*self.rotations, note))

    def format(self) -> str:
        """The text of `keys.json`; `parse_keys` reads it back."""
        body = {
            "name": self.name,
            "keys": [str(key) for key in self.keys],
            "rotations": [note.format() for note in self.rotations],
        }
        return json.dumps(body, indent=1) + "\n"


def parse_keys(data: str | bytes) -> PublicKeys:
    """The keys that a `keys.json` names; raises InvalidInput when it is none."""
    if len(data) > MAX_KEYS_FILE:
        raise InvalidInput(f"{KEYS_FILE} has more than {MAX_KEYS_FILE} bytes")
    try:
        body = json.loads(data)
        name, texts, notes = body["name"], body["keys"], body["rotations"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InvalidInput(
            f"{KEYS_FILE} is not an object with name, keys and rotations"
        ) from error
    if not isinstance(name, str) or not _texts(texts) or not _texts(notes):
        raise InvalidInput(f"{KEYS_FILE}: name must be text, keys and rotations lists")
    keys = tuple(parse_verifier_key(text) for text in texts)
    for key in keys:
        if key.name != name or key.kind != ED25519:
            raise InvalidInput(f"{KEYS_FILE}: {key} is no signing key of {name}")
    if not keys or len(set(keys)) != len(keys) or len(notes) != len(keys) - 1:
        raise InvalidInput(
            f"{KEYS_FILE} of {name} has {len(keys)} keys and {len(notes)} rotations: "
            "expected different keys and one rotation between each two"
        )
    return PublicKeys(name, keys, tuple(parse_note(note) for note in notes))


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def register_key(key: VerifierKey, register: str) -> VerifierKey:
    """The key of a register's log: the installation's, under the log's own name."""
    return VerifierKey(log_origin(key.name, register), key.kind, key.public)


@dataclass(frozen=True)
class Keyring:
    """The keys of an installation that are believed, oldest first; `limits` has for
    each retired one the sizes up to which it is."""

    origin: str
    keys: tuple[VerifierKey, ...]
    limits: tuple[Mapping[str, int], ...] = ()

    @property
    def current(self) -> VerifierKey:
        return self.keys[-1]

    def for_register(self, register: str) -> tuple[VerifierKey, ...]:
        """The keys of a register's log: the current one, then retired ones, newest
        first."""
        return tuple(register_key(key, register) for key in reversed(self.keys))

    def check(self, note: Note) -> Checkpoint:
        """The checkpoint that a note spells, if it is one of this installation.

        Raises InvalidInput when it is no checkpoint, BadSignature when it is of
        another log, no key signed it, a signature is wrong, or it is of a retired key
        and of a greater size than that key signed before it was retired.
        """
        found = parse_checkpoint(note.text)
        self.check_signed(note, self.register_of(found.origin), found.size)
        return found

    def register_of(self, origin: str) -> str:
        """The register whose log has this origin; raises BadSignature for another
        installation's."""
        start = log_origin(self.origin, "")
        if not origin.startswith(start):
            raise BadSignature(f"{origin} is not a log of {self.origin}")
        return origin.removeprefix(start)

    def check_signed(self, note: Note, register: str, size: int) -> None:
        """Raises BadSignature unless keys of this register signed a note about `size`
        entries, none of them retired before."""
        keys = self.for_register(register)
        for signer in verify_note(note, keys):
            number = len(self.keys) - 1 - keys.index(signer)
            if number < len(self.limits):
                last = self.limits[number].get(register)
                if last is None or size > last:
                    raise BadSignature(
                        f"the key {signer} was retired when it had signed "
                        f"{'nothing' if last is None else f'{last} entries'} of "
                        f"{register}: its signature of {size} is not believed"
                    )

    def signed_by_current(self, note: Note, register: str) -> bool:
        """Whether the current key is among those that signed."""
        key = register_key(self.current, register)
        return (key.name, key.id) in {(line.name, line.id) for line in note.signatures}

    def cosigned_at(self, note: Note) -> int:
        """When the current key last said that this checkpoint is the newest, in POSIX
        seconds; raises BadSignature when it did not."""
        key = VerifierKey(self.origin, COSIGNATURE, self.current.public)
        return cosigned_at(note, key)


def trusted_keys(keys_json: str | bytes, pinned: str) -> Keyring:
    """The keys to believe for whoever trusts the vkey `pinned`, retired or not.

    Raises InvalidInput when `keys_json` is no `keys.json`, BadSignature when the pinned
    key is not among them or a rotation is not signed by both of its keys.
    """
    public, anchor = parse_keys(keys_json), parse_verifier_key(pinned)
    if anchor not in public.keys:
        raise BadSignature(
            f"the pinned key {anchor} is not among the keys of {public.name}"
        )
    return Keyring(public.name, public.keys, tuple(_limits(public)))


def _limits(public: PublicKeys) -> Sequence[Mapping[str, int]]:
    limits = []
    pairs = zip(public.keys, public.keys[1:], public.rotations, strict=False)
    for old, new, note in pairs:
        said = parse_rotation(note.text)
        if (said.origin, said.old, said.new) != (public.name, old, new):
            raise BadSignature(f"a rotation of {public.name} is not of {old} to {new}")
        if set(verify_note(note, (old, new))) != {old, new}:
            raise BadSignature(
                f"the rotation of {public.name} from {old} to {new} is not signed by "
                "both of them"
            )
        limits.append(said.sizes)
    return limits
