"""A small data directory with a row of each kind, and all that its database says."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from typer.testing import CliRunner

from tests.copies import keys_of
from tests.log.drafts import BATCH, draft
from tests.log.installation import Installation, installation
from trigpoint.cli import app
from trigpoint.errors import LogCorrupt, NotVerified, SigningRefused
from trigpoint.log.entry import BatchKey, SystemEntry
from trigpoint.log.rotation import rotate
from trigpoint.resources import resource_folder

KEY = BatchKey("f00f", "Ordnance Survey")


def build(folder: Path) -> Installation:
    """A log of 600 towns, with items that repeat and one that is withheld, of 80
    rivers and of no lake; signed when it had 300 towns, and by another key since."""
    made = installation(folder)
    with made.log.appending(BATCH) as appender:
        appender.declare("town", _shape())
        appender.declare("lake")
        entries = [
            SystemEntry("name", "2019-01-01T00:00:00Z", '{"name":"town"}'),
            SystemEntry("custodian", "2019-01-01T00:00:00Z", '{"custodian":"us"}'),
        ]
        appender.set_system_entries("town", entries)
        appender.append("town", [draft(f"k{n}", name="Ayr") for n in range(300)])
    made.sign()
    rotate(made.log, made.keys)
    with made.log.appending(BATCH, key=KEY) as appender:
        towns = [draft(f"k{n % 250}", name=f"N{n % 40}") for n in range(300)]
        appender.append("town", towns)
        appender.append("river", [draft(f"r{n}") for n in range(80)])
    made.log.withhold(draft("k7", name="N7").item_hash, "A person", "2020-01-02")
    made.sign()
    made.log.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    made.log.close()
    return made


def _shape() -> str:
    """The Turtle of a shape that the register brought."""
    text = (resource_folder("shapes") / "country.ttl").read_text("utf-8")
    names = {'"country"': '"town"', "shape:country": "shape:town", "Country": "Town"}
    for old, new in names.items():
        text = text.replace(old, new)
    return text


def copy(source: Path, target: Path) -> Path:
    """A copy of a data directory, in the place of one that is there."""
    for folder, of in ((target, source), (keys_of(target), keys_of(source))):
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(of, folder)
    identity = (target / "identity.json").read_text("utf-8")
    (target / "identity.json").write_text(
        identity.replace(keys_of(source).name, keys_of(target).name), "utf-8"
    )
    return target


def put_file(data: Path, whole: bytes) -> None:
    """Have a data directory hold this database, and nothing of the one before."""
    for suffix in ("", "-wal", "-shm"):
        (data / f"log.sqlite{suffix}").unlink(missing_ok=True)
    (data / "log.sqlite").write_bytes(whole)


def verified(target: Path, *words: str) -> tuple[int, str]:
    """The exit code of `trigpoint verify`, and the error that it ended with."""
    runner = CliRunner(env={"TRIGPOINT_DATA": None})
    result = runner.invoke(app, ["verify", str(target), *words])
    if isinstance(result.exception, LogCorrupt | NotVerified | SigningRefused):
        return 1, str(result.exception)  # as the console script would
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        return 2, repr(result.exception)
    return result.exit_code, result.output


def content(path: Path) -> list[object]:
    """All that a log's database says, with the kinds of the values: row by row as its
    tables have them, and as its indexes lead to them. Raises sqlite3.DatabaseError."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        db.text_factory = bytes
        return [db.execute(query).fetchall() for query in _CONTENT]


_CONTENT = (
    "PRAGMA user_version",
    "SELECT id, name, size, shape, typeof(size) FROM register ORDER BY id",
    "SELECT id FROM register WHERE name IN ('lake', 'river', 'town')",
    "SELECT *, typeof(hash), typeof(content) FROM item ORDER BY id",
    "SELECT hash, id FROM item ORDER BY hash",
    "SELECT id FROM item WHERE content IS NULL",
    "SELECT * FROM batch ORDER BY id",
    "SELECT * FROM batch_range ORDER BY batch, register",
    "SELECT *, typeof(timestamp), typeof(key) FROM entry ORDER BY register, number",
    """SELECT register, key, number FROM entry INDEXED BY entry_key
        ORDER BY register, key, number""",
    "SELECT * FROM system_entry ORDER BY register, position",
    "SELECT *, typeof(hashes) FROM tile ORDER BY rowid",
    "SELECT register, level, position FROM tile ORDER BY register, level, position",
    "SELECT * FROM checkpoint ORDER BY register, size",
    "SELECT * FROM statement ORDER BY register",
)
