"""Register serialisation format: a register as lines, parsed and written.

Register Serialisation Format (GDS openregister): `assert-root-hash`, `add-item` and
`append-entry` lines, tab-separated. Every assertion is checked where it stands, against
the tree of the user entries so far. System entries are metadata beside the tree; a
`custodian` names a person, so it is never kept. An item that is withheld has no
`add-item` line, while its entries stay; such a file is believed only where the log
knows by itself that the item is withheld.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

from trigpoint.errors import BadRelease, InvalidInput
from trigpoint.log import merkle
from trigpoint.log.entry import TIMESTAMP, Draft, Entry, SystemEntry, leaf
from trigpoint.log.merkle import Frontier
from trigpoint.log.reader import LogReader
from trigpoint.schema.items import (
    Item,
    canonical_json,
    format_hash,
    item_hash,
    parse_hash,
    parse_item,
)

PERSONAL = ("custodian",)
_MAX_LINE = 32 * 2**20
_PAGE = 10_000


@dataclass
class Archive:
    """What one RSF file says of one register.

    `start` is the size that the file's first assertion names (0 for a whole register);
    `assertions` counts the root hashes that were checked, the last of them `asserted`
    of so many entries; `withheld` counts the metadata that was left out because it
    names a person. `root` is that of all entries.
    """

    register: str
    start: int = 0
    entries: list[Draft] = field(default_factory=list)
    system: list[SystemEntry] = field(default_factory=list)
    assertions: int = 0
    asserted: int = 0
    withheld: int = 0
    root: bytes = merkle.EMPTY_ROOT

    def metadata(self, prefix: str) -> dict[str, Item]:
        """The latest system items whose key begins with `prefix:`, by what follows."""
        return {
            entry.key.removeprefix(f"{prefix}:"): parse_item(entry.item)
            for entry in self.system
            if entry.key.startswith(f"{prefix}:")
        }

    def named(self, key: str, member: str) -> str | None:
        """One member of the latest system item under `key`."""
        found = [parse_item(entry.item) for entry in self.system if entry.key == key]
        value = found[-1].get(member) if found else None
        return value if isinstance(value, str) else None


def read_rsf(
    path: Path, known: Frontier | None = None, withheld: Collection[bytes] = ()
) -> Archive:
    """Read and check one RSF file; nothing of it is believed before its end.

    `known` is the tree that the log holds already, for a file that goes on from it, and
    `withheld` names the items that may be absent, since the log withholds them itself.
    Raises BadRelease with the line number: a hash that does not match, an item that is
    not canonical, never used or used before it is added, an entry out of order, a root
    hash that comes out otherwise, a line that is cut off.
    """
    reader = _Reader(path, known or Frontier(), withheld)
    with _open(path) as file:
        for number, line in enumerate(_lines(file, path), start=1):
            reader.line(number, line)
    return reader.archive()


def _open(path: Path) -> BinaryIO:
    """The bytes of a file, unpacked if its name ends in `.gz`."""
    if path.suffix == ".gz":
        return cast("BinaryIO", gzip.open(path, "rb"))
    return path.open("rb")


def _lines(file: BinaryIO, path: Path) -> Iterator[str]:
    number = 0
    while line := _line(file, path, number + 1):
        number += 1
        if len(line) == _MAX_LINE:
            raise BadRelease("the line is too long", file=path.name, row=number)
        if not line.endswith(b"\n"):
            raise BadRelease(
                "the last line is cut off",
                file=path.name,
                row=number,
                do="fetch the file again",
            )
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise BadRelease(
                f"not UTF-8: {error}", file=path.name, row=number
            ) from error
        yield text.rstrip("\r\n")


def _line(file: BinaryIO, path: Path, number: int) -> bytes:
    try:
        return file.readline(_MAX_LINE)
    except (EOFError, OSError, zlib.error) as error:
        raise BadRelease(
            f"cannot be unpacked: {error}",
            file=path.name,
            row=number,
            do="fetch the file again",
        ) from error


class _Reader:
    """State while the lines of one file go by."""

    def __init__(
        self, path: Path, known: Frontier, withheld: Collection[bytes]
    ) -> None:
        self._path = path
        self._known = known
        self._withheld = withheld
        self._items: dict[bytes, tuple[str, int]] = {}
        self._unused: dict[bytes, int] = {}
        self._drafts: list[Draft] = []
        self._tree = Frontier()
        self._archive = Archive(register=path.name.partition(".")[0])
        self._last = ""
        self._commands = {
            "assert-root-hash": (2, self._assert),
            "add-item": (2, self._add),
            "append-entry": (5, self._append),
        }

    def line(self, number: int, text: str) -> None:
        command, *_ = parts = text.split("\t")
        if command not in self._commands:
            raise self._error(f"unknown command “{command[:40]}”", number)
        width, run = self._commands[command]
        if len(parts) != width:
            raise self._error(f"{command} with {len(parts)} parts, not {width}", number)
        try:
            run(number, parts[1:])
        except InvalidInput as error:
            raise self._error(str(error), number) from error

    def archive(self) -> Archive:
        """The whole file's content, once its last line was read."""
        for digest, number in self._unused.items():
            raise self._error(f"item {format_hash(digest)} is never used", number)
        archive = self._archive
        if not (self._drafts or archive.system or archive.assertions):
            raise self._error("the file is empty", 1)
        archive.register = archive.named("name", "name") or archive.register
        for draft in self._drafts:
            if draft.item is None:
                continue
            if parse_item(draft.item).get(archive.register) != draft.key:
                _, number = self._items[draft.item_hash]
                raise self._error(
                    f"the item of key “{draft.key}” has another {archive.register}",
                    number,
                )
        archive.entries, archive.root = self._drafts, self._tree.root
        return archive

    def _assert(self, number: int, parts: list[str]) -> None:
        claimed = parse_hash(parts[0])
        if not self._tree.size and claimed == self._known.root:
            self._tree = Frontier(self._known.size, self._known.peaks)
            self._archive.start = self._tree.size
        root = self._tree.root
        if claimed != root:
            raise self._error(
                f"the root hash of {self._tree.size} entries is {format_hash(root)}, "
                f"not {parts[0]}",
                number,
            )
        self._archive.assertions += 1
        self._archive.asserted = self._tree.size

    def _add(self, number: int, parts: list[str]) -> None:
        item = parse_item(parts[0])
        if canonical_json(item) != parts[0]:
            raise self._error("the item is not in canonical form", number)
        digest = item_hash(parts[0])
        if digest not in self._items:
            self._unused[digest] = number
        self._items[digest] = (parts[0], number)

    def _append(self, number: int, parts: list[str]) -> None:
        kind, key, timestamp, name = parts
        digest = parse_hash(name)
        if not TIMESTAMP.fullmatch(timestamp):
            raise self._error(f"“{timestamp}” is not a time in UTC", number)
        if not key:
            raise self._error("the key is empty", number)
        self._unused.pop(digest, None)
        if kind == "user":
            self._append_user(number, key, timestamp, digest)
        elif kind != "system":
            raise self._error(f"“{kind}” is neither user nor system", number)
        elif digest not in self._items:
            raise self._error(f"no item called {name} was added before", number)
        elif key in PERSONAL:
            self._archive.withheld += 1
        else:
            text, _ = self._items[digest]
            self._archive.system.append(SystemEntry(key, timestamp, text))

    def _append_user(
        self, number: int, key: str, timestamp: str, digest: bytes
    ) -> None:
        text, _ = self._items.get(digest, (None, 0))
        if text is None and digest not in self._withheld:
            raise self._error(
                f"no item called {format_hash(digest)} was added before: it is "
                "missing, or its publisher withholds it and this log does not",
                number,
            )
        if timestamp < self._last:
            raise self._error(f"older than the entry before it ({self._last})", number)
        self._last = timestamp
        entry = Entry(self._tree.size + 1, timestamp, key, digest)
        self._tree.add([merkle.leaf_hash(leaf(entry))])
        self._drafts.append(Draft(timestamp, key, text, digest))

    def _error(self, what: str, number: int) -> BadRelease:
        return BadRelease(
            what,
            file=self._path.name,
            row=number,
            do="nothing was loaded; fetch the file again or ask its publisher",
        )


def format_rsf(
    register: str,
    system: Iterable[SystemEntry],
    entries: Iterable[Entry],
    content: Iterable[str],
    root: bytes,
) -> Iterator[str]:
    """Lines of a whole register: items first, then entries, then its root hash.

    `content` gives the items that `entries` name and that are not withheld. A register
    without a `name` entry gets one, so that the file says what it is.
    """
    metadata = list(system)
    if not any(entry.key == "name" for entry in metadata):
        name = canonical_json({"name": register})
        metadata.insert(0, SystemEntry("name", "1970-01-01T00:00:00Z", name))
    yield f"assert-root-hash\t{format_hash(merkle.EMPTY_ROOT)}\n"
    for text in dict.fromkeys(entry.item for entry in metadata):
        yield f"add-item\t{text}\n"
    for text in content:
        yield f"add-item\t{text}\n"
    for entry in metadata:
        name = format_hash(item_hash(entry.item))
        yield f"append-entry\tsystem\t{entry.key}\t{entry.timestamp}\t{name}\n"
    for line in entries:
        name = format_hash(line.item_hash)
        yield f"append-entry\tuser\t{line.key}\t{line.timestamp}\t{name}\n"
    yield f"assert-root-hash\t{format_hash(root)}\n"


def rsf_lines(log: LogReader, register: str) -> Iterator[str]:
    """A register as RSF: its items, entries, metadata and root hash, by line.

    Read it within `log.snapshot()`, or an append meanwhile makes it contradict itself.
    """
    return format_rsf(
        register,
        log.system_entries(register),
        _entries(log, register),
        _contents(log, register),
        log.root(register),
    )


def _entries(log: LogReader, register: str) -> Iterator[Entry]:
    start = 1
    while page := log.entries(register, start, _PAGE):
        yield from page
        start = page[-1].number + 1


def _contents(log: LogReader, register: str) -> Iterator[str]:
    """The text of each item that the entries name, once, in the order of the entries.

    SQLite groups and sorts on disk what does not fit into memory.
    """
    items = log.db.execute(
        "SELECT item FROM entry WHERE register = ? AND number <= ? "
        "GROUP BY item ORDER BY min(number)",
        (log.register_id(register), log.size(register)),
    )
    for item in items:
        (text,) = log.db.execute(
            "SELECT content FROM item WHERE id = ?", item
        ).fetchone()
        if text is not None:
            yield text
