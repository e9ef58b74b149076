"""Reading the log: registers, records, entries, items, roots.

Nothing here is trusted but the Merkle root, which `trigpoint.log.store.Log.verify`
recomputes from the rows.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from trigpoint.dates import days_of
from trigpoint.errors import (
    NoSuchEntry,
    NoSuchItem,
    NoSuchRecord,
    NoSuchRegister,
    QueryTimedOut,
    Withheld,
)
from trigpoint.log import merkle
from trigpoint.log.entry import Batch, Entry, Record, SystemEntry
from trigpoint.log.tables import connect
from trigpoint.schema.items import Item, format_hash, parse_item

_RECORD = """
    SELECT e.number, e.timestamp, e.key, i.hash, i.content
    FROM record r
    JOIN entry e ON e.register = r.register AND e.number = r.number
    JOIN item i ON i.id = e.item
    WHERE r.register = ?
"""
_ENTRY = """
    SELECT e.number, e.timestamp, e.key, i.hash
    FROM entry e JOIN item i ON i.id = e.item
    WHERE e.register = ?
"""
_CHANGES = """
    SELECT o.content, n.content
    FROM record r
    JOIN entry e ON e.register = r.register AND e.number = r.number
    JOIN item n ON n.id = e.item
    LEFT JOIN entry p ON p.register = r.register AND p.number = (
        SELECT max(number) FROM entry q
        WHERE q.register = r.register AND q.key = r.key AND q.number <= :since
    )
    LEFT JOIN item o ON o.id = p.item
    WHERE r.register = :register AND r.number > :since
    ORDER BY r.key
"""
_SCAN_STEPS = 200  # times 100,000 SQLite instructions that one listing may take
_PAGE = 5000


@dataclass(frozen=True)
class AppendedBatch:
    """A batch in the log: what it was, when, and which entries it appended."""

    number: int
    appended: str
    batch: Batch
    ranges: dict[str, tuple[int, int]]


class LogReader:
    """A log that is read. Threads may share it: each gets its own connection."""

    def __init__(self, path: Path, *, readonly: bool = True) -> None:
        self.path = path
        self._readonly = readonly
        self._local = threading.local()
        _ = self.db  # opens the file, so that a bad one is refused now

    @property
    def db(self) -> sqlite3.Connection:
        """This thread's connection; for the modules of the log only."""
        db: sqlite3.Connection | None = getattr(self._local, "db", None)
        if db is None:
            db = connect(self.path, readonly=self._readonly)
            self._local.db = db
        return db

    def close(self) -> None:
        """Close this thread's connection; another is made when it is needed."""
        db: sqlite3.Connection | None = getattr(self._local, "db", None)
        if db is not None:
            db.close()
            del self._local.db

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """All reads of this thread within it see the log as it was at the first."""
        self.db.execute("BEGIN")
        try:
            yield
        finally:
            self.db.execute("ROLLBACK")

    def registers(self) -> list[str]:
        return [
            name
            for (name,) in self.db.execute("SELECT name FROM register ORDER BY name")
        ]

    def derived_shapes(self) -> dict[str, str]:
        """Turtle of the shapes that came with registers (schema/derive.py)."""
        rows = self.db.execute(
            "SELECT name, shape FROM register WHERE shape IS NOT NULL ORDER BY name"
        )
        return dict(rows)

    def size(self, register: str) -> int:
        """How many entries the register has; 0 when it is not in the log yet."""
        return self.sizes().get(register, 0)

    def sizes(self) -> dict[str, int]:
        return dict(self.db.execute("SELECT name, size FROM register ORDER BY name"))

    def count(self, register: str) -> int:
        """How many keys the register holds."""
        number = self.register_id(register)
        rows = self.db.execute(
            "SELECT count(*) FROM record WHERE register = ?", (number,)
        )
        return int(rows.fetchone()[0])

    def root(self, register: str, size: int | None = None) -> bytes:
        """Root hash at `size` (now, if not given), from the stored tiles."""
        number, now = self.register_id(register), self.size(register)
        if size is not None and not 0 <= size <= now:
            raise NoSuchEntry(f"{register} has {now} entries, not {size}", number=size)
        return merkle.root(
            lambda level, position: self.tile(number, level, position),
            now if size is None else size,
        )

    def record(self, register: str, key: str) -> Record:
        """Raises NoSuchRecord for a key never held, Withheld for withheld content."""
        bound = (self.register_id(register), key)
        row = self.db.execute(f"{_RECORD} AND r.key = ?", bound).fetchone()
        if row is None:
            raise NoSuchRecord(f"{register} holds no record “{key}”", key=key)
        if row[4] is None:
            raise self._withheld(row[3])
        return _record(register, row)

    def records(
        self,
        register: str,
        *,
        after: str | None = None,
        limit: int = 100,
        where: Mapping[str, str] | None = None,
        at: str | None = None,
        dates: tuple[str | None, str | None] = (None, None),
    ) -> list[Record]:
        """Records in order of key, from the first key after `after`.

        `where` keeps those with a field of that value, or holding it among several;
        `at` those that held on that date, `dates` being the names of the start and
        end fields. Raises QueryTimedOut when too much would have to be read.
        """
        sql = [_RECORD, "AND i.content IS NOT NULL AND r.key > ?"]
        bound: list[object] = [self.register_id(register), after or ""]
        for name, value in (where or {}).items():
            sql.append(
                "AND EXISTS (SELECT 1 FROM json_each(i.content, ?) WHERE value = ?)"
            )
            bound += [_path(name), value]
        day = days_of(at)[0] if at is not None else None
        start, end = dates if day is not None else (None, None)
        if start is not None:
            sql.append(_BEGUN)
            bound += [_path(start), day]
        if end is not None:
            sql.append(_NOT_ENDED)
            bound += [day, _path(end), _path(end)]
        sql.append("ORDER BY r.key LIMIT ?")
        rows = self._bounded(" ".join(sql), [*bound, limit])
        return [_record(register, row) for row in rows]

    def iter_records(self, register: str) -> Iterator[Record]:
        """Every record, in order of key, a page at a time."""
        after: str | None = None
        while page := self.records(register, after=after, limit=_PAGE):
            yield from page
            after = page[-1].entry.key

    def current(self, register: str) -> list[tuple[str, bytes, str]]:
        """Key, item hash and item text of every record; none for a new register.

        A withheld item has no text.
        """
        if register not in self.sizes():
            return []
        return self.db.execute(
            "SELECT e.key, i.hash, i.content FROM record r "
            "JOIN entry e ON e.register = r.register AND e.number = r.number "
            "JOIN item i ON i.id = e.item WHERE r.register = ?",
            (self.register_id(register),),
        ).fetchall()

    def values(
        self, register: str, keys: Iterable[str], name: str | None
    ) -> dict[str, str | None]:
        """For those of `keys` that the register holds, the value of one field."""
        row = self.db.execute(
            "SELECT id FROM register WHERE name = ?", (register,)
        ).fetchone()
        if row is None:
            return {}
        rows = self.db.execute(
            "SELECT r.key, json_extract(i.content, ?) FROM json_each(?) k "
            "JOIN record r ON r.register = ? AND r.key = k.value "
            "JOIN entry e ON e.register = r.register AND e.number = r.number "
            "JOIN item i ON i.id = e.item",
            (_path(name or ""), json.dumps(list(keys)), row[0]),
        )
        return dict(rows)

    def entries(self, register: str, start: int = 1, limit: int = 100) -> list[Entry]:
        bound = (self.register_id(register), start, limit)
        rows = self.db.execute(
            f"{_ENTRY} AND e.number >= ? ORDER BY e.number LIMIT ?", bound
        )
        return [Entry(*row) for row in rows]

    def entry(self, register: str, number: int) -> Entry:
        found = self.entries(register, number, 1) if 0 < number < 2**63 else []
        if not found or found[0].number != number:
            raise NoSuchEntry(f"{register} has no entry {number}", number=number)
        return found[0]

    def trail(self, register: str, key: str) -> list[Entry]:
        """All entries of one key, oldest first; raises NoSuchRecord when none."""
        bound = (self.register_id(register), key)
        rows = self.db.execute(f"{_ENTRY} AND e.key = ? ORDER BY e.number", bound)
        found = [Entry(*row) for row in rows]
        if not found:
            raise NoSuchRecord(f"{register} holds no record “{key}”", key=key)
        return found

    def item(self, digest: bytes) -> str:
        """The canonical text of an item; raises NoSuchItem or Withheld."""
        row = self.db.execute(
            "SELECT content FROM item WHERE hash = ?", (digest,)
        ).fetchone()
        if row is None:
            raise NoSuchItem(f"no item is called {format_hash(digest)}")
        if row[0] is None:
            raise self._withheld(digest)
        return str(row[0])

    def changes(
        self, register: str, since: int
    ) -> Iterator[tuple[Item | None, Item | None]]:
        """Per key with entries after number `since`: its item then and now; None where
        there was none, or its content is withheld."""
        bound = {"register": self.register_id(register), "since": since}
        for old, new in self.db.execute(_CHANGES, bound):
            yield (parse_item(old) if old else None, parse_item(new) if new else None)

    def system_entries(self, register: str) -> list[SystemEntry]:
        rows = self.db.execute(
            "SELECT key, timestamp, item FROM system_entry "
            "WHERE register = ? ORDER BY position",
            (self.register_id(register),),
        )
        return [SystemEntry(*row) for row in rows]

    def batches(self) -> list[AppendedBatch]:
        """Every batch appended, oldest first."""
        ranges: dict[int, dict[str, tuple[int, int]]] = {}
        for batch, name, first, last in self.db.execute(
            "SELECT b.batch, g.name, b.first, b.last FROM batch_range b "
            "JOIN register g ON g.id = b.register ORDER BY b.batch, g.name"
        ):
            ranges.setdefault(batch, {})[name] = (first, last)
        return [
            AppendedBatch(number, appended, _batch(row), ranges.get(number, {}))
            for number, appended, *row in self.db.execute(
                "SELECT id, appended, source, title, files, licence, attribution, "
                "landing_page, release_date FROM batch ORDER BY id"
            )
        ]

    def register_id(self, register: str) -> int:
        row = self.db.execute(
            "SELECT id FROM register WHERE name = ?", (register,)
        ).fetchone()
        if row is None:
            raise NoSuchRegister(
                f"there is no register called “{register}”", register=register
            )
        return int(row[0])

    def tile(self, register: int, level: int, position: int) -> bytes:
        row = self.db.execute(
            "SELECT hashes FROM tile WHERE register = ? AND level = ? AND position = ?",
            (register, level, position),
        ).fetchone()
        return bytes(row[0]) if row else b""

    def _withheld(self, digest: bytes) -> Withheld:
        row = self.db.execute(
            "SELECT withheld FROM item WHERE hash = ?", (digest,)
        ).fetchone()
        return Withheld(f"the item {format_hash(digest)} is withheld: {row[0]}")

    def _bounded(
        self, sql: str, bound: list[object]
    ) -> list[tuple[int, str, str, bytes, str]]:
        steps = 0

        def stop() -> bool:
            nonlocal steps
            steps += 1
            return steps > _SCAN_STEPS

        self.db.set_progress_handler(stop, 100_000)
        try:
            return self.db.execute(sql, bound).fetchall()
        except sqlite3.OperationalError as error:
            if steps <= _SCAN_STEPS:
                raise
            raise QueryTimedOut(
                "too many records would have to be read for this filter: "
                "ask with fewer conditions, use SPARQL or take the dump"
            ) from error
        finally:
            self.db.set_progress_handler(None, 0)


# Lexical order is right: a start shorter than the date asked for is a prefix of the
# first day it covers, and an end is compared to as much of the date as it says.
_BEGUN = "AND coalesce(substr(json_extract(i.content, ?), 1, 10) <= ?, 1)"
_NOT_ENDED = """AND coalesce(
    substr(?, 1, min(10, length(json_extract(i.content, ?))))
        <= substr(json_extract(i.content, ?), 1, 10), 1)
"""


def _path(name: str) -> str:
    """SQLite's JSON path of a member."""
    return f'$."{name}"'


def _record(register: str, row: tuple[int, str, str, bytes, str]) -> Record:
    return Record(register, Entry(*row[:4]), parse_item(row[4]))


def _batch(row: list[str]) -> Batch:
    source, title, files, *rest = row
    return Batch(
        source, title, tuple((name, sum_) for name, sum_ in json.loads(files)), *rest
    )
