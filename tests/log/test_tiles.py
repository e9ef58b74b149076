"""Paths of tiles as C2SP tlog-tiles spells them, and bundles of entries and items."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trigpoint.errors import InvalidInput, NotFound
from trigpoint.log.tiles import (
    TilePath,
    pack_entries,
    pack_items,
    unpack_entries,
    unpack_items,
)

PATHS = {
    "tile/0/000": TilePath("hash", 0, 0),
    "tile/0/000.p/1": TilePath("hash", 0, 0, 1),
    "tile/0/000.p/255": TilePath("hash", 0, 0, 255),
    "tile/0/255": TilePath("hash", 0, 255),
    "tile/0/256": TilePath("hash", 0, 256),
    "tile/1/257": TilePath("hash", 1, 257),
    "tile/0/999": TilePath("hash", 0, 999),
    "tile/0/x001/000": TilePath("hash", 0, 1000),
    "tile/0/x001/234.p/8": TilePath("hash", 0, 1234, 8),
    "tile/0/x001/x234/067": TilePath("hash", 0, 1234067),
    "tile/0/x001/x234/067.p/8": TilePath("hash", 0, 1234067, 8),
    "tile/2/x123/x456/x789/012.p/34": TilePath("hash", 2, 123456789012, 34),
    "tile/63/000": TilePath("hash", 63, 0),
    "tile/entries/000": TilePath("entries", 0, 0),
    "tile/entries/x001/x234/067.p/112": TilePath("entries", 0, 1234067, 112),
    "tile/items/255.p/9": TilePath("items", 0, 255, 9),
    "tile/0/x036/x028/x797/x018/x963/967": TilePath("hash", 0, 2**55 - 1),
}
BAD = [
    "",
    "tile",
    "tile/",
    "tile/0",
    "tile/0/",
    "/tile/0/000",
    "tile/0/000/",
    "tile//000",
    "tile/00/000",
    "tile/01/000",
    "tile/64/000",
    "tile/100/000",
    "tile/-1/000",
    "tile/+1/000",
    "tile/data/000",
    "tile/hash/000",
    "tile/Entries/000",
    "tile/entries",
    "tile/0/0",
    "tile/0/00",
    "tile/0/0000",
    "tile/0/1234",
    "tile/0/-01",
    "tile/0/x000",
    "tile/0/x000/001",
    "tile/0/x000/x001/000",
    "tile/0/001/000",
    "tile/0/x001/x000",
    "tile/0/X001/000",
    "tile/0/x01/000",
    "tile/0/x0001/000",
    "tile/0/x001//000",
    "tile/0/x001/000.p",
    "tile/0/000.p/",
    "tile/0/000.p/0",
    "tile/0/000.p/00",
    "tile/0/000.p/01",
    "tile/0/000.p/256",
    "tile/0/000.p/999",
    "tile/0/000.p/1000",
    "tile/0/000.p/1/",
    "tile/0/000.p/1.p/1",
    "tile/0/000.P/1",
    "tile/0/000.p/ 1",
    "tile/0/000\n",
    " tile/0/000",
    "tile/0/٠٠٠",
    "tile/٠/000",
    "tile/0/000%2ep/1",
    "tile/0/../0/000",
    "tile/0/x036/x028/x797/x018/x963/968",
    "tile/0/x999/x999/x999/x999/x999/x999/999",
    "tile/0/" + "x001/" * 5000 + "000",
]


@pytest.mark.parametrize("path", PATHS)
def test_paths_are_written_and_read_as_the_table_has_them(path: str) -> None:
    """Each row of the table holds in both directions."""
    assert TilePath.parse(path) == PATHS[path]
    assert PATHS[path].format() == path


@pytest.mark.parametrize("path", BAD, ids=lambda path: path[:40])
def test_any_other_spelling_is_not_found(path: str) -> None:
    """A path that is not exactly as tlog-tiles has it raises NotFound."""
    with pytest.raises(NotFound, match="no tile"):
        TilePath.parse(path)


@given(
    st.one_of(
        st.tuples(st.just("hash"), st.integers(0, 63)),
        st.tuples(st.sampled_from(["entries", "items"]), st.just(0)),
    ),
    st.integers(0, 2**55 - 1),
    st.integers(1, 256),
)
def test_every_path_is_read_back(
    place: tuple[str, int], index: int, width: int
) -> None:
    """Parsing undoes formatting, at any level, index and width."""
    kind, level = place
    path = TilePath(kind, level, index, width)  # type: ignore[arg-type]  # a Kind
    assert TilePath.parse(path.format()) == path


@given(st.text(alphabet="x/.p0123456789tiles", max_size=30))
def test_what_is_read_is_what_would_be_written(rest: str) -> None:
    """No text is read as a path other than its own."""
    text = f"tile/{rest}"
    try:
        path = TilePath.parse(text)
    except NotFound:
        return
    assert path.format() == text


@given(st.lists(st.binary(max_size=300), max_size=256))
def test_entries_are_packed_and_unpacked(entries: list[bytes]) -> None:
    """Entries of any bytes come back the same and in order."""
    assert unpack_entries(pack_entries(entries)) == entries


@given(st.lists(st.none() | st.binary(max_size=300), max_size=256))
def test_items_are_packed_and_unpacked(items: list[bytes | None]) -> None:
    """Items come back the same, and a withheld one as withheld, not as empty."""
    assert unpack_items(pack_items(items)) == items


def test_the_bytes_of_bundles() -> None:
    """Lengths are big-endian: two bytes for an entry, four for an item."""
    assert pack_entries([b"ab", b"", b"c"]) == b"\0\2ab\0\0\0\1c"
    assert pack_items([b"ab", None, b""]) == b"\0\0\0\2ab\xff\xff\xff\xff\0\0\0\0"
    longest = bytes(65_535)
    assert unpack_entries(pack_entries([longest])) == [longest]
    assert unpack_items(pack_items([bytes(70_000)])) == [bytes(70_000)]


def test_an_entry_that_does_not_fit_is_refused() -> None:
    """Two bytes count to 65,535, and a longer entry is not cut."""
    with pytest.raises(InvalidInput, match="an entry of 65536 bytes"):
        pack_entries([bytes(65_536)])


@pytest.mark.parametrize("cut", range(1, 9))
def test_a_torn_bundle_is_refused(cut: int) -> None:
    """A bundle that ends within a length or within what it counts is refused."""
    entries = pack_entries([b"a", b"bcde"])
    items = pack_items([b"a", b"bcde"])
    for bundle, whole, unpack in (
        (entries, 3, unpack_entries),
        (items, 5, unpack_items),
    ):
        if cut == whole:
            assert unpack(bundle[:cut]) == [b"a"]
            continue
        with pytest.raises(InvalidInput, match="torn"):
            unpack(bundle[:cut])


def test_a_bundle_of_more_than_256_is_refused() -> None:
    """A full bundle is read; one with another byte is not."""
    assert len(unpack_entries(pack_entries([b""] * 256))) == 256
    with pytest.raises(InvalidInput, match="more than 256"):
        unpack_entries(pack_entries([b""] * 257))
    with pytest.raises(InvalidInput, match="more than 256"):
        unpack_items(pack_items([None] * 257))
