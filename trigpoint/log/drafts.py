"""Drafts in bulk, as columns: an object for each takes as long to make as its hash."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, starmap

from trigpoint.log import merkle
from trigpoint.log.entry import Draft

_PART = 50 * merkle.TILE_WIDTH  # entries that are in hand at once


@dataclass(frozen=True)
class Drafts:
    """Many drafts, in the order in which they will be appended, as columns of one
    length: time, key, item (None as in a Draft) and the item's hash."""

    timestamps: Sequence[str]
    keys: Sequence[str]
    items: Sequence[str | None]
    item_hashes: Sequence[bytes]

    def __len__(self) -> int:
        return len(self.keys)

    def __iter__(self) -> Iterator[Draft]:
        columns = self.timestamps, self.keys, self.items, self.item_hashes
        return starmap(Draft, zip(*columns, strict=True))

    def slice(self, start: int, end: int) -> Drafts:
        """Those from one place on and before another."""
        return Drafts(
            self.timestamps[start:end],
            self.keys[start:end],
            self.items[start:end],
            self.item_hashes[start:end],
        )


def in_parts(drafts: Iterable[Draft]) -> Iterator[Drafts]:
    """Drafts by parts that fit in memory, none of them empty."""
    if isinstance(drafts, Drafts):
        for start in range(0, len(drafts), _PART):
            yield drafts.slice(start, start + _PART)
        return
    left = iter(drafts)
    while rows := tuple(islice(left, _PART)):
        yield Drafts(*zip(*rows, strict=True))
