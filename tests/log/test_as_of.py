"""The log as it was at an earlier size: every read, against a log that ends there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.log.drafts import BATCH, append, draft
from trigpoint.errors import NoSuchEntry, NoSuchRecord, NoSuchRegister
from trigpoint.log.entry import Draft
from trigpoint.log.reader import LogReader
from trigpoint.log.store import Log

DATES = ("start-date", "end-date")
Read = Callable[[LogReader], Any]
READS: dict[str, Read] = {
    "registers": lambda log: log.registers(),
    "size": lambda log: log.size("town"),
    "sizes": lambda log: log.sizes(),
    "count": lambda log: log.count("town"),
    "root": lambda log: log.root("town"),
    "records": lambda log: log.records("town"),
    "page": lambda log: log.records("town", after="c", limit=2),
    "filtered": lambda log: log.records("town", where={"name": "n1"}),
    "held then": lambda log: log.records("town", at="2001", dates=DATES),
    "iter_records": lambda log: list(log.iter_records("town")),
    "current": lambda log: log.current("town"),
    "values": lambda log: sorted(
        log.values("town", pl.Series(list("abcdefz")), "name").rows()
    ),
    "one value": lambda log: log.values("town", pl.Series(["a"]), "name").rows(),
    "iter_items": lambda log: [f.rows() for f in log.iter_items("town")],
    "entries": lambda log: log.entries("town", 3, 5),
    "changed": lambda log: [f.sort("key").rows() for f in log.changed("town", 4)],
}


def some(count: int) -> list[Draft]:
    """Entries of few keys that change often."""
    return [
        draft("abcdef"[n * 5 % 7 % 6], name=f"n{n * n % 3}", start_date=f"200{n % 9}")
        for n in range(count)
    ]


@pytest.fixture
def long(tmp_path: Path) -> Log:
    """Forty entries, in batches of eight."""
    log = Log(tmp_path / "long" / "log.sqlite")
    for start in range(0, 40, 8):
        append(log, some(40)[start : start + 8])
    return log


@pytest.mark.parametrize("read", READS.values(), ids=READS.keys())
@pytest.mark.parametrize("size", [5, 8, 9, 23, 40])
def test_every_read_is_of_the_log_as_it_was(
    long: Log, tmp_path: Path, size: int, read: Read
) -> None:
    """What is read as of a size is what a log of that size holds."""
    short = Log(tmp_path / "short" / "log.sqlite")
    append(short, some(40)[:size])
    assert read(long.as_of({"town": size})) == read(short)


def test_one_key_as_it_was(long: Log) -> None:
    """Record and trail end at the size; a key that came later was never held."""
    last = long.entries("town", 1, 40)
    for size in range(1, 41):
        then = long.as_of({"town": size})
        for key in "abcdef":
            held = [entry for entry in last[:size] if entry.key == key]
            if held:
                assert then.trail("town", key) == held
                assert then.record("town", key).entry == held[-1]
                continue
            for ask in (then.trail, then.record):
                with pytest.raises(NoSuchRecord):
                    ask("town", key)
        with pytest.raises(NoSuchEntry):
            then.entry("town", size + 1)
        with pytest.raises(NoSuchEntry):
            then.root("town", size + 1)


def test_batches_end_at_the_size(long: Log) -> None:
    """A batch says which of its entries are seen; one of later entries is left out."""
    found = [batch.ranges for batch in long.as_of({"town": 18}).batches()]
    assert found == [{"town": (1, 8)}, {"town": (9, 16)}, {"town": (17, 18)}]
    assert len(long.batches()) == 5


def test_size_0_is_an_empty_register(long: Log) -> None:
    """The register is there, and holds nothing."""
    then = long.as_of({"town": 0})
    assert then.registers() == ["town"]
    assert (then.size("town"), then.count("town"), then.current("town")) == (0, 0, [])
    assert (then.entries("town"), then.records("town"), then.batches()) == ([], [], [])


def test_other_registers_are_as_they_are(long: Log) -> None:
    """Only the registers named are limited, and a limit holds for what comes later."""
    append(long, [draft("x"), draft("y")], "city")
    then = long.as_of({"town": 3})
    append(long, [draft("z")], "city")
    append(long, [draft("z")])
    assert then.sizes() == {"city": 3, "town": 3}
    assert then.as_of({"city": 1}).sizes() == {"city": 1, "town": 3}
    assert then.as_of({"town": 2}).size("town") == 2


@pytest.mark.parametrize("size", [-1, 41, 2**70])
def test_a_size_beyond_the_log_is_refused(long: Log, size: int) -> None:
    """There is no state of the log that it has not had."""
    with pytest.raises(NoSuchEntry, match="town has 40 entries"):
        long.as_of({"town": size})
    with pytest.raises(NoSuchEntry):
        long.as_of({"town": 7}).as_of({"town": 8})
    with pytest.raises(NoSuchEntry, match="city has 0 entries"):
        long.as_of({"city": 1})
    with pytest.raises(NoSuchRegister):
        long.as_of({"city": 0}).count("city")


def test_a_count_is_remembered_and_not_mistaken(long: Log) -> None:
    """A count that a dry run saw does not stand for the entries that came instead."""
    assert long.count("town") == 6
    with long.appending(BATCH, dry_run=True) as appender:
        appender.append("town", [draft("a")])
        assert long.count("town") == 6
    append(long, [draft("new")])
    assert long.count("town") == 7
    asked: list[str] = []
    long.db.set_trace_callback(asked.append)
    assert long.count("town") == long.as_of({"town": 41}).count("town") == 7
    long.db.set_trace_callback(None)
    assert not [sql for sql in asked if "count" in sql and "FROM entry" in sql]


def test_records_are_listed_without_a_sort(long: Log) -> None:
    """Pages stream in the order of the index, whatever the size and the filters."""
    asked: list[str] = []
    long.db.set_trace_callback(asked.append)
    long.records("town", after="b", limit=2, where={"name": "n1"})
    long.as_of({"town": 9}).records("town", at="2001", dates=DATES)
    long.record("town", "a")
    long.trail("town", "a")
    long.count("town")
    long.db.set_trace_callback(None)
    plans = [
        str(step)
        for sql in asked
        for *_, step in long.db.execute(f"EXPLAIN QUERY PLAN {sql}")
    ]
    assert sum("entry_key" in step for step in plans) >= 5
    assert [step for step in plans if "TEMP B-TREE" in step or "SCAN e" in step] == []
