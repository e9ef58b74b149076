"""The log: appending, roots and verification, against the bare hashing in them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

from bench.inputs import BATCH, Inputs
from bench.measure import Comparison, Side
from trigpoint.log import merkle
from trigpoint.log.checkpoint import Checkpoint, log_origin
from trigpoint.log.entry import Draft, Entry, leaf
from trigpoint.log.note import Note, SigningKey
from trigpoint.log.prove import prove_entry
from trigpoint.log.store import Log
from trigpoint.schema.items import canonical_json, item_hash

_ENTRIES = 50_000
_ROOTS = 200
_PROVED = 1_000_000
_PROOFS = 200
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
    yield _proving(inputs, Log(next(folders) / "log.sqlite"))


def _proving(inputs: Inputs, log: Log) -> Comparison:
    """Proofs of entries spread over a long log, against its leaf hashes alone."""
    size, proofs = inputs.size(_PROVED), inputs.size(_PROOFS)
    text = canonical_json({_REGISTER: "0"})
    digest = item_hash(text)
    _append(log, [Draft(_TIME, str(n), text, digest) for n in range(size)])
    _sign(log)
    leaves = [
        merkle.leaf_hash(leaf(Entry(n + 1, _TIME, str(n), digest))) for n in range(size)
    ]
    return Comparison(
        "Prove an entry",
        f"{size:,} entries of one item",
        "proof",
        (
            Side("from all leaf hashes", 1, lambda: _path(leaves, size - 1)),
            Side("prove_entry", proofs, lambda: _prove(log, size, proofs)),
        ),
        per="ms",
        clock="processor",
        about="The reference hashes each subtree beside the way from the leaf to the "
        "root. `prove_entry` reads checkpoint, entry and tiles, and answers with the "
        "root as well; its entries are spread over the log.",
    )


def _path(leaves: list[bytes], index: int) -> list[bytes]:
    """Hashes from a leaf to the root, lowest first (RFC 6962, section 2.1.1)."""
    if len(leaves) == 1:
        return []
    split = 1 << (len(leaves) - 1).bit_length() - 1
    left, right = leaves[:split], leaves[split:]
    if index < split:
        return [*_path(left, index), merkle.root_hash(right)]
    return [*_path(right, index - split), merkle.root_hash(left)]


def _prove(log: Log, size: int, times: int) -> list[bytes]:
    found: list[bytes] = []
    for n in range(1, times + 1):
        found = list(prove_entry(log, _REGISTER, n * size // times).hashes)
    return found


def _sign(log: Log) -> None:
    """A checkpoint of the whole log; which key signs it does not matter."""
    name = log_origin("localhost:8000", _REGISTER)
    size = log.size(_REGISTER)
    text = Checkpoint(name, size, log.root(_REGISTER)).text
    note = Note(text, (SigningKey.generate().sign(text, name),))
    log.put_checkpoint(_REGISTER, size, note.format())


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
