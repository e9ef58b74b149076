"""The worked example of docs/log.md: every byte of it is made again by the code."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

from tests.log.vectors import KEY, OTHER
from trigpoint.log import merkle
from trigpoint.log.about import Statement, parse_statement, statement_of
from trigpoint.log.bundle import canonical_bytes, make_bundle, verify_bundle
from trigpoint.log.checkpoint import Checkpoint, log_origin, parse_checkpoint
from trigpoint.log.entry import Batch, Draft, leaf
from trigpoint.log.keys import PublicKeys, Rotation, trusted_keys
from trigpoint.log.note import Note, SigningKey, cosigned_at, parse_note
from trigpoint.log.proof import verify_consistency, verify_entry_proof
from trigpoint.log.prove import prove_consistency, prove_entry
from trigpoint.log.reader import AppendedBatch
from trigpoint.log.rsf import rsf_lines
from trigpoint.log.served import log_resource
from trigpoint.log.store import Log
from trigpoint.schema.items import canonical_json, format_hash, item_hash

DOCUMENT = Path(__file__).parents[2] / "docs/log.md"
_BLOCK = re.compile(r"<!-- example: ([a-z0-9-]+) -->\n```\w*\n(.*?)^```$", re.M | re.S)

ORIGIN = "example.org"
NAME = log_origin(ORIGIN, "town")
SIGNED_AT = 1_775_000_000
ITEMS = [
    {"name": "Ynys Môn", "town": "a"},
    {"name": "Bath", "town": "b"},
    {"name": "Bath Spa", "town": "b"},
]
BATCH = Batch("rows", "Towns, by hand", licence="http://example.org/licence")
TIMES = ["2026-04-01T09:00:00Z", "2026-04-01T09:00:00Z", "2026-04-02T10:30:00Z"]


def example(folder: Path) -> dict[str, str]:
    """Each block of the example, by its name."""
    log = Log(folder / "log.sqlite")
    drafts = []
    for fields, time in zip(ITEMS, TIMES, strict=True):
        text = canonical_json(fields)
        drafts.append(Draft(time, fields["town"], text, item_hash(text)))
    for some in (drafts[:2], drafts[2:]):
        with log.appending(BATCH) as appender:
            appender.append("town", some)
        sign(log)
    try:
        return {**of_keys(), **of_entries(log), **of_tree(log), **of_resources(log)}
    finally:
        log.close()


def sign(log: Log) -> None:
    """Sign the register as it is now, at a time that is fixed."""
    size = log.size("town")
    text = Checkpoint(NAME, size, log.root("town")).text
    lines = (KEY.sign(text, NAME), KEY.cosign(text, ORIGIN, SIGNED_AT + size))
    log.put_checkpoint("town", size, Note(text, lines).format())
    about = statement(log).text
    log.put_statement("town", Note(about, (KEY.sign(about, NAME),)).format())


def statement(log: Log) -> Statement:
    """What stands beside the tree; the batches as if appended at fixed times."""
    ends = [(1, 2), (3, 3)][: log.size("town") - 1]
    batches = [
        AppendedBatch(
            number, f"{TIMES[last - 1][:17]}05Z", BATCH, {"town": (one, last)}
        )
        for number, (one, last) in enumerate(ends, start=1)
    ]
    return statement_of(log, "town", ORIGIN, batches)


def of_keys() -> dict[str, str]:
    public = PublicKeys(ORIGIN, (KEY.verifier(ORIGIN),))
    said = Rotation(
        ORIGIN,
        KEY.verifier(ORIGIN),
        OTHER.verifier(ORIGIN),
        "2026-05-01",
        {"town": 3},
    )
    return {
        "seed": f"{seed(KEY).hex()}\n",
        "keys": public.format(),
        "vkeys": lines(
            KEY.verifier(ORIGIN), KEY.verifier(NAME), KEY.verifier(ORIGIN, 4)
        ),
        "new-seed": f"{seed(OTHER).hex()}\n",
        "rotation": said.signed(KEY, OTHER).format(),
        "keys-after": public.rotated(said.signed(KEY, OTHER)).format(),
    }


def seed(key: SigningKey) -> bytes:
    return key.private.private_bytes_raw()


def of_entries(log: Log) -> dict[str, str]:
    entries = log.entries("town")
    return {
        "items": lines(*(log.item(entry.item_hash) for entry in entries)),
        "item-hashes": lines(*(format_hash(entry.item_hash) for entry in entries)),
        "leaves": lines(*(leaf(entry).decode() for entry in entries)),
    }


def of_tree(log: Log) -> dict[str, str]:
    hashes = [merkle.leaf_hash(leaf(entry)) for entry in log.entries("town")]
    one = prove_entry(log, "town", 2, 3).as_json()
    both = prove_consistency(log, "town", 2, 3).as_json()
    return {
        "leaf-hashes": lines(*(node.hex() for node in hashes)),
        "node": f"{merkle.node_hash(*hashes[:2]).hex()}\n",
        "roots": lines(*(log.root("town", size).hex() for size in range(4))),
        "entry-proof": json.dumps(one, indent=1) + "\n",
        "consistency-proof": json.dumps(both, indent=1) + "\n",
    }


def of_resources(log: Log) -> dict[str, str]:
    found = {
        "checkpoint": served(log, "checkpoint").decode(),
        "cosigned": f"cosignature/v1\ntime {SIGNED_AT + 3}\n"
        f"{Checkpoint(NAME, 3, log.root('town')).text}",
        "checkpoint-2": served(log, "checkpoint/2").decode(),
        "tile": hexed(served(log, "tile/0/000.p/3")),
        "tile-entries": hexed(served(log, "tile/entries/000.p/3")),
        "tile-items": hexed(served(log, "tile/items/000.p/3")),
        "about": served(log, "about").decode(),
        "rsf": "".join(rsf_lines(log, "town")),
        "bundle": bundle(log, "b"),
    }
    log.withhold(item_hash(canonical_json(ITEMS[1])), "a mistake", "2026-04-03")
    sign(log)
    return {
        **found,
        "tile-items-withheld": hexed(served(log, "tile/items/000.p/3")),
        "about-withheld": served(log, "about").decode(),
        "rsf-withheld": "".join(rsf_lines(log, "town")),
        "bundle-withheld": bundle(log, 2),
    }


def bundle(log: Log, entry: str | int) -> str:
    made = make_bundle(log, "town", entry, [KEY.verifier(NAME)])
    return canonical_bytes(made).decode()


def served(log: Log, path: str) -> bytes:
    return log_resource(log, "town", path).body


def lines(*values: object) -> str:
    return "".join(f"{value}\n" for value in values)


def hexed(data: bytes) -> str:
    """Hex digits of 32 bytes a line."""
    return lines(*(data[at : at + 32].hex() for at in range(0, len(data), 32)))


def blocks() -> dict[str, str]:
    """The blocks of the document, of which none stands there twice."""
    found = _BLOCK.findall(DOCUMENT.read_text(encoding="utf-8"))
    assert len(dict(found)) == len(found)
    return dict(found)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return example(tmp_path_factory.mktemp("example"))


NAMES = list(blocks())


@pytest.mark.parametrize("name", NAMES)
def test_the_example_is_what_the_code_makes(made: dict[str, str], name: str) -> None:
    """Every byte that docs/log.md shows comes out of the code again."""
    assert blocks()[name] == made[name]


def test_nothing_of_the_example_is_left_out(made: dict[str, str]) -> None:
    """The document shows all that the test can make, and marks every block of it."""
    assert set(NAMES) == set(made)
    section = DOCUMENT.read_text(encoding="utf-8").partition("\n## Worked example")[2]
    assert section.count("\n```") == 2 * len(NAMES)


def bytes_of(name: str) -> bytes:
    return bytes.fromhex(blocks()[name].replace("\n", ""))


def test_the_example_proves_itself_from_the_document_alone() -> None:
    """A reader with the document only: hashes, root, signatures, proofs and bundles
    follow from one another."""
    shown = blocks()
    hashes = [hashlib.sha256(one.encode()) for one in shown["items"].splitlines()]
    assert [f"sha-256:{h.hexdigest()}" for h in hashes] == shown["item-hashes"].split()
    leaves = [
        hashlib.sha256(b"\0" + one.encode()).digest()
        for one in shown["leaves"].splitlines()
    ]
    assert b"".join(leaves) == bytes_of("tile") == bytes_of("leaf-hashes")
    pair = hashlib.sha256(b"\1" + leaves[0] + leaves[1]).digest()
    top = hashlib.sha256(b"\1" + pair + leaves[2]).digest()
    nothing = hashlib.sha256().digest()
    assert b"".join([nothing, leaves[0], pair, top]) == bytes_of("roots")
    checkpoint = parse_checkpoint(parse_note(shown["checkpoint"]).text)
    assert (checkpoint.size, checkpoint.root) == (3, top)
    pinned = shown["vkeys"].split()[0]
    ring = trusted_keys(shown["keys-after"], pinned)
    for name in ("checkpoint", "checkpoint-2"):
        ring.check(parse_note(shown[name]))
    cosigner = KEY.verifier(ORIGIN, 4)
    assert cosigned_at(parse_note(shown["checkpoint"]), cosigner) == SIGNED_AT + 3
    verify_entry_proof(leaves[1], 1, 3, [leaves[0], leaves[2]], top)
    verify_consistency(2, pair, 3, top, [leaves[2]])
    for name in ("bundle", "bundle-withheld"):
        verify_bundle(shown[name].encode(), [KEY.verifier(ORIGIN)])
    for name in ("about", "about-withheld"):
        parse_statement(parse_note(shown[name]).text)
