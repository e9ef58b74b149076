"""A log of the first format is upgraded whole, once, and only by who may write."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.log.drafts import append, by_hand, draft
from tests.log.format_1 import as_format_1
from trigpoint.errors import LogCorrupt
from trigpoint.log import tables
from trigpoint.log.store import Log


@pytest.fixture
def old(log: Log, tmp_path: Path) -> Path:
    """The log of `log`, in format 1."""
    path = tmp_path / "old" / "log.sqlite"
    path.parent.mkdir()
    as_format_1(log.path, path)
    return path


def schema_of(log: Log) -> set[tuple[object, ...]]:
    """Columns of all tables, in their order, and the indexes."""
    return set(
        log.db.execute(
            "SELECT m.type, m.name, c.cid, c.name, c.type, c.pk FROM sqlite_master m "
            "LEFT JOIN pragma_table_info(m.name) c"
        )
    )


def test_reading_the_old_format_says_what_to_do(old: Path) -> None:
    """A reader is told how to upgrade, and changes nothing."""
    before = old.read_bytes()
    with pytest.raises(LogCorrupt, match=r"format 1, not 2: run `trigpoint init`"):
        Log(old, readonly=True)
    assert old.read_bytes() == before


def test_a_writer_upgrades_the_old_format(log: Log, old: Path) -> None:
    """All that was held is held as before, under the tables of a new log."""
    upgraded = Log(old)
    assert schema_of(upgraded) == schema_of(log)
    assert upgraded.batches() == log.batches()
    assert list(upgraded.iter_records("town")) == list(log.iter_records("town"))
    assert upgraded.verify("town") == log.root("town")
    append(upgraded, [draft("d")])
    assert Log(old, readonly=True).count("town") == 4


def test_an_upgrade_that_fails_leaves_the_old_format(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The upgrade is one transaction: after a failure the next attempt finds all."""
    with monkeypatch.context() as patch:
        patch.setattr(tables, "_UPGRADE", (*tables._UPGRADE, "SELECT no_such_column"))
        with pytest.raises(LogCorrupt, match="no_such_column"):
            Log(old)
    with pytest.raises(LogCorrupt, match="format 1"):
        Log(old, readonly=True)
    assert Log(old).count("town") == 3


def test_two_writers_upgrade_once(old: Path) -> None:
    """Of two processes that start together the second finds it done."""
    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(lambda _: Log(old).count("town"), range(4)))
    assert counts == [3] * 4


def test_a_later_format_is_refused(log: Log) -> None:
    """What a later release wrote is not guessed at."""
    by_hand(log, "PRAGMA user_version = 3")
    with pytest.raises(LogCorrupt, match="format 3, not 2: it was written by another"):
        Log(log.path)
