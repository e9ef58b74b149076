"""Batches that become part of the one before: appended row by row, told of once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.log.drafts import BATCH, draft
from trigpoint.log.about import Spelt, statement_of
from trigpoint.log.entry import Batch, BatchKey
from trigpoint.log.store import Log

KEY, OTHER = BatchKey("k1", "Bath Council"), BatchKey("k2", "Ayr Council")
Put = Callable[..., None]


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path / "log.sqlite")


@pytest.fixture
def put(log: Log) -> Put:
    """Append one new town in a batch that joins the one before if it can."""
    numbers = iter(range(1000))

    def put(key: BatchKey = KEY, register: str = "town", batch: Batch = BATCH) -> None:
        with (
            log.transaction() as transaction,
            transaction.batch(batch, key, joins=True) as appender,
        ):
            appender.append(register, [draft(f"t{next(numbers)}")])

    return put


def ranges(log: Log) -> list[dict[str, tuple[int, int]]]:
    return [batch.ranges for batch in log.batches()]


def test_batches_that_are_alike_are_one(log: Log, put: Put) -> None:
    """The same source, key and register: one batch, which grows."""
    for _ in range(3):
        put()
    assert ranges(log) == [{"town": (1, 3)}]
    assert log.verify("town") == log.root("town")


def test_batches_that_differ_stay_apart(log: Log, put: Put) -> None:
    """Another key, register or source begins another, and so does coming back."""
    put()
    put(OTHER)
    put()
    put(register="city")
    put(batch=Batch("else", "Elsewhere"))
    assert ranges(log) == [
        {"town": (1, 1)},
        {"town": (2, 2)},
        {"town": (3, 3)},
        {"city": (1, 1)},
        {"town": (4, 4)},
    ]
    assert [batch.key for batch in log.batches()] == [KEY, OTHER, KEY, KEY, KEY]


def test_a_new_day_begins_a_new_batch(log: Log, put: Put) -> None:
    """A batch says when it was appended, to the day."""
    put()
    log.db.execute("UPDATE batch SET appended = '2019-04-01T12:00:00Z'")
    put()
    assert ranges(log) == [{"town": (1, 1)}, {"town": (2, 2)}]


def test_batches_of_several_registers_are_not_joined(log: Log, put: Put) -> None:
    """In what order their entries came could not be told any more."""
    with log.appending(BATCH, key=KEY) as appender:
        appender.append("town", [draft("a")])
        appender.append("city", [draft("b")])
    put()
    assert ranges(log) == [{"town": (1, 1), "city": (1, 1)}, {"town": (2, 2)}]


def test_one_batch_of_a_transaction_that_fails_leaves_the_one_before(
    log: Log, put: Put
) -> None:
    """What was joined is undone with it."""
    put()

    def fail() -> None:
        with log.transaction() as transaction:
            with transaction.batch(BATCH, KEY, joins=True) as appender:
                appender.append("town", [draft("b")])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert ranges(log) == [{"town": (1, 1)}]


def test_statements_tell_of_a_batch_as_it_has_grown(log: Log, put: Put) -> None:
    """What is spelt once and kept is the same as what is spelt from the log."""
    spelt = Spelt()
    for key in (KEY, KEY, OTHER, OTHER, KEY, KEY):
        put(key)
        spelt.read(log)
        said = spelt.statement(log, "town", "example.org")
        assert said == statement_of(log, "town", "example.org").text
    put(register="city")
    put()
    spelt.read(log)
    for register in ("town", "city"):
        said = spelt.statement(log, register, "example.org")
        assert said == statement_of(log, register, "example.org").text
