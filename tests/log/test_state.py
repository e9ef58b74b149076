"""The state of the log, kept by readers for as long as nobody commits."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from trigpoint.dates import now
from trigpoint.log.entry import Batch, Draft
from trigpoint.log.reader import LogReader
from trigpoint.log.store import Log
from trigpoint.schema.items import canonical_json, item_hash

REGISTER = "country"


@pytest.fixture
def log(tmp_path: Path) -> Log:
    made = Log(tmp_path / "log.sqlite")
    append(made, "GB")
    return made


def append(log: Log, key: str) -> bytes:
    text = canonical_json({"country": key})
    with log.appending(Batch("test", "One entry")) as appender:
        appender.append(REGISTER, [Draft(now(), key, text, item_hash(text))])
    return item_hash(text)


def withhold(path: Path, digest: bytes) -> None:
    with sqlite3.connect(path) as db:
        db.execute(
            "UPDATE item SET content = NULL, withheld = 'test' WHERE hash = ?",
            (digest,),
        )
    db.close()


def test_a_reader_sees_every_commit_at_once(log: Log) -> None:
    """Sizes and withheld items are as another connection committed them just now."""
    reader = LogReader(log.path)
    for expected in (1, 2, 3):
        assert reader.sizes() == {REGISTER: expected}
        assert reader.size(REGISTER) == expected
        digest = append(log, f"K{expected}")
    assert reader.withheld_count() == 0
    withhold(log.path, digest)
    assert reader.withheld_count() == 1


def test_a_reader_does_not_read_what_did_not_change(log: Log) -> None:
    """Between commits one look at SQLite's version of the data is all that is read."""
    reader = LogReader(log.path)
    reader.sizes()
    said: list[str] = []
    reader.db.set_trace_callback(said.append)
    assert reader.sizes() == {REGISTER: 1}
    assert reader.withheld_count() == 0
    assert said == ["PRAGMA data_version"] * 2


def test_a_writer_sees_its_own_commits(log: Log) -> None:
    """SQLite does not tell a connection of its own commits; they are seen all the
    same."""
    assert log.size(REGISTER) == 1
    append(log, "FR")
    assert log.size(REGISTER) == 2
    withhold(log.path, append(log, "DE"))
    assert (log.size(REGISTER), log.withheld_count()) == (3, 1)


def test_within_a_snapshot_the_state_stays(log: Log) -> None:
    """What is committed meanwhile is seen once the snapshot has ended."""
    reader = LogReader(log.path)
    with reader.snapshot():
        assert reader.size(REGISTER) == 1
        append(log, "FR")
        assert reader.size(REGISTER) == 1
    assert reader.size(REGISTER) == 2


def test_each_thread_has_a_state_of_its_own(log: Log) -> None:
    """A thread that comes later, or closes its connection, reads its own."""
    reader = LogReader(log.path)
    assert reader.size(REGISTER) == 1
    append(log, "FR")
    seen: list[int] = []
    thread = threading.Thread(target=lambda: seen.append(reader.size(REGISTER)))
    thread.start()
    thread.join()
    reader.close()
    assert [*seen, reader.size(REGISTER)] == [2, 2]


def test_an_earlier_size_limits_the_state(log: Log) -> None:
    """As of a size the register is that long, however long it grows."""
    reader = LogReader(log.path)
    then = reader.as_of({REGISTER: 1})
    append(log, "FR")
    assert (then.sizes(), reader.sizes()) == ({REGISTER: 1}, {REGISTER: 2})
