"""An export that is killed leaves a folder that verifies, whenever it happens.

The export runs in a process of its own, forked from one that has the library imported.
"""

from __future__ import annotations

import time
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from tests.log.drafts import append
from tests.log.signing import sign
from tests.replica.exports import signed_log, towns, verified_size
from trigpoint.log.store import Log
from trigpoint.replica.export import export_static


def run(path: Path, out: Path, ready: Connection) -> None:
    """What the process does that will be killed."""
    log = Log(path, readonly=True)
    ready.send("go")
    export_static(log, out)
    ready.send("done")


def killed_after(path: Path, out: Path, delay: float) -> bool:
    """Export in a process of its own and kill it; says whether it was over by then."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["trigpoint.replica.export"])
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=run, args=(path, out, theirs))
    process.start()
    assert ours.recv() == "go"
    over = ours.poll(delay)
    process.kill()
    process.join()
    ours.close()
    theirs.close()
    process.close()
    return over


@pytest.mark.parametrize("times", [12, pytest.param(200, marks=pytest.mark.long)])
def test_killed_at_any_moment(tmp_path: Path, times: int) -> None:
    """Whenever an export is killed, the folder verifies at the size that it showed
    before or at the new one, and the next export goes on from there."""
    town, out = signed_log(tmp_path / "data", *towns(1, 5_000)), tmp_path / "out"
    began = time.monotonic()
    export_static(town, tmp_path / "timed")
    took = time.monotonic() - began
    shown, stopped = 0, 0
    for turn in range(times):
        over = killed_after(town.path, out, took * turn / times)
        stopped += not over
        size = verified_size(out, town)
        assert size in (shown, town.size("town"))
        assert size == town.size("town") or not over
        shown = size
        if shown == town.size("town"):
            append(town, towns(shown + 1, shown + 150))
            sign(town)
    assert stopped, "no export was interrupted"
    export_static(town, out)
    assert verified_size(out, town) == town.size("town")
