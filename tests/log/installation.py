"""A log with a signing key of its own, in real files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.copies import keys_of
from tests.log.drafts import append, draft
from trigpoint.identity import initialise
from trigpoint.log.checkpoint import Checkpoint
from trigpoint.log.keyfolder import KeyFolder
from trigpoint.log.keys import Keyring, trusted_keys
from trigpoint.log.note import parse_note
from trigpoint.log.signer import Signer
from trigpoint.log.store import Log

BASE = "http://localhost:8000"
ORIGIN = "localhost:8000"


@dataclass
class Installation:
    """A data directory, its log and who signs it."""

    data: Path
    log: Log
    signer: Signer

    @property
    def keys(self) -> KeyFolder:
        return self.signer.keys

    @property
    def vkey(self) -> str:
        return str(self.keys.public().current)

    def ring(self, pinned: str | None = None) -> Keyring:
        """What a client believes who pinned a vkey and reads the public `keys.json`."""
        text = (self.data / "keys.json").read_text("utf-8")
        return trusted_keys(text, pinned or self.vkey)

    def grow(self, count: int, register: str = "town") -> None:
        """Append so many entries."""
        size = self.log.size(register)
        drafts = [draft(f"k{n}", name=f"N{n}") for n in range(size, size + count)]
        append(self.log, drafts, register)

    def sign(self, *, renew_before: float | None = None) -> list[str]:
        return self.signer.sign(self.log, renew_before=renew_before)

    def checkpoint(self, register: str = "town", size: int | None = None) -> Checkpoint:
        """A signed checkpoint in the database, verified with the present keys."""
        return self.ring().check(parse_note(self.log.checkpoint(register, size)))


def installation(folder: Path) -> Installation:
    """An empty log in `folder`/data, with its keys in `folder`/data.keys."""
    data = folder / "data"
    log = Log(data / "log.sqlite")
    made = initialise(data, BASE, log)
    assert made.keys == keys_of(data).resolve()
    return Installation(data, log, made.signer())


def reopened(data: Path) -> Installation:
    """A data directory that is there, opened again."""
    log = Log(data / "log.sqlite")
    return Installation(data, log, Signer(KeyFolder(keys_of(data))))
