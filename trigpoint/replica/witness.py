"""A witness cosigns what a log signed, if that goes on from what it cosigned before.

C2SP tlog-witness and tlog-cosignature define what a cosignature says: that at its time
this checkpoint was the newest and consistent with all that the witness had seen. What
was seen is on disk before anything is signed: a witness that is killed at any instant
has perhaps seen more than it signed, and never signed what it does not remember.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from trigpoint.errors import InvalidInput, InvalidParameter, NoData, NoSigningKey
from trigpoint.log.keys import MAX_KEYS_FILE, parse_keys
from trigpoint.log.note import (
    COSIGNATURE,
    MAX_NOTE,
    Note,
    SigningKey,
    VerifierKey,
    parse_note,
)
from trigpoint.private import held_lock, read_private, write_private
from trigpoint.replica.seen import Seen
from trigpoint.replica.site import Head, Site, read_head
from trigpoint.replica.tree import RemoteTree
from trigpoint.replica.trust import Trust, parse_pin, trust

_KEY, _NAME = "witness.key", "witness.vkey"
_MOST_PEM = 10_000  # bytes


@dataclass(frozen=True)
class Witness:
    """A witness with its memory; made by `open_witness`. `made` says that its key was
    made just now."""

    folder: Path
    name: str
    key: SigningKey
    made: bool

    @property
    def vkey(self) -> VerifierKey:
        """The key that others verify its cosignatures by."""
        return self.key.verifier(self.name, COSIGNATURE)

    def trust(self, site: Site, pinned: str | None) -> Trust:
        """The keys to go by at a site: remembered ones of the same origin, and what
        follows from them. Raises what `trust` does."""
        offered = site.keys()
        origin = parse_pin(pinned).name if pinned else _named(offered)
        path = self._path("keys", origin or "")
        known = read_private(path, MAX_KEYS_FILE) if path.exists() else None
        found = trust(offered, known, pinned)
        if found.text != known:
            write_private(self._path("keys", found.ring.origin), found.text)
        return found

    def cosign(self, site: Site, register: str, trusted: Trust) -> str:
        """The note of a register's checkpoint, with a cosignature of now added.

        Raises what `read_head` does, and RolledBack or Forked when it contradicts what
        was cosigned before.
        """
        source = site.log(register)
        head = read_head(source, register, trusted.ring)
        path = self._path("logs", head.checkpoint.origin)
        if path.exists():
            seen = Seen(read_private(path, MAX_NOTE), self.folder / "evidence")
            seen.check_head(head, site.location)
            known = seen.checkpoint.size
            if head.checkpoint.size > known:
                tree = RemoteTree(source, head.checkpoint, known)
                seen.check_tree(head, site.location, tree)
        write_private(path, head.note)
        return self._cosigned(head)

    def _cosigned(self, head: Head) -> str:
        note = parse_note(head.note)
        line = self.key.cosign(note.text, self.name, int(time.time()))
        others = [
            one for one in note.signatures if (one.name, one.id) != (line.name, line.id)
        ]
        return Note(note.text, (*others, line)).format()

    def _path(self, kind: str, origin: str) -> Path:
        """Where something about a log is remembered."""
        return self.folder / kind / hashlib.sha256(origin.encode()).hexdigest()[:32]


@contextmanager
def open_witness(folder: Path, name: str) -> Iterator[Witness]:
    """The witness in a folder, made with a key of its own if it is not there; no other
    process is it meanwhile.

    Raises InvalidParameter for another name than it has, NoSigningKey when its key is
    not as it must be, NoData for a folder that cannot be made.
    """
    try:
        for place in (folder, folder / "logs", folder / "keys"):
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise NoData(f"{folder} cannot be made: {error.strerror}") from error
    with held_lock(folder / "lock"):
        made = not (folder / _NAME).exists()
        if made:
            _make(folder, name)
        try:
            key = SigningKey.from_pem(read_private(folder / _KEY, _MOST_PEM).encode())
            vkey = read_private(folder / _NAME, _MOST_PEM).strip()
        except (OSError, ValueError) as error:
            raise NoSigningKey(
                f"the witness in {folder} has no key: {error}"
            ) from error
        witness = Witness(folder, name, key, made)
        if vkey != str(witness.vkey):
            raise InvalidParameter(
                f"the witness in {folder} is {vkey}, not of the name {name}",
                parameter="name",
            )
        yield witness


def _make(folder: Path, name: str) -> None:
    """A key for a witness; its public half is written last."""
    path = folder / _KEY
    if path.exists():
        key = SigningKey.from_pem(read_private(path, _MOST_PEM).encode())
    else:
        key = SigningKey.generate()
    try:
        vkey = str(key.verifier(name, COSIGNATURE))
    except InvalidInput as error:
        raise InvalidParameter(f"--name: {error}", parameter="name") from error
    write_private(path, key.pem().decode())
    write_private(folder / _NAME, f"{vkey}\n")


def _named(offered: bytes | None) -> str | None:
    """The origin that a `keys.json` is of."""
    try:
        return parse_keys(offered).name if offered is not None else None
    except InvalidInput:
        return None  # `trust` says what is wrong with it
