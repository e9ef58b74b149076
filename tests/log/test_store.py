"""The log on disk: appended all or nothing, read back, refused when it is none."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.log.drafts import BATCH, TIME, append, by_hand, draft, log_of
from trigpoint.errors import (
    InvalidParameter,
    LogCorrupt,
    NoData,
    NoSuchEntry,
    NoSuchItem,
    NoSuchRecord,
    NoSuchRegister,
    QueryTimedOut,
    Withheld,
)
from trigpoint.log import merkle, records
from trigpoint.log.entry import Batch, SystemEntry, leaf
from trigpoint.log.store import Log
from trigpoint.schema.items import parse_item

DATES = ("start-date", "end-date")


def test_what_was_appended_is_read_back(log: Log) -> None:
    """Entries keep number, time, key and hash; a record is the last entry of a key."""
    assert log.registers() == ["town"]
    assert (log.size("town"), log.count("town")) == (5, 3)
    entries = log.entries("town")
    assert [entry.key for entry in entries] == list("abacb")
    assert [entry.number for entry in entries] == [1, 2, 3, 4, 5]
    assert {entry.timestamp for entry in entries} == {TIME}
    record = log.record("town", "a")
    assert record.register == "town"
    assert record.entry == entries[2]
    assert record.item == {
        "town": "a",
        "name": "Ayr",
        "end-date": "1996-04",
        "tags": ["old"],
    }
    assert log.trail("town", "b") == [entries[1], entries[4]]
    assert log.item(entries[1].item_hash) == '{"name":"Bath","town":"b"}'
    assert log.entries("town", 2, 2) == entries[1:3]
    assert log.entry("town", 4) == entries[3]


def test_what_was_never_held_has_its_own_errors(log: Log) -> None:
    """Register, record, entry and item each say that they are not there."""
    with pytest.raises(NoSuchRegister):
        log.record("city", "a")
    with pytest.raises(NoSuchRecord, match="“z”"):
        log.record("town", "z")
    with pytest.raises(NoSuchRecord):
        log.trail("town", "z")
    for number in (-1, 0, 6, 2**80):
        with pytest.raises(NoSuchEntry):
            log.entry("town", number)
    for size in (-1, 6):
        with pytest.raises(NoSuchEntry):
            log.root("town", size)
    with pytest.raises(NoSuchItem):
        log.item(bytes(32))
    assert log.size("city") == 0
    assert log.current("city") == []
    assert log.values("city", pl.Series(["a"]), None).is_empty()


def test_records_are_paged_by_key(log: Log) -> None:
    """Pages go on after the last key, whatever its letters, and then end."""
    append(log, [draft(key) for key in ("B", "é", "\U0001f3eb", "a'b", "%", "a b")])
    whole = [record.entry.key for record in log.records("town")]
    assert len(whole) == 9
    assert whole == sorted(whole)
    paged: list[str] = []
    after: str | None = None
    while page := log.records("town", after=after, limit=2):
        assert len(page) <= 2
        paged += [record.entry.key for record in page]
        assert len(paged) <= len(whole)
        after = page[-1].entry.key
    assert paged == whole
    assert [record.entry.key for record in log.iter_records("town")] == whole
    assert log.records("town", limit=0) == []


@pytest.mark.parametrize(
    ("where", "keys"),
    [
        ({"name": "Ayr"}, "a"),
        ({"name": "Bath"}, "c"),
        ({"tags": "old"}, "a"),
        ({"tags": "port"}, ""),
        ({"name": "ayr"}, ""),
        ({"name": "Bath", "start-date": "2000-05-17"}, "c"),
        ({"nothing": "Ayr"}, ""),
        ({"name": "' OR 1=1 --"}, ""),
    ],
)
def test_records_are_filtered_by_field(
    log: Log, where: dict[str, str], keys: str
) -> None:
    """A filter compares whole values, or finds one among several."""
    found = log.records("town", where=where)
    assert "".join(record.entry.key for record in found) == keys


@pytest.mark.parametrize(
    ("at", "keys"),
    [
        ("1974", "ab"),
        ("1996-04-30", "ab"),
        ("1996-05", "b"),
        ("2000-05-16", "b"),
        ("2000-05-17", "bc"),
        ("2009-03-31", "bc"),
        ("2009-04-01", "b"),
        ("2019-04-01T12:00:00Z", "b"),
    ],
)
def test_records_that_held_on_a_day(log: Log, at: str, keys: str) -> None:
    """A start of any precision begins on its first day, an end ends on its last."""
    found = log.records("town", at=at, dates=DATES)
    assert "".join(record.entry.key for record in found) == keys


def test_a_day_that_is_none_is_refused(log: Log) -> None:
    """`at` must be a date."""
    with pytest.raises(InvalidParameter, match="at is"):
        log.records("town", at="yesterday", dates=DATES)


def test_a_scan_that_takes_too_long_is_stopped(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A filter that reads more than its share ends in an error of ours, and the log
    goes on answering."""
    append(log, [draft(f"k{n}", name=str(n)) for n in range(30_000)])
    monkeypatch.setattr(records, "_SCAN_STEPS", 2)
    with pytest.raises(QueryTimedOut):
        log.records("town", where={"name": "nowhere"})
    assert log.record("town", "c").item["name"] == "Bath"


def test_withheld_content_is_gone_but_its_hash_stays(log: Log) -> None:
    """A withheld item is refused by name; entries, root and verification hold."""
    root, entry = log.root("town"), log.record("town", "c").entry
    by_hand(
        log,
        "UPDATE item SET content = NULL, withheld = 'personal data', "
        "withheld_on = '2020-01-01' WHERE hash = ?",
        entry.item_hash,
    )
    with pytest.raises(Withheld, match="personal data"):
        log.record("town", "c")
    with pytest.raises(Withheld, match="personal data"):
        log.item(entry.item_hash)
    assert log.entry("town", entry.number) == entry
    assert [record.entry.key for record in log.records("town")] == ["a", "b"]
    assert log.verify("town") == log.root("town") == root


def test_changes_since_an_entry_are_told_by_key(log: Log) -> None:
    """Each key that changed comes once, with its item then and now."""
    (frame,) = log.changed("town", 2)
    names = [
        (key, *(text and parse_item(text).get("name") for text in texts))
        for key, *texts in frame.sort("key").rows()
    ]
    assert names == [
        ("a", "Ayr", "Ayr"),
        ("b", "Bath", "Bath Spa"),
        ("c", None, "Bath"),
    ]
    assert list(log.changed("town", 5)) == []
    (everything,) = log.changed("town")
    assert sorted(everything["key"]) == ["a", "b", "c"]
    assert everything["old"].null_count() == 3


def test_values_of_keys_are_looked_up_at_once(log: Log) -> None:
    """Only keys that are held are in the answer, with None for an absent field."""
    found = log.values("town", pl.Series(["a", "b", "z"]), "end-date")
    assert found.columns == ["key", "value"]
    assert sorted(found.rows()) == [("a", "1996-04"), ("b", None)]
    assert log.values("town", pl.Series(["a"]), None).rows() == [("a", None)]
    assert log.values("town", pl.Series([], dtype=pl.String), None).is_empty()


def test_few_keys_are_looked_up_and_many_read_in_order_to_the_same_end(
    tmp_path: Path,
) -> None:
    """Whether a share of a register or all of it is asked for, values are those of the
    newest entries, and of withheld items null."""
    log = log_of(
        tmp_path,
        *(draft(str(n % 30), end_date=str(n)) for n in range(60)),
        draft("secret", end_date="1999"),
    )
    log.withhold(log.record("town", "secret").entry.item_hash, "test", "2020-01-01")
    keys = [str(n) for n in range(30)]
    expected: dict[str, str | None] = {key: str(int(key) + 30) for key in keys}
    expected["secret"] = None
    for asked in ([*keys, "secret", "none"], ["secret"], ["7", "none"]):
        found = log.values("town", pl.Series(asked), "end-date")
        assert dict(found.iter_rows()) == {
            key: expected[key] for key in asked if key in expected
        }


def test_items_of_all_entries_are_read_in_order(log: Log) -> None:
    """Keys and texts come in the order of the entries, the newest of a key last."""
    (frame,) = log.iter_items("town")
    entries = log.entries("town")
    assert frame["key"].to_list() == [entry.key for entry in entries]
    assert frame["item"].to_list() == [log.item(entry.item_hash) for entry in entries]


def test_a_batch_says_where_its_entries_came_from(log: Log) -> None:
    """Source, files, licence and dates come back, with the entries they brought."""
    with log.appending(Batch("other", "Another")) as appender:
        appender.append("town", [draft("d")])
        appender.append("city", [draft("x")])
        appender.append("town", [draft("e")])
    first, second = log.batches()
    assert first.batch == BATCH
    assert first.ranges == {"town": (1, 5)}
    assert second.batch == Batch("other", "Another")
    assert second.ranges == {"city": (1, 1), "town": (6, 7)}
    assert second.number > first.number


def test_system_entries_stand_beside_the_tree(log: Log) -> None:
    """Metadata is replaced as a whole and does not touch the root."""
    root = log.root("town")
    for text in ("{}", '{"name":"town"}'):
        with log.appending(BATCH) as appender:
            appender.declare("town")
            appender.set_system_entries("town", [SystemEntry("name", TIME, text)])
    assert log.system_entries("town") == [SystemEntry("name", TIME, '{"name":"town"}')]
    assert log.root("town") == root


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 400), min_size=1, max_size=4))
def test_root_at_every_size_is_that_of_the_leaves(
    tmp_path_factory: pytest.TempPathFactory, batches: list[int]
) -> None:
    """Whatever the batches, the stored tiles give the root of each earlier size."""
    log = Log(tmp_path_factory.mktemp("log") / "log.sqlite")
    for batch in batches:
        append(log, [draft(f"{log.size('town')}-{n}") for n in range(batch)])
    total = sum(batches)
    assert log.size("town") == total
    if not total:
        assert log.batches() == []
        return
    leaves = [merkle.leaf_hash(leaf(e)) for e in log.entries("town", 1, total)]
    for size in {0, 1, *range(0, total, 37), total}:
        assert log.root("town", size) == merkle.root_hash(leaves[:size])
    assert log.verify("town") == log.root("town")
    log.close()


def test_an_exception_leaves_no_trace(log: Log) -> None:
    """Nothing of a batch stays that was not finished, in any register."""
    before = (log.sizes(), log.root("town"), log.batches())

    def interrupted() -> None:
        with log.appending(BATCH) as appender:
            appender.append("town", [draft("d")])
            appender.append("city", [draft("x")])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert (log.sizes(), log.root("town"), log.batches()) == before
    with pytest.raises(NoSuchItem):
        log.item(draft("d").item_hash)
    append(log, [draft("d")])
    assert log.size("town") == 6


@pytest.mark.parametrize("how", ["dry run", "abandoned", "empty"])
def test_a_batch_may_come_to_nothing(log: Log, how: str) -> None:
    """A dry run, an abandoned batch and one without entries are not written."""
    before = (log.sizes(), log.batches())
    with log.appending(BATCH, dry_run=how == "dry run") as appender:
        appender.append("town", [] if how == "empty" else [draft("d")])
        if how == "abandoned":
            appender.abandon()
    assert (log.sizes(), log.batches()) == before


def test_a_full_disk_leaves_the_last_state(log: Log) -> None:
    """When SQLite itself gives up, its error comes out and the log stays whole."""
    before = log.sizes()
    (pages,) = log.db.execute("PRAGMA page_count").fetchone()
    log.db.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        append(log, [draft(f"k{n}", name="x" * 500) for n in range(2_000)])
    log.db.execute("PRAGMA max_page_count = 1000000")
    assert log.sizes() == before
    append(log, [draft("d")])
    assert log.verify("town") == log.root("town")


def test_a_folder_without_a_log_holds_no_data(tmp_path: Path) -> None:
    """Reading a log that is not there, or is empty yet, is NoData."""
    with pytest.raises(NoData):
        Log(tmp_path / "log.sqlite", readonly=True)
    (tmp_path / "log.sqlite").touch()
    with pytest.raises(NoData):
        Log(tmp_path / "log.sqlite", readonly=True)
    assert not (tmp_path / "log.sqlite").read_bytes()


def test_a_log_is_made_whole_or_not_at_all(tmp_path: Path) -> None:
    """Making one leaves the log and nothing else; an empty file is not one."""
    Log(tmp_path / "a" / "log.sqlite").close()
    assert [file.name for file in (tmp_path / "a").iterdir()] == ["log.sqlite"]
    assert Log(tmp_path / "a" / "log.sqlite", readonly=True).registers() == []
    (tmp_path / "log.sqlite").touch()
    with pytest.raises(LogCorrupt, match="empty"):
        Log(tmp_path / "log.sqlite")


@pytest.mark.parametrize("name", ["log.sqlite", "log.sqlite-wal"])
def test_a_log_that_cannot_be_opened_is_not_called_corrupt(
    tmp_path: Path, name: str
) -> None:
    """Neither what cannot be read nor what has no room for its journal beside it."""
    path = tmp_path / "log.sqlite"
    Log(path).close()
    (tmp_path / name).unlink(missing_ok=True)
    (tmp_path / name).mkdir()
    for readonly in (True, False):
        with pytest.raises(NoData, match="cannot be opened: expected a file"):
            Log(path, readonly=readonly)


FOREIGN = {
    "text": "this is no database",
    "other-tables": "CREATE TABLE register (x)",
    "other-tables-same-version": "PRAGMA user_version = 2; CREATE TABLE t (x)",
    "other-version": "PRAGMA user_version = 7",
}


@pytest.mark.parametrize("readonly", [True, False])
@pytest.mark.parametrize("what", FOREIGN.values(), ids=FOREIGN.keys())
def test_a_foreign_file_is_refused_and_left_alone(
    tmp_path: Path, what: str, readonly: bool
) -> None:
    """A file that is no log of ours, or of another format, is not touched."""
    path = tmp_path / "log.sqlite"
    if "is no" in what:
        path.write_text(what)
    else:
        db = sqlite3.connect(path)
        db.executescript(what)
        db.close()
    before = path.read_bytes()
    with pytest.raises(LogCorrupt):
        Log(path, readonly=readonly)
    assert path.read_bytes() == before


def test_a_read_only_log_cannot_be_written(log: Log) -> None:
    """A log opened for reading reads the same and refuses to append."""
    reading = Log(log.path, readonly=True)
    assert reading.root("town") == log.root("town")
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        append(reading, [draft("d")])
    assert log.size("town") == 5


def test_one_writer_at_a_time(log: Log) -> None:
    """Another process that wants to append meanwhile is told at once."""
    script = (
        "import sys; from pathlib import Path; from trigpoint.errors import DataBusy\n"
        "from trigpoint.log.store import Log; from trigpoint.log.entry import Batch\n"
        "try:\n"
        "    with Log(Path(sys.argv[1])).appending(Batch('t', 't')): pass\n"
        "except DataBusy as error: print('busy:', error)\n"
        "else: print('free')\n"
    )
    command = [sys.executable, "-c", script, str(log.path)]
    with log.appending(BATCH):
        told = subprocess.run(command, capture_output=True, text=True, check=True)
    assert told.stdout.startswith("busy:")
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    assert told.stdout == "free\n"


def test_readers_see_the_old_state_or_the_new(log: Log) -> None:
    """While batches are appended, size, root and entries always belong together."""
    roots = {5: log.root("town")}
    stop, bad = threading.Event(), []

    def read() -> int:
        reading, seen = Log(log.path, readonly=True), set()
        while not stop.is_set():
            with reading.snapshot():
                size, root = reading.size("town"), reading.root("town")
                count = len(reading.entries("town", 1, 10_000))
            seen.add(size)
            if count != size or (size in roots and roots[size] != root):
                bad.append((size, count))
            reading.verify("town")
        reading.close()
        return len(seen)

    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        for batch in range(30):
            append(log, [draft(f"{batch}-{n}") for n in range(40)])
            roots[log.size("town")] = log.root("town")
        stop.set()
        assert max(one.result() for one in readers) > 1
    assert bad == []


def test_threads_share_one_reader(log: Log) -> None:
    """A reader may be used from many threads at once."""
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda key: log.record("town", key), "abc" * 20))
    assert [record.entry.key for record in found] == list("abc" * 20)


def test_a_log_may_be_made_by_many_at_once(tmp_path: Path) -> None:
    """Processes that start together on an empty folder make one log."""
    for attempt in range(10):
        path = tmp_path / str(attempt) / "log.sqlite"
        barrier = threading.Barrier(6)

        def make(path: Path = path, barrier: threading.Barrier = barrier) -> list[str]:
            barrier.wait()
            log = Log(path)
            found = log.registers()
            log.close()
            return found

        with ThreadPoolExecutor(6) as pool:
            made = [pool.submit(make) for _ in range(6)]
            assert [one.result() for one in made] == [[]] * 6
