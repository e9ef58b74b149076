"""A log as the first release wrote it, in format 1."""

from __future__ import annotations

import sqlite3
from pathlib import Path

SCHEMA = """
PRAGMA journal_mode = WAL;
BEGIN;
CREATE TABLE register (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, size INTEGER NOT NULL, shape TEXT
);
CREATE TABLE item (
    id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, content TEXT, withheld TEXT
);
CREATE TABLE batch (
    id INTEGER PRIMARY KEY, appended TEXT NOT NULL, source TEXT NOT NULL,
    title TEXT NOT NULL, files TEXT NOT NULL, licence TEXT, attribution TEXT,
    landing_page TEXT, release_date TEXT
);
CREATE TABLE batch_range (
    batch INTEGER NOT NULL REFERENCES batch,
    register INTEGER NOT NULL REFERENCES register,
    first INTEGER NOT NULL, last INTEGER NOT NULL, PRIMARY KEY (batch, register)
) WITHOUT ROWID;
CREATE TABLE entry (
    register INTEGER NOT NULL REFERENCES register, number INTEGER NOT NULL,
    timestamp TEXT NOT NULL, key TEXT NOT NULL,
    item INTEGER NOT NULL REFERENCES item, PRIMARY KEY (register, number)
) WITHOUT ROWID;
CREATE INDEX entry_key ON entry (register, key, number);
CREATE TABLE record (
    register INTEGER NOT NULL REFERENCES register, key TEXT NOT NULL,
    number INTEGER NOT NULL, PRIMARY KEY (register, key)
) WITHOUT ROWID;
CREATE TABLE system_entry (
    register INTEGER NOT NULL REFERENCES register, position INTEGER NOT NULL,
    key TEXT NOT NULL, timestamp TEXT NOT NULL, item TEXT NOT NULL,
    PRIMARY KEY (register, position)
) WITHOUT ROWID;
CREATE TABLE tile (
    register INTEGER NOT NULL REFERENCES register, level INTEGER NOT NULL,
    position INTEGER NOT NULL, hashes BLOB NOT NULL,
    PRIMARY KEY (register, level, position)
);
PRAGMA user_version = 1;
COMMIT;
"""
_COLUMNS = {
    "register": "id, name, size, shape",
    "item": "id, hash, content, withheld",
    "batch": "id, appended, source, title, files, licence, attribution, landing_page, "
    "release_date",
    "batch_range": "batch, register, first, last",
    "entry": "register, number, timestamp, key, item",
    "system_entry": "register, position, key, timestamp, item",
    "tile": "register, level, position, hashes",
}
_COPY = "INSERT INTO {table} SELECT {columns} FROM today.{table}"


def as_format_1(log: Path, path: Path) -> None:
    """Write what a log of today holds as the first release would have."""
    db = sqlite3.connect(path, isolation_level=None)
    db.executescript(SCHEMA)
    db.execute("ATTACH ? AS today", (str(log),))
    for table, columns in _COLUMNS.items():
        db.execute(_COPY.format(table=table, columns=columns))
    db.execute(
        "INSERT INTO record SELECT register, key, max(number) FROM entry GROUP BY 1, 2"
    )
    db.close()
