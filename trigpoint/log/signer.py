"""Signing: checkpoints of what a log holds, and never two that contradict each other.

Entries are committed first. Then, under the lock of the keys folder, what is new is
checked against what was signed (trigpoint/log/growth.py), signed, written to `last/` in
the keys folder and only then put into the database. A crash in between is mended by
signing again: a checkpoint that `last/` has and the database lacks is put in, if the
log holds what it says, and if it does not nothing is signed any more.

A checkpoint has two signatures of ours (C2SP signed-note): one of type 0x01 by the
register's log, and a cosignature of type 0x04 (C2SP tlog-cosignature) by the
installation, which says when that was its newest state.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Collection, Iterable
from contextlib import closing
from pathlib import Path

from trigpoint.errors import InvalidInput, LogCorrupt, NoSigningKey
from trigpoint.log.about import Spelt
from trigpoint.log.growth import check_contains
from trigpoint.log.keyfolder import LAST, KeyFolder
from trigpoint.log.keys import KEYS_FILE, Keyring, parse_keys
from trigpoint.log.reader import LogReader
from trigpoint.log.signing import Signed, Signing, believed
from trigpoint.private import write_public


class Signer:
    """Signs one log with the key of one keys folder."""

    def __init__(self, keys: KeyFolder) -> None:
        self.keys = keys
        self._batches = Spelt()

    def ready(self, log: LogReader, registers: Iterable[str] | None = None) -> None:
        """Raises what signing would raise for these registers, or for all, if the log
        stays as it is: for asking before anything is appended.

        NoSigningKey without a key as it must be, SigningRefused for a log that does not
        go on from what was signed.
        """
        ring = self.keys.signatory().ring
        self._check_shown(log.path.parent / KEYS_FILE)
        if registers is None:
            registers = self.keys.signed_registers()
        for register in registers:
            last = self._last(ring, register)
            if last is not None:
                check_contains(log, register, last.checkpoint)

    def sign(
        self,
        log: LogReader,
        registers: Collection[str] | None = None,
        *,
        renew_before: float | None = None,
    ) -> list[str]:
        """Sign the checkpoints of these registers, or of all, that are not signed yet;
        with `renew_before`, cosign anew what was last cosigned before that time (POSIX
        seconds). Returns the names of those that were signed.

        Raises NoSigningKey, SigningRefused when the log does not go on from what was
        signed, LogCorrupt when what is new is not what it should be, and DataBusy when
        all is signed but another process keeps the database.
        """
        with self.keys.lock():
            return self.sign_held(log, registers, renew_before=renew_before)

    def sign_held(
        self,
        log: LogReader,
        registers: Collection[str] | None = None,
        *,
        renew_before: float | None = None,
    ) -> list[str]:
        """The same, for who holds the lock of the keys folder already."""
        signing = Signing(self.keys.signatory(), int(time.time()), renew_before)
        origin = signing.signatory.ring.origin
        shown = log.path.parent / KEYS_FILE
        self._check_shown(shown)
        # A connection of its own sees what is committed, and nothing else.
        with closing(LogReader(log.path)) as reader, reader.snapshot():
            if registers is None:
                registers = {*reader.registers(), *self.keys.signed_registers()}
            self._batches.read(reader)
            for register in sorted(registers):
                last = self._last(signing.signatory.ring, register)
                try:
                    signing.sign(reader, register, last)
                    said = self._batches.statement(reader, register, origin)
                    signing.state(reader, register, said)
                except sqlite3.DatabaseError as error:
                    raise LogCorrupt(
                        f"{register}: {log.path} is damaged: {error}"
                    ) from error
        self.keys.keep(signing.kept)
        # A new key is shown before what it signed, which else would be of no key.
        public = self.keys.public_text()
        if not shown.exists() or shown.read_bytes() != public.encode():
            write_public(shown, public)
        signing.put(log.path)
        return signing.signed

    def _last(self, ring: Keyring, register: str) -> Signed | None:
        text = self.keys.last(register)
        if text is None:
            return None
        return believed(ring, register, text, str(self.keys.path / LAST / register))

    def _check_shown(self, path: Path) -> None:
        """Raises NoSigningKey when the data directory shows keys that the keys folder
        does not know: it is another's, or from before a rotation."""
        if not path.exists():
            return
        try:
            shown = parse_keys(path.read_bytes()).keys
        except InvalidInput as error:
            raise NoSigningKey(
                f"{path}: {error}. Remove it: it is made anew"
            ) from error
        ours = self.keys.public().keys
        if ours[: len(shown)] != shown:
            raise NoSigningKey(
                f"{path} shows the key {shown[-1]}, and the newest in "
                f"{self.keys.path} is {ours[-1]}: put back the keys folder that "
                "belongs to this log, as it was last"
            )
