"""A replica: a data directory that holds somebody else's logs, and what it remembers.

`identity.json` and `keys.json` are those of a data directory, so it is served and
verified as one; but it signs nothing. `incoming/` is the spool of what is being
fetched, `evidence/` holds what proves that a log lied. `follow.lock` is held by whoever
follows.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from trigpoint.errors import (
    DataBusy,
    NoData,
    NoSuchItem,
    NoSuchRegister,
    NotPermitted,
    NotSigned,
    Withheld,
)
from trigpoint.identity import IDENTITY_FILE, read_identity
from trigpoint.log.keys import KEYS_FILE
from trigpoint.log.store import Log
from trigpoint.private import write_public
from trigpoint.register import LOG_FILE
from trigpoint.replica.seen import Seen
from trigpoint.replica.trust import Trust

_LOCK = "follow.lock"  # made first, so a folder that has it is a replica, or to be one


class Replica:
    """One replica directory; made by `open_replica`."""

    def __init__(self, folder: Path, location: str) -> None:
        self.folder = folder
        self.location = location

    @cached_property
    def log(self) -> Log:
        """The log of the replica, made if it is not there."""
        return Log(self.folder / LOG_FILE)

    def close(self) -> None:
        """Close the log, if it was opened: the last to close it empties its journal."""
        if "log" in vars(self):
            self.log.close()

    @property
    def made(self) -> bool:
        """Whether there is a log yet."""
        return (self.folder / LOG_FILE).exists()

    def registers(self) -> list[str]:
        """The registers held."""
        return self.log.registers() if self.made else []

    def remembered(self) -> str | None:
        """The keys that are trusted since before, as `keys.json`; what is damaged in it
        is found by who parses it."""
        try:
            return (self.folder / KEYS_FILE).read_text("utf-8", errors="replace")
        except FileNotFoundError:
            return None

    def remember(self, trust: Trust) -> None:
        """Have this be the replica of the log that these keys sign."""
        origin = trust.ring.origin
        body = {
            "format": 1,
            "origin": origin,
            "replica-of": self.location,
            "base": _base(origin, self.location),
        }
        texts = {
            KEYS_FILE: trust.text,
            IDENTITY_FILE: json.dumps(body, indent=1) + "\n",
        }
        for name, text in texts.items():
            path = self.folder / name
            if not path.exists() or path.read_bytes() != text.encode():
                write_public(path, text)

    def checkpoint(self, register: str) -> str | None:
        """The note of the latest checkpoint held of a register."""
        try:
            return self.log.checkpoint(register) if self.made else None
        except (NoSuchRegister, NotSigned):
            return None

    def seen(self, register: str) -> Seen | None:
        """What was seen of a register before, if it was."""
        note = self.checkpoint(register)
        return Seen(note, self.folder / "evidence") if note is not None else None

    def statement(self, register: str) -> str | None:
        """The note of the statement held about a register."""
        try:
            return self.log.statement(register) if self.made else None
        except NoSuchRegister:
            return None

    def holds(self, digest: bytes) -> bool:
        """Whether an item is held with its content."""
        try:
            return self.made and bool(self.log.item(digest))
        except (NoSuchItem, Withheld):
            return False

    def spool(self, register: str) -> Path:
        """Where what is being fetched of a register is kept."""
        return self.folder / "incoming" / register


def _base(origin: str, location: str) -> str:
    """The base that a log's records have: its location, when that is its own. That of a
    copy elsewhere says nothing of the scheme: http on this machine, else https."""
    if location.partition("://")[2] == origin:
        return location
    here = origin.startswith(("localhost", "127.", "[::1]"))
    return f"{'http' if here else 'https'}://{origin}"


@contextmanager
def open_replica(folder: Path, location: str) -> Iterator[Replica]:
    """The replica in a folder, made if it is not there; nobody else follows into it
    meanwhile.

    Raises NotPermitted for a data directory that is no replica, NoData for a folder
    that cannot be one or holds other things, and DataBusy.
    """
    identity = read_identity(folder)
    own = identity is None and (folder / LOG_FILE).exists()
    if own or (identity is not None and identity.replica_of is None):
        raise NotPermitted(
            f"{folder} holds registers of its own, and would be no replica of "
            f"{location}: follow into another folder"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NoData(f"{folder} cannot be a replica: {error.strerror}") from error
    begun = identity is not None or (folder / _LOCK).exists()
    if not begun and any(folder.iterdir()):
        raise NoData(f"{folder} holds other things: name a folder for the replica")
    with (folder / _LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DataBusy(
                f"{folder} is being followed into by another process: wait until "
                "it ends"
            ) from error
        replica = Replica(folder, location)
        try:
            yield replica
        finally:
            replica.close()
