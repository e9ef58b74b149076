"""The tables of the log, format 2, and connections to them.

An entry is never changed, so a record needs no table of its own: it is the entry of its
key with the greatest number, and the index `entry_key` finds it. An item whose
`content` is null is withheld: its hash, and so every proof, stays.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from trigpoint.errors import LogCorrupt, NoData

VERSION = 2
_PAGE = 8192  # bytes of a new log's pages: half as many to commit as by default
_CACHE = 256 * 1024  # KiB that a writer may fill: what does not fit is written twice

_SIGNED = (
    """
CREATE TABLE checkpoint (
    register INTEGER NOT NULL REFERENCES register,
    size INTEGER NOT NULL,
    note TEXT NOT NULL,   -- C2SP signed note
    PRIMARY KEY (register, size)
) WITHOUT ROWID
""",
    """
CREATE TABLE statement (  -- the signed statement beside a tree
    register INTEGER PRIMARY KEY REFERENCES register,
    note TEXT NOT NULL
)
""",
    "CREATE INDEX item_withheld ON item (id) WHERE content IS NULL",
    f"PRAGMA user_version = {VERSION}",
)

_TABLES = (
    """
CREATE TABLE register (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    size INTEGER NOT NULL,
    shape TEXT            -- Turtle, for a register that brought its own fields
)
""",
    """
CREATE TABLE item (
    id INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    content TEXT,
    withheld TEXT,        -- why, once content is null
    withheld_on TEXT      -- the day, YYYY-MM-DD
)
""",
    """
CREATE TABLE batch (
    id INTEGER PRIMARY KEY,
    appended TEXT NOT NULL,
    source TEXT NOT NULL,
    title TEXT NOT NULL,
    files TEXT NOT NULL,  -- JSON: [[name, "sha-256:..."], ...]
    licence TEXT,
    attribution TEXT,
    landing_page TEXT,
    release_date TEXT,
    key TEXT,             -- of the custodian who appended it
    key_name TEXT         -- the organisation that the key was given to
)
""",
    """
CREATE TABLE batch_range (
    batch INTEGER NOT NULL REFERENCES batch,
    register INTEGER NOT NULL REFERENCES register,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (batch, register)
) WITHOUT ROWID
""",
    """
CREATE TABLE entry (
    register INTEGER NOT NULL REFERENCES register,
    number INTEGER NOT NULL,
    timestamp TEXT NOT NULL,
    key TEXT NOT NULL,
    item INTEGER NOT NULL REFERENCES item,
    PRIMARY KEY (register, number)
) WITHOUT ROWID
""",
    "CREATE INDEX entry_key ON entry (register, key, number)",
    """
CREATE TABLE system_entry (
    register INTEGER NOT NULL REFERENCES register,
    position INTEGER NOT NULL,
    key TEXT NOT NULL,
    timestamp TEXT NOT NULL,
    item TEXT NOT NULL,
    PRIMARY KEY (register, position)
) WITHOUT ROWID
""",
    """
CREATE TABLE tile (
    register INTEGER NOT NULL REFERENCES register,
    level INTEGER NOT NULL,
    position INTEGER NOT NULL,
    hashes BLOB NOT NULL,
    PRIMARY KEY (register, level, position)
)
""",
    *_SIGNED,
)

# Format 1 kept the records in a table, and had neither signatures nor custodians' keys.
_UPGRADE = (
    "DROP TABLE record",
    "ALTER TABLE item ADD COLUMN withheld_on TEXT",
    "ALTER TABLE batch ADD COLUMN key TEXT",
    "ALTER TABLE batch ADD COLUMN key_name TEXT",
    *_SIGNED,
)

_WITHHELD = "SELECT count(*) FROM item INDEXED BY item_withheld WHERE content IS NULL"

_WHAT_IS_IT = """
SELECT user_version, count(name),
    count(name) FILTER (WHERE name IN ('register', 'item', 'entry', 'tile')) = 4
FROM pragma_user_version LEFT JOIN sqlite_master ON type = 'table'
"""


class LogState(NamedTuple):
    """What every append and every withholding changes: the size of each register, by
    name and in its order, its number in the tables, and how many items are withheld."""

    sizes: dict[str, int]
    numbers: dict[str, int]
    withheld: int


class LogFile:
    """A log as its readers share it: a connection a thread, made when it is needed.

    `counts` remembers how many keys a register (by number) holds at a size.
    """

    def __init__(self, path: Path, *, readonly: bool) -> None:
        self.path = path
        self.counts: dict[tuple[int, int], int] = {}
        self._readonly = readonly
        self._local = threading.local()

    @property
    def db(self) -> sqlite3.Connection:
        """This thread's connection."""
        db: sqlite3.Connection | None = getattr(self._local, "db", None)
        if db is None:
            db = connect(self.path, readonly=self._readonly)
            self._local.db = db
        return db

    def state(self) -> LogState:
        """The log's state as this thread sees it.

        A reader keeps it: SQLite says whether another connection has committed since.
        It does not say so of a connection's own commits, so a writer reads it anew.
        """
        pinned: LogState | None = getattr(self._local, "pinned", None)
        if pinned is not None:
            return pinned
        db = self.db
        if not self._readonly:
            return _read_state(db)
        (version,) = db.execute("PRAGMA data_version").fetchone()
        known: tuple[int, LogState] | None = getattr(self._local, "state", None)
        if known is None or known[0] != version:
            known = self._local.state = version, _read_state(db)
        return known[1]

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """All reads of this thread within it see the log as it was at the first."""
        self.db.execute("BEGIN")
        try:
            if self._readonly:
                self._local.pinned = self.state()
            yield
        finally:
            self._local.pinned = None
            self.db.execute("ROLLBACK")

    def close(self) -> None:
        """Close this thread's connection; another is made when it is needed."""
        db: sqlite3.Connection | None = getattr(self._local, "db", None)
        if db is not None:
            db.close()
            vars(self._local).clear()


def _read_state(db: sqlite3.Connection) -> LogState:
    rows = db.execute("SELECT name, id, size FROM register ORDER BY name")
    sizes, numbers = {}, {}
    for name, number, size in rows:
        sizes[name], numbers[name] = size, number
    (withheld,) = db.execute(_WITHHELD).fetchone()
    return LogState(sizes, numbers, int(withheld))


def connect(path: Path, *, readonly: bool) -> sqlite3.Connection:
    """A connection in autocommit mode; the caller begins its own transactions.

    Unless `readonly`, makes the log if it is not there, and upgrades one of format 1.
    Raises NoData when the file is missing, empty or cannot be opened, LogCorrupt when
    it is no register log or of another format.
    """
    if not path.exists():
        if readonly:
            raise NoData(f"{path.parent} holds no registers: load one first")
        _make(path)
    mode = "ro" if readonly else "rw"
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    db = _connect(path, uri)
    try:
        version = _version(db, path, readonly=readonly)
        if version == 1 and not readonly:
            _upgrade(db)
        elif version != VERSION:
            raise LogCorrupt(_other_format(path, version))
        if not readonly:
            # An acknowledged batch must outlive a power cut, not only a killed process.
            db.execute("PRAGMA synchronous = FULL")
            db.execute(f"PRAGMA cache_size = -{_CACHE}")
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        # The second when SQLite quotes bytes of a damaged file in its message.
        db.close()
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_CANTOPEN:
            raise _unopened(path) from error
        raise LogCorrupt(f"{path} is not a register log: {error}") from error
    except (LogCorrupt, NoData):
        db.close()
        raise
    return db


def _connect(path: Path, uri: str) -> sqlite3.Connection:
    try:
        return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=30)
    except sqlite3.OperationalError as error:
        raise _unopened(path) from error


def _unopened(path: Path) -> NoData:
    """The error for a file that may be a log. SQLite reads one with a journal only
    where it may make the journal and its index beside it."""
    return NoData(
        f"{path} cannot be opened: expected a file that may be read, in a folder that "
        "may be written to, since its journal is kept there also while it is read"
    )


def _make(path: Path) -> None:
    """An empty log, made beside and then named: nobody ever sees half of one, and of
    two processes that make it the second finds it there."""
    beside = path.with_name(f"{path.name}.{uuid4().hex}.new")
    db = sqlite3.connect(beside, isolation_level=None)
    db.execute(f"PRAGMA page_size = {_PAGE}")
    db.execute("PRAGMA journal_mode = WAL")
    _run(db, _TABLES)
    db.close()
    with suppress(FileExistsError):
        path.hardlink_to(beside)
    beside.unlink()


def _run(db: sqlite3.Connection, statements: tuple[str, ...]) -> None:
    """Statements in one transaction."""
    db.execute("BEGIN IMMEDIATE")
    for statement in statements:
        db.execute(statement)
    db.execute("COMMIT")


def _version(db: sqlite3.Connection, path: Path, *, readonly: bool) -> int:
    """The format of a log; raises NoData or LogCorrupt when it is none."""
    version, tables, ours = db.execute(_WHAT_IS_IT).fetchone()
    if tables and not ours:
        raise LogCorrupt(f"{path} is not a register log but another database")
    if not tables and readonly and version == 0:
        raise NoData(f"{path} holds no registers: load one first")
    if not tables:
        raise LogCorrupt(f"{path} is empty and no register log: remove it")
    return int(version)


def _upgrade(db: sqlite3.Connection) -> None:
    """Bring a log of format 1 to this one, in one transaction."""
    db.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have done it while this one waited for the lock.
        if db.execute("PRAGMA user_version").fetchone() == (1,):
            for statement in _UPGRADE:
                db.execute(statement)
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _other_format(path: Path, version: int) -> str:
    what = f"{path} is in format {version}, not {VERSION}"
    if version == 1:
        return f"{what}: run `trigpoint init` on its folder, which upgrades it"
    return f"{what}: it was written by another release of trigpoint"
