"""Verifying whatever somebody has: a data directory, a replica, an export, a site.

trigpoint/replica/papers.py verifies single files. Each register is named with its root
once it is verified; the first thing that is wrong is raised, by name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from trigpoint.errors import (
    BadSignature,
    InvalidParameter,
    LogCorrupt,
    NoSuchEntry,
    NotSigned,
)
from trigpoint.identity import IDENTITY_FILE, read_identity
from trigpoint.log.about import MAX_STATEMENT
from trigpoint.log.attest import attest, check_lines, check_statement_lines
from trigpoint.log.keys import KEYS_FILE, Keyring
from trigpoint.log.last import check_last
from trigpoint.log.note import parse_note
from trigpoint.log.soundness import sound
from trigpoint.log.store import Log
from trigpoint.register import LOG_FILE
from trigpoint.replica.fetch import Fetch
from trigpoint.replica.lines import RemoteLines
from trigpoint.replica.site import SignedState, Site, read_signed, spell_time
from trigpoint.replica.tree import RemoteTree
from trigpoint.replica.trust import trust
from trigpoint.schema.items import format_hash
from trigpoint.view import Progress, silent


@dataclass(frozen=True)
class Verified:
    """A register, or what stands for it, as it was verified: its root at a size, and
    what else is to be said."""

    name: str
    size: int
    root: bytes
    more: str = ""

    def __str__(self) -> str:
        more = f", {self.more}," if self.more else ""
        root = format_hash(self.root)
        return f"{self.name}: {self.size} entries, {root}{more} verified"


def audit_data(
    data: Path,
    registers: Collection[str] = (),
    size: int | None = None,
    key: str | None = None,
) -> Iterator[Verified]:
    """Verify a data directory: items, entries, tiles, every checkpoint and statement,
    the file that they are in; and what was signed last, if the keys folder may be read.

    The keys are those of its `keys.json`, which has to lead to `key` if that is given.
    Raises NoData, NoSuchRegister, NoSuchEntry, or what is wrong: LogCorrupt,
    NotVerified, BadSignature, NotSigned for a replica of what nobody signed.
    """
    log = Log(data / LOG_FILE, readonly=True)
    ring, identity = _own_keys(data, key), read_identity(data)
    if ring and identity and identity.origin != ring.origin:
        raise LogCorrupt(
            f"{data / IDENTITY_FILE} is that of {identity.origin}, and the keys are "
            f"those of {ring.origin}"
        )
    replica = identity is not None and identity.replica_of is not None
    with closing(log), sound(log):
        for register in _chosen(registers or log.registers(), size):
            root = log.verify(register, size)
            signed = attest(log, register, ring) if ring else None
            held = log.size(register)
            if replica and signed != held:
                raise LogCorrupt(
                    f"{register}: a replica of {held} entries, of which only "
                    f"{signed or 0} are signed"
                )
            more = "" if size is not None else _signed(signed, held)
            hidden = len(log.withheld(register)) if log.withheld_count() else 0
            more += _withheld(hidden, more)
            yield Verified(register, held if size is None else size, root, more)
        if identity is not None and identity.keys is not None:
            check_last(log, identity.keys)


def audit_site(
    site: Site,
    registers: Collection[str] = (),
    size: int | None = None,
    *,
    ring: Keyring,
    max_age: float | None = None,
    progress: Progress = silent,
) -> Iterator[Verified]:
    """Verify the logs of a site or an export: signatures, every tile, entry and item.

    `max_age` is in seconds. Raises what is wrong, as `trigpoint follow` would.
    """
    for register in _chosen(registers or site.registers(), size):
        source = site.log(register)
        # An export that was stopped while it brought in a new key is sound, if old.
        signed = read_signed(source, register, ring, max_age, retired=max_age is None)
        checkpoint = signed.head.checkpoint
        _check_every_line(source, signed, ring)
        if size is not None and not 0 <= size <= checkpoint.size:
            raise NoSuchEntry(
                f"{register} has {checkpoint.size} entries, not {size}", number=size
            )
        tree = RemoteTree(source, checkpoint)
        hidden = {one.hash for one in signed.statement.withheld}
        for run in RemoteLines(source, tree, hidden).read(0):
            done = run[-1].entry.number
            progress(f"verify: {register}", done, checkpoint.size)
        root = checkpoint.root
        if size is not None:
            root = RemoteTree(source, checkpoint, size).root(size)
        more = f"signed {spell_time(signed.head.signed_at)}" if size is None else ""
        more += _withheld(len(hidden), more)
        yield Verified(register, checkpoint.size if size is None else size, root, more)


def _check_every_line(source: Fetch, signed: SignedState, ring: Keyring) -> None:
    """Raises BadSignature when a line of the notes is not what this log signed."""
    head = signed.head
    where = f"{source.location}/checkpoint"
    try:
        note = parse_note(head.note)
        check_lines(note, ring, head.register, head.checkpoint.size)
        where = f"{source.location}/about"
        note = parse_note(signed.note, MAX_STATEMENT)
        check_statement_lines(note, ring, head.register)
    except BadSignature as error:
        raise BadSignature(f"{where}: {error}") from error


def _own_keys(data: Path, key: str | None) -> Keyring | None:
    """The keys that a data directory shows; None when nothing in it was signed."""
    path = data / KEYS_FILE
    if path.exists():
        return trust(path.read_bytes(), None, key).ring
    if key is not None:
        raise NotSigned(f"{data} has no {KEYS_FILE}: nothing in it was signed")
    return None


def _chosen(registers: Collection[str], size: int | None) -> Collection[str]:
    if size is not None and len(registers) != 1:
        raise InvalidParameter("--size goes with one register", parameter="size")
    return registers


def _signed(signed: int | None, held: int) -> str:
    if signed is None:
        return "not signed"
    return "signed" if signed == held else f"the first {signed} signed"


def _withheld(count: int, after: str) -> str:
    """How many items are withheld, whose contents nobody can verify any more."""
    if not count:
        return ""
    comma = ", " if after else ""
    return f"{comma}{count} {'item' if count == 1 else 'items'} withheld"
