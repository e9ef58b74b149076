"""Writing a copy of somebody's register: its entries, and what stands beside them, get
the numbers, names and notes that they have there.

What is written was verified by whoever writes it. All the same, nothing is committed
before the root was recomputed from what is stored and found to be the signed one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from trigpoint.errors import LogCorrupt, NotVerified
from trigpoint.log.about import Statement
from trigpoint.log.appender import (
    INSERT_BATCH,
    batch_row,
    write_system_entries,
)
from trigpoint.log.checkpoint import Checkpoint
from trigpoint.log.drafts import in_parts
from trigpoint.log.entry import Draft
from trigpoint.log.growth import grown_root
from trigpoint.log.reader import AppendedBatch
from trigpoint.log.store import Log
from trigpoint.log.writer import EntryWriter
from trigpoint.schema.items import format_hash

_HELD = """
    SELECT id, appended, source, title, files, licence, attribution, landing_page,
        release_date, key, key_name FROM batch WHERE id = ?
"""


class Mirror:
    """One register that is being brought to a checkpoint; made by `mirroring`."""

    def __init__(self, log: Log, statement: Statement) -> None:
        self._log = log
        self._db = log.db
        self._statement = statement
        self._register = statement.register
        self._db.execute(
            "INSERT INTO register (name, size, shape) VALUES (?, 0, ?) "
            "ON CONFLICT (name) DO UPDATE SET shape = excluded.shape",
            (self._register, statement.shape),
        )
        self._id = log.register_id(self._register)
        # Before the entries, which else would bring items that are not to be had.
        self._db.executemany(
            "INSERT INTO item (hash, content, withheld, withheld_on) "
            "VALUES (?, NULL, ?, ?) ON CONFLICT DO NOTHING",
            ((one.hash, one.reason, one.date) for one in statement.withheld),
        )

    def append(self, drafts: Iterable[Draft]) -> None:
        """Append the entries that follow those held, however many."""
        size = self._log.size(self._register)
        EntryWriter(self._log, self._id, size).append(in_parts(drafts))

    def finish(
        self,
        checkpoint: Checkpoint,
        notes: tuple[str, str],
        held: Checkpoint | None,
    ) -> None:
        """Put the notes of the checkpoint and of the statement, and what that says.

        `held` is the checkpoint of what was there before. Raises LogCorrupt when the
        root of what is stored is not the signed one.
        """
        write_system_entries(self._db, self._id, self._statement.system_entries)
        self._write_batches(checkpoint.size)
        self._log.put_checkpoint(self._register, checkpoint.size, notes[0])
        self._log.put_statement(self._register, notes[1])
        root = grown_root(self._log, self._register, held)
        size = self._log.size(self._register)
        if (size, root) != (checkpoint.size, checkpoint.root):
            raise LogCorrupt(
                f"{self._register}: what was written has {size} entries and the root "
                f"{format_hash(root)}; signed are {checkpoint.size} and "
                f"{format_hash(checkpoint.root)}"
            )

    def _write_batches(self, size: int) -> None:
        """The batches, as far as the entries held go: a statement may be ahead."""
        self._db.execute("DELETE FROM batch_range WHERE register = ?", (self._id,))
        for one in self._statement.batches:
            first, last = one.ranges[self._register]
            if first <= size:
                self._write_batch(one)
                self._db.execute(
                    "INSERT INTO batch_range VALUES (?, ?, ?, ?)",
                    (one.number, self._id, first, min(last, size)),
                )

    def _write_batch(self, appended: AppendedBatch) -> None:
        """A batch, which other registers must tell of as this one does."""
        about = batch_row(appended.appended, appended.batch, appended.key)
        row = (appended.number, *about)
        held = self._db.execute(_HELD, (appended.number,)).fetchone()
        if held is None:
            self._db.execute(INSERT_BATCH, row).fetchone()
        elif held != row:
            raise NotVerified(
                f"{self._register}: batch {appended.number} is told of otherwise than "
                "by another register of the same log"
            )


@contextmanager
def mirroring(log: Log, statement: Statement) -> Iterator[Mirror]:
    """Bring one register to a checkpoint in one transaction: all of it, or nothing.

    Raises DataBusy when another process is writing to the log.
    """
    with log.transaction() as transaction:
        yield Mirror(log, statement)
        transaction.kept = True
