"""Proofs: known vectors, the definitions of RFC 6962, and nothing else verifies."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache, partial
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.log.vectors import vectors
from trigpoint.errors import InvalidInput, LogCorrupt, NotVerified
from trigpoint.log import merkle
from trigpoint.log.entry import leaf
from trigpoint.log.proof import (
    consistency_proof,
    entry_proof,
    verify_consistency,
    verify_entry_proof,
)
from trigpoint.log.reader import LogReader

VECTORS = vectors("merkle")
KNOWN = [merkle.leaf_hash(bytes.fromhex(leaf)) for leaf in VECTORS["leaves"]]
MANY = [hashlib.sha256(str(number).encode()).digest() for number in range(70_000)]


def tiles_of(hashes: Sequence[bytes]) -> merkle.ReadTile:
    held: dict[tuple[int, int], bytes] = {}

    def write(level: int, index: int, tile: bytes) -> None:
        held[level, index] = tile

    merkle.extend(lambda level, index: held[level, index], write, 0, hashes)
    return lambda level, index: held[level, index]


READ = tiles_of(MANY)
SMALL = tiles_of(MANY[:300])


@cache
def mth(begin: int, end: int) -> bytes:
    """MTH(D[begin:end]) of RFC 6962, section 2.1."""
    if end - begin == 0:
        return hashlib.sha256().digest()
    if end - begin == 1:
        return MANY[begin]
    split = begin + largest_power_below(end - begin)
    return merkle.node_hash(mth(begin, split), mth(split, end))


def path(index: int, begin: int, end: int) -> list[bytes]:
    """PATH(m, D[n]) of RFC 6962, section 2.1.1."""
    if end - begin == 1:
        return []
    split = begin + largest_power_below(end - begin)
    if index < split:
        return [*path(index, begin, split), mth(split, end)]
    return [*path(index, split, end), mth(begin, split)]


def subproof(old: int, begin: int, end: int, whole: bool) -> list[bytes]:
    """SUBPROOF(m, D[n], b) of RFC 6962, section 2.1.2."""
    if old == end:
        return [] if whole else [mth(begin, end)]
    split = begin + largest_power_below(end - begin)
    if old <= split:
        return [*subproof(old, begin, split, whole), mth(split, end)]
    return [*subproof(old, split, end, False), mth(begin, split)]


def largest_power_below(count: int) -> int:
    power = 1
    while power * 2 < count:
        power *= 2
    return power


@pytest.mark.parametrize("vector", VECTORS["entry-proofs"], ids=str)
def test_known_entry_proofs(vector: dict[str, int | list[str]]) -> None:
    """The paths that Certificate Transparency has used since 2012 are made and
    verify."""
    index, size = int(str(vector["index"])), int(str(vector["size"]))
    proof = entry_proof(tiles_of(KNOWN), index, size)
    assert [node.hex() for node in proof] == vector["proof"]
    root = merkle.root_hash(KNOWN[:size])
    verify_entry_proof(KNOWN[index], index, size, proof, root)


@pytest.mark.parametrize("vector", VECTORS["consistency-proofs"], ids=str)
def test_known_consistency_proofs(vector: dict[str, int | list[str]]) -> None:
    """So are the known consistency proofs."""
    old, new = int(str(vector["old"])), int(str(vector["new"]))
    proof = consistency_proof(tiles_of(KNOWN), old, new)
    assert [node.hex() for node in proof] == vector["proof"]
    roots = [merkle.root_hash(KNOWN[:size]) for size in (old, new)]
    verify_consistency(old, roots[0], new, roots[1], proof)


def test_every_entry_proof_to_300_is_as_defined_and_verifies() -> None:
    """For every leaf of every tree of 1 to 300 leaves, made from later tiles."""
    for size in range(1, 301):
        for index in range(size):
            proof = entry_proof(SMALL, index, size)
            if size % 7 == 0 or size > 250:
                assert proof == path(index, 0, size)
            verify_entry_proof(MANY[index], index, size, proof, mth(0, size))


def test_every_consistency_proof_to_300_is_as_defined_and_verifies() -> None:
    """For every pair of sizes 0 <= m <= n <= 300, made from later tiles."""
    for new in range(301):
        for old in range(new + 1):
            proof = consistency_proof(SMALL, old, new)
            if old and (new % 7 == 0 or new > 250):
                assert proof == subproof(old, 0, new, True)
            verify_consistency(old, mth(0, old), new, mth(0, new), proof)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_proofs_across_three_levels_of_tiles(data: st.DataObject) -> None:
    """Sizes to 70,000 have the proofs that the definitions give."""
    new = data.draw(st.integers(1, len(MANY)))
    old, index = data.draw(st.integers(1, new)), data.draw(st.integers(0, new - 1))
    assert consistency_proof(READ, old, new) == subproof(old, 0, new, True)
    assert entry_proof(READ, index, new) == path(index, 0, new)


sizes = st.integers(1, 300)
flips = st.tuples(st.integers(0, 31), st.integers(0, 7))


def flipped(one: bytes, flip: tuple[int, int]) -> bytes:
    changed = bytearray(one)
    changed[flip[0]] ^= 1 << flip[1]
    return bytes(changed)


def changes(
    proof: list[bytes], flip: tuple[int, int], extra: bytes
) -> list[list[bytes]]:
    """The proof with each node changed, left out or doubled, and with one more."""
    found = [[extra, *proof], [*proof, extra], [*proof, b""]]
    for at, node in enumerate(proof):
        found.append([*proof[:at], flipped(node, flip), *proof[at + 1 :]])
        found.append(proof[:at] + proof[at + 1 :])
        found.append([*proof[:at], node, *proof[at:]])
        found.append([*proof[:at], node[:-1], *proof[at + 1 :]])
    return found


@settings(max_examples=150, deadline=None)
@given(sizes, st.data(), flips, st.binary(min_size=32, max_size=32))
def test_no_changed_entry_proof_verifies(
    size: int, data: st.DataObject, flip: tuple[int, int], extra: bytes
) -> None:
    """Another node, leaf, root, place or size, and the proof proves nothing."""
    index = data.draw(st.integers(0, size - 1))
    proof, root, leaf = entry_proof(SMALL, index, size), mth(0, size), MANY[index]
    bad = [
        (leaf, index, size, changed, root) for changed in changes(proof, flip, extra)
    ]
    bad += [(flipped(leaf, flip), index, size, proof, root)]
    bad += [(leaf, index, size, proof, flipped(root, flip))]
    places = {-1, 0, 1, size, 2**62, data.draw(st.integers(0, 400))} - {index}
    bad += [(leaf, place, size, proof, root) for place in places]
    bad += [(leaf, index, other, proof, root) for other in (-1, 0, index)]
    for case in bad:
        with pytest.raises(NotVerified):
            verify_entry_proof(*case)


def test_no_proof_leads_another_leaf_to_the_same_root() -> None:
    """In every tree of up to 40 leaves, a leaf's proof fits no other place."""
    for size in range(1, 41):
        for index in range(size):
            proof = entry_proof(SMALL, index, size)
            for place in set(range(size + 2)) - {index}:
                with pytest.raises(NotVerified):
                    verify_entry_proof(MANY[index], place, size, proof, mth(0, size))


@settings(max_examples=150, deadline=None)
@given(sizes, st.data(), flips, st.binary(min_size=32, max_size=32))
def test_no_changed_consistency_proof_verifies(
    new: int, data: st.DataObject, flip: tuple[int, int], extra: bytes
) -> None:
    """Another node, root or size, and the proof proves nothing."""
    old = data.draw(st.integers(0, new))
    proof, before, after = consistency_proof(SMALL, old, new), mth(0, old), mth(0, new)
    bad = [(old, before, new, after, each) for each in changes(proof, flip, extra)]
    bad += [(old, flipped(before, flip), new, after, proof)]
    if old:  # any tree extends the empty one
        bad += [(old, before, new, flipped(after, flip), proof)]
        bad += [(size, before, new, after, proof) for size in {-1, 0, new + 1}]
        smaller = data.draw(st.integers(-1, old - 1))
        bad += [(old, before, smaller, after, proof)]
    for case in bad:
        with pytest.raises(NotVerified):
            verify_consistency(*case)


def test_a_proof_between_other_sizes_does_not_verify() -> None:
    """Among all sizes to 24, a proof with its two roots proves its own old size, and
    no root is believed at another."""
    for new in range(1, 25):
        for old in range(1, new + 1):
            proof = consistency_proof(SMALL, old, new)
            for other in set(range(new + 2)) - {old}:
                with pytest.raises(NotVerified):
                    verify_consistency(other, mth(0, old), new, mth(0, new), proof)


@settings(max_examples=300, deadline=None)
@given(
    st.integers(-2, 2**64),
    st.integers(-2, 2**64),
    st.lists(st.binary(min_size=32, max_size=32), max_size=70),
)
def test_numbers_of_any_size_and_garbage_end_in_not_verified(
    one: int, other: int, proof: list[bytes]
) -> None:
    """Whatever the numbers, verification ends and raises the one error."""
    with pytest.raises(NotVerified):
        verify_entry_proof(MANY[0], one, other, proof, MANY[1])
    with pytest.raises(NotVerified):
        verify_consistency(one, MANY[0], other, MANY[1], proof)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (-1, 5), (5, 5), (6, 5), (0, -1)])
def test_a_leaf_that_is_not_there_has_no_proof(index: int, size: int) -> None:
    """Asking for it raises InvalidInput, and a claim of it NotVerified."""
    with pytest.raises(InvalidInput, match=f"no leaf {index}"):
        entry_proof(SMALL, index, size)
    with pytest.raises(NotVerified, match=f"no leaf {index}"):
        verify_entry_proof(MANY[0], index, size, [], MANY[0])


@pytest.mark.parametrize(("old", "new"), [(-1, 5), (6, 5), (1, 0)])
def test_sizes_in_the_wrong_order_have_no_proof(old: int, new: int) -> None:
    """A smaller tree extends none; the message names both sizes."""
    with pytest.raises(
        InvalidInput, match=f"{new} leaves does not extend one of {old}"
    ):
        consistency_proof(SMALL, old, new)
    with pytest.raises(NotVerified, match=f"{new} leaves does not extend"):
        verify_consistency(old, MANY[0], new, MANY[0], [])


def test_a_missing_or_narrow_tile_is_named() -> None:
    """A log that lost a tile gives no wrong proof but names the tile."""
    narrow = {
        (0, 0): b"".join(MANY[:256]),
        (1, 0): mth(0, 256),
        (0, 1): b"".join(MANY[256:290]),
    }
    with pytest.raises(LogCorrupt, match="tile 0/1 "):
        entry_proof(lambda level, index: narrow[level, index], 3, 300)
    with pytest.raises(LogCorrupt, match="tile 1/0 "):
        entry_proof(lambda level, index: b"" if level else narrow[0, index], 256, 260)
    with pytest.raises(LogCorrupt, match="tile 0/0 "):
        consistency_proof(lambda level, index: bytes(31), 3, 5)


def test_a_proof_reads_at_most_two_tiles_a_level() -> None:
    """An entry proof in a tree of 70,000 leaves reads few tiles, each once."""
    read: list[tuple[int, int]] = []

    def counted(level: int, index: int) -> bytes:
        read.append((level, index))
        return READ(level, index)

    entry_proof(counted, 12_345, 70_000)
    assert len(read) == len(set(read)) <= 6


@pytest.mark.parametrize(
    "most", [40, pytest.param(300, marks=pytest.mark.long)], ids="up to {}".format
)
def test_each_old_root_of_the_real_registers_extends_to_each_newer(
    archived: Path, most: int
) -> None:
    """In all 51 archived registers: all pairs of sizes up to some, and a sample of
    those beyond; the newest root is that of the leaves themselves."""
    log, pairs = LogReader(archived / "log.sqlite"), 0
    registers = log.registers()
    assert len(registers) == 51
    for register in registers:
        size = log.size(register)
        read = cache(partial(log.tile, log.register_id(register)))
        every, some = range(min(size, most) + 1), sampled(size, most)
        roots = {n: merkle.root(read, n) for n in {*every, *some}}
        leaves = (leaf(entry) for entry in log.entries(register, 1, size))
        assert roots[size] == merkle.root_hash(map(merkle.leaf_hash, leaves))
        for old, new in {*combinations(every, 2), *combinations(some, 2)}:
            proof = consistency_proof(read, old, new)
            verify_consistency(old, roots[old], new, roots[new], proof)
            pairs += 1
            if old:
                with pytest.raises(NotVerified):
                    verify_consistency(old, roots[new], new, roots[new], proof)
    log.close()
    assert pairs > most * 400


def sampled(size: int, most: int) -> list[int]:
    """The size, and sizes up to it in all of the tree's shapes, a few in each."""
    edges = [n for n in range(size) if n % 256 in (0, 1, 255) or n % 331 == 0]
    return sorted({*edges[:: max(1, len(edges) // (most // 4))], size})
