"""The lines of somebody's log: entries with their items, each verified against a tile.

An entry is believed when its leaf hash is in a verified tile (RFC 6962, section 2.1)
and its bytes are those that we would write ourselves; an item when it has the hash that
its entry names and is canonical.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from trigpoint.errors import InvalidInput, NotVerified
from trigpoint.log.entry import Entry, leaf
from trigpoint.log.merkle import HASH_SIZE, TILE_WIDTH, leaf_hash
from trigpoint.log.tiles import TilePath, unpack_entries, unpack_items
from trigpoint.replica.fetch import Fetch
from trigpoint.replica.tree import RemoteTree, leaf_tiles, runs
from trigpoint.schema.items import canonical_json, format_hash, parse_item

_LEAF = re.compile(
    r'\{"index-entry-number":"(\d{1,19})","entry-number":"\d{1,19}",'
    r'"entry-timestamp":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)",'
    r'"key":("(?:[^"\\]|\\.)+"),"item-hash":\["sha-256:([0-9a-f]{64})"\]\}',
    re.ASCII,
)


class Unannounced(NotVerified):
    """An item is left out, and the signed statement does not say that it is withheld:
    perhaps not yet."""


class Line(NamedTuple):
    """An entry and the text of its item; None when that is withheld."""

    entry: Entry
    item: str | None


@dataclass(frozen=True)
class RemoteLines:
    """The entries and items of a log under its verified tree.

    `withheld` are the hashes of items that the signed statement withholds.
    """

    fetch: Fetch
    tree: RemoteTree
    withheld: Collection[bytes]

    def read(self, known: int, *, again: bool = False) -> Iterator[list[Line]]:
        """The lines after the first `known`, in pieces of whole tiles: the first piece
        may begin with lines before them. What was read before is read `again` with
        less care: that items are canonical follows from their hashes being the same.

        Raises NotVerified, naming the tile and the entry; Unannounced for an item that
        is left out; SourceUnreachable.
        """
        for indexes in runs(leaf_tiles(known, self.tree.size)):
            yield self._run(indexes, again)

    def _run(self, indexes: range, again: bool) -> list[Line]:
        tiles = dict(zip(indexes, self.tree.leaves(indexes), strict=True))
        widths = {index: self.tree.width(index) for index in indexes}

        def entries_of(path: TilePath, data: bytes) -> list[Entry]:
            return self._entries(path, data, tiles[path.index])

        def lines_of(path: TilePath, data: bytes) -> list[Line]:
            return self._lines(path, data, entries[path.index], again)

        bundles = [TilePath("entries", 0, index, widths[index]) for index in indexes]
        found = self.fetch.tiles(bundles, entries_of)
        entries = dict(zip(indexes, found, strict=True))
        bundles = [TilePath("items", 0, index, widths[index]) for index in indexes]
        return [line for run in self.fetch.tiles(bundles, lines_of) for line in run]

    def _entries(self, path: TilePath, data: bytes, tile: bytes) -> list[Entry]:
        try:
            leaves = unpack_entries(data)[: path.width]
        except InvalidInput as error:
            raise self._wrong(path, str(error)) from error
        first = path.index * TILE_WIDTH + 1
        if b"".join(map(leaf_hash, leaves)) != tile:
            raise self._wrong(path, _difference(leaves, tile, first))
        return [
            self._entry(path, number, spelt)
            for number, spelt in enumerate(leaves, start=first)
        ]

    def _entry(self, path: TilePath, number: int, spelt: bytes) -> Entry:
        """An entry, which must be spelt as we would."""
        try:
            entry = parse_leaf(spelt)
        except InvalidInput as error:
            raise self._wrong(path, f"entry {number} {error}") from error
        if entry.number != number:
            raise self._wrong(path, f"entry {number} has the number {entry.number}")
        return entry

    def _lines(
        self, path: TilePath, data: bytes, entries: list[Entry], again: bool
    ) -> list[Line]:
        try:
            items = unpack_items(data)[: path.width]
        except InvalidInput as error:
            raise self._wrong(path, str(error)) from error
        if len(items) != path.width:
            raise self._wrong(path, f"it has {len(items)} items, expected {path.width}")
        return [
            Line(entry, self._item(path, entry, item, again))
            for entry, item in zip(entries, items, strict=True)
        ]

    def _item(
        self, path: TilePath, entry: Entry, item: bytes | None, again: bool
    ) -> str | None:
        if item is None:
            if entry.item_hash not in self.withheld:
                raise Unannounced(
                    f"{self.fetch.location}: {path.format()} leaves out the item of "
                    f"entry {entry.number}, and the signed statement does not say why"
                )
            return None
        digest = hashlib.sha256(item).digest()
        if digest != entry.item_hash:
            raise self._wrong(
                path,
                f"the item of entry {entry.number} is {format_hash(digest)}, not "
                f"{format_hash(entry.item_hash)}",
            )
        if entry.item_hash in self.withheld:
            return None
        return item.decode() if again else self._canonical(path, entry, item)

    def _canonical(self, path: TilePath, entry: Entry, item: bytes) -> str:
        try:
            text = item.decode()
            spelt = canonical_json(parse_item(text))
        except (UnicodeDecodeError, InvalidInput) as error:
            raise self._wrong(
                path, f"the item of entry {entry.number} is no item: {error}"
            ) from error
        if spelt != text:
            raise self._wrong(
                path, f"the item of entry {entry.number} is not in canonical form"
            )
        return text

    def _wrong(self, path: TilePath, what: str) -> NotVerified:
        return NotVerified(f"{self.fetch.location}: {path.format()}: {what}")


def _difference(leaves: list[bytes], tile: bytes, first: int) -> str:
    """What is wrong with leaves that do not hash to a tile."""
    for place, leaf_data in enumerate(leaves):
        start = place * HASH_SIZE
        if leaf_hash(leaf_data) != tile[start : start + HASH_SIZE]:
            return f"entry {first + place} is not what the tree holds"
    return f"it has {len(leaves)} entries, expected {len(tile) // HASH_SIZE}"


def parse_leaf(spelt: bytes) -> Entry:
    """The entry that `trigpoint.log.entry.leaf` spells so; raises InvalidInput when it
    would spell none so."""
    try:
        match = _LEAF.fullmatch(spelt.decode())
        if match is None:
            raise InvalidInput("is not a GDS entry of one item in compact JSON")
        number, timestamp, quoted, digest = match.groups()
        key = json.loads(quoted) if "\\" in quoted else quoted[1:-1]
        entry = Entry(int(number), timestamp, key, bytes.fromhex(digest))
        if leaf(entry) == spelt:
            return entry
    except ValueError as error:
        raise InvalidInput(f"is not UTF-8 JSON: {error}") from error
    raise InvalidInput("is not spelt canonically")
