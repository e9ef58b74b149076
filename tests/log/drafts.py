"""Entries to append, and a small log to read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from trigpoint.log.entry import Batch, Draft
from trigpoint.log.store import Log
from trigpoint.schema.items import canonical_json, item_hash

BATCH = Batch(
    "test",
    "A test",
    files=(("a.csv", "sha-256:00"), ("b.csv", "sha-256:01")),
    licence="http://example.org/licence",
    attribution="© us",
    landing_page="http://example.org/",
    release_date="2019-04",
)
TIME = "2019-04-01T12:00:00Z"


def draft(key: str, *, at: str = TIME, **fields: str | list[str]) -> Draft:
    """An entry of the register `town` to append."""
    text = canonical_json(
        {"town": key, **{name.replace("_", "-"): v for name, v in fields.items()}}
    )
    return Draft(at, key, text, item_hash(text))


def append(log: Log, drafts: Iterable[Draft], register: str = "town") -> None:
    """Append one batch to one register."""
    with log.appending(BATCH) as appender:
        appender.append(register, drafts)


def log_of(folder: Path, *drafts: Draft) -> Log:
    """A new log with these entries in `town`."""
    log = Log(folder / "log.sqlite")
    append(log, drafts)
    return log


def by_hand(log: Log, sql: str, *bound: object) -> None:
    """Change the file behind the log's back."""
    with sqlite3.connect(log.path) as db:
        changed = db.execute(sql, bound).rowcount
    db.close()
    assert changed != 0
