"""Appending one batch: what it is, and the entries that it brings."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from itertools import chain

from trigpoint.dates import now
from trigpoint.errors import InvalidInput
from trigpoint.log.checkpoint import MAX_SIZE
from trigpoint.log.drafts import Drafts, in_parts
from trigpoint.log.entry import Batch, BatchKey, Draft, SystemEntry, leaf
from trigpoint.log.reader import LogReader
from trigpoint.log.tiles import MAX_ENTRY
from trigpoint.log.writer import EntryWriter

_SHORT = 10_000  # letters: a key of no more makes no entry too long, however spelt

# The batch before a new one, if that goes on from it: the same but for the entries, on
# the same day, of the same one register.
_ALIKE = """
    SELECT old.id FROM batch new
    JOIN batch old ON old.id = (SELECT max(id) FROM batch WHERE id < new.id)
    JOIN batch_range n ON n.batch = new.id
    JOIN batch_range o
        ON o.batch = old.id AND o.register = n.register AND o.last = n.first - 1
    WHERE new.id = ? AND substr(old.appended, 1, 10) = substr(new.appended, 1, 10)
        AND (old.source, old.title, old.files, old.licence, old.attribution,
            old.landing_page, old.release_date, old.key, old.key_name)
        IS (new.source, new.title, new.files, new.licence, new.attribution,
            new.landing_page, new.release_date, new.key, new.key_name)
        AND (SELECT count(*) FROM batch_range WHERE batch IN (old.id, new.id)) = 2
"""

INSERT_BATCH = """
    INSERT INTO batch (id, appended, source, title, files, licence, attribution,
        landing_page, release_date, key, key_name)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id
"""


class Appender:
    """Appends entries within one transaction; made by `Log.appending`."""

    def __init__(
        self, log: LogReader, batch: Batch, key: BatchKey | None = None
    ) -> None:
        self._log = log
        self._db = log.db
        self._registers: set[str] = set()
        self._writers: dict[str, EntryWriter] = {}
        self.abandoned = False
        row = self._db.execute(INSERT_BATCH, (None, *batch_row(now(), batch, key)))
        (self._batch,) = row.fetchone()

    @property
    def empty(self) -> bool:
        """Whether nothing was appended or declared."""
        return not self._registers

    def abandon(self) -> None:
        """Append nothing after all: the transaction will be rolled back."""
        self.abandoned = True

    def join(self) -> None:
        """Let the batch before this one have its entries, if there is nothing else to
        tell them apart: the same source, key and day, and one and the same register.

        Batches stand in a register's signed statement for ever, and who appends a row
        at a time would make one of each row.
        """
        alike = self._db.execute(_ALIKE, (self._batch,)).fetchone()
        if alike is None:
            return
        self._db.execute(
            "UPDATE batch_range SET last = "
            "(SELECT last FROM batch_range WHERE batch = ?) WHERE batch = ?",
            (self._batch, alike[0]),
        )
        self._db.execute("DELETE FROM batch_range WHERE batch = ?", (self._batch,))
        self._db.execute("DELETE FROM batch WHERE id = ?", (self._batch,))

    def declare(self, register: str, shape: str | None = None) -> None:
        """Put a register into the log, with the derived shape it brought, if any."""
        self._registers.add(register)
        self._db.execute(
            "INSERT INTO register (name, size, shape) VALUES (?, 0, ?) "
            "ON CONFLICT (name) DO UPDATE SET shape = coalesce(excluded.shape, shape)",
            (register, shape),
        )

    def set_system_entries(self, register: str, entries: Iterable[SystemEntry]) -> None:
        """Replace the metadata that stands beside the register's tree."""
        write_system_entries(self._db, self._log.register_id(register), entries)

    def append(self, register: str, drafts: Iterable[Draft]) -> None:
        """Append entries to a register, in the order given.

        Raises NoSuchItem for an item that is neither given nor held, InvalidInput for a
        key so long that no bundle could hold the entry.
        """
        first = next(parts := _fitting(drafts), None)
        if first is None:
            return
        self.declare(register)
        number, size = self._log.register_id(register), self._log.size(register)
        writer = self._writers.setdefault(
            register, EntryWriter(self._log, number, size)
        )
        self._db.execute(
            "INSERT INTO batch_range VALUES (?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET last = excluded.last",
            (self._batch, number, size + 1, writer.append(chain([first], parts))),
        )

    def check_fits(self, drafts: Iterable[Draft]) -> None:
        """Raises InvalidInput for entries that could not be appended, as `append`
        does."""
        for _ in _fitting(drafts):
            continue

    def check(self) -> None:
        """Refuse to commit when what was written is not what should have been."""
        for writer in self._writers.values():
            writer.check()


def _fitting(drafts: Iterable[Draft]) -> Iterator[Drafts]:
    """Parts of drafts of entries that can be served: one that cannot would be signed
    all the same, and from then on nobody could follow the log."""
    for part in in_parts(drafts):
        if max(map(len, part.keys)) > _SHORT:
            for draft in part:
                _check_fits(draft)
        yield part


def _check_fits(draft: Draft) -> None:
    timestamp, key, _, digest = draft
    size = len(leaf((MAX_SIZE, timestamp, key, digest)))
    if size > MAX_ENTRY:
        raise InvalidInput(
            f"the key “{key[:40]}…” is too long: it makes an entry of {size} "
            f"bytes, and {MAX_ENTRY:,} fit"
        )


def write_system_entries(
    db: sqlite3.Connection, register: int, entries: Iterable[SystemEntry]
) -> None:
    """Replace the metadata beside the tree of a register (known by its number)."""
    db.execute("DELETE FROM system_entry WHERE register = ?", (register,))
    db.executemany(
        "INSERT INTO system_entry VALUES (?, ?, ?, ?, ?)",
        (
            (register, position, entry.key, entry.timestamp, entry.item)
            for position, entry in enumerate(entries, start=1)
        ),
    )


def batch_row(
    appended: str, batch: Batch, key: BatchKey | None
) -> tuple[str | None, ...]:
    """A batch as its table has it, without its number."""
    return (
        appended,
        batch.source,
        batch.title,
        json.dumps(batch.files),
        batch.licence,
        batch.attribution,
        batch.landing_page,
        batch.release_date,
        key.id if key else None,
        key.name if key else None,
    )
