"""Batches in one transaction, who appended them, and what stands beside the tree."""

from __future__ import annotations

import sqlite3

import pytest

from tests.log.drafts import BATCH, append, by_hand, draft
from trigpoint.errors import DataBusy, NoSuchItem, NotSigned, Withheld
from trigpoint.log.entries import WithheldItem
from trigpoint.log.entry import Batch, BatchKey
from trigpoint.log.store import Log, Transaction
from trigpoint.schema.items import item_hash

KEY = BatchKey("k7", "Bath Council")


def test_batches_of_one_transaction_are_committed_together(log: Log) -> None:
    """Each batch keeps its own source and key; a reader sees all of them or none."""
    reading = Log(log.path, readonly=True)
    with log.transaction() as transaction:
        with transaction.batch(BATCH, KEY) as appender:
            appender.append("town", [draft("d")])
        with transaction.batch(Batch("other", "Another")) as appender:
            appender.append("town", [draft("e")])
        assert reading.size("town") == 5
    assert reading.size("town") == 7
    _, first, second = reading.batches()
    assert (first.key, first.ranges) == (KEY, {"town": (6, 6)})
    assert (second.key, second.batch.source) == (None, "other")
    assert log.verify("town") == log.root("town")


def test_a_batch_that_fails_leaves_the_others(log: Log) -> None:
    """What raises is undone alone: numbers, tiles and items go on without it."""

    def fail(transaction: Transaction) -> None:
        with transaction.batch(BATCH) as appender:
            appender.append("town", [draft("lost")])
            appender.declare("city")
            raise ZeroDivisionError

    with log.transaction() as transaction:
        with transaction.batch(BATCH) as appender:
            appender.append("town", [draft("d")])
        with pytest.raises(ZeroDivisionError):
            fail(transaction)
        with transaction.batch(BATCH) as appender:
            appender.append("town", [draft("gone")])
            appender.abandon()
        with transaction.batch(BATCH) as appender:
            appender.append("town", [draft("e")])
    assert [entry.key for entry in log.entries("town", 6)] == ["d", "e"]
    assert log.registers() == ["town"]
    assert len(log.batches()) == 3
    with pytest.raises(NoSuchItem):
        log.item(draft("lost").item_hash)
    assert log.verify("town") == log.root("town")


def test_a_transaction_that_fails_leaves_no_trace(log: Log) -> None:
    """An error outside of the batches undoes those that were done."""
    before = (log.sizes(), log.batches())

    def interrupted() -> None:
        with log.transaction() as transaction:
            with transaction.batch(BATCH) as appender:
                appender.append("town", [draft("d")])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert (log.sizes(), log.batches()) == before


def test_a_transaction_that_sqlite_gave_up_takes_no_more(log: Log) -> None:
    """When the disk is full, earlier batches are lost, and no later one pretends that
    they are not."""
    (pages,) = log.db.execute("PRAGMA page_count").fetchone()
    log.db.execute(f"PRAGMA max_page_count = {pages + 2}")

    def overflow(transaction: Transaction) -> None:
        with transaction.batch(BATCH) as appender:
            large = [draft(f"k{n}", name="x" * 500) for n in range(2_000)]
            appender.append("town", large)

    def fill() -> None:
        with log.transaction() as transaction:
            with transaction.batch(BATCH) as appender:
                appender.append("town", [draft("d")])
            with pytest.raises(sqlite3.OperationalError, match="full"):
                overflow(transaction)
            with transaction.batch(BATCH) as appender:
                appender.append("town", [draft("e")])

    with pytest.raises(sqlite3.OperationalError, match="full"):
        fill()
    log.db.execute("PRAGMA max_page_count = 1000000")
    assert log.size("town") == 5
    append(log, [draft("d")])
    assert log.verify("town") == log.root("town")


def test_checkpoints_are_kept_by_size(log: Log) -> None:
    """The latest is given, or that of a size; signing a size again replaces it."""
    with pytest.raises(NotSigned, match="no checkpoint of town"):
        log.checkpoint("town")
    for size, note in [(3, "three"), (5, "five"), (3, "three again")]:
        log.put_checkpoint("town", size, note)
    reading = Log(log.path, readonly=True)
    assert reading.checkpoint("town") == "five"
    assert reading.checkpoint("town", 3) == "three again"
    assert reading.checkpoint_sizes("town") == [3, 5]
    then = reading.as_of({"town": 4})
    assert (then.checkpoint("town"), then.checkpoint_sizes("town")) == (
        "three again",
        [3],
    )
    with pytest.raises(NotSigned, match="of size 4"):
        reading.checkpoint("town", 4)


def test_a_statement_is_replaced(log: Log) -> None:
    """There is one statement a register, the last."""
    assert log.statement("town") is None
    for note in ("old", "new"):
        log.put_statement("town", note)
    assert Log(log.path, readonly=True).statement("town") == "new"


def test_signing_waits_and_then_says_who_writes(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A checkpoint that cannot be kept since another writes is DataBusy."""
    other = Log(log.path)
    other.db.execute("PRAGMA busy_timeout = 0")
    with log.appending(BATCH), pytest.raises(DataBusy, match="another process"):
        other.put_checkpoint("town", 5, "note")
    other.put_checkpoint("town", 5, "note")
    assert log.checkpoint("town") == "note"


def test_an_item_is_withheld_with_reason_and_date(log: Log) -> None:
    """Content goes from the file; hash, reason and date stay, and every proof."""
    root, entry = log.root("town"), log.record("town", "c").entry
    append(log, [draft("x", name="elsewhere")], "city")
    log.withhold(entry.item_hash, "personal data", "2020-01-01")
    with pytest.raises(Withheld, match="since 2020-01-01: personal data") as caught:
        log.record("town", "c")
    assert caught.value.members == {"reason": "personal data", "date": "2020-01-01"}
    found = WithheldItem(entry.item_hash, "personal data", "2020-01-01")
    assert log.withheld() == log.withheld("town") == [found]
    assert log.withheld("city") == []
    assert log.as_of({"town": 3}).withheld("town") == []
    assert log.withheld_count() == 1
    assert log.verify("town") == log.root("town") == root
    log.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert b"2009-03-31" not in log.path.read_bytes()
    with pytest.raises(Withheld):
        log.withhold(entry.item_hash, "again", "2021-01-01")
    with pytest.raises(NoSuchItem):
        log.withhold(bytes(32), "never held", "2021-01-01")
    assert log.withheld() == [found]


def test_a_copy_takes_items_that_were_withheld_before(log: Log) -> None:
    """An entry whose item is withheld where it comes from can be appended, and one
    whose item nobody has cannot."""
    dover, nobody = draft("d", name="Dover"), draft("e")
    by_hand(
        log,
        "INSERT INTO item (hash, withheld, withheld_on) "
        "VALUES (?, 'why', '2020-01-01')",
        dover.item_hash,
    )
    append(log, [draft("f"), dover._replace(item=None), draft("f")])
    assert [entry.key for entry in log.entries("town", 6)] == ["f", "d", "f"]
    with pytest.raises(Withheld, match="since 2020-01-01: why"):
        log.record("town", "d")
    assert log.verify("town") == log.root("town")
    with pytest.raises(NoSuchItem, match="and none was given"):
        append(log, [draft("g"), nobody._replace(item=None)])
    assert log.size("town") == 8


def test_withheld_content_does_not_come_back(log: Log) -> None:
    """An entry that brings the content of a withheld item again is refused."""
    again, size = draft("b", name="Bath"), log.size("town")
    log.withhold(again.item_hash, "a mistake", "2020-01-01")
    with pytest.raises(Withheld, match="not taken again"):
        append(log, [draft("z"), again])
    assert log.size("town") == size
    assert again.item_hash == item_hash('{"name":"Bath","town":"b"}')
