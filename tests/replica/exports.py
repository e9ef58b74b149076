"""A signed log to export, and what must hold of a folder that it was exported to."""

from __future__ import annotations

from pathlib import Path

from tests.log.drafts import draft, log_of
from tests.log.naive import Leaves, tiles
from tests.log.signing import sign
from trigpoint.log.checkpoint import parse_checkpoint
from trigpoint.log.entry import Draft
from trigpoint.log.note import parse_note
from trigpoint.log.store import Log

KEYS = b'{"name": "localhost:8000"}\n'


def signed_log(data: Path, *drafts: Draft) -> Log:
    """A data directory with a register `town` that is signed."""
    log = log_of(data, *drafts)
    sign(log)
    (data / "keys.json").write_bytes(KEYS)
    return log


def towns(first: int, last: int) -> list[Draft]:
    return [draft(f"t{n}", name=f"Town {n}") for n in range(first, last + 1)]


def verified_size(folder: Path, log: Log, register: str = "town") -> int:
    """The size of the checkpoint that a folder shows, every tile that it covers being
    there and right; 0 when it shows none."""
    root = folder / "registers" / register
    if not (root / "checkpoint").exists():
        return 0
    shown = parse_checkpoint(parse_note((root / "checkpoint").read_bytes()).text)
    for path, body in tiles(Leaves.of(log, register), shown.size):
        assert (root / path).read_bytes() == body, path
    assert shown.root == log.root(register, shown.size)
    return shown.size
