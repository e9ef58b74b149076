"""One pass of signing: what it checks and signs of each register, and what of it goes
where. trigpoint/log/signer.py says in which order that becomes durable.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from trigpoint.errors import (
    BadSignature,
    DataBusy,
    InvalidInput,
    NotSigned,
    SigningRefused,
)
from trigpoint.log.about import MAX_STATEMENT
from trigpoint.log.checkpoint import Checkpoint, log_origin
from trigpoint.log.growth import check_contains, grown_root
from trigpoint.log.keyfolder import Signatory
from trigpoint.log.keys import Keyring
from trigpoint.log.note import Note, Signature, parse_note
from trigpoint.log.reader import LogReader
from trigpoint.log.store import Log

MOST_KEPT = 16  # lines of retired keys and witnesses that a checkpoint keeps


@dataclass(frozen=True)
class Signed:
    """A checkpoint that was signed: its note, as text too, and what that says."""

    text: str
    note: Note
    checkpoint: Checkpoint


def believed(ring: Keyring, register: str, text: str, where: str) -> Signed:
    """A checkpoint of ours that `where` has; raises SigningRefused when it is none."""
    try:
        note = parse_note(text)
        found = ring.check(note)
        if found.origin != log_origin(ring.origin, register):
            raise BadSignature(f"it is a checkpoint of {found.origin}")
    except (BadSignature, InvalidInput) as error:
        raise SigningRefused(
            f"{register} must not be signed: what {where} has as its last checkpoint "
            f"is none that was signed here ({error}). Put it back from a backup",
            register=register,
        ) from error
    return Signed(text, note, found)


@dataclass
class Signing:
    """One pass over registers: by whom, when (POSIX seconds), what it signed by now.

    Cosignatures older than `renew_before` are made anew. `kept` are notes for `last/`,
    `checkpoints` and `statements` for the database, `signed` the registers of which a
    checkpoint was signed.
    """

    signatory: Signatory
    time: int
    renew_before: float | None = None
    kept: dict[str, str] = field(default_factory=dict)
    checkpoints: dict[tuple[str, int], str] = field(default_factory=dict)
    statements: dict[str, str] = field(default_factory=dict)
    signed: list[str] = field(default_factory=list)

    def sign(self, reader: LogReader, register: str, last: Signed | None) -> None:
        """Sign a register's checkpoint unless it is; raises what `Signer.sign` does.

        What was signed is in `last` or, if the keys folder was put back from an older
        copy, in the database; the log must go on from both.
        """
        if last is not None:
            check_contains(reader, register, last.checkpoint)
        stored = self._stored(reader, register)
        if stored is not None:
            check_contains(reader, register, stored.checkpoint)
        known = [one for one in (last, stored) if one is not None]
        # Of two for one size the first, `last`, counts.
        base = max(known, key=lambda one: one.checkpoint.size, default=None)
        size = reader.size(register)
        if base is None or base.checkpoint.size < size:
            root = grown_root(reader, register, base.checkpoint if base else None)
            origin = log_origin(self.signatory.ring.origin, register)
            note = self._signed(register, Checkpoint(origin, size, root).text)
        elif self._stale(register, base.note):
            note = self._signed(register, base.note.text, base.note.signatures)
        else:
            note = base.text
        if base is None or note != base.text:
            self.signed.append(register)
        if last is None or note != last.text:
            self.kept[register] = note
        held = (stored.checkpoint.size, stored.text) if stored else (-1, "")
        if last is not None and last.checkpoint.size > held[0]:
            # A crash kept it out of the database.
            self.checkpoints[register, last.checkpoint.size] = last.text
        if held != (size, note):
            self.checkpoints[register, size] = note

    def state(self, reader: LogReader, register: str, said: str) -> None:
        """Sign a text as the statement about a register, unless it or one of the same
        text and key is there."""
        ring = self.signatory.ring
        held = reader.statement(register)
        kept: tuple[Signature, ...] = ()
        if held is not None and held.startswith(f"{said}\n"):
            try:
                note = parse_note(held, MAX_STATEMENT)
                ring.check_signed(note, register, reader.size(register))
                if ring.signed_by_current(note, register):
                    return
                kept = note.signatures
            except (BadSignature, InvalidInput):
                kept = ()  # it was changed in the database: sign what the log says
        name = log_origin(ring.origin, register)
        signature = self.signatory.key.sign(said, name)
        lines = (signature, *self._others(kept, signature))
        self.statements[register] = Note(said, lines).format()

    def put(self, path: Path) -> None:
        """Put what was signed into the database, in one transaction. Raises DataBusy
        when another process keeps it."""
        if not self.checkpoints and not self.statements:
            return
        with closing(Log(path)) as log:
            try:
                log.db.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                    raise
                raise DataBusy(
                    f"{path.parent} is being written to by another process: what was "
                    "signed is kept with the key, and `trigpoint sign` puts it there"
                ) from error
            for (register, size), note in self.checkpoints.items():
                log.put_checkpoint(register, size, note)
            for register, note in self.statements.items():
                log.put_statement(register, note)
            log.db.execute("COMMIT")

    def _stored(self, reader: LogReader, register: str) -> Signed | None:
        try:
            text = reader.checkpoint(register)
        except NotSigned:
            return None
        return believed(self.signatory.ring, register, text, str(reader.path))

    def _stale(self, register: str, note: Note) -> bool:
        """Whether a checkpoint of the present size has to be signed again."""
        ring = self.signatory.ring
        if not ring.signed_by_current(note, register):
            return True
        try:
            cosigned = ring.cosigned_at(note)
        except BadSignature:
            return True
        return self.renew_before is not None and cosigned < self.renew_before

    def _signed(
        self, register: str, text: str, before: tuple[Signature, ...] = ()
    ) -> str:
        """A note with the key's two signatures, and those of others from before."""
        key, origin = self.signatory.key, self.signatory.ring.origin
        ours = key.sign(text, log_origin(origin, register))
        others = self._others(before, ours)
        return Note(text, (ours, *others, key.cosign(text, origin, self.time))).format()

    def _others(
        self, lines: Iterable[Signature], ours: Signature
    ) -> tuple[Signature, ...]:
        """The lines that retired keys and witnesses signed, as many as are kept: the
        first, so that no crowd of witnesses pushes out a retired key. Our own
        cosignatures are not among them: only the present one says anything."""
        named = (ours.name, ours.id)
        kept = [
            line
            for line in lines
            if (line.name, line.id) != named and line.name != self.signatory.ring.origin
        ]
        return tuple(kept[:MOST_KEPT])
