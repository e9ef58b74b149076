"""Writing entries in bulk, with the items that they name and the tiles over them.

Rows go to SQLite many to a statement, since a statement costs more than a row, and
items in the order of their hashes, since that is the order of their index. What was
written is read back and compared before anything is made of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, zip_longest
from typing import TypeAlias

import numpy as np

from trigpoint.errors import LogCorrupt, NoSuchItem, Withheld
from trigpoint.log import merkle
from trigpoint.log.entry import Draft, leaf
from trigpoint.log.reader import LogReader
from trigpoint.schema.items import format_hash

_CHUNK = 50 * merkle.TILE_WIDTH  # entries that are in hand at once
_ROWS = 256  # of one statement
# FAIL: a row that is refused ends the transaction, so SQLite need not be able to take
# the statement's other rows back.
_ITEM = "INSERT OR IGNORE INTO item (hash, content) VALUES "
_ENTRY = "INSERT OR FAIL INTO entry VALUES "
_STORED = """
    SELECT e.number, e.timestamp, e.key, i.hash
    FROM entry e CROSS JOIN item i ON i.id = e.item
    WHERE e.register = ? AND e.number > ? ORDER BY e.number
"""

_Row: TypeAlias = "tuple[int, str, str, bytes]"


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

    def append(self, drafts: Iterable[Draft]) -> int:
        """Append entries in the order given, however many; returns the new size.

        Raises NoSuchItem for an item that is neither given nor held, Withheld for one
        that is given and withheld, LogCorrupt when what is stored then is not what was
        to be stored.
        """
        left = iter(drafts)
        while columns := tuple(zip(*islice(left, _CHUNK), strict=True)):
            self._write(*columns)
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

    def _write(
        self,
        times: Sequence[str],
        keys: Sequence[str],
        texts: Sequence[str | None],
        hashes: Sequence[bytes],
    ) -> None:
        """Write entries, given as the columns of their drafts."""
        numbers = range(self._size + 1, self._size + len(keys) + 1)
        items = self._write_items(texts, hashes)
        register = [self._register] * len(keys)
        self._insert(_ENTRY, (register, numbers, times, keys, items))
        meant = zip(numbers, times, keys, hashes, strict=True)
        leaves = merkle.leaf_hashes(map(leaf, self._read_back(meant)))
        self._leaves.update(b"".join(leaves))
        self._size = merkle.extend(
            self._read_tile, self._write_tile, self._size, leaves
        )

    def _write_items(
        self, texts: Sequence[str | None], hashes: Sequence[bytes]
    ) -> Sequence[int]:
        """Write the items that are not held yet; returns the ids of all, in order."""
        self._refuse_withheld(texts, hashes)
        (last,) = self._db.execute("SELECT coalesce(max(id), 0) FROM item").fetchone()
        prefixes = np.frombuffer(b"".join(hashes), dtype=">u8")[
            :: merkle.HASH_SIZE // 8
        ]
        order = [n for n in prefixes.argsort().tolist() if texts[n] is not None]
        before = self._db.total_changes
        columns = [hashes[n] for n in order], [texts[n] for n in order]
        self._insert(_ITEM, columns)
        if self._db.total_changes - before < len(hashes):
            return self._ids_of(hashes, last)
        # All are new, so SQLite has numbered them one by one.
        ids = [0] * len(order)
        for number, place in enumerate(order, start=last + 1):
            ids[place] = number
        return ids

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

    def _ids_of(self, hashes: Sequence[bytes], last: int) -> list[int]:
        """The ids of items, of which those after `last` are new."""
        ids = dict(self._db.execute("SELECT hash, id FROM item WHERE id > ?", (last,)))
        for digest in hashes:
            if digest not in ids:
                row = self._db.execute(
                    "SELECT id FROM item WHERE hash = ?", (digest,)
                ).fetchone()
                if row is None:
                    raise NoSuchItem(
                        f"no item is called {format_hash(digest)}, and none was given"
                    )
                ids[digest] = row[0]
        return [ids[digest] for digest in hashes]

    def _read_back(self, meant: Iterable[_Row]) -> Iterator[_Row]:
        """The entries written last, and their items' names, as they are stored."""
        stored = self._db.execute(_STORED, (self._register, self._size))
        for row, wanted in zip_longest(stored, meant):
            if row != wanted:
                raise LogCorrupt(
                    f"entry {(wanted or row)[0]} of register {self._register} was not "
                    "stored as it was meant; not appended"
                )
            yield row

    def _insert(self, sql: str, columns: Sequence[Sequence[object]]) -> None:
        """Insert rows, given as columns: many to a statement, and the rest singly."""
        width, height = len(columns), len(columns[0])
        cells: list[object] = [None] * (width * height)
        for place, column in enumerate(columns):
            cells[place::width] = column
        row = f"({','.join('?' * width)})"
        block = width * _ROWS
        end = len(cells) // block * block
        if end:
            many = sql + ",".join([row] * _ROWS)
            self._db.executemany(many, _slices(cells, 0, end, block))
        self._db.executemany(sql + row, _slices(cells, end, len(cells), width))

    def _read_tile(self, level: int, position: int) -> bytes:
        return self._log.tile(self._register, level, position)

    def _write_tile(self, level: int, position: int, hashes: bytes) -> None:
        self._db.execute(
            "INSERT INTO tile VALUES (?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET hashes = excluded.hashes",
            (self._register, level, position, hashes),
        )


def _slices(
    cells: list[object], start: int, end: int, step: int
) -> Iterator[list[object]]:
    return (cells[place : place + step] for place in range(start, end, step))
