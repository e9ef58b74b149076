"""The log: appending, roots and verification, against the bare hashing in them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

from bench.inputs import BATCH, Inputs
from bench.measure import Comparison, Side
from trigpoint.log import merkle
from trigpoint.log.entry import Draft, Entry, leaf
from trigpoint.log.store import Log
from trigpoint.schema.items import canonical_json, item_hash

_ENTRIES = 50_000
_ROOTS = 200
_TIME = "2025-05-01T00:00:00Z"
_REGISTER = "postcode"


def comparisons(inputs: Inputs) -> Iterator[Comparison]:
    """Append, verify and root of a register of postcodes."""
    items = _items(inputs)
    drafts = [Draft(_TIME, key, text, item_hash(text)) for key, text in items.items()]
    folders = (inputs.folder / f"log-{n}" for n in count())
    given = f"{len(drafts):,} entries, one of each postcode"
    yield Comparison(
        "Append to the log",
        given,
        "entries",
        (
            Side("hashing alone", len(drafts), lambda: _hash(items)),
            _appending(drafts, folders),
        ),
        about="Hashing: an item's SHA-256, its entry's leaf and the tree's nodes. "
        "Appending writes items, entries, records and tiles to SQLite in one "
        "transaction, reads the entries back to compare them, and syncs.",
    )
    log = Log(next(folders) / "log.sqlite")
    _append(log, drafts)
    yield Comparison(
        "Verify a register",
        given,
        "entries",
        (
            Side("hashing alone", len(drafts), lambda: _hash(items)),
            Side("Log.verify", len(drafts), lambda: log.verify(_REGISTER)),
        ),
        about="`verify` recomputes items, leaves and tiles from what is stored and "
        "compares the records with the entries.",
    )
    leaves = _leaves(drafts)
    roots = inputs.size(_ROOTS)
    yield Comparison(
        "Root hash",
        given,
        "root",
        (
            Side("from all leaf hashes", 1, lambda: merkle.root_hash(leaves)),
            Side("Log.root, from tiles", roots, lambda: _roots(log, roots)),
        ),
        per="µs",
        clock="processor",
        about="From tiles, the work grows with the logarithm of the size.",
    )


def _items(inputs: Inputs) -> dict[str, str]:
    """Canonical items of postcodes, by key."""
    at = inputs.postcodes(_ENTRIES)
    return {
        key: canonical_json({"postcode": key, "point": f"[{lon:.6f},{lat:.6f}]"})
        for key, (lon, lat) in zip(at.keys, at.pairs(), strict=True)
    }


def _hash(items: dict[str, str]) -> bytes:
    """All the hashes that appending needs, and the root that they make."""
    return merkle.root_hash(
        merkle.leaf_hash(leaf(Entry(number, _TIME, key, item_hash(text))))
        for number, (key, text) in enumerate(items.items(), start=1)
    )


def _leaves(drafts: list[Draft]) -> list[bytes]:
    return [
        merkle.leaf_hash(leaf(Entry(number, one.timestamp, one.key, one.item_hash)))
        for number, one in enumerate(drafts, start=1)
    ]


def _appending(drafts: list[Draft], folders: Iterator[Path]) -> Side:
    """Appending to a log that is new for each run."""
    logs: list[Log] = []

    def renew() -> None:
        for log in logs:
            log.close()
        logs[:] = [Log(next(folders) / "log.sqlite")]

    def run() -> bytes:
        return _append(logs[0], drafts)

    return Side("Log.appending", len(drafts), run, renew)


def _append(log: Log, drafts: list[Draft]) -> bytes:
    with log.appending(BATCH) as appender:
        appender.append(_REGISTER, drafts)
    return log.root(_REGISTER)


def _roots(log: Log, times: int) -> bytes:
    found = b""
    for _ in range(times):
        found = log.root(_REGISTER)
    return found
