"""Proofs that an entry is in a tree, and that one tree extends another.

They are made from tiles as RFC 6962, sections 2.1.1 and 2.1.2, defines them, and
verified as RFC 9162, sections 2.1.3.2 and 2.1.4.2, does. `read(level, index)` returns
a tile (trigpoint.log.merkle) at least as wide as the tree asked for makes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache, reduce

from trigpoint.errors import InvalidInput, LogCorrupt, NotVerified
from trigpoint.log.merkle import (
    EMPTY_ROOT,
    HASH_SIZE,
    TILE_WIDTH,
    ReadTile,
    node_hash,
    root_hash,
    split_tile,
)

_TILE_HEIGHT = 8

Tile = Callable[[int, int], list[bytes]]


def entry_proof(read: ReadTile, index: int, size: int) -> list[bytes]:
    """The hashes that lead from leaf `index` to the root at `size`, lowest first.

    Raises InvalidInput when that tree has no such leaf, LogCorrupt for a missing tile.
    """
    if not 0 <= index < size:
        raise InvalidInput(f"a tree of {size} leaves has no leaf {index}")
    begin, end, ranges = 0, size, []
    while end - begin > 1:
        split = begin + _split(end - begin)
        if index < split:
            ranges.append((split, end))
            end = split
        else:
            ranges.append((begin, split))
            begin = split
    return _roots(read, reversed(ranges))


def consistency_proof(read: ReadTile, old: int, new: int) -> list[bytes]:
    """The hashes that show the tree of size `new` to extend that of size `old`.

    Empty when the sizes are equal or `old` is 0. Raises InvalidInput when `old` is
    not between 0 and `new`, LogCorrupt for a missing tile.
    """
    if not 0 <= old <= new:
        raise InvalidInput(f"a tree of {new} leaves does not extend one of {old}")
    begin, end, ranges = 0, new, []
    while old and end != old:
        split = begin + _split(end - begin)
        if old <= split:
            ranges.append((split, end))
            end = split
        else:
            ranges.append((begin, split))
            begin = split
    if begin:
        ranges.append((begin, end))  # what both trees end in is not known otherwise
    return _roots(read, reversed(ranges))


def verify_entry_proof(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Raises NotVerified unless `proof` leads from the hash of leaf `index` to `root`,
    the root hash at `size`."""
    if not 0 <= index < size:
        raise NotVerified(f"a tree of {size} leaves has no leaf {index}")
    _check_hashes(leaf, root, *proof)
    below = (index ^ (size - 1)).bit_length()
    wanted = below + (index >> below).bit_count()
    if len(proof) != wanted:
        raise NotVerified(
            f"the proof of leaf {index} in a tree of {size} has {len(proof)} hashes: "
            f"expected {wanted}"
        )
    place, last, node = index, size - 1, leaf
    for sibling in proof:
        if place & 1 or place == last:
            node = node_hash(sibling, node)
            while not place & 1:  # ends: `last`, and so `place`, is not 0 here
                place, last = place >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        place, last = place >> 1, last >> 1
    if node != root:
        raise NotVerified(
            f"the proof of leaf {index} does not lead to the root at {size}"
        )


def verify_consistency(
    old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Raises NotVerified unless `proof` shows that the tree of size `new` with
    `new_root` extends the tree of size `old` with `old_root`."""
    _check_hashes(old_root, new_root, *proof)
    if not 0 <= old <= new:
        raise NotVerified(f"a tree of {new} leaves does not extend one of {old}")
    if old in (0, new):
        _verify_without_hashes(old, old_root, new_root, proof, equal=old == new)
        return
    path = [old_root, *proof] if old.bit_count() == 1 else list(proof)
    if len(path) < 2:
        raise NotVerified(f"the proof from {old} to {new} leaves is too short")
    before, after = _lead(path, old, new)
    if before != old_root:
        raise NotVerified(f"the proof does not lead to the root at {old}")
    if after != new_root:
        raise NotVerified(f"the proof does not lead to the root at {new}")


def _lead(path: list[bytes], old: int, new: int) -> tuple[bytes, bytes]:
    """The roots at two sizes to which a path leads (RFC 9162, section 2.1.4.2)."""
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    before = after = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise NotVerified(f"the proof from {old} to {new} leaves is too long")
        if place & 1 or place == last:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            while not place & 1:  # ends: place is odd, or is `last`, which is not 0
                place, last = place >> 1, last >> 1
        else:
            after = node_hash(after, sibling)
        place, last = place >> 1, last >> 1
    if last:
        raise NotVerified(f"the proof from {old} to {new} leaves is too short")
    return before, after


def _verify_without_hashes(
    old: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes], *, equal: bool
) -> None:
    """Trees of one size have one root, and every tree extends the empty one."""
    if proof:
        raise NotVerified(f"the proof from {old} leaves has hashes: expected none")
    if equal and old_root != new_root:
        raise NotVerified(f"two roots for one tree of {old} leaves")
    if old == 0 and old_root != EMPTY_ROOT:
        raise NotVerified("the root at 0 leaves is not that of the empty tree")


def _check_hashes(*hashes: bytes) -> None:
    if any(len(one) != HASH_SIZE for one in hashes):
        raise NotVerified(f"a hash in the proof does not have {HASH_SIZE} bytes")


def _split(count: int) -> int:
    """The largest power of two smaller than `count`."""
    return 1 << (count - 1).bit_length() - 1


def _roots(read: ReadTile, ranges: Iterable[tuple[int, int]]) -> list[bytes]:
    """Root over each range of leaves, of which each begins where a perfect subtree of
    its length would."""
    tile = cache(lambda level, index: split_tile(read(level, index)))
    return [_range_root(tile, begin, end) for begin, end in ranges]


def _range_root(tile: Tile, begin: int, end: int) -> bytes:
    peaks = []
    while begin < end:
        height = (end - begin).bit_length() - 1
        peaks.append(_perfect_root(tile, begin, height))
        begin += 1 << height
    return reduce(lambda right, left: node_hash(left, right), reversed(peaks))


def _perfect_root(tile: Tile, begin: int, height: int) -> bytes:
    """Root of the perfect subtree of 2**height leaves from leaf `begin` on."""
    level, rest = divmod(height, _TILE_HEIGHT)
    index, first = divmod(begin >> level * _TILE_HEIGHT, TILE_WIDTH)
    hashes = tile(level, index)[first : first + (1 << rest)]
    if len(hashes) != 1 << rest or len(hashes[-1]) != HASH_SIZE:
        raise LogCorrupt(f"tile {level}/{index} is missing or not as wide as it was")
    return root_hash(hashes)
