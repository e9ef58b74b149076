"""Entries in bulk: written in parts, read back, refused when they are not as meant."""

from __future__ import annotations

import pytest

from tests.log.drafts import BATCH, TIME, append, draft
from trigpoint.errors import InvalidInput, LogCorrupt
from trigpoint.log.drafts import Drafts
from trigpoint.log.entry import Entry, leaf
from trigpoint.log.store import Log
from trigpoint.log.tiles import pack_entries
from trigpoint.schema.items import item_hash


def test_a_torn_tile_is_noticed_before_the_commit(log: Log) -> None:
    """What was written is read again before it counts."""
    before = log.sizes()

    def tear() -> None:
        with log.appending(BATCH) as appender:
            appender.append("town", [draft("d")])
            log.db.execute("UPDATE tile SET hashes = zeroblob(length(hashes))")

    with pytest.raises(LogCorrupt, match="torn"):
        tear()
    assert log.sizes() == before
    assert log.verify("town") == log.root("town")


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE entry SET key = 'q' WHERE number = 7",
        "DELETE FROM entry WHERE number = 7",
    ],
)
def test_an_entry_that_is_stored_otherwise_is_noticed(log: Log, harm: str) -> None:
    """Entries are read back before anything is made of them."""
    before = log.sizes()
    # A trigger stands in for the memory or disk that goes wrong.
    log.db.execute(
        "CREATE TEMP TRIGGER harm AFTER INSERT ON entry WHEN NEW.number = 8 "
        f"BEGIN {harm}; END"
    )
    with pytest.raises(LogCorrupt, match=r"entry 7 .* was not stored"):
        append(log, [draft(key) for key in "defg"])
    log.db.execute("DROP TRIGGER harm")
    assert log.sizes() == before
    assert log.verify("town") == log.root("town")


def test_chunks_make_one_log(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """However a load is cut up, entries keep their order and share their items."""
    monkeypatch.setattr("trigpoint.log.drafts._PART", 300)
    drafts = [draft(f"k{n % 700}", name=f"n{n % 3}") for n in range(1_000)]
    append(log, drafts)
    append(log, Drafts(*zip(*drafts, strict=True)), "village")
    assert [entry.item_hash for entry in log.entries("town", 6, 2_000)] == [
        one.item_hash for one in drafts
    ]
    assert log.entries("village", 1, 1_000) == [
        Entry(number, one.timestamp, one.key, one.item_hash)
        for number, one in enumerate(drafts, start=1)
    ]
    assert log.count("town") == 703
    for register in ("town", "village"):
        assert log.verify(register) == log.root(register)


@pytest.mark.parametrize("held", [False, True])
def test_an_item_that_is_stored_otherwise_is_noticed(log: Log, held: bool) -> None:
    """An item that is not found in the table by its name is not appended, even where
    the index of names has it."""
    one = draft("z")
    if held:
        append(log, [one])
    before = log.sizes()
    log.db.execute(
        "CREATE TEMP TRIGGER harm AFTER INSERT ON item "
        "BEGIN UPDATE item SET hash = x'00' WHERE id = NEW.id; END"
    )
    with pytest.raises(LogCorrupt, match=r"item .* was not stored"):
        append(log, [draft("y"), one])
    log.db.execute("DROP TRIGGER harm")
    assert log.sizes() == before


@pytest.mark.parametrize("key", ["k" * 65_500, "\x00" * 11_000, "\U0001f3eb" * 20_000])
def test_an_entry_that_no_bundle_holds_is_not_appended(log: Log, key: str) -> None:
    """What was signed must be servable: a bundle tells a length in two bytes."""
    before = log.size("town"), log.root("town")
    with pytest.raises(InvalidInput, match=r"too long: it makes an entry of .* 65,535"):
        append(log, [draft("z"), draft(key)])
    assert (log.size("town"), log.root("town")) == before
    append(log, [draft(key[:10_000])])
    assert pack_entries([leaf(log.entry("town", before[0] + 1))])


def test_the_same_item_is_kept_once(log: Log) -> None:
    """Entries that say the same share an item, in one register or in two."""
    append(log, [draft("b", name="Bath")])
    append(log, [draft("b", name="Bath")], "city")
    one = item_hash('{"name":"Bath","town":"b"}')
    assert log.entry("town", 6) == Entry(6, TIME, "b", one)
    assert log.record("city", "b").entry.item_hash == one
    (held,) = log.db.execute(
        "SELECT count(*) FROM item WHERE hash = ?", (one,)
    ).fetchone()
    assert held == 1
