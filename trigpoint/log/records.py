"""Reading records: the latest entry of each key, with its item.

A record is the entry of its key that no later one follows. The index `entry_key` holds
keys in order and each key's entries by number, so a page of records is read from it as
it comes, without a sort.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import polars as pl

from trigpoint.dates import days_of
from trigpoint.errors import NoSuchRecord, QueryTimedOut
from trigpoint.log.entries import EntryReader
from trigpoint.log.entry import Entry, Record
from trigpoint.schema.items import parse_item

# CROSS JOIN keeps SQLite from reading the items first.
_RECORDS = """
    FROM entry e INDEXED BY entry_key CROSS JOIN item i ON i.id = e.item
    WHERE e.register = :register AND e.number <= :size AND NOT EXISTS (
        SELECT 1 FROM entry later
        WHERE later.register = e.register AND later.key = e.key
            AND later.number > e.number AND later.number <= :size
    )
"""
_RECORD = """
    SELECT e.number, e.timestamp, e.key, i.hash, i.content
    FROM entry e INDEXED BY entry_key CROSS JOIN item i ON i.id = e.item
    WHERE e.register = ? AND e.number <= ? AND e.key = ?
    ORDER BY e.number DESC LIMIT 1
"""
_COUNT = """
    SELECT count(*) FROM (
        SELECT 1 FROM entry WHERE register = ? AND number <= ? GROUP BY key
    )
"""
_OF_KEYS = """
    FROM (SELECT DISTINCT value FROM json_each(:keys)) k
    CROSS JOIN entry e ON e.register = :register AND e.number = (
        SELECT max(number) FROM entry
        WHERE register = :register AND key = k.value AND number <= :size
    )
    CROSS JOIN item i ON i.id = e.item
"""
# Most items have no such member, and that is found out faster than by reading JSON.
_VALUE = "CASE WHEN instr(i.content, :member) THEN json_extract(i.content, :path) END"
_VALUES = f"SELECT e.key, {_VALUE} {_OF_KEYS}"
_IN_ORDER = """
    FROM entry e CROSS JOIN item i ON i.id = e.item
    WHERE e.register = :register AND e.number <= :size ORDER BY e.number
"""
_ALL_VALUES = f"SELECT e.key, {_VALUE} {_IN_ORDER}"
# Whether a key is held is told by the index alone.
_HELD = """
    SELECT k.value FROM (SELECT DISTINCT value FROM json_each(:keys)) k
    WHERE EXISTS (
        SELECT 1 FROM entry WHERE register = :register AND key = k.value
        AND number <= :size
    )
"""
_ALL_HELD = """
    SELECT DISTINCT key FROM entry INDEXED BY entry_key
    WHERE register = :register AND number <= :size
"""
_ALL_ITEMS = f"SELECT e.key, i.content {_IN_ORDER}"
# In the order of the log: an item lies near that of the entry before.
_CHANGED = """
    SELECT e.key, o.content, n.content
    FROM entry e CROSS JOIN item n ON n.id = e.item
    LEFT JOIN entry p ON p.register = :register AND p.number = (
        SELECT max(number) FROM entry
        WHERE register = :register AND key = e.key AND number <= :since
    )
    LEFT JOIN item o ON o.id = p.item
    WHERE e.register = :register AND e.number > :since AND e.number <= :size
        AND NOT EXISTS (
            SELECT 1 FROM entry later
            WHERE later.register = :register AND later.key = e.key
                AND later.number > e.number AND later.number <= :size
        )
    ORDER BY e.number
"""
_FILTER = """AND EXISTS (
    SELECT 1 FROM json_each(i.content, :field?) WHERE value = :value?)
"""
# Lexical order is right: a start shorter than the date asked for is a prefix of the
# first day it covers, and an end is compared to as much of the date as it says.
_BEGUN = "AND coalesce(substr(json_extract(i.content, :start), 1, 10) <= :day, 1)"
_NOT_ENDED = """AND coalesce(
    substr(:day, 1, min(10, length(json_extract(i.content, :end))))
        <= substr(json_extract(i.content, :end), 1, 10), 1)
"""
_SCAN_STEPS = 200  # times 100,000 SQLite instructions that one listing may take
_PAGE = 5000
_MANY = 100_000  # rows of a frame
# Reading all entries in order takes a quarter of the time of looking all keys up.
_READ_ALL = 4
_COUNTS = 1000  # sizes of registers whose number of keys is remembered


class RecordReader(EntryReader):
    """The records of a log's registers."""

    def count(self, register: str) -> int:
        """How many keys the register holds."""
        span, known = self._span(register), self._file.counts
        count = known.get(span)
        if count is None:
            (count,) = self.db.execute(_COUNT, span).fetchone()
            if len(known) >= _COUNTS:
                known.clear()
            known[span] = count
        return count

    def record(self, register: str, key: str) -> Record:
        """Raises NoSuchRecord for a key never held, Withheld for withheld content."""
        row = self.db.execute(_RECORD, (*self._span(register), key)).fetchone()
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
        """Records in order of key, from the first key after `after`; those whose
        content is withheld are left out.

        `where` keeps those with a field of that value, or holding it among several;
        `at` those that held on that date, `dates` being the names of the start and
        end fields. Raises QueryTimedOut when too much would have to be read.
        """
        bound: dict[str, object] = {"after": after or "", "limit": limit}
        sql = [
            "SELECT e.number, e.timestamp, e.key, i.hash, i.content",
            _RECORDS,
            "AND i.content IS NOT NULL AND e.key > :after",
            *_filters(where or {}, bound),
            *_dates(at, dates, bound),
            "ORDER BY e.key LIMIT :limit",
        ]
        rows = self.read_bounded(" ".join(sql), self._bind(register) | bound)
        return [_record(register, row) for row in rows]

    def iter_records(self, register: str) -> Iterator[Record]:
        """Every record, in order of key, a page at a time."""
        after: str | None = None
        while page := self.records(register, after=after, limit=_PAGE):
            yield from page
            after = page[-1].entry.key

    def iter_current(self, register: str, rows: int) -> Iterator[pl.DataFrame]:
        """Every record's `key` and `item` (its text), in order of key, in frames of so
        many rows; those whose content is withheld are left out."""
        sql = f"""SELECT e.key, i.content {_RECORDS}
            AND i.content IS NOT NULL ORDER BY e.key"""
        return self._frames(sql, self._bind(register), "item", rows)

    def current(
        self, register: str, keys: Iterable[str] | None = None
    ) -> list[tuple[str, bytes, str | None]]:
        """Key, item hash and item text of every record, or of those of `keys` that
        the register holds; none for a new register.

        A withheld item has no text.
        """
        if self._row(register) is None:
            return []
        bound = self._bind(register)
        if keys is not None:
            bound["keys"] = json.dumps(list(keys))
        held = _RECORDS if keys is None else _OF_KEYS
        sql = f"SELECT e.key, i.hash, i.content {held}"
        return self.db.execute(sql, bound).fetchall()

    def values(self, register: str, keys: pl.Series, name: str | None) -> pl.DataFrame:
        """For those of `keys` (each once) that the register holds, the value of one
        field: columns `key` and `value`, null where it is absent, and everywhere
        without a name."""
        none = pl.DataFrame(schema={"key": pl.String, "value": pl.String})
        if self._row(register) is None or keys.is_empty():
            return none
        asked = keys.alias("key").to_frame()
        bound, few = self._bind(register), len(keys) * _READ_ALL < self.size(register)
        if few:
            bound["keys"] = json.dumps(keys.to_list())
        if name is None:
            rows = self.db.execute(_HELD if few else _ALL_HELD, bound)
            held = pl.Series([key for (key,) in rows], dtype=pl.String)
            there = asked.filter(pl.col("key").is_in(held.implode()))
            return there.with_columns(value=pl.lit(None, pl.String))
        bound |= {"path": _path(name), "member": f"{json.dumps(name)}:"}
        if few:
            return pl.concat([none, *self._frames(_VALUES, bound, "value")])
        found = [
            frame.join(asked, on="key", how="semi")
            for frame in self._frames(_ALL_VALUES, bound, "value")
        ]
        # Of the entries of a key, the last one is its record.
        latest = pl.concat([none, *found]).with_row_index("n").group_by("key")
        return latest.agg(pl.col("value").sort_by("n").last())

    def iter_items(self, register: str) -> Iterator[pl.DataFrame]:
        """Every entry's `key` and `item` (its text, null once withheld), in order; the
        last one of a key is its record."""
        return self._frames(_ALL_ITEMS, self._bind(register), "item")

    def _frames(
        self, sql: str, bound: Mapping[str, object], value: str, most: int = _MANY
    ) -> Iterator[pl.DataFrame]:
        """What a query of keys and texts finds, in frames."""
        schema = {"key": pl.String, value: pl.String}
        found = self.db.execute(sql, bound)
        while rows := found.fetchmany(most):
            yield pl.DataFrame(rows, schema=schema, orient="row")

    def changed(self, register: str, since: int = 0) -> Iterator[pl.DataFrame]:
        """Each `key` with entries after number `since`, once, with the texts of its
        item then (`old`) and now (`new`), in frames; null where there was none, or its
        content is withheld. After 0 these are all keys, and nothing is old."""
        schema = dict.fromkeys(("key", "old", "new"), pl.String)
        bound = self._bind(register) | {"since": since}
        found = self.db.execute(_CHANGED, bound)
        while rows := found.fetchmany(_MANY):
            yield pl.DataFrame(rows, schema=schema, orient="row")

    def _bind(self, register: str) -> dict[str, object]:
        number, size = self._span(register)
        return {"register": number, "size": size}

    def read_bounded(
        self, sql: str, bound: Mapping[str, object]
    ) -> list[tuple[int, str, str, bytes, Any]]:
        """The rows of a query that may not read more than its share; for the modules
        of the log only. Raises QueryTimedOut."""
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
                "too many records would have to be read for this: "
                "ask with fewer conditions, use SPARQL or take the dump"
            ) from error
        finally:
            self.db.set_progress_handler(None, 0)


def _filters(where: Mapping[str, str], bound: dict[str, object]) -> Iterator[str]:
    """Conditions that fields have these values; what they bind goes into `bound`."""
    for position, (name, value) in enumerate(where.items()):
        bound |= {f"field{position}": _path(name), f"value{position}": value}
        yield _FILTER.replace("?", str(position))


def _dates(
    at: str | None, dates: tuple[str | None, str | None], bound: dict[str, object]
) -> Iterator[str]:
    """Conditions that a record held on a day; what they bind goes into `bound`."""
    if at is None:
        return
    bound["day"] = days_of(at)[0]
    start, end = dates
    if start is not None:
        bound["start"] = _path(start)
        yield _BEGUN
    if end is not None:
        bound["end"] = _path(end)
        yield _NOT_ENDED


def _path(name: str) -> str:
    """SQLite's JSON path of a member."""
    return f'$."{name}"'


def _record(register: str, row: tuple[int, str, str, bytes, str]) -> Record:
    return Record(register, Entry(*row[:4]), parse_item(row[4]))
