"""Erasing from the log's files what was withheld, so that no byte of it stays there.

The content of a withheld item is overwritten where its row stands; but SQLite may have
left copies of the row elsewhere: in pages that it moved rows out of, in free pages, in
the write-ahead log. So the file is written anew and the write-ahead log emptied. That
takes a while and may be interrupted. What reminds of it is a file in `unerased/` beside
the log, made within the transaction that withholds and removed when all is erased.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from uuid import uuid4

from trigpoint.errors import DataBusy
from trigpoint.private import sync_folder

_REMINDERS = "unerased"


def remind(data: Path) -> None:
    """Have it known that something is to be erased; durable on return.

    Called within a transaction that writes: whoever finds the reminder and then writes
    the file anew has waited for the end of that transaction.
    """
    folder = data / _REMINDERS
    folder.mkdir(exist_ok=True)
    (folder / uuid4().hex).touch()
    sync_folder(folder)
    sync_folder(data)


def reminders(data: Path) -> list[Path]:
    """What reminds of things to be erased; `forget` them once they are."""
    folder = data / _REMINDERS
    return sorted(folder.iterdir()) if folder.is_dir() else []


def forget(found: Iterable[Path]) -> None:
    """Remove reminders; one that came later stays."""
    for path in found:
        path.unlink(missing_ok=True)
        sync_folder(path.parent)


def write_anew(db: sqlite3.Connection, path: Path) -> None:
    """Write the database anew from what its tables hold, and empty the write-ahead log.

    When it returns, no reader sees the log as it was before any more. Raises DataBusy
    while one still does, or another process writes; OSError when the disk is full or
    the file may not be written to.
    """
    try:
        db.execute("VACUUM")
        (busy, *_) = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise OSError(f"{path} cannot be written anew: {error}") from error
        busy = 1
    if busy:
        raise DataBusy(
            f"{path} is in use by another process, so that what was withheld is not "
            "erased from its files yet"
        )
