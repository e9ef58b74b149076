"""Reading the log: its registers, entries and records, and what stands beside them.

Nothing here is trusted but the Merkle root, which `trigpoint.log.store.Log.verify`
recomputes from the rows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trigpoint.errors import NoSuchEntry, NotSigned
from trigpoint.log.entry import Batch, BatchKey, SystemEntry
from trigpoint.log.records import RecordReader


@dataclass(frozen=True)
class AppendedBatch:
    """A batch in the log: what it was, when, which entries it appended, and which
    custodian's key it was appended with, if that was asked for."""

    number: int
    appended: str
    batch: Batch
    ranges: dict[str, tuple[int, int]]
    key: BatchKey | None = None


class LogReader(RecordReader):
    """A log that is read. Threads may share it: each gets its own connection."""

    def as_of(self, sizes: Mapping[str, int]) -> LogReader:
        """The log when these registers had so many entries; it shares connections.

        Only what is one entry or another is as it was then: items, shapes, system
        entries and other registers are as they are. Raises NoSuchEntry for a size
        beyond the log.
        """
        for register, size in sizes.items():
            now = self.size(register)
            if not 0 <= size <= now:
                raise NoSuchEntry(
                    f"{register} has {now} entries, not {size}", number=size
                )
        return LogReader(self._file, sizes={**self._limits, **sizes})

    def system_entries(self, register: str) -> list[SystemEntry]:
        """The metadata beside a register's tree, in order."""
        rows = self.db.execute(
            "SELECT key, timestamp, item FROM system_entry "
            "WHERE register = ? ORDER BY position",
            (self.register_id(register),),
        )
        return [SystemEntry(*row) for row in rows]

    def batches(self, after: int = 0) -> list[AppendedBatch]:
        """Every batch appended, or those after a number, oldest first, with those of
        its entries that this reader sees; one of which it sees none is left out."""
        ranges: dict[int, dict[str, tuple[int, int]]] = {}
        for batch, name, size, first, last in self.db.execute(
            "SELECT b.batch, g.name, g.size, b.first, b.last FROM batch_range b "
            "JOIN register g ON g.id = b.register WHERE b.batch > ? "
            "ORDER BY b.batch, g.name",
            (after,),
        ):
            seen, end = ranges.setdefault(batch, {}), self._limited(name, size)
            if first <= end:
                seen[name] = (first, min(last, end))
        rows = self.db.execute(
            "SELECT id, appended, key, key_name, source, title, files, licence, "
            "attribution, landing_page, release_date FROM batch WHERE id > ? "
            "ORDER BY id",
            (after,),
        )
        return [
            _appended(row, ranges.get(row[0], {}))
            for row in rows
            if ranges.get(row[0]) != {}
        ]

    def custodians(self, register: str, first: int, last: int) -> dict[int, BatchKey]:
        """Whose key appended each of these entries, by their numbers; those that were
        appended before there were keys are left out."""
        rows = self.db.execute(
            "SELECT r.first, r.last, b.key, b.key_name "
            "FROM batch_range r JOIN batch b ON b.id = r.batch "
            "WHERE r.register = ? AND r.first <= ? AND r.last >= ? AND b.key NOT NULL",
            (self.register_id(register), last, first),
        )
        return {
            number: BatchKey(key, name)
            for start, end, key, name in rows
            for number in range(max(start, first), min(end, last) + 1)
        }

    def checkpoint(self, register: str, size: int | None = None) -> str:
        """The signed note of the register's checkpoint, the latest that this reader
        sees or that of exactly `size`. Raises NotSigned when there is none."""
        number, now = self._span(register)
        row = self.db.execute(
            "SELECT note FROM checkpoint WHERE register = ? AND size <= ? "
            "AND size = coalesce(?, size) ORDER BY size DESC LIMIT 1",
            (number, now, size),
        ).fetchone()
        if row is None:
            what = "no checkpoint" if size is None else f"no checkpoint of size {size}"
            raise NotSigned(
                f"{what} of {register} was signed", register=register, size=size
            )
        return str(row[0])

    def checkpoint_sizes(self, register: str) -> list[int]:
        """The sizes of which a checkpoint was signed, smallest first."""
        rows = self.db.execute(
            "SELECT size FROM checkpoint WHERE register = ? AND size <= ? "
            "ORDER BY size",
            self._span(register),
        )
        return [size for (size,) in rows]

    def statement(self, register: str) -> str | None:
        """The signed statement beside the register's tree, if there is one."""
        row = self.db.execute(
            "SELECT note FROM statement WHERE register = ?",
            (self.register_id(register),),
        ).fetchone()
        return str(row[0]) if row else None


def _appended(
    row: tuple[Any, ...], ranges: dict[str, tuple[int, int]]
) -> AppendedBatch:
    number, appended, key, key_name, source, title, files, *rest = row
    batch = Batch(source, title, tuple(map(tuple, json.loads(files))), *rest)
    return AppendedBatch(
        number, appended, batch, ranges, BatchKey(key, key_name) if key else None
    )
