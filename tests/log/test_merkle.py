"""The Merkle tree: RFC 6962 vectors, and tiles that agree with the definition."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trigpoint.log import merkle

# The leaves and roots that Certificate Transparency's own tests have used since 2012.
LEAVES = [
    bytes.fromhex(digits)
    for digits in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
HASHES = [merkle.leaf_hash(leaf) for leaf in LEAVES]


class Tiles:
    """Tiles in memory, which also refuse to be read before they were written."""

    def __init__(self) -> None:
        self.held: dict[tuple[int, int], bytes] = {}
        self.size = 0

    def read(self, level: int, position: int) -> bytes:
        return self.held[level, position]

    def write(self, level: int, position: int, hashes: bytes) -> None:
        self.held[level, position] = hashes

    def extend(self, leaf_hashes: list[bytes]) -> None:
        self.size = merkle.extend(self.read, self.write, self.size, leaf_hashes)

    def root(self, size: int) -> bytes:
        return merkle.root(self.read, size)


def many(count: int) -> list[bytes]:
    return [hashlib.sha256(str(number).encode()).digest() for number in range(count)]


def by_definition(hashes: list[bytes]) -> bytes:
    """MTH of RFC 6962, section 2.1, as it is written there."""
    if not hashes:
        return hashlib.sha256().digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return merkle.node_hash(
        by_definition(hashes[:split]), by_definition(hashes[split:])
    )


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_certificate_transparency(size: int) -> None:
    """The known trees of 0 to 8 leaves have their known roots, in tiles or not."""
    tiles = Tiles()
    tiles.extend(HASHES[:size])
    assert merkle.root_hash(HASHES[:size]).hex() == ROOTS[size]
    assert tiles.root(size).hex() == ROOTS[size]


def test_hashes_of_the_outside_suite_are_ours(suites: Path) -> None:
    """Every good proof of the suite has the leaf hash and the root that we compute."""
    seen = 0
    for path in sorted((suites / "merkle" / "inclusion").rglob("*.json")):
        proof = json.loads(path.read_text())
        if not proof["wantErr"]:
            index, size = proof["leafIdx"], proof["treeSize"]
            assert b64decode(proof["root"]) == merkle.root_hash(HASHES[:size])
            assert b64decode(proof["leafHash"]) == HASHES[index]
            seen += 1
    assert seen >= 4


def test_tiles_and_reference_agree_at_every_size_to_1100() -> None:
    """One leaf at a time, over four full tiles and a second level: the same root."""
    hashes, tiles = many(1100), Tiles()
    assert tiles.root(0) == merkle.EMPTY_ROOT
    for size, one in enumerate(hashes, start=1):
        tiles.extend([one])
        wanted = merkle.root_hash(hashes[:size])
        assert tiles.root(size) == wanted
        if size % 50 in (0, 1) or size in (255, 256, 257, 511, 512, 513, 1023, 1024):
            assert by_definition(hashes[:size]) == wanted


def test_a_third_level_of_tiles_begins_after_65536_leaves() -> None:
    """Sizes around 256 squared have the right root and the tiles that C2SP names."""
    hashes, tiles = many(65_538), Tiles()
    tiles.extend(hashes[:65_535])
    assert (2, 0) not in tiles.held
    tiles.extend(hashes[65_535:])
    assert {level for level, _ in tiles.held} == {0, 1, 2}
    assert len(tiles.held[1, 0]) == 256 * 32
    assert len(tiles.held[0, 256]) == 2 * 32
    for size in (65_535, 65_536, 65_537, 65_538):
        assert tiles.root(size) == merkle.root_hash(hashes[:size])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 600), max_size=6), st.data())
def test_batches_of_any_size_build_one_tree(
    batches: list[int], data: st.DataObject
) -> None:
    """However leaves are batched, tiles and all earlier roots are the same."""
    hashes, tiles = many(sum(batches)), Tiles()
    for batch in batches:
        tiles.extend(hashes[tiles.size : tiles.size + batch])
    at_once = Tiles()
    at_once.extend(hashes)
    assert tiles.held == at_once.held
    assert tiles.size == len(hashes)
    for _ in range(5):
        size = data.draw(st.integers(0, len(hashes)))
        assert tiles.root(size) == merkle.root_hash(hashes[:size])


def test_every_earlier_root_stays_provable_from_the_last_tiles() -> None:
    """Tiles that grew since give the root of any smaller tree."""
    hashes, tiles = many(700), Tiles()
    tiles.extend(hashes)
    for size in range(701):
        assert tiles.root(size) == merkle.root_hash(hashes[:size])


def test_a_leaf_is_no_node() -> None:
    """Leaves and nodes hash with different prefixes, so none passes for the other."""
    one, two = many(2)
    assert merkle.node_hash(one, two) == hashlib.sha256(b"\x01" + one + two).digest()
    assert merkle.leaf_hash(one + two) == hashlib.sha256(b"\x00" + one + two).digest()
    assert merkle.split_tile(one + two) == [one, two]
