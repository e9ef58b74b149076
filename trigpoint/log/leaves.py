"""The leaves that a register's stored entries make, each item compared with its name.

Nothing that is stored is believed: who verifies a log, and who signs what it grew by,
begins here. Entries are read a page at a time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from trigpoint.errors import LogCorrupt
from trigpoint.log import merkle
from trigpoint.log.entry import leaf_hashes
from trigpoint.log.reader import LogReader
from trigpoint.schema.items import format_hash

_PAGE = 100 * merkle.TILE_WIDTH
# The content as bytes: what is no longer text must not stop the reading.
_ROWS = """
    SELECT e.number, e.timestamp, e.key, i.hash, CAST(i.content AS BLOB)
    FROM entry e CROSS JOIN item i ON i.id = e.item
    WHERE e.register = ? AND e.number > ? ORDER BY e.number
"""


def checked_leaves(
    log: LogReader, register: str, after: int = 0
) -> Iterator[list[bytes]]:
    """The leaf hashes of the entries after a number, by page. None may be missing, and
    each item must hash to its name: LogCorrupt names the one that does not."""
    rows = log.db.execute(_ROWS, (log.register_id(register), after))
    first = after + 1
    while page := rows.fetchmany(_PAGE):
        numbers, times, keys, hashes, contents = zip(*page, strict=True)
        expected = range(first, first + len(page))
        for number, wanted in zip(numbers, expected, strict=True):
            if number != wanted:
                raise LogCorrupt(f"{register}: entry {wanted} is missing")
        _check_kinds(register, first, times, keys, hashes)
        _check_items(register, numbers, hashes, contents)
        yield leaf_hashes(numbers, times, keys, hashes)
        first += len(page)


def _check_kinds(
    register: str,
    first: int,
    times: Sequence[object],
    keys: Sequence[object],
    hashes: Sequence[object],
) -> None:
    """A column of SQLite may hold values of any kind."""
    columns = (("time", times, str), ("key", keys, str), ("item hash", hashes, bytes))
    for what, values, kind in columns:
        if {*map(type, values)} != {kind}:
            place = next(n for n, one in enumerate(values) if type(one) is not kind)
            raise LogCorrupt(
                f"{register}: the {what} of entry {first + place} is no {what}"
            )


def _check_items(
    register: str,
    numbers: Sequence[int],
    hashes: Sequence[bytes],
    contents: Sequence[bytes | None],
) -> None:
    """Each item that is not withheld must hash to its name."""
    sha256 = hashlib.sha256
    for number, digest, content in zip(numbers, hashes, contents, strict=True):
        if content is not None and sha256(content).digest() != digest:
            raise LogCorrupt(
                f"{register}: the item of entry {number} is not {format_hash(digest)}"
            )
