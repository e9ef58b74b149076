"""A register's log as it is read by others: a set of resources, each a path and bytes.

C2SP tlog-tiles names them: `checkpoint`, `tile/<L>/<N>[.p/<W>]` and
`tile/entries/<N>[.p/<W>]`. Ours beside them are `tile/items/<N>[.p/<W>]` (the items of
an entry bundle, in its order), `about` (the signed statement of what stands beside the
tree) and `checkpoint/<size>` (a checkpoint that was signed before). The doors and the
static export both get them here, so the two have the same bytes.

Only what the latest checkpoint covers is served. A narrower tile is a prefix of a wider
one, so the partial tile of any earlier size stays, also once its tile is full.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from trigpoint.errors import LogCorrupt, NotFound, NotSigned
from trigpoint.log.checkpoint import parse_checkpoint
from trigpoint.log.entry import leaf
from trigpoint.log.keys import KEYS_FILE
from trigpoint.log.merkle import HASH_SIZE, TILE_WIDTH
from trigpoint.log.note import parse_note
from trigpoint.log.reader import LogReader
from trigpoint.log.tiles import Kind, TilePath, pack_entries, pack_items

NOTE_TYPE = "text/plain"
TILE_TYPE = "application/octet-stream"

# `fixed` never changes, `item` only when an item is withheld, `moving` at any time.
Lifetime = Literal["fixed", "item", "moving"]

_SIZE = re.compile(r"0|[1-9][0-9]{0,17}", re.ASCII)
_ITEMS = """
    SELECT CAST(i.content AS BLOB) FROM entry e JOIN item i ON i.id = e.item
    WHERE e.register = ? AND e.number BETWEEN ? AND ? ORDER BY e.number
"""
_WITHHELD = """
    SELECT DISTINCT (number - 1) / ? FROM entry
    WHERE register = ? AND number <= ?
        AND item IN (SELECT id FROM item WHERE content IS NULL)
"""


def keys_file(data: Path) -> bytes:
    """What `keys.json` of a data directory holds; raises NotSigned without one."""
    try:
        return (data / KEYS_FILE).read_bytes()
    except FileNotFoundError as error:
        raise NotSigned(
            f"{data} has no {KEYS_FILE}: nothing in it was signed yet"
        ) from error


@dataclass(frozen=True)
class Resource:
    """The bytes at one path, how long they hold, and how many entries of the log must
    be there for them."""

    body: bytes
    media_type: str
    lifetime: Lifetime
    size: int


def signed_size(log: LogReader, register: str) -> int:
    """The size of the latest checkpoint; raises NoSuchRegister, NotSigned."""
    return parse_checkpoint(parse_note(log.checkpoint(register)).text).size


def log_resource(log: LogReader, register: str, path: str) -> Resource:
    """What is served at `path` under a register's own.

    Raises NoSuchRegister; NotSigned for a register without a checkpoint, or without
    one of the size asked for; NotFound for any other path at which nothing is served;
    LogCorrupt when the log does not hold what its checkpoint covers.
    """
    size = signed_size(log, register)
    door, _, rest = path.partition("/")
    if path == "checkpoint":
        return _note(log.checkpoint(register), size)
    if path == "about":
        statement = log.statement(register)
        if statement is None:
            raise NotSigned(f"no statement about {register} was signed")
        return _note(statement, size)
    if door == "checkpoint" and _SIZE.fullmatch(rest):
        return _note(log.checkpoint(register, int(rest)), int(rest))
    if door != "tile":
        raise NotFound(f"the log of {register} has nothing at “{path[:60]}”")
    tile = TilePath.parse(path)
    _check_covered(register, tile, size)
    lifetime: Lifetime = "item" if tile.kind == "items" else "fixed"
    body = _MAKERS[tile.kind](log, register, tile)
    return Resource(body, TILE_TYPE, lifetime, covered(tile))


def covered(tile: TilePath) -> int:
    """The smallest size of a log that has the tile."""
    return (tile.index * TILE_WIDTH + tile.width) << 8 * tile.level


def log_paths(log: LogReader, register: str) -> Iterator[str]:
    """The paths that make up a register's log at its latest checkpoint, in an order in
    which they may be written one by one: what names others comes after them.

    Older checkpoints are left out, as are partial tiles of earlier sizes. Raises
    NoSuchRegister, NotSigned.
    """
    size = signed_size(log, register)
    for level in range(8):
        if size >> 8 * level:
            yield from _row("hash", level, size >> 8 * level)
    yield from _row("entries", 0, size)
    # A withheld item is believed because the statement names it.
    if log.statement(register) is not None:
        yield "about"
    yield from _row("items", 0, size)
    yield "checkpoint"


def withheld_bundles(log: LogReader, register: str) -> list[int]:
    """The item bundles in which an item is withheld, by index."""
    if not log.withheld_count():
        return []  # as in nearly every log: do not look through the entries
    bound = (TILE_WIDTH, log.register_id(register), signed_size(log, register))
    return sorted(index for (index,) in log.db.execute(_WITHHELD, bound))


def _row(kind: Kind, level: int, held: int) -> Iterator[str]:
    """The tiles of one level that has so many hashes."""
    for index in range(held // TILE_WIDTH):
        yield TilePath(kind, level, index).format()
    if held % TILE_WIDTH:
        yield TilePath(kind, level, held // TILE_WIDTH, held % TILE_WIDTH).format()


def _check_covered(register: str, tile: TilePath, size: int) -> None:
    """Raises NotFound for a tile that reaches beyond the tree of `size` entries."""
    if covered(tile) > size:
        raise NotFound(
            f"the checkpoint of {register} covers {size} entries: "
            f"{tile.format()} reaches beyond it"
        )


def _note(text: str, size: int) -> Resource:
    return Resource(text.encode(), NOTE_TYPE, "moving", size)


def _entries(log: LogReader, register: str, tile: TilePath) -> bytes:
    before = tile.index * TILE_WIDTH
    found = log.entries(register, before + 1, tile.width)
    entries = [entry for entry in found if entry.number <= before + tile.width]
    _check_whole(register, tile, len(entries), tile.width)
    return pack_entries(map(leaf, entries))


def _items(log: LogReader, register: str, tile: TilePath) -> bytes:
    before = tile.index * TILE_WIDTH
    bound = (log.register_id(register), before + 1, before + tile.width)
    items = [content for (content,) in log.db.execute(_ITEMS, bound)]
    _check_whole(register, tile, len(items), tile.width)
    return pack_items(items)


def _hashes(log: LogReader, register: str, tile: TilePath) -> bytes:
    number = log.register_id(register)
    expected = tile.width * HASH_SIZE
    body = log.tile(number, tile.level, tile.index)[:expected]
    _check_whole(register, tile, len(body), expected)
    return body


def _check_whole(register: str, tile: TilePath, held: int, expected: int) -> None:
    if held != expected:
        raise LogCorrupt(
            f"{register}: {tile.format()} is signed but not whole in the log: "
            f"expected {expected}, found {held}"
        )


_MAKERS: dict[Kind, Callable[[LogReader, str, TilePath], bytes]] = {
    "hash": _hashes,
    "entries": _entries,
    "items": _items,
}
