"""Whether the file of a log is sound, whatever its rows say of the trees.

SQLite's own check finds pages that are damaged and indexes that disagree with their
tables: those would have look-ups answer otherwise than the entries that were verified.
What no signature covers, since nothing is derived from it, is checked here, too.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

from trigpoint.errors import LogCorrupt
from trigpoint.log.reader import LogReader
from trigpoint.log.tables import connect

# Each finds what is not as it must be, and names it. `typeof` comes first: a value of
# another kind compares with anything.
_SMALL = {
    "register {} is not told of as a register is": """
        SELECT id FROM register
        WHERE typeof(name) != 'text' OR typeof(size) != 'integer' OR size < 0
            OR typeof(shape) NOT IN ('text', 'null')
    """,
    "batch {} is not told of as a batch is": """
        SELECT id FROM batch
        WHERE typeof(appended) != 'text' OR typeof(source) != 'text'
            OR typeof(title) != 'text' OR typeof(files) != 'text'
            OR NOT json_valid(files) OR (key IS NULL) != (key_name IS NULL)
            OR typeof(licence) NOT IN ('text', 'null')
            OR typeof(attribution) NOT IN ('text', 'null')
            OR typeof(landing_page) NOT IN ('text', 'null')
            OR typeof(release_date) NOT IN ('text', 'null')
            OR typeof(key) NOT IN ('text', 'null')
            OR typeof(key_name) NOT IN ('text', 'null')
    """,
    "{1}: the entries of batch {0} are not told as a range of its entries": """
        SELECT r.batch, coalesce(g.name, 'register ' || r.register)
        FROM batch_range r LEFT JOIN register g ON g.id = r.register
        WHERE typeof(first) != 'integer' OR typeof(last) != 'integer'
            OR first < 1 OR first > last OR last > g.size OR g.size IS NULL
    """,
    "{1}: system entry {0} is not told of as one is": """
        SELECT s.position, coalesce(g.name, 'register ' || s.register)
        FROM system_entry s LEFT JOIN register g ON g.id = s.register
        WHERE typeof(key) != 'text' OR typeof(timestamp) != 'text'
            OR typeof(item) != 'text' OR g.name IS NULL OR position != (
                SELECT count(*) FROM system_entry one
                WHERE one.register = s.register AND one.position <= s.position
            )
    """,
    "{1}: the checkpoint of {0} entries is not kept as one is": """
        SELECT c.size, coalesce(g.name, 'register ' || c.register)
        FROM checkpoint c LEFT JOIN register g ON g.id = c.register
        WHERE typeof(note) != 'text' OR typeof(c.size) != 'integer' OR g.name IS NULL
    """,
    "{}: the signed statement is not kept as one is": """
        SELECT coalesce(g.name, 'register ' || s.register)
        FROM statement s LEFT JOIN register g ON g.id = s.register
        WHERE typeof(note) != 'text' OR g.name IS NULL
    """,
    "{2}: tile {0}/{1} is not kept as one is": """
        SELECT level, position, coalesce(g.name, 'register ' || t.register)
        FROM tile t LEFT JOIN register g ON g.id = t.register
        WHERE typeof(hashes) != 'blob' OR typeof(level) != 'integer'
            OR typeof(position) != 'integer' OR g.name IS NULL
    """,
}
_LARGE = {
    "item sha-256:{} is withheld without a reason and a day, or shown with them": """
        SELECT lower(hex(hash)) FROM item
        WHERE (content IS NULL) != (withheld IS NOT NULL)
            OR (content IS NULL) != (withheld_on IS NOT NULL)
    """,
    "item sha-256:{} is not kept as text": """
        SELECT lower(hex(hash)) FROM item WHERE typeof(content) NOT IN ('text', 'null')
    """,
    "item sha-256:{} is held, but no entry names it": """
        SELECT lower(hex(hash)) FROM item
        WHERE content IS NOT NULL AND id NOT IN (SELECT item FROM entry)
    """,
}


@contextmanager
def sound(log: LogReader) -> Iterator[None]:
    """Check the file of a log while what stands within it is verified, which finds more
    telling names for what is wrong: what it raises comes first.

    Raises LogCorrupt. SQLite's check runs in a thread of its own, beside the hashing.
    """
    with _damage(log.path):
        _check(log.db, _SMALL)
        _check_files(log.db)
    with ThreadPoolExecutor(1, thread_name_prefix="soundness") as threads:
        rest = threads.submit(_check_pages, log.path)
        with _damage(log.path):
            yield
        rest.result()


def _check_pages(path: Path) -> None:
    """Every page and index, and what takes reading all rows."""
    with closing(connect(path, readonly=True)) as db, _damage(path):
        for (found,) in db.execute("PRAGMA integrity_check(1)"):
            if found != "ok":
                raise LogCorrupt(f"{path} is damaged: {found}")
        for table, row, parent, _ in db.execute("PRAGMA foreign_key_check"):
            where = "a row" if row is None else f"row {row}"
            raise LogCorrupt(f"{path}: {where} of {table} is of no {parent}")
        _check(db, _LARGE)


def _check(db: sqlite3.Connection, queries: dict[str, str]) -> None:
    for says, query in queries.items():
        row = db.execute(query).fetchone()
        if row is not None:
            raise LogCorrupt(says.format(*row))


def _check_files(db: sqlite3.Connection) -> None:
    """The files of each batch must be spelt as they are written: what reads them would
    take other spellings."""
    for batch, files in db.execute("SELECT id, files FROM batch"):
        try:
            spelt = json.dumps(json.loads(files))
        except ValueError:  # SQLite takes for JSON what is none for Python
            spelt = ""
        if spelt != files:
            raise LogCorrupt(f"the files of batch {batch} are not told as files are")


@contextmanager
def _damage(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        # The second when SQLite quotes bytes of a damaged file in its message.
        raise LogCorrupt(f"{path} is damaged: {error}") from error
