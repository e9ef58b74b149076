"""The tables of the log, and connections to them.

`record` is the one table that could be rebuilt from the others; it is written in the
same transaction. An item whose `content` is null is withheld: its hash, and so every
proof, stays.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

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


def connect(path: Path, *, readonly: bool) -> sqlite3.Connection:
    """A connection in autocommit mode; the caller begins its own transactions.

    Raises NoData when the file is missing or is no database, LogCorrupt when it is
    of another format.
    """
    if readonly and not path.is_file():
        raise NoData(f"{path.parent} holds no registers: load one first")
    mode = "ro" if readonly else "rwc"
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    db = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=30)
    try:
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version not in (0, VERSION):
            raise LogCorrupt(f"{path} is in format {version}, not {VERSION}")
        if not readonly:
            _prepare(db, version)
        elif version == 0:
            raise NoData(f"{path} holds no registers: load one first")
    except sqlite3.DatabaseError as error:
        db.close()
        raise LogCorrupt(f"{path} is not a register log: {error}") from error
    except (LogCorrupt, NoData):
        db.close()
        raise
    return db


def _prepare(db: sqlite3.Connection, version: int) -> None:
    db.execute("PRAGMA journal_mode = WAL")
    # An acknowledged batch must outlive a power cut, not only a killed process.
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA foreign_keys = ON")
    if version == 0:
        db.executescript(SCHEMA)
