"""What is served of a log is what its entries make, as far as it was signed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.log.drafts import append, by_hand, draft, log_of
from tests.log.naive import Leaves, hash_tile, tiles
from tests.log.signing import sign
from trigpoint.errors import LogCorrupt, NoSuchRegister, NotFound, NotSigned
from trigpoint.log.served import log_paths, log_resource, withheld_bundles
from trigpoint.log.store import Log
from trigpoint.log.tiles import unpack_items

GARBAGE = (
    "",
    "/",
    "tile",
    "tile/",
    "tile/0",
    "tile/0/",
    "tile/0/0",
    "tile/0/00",
    "tile/0/0000",
    "tile/00/000",
    "tile/0/000/",
    "tile//0/000",
    "/tile/0/000",
    "tile/0/x000/000",
    "tile/0/X000/000",
    "tile/0/000.p",
    "tile/0/000.p/",
    "tile/0/000.p/0",
    "tile/0/000.p/01",
    "tile/0/000.p/256",
    "tile/0/000.p/-1",
    "tile/0/000.p/+1",
    "tile/0/000.p/٣",
    "tile/0/٠٠٠.p/1",
    "tile/0/-01",
    "tile/-1/000",
    "tile/64/000",
    "tile/63/000",
    "tile/0/../0/000",
    "tile/0/%30%30%30",
    "tile/0/000.p%2F1",
    "tile/0/000\n",
    "tile/0/000.p/1\n",
    "tile/entries",
    "tile/entries/",
    "tile/entries/0/000",
    "tile/Entries/000",
    "tile/items/000.p/0",
    "tile/data/000",
    "tile/0/" + "x999/" * 6 + "999",
    "tile/0/" + "x999/" * 400 + "999",
    "checkpoint/",
    "checkpoint/05",
    "checkpoint/-5",
    "checkpoint/5/",
    "checkpoint/٥",
    "checkpoint/" + "9" * 40,
    "about/",
    "../town/checkpoint",
    "keys.json",
)


def rows(log: Log, first: int, last: int) -> None:
    """Towns to append, with the numbers that they get."""
    append(log, [draft(f"t{n}", name=f"Ünter {n}") for n in range(first, last + 1)])


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 511, 512, 700])
def test_tiles_are_what_the_entries_make(tmp_path: Path, size: int) -> None:
    """Every path of a log has the bytes that the slow way makes, and no path lacks."""
    log = log_of(tmp_path, draft("first", name="Ayr"))
    if size > 1:
        rows(log, 2, size)
    note = sign(log)
    expected = dict(tiles(Leaves.of(log, "town"), size))
    paths = list(log_paths(log, "town"))
    assert sorted(paths) == sorted([*expected, "about", "checkpoint"])
    for path, body in expected.items():
        assert log_resource(log, "town", path).body == body, path
    assert log_resource(log, "town", "checkpoint").body == note.encode()


def test_a_second_level_has_the_roots_of_full_tiles(tmp_path: Path) -> None:
    """At 66,000 entries level 1 has a full tile, and level 2 a partial one."""
    log = log_of(tmp_path, draft("first"))
    rows(log, 2, 66_000)
    sign(log)
    held = Leaves.of(log, "town")
    for path, place in {
        "tile/2/000.p/1": (2, 0, 1),
        "tile/1/000": (1, 0, 256),
        "tile/1/001.p/1": (1, 1, 1),
        "tile/0/257.p/208": (0, 257, 208),
    }.items():
        assert path in set(log_paths(log, "town"))
        assert log_resource(log, "town", path).body == hash_tile(held, *place)


def test_what_was_signed_comes_last(log: Log) -> None:
    """Bundles of items come after the statement, and the checkpoint after all."""
    sign(log)
    paths = list(log_paths(log, "town"))
    assert paths[-1] == "checkpoint"
    assert paths.index("about") < paths.index("tile/items/000.p/5")


@pytest.mark.parametrize("path", GARBAGE, ids=ascii)
def test_nothing_is_served_at_other_paths(log: Log, path: str) -> None:
    """A path that is not spelt as the format has it is not found, whatever it is."""
    sign(log)
    with pytest.raises(NotFound):
        log_resource(log, "town", path)


def test_only_what_is_signed_is_served(log: Log) -> None:
    """Entries beyond the checkpoint are not there yet, in no width."""
    sign(log, size=3)
    assert log_resource(log, "town", "tile/0/000.p/3").size == 3
    for path in ("tile/0/000.p/4", "tile/entries/000.p/5", "tile/0/000"):
        with pytest.raises(NotFound, match="covers 3 entries"):
            log_resource(log, "town", path)


def test_a_narrower_tile_stays(tmp_path: Path) -> None:
    """The partial tile of a size that was signed stays when the tile is full."""
    log = log_of(tmp_path, *[draft(f"t{n}") for n in range(5)])
    first = sign(log)
    before = {p: log_resource(log, "town", p).body for p in log_paths(log, "town")}
    rows(log, 6, 300)
    sign(log)
    for path, body in before.items():
        if path.startswith("tile/"):
            assert log_resource(log, "town", path).body == body
    assert log_resource(log, "town", "checkpoint/5").body == first.encode()


def test_a_register_that_is_not_signed(log: Log) -> None:
    """Without a checkpoint nothing is served, and the error says so."""
    for path in ("checkpoint", "about", "tile/0/000.p/1", "checkpoint/5"):
        with pytest.raises(NotSigned, match="town"):
            log_resource(log, "town", path)
    with pytest.raises(NoSuchRegister):
        log_resource(log, "village", "checkpoint")
    sign(log)
    with pytest.raises(NotSigned, match="size 4"):
        log_resource(log, "town", "checkpoint/4")


def test_lifetimes(log: Log) -> None:
    """Tiles never change, item bundles may, notes do."""
    sign(log)
    kinds = {
        path: log_resource(log, "town", path).lifetime
        for path in (*log_paths(log, "town"), "checkpoint/5")
    }
    assert kinds == {
        "tile/0/000.p/5": "fixed",
        "tile/entries/000.p/5": "fixed",
        "about": "moving",
        "tile/items/000.p/5": "item",
        "checkpoint": "moving",
        "checkpoint/5": "moving",
    }


def test_a_withheld_item_is_marked(log: Log) -> None:
    """The bundle says that an item is withheld; all other items stay, and so do
    entries and hashes."""
    sign(log)
    before = log_resource(log, "town", "tile/entries/000.p/5")
    whole = unpack_items(log_resource(log, "town", "tile/items/000.p/5").body)
    assert withheld_bundles(log, "town") == []
    digest = log.entry("town", 4).item_hash
    log.withhold(digest, "a name", "2026-01-01")
    torn = unpack_items(log_resource(log, "town", "tile/items/000.p/5").body)
    assert torn == [*whole[:3], None, whole[4]]
    assert log_resource(log, "town", "tile/entries/000.p/5") == before
    assert withheld_bundles(log, "town") == [0]


@pytest.mark.parametrize(
    ("sql", "path"),
    [
        ("DELETE FROM tile", "tile/0/000.p/5"),
        ("UPDATE tile SET hashes = substr(hashes, 1, 100)", "tile/0/000.p/5"),
        ("DELETE FROM entry WHERE number = 3", "tile/entries/000.p/5"),
        ("DELETE FROM entry WHERE number = 3", "tile/entries/000.p/4"),
        ("DELETE FROM entry WHERE number = 3", "tile/items/000.p/5"),
    ],
)
def test_a_torn_log_is_not_served(log: Log, sql: str, path: str) -> None:
    """What the log lost is an error that names the tile, not a shorter answer."""
    sign(log)
    by_hand(log, sql)
    with pytest.raises(LogCorrupt, match=path):
        log_resource(log, "town", path)
