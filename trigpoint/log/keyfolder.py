"""The keys folder: the private key, and the last checkpoints that it signed.

It lies outside the data directory, so that a backup of the data holds no key, and data
that is put back from one meets what was signed since. Whoever can write to it can sign
anything: it is the one thing that the log trusts, and only its owner may enter it.

`signing.key` is the key; `next.key` one that is taking its place. `keys.json` is the
original of what the data directory shows. `last/{register}` is the last checkpoint
signed of each register. `lock` is held by whoever signs or rotates.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from trigpoint.errors import InvalidInput, NoSigningKey, SigningRefused
from trigpoint.log.keys import (
    KEYS_FILE,
    MAX_KEYS_FILE,
    Keyring,
    PublicKeys,
    parse_keys,
    trusted_keys,
)
from trigpoint.log.note import SigningKey
from trigpoint.private import held_lock, read_private, sync_folder, write_private

SIGNING, NEXT, LAST = "signing.key", "next.key", "last"
_MOST_PEM = 10_000  # bytes
_MOST_NOTE = 128 * 1024  # bytes
_NAME = re.compile(r"[a-z][a-z0-9-]{0,99}", re.ASCII)


@dataclass(frozen=True)
class Signatory:
    """The key that signs now, and the keys that are believed, it being the last."""

    key: SigningKey
    ring: Keyring


class KeyFolder:
    """One keys folder; it need not be there yet."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def made(self) -> bool:
        """Whether it holds a key; `check` says whether as it must."""
        return (self.path / KEYS_FILE).is_file()

    @property
    def replacing(self) -> bool:
        """Whether `next.key` signs already, and the one before is to be destroyed."""
        if not self.has(NEXT):
            return False
        current = self.public().current
        return self.key(NEXT).verifier(current.name) == current

    def has(self, name: str) -> bool:
        return (self.path / name).exists()

    def check(self) -> None:
        """Raises NoSigningKey when the folder is not there, or others may enter it."""
        self.check_closed()
        if not self.made:
            raise NoSigningKey(
                f"{self.path} holds no {KEYS_FILE}, so it is not known which key "
                "signs: put the keys folder back from its backup"
            )

    def check_closed(self) -> None:
        """The same for a folder that may be empty."""
        try:
            mode = self.path.stat().st_mode
        except OSError as error:
            raise NoSigningKey(
                f"the signing key was expected in {self.path}, but that folder cannot "
                f"be read ({error.strerror}): put the keys folder back there; nothing "
                "is appended without it"
            ) from error
        if not stat.S_ISDIR(mode):
            raise NoSigningKey(f"{self.path} is not a folder: expected the keys folder")
        if stat.S_IMODE(mode) & 0o077:
            raise NoSigningKey(
                f"others may enter {self.path}, which holds the signing key: run "
                f"`chmod 700 {self.path}`"
            )

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder: nobody else signs or rotates. Raises NoSigningKey as `check`
        does; waits while another process holds it."""
        self.check()
        with held_lock(self.path / "lock"):
            yield

    def public(self) -> PublicKeys:
        """The public keys; raises NoSigningKey when they cannot be read."""
        try:
            return parse_keys(self.public_text())
        except InvalidInput as error:
            raise NoSigningKey(f"{self.path / KEYS_FILE}: {error}") from error

    def public_text(self) -> str:
        return self._read(KEYS_FILE, MAX_KEYS_FILE)

    def put_public(self, keys: PublicKeys) -> None:
        write_private(self.path / KEYS_FILE, keys.format())

    def signatory(self) -> Signatory:
        """The key that `keys.json` names last, with all that it names.

        While a rotation is under way that is perhaps `next.key` already. Raises
        NoSigningKey when it is not there, or others may read it.
        """
        self.check()
        public = self.public()  # read once: who holds no lock may meet a rotation
        current = public.current
        ring = trusted_keys(public.format(), str(current))
        for name in (NEXT, SIGNING):
            if self.has(name):
                key = self.key(name)
                if key.verifier(current.name) == current:
                    return Signatory(key, ring)
        raise NoSigningKey(
            f"the key {current} was expected in {self.path / SIGNING}: put it back "
            "from its backup"
        )

    def key(self, name: str) -> SigningKey:
        """The private key in a file of the folder; raises NoSigningKey."""
        return SigningKey.from_pem(self._read(name, _MOST_PEM).encode())

    def put_key(self, name: str, key: SigningKey) -> None:
        write_private(self.path / name, key.pem().decode())

    def last(self, register: str) -> str | None:
        """The note of the last checkpoint that was signed of a register; raises
        SigningRefused for what is no name of one, and could lead out of the folder."""
        if not _NAME.fullmatch(register):
            raise SigningRefused(
                f"“{register[:80]}” is not the name of a register: it is not signed",
                register=register,
            )
        name = f"{LAST}/{register}"
        return self._read(name, _MOST_NOTE) if self.has(name) else None

    def signed_registers(self) -> list[str]:
        """The registers of which a checkpoint was signed."""
        folder = self.path / LAST
        names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
        # What a crash left half-written has a dot in its name; no register has.
        return sorted(name for name in names if "." not in name)

    def keep(self, notes: Mapping[str, str]) -> None:
        """Make these the last notes signed of their registers, durably."""
        folder = self.path / LAST
        if notes and not folder.is_dir():
            folder.mkdir(mode=0o700, exist_ok=True)
            sync_folder(self.path)
        for register, note in notes.items():
            write_private(folder / register, note)

    def take_over(self) -> None:
        """Let `next.key` be the signing key, and destroy the one before."""
        held = self.path / SIGNING
        if held.exists():
            with held.open("r+b") as file:
                file.write(bytes(held.stat().st_size))
                file.flush()
                os.fsync(file.fileno())
        (self.path / NEXT).rename(held)
        sync_folder(self.path)

    def _read(self, name: str, limit: int) -> str:
        path = self.path / name
        try:
            return read_private(path, limit)
        except FileNotFoundError as error:
            raise NoSigningKey(f"{path} is not there: expected it there") from error
        except PermissionError as error:
            raise NoSigningKey(f"{error}: run `chmod 600 {path}`") from error
        except ValueError as error:
            raise NoSigningKey(f"{path} cannot be read: {error}") from error
