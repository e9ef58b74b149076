"""The Merkle tree of a register, kept as tiles of 256 hashes.

RFC 6962 section 2.1 defines the hashes: SHA-256 over 0x00 and a leaf's data, and over
0x01 and two nodes. C2SP tlog-tiles defines the tiles: tile (level, index) holds the
hashes of tree level 8*level from 256*index on, 32 bytes each; the last tile of a level
may be partial. A root at any size is computed from at most one tile a level.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

HASH_SIZE = 32
TILE_WIDTH = 256
_TILE_SIZE = TILE_WIDTH * HASH_SIZE
EMPTY_ROOT = hashlib.sha256(b"").digest()

ReadTile = Callable[[int, int], bytes]
WriteTile = Callable[[int, int, bytes], None]


def leaf_hash(data: bytes) -> bytes:
    """Hash of a leaf (RFC 6962, section 2.1)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an interior node (RFC 6962, section 2.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """A tree that grows leaf by leaf: of its nodes only the peaks are kept, the roots
    of the perfect subtrees that its leaves make up, largest first."""

    def __init__(self, size: int = 0, peaks: Iterable[bytes] = ()) -> None:
        self.size = size
        self.peaks = list(peaks)

    def add(self, leaf_hashes: Iterable[bytes]) -> None:
        """Append leaf hashes to the tree."""
        for node in leaf_hashes:
            # Each 1 at the end of the size is a peak as tall as what is now to its
            # right, so the two become one.
            bits = self.size
            while bits & 1:
                node = node_hash(self.peaks.pop(), node)
                bits >>= 1
            self.peaks.append(node)
            self.size += 1

    @property
    def root(self) -> bytes:
        """Root hash of the tree as it is now."""
        return _fold(self.peaks)


def root_hash(leaf_hashes: Iterable[bytes]) -> bytes:
    """Merkle tree hash over leaf hashes, without tiles: the reference."""
    tree = Frontier()
    tree.add(leaf_hashes)
    return tree.root


def extend(
    read: ReadTile, write: WriteTile, size: int, leaf_hashes: Sequence[bytes]
) -> int:
    """Append leaf hashes to a tree of `size` leaves and write the tiles that change.

    `read(level, index)` returns a tile's bytes. Returns the new size.
    """
    level, first, fresh = 0, size, list(leaf_hashes)
    while fresh:
        index, held = divmod(first, TILE_WIDTH)
        if held:
            fresh = split_tile(read(level, index))[:held] + fresh
        data = b"".join(fresh)
        for start in range(0, len(data), _TILE_SIZE):
            place = index + start // _TILE_SIZE
            write(level, place, data[start : start + _TILE_SIZE])
        whole = fresh[: len(fresh) // TILE_WIDTH * TILE_WIDTH]
        level, first, fresh = level + 1, index, _above(whole)
    return size + len(leaf_hashes)


def root(read: ReadTile, size: int) -> bytes:
    """Root hash of the tree at `size`, from its tiles."""
    if size == 0:
        return EMPTY_ROOT
    levels = []
    level, width = 0, size
    while width:
        partial = width % TILE_WIDTH
        if partial:
            tile = split_tile(read(level, width // TILE_WIDTH))[:partial]
            levels.append(_peaks(tile))
        level, width = level + 1, width // TILE_WIDTH
    return _fold([peak for peaks in reversed(levels) for peak in peaks])


def split_tile(tile: bytes) -> list[bytes]:
    """The hashes of a tile."""
    return [tile[i : i + HASH_SIZE] for i in range(0, len(tile), HASH_SIZE)]


def _peaks(hashes: list[bytes]) -> list[bytes]:
    """Roots of the perfect subtrees that make up fewer than 256 hashes, left first."""
    bounds = [0]
    for bit in range(7, -1, -1):
        if len(hashes) & (1 << bit):
            bounds.append(bounds[-1] + (1 << bit))
    return [_subtree(hashes[start:end]) for start, end in pairwise(bounds)]


def _subtree(hashes: list[bytes]) -> bytes:
    """Root over a power of two of hashes."""
    while len(hashes) > 1:
        hashes = _parents(hashes)
    return hashes[0]


def _above(hashes: list[bytes]) -> list[bytes]:
    """Roots of whole tiles, whose hashes follow one another."""
    for _ in range(8):
        hashes = _parents(hashes)
    return hashes


def _parents(hashes: list[bytes]) -> list[bytes]:
    """The nodes over pairs of nodes."""
    # As node_hash makes them, without its call: half of all hashing is done here.
    sha256, left = hashlib.sha256, iter(hashes)
    return [
        sha256(b"\x01" + one + other).digest()
        for one, other in zip(left, left, strict=True)
    ]


def _fold(peaks: list[bytes]) -> bytes:
    """Root from the peaks of a tree, largest first."""
    if not peaks:
        return EMPTY_ROOT
    node = peaks[-1]
    for peak in reversed(peaks[:-1]):
        node = node_hash(peak, node)
    return node
