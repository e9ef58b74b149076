"""Verifying what is stored: items, entries and tiles against each other.

A register's root follows from its entries, and they name their items by hash, so all
of it is recomputed from the bottom (RFC 6962 section 2.1). Nothing that is stored is
believed, and what is not as it was recorded is named.
"""

from __future__ import annotations

import sqlite3

from trigpoint.errors import LogCorrupt
from trigpoint.log.growth import GrowingTiles
from trigpoint.log.leaves import checked_leaves
from trigpoint.log.merkle import TILE_WIDTH
from trigpoint.log.reader import LogReader


def verify_register(log: LogReader, register: str, size: int | None = None) -> bytes:
    """Recompute a register's root from its items and entries, and return it: the root
    at `size` entries, or of all of them.

    Raises NoSuchEntry for a size beyond the log, and LogCorrupt, naming the entry,
    item or tile that is not what was recorded. Sees the log as it is at the start,
    whoever appends meanwhile.
    """
    try:
        with log.snapshot():
            held = log.size(register)
            tiles = GrowingTiles(log, register)
            for leaves in checked_leaves(log, register):
                tiles.grow(leaves)
            if tiles.size != held:
                raise LogCorrupt(f"{register}: {tiles.size} entries, but size {held}")
            tiles.finish()
            _check_count(log, register)
            # The tiles are those of the entries, so its root is theirs.
            return log.root(register, size)
    except sqlite3.DatabaseError as error:
        raise LogCorrupt(f"{register}: {log.path} is damaged: {error}") from error


def _check_count(log: LogReader, register: str) -> None:
    """There must be no tiles but those that the entries make."""
    expected, width = 0, log.size(register)
    while width:
        expected += -(-width // TILE_WIDTH)
        width //= TILE_WIDTH
    (held,) = log.db.execute(
        "SELECT count(*) FROM tile WHERE register = ?", (log.register_id(register),)
    ).fetchone()
    if held != expected:
        raise LogCorrupt(f"{register}: {held} tiles, expected {expected}")
