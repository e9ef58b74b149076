"""Every field of every kind of row in a data directory is covered by `verify`."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.tamper.directory import copy, put_file, verified

# What the message must name: what was changed, or what is no longer right by it.
NAMED = {
    "batch": "batch",
    "batch_range": "batch",
    "checkpoint": "checkpoint",
    "entry": r"entry \d+|\d+ entries, but size",
    "item": r"entry \d+|item sha-256:|withheld",
    "register": "lake|river|town|register",
    "statement": "statement",
    "system_entry": "system entr",
    "tile": "tile",
}


def others(value: object) -> list[object]:
    """Other values in the place of one: near it, far from it, and of other kinds."""
    if isinstance(value, int):
        return [value ^ 1, value + 1_000_000, str(value) + "x", None]
    if isinstance(value, str):
        other = chr(ord(value[-1]) ^ 1)
        return [value[:-1] + other, value + " ", value[:-1], value.encode(), None]
    if isinstance(value, bytes):
        last = bytes([value[-1] ^ 1])
        return [value[:-1] + last, value[:-1], value + b"\0", "text", 7, None]
    return ["x", 7]


def put(
    data: Path,
    table: str,
    row: dict[str, object],
    column: str,
    value: object,
) -> bool:
    """Put a value in a row; False when SQLite itself refuses it there, or takes it as
    the value that was there."""
    where = " AND ".join(f"{name} IS ?" for name in row)
    with closing(sqlite3.connect(data / "log.sqlite")) as db, db:
        try:
            changed = db.execute(
                f"UPDATE {table} SET {column} = ? WHERE {where}",  # noqa: S608
                (value, *row.values()),
            ).rowcount
        except sqlite3.IntegrityError:
            return False
        (left,) = db.execute(
            f"SELECT count(*) FROM {table} WHERE {where}",  # noqa: S608
            tuple(row.values()),
        ).fetchone()
    assert changed == 1
    return not left


@pytest.mark.parametrize("table", NAMED)
def test_a_field_of_a_row_that_was_changed_is_named(
    origin: Path, tmp_path: Path, table: str
) -> None:
    """Whatever is put in the place of a value of the first, a middle or the last row,
    `verify` ends with 1 and says where."""
    data = copy(origin, tmp_path / "data")
    whole = (data / "log.sqlite").read_bytes()
    with closing(sqlite3.connect(data / "log.sqlite")) as db:
        columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
        cells = ", ".join(columns)
        rows = db.execute(f"SELECT {cells} FROM {table}").fetchall()  # noqa: S608
    changed = 0
    for row in {0, len(rows) // 2, len(rows) - 1}:
        for place, column in enumerate(columns):
            for value in others(rows[row][place]):
                put_file(data, whole)
                if put(
                    data,
                    table,
                    dict(zip(columns, rows[row], strict=True)),
                    column,
                    value,
                ):
                    code, said = verified(data)
                    what = f"{table}.{column}: {rows[row][place]!r}: {value!r}: {said}"
                    assert code == 1, what
                    assert re.search(NAMED[table], said), what
                    changed += 1
    assert changed > len(columns)
