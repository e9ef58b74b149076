"""The resources of a log made the slow way, from nothing but its entries and items.

RFC 6962, section 2.1, as it is written there; C2SP tlog-tiles for paths and bundles.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from trigpoint.log.reader import LogReader


@dataclass(frozen=True)
class Leaves:
    """The leaf data of a register and the text of each entry's item, in order."""

    data: list[bytes]
    items: list[bytes]

    @classmethod
    def of(cls, log: LogReader, register: str) -> Leaves:
        """What a register holds, spelt out with no help but that of `json`."""
        data, items = [], []
        for entry in log.entries(register, 1, 10**9):
            body = {
                "index-entry-number": str(entry.number),
                "entry-number": str(entry.number),
                "entry-timestamp": entry.timestamp,
                "key": entry.key,
                "item-hash": [f"sha-256:{entry.item_hash.hex()}"],
            }
            text = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
            data.append(text.encode())
            items.append(log.item(entry.item_hash).encode())
        return cls(data, items)


def mth(leaves: Sequence[bytes]) -> bytes:
    """The Merkle tree hash of leaf data."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def path_of(what: str, index: int, width: int) -> str:
    """`tile/<L>/<N>[.p/<W>]`."""
    digits = f"{index % 1000:03}"
    while index >= 1000:
        index //= 1000
        digits = f"x{index % 1000:03}/{digits}"
    return f"tile/{what}/{digits}" + (f".p/{width}" if width < 256 else "")


def tiles(held: Leaves, size: int) -> Iterator[tuple[str, bytes]]:
    """Every tile and bundle of a tree of `size` entries, with its path."""
    for index in range(-(-size // 256)):
        part = slice(index * 256, min(index * 256 + 256, size))
        width = part.stop - part.start
        yield (
            path_of("entries", index, width),
            b"".join(len(x).to_bytes(2, "big") + x for x in held.data[part]),
        )
        yield (
            path_of("items", index, width),
            b"".join(len(x).to_bytes(4, "big") + x for x in held.items[part]),
        )
    level = 0
    while hashes := size // 256**level:
        for index in range(-(-hashes // 256)):
            width = min(256, hashes - index * 256)
            yield (
                path_of(str(level), index, width),
                hash_tile(held, level, index, width),
            )
        level += 1


def hash_tile(held: Leaves, level: int, index: int, width: int) -> bytes:
    """The first `width` hashes of a tile."""
    span = 256**level
    starts = range(index * 256 * span, (index * 256 + width) * span, span)
    return b"".join(mth(held.data[at : at + span]) for at in starts)
