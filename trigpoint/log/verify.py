"""Verifying what is stored: items, entries and tiles against each other.

A register's root follows from its entries, and they name their items by hash, so all
of it is recomputed from the bottom (RFC 6962 section 2.1). Nothing that is stored is
believed, and what is not as it was recorded is named.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator

from trigpoint.errors import LogCorrupt, NoSuchEntry
from trigpoint.log import merkle
from trigpoint.log.entry import Entry, leaf
from trigpoint.log.reader import LogReader
from trigpoint.schema.items import format_hash

_PAGE = 100_000


def verify_register(log: LogReader, register: str, size: int | None = None) -> bytes:
    """Recompute a register's root from its items and entries, and return it: the root
    at `size` entries, or of all of them.

    Raises NoSuchEntry for a size beyond the log, and LogCorrupt, naming the entry,
    item or tile that is not what was recorded. Sees the log as it is at the
    start, whoever appends meanwhile.
    """
    with log.snapshot():
        try:
            number = log.register_id(register)
            leaves = _leaves(log, register)
            _verify_tiles(log, number, register, leaves)
            _verify_items(log, number, register)
        except sqlite3.DatabaseError as error:
            raise LogCorrupt(f"{register}: {log.path} is damaged: {error}") from error
        if size is not None and not 0 <= size <= len(leaves):
            raise NoSuchEntry(
                f"{register} has {len(leaves)} entries, not {size}", number=size
            )
        return merkle.root_hash(leaves[:size])


def _leaves(log: LogReader, register: str) -> list[bytes]:
    """The leaf hash of every entry, of which none may be missing."""
    leaves: list[bytes] = []
    for entry in _entries(log, register):
        if entry.number != len(leaves) + 1:
            raise LogCorrupt(f"{register}: entry {len(leaves) + 1} is missing")
        leaves.append(merkle.leaf_hash(leaf(entry)))
    size = log.size(register)
    (last,) = log.db.execute(
        "SELECT coalesce(max(number), 0) FROM entry WHERE register = ?",
        (log.register_id(register),),
    ).fetchone()
    if not len(leaves) == size == last:
        raise LogCorrupt(f"{register}: {last} entries, but size {size}")
    return leaves


def _entries(log: LogReader, register: str) -> Iterator[Entry]:
    start = 1
    while page := log.entries(register, start, _PAGE):
        yield from page
        start = page[-1].number + 1


def _verify_tiles(
    log: LogReader, number: int, register: str, leaves: list[bytes]
) -> None:
    """Every tile must be what the entries make of it, and there must be no other."""
    tiles: dict[tuple[int, int], bytes] = {}

    def write(level: int, position: int, hashes: bytes) -> None:
        tiles[level, position] = hashes

    merkle.extend(lambda *_: b"", write, 0, leaves)
    for (level, position), hashes in tiles.items():
        stored = log.tile(number, level, position)
        if stored == hashes:
            continue
        what = f"{register}: tile {level}/{position}"
        if level == 0 and len(stored) == len(hashes):
            pairs = zip(*map(merkle.split_tile, (stored, hashes)), strict=True)
            wrong = next(n for n, (one, other) in enumerate(pairs) if one != other)
            entry = position * merkle.TILE_WIDTH + wrong + 1
            raise LogCorrupt(f"{what} does not hold the hash of entry {entry}")
        raise LogCorrupt(f"{what} is not what the entries hash to")
    (held,) = log.db.execute(
        "SELECT count(*) FROM tile WHERE register = ?", (number,)
    ).fetchone()
    if held != len(tiles):
        raise LogCorrupt(f"{register}: {held} tiles, expected {len(tiles)}")


def _verify_items(log: LogReader, number: int, register: str) -> None:
    for entry, digest, content in log.db.execute(
        "SELECT e.number, i.hash, CAST(i.content AS BLOB) FROM entry e "
        "JOIN item i ON i.id = e.item "
        "WHERE e.register = ? AND i.content IS NOT NULL",
        (number,),
    ):
        if hashlib.sha256(content).digest() != digest:
            name = format_hash(digest)
            raise LogCorrupt(f"{register}: the item of entry {entry} is not {name}")
