"""What was changed behind the log's back is found, and named."""

from __future__ import annotations

import pytest

from tests.log.drafts import append, by_hand, draft
from trigpoint.errors import LogCorrupt
from trigpoint.log.store import Log

FLIPS = {
    "item": (
        "UPDATE item SET content = replace(content, 'Ayr', 'Air') "
        "WHERE id = (SELECT item FROM entry WHERE number = 1)",
        "the item of entry 1 is not sha-256:",
    ),
    "item-no-longer-text": (
        "UPDATE item SET content = CAST(x'ff' || content AS TEXT) "
        "WHERE id = (SELECT item FROM entry WHERE number = 1)",
        "the item of entry 1 is not sha-256:",
    ),
    "item-hash": (
        "UPDATE item SET hash = zeroblob(32) "
        "WHERE id = (SELECT item FROM entry WHERE number = 2)",
        "entry 2",
    ),
    "entry-key": ("UPDATE entry SET key = 'q' WHERE number = 4", "entry 4"),
    "entry-time": (
        "UPDATE entry SET timestamp = '2020-01-01T00:00:00Z' WHERE number = 3",
        "entry 3",
    ),
    "entry-item": (
        "UPDATE entry SET item = (SELECT item FROM entry WHERE number = 1) "
        "WHERE number = 5",
        "entry 5",
    ),
    "entry-gone": ("DELETE FROM entry WHERE number = 2", "entry 2 is missing"),
    "last-entry-gone": ("DELETE FROM entry WHERE number = 300", "but size 300"),
    "size": ("UPDATE register SET size = 299", "but size 299"),
    "leaf-in-tile": (
        "UPDATE tile SET hashes = CAST(zeroblob(32) || substr(hashes, 33) AS BLOB) "
        "WHERE level = 0 AND position = 1",
        "tile 0/1 does not hold the hash of entry 257",
    ),
    "tile-cut": (
        "UPDATE tile SET hashes = substr(hashes, 33) WHERE level = 0 AND position = 1",
        "tile 0/1",
    ),
    "tile-above": (
        "UPDATE tile SET hashes = zeroblob(32) WHERE level = 1",
        "tile 1/0",
    ),
    "tile-gone": ("DELETE FROM tile WHERE level = 0 AND position = 0", "tile 0/0"),
    "tile-too-many": (
        "INSERT INTO tile SELECT register, 2, 0, hashes FROM tile WHERE level = 1",
        "3 tiles|4 tiles",
    ),
}


@pytest.mark.parametrize(("sql", "says"), FLIPS.values(), ids=FLIPS.keys())
def test_verify_names_what_was_changed(log: Log, sql: str, says: str) -> None:
    """A byte changed in an item, entry or tile is found and named."""
    append(log, [draft(f"k{n}") for n in range(295)])
    assert log.verify("town") == log.root("town")
    by_hand(log, sql)
    with pytest.raises(LogCorrupt, match=says):
        log.verify("town")


def test_a_damaged_file_is_an_error_of_ours(log: Log) -> None:
    """A database that SQLite cannot read is reported as a corrupt log."""
    append(log, [draft(f"k{n}", name="x" * 100) for n in range(2_000)])
    log.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    log.close()
    with log.path.open("r+b") as file:
        for page in range(20, 60):
            file.seek(page * 4096)
            file.write(b"\x99" * 4096)
    with pytest.raises(LogCorrupt, match="damaged"):
        log.verify("town")
