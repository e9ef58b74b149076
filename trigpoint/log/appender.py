"""Appending one batch: its entries, their items, and the tiles of the trees."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence

from trigpoint.dates import now
from trigpoint.errors import LogCorrupt
from trigpoint.log import merkle
from trigpoint.log.entry import Batch, BatchKey, Draft, Entry, SystemEntry, leaf
from trigpoint.log.reader import LogReader

_CHUNK = 100_000


class Appender:
    """Appends entries within one transaction; made by `Log.appending`."""

    def __init__(
        self, log: LogReader, batch: Batch, key: BatchKey | None = None
    ) -> None:
        self._log = log
        self._db = log.db
        self._registers: set[str] = set()
        self.abandoned = False
        row = self._db.execute(
            "INSERT INTO batch (appended, source, title, files, licence, attribution, "
            "landing_page, release_date, key, key_name) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
            (
                now(),
                batch.source,
                batch.title,
                json.dumps(batch.files),
                batch.licence,
                batch.attribution,
                batch.landing_page,
                batch.release_date,
                key.id if key else None,
                key.name if key else None,
            ),
        ).fetchone()
        self._batch = int(row[0])

    @property
    def empty(self) -> bool:
        """Whether nothing was appended or declared."""
        return not self._registers

    def abandon(self) -> None:
        """Append nothing after all: the transaction will be rolled back."""
        self.abandoned = True

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

    def withhold(self, digest: bytes, reason: str, date: str) -> None:
        """Have an item withheld, whether its content was held or never was: a copy of
        a log has no content for what is withheld there."""
        self._db.execute("PRAGMA secure_delete = ON")
        self._db.execute(
            "INSERT INTO item (hash, content, withheld, withheld_on) "
            "VALUES (?, NULL, ?, ?) ON CONFLICT (hash) DO UPDATE SET content = NULL, "
            "withheld = excluded.withheld, withheld_on = excluded.withheld_on",
            (digest, reason, date),
        )

    def append(self, register: str, drafts: Sequence[Draft]) -> None:
        """Append entries to a register, in the order given."""
        if not drafts:
            return
        self.declare(register)
        number, size = self._log.register_id(register), self._log.size(register)
        write_entries(self._log, number, size, drafts)
        self._db.execute(
            "INSERT INTO batch_range VALUES (?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET last = excluded.last",
            (self._batch, number, size + 1, size + len(drafts)),
        )

    def check(self) -> None:
        """Refuse to commit when what was written is not what should have been: every
        entry of this batch must hash, as stored, to the leaf in its tile."""
        for register in self._registers:
            first, last = self._range(register)
            number, width = self._log.register_id(register), merkle.TILE_WIDTH
            for tile in range((first - 1) // width, (last - 1) // width + 1):
                # From the batch's first entry on: those before it are not new.
                start = max(first, tile * width + 1)
                page = self._log.entries(
                    register, start, (tile + 1) * width - start + 1
                )
                skipped = (start - tile * width - 1) * merkle.HASH_SIZE
                stored = self._log.tile(number, 0, tile)[skipped:]
                if stored != b"".join(merkle.leaf_hash(leaf(e)) for e in page):
                    raise LogCorrupt(f"{register}: tile {tile} was torn; not appended")

    def _range(self, register: str) -> tuple[int, int]:
        row = self._db.execute(
            "SELECT b.first, b.last FROM batch_range b JOIN register g "
            "ON g.id = b.register WHERE b.batch = ? AND g.name = ?",
            (self._batch, register),
        ).fetchone()
        return (row[0], row[1]) if row else (1, 0)


def write_entries(
    log: LogReader, register: int, size: int, drafts: Sequence[Draft]
) -> None:
    """Write the entries that follow the first `size` of a register (known by its
    number), with their items and tiles."""
    for start in range(0, len(drafts), _CHUNK):
        _write_rows(log, register, size + start, drafts[start : start + _CHUNK])
    log.db.execute(
        "UPDATE register SET size = ? WHERE id = ?", (size + len(drafts), register)
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


def _write_rows(
    log: LogReader, register: int, size: int, drafts: Sequence[Draft]
) -> None:
    entries = [
        Entry(n, draft.timestamp, draft.key, draft.item_hash)
        for n, draft in enumerate(drafts, start=size + 1)
    ]
    log.db.executemany(
        "INSERT OR IGNORE INTO item (hash, content) VALUES (?, ?)",
        ((draft.item_hash, draft.item) for draft in drafts),
    )
    log.db.executemany(
        "INSERT INTO entry SELECT ?, ?, ?, ?, id FROM item WHERE hash = ?",
        ((register, e.number, e.timestamp, e.key, e.item_hash) for e in entries),
    )
    merkle.extend(
        lambda level, position: log.tile(register, level, position),
        lambda level, position, hashes: _write_tile(
            log.db, register, level, position, hashes
        ),
        size,
        [merkle.leaf_hash(leaf(entry)) for entry in entries],
    )


def _write_tile(
    db: sqlite3.Connection, register: int, level: int, position: int, hashes: bytes
) -> None:
    db.execute(
        "INSERT INTO tile VALUES (?, ?, ?, ?) "
        "ON CONFLICT DO UPDATE SET hashes = excluded.hashes",
        (register, level, position, hashes),
    )
