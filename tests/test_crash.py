"""A loader that is killed leaves the last complete state, whenever it happens.

The loader runs in a process of its own, forked from one that has the library imported,
and is killed with SIGKILL at moments spread over the time that it takes.
"""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import polars as pl
import pytest

from tests.copies import copy_data, keys_of
from trigpoint.graph.store import GraphView
from trigpoint.log.entry import Batch, Draft, Entry, leaf
from trigpoint.log.merkle import leaf_hash, root_hash
from trigpoint.log.rsf import format_rsf
from trigpoint.register import Registers
from trigpoint.schema.items import canonical_json, item_hash
from trigpoint.staging import Load

BATCH = Batch("test", "A test", release_date="2019-04-01")
TYPE, ENG = "local-authority-type", "local-authority-eng"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

Sizes = dict[str, int]


def load_rows(data: Path) -> None:
    """Two registers in one batch, the second linking to the first."""
    types = pl.DataFrame({TYPE: ["UA", "LBO"], "name": ["Unitary", "Borough"]})
    keys = [f"{a}{b}X" for a in LETTERS[:20] for b in LETTERS]
    councils = pl.DataFrame(
        {
            ENG: keys,
            "name": [f"Council {key}" for key in keys],
            "official-name": [f"{key} Council" for key in keys],
            TYPE: ["UA"] * len(keys),
        }
    )
    registers = Registers.open(data, write=True)
    assert registers.load([Load(TYPE, types), Load(ENG, councils)], BATCH).appended


def load_archives(data: Path) -> None:
    """Two archived registers in one batch."""
    registers = Registers.open(data, write=True)
    paths = [data.parent / f"{name}.rsf" for name in ("country", "territory")]
    assert registers.import_rsf(paths, BATCH).appended


def write_archive(folder: Path, register: str, count: int) -> None:
    """An RSF file of a register that has a shape of ours."""
    time_ = "2016-04-05T13:23:05Z"
    keys = [f"{a}{b}" for a in LETTERS for b in LETTERS][:count]
    texts = [canonical_json({register: key, "name": f"Land {key}"}) for key in keys]
    drafts = [
        Draft(time_, key, text, item_hash(text))
        for key, text in zip(keys, texts, strict=True)
    ]
    entries = [
        Entry(n, draft.timestamp, draft.key, draft.item_hash)
        for n, draft in enumerate(drafts, start=1)
    ]
    root = root_hash(leaf_hash(leaf(entry)) for entry in entries)
    lines = format_rsf(register, [], entries, texts, root)
    (folder / f"{register}.rsf").write_text("".join(lines), encoding="utf-8")


def run(load: Callable[[Path], None], data: Path, ready: Connection) -> None:
    """What the process does that will be killed."""
    ready.send("go")
    load(data)
    ready.send("done")


def killed_after(
    load: Callable[[Path], None], data: Path, delay: float
) -> float | None:
    """Run a load in its own process and kill it after a while; returns how long the
    load took if it was over by then."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["trigpoint.register"])
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=run, args=(load, data, theirs))
    process.start()
    assert ours.recv() == "go"
    began = time.monotonic()
    over = ours.poll(delay)
    took = time.monotonic() - began
    process.kill()
    process.join()
    ours.close()
    theirs.close()
    process.close()
    return took if over else None


def sizes_of(data: Path) -> Sizes:
    """Open the data as a loader would, check all of it, publish, and say its sizes."""
    registers = Registers.open(data, base="http://test", write=True)
    sizes = registers.log.sizes()
    for register in registers.log.registers():
        assert registers.log.verify(register) == registers.log.root(register)
        assert registers.log.size(register) == sizes[register]
    assert (registers.log.batches() == []) == (sizes == {})
    served = registers.views.current()
    if served is not None:
        assert all(size <= sizes[name] for name, size in served.sizes.items())
        with GraphView.open(served.graph) as graph:
            assert (graph.size() > 0) == bool(served.sizes)
    view = registers.publish()
    assert view.sizes == sizes
    with GraphView.open(view.graph) as graph:
        assert graph.size("http://test/graph/ontology") > 0
    registers.log.close()
    return sizes


def start(folder: Path, kind: str) -> Path:
    """A data directory before the load: with a register, or not there at all."""
    write_archive(folder, "country", 300)
    write_archive(folder, "territory", 200)
    data = folder / "before"
    if kind != "on nothing":
        rows = pl.DataFrame({TYPE: ["CC"], "name": ["City corporation"]})
        registers = Registers.open(data, base="http://test", write=True)
        assert registers.load([Load(TYPE, rows)], BATCH).appended
        registers.log.close()
    return data


KINDS: dict[str, tuple[Callable[[Path], None], Sizes]] = {
    "rows": (load_rows, {TYPE: 3, ENG: 520}),
    "archives": (load_archives, {TYPE: 1, "country": 300, "territory": 200}),
    "on nothing": (load_archives, {"country": 300, "territory": 200}),
}


@pytest.mark.parametrize(
    "times", [12, pytest.param(150, marks=pytest.mark.long)], ids=["", "long"]
)
@pytest.mark.parametrize("kind", KINDS)
def test_a_killed_loader_leaves_the_last_complete_state(
    tmp_path: Path, kind: str, times: int
) -> None:
    """Log and views open, verify and publish; the sizes are the old or the new."""
    load, new = KINDS[kind]
    before = start(tmp_path, kind)
    old: Sizes = sizes_of(before) if before.exists() else {}
    chance = random.Random(f"{kind} {times}")
    whole = tmp_path / "whole"
    if before.exists():
        copy_data(before, whole)
    took = killed_after(load, whole, 120)
    assert took is not None
    assert sizes_of(whole) == new
    seen = {"old": 0, "new": 0, "over": 0}
    for turn in range(times):
        data = tmp_path / f"turn-{turn}"
        if before.exists():
            copy_data(before, data)
        over = killed_after(load, data, took * (turn + chance.random()) / times)
        sizes = sizes_of(data) if data.exists() else {}
        assert sizes in (old, new)
        seen["old" if sizes == old else "over" if over else "new"] += 1
        for folder in (data, keys_of(data)):
            shutil.rmtree(folder, ignore_errors=True)
    assert seen["old"] > 0
    assert seen["over"] < times


def test_a_load_after_a_killed_one_succeeds(tmp_path: Path) -> None:
    """Nothing that a killed loader leaves is in the way of the next."""
    before = start(tmp_path, "rows")
    assert killed_after(load_rows, before, 0.3) is None
    load_rows(before)
    assert sizes_of(before) == KINDS["rows"][1]
