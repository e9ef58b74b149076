"""The log: appending, roots and verification, against the bare hashing in them."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from itertools import count, cycle
from pathlib import Path

from bench.inputs import BATCH, Inputs
from bench.measure import Comparison, Side
from trigpoint.log import merkle
from trigpoint.log.checkpoint import Checkpoint, log_origin
from trigpoint.log.drafts import Drafts
from trigpoint.log.entry import leaf_hashes
from trigpoint.log.note import Note, SigningKey
from trigpoint.log.prove import prove_entry
from trigpoint.log.store import Log
from trigpoint.schema.items import Item, canonical_json, item_hash

_ENTRIES = 1_000_000
_SAMPLE = 20_000
_FIRST_KEY = 900_000_000_000  # as long as a real one
_ROOTS = 200
_PROOFS = 200
_TIME = "2025-05-01T00:00:00Z"
_REGISTER = "address"
_ROWS = Path("addresses") / "gds_address.tsv.gz"


def comparisons(inputs: Inputs) -> Iterator[Comparison]:
    """Append, verify, root and proof of a register of addresses."""
    items = _items(inputs)
    size = len(items)
    folders = (inputs.folder / f"log-{n}" for n in count())
    given = f"{size:,} addresses, each with its own key"
    yield Comparison(
        "Append to the log",
        given,
        "entries",
        (
            Side("hashing alone", size, lambda: _hash(items)),
            _appending(items, folders),
        ),
        about="Hashing: an item's SHA-256, its entry's leaf and the tree's nodes, with "
        "the functions of the log itself. "
        "Appending begins with the items' texts, too: it hashes them, writes items, "
        "entries and tiles to SQLite in one transaction, reads the entries back to "
        "compare them, syncs, and moves all of it from SQLite's write-ahead log to "
        "the file.",
    )
    log = Log(next(folders) / "log.sqlite")
    _append(log, items)
    yield Comparison(
        "Verify a register",
        given,
        "entries",
        (
            Side("hashing alone", size, lambda: _hash(items)),
            Side("Log.verify", size, lambda: log.verify(_REGISTER)),
        ),
        about="`verify` recomputes items, leaves and tiles from what is stored.",
    )
    leaves = _leaves(items)
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
    yield _proving(inputs, log, leaves)


def _proving(inputs: Inputs, log: Log, leaves: list[bytes]) -> Comparison:
    """Proofs of entries spread over a long log, against its leaf hashes alone."""
    size, proofs = len(leaves), inputs.size(_PROOFS)
    _sign(log)
    return Comparison(
        "Prove an entry",
        f"{size:,} entries",
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
    """Canonical items of addresses by key: real rows, or the sample's, repeated."""
    rows = _real_rows(inputs.real / _ROWS) if inputs.real else []
    if not rows:
        rows = inputs.items(_REGISTER, _SAMPLE)
    keys = map(str, range(_FIRST_KEY, _FIRST_KEY + inputs.size(_ENTRIES)))
    return {
        key: canonical_json({**row, _REGISTER: key})
        for key, row in zip(keys, cycle(rows), strict=False)
    }


def _real_rows(path: Path) -> list[Item]:
    """The rows of the archived address register."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        table = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [{name: v for name, v in row.items() if v} for row in table]


def _hash(items: dict[str, str]) -> bytes:
    """All the hashes that appending needs, and the root that they make."""
    tiles: dict[tuple[int, int], bytes] = {}

    def write(level: int, position: int, hashes: bytes) -> None:
        tiles[level, position] = hashes

    def read(level: int, position: int) -> bytes:
        return tiles[level, position]

    return merkle.root(read, merkle.extend(read, write, 0, _leaves(items)))


def _leaves(items: dict[str, str]) -> list[bytes]:
    """The leaf hashes of a log of these items."""
    hashes = [item_hash(text) for text in items.values()]
    size = len(items)
    return leaf_hashes(range(1, size + 1), [_TIME] * size, list(items), hashes)


def _appending(items: dict[str, str], folders: Iterator[Path]) -> Side:
    """Appending to a log that is new for each run."""
    logs: list[Log] = []

    def renew() -> None:
        for log in logs:
            log.close()
        logs[:] = [Log(next(folders) / "log.sqlite")]

    def run() -> bytes:
        return _append(logs[0], items)

    def remark() -> str:
        ((pages, page),) = logs[0].db.execute(
            "SELECT page_count, page_size FROM pragma_page_count, pragma_page_size"
        )
        content = sum(len(text.encode()) for text in items.values())
        return (
            f"{pages * page / len(items):.0f} bytes an entry in all, "
            f"{content / len(items):.0f} of them the item's text"
        )

    return Side("Log.appending", len(items), run, renew, remark)


def _append(log: Log, items: dict[str, str]) -> bytes:
    texts = list(items.values())
    hashes = [item_hash(text) for text in texts]
    drafts = Drafts([_TIME] * len(texts), list(items), texts, hashes)
    with log.appending(BATCH) as appender:
        appender.append(_REGISTER, drafts)
    return log.root(_REGISTER)


def _roots(log: Log, times: int) -> bytes:
    found = b""
    for _ in range(times):
        found = log.root(_REGISTER)
    return found
