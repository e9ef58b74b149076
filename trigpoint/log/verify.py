"""Verifying what is stored: items, entries and tiles against each other.

A register's root follows from its entries, and they name their items by hash, so all
of it is recomputed from the bottom (RFC 6962 section 2.1). Nothing that is stored is
believed, and what is not as it was recorded is named. Entries are read a page at a
time, and of the tiles only those that are not full yet are kept.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence

from trigpoint.errors import LogCorrupt
from trigpoint.log import merkle
from trigpoint.log.entry import leaf
from trigpoint.log.reader import LogReader
from trigpoint.schema.items import format_hash

_PAGE = 100 * merkle.TILE_WIDTH
# The content as bytes: what is no longer text must not stop the reading.
_ROWS = """
    SELECT e.number, e.timestamp, e.key, i.hash, CAST(i.content AS BLOB)
    FROM entry e CROSS JOIN item i ON i.id = e.item
    WHERE e.register = ? AND e.number > ? ORDER BY e.number
"""


def verify_register(log: LogReader, register: str, size: int | None = None) -> bytes:
    """Recompute a register's root from its items and entries, and return it: the root
    at `size` entries, or of all of them.

    Raises NoSuchEntry for a size beyond the log, and LogCorrupt, naming the entry,
    item or tile that is not what was recorded. Sees the log as it is at the start,
    whoever appends meanwhile.
    """
    with log.snapshot():
        held = log.size(register)
        tiles = _Tiles(log, register)
        try:
            for leaves in checked_leaves(log, register):
                tiles.grow(leaves)
            if tiles.size != held:
                raise LogCorrupt(f"{register}: {tiles.size} entries, but size {held}")
            tiles.finish()
        except sqlite3.DatabaseError as error:
            raise LogCorrupt(f"{register}: {log.path} is damaged: {error}") from error
        # The tiles are those of the entries, so its root is theirs.
        return log.root(register, size)


def checked_leaves(
    log: LogReader, register: str, after: int = 0
) -> Iterator[list[bytes]]:
    """The leaf hashes of the entries after a number, by page. None may be missing, and
    each item must hash to its name: LogCorrupt names the one that does not."""
    rows = log.db.execute(_ROWS, (log.register_id(register), after))
    first = after + 1
    while page := rows.fetchmany(_PAGE):
        numbers, times, keys, hashes, contents = zip(*page, strict=True)
        expected = range(first, first + len(page))
        for number, wanted in zip(numbers, expected, strict=True):
            if number != wanted:
                raise LogCorrupt(f"{register}: entry {wanted} is missing")
        _check_kinds(register, first, times, keys, hashes)
        _check_items(register, numbers, hashes, contents)
        entries = zip(numbers, times, keys, hashes, strict=True)
        yield merkle.leaf_hashes(map(leaf, entries))
        first += len(page)


def _check_kinds(
    register: str,
    first: int,
    times: Sequence[object],
    keys: Sequence[object],
    hashes: Sequence[object],
) -> None:
    """A column of SQLite may hold values of any kind."""
    columns = (("time", times, str), ("key", keys, str), ("item hash", hashes, bytes))
    for what, values, kind in columns:
        if {*map(type, values)} != {kind}:
            place = next(n for n, one in enumerate(values) if type(one) is not kind)
            raise LogCorrupt(
                f"{register}: the {what} of entry {first + place} is no {what}"
            )


def _check_items(
    register: str,
    numbers: Sequence[int],
    hashes: Sequence[bytes],
    contents: Sequence[bytes | None],
) -> None:
    """Each item that is not withheld must hash to its name."""
    sha256 = hashlib.sha256
    for number, digest, content in zip(numbers, hashes, contents, strict=True):
        if content is not None and sha256(content).digest() != digest:
            raise LogCorrupt(
                f"{register}: the item of entry {number} is not {format_hash(digest)}"
            )


class _Tiles:
    """The tiles that leaves make, each compared with the stored one."""

    def __init__(self, log: LogReader, register: str) -> None:
        self._log = log
        self._register = register
        self._id = log.register_id(register)
        self._open: dict[tuple[int, int], bytes] = {}
        self._closed = 0
        self.size = 0

    def grow(self, leaves: list[bytes]) -> None:
        """Append leaf hashes; tiles that are full are compared and forgotten."""
        self.size = merkle.extend(self._read, self._write, self.size, leaves)

    def finish(self) -> None:
        """Compare the tiles that are not full; there must be no other."""
        for at, hashes in self._open.items():
            self._compare(*at, hashes)
        expected = self._closed + len(self._open)
        (held,) = self._log.db.execute(
            "SELECT count(*) FROM tile WHERE register = ?", (self._id,)
        ).fetchone()
        if held != expected:
            raise LogCorrupt(f"{self._register}: {held} tiles, expected {expected}")

    def _read(self, level: int, position: int) -> bytes:
        return self._open[level, position]

    def _write(self, level: int, position: int, hashes: bytes) -> None:
        if len(hashes) < merkle.TILE_WIDTH * merkle.HASH_SIZE:
            self._open[level, position] = hashes
            return
        self._compare(level, position, hashes)
        self._open.pop((level, position), None)
        self._closed += 1

    def _compare(self, level: int, position: int, hashes: bytes) -> None:
        stored = self._log.tile(self._id, level, position)
        if stored == hashes:
            return
        what = f"{self._register}: tile {level}/{position}"
        if level == 0 and len(stored) == len(hashes):
            pairs = zip(*map(merkle.split_tile, (stored, hashes)), strict=True)
            wrong = next(n for n, (one, other) in enumerate(pairs) if one != other)
            entry = position * merkle.TILE_WIDTH + wrong + 1
            raise LogCorrupt(f"{what} does not hold the hash of entry {entry}")
        raise LogCorrupt(f"{what} is not what the entries hash to")
