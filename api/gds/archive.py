"""The archive of `/download-register`: a ZIP of one JSON file for each part.

`register.json`, `item/{hash}.json` and `entry/{number}.json`, as ArchiveCreator of
openregister-java wrote them. A ZIP lists all its files at the end, and so that list is
in memory, and nothing of it can be sent before: large registers are had as RSF.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from typing import IO

from api.gds.errors import TooLarge
from api.gds.summary import summary
from api.gds.turtle import Names
from api.gds.views import compact, entry_body
from api.service import Service
from trigpoint.errors import Withheld
from trigpoint.log.entry import Entry
from trigpoint.log.reader import LogReader
from trigpoint.schema.items import format_hash
from trigpoint.schema.shape import Schema

MAX_ENTRIES = 20_000
MAX_TEXT = 50_000_000  # characters of items
_PAGE = 1000


def write_archive(here: Service, schema: Schema, file: IO[bytes]) -> None:
    """Write the ZIP of a register as the log is now.

    Items that are withheld are not in it, their entries are. Raises TooLarge.
    """
    log, register = here.registers.log, schema.register
    with log.snapshot(), zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        if log.size(register) > MAX_ENTRIES:
            raise _too_large(here, register)
        packed.writestr("register.json", compact(summary(here, schema)))
        length = 0
        for name, text in _items(log, register):
            length += len(text)
            if length > MAX_TEXT:
                raise _too_large(here, register)
            packed.writestr(f"item/{name}.json", text)
        for entry in _entries(log, register):
            body = compact(entry_body(entry))
            packed.writestr(f"entry/{entry.number}.json", body)


def _too_large(here: Service, register: str) -> TooLarge:
    return TooLarge(
        f"{register} is too large for an archive, which holds at most {MAX_ENTRIES} "
        f"entries and {MAX_TEXT} characters of items: take "
        f"{Names(here.base, register).door}/download-rsf instead"
    )


def _items(log: LogReader, register: str) -> Iterator[tuple[str, str]]:
    """Name and text of each item, once, in the order of entries."""
    seen: set[bytes] = set()
    for entry in _entries(log, register):
        if entry.item_hash not in seen:
            seen.add(entry.item_hash)
            try:
                yield format_hash(entry.item_hash), log.item(entry.item_hash)
            except Withheld:
                continue


def _entries(log: LogReader, register: str) -> Iterator[Entry]:
    start = 1
    while page := log.entries(register, start, _PAGE):
        yield from page
        start = page[-1].number + 1
