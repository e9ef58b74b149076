"""The tables of the log, and connections to them.

`record` is the one table that could be rebuilt from the others; it is written in the
same transaction. An item whose `content` is null is withheld: its hash, and so every
proof, stays.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from trigpoint.errors import LogCorrupt, NoData

VERSION = 1

SCHEMA = f"""
BEGIN;
CREATE TABLE register (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    size INTEGER NOT NULL,
    shape TEXT            -- Turtle, for a register that brought its own fields
);
CREATE TABLE item (
    id INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    content TEXT,
    withheld TEXT         -- why and when, once content is null
);
CREATE TABLE batch (
    id INTEGER PRIMARY KEY,
    appended TEXT NOT NULL,
    source TEXT NOT NULL,
    title TEXT NOT NULL,
    files TEXT NOT NULL,  -- JSON: [[name, "sha-256:..."], ...]
    licence TEXT,
    attribution TEXT,
    landing_page TEXT,
    release_date TEXT
);
CREATE TABLE batch_range (
    batch INTEGER NOT NULL REFERENCES batch,
    register INTEGER NOT NULL REFERENCES register,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (batch, register)
) WITHOUT ROWID;
CREATE TABLE entry (
    register INTEGER NOT NULL REFERENCES register,
    number INTEGER NOT NULL,
    timestamp TEXT NOT NULL,
    key TEXT NOT NULL,
    item INTEGER NOT NULL REFERENCES item,
    PRIMARY KEY (register, number)
) WITHOUT ROWID;
CREATE INDEX entry_key ON entry (register, key, number);
CREATE TABLE record (
    register INTEGER NOT NULL REFERENCES register,
    key TEXT NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (register, key)
) WITHOUT ROWID;
CREATE TABLE system_entry (
    register INTEGER NOT NULL REFERENCES register,
    position INTEGER NOT NULL,
    key TEXT NOT NULL,
    timestamp TEXT NOT NULL,
    item TEXT NOT NULL,
    PRIMARY KEY (register, position)
) WITHOUT ROWID;
CREATE TABLE tile (
    register INTEGER NOT NULL REFERENCES register,
    level INTEGER NOT NULL,
    position INTEGER NOT NULL,
    hashes BLOB NOT NULL,
    PRIMARY KEY (register, level, position)
);
PRAGMA user_version = {VERSION};
COMMIT;
"""

_WHAT_IS_IT = """
SELECT user_version, count(name),
    count(name) FILTER (WHERE name IN ('register', 'item', 'entry', 'tile')) = 4
FROM pragma_user_version LEFT JOIN sqlite_master ON type = 'table'
"""


def connect(path: Path, *, readonly: bool) -> sqlite3.Connection:
    """A connection in autocommit mode; the caller begins its own transactions.

    Makes the log if it is not there and not `readonly`. Raises NoData when the file is
    missing or empty, LogCorrupt when it is no register log or of another format.
    """
    if not path.exists():
        if readonly:
            raise NoData(f"{path.parent} holds no registers: load one first")
        _make(path)
    mode = "ro" if readonly else "rw"
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    db = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=30)
    try:
        _check(db, path, readonly=readonly)
        if not readonly:
            # An acknowledged batch must outlive a power cut, not only a killed process.
            db.execute("PRAGMA synchronous = FULL")
            db.execute("PRAGMA foreign_keys = ON")
    except sqlite3.DatabaseError as error:
        db.close()
        raise LogCorrupt(f"{path} is not a register log: {error}") from error
    except (LogCorrupt, NoData):
        db.close()
        raise
    return db


def _make(path: Path) -> None:
    """An empty log, made beside and then named: nobody ever sees half of one, and of
    two processes that make it the second finds it there."""
    beside = path.with_name(f"{path.name}.{uuid4().hex}.new")
    db = sqlite3.connect(beside, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.executescript(SCHEMA)
    db.close()
    with suppress(FileExistsError):
        path.hardlink_to(beside)
    beside.unlink()


def _check(db: sqlite3.Connection, path: Path, *, readonly: bool) -> None:
    version, tables, ours = db.execute(_WHAT_IS_IT).fetchone()
    if tables and not ours:
        raise LogCorrupt(f"{path} is not a register log but another database")
    if not tables and readonly and version == 0:
        raise NoData(f"{path} holds no registers: load one first")
    if not tables:
        raise LogCorrupt(f"{path} is empty and no register log: remove it")
    if version != VERSION:
        raise LogCorrupt(f"{path} is in format {version}, not {VERSION}")
