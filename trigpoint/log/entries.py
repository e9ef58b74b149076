"""Reading entries and the items that they name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from trigpoint.errors import NoSuchEntry, NoSuchItem, NoSuchRecord, Withheld
from trigpoint.log.entry import Entry
from trigpoint.log.registers import RegisterReader
from trigpoint.schema.items import format_hash

_ENTRIES = """
    SELECT e.number, e.timestamp, e.key, i.hash
    FROM entry e CROSS JOIN item i ON i.id = e.item
    WHERE e.register = ? AND e.number <= ? AND e.number >= ?
    ORDER BY e.number LIMIT ?
"""
_TRAIL = """
    SELECT e.number, e.timestamp, e.key, i.hash
    FROM entry e INDEXED BY entry_key CROSS JOIN item i ON i.id = e.item
    WHERE e.register = ? AND e.number <= ? AND e.key = ?
    ORDER BY e.number
"""
_NAMING = """
    SELECT r.name, e.number, e.timestamp, e.key, i.hash
    FROM entry e JOIN register r ON r.id = e.register JOIN item i ON i.id = e.item
    WHERE +e.item IN (SELECT id FROM item WHERE hash IN ({}))
    ORDER BY r.name, e.number
"""
_WITHHELD = """
    SELECT hash, withheld, withheld_on FROM item INDEXED BY item_withheld
    WHERE content IS NULL
"""
_NAMED = "AND +id IN (SELECT item FROM entry WHERE register = ? AND number <= ?)"


class WithheldItem(NamedTuple):
    """An item whose content is gone for good: why, and since which day."""

    hash: bytes
    reason: str
    date: str


class EntryReader(RegisterReader):
    """The entries of a log's registers, and their items."""

    def entries(self, register: str, start: int = 1, limit: int = 100) -> list[Entry]:
        """Entries from number `start` on."""
        rows = self.db.execute(_ENTRIES, (*self._span(register), start, limit))
        return list(map(Entry._make, rows))

    def entry(self, register: str, number: int) -> Entry:
        """Raises NoSuchEntry for a number that the register does not have."""
        found = self.entries(register, number, 1) if 0 < number < 2**63 else []
        if not found or found[0].number != number:
            raise NoSuchEntry(f"{register} has no entry {number}", number=number)
        return found[0]

    def trail(self, register: str, key: str) -> list[Entry]:
        """All entries of one key, oldest first; raises NoSuchRecord when none."""
        rows = self.db.execute(_TRAIL, (*self._span(register), key))
        found = list(map(Entry._make, rows))
        if not found:
            raise NoSuchRecord(f"{register} holds no record “{key}”", key=key)
        return found

    def entries_naming(self, digests: Sequence[bytes]) -> list[tuple[str, Entry]]:
        """Every entry that names one of these items, with its register, whatever the
        size that is seen. Reads all entries of the log."""
        rows = self.db.execute(_NAMING.format(",".join("?" * len(digests))), digests)
        return [(name, Entry(*rest)) for name, *rest in rows]

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

    def withheld(self, register: str | None = None) -> list[WithheldItem]:
        """The items whose content is withheld, in order of hash: all, or those that
        entries of one register name."""
        bound: tuple[int, ...] = ()
        named = ""
        if register is not None:
            named, bound = _NAMED, self._span(register)
        rows = self.db.execute(f"{_WITHHELD} {named} ORDER BY hash", bound)
        return [WithheldItem(*row) for row in rows]

    def withheld_count(self) -> int:
        """How many items are withheld; it only ever grows."""
        return self._file.state().withheld

    def _withheld(self, digest: bytes) -> Withheld:
        reason, date = self.db.execute(
            "SELECT withheld, withheld_on FROM item WHERE hash = ?", (digest,)
        ).fetchone()
        return Withheld(
            f"the item {format_hash(digest)} is withheld since {date}: {reason}",
            reason=reason,
            date=date,
        )
