"""Entries, records and batches: what a line of the log says."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring
from typing import NamedTuple

from trigpoint.log.merkle import leaf_hash
from trigpoint.schema.items import Item, format_hash

TIMESTAMP = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z", re.ASCII)
_ESCAPED = re.compile(r'["\\\x00-\x1f]')  # what JSON text holds spelt otherwise


class Entry(NamedTuple):
    """One line of a register's log; `number` counts from 1."""

    number: int
    timestamp: str
    key: str
    item_hash: bytes

    @property
    def leaf_index(self) -> int:
        """Place of the entry's leaf in the tree; counts from 0 (RFC 6962)."""
        return self.number - 1

    def as_json(self) -> dict[str, str]:
        """The entry as GDS wrote it for people and programs: all values are text."""
        return {
            "entry-number": str(self.number),
            "entry-timestamp": self.timestamp,
            "key": self.key,
            "item-hash": format_hash(self.item_hash),
        }


@dataclass(frozen=True)
class Record:
    """The latest entry of a key, with its item."""

    register: str
    entry: Entry
    item: Item


class Draft(NamedTuple):
    """An entry that is not yet in the log: what will be appended.

    `item` is None when the log holds the item already and withholds it.
    """

    timestamp: str
    key: str
    item: str | None
    item_hash: bytes


@dataclass(frozen=True)
class SystemEntry:
    """Metadata beside the tree: a field definition, the register's own, its name."""

    key: str
    timestamp: str
    item: str


@dataclass(frozen=True)
class Batch:
    """Where the entries of one load came from (PROV).

    `files` are (name, `sha-256:…`) of what was read; `release_date` is the date
    that the source gives its release, in GDS spelling.
    """

    source: str
    title: str
    files: tuple[tuple[str, str], ...] = ()
    licence: str | None = None
    attribution: str | None = None
    landing_page: str | None = None
    release_date: str | None = None


@dataclass(frozen=True)
class BatchKey:
    """The custodian's key that a batch was appended with: its id, and the name of the
    organisation that it was given to."""

    id: str
    name: str


def leaf(entry: tuple[int, str, str, bytes]) -> bytes:
    """The bytes that the tree hashes: the GDS v1 entry as compact JSON, keys in the
    order that openregister-java wrote them. `entry` is an Entry, or its row."""
    # Spelt out, since a leaf is made of every entry that is appended or verified.
    number, timestamp, key, digest = entry
    return (
        f'{{"index-entry-number":"{number}","entry-number":"{number}",'
        f'"entry-timestamp":{encode_basestring(timestamp)},'
        f'"key":{encode_basestring(key)},"item-hash":["{format_hash(digest)}"]}}'
    ).encode()


def leaf_hashes(
    numbers: Iterable[int],
    timestamps: Sequence[str],
    keys: Sequence[str],
    item_hashes: Sequence[bytes],
) -> list[bytes]:
    """The tree's hashes of the leaves of entries, given as columns of one length: as
    `leaf_hash` makes them of `leaf`."""
    rows = zip(numbers, timestamps, keys, item_hashes, strict=True)
    if any(_ESCAPED.search("".join(column)) for column in (timestamps, keys)):
        return [leaf_hash(leaf(row)) for row in rows]
    # Appending and verifying spend much of their time here, so nothing is called that
    # need not be.
    sha256 = hashlib.sha256
    return [
        sha256(
            f'\0{{"index-entry-number":"{number}","entry-number":"{number}",'
            f'"entry-timestamp":"{timestamp}","key":"{key}",'
            f'"item-hash":["sha-256:{digest.hex()}"]}}'.encode()
        ).digest()
        for number, timestamp, key, digest in rows
    ]
