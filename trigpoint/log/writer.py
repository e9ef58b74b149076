"""Writing entries in bulk, with the items that they name and the tiles over them.

Rows go to SQLite many to a statement, since a statement costs more than a row, and
items in the order of their hashes, since that is the order of their index. What was
written is read back and compared before anything is made of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from operator import eq

import numpy as np

from trigpoint.errors import LogCorrupt, NoSuchItem, Withheld
from trigpoint.log import merkle
from trigpoint.log.drafts import Drafts
from trigpoint.log.entry import leaf_hashes
from trigpoint.log.reader import LogReader
from trigpoint.schema.items import format_hash

_ROWS = 256  # of one statement
# OR FAIL: a row that is refused ends the transaction, so SQLite need not be able to
# take the statement's other rows back.
_ITEM = "INSERT OR IGNORE INTO item (hash, content) VALUES "
_ENTRY = "INSERT OR FAIL INTO entry VALUES "
# Parameters 1 and 2 are the register and the number of the entry before.
_ENTRY_ROWS = [
    f"(?1, ?2 + {n + 1}, ?{3 * n + 3}, ?{3 * n + 4}, ?{3 * n + 5})"
    for n in range(_ROWS)
]
_STORED = """
    SELECT number, timestamp, key, item FROM entry
    WHERE register = ? AND number > ? ORDER BY number
"""
# Found by the index of hashes, and read from the table.
_HELD = """
    SELECT held.id, held.hash FROM item named CROSS JOIN item held ON held.id = named.id
    WHERE named.hash = ?
"""


class EntryWriter:
    """Appends to one register (known by its number) within a transaction."""

    def __init__(self, log: LogReader, register: int, size: int) -> None:
        self._log = log
        self._db = log.db
        self._register = register
        self._first = size
        self._size = size
        self._leaves = hashlib.sha256()
        hidden = log.withheld() if log.withheld_count() else []
        self._hidden = {one.hash for one in hidden}

    def append(self, parts: Iterable[Drafts]) -> int:
        """Append entries in the order given, part by part; returns the new size.

        Raises NoSuchItem for an item that is neither given nor held, Withheld for one
        that is given and withheld, LogCorrupt when what is stored then is not what was
        to be stored.
        """
        for part in parts:
            self._write(part)
        self._db.execute(
            "UPDATE register SET size = ? WHERE id = ?", (self._size, self._register)
        )
        return self._size

    def check(self) -> None:
        """Raises LogCorrupt when the tiles do not hold the leaves that were written."""
        stored = hashlib.sha256()
        for tile in range(
            self._first // merkle.TILE_WIDTH, -(-self._size // merkle.TILE_WIDTH)
        ):
            before = max(self._first - tile * merkle.TILE_WIDTH, 0)
            hashes = self._log.tile(self._register, 0, tile)
            stored.update(hashes[before * merkle.HASH_SIZE :])
        if stored.digest() != self._leaves.digest():
            raise LogCorrupt(
                f"the tiles of entries {self._first + 1} to {self._size} of register "
                f"{self._register} were torn; not appended"
            )

    def _write(self, drafts: Drafts) -> None:
        times, keys, hashes = drafts.timestamps, drafts.keys, drafts.item_hashes
        numbers = range(self._size + 1, self._size + len(drafts) + 1)
        items = self._write_items(drafts.items, hashes)
        self._insert_entries(times, keys, items)
        self._check_entries(numbers, times, keys, items)
        leaves = leaf_hashes(numbers, times, keys, hashes)
        self._leaves.update(b"".join(leaves))
        self._size = merkle.extend(
            self._read_tile, self._write_tile, self._size, leaves
        )

    def _write_items(
        self, texts: Sequence[str | None], hashes: Sequence[bytes]
    ) -> list[int]:
        """Write the items that are not held yet; returns the ids of all, in order."""
        self._refuse_withheld(texts, hashes)
        (last,) = self._db.execute("SELECT coalesce(max(id), 0) FROM item").fetchone()
        order = np.frombuffer(b"".join(hashes), dtype=">u8")[
            :: merkle.HASH_SIZE // 8
        ].argsort()
        if None in texts:
            order = order[[texts[n] is not None for n in order.tolist()]]
        places = order.tolist()
        given = [hashes[n] for n in places]
        self._insert_items(given, [texts[n] for n in places])
        stored = self._db.execute(
            "SELECT hash FROM item WHERE id > ? ORDER BY id", (last,)
        )
        if len(given) < len(hashes) or [digest for (digest,) in stored] != given:
            return self._ids_of(texts, hashes, last)
        # All are new, so SQLite has numbered them one by one.
        ids = np.empty(len(order), dtype=np.int64)
        ids[order] = np.arange(last + 1, last + 1 + len(order))
        return list(ids.tolist())

    def _refuse_withheld(
        self, texts: Sequence[str | None], hashes: Sequence[bytes]
    ) -> None:
        if not self._hidden:
            return
        for text, digest in zip(texts, hashes, strict=True):
            if text is not None and digest in self._hidden:
                raise Withheld(
                    f"the item {format_hash(digest)} is withheld: what it said is not "
                    "taken again"
                )

    def _ids_of(
        self, texts: Sequence[str | None], hashes: Sequence[bytes], last: int
    ) -> list[int]:
        """The ids of items, of which those after `last` are new, by the table."""
        ids = dict(self._db.execute("SELECT hash, id FROM item WHERE id > ?", (last,)))
        for text, digest in zip(texts, hashes, strict=True):
            if digest in ids:
                continue
            row = self._db.execute(_HELD, (digest,)).fetchone()
            if row is None and text is None:
                raise NoSuchItem(
                    f"no item is called {format_hash(digest)}, and none was given"
                )
            if row is None or row[1] != digest:
                raise LogCorrupt(
                    f"the item {format_hash(digest)} was not stored by its name; not "
                    "appended"
                )
            ids[digest] = row[0]
        return [ids[digest] for digest in hashes]

    def _check_entries(
        self,
        numbers: range,
        times: Sequence[str],
        keys: Sequence[str],
        items: Sequence[int],
    ) -> None:
        """The entries written last must be stored as they were meant."""
        stored = self._db.execute(_STORED, (self._register, self._size))
        meant = zip(numbers, times, keys, items, strict=True)
        if sum(map(eq, meant, stored)) == len(numbers) and not stored.fetchone():
            return
        stored = self._db.execute(_STORED, (self._register, self._size))
        meant = zip(numbers, times, keys, items, strict=True)
        wrong = next(w or s for s, w in zip_longest(stored, meant) if s != w)
        raise LogCorrupt(
            f"entry {wrong[0]} of register {self._register} was not stored as it was "
            "meant; not appended"
        )

    def _insert_items(
        self, hashes: Sequence[bytes], texts: Sequence[str | None]
    ) -> None:
        """Insert items that are not there: many to a statement, the rest singly."""
        cells: list[object] = [None] * (2 * len(hashes))
        cells[::2], cells[1::2] = hashes, texts
        for start, end, rows in _blocks(len(hashes)):
            self._db.executemany(
                _ITEM + ",".join(["(?, ?)"] * rows),
                (cells[2 * n : 2 * (n + rows)] for n in range(start, end, rows)),
            )

    def _insert_entries(
        self, times: Sequence[str], keys: Sequence[str], items: Sequence[int]
    ) -> None:
        """Insert entries: many to a statement, the rest singly."""
        register, size = self._register, self._size
        cells: list[object] = [None] * (3 * len(keys))
        cells[::3], cells[1::3], cells[2::3] = times, keys, items
        for start, end, rows in _blocks(len(keys)):
            self._db.executemany(
                _ENTRY + ",".join(_ENTRY_ROWS[:rows]),
                (
                    [register, size + n, *cells[3 * n : 3 * (n + rows)]]
                    for n in range(start, end, rows)
                ),
            )

    def _read_tile(self, level: int, position: int) -> bytes:
        return self._log.tile(self._register, level, position)

    def _write_tile(self, level: int, position: int, hashes: bytes) -> None:
        self._db.execute(
            "INSERT INTO tile VALUES (?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET hashes = excluded.hashes",
            (self._register, level, position, hashes),
        )


def _blocks(rows: int) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """First row, end, and rows of each statement: of those in full statements, and of
    the rest."""
    full = rows // _ROWS * _ROWS
    return (0, full, _ROWS), (full, rows, 1)
