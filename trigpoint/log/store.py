"""Writing the log: transactions of batches, all or nothing, whatever the registers.

A batch that is not acknowledged leaves no trace, at whatever instant the process dies;
one that is outlives a power cut. One writer at a time: the data directory's lock is
held by whoever appends.
"""

from __future__ import annotations

import fcntl
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from trigpoint.errors import DataBusy, NoData, NoSuchItem
from trigpoint.log.appender import Appender
from trigpoint.log.entries import WithheldItem
from trigpoint.log.entry import Batch, BatchKey
from trigpoint.log.erase import remind, write_anew
from trigpoint.log.reader import LogReader
from trigpoint.log.verify import verify_register
from trigpoint.schema.items import format_hash

_PATIENCE = 30.0  # seconds to wait for who writes; SQLite waits as long
_LOOK_AGAIN = 0.01  # seconds


class Log(LogReader):
    """A log that may be appended to."""

    def __init__(self, path: Path, *, readonly: bool = False) -> None:
        if not readonly:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise NoData(
                    f"{path.parent} cannot be a data directory: {error.strerror}"
                ) from error
        super().__init__(path, readonly=readonly)

    @contextmanager
    def transaction(
        self, *, dry_run: bool = False, patience: float = 0.0
    ) -> Iterator[Transaction]:
        """A transaction of any number of batches, rolled back if anything is raised.

        It is durable once this ends. With `dry_run` it is rolled back all the same.
        Raises DataBusy when another process is appending, and still is after
        `patience` seconds.
        """
        with self._lock(patience):
            self.db.execute("BEGIN IMMEDIATE")
            try:
                transaction = Transaction(self)
                yield transaction
                keep = transaction.kept and not dry_run
                self.db.execute("COMMIT" if keep else "ROLLBACK")
            except BaseException:
                # SQLite has rolled back by itself when the disk is full.
                if self.db.in_transaction:
                    self.db.execute("ROLLBACK")
                raise
            finally:
                # What was counted may have been rolled back.
                self._file.counts.clear()

    @contextmanager
    def appending(
        self, batch: Batch, *, key: BatchKey | None = None, dry_run: bool = False
    ) -> Iterator[Appender]:
        """One batch in a transaction of its own, as `transaction` and
        `Transaction.batch` say."""
        with (
            self.transaction(dry_run=dry_run) as transaction,
            transaction.batch(batch, key) as appender,
        ):
            yield appender

    @contextmanager
    def _lock(self, patience: float = 0.0) -> Iterator[None]:
        until = time.monotonic() + patience
        with (self.path.parent / "lock").open("w") as lock:
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError as error:
                    if time.monotonic() >= until:
                        raise self._busy() from error
                    time.sleep(_LOOK_AGAIN)
            yield

    def _busy(self) -> DataBusy:
        return DataBusy(
            f"{self.path.parent} is being written to by another process: "
            "wait until it ends"
        )

    def put_checkpoint(self, register: str, size: int, note: str) -> None:
        """Keep the signed checkpoint of a size, in place of an earlier one of it.

        Durable on return. Raises DataBusy when the log is being written to for long.
        """
        self._put(
            "INSERT INTO checkpoint VALUES (?, ?, ?) "
            "ON CONFLICT DO UPDATE SET note = excluded.note",
            self.register_id(register),
            size,
            note,
        )

    def put_statement(self, register: str, note: str) -> None:
        """Keep the signed statement beside a register's tree, in place of the last.

        Durable on return. Raises DataBusy when the log is being written to for long.
        """
        self._put(
            "INSERT INTO statement VALUES (?, ?) "
            "ON CONFLICT DO UPDATE SET note = excluded.note",
            self.register_id(register),
            note,
        )

    def withhold(self, digest: bytes, reason: str, date: str) -> None:
        """Withhold one item, as `withhold_all` does."""
        self.withhold_all([WithheldItem(digest, reason, date)])

    def withhold_all(self, items: Iterable[WithheldItem]) -> None:
        """Forget the contents of items for good, since those days; their hashes stay.

        All of them or none, durable on return; copies of them stay in the log's files
        until `erase`, of which a reminder is left. Raises NoSuchItem for an item never
        held, Withheld for one that is withheld already, and DataBusy.
        """
        self.db.execute("PRAGMA secure_delete = ON")
        self._put("BEGIN IMMEDIATE")
        try:
            remind(self.path.parent)
            for one in items:
                self._withhold(one)
            self.db.execute("COMMIT")
        except BaseException:
            if self.db.in_transaction:
                self.db.execute("ROLLBACK")
            raise

    def _withhold(self, one: WithheldItem) -> None:
        changed = self._put(
            "UPDATE item SET content = NULL, withheld = ?, withheld_on = ? "
            "WHERE hash = ? AND content IS NOT NULL",
            one.reason,
            one.date,
            one.hash,
        )
        if not changed:
            self.item(one.hash)
            raise NoSuchItem(f"no item is called {format_hash(one.hash)}")

    def erase(self) -> None:
        """Erase from the log's files what was withheld; takes as long as writing them
        anew, and room for two more of them.

        When it returns, no reader sees the log as it was before. Raises DataBusy when
        one still does after half a minute, or another process writes; OSError.
        """
        with self._lock(_PATIENCE):
            write_anew(self.db, self.path)

    def _put(self, sql: str, *bound: object) -> int:
        """One statement that changes rows, and how many it did; its own transaction,
        unless one is open."""
        try:
            return self.db.execute(sql, bound).rowcount
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            raise self._busy() from error

    def verify(self, register: str, size: int | None = None) -> bytes:
        """Recompute the register's root from its items and entries, and return it: the
        root at `size` entries, or of all.

        Raises LogCorrupt, naming the entry, item or tile that is not what was recorded.
        """
        return verify_register(self, register, size)


class Transaction:
    """Batches that are committed together; made by `Log.transaction`."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._lost: BaseException | None = None
        self.kept = False

    @contextmanager
    def batch(
        self, batch: Batch, key: BatchKey | None = None, *, joins: bool = False
    ) -> Iterator[Appender]:
        """Append one batch. When something is raised within it, nothing of it stays,
        while the other batches of the transaction do.

        A batch that is abandoned, or appends and declares nothing, leaves no trace
        either. One that `joins` becomes part of the latest if they are alike (see
        `Appender.join`). Raises LogCorrupt when what was written is not what was meant.
        """
        if self._lost is not None:
            raise self._lost
        db = self._log.db
        db.execute("SAVEPOINT batch")
        try:
            appender = Appender(self._log, batch, key)
            yield appender
            appender.check()
        except BaseException as error:
            self._undo(error)
            raise
        if appender.abandoned or appender.empty:
            db.execute("ROLLBACK TO batch")
        else:
            self.kept = True
            if joins:
                appender.join()
        db.execute("RELEASE batch")

    def _undo(self, error: BaseException) -> None:
        db = self._log.db
        if db.in_transaction:
            db.execute("ROLLBACK TO batch")
            db.execute("RELEASE batch")
        else:
            # SQLite gave up the whole transaction, as it does when the disk is full:
            # the batches before this one are lost with it.
            self._lost = error
