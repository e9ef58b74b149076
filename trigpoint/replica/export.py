"""The logs as a folder of files: any static server over it can be followed.

`keys.json` and `registers.json` say who signs and what there is, and
`registers/{register}/` holds each log under the paths of trigpoint.log.served, byte
for byte as the doors serve them. A register's checkpoint is written last, once all that
it covers is on disk: whenever the export is stopped, the folder verifies at the
checkpoint that it shows. Another export adds what is new.

The statement `about` comes before the item bundles, so that a withheld item is never
seen before the statement that names it; it may speak for more entries than the
checkpoint does.
"""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from trigpoint.errors import Forked, InvalidInput, NotSigned, RolledBack
from trigpoint.log.checkpoint import Checkpoint, parse_checkpoint
from trigpoint.log.keys import KEYS_FILE
from trigpoint.log.note import parse_note
from trigpoint.log.reader import LogReader
from trigpoint.log.served import (
    covered,
    keys_file,
    log_paths,
    log_resource,
    withheld_bundles,
)
from trigpoint.log.tiles import TilePath
from trigpoint.replica.folder import PublicFolder, is_ours, opened
from trigpoint.schema.items import format_hash
from trigpoint.view import Progress, silent

_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Registers, signed</title></head>
<body>
<h1>Registers, signed</h1>
<p>The logs of these registers as files (C2SP tlog-tiles), to be followed and verified.
<a href="keys.json">Keys</a> that sign them, <a href="registers.json">names</a>.</p>
<table>
<tr><th>Register</th><th>Entries</th><th>Root hash</th></tr>
{rows}</table>
</body>
</html>
"""
_ROW = """<tr><td><a href="registers/{name}/checkpoint">{name}</a></td>\
<td>{size:,}</td><td><code>{root}</code></td></tr>
"""


@dataclass(frozen=True)
class Exported:
    """A register as the folder now has it, and how many of its files were written."""

    register: str
    checkpoint: Checkpoint
    files: int
    written: int


def export_static(
    log: LogReader, folder: Path, progress: Progress = silent
) -> list[Exported]:
    """Bring `folder` up to the latest checkpoint of every register that has one.

    Raises NotSigned when there is no checkpoint, or no `keys.json` beside the log,
    InvalidInput for a folder of other things, Forked or RolledBack when what the
    folder has of a register is not what its log began with: nothing of that register
    is written then.
    """
    signed = [name for name in log.registers() if log.checkpoint_sizes(name)]
    if not signed:
        raise NotSigned(
            f"no register in {log.path.parent} has a checkpoint: nothing was signed yet"
        )
    if not is_ours(folder):
        raise InvalidInput(f"{folder} holds other things: name a folder for the export")
    with opened(folder) as target:
        done = [_export_register(log, name, target, progress) for name in signed]
        names = {"registers": [{"register": name} for name in signed]}
        target.put("registers.json", (json.dumps(names, indent=1) + "\n").encode())
        target.put("index.html", _page(done).encode())
        target.sync()
    return done


def _export_register(
    log: LogReader, register: str, target: PublicFolder, progress: Progress
) -> Exported:
    under = f"registers/{register}"
    with log.snapshot():
        note = log.checkpoint(register)
        latest = parse_checkpoint(parse_note(note).text)
        held = _held(log, register, latest, target)
        withheld = set(withheld_bundles(log, register))
        paths = [path for path in log_paths(log, register) if path != "checkpoint"]
        earlier = _earlier_bundles(target, under, withheld)
        paths += [path for path in earlier if path not in set(paths)]
        written = 0
        for done, path in enumerate(paths, start=1):
            kept = _is_fixed(path, held, withheld) and target.has(f"{under}/{path}")
            if not kept:
                body = log_resource(log, register, path).body
                written += target.put(f"{under}/{path}", body)
            progress(f"export: {register}", done, len(paths))
    # Read after the checkpoint, since the key that signed it may be a new one.
    target.put(KEYS_FILE, keys_file(log.path.parent))
    target.sync()
    written += target.put(f"{under}/checkpoint", note.encode())
    target.sync()
    _remove_superseded(target.root / under)
    return Exported(register, latest, len(paths) + 1, written)


def _held(
    log: LogReader, register: str, latest: Checkpoint, target: PublicFolder
) -> int:
    """How many entries of the register the folder has: 0 when none are signed there.

    Raises Forked or RolledBack when they are not those that the log began with.
    """
    note = target.read(f"registers/{register}/checkpoint")
    if note is None:
        return 0
    held = parse_checkpoint(parse_note(note).text)
    if held.origin != latest.origin:
        raise Forked(
            f"{target.root} holds the log {held.origin}, not {latest.origin}: "
            "export to a folder of its own"
        )
    if held.size > latest.size:
        raise RolledBack(
            f"{target.root} holds {held.size} entries of {register}, "
            f"the log here only {latest.size}: it is older than what was exported"
        )
    if log.root(register, held.size) != held.root:
        raise Forked(
            f"{target.root} holds {held.size} entries of {register} that the log here "
            "does not begin with"
        )
    return held.size


def _is_fixed(path: str, held: int, withheld: set[int]) -> bool:
    """Whether a file, if it is there, is as it must be: a tile that the folder's
    checkpoint covers already, and in which no item was withheld since."""
    if not path.startswith("tile/"):
        return False
    tile = TilePath.parse(path)
    if tile.kind == "items" and tile.index in withheld:
        return False
    return covered(tile) <= held


def _earlier_bundles(
    target: PublicFolder, under: str, withheld: set[int]
) -> Sequence[str]:
    """Partial item bundles of earlier exports that may hold what is withheld now."""
    root = target.root / under
    folders = [root / f"{TilePath('items', 0, index).format()}.p" for index in withheld]
    return [
        file.relative_to(root).as_posix()
        for folder in folders
        if folder.is_dir()
        for file in sorted(folder.iterdir())
    ]


def _remove_superseded(root: Path) -> None:
    """Remove partial tiles whose full tile is there (C2SP tlog-tiles allows it)."""
    for folder in list((root / "tile").rglob("*.p")):
        if folder.with_suffix("").is_file():
            for file in folder.iterdir():
                file.unlink()
            folder.rmdir()


def _page(exported: Sequence[Exported]) -> str:
    """What people see who open the folder in a browser."""
    rows = "".join(
        _ROW.format(
            name=html.escape(one.register),
            size=one.checkpoint.size,
            root=format_hash(one.checkpoint.root),
        )
        for one in exported
    )
    return _PAGE.format(rows=rows)
