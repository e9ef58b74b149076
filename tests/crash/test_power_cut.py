"""What is on disk at any instant is a log that goes on, as after a power cut.

A process that appends and signs is stopped at random moments and its files are copied
as they are then; of the write-ahead log the copy loses what was not synced for certain:
it is cut off or torn after the last transaction that was acknowledged.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from pathlib import Path

import pytest

from tests.copies import copy_data, keys_of
from tests.crash.notes import Seen
from tests.crash.programs import PATIENCE, Victim
from tests.log.drafts import append, draft
from tests.log.installation import installation, reopened
from trigpoint.log.merkle import TILE_WIDTH
from trigpoint.replica.audit import audit_data

_WAL = "log.sqlite-wal"
_GROWTH = TILE_WIDTH // 4 + 1
_LONGEST = 0.05  # seconds between two stops
# Less than what has SQLite begin its write-ahead log anew, which would overwrite what
# is told of here.
_MOST = 40


def write_on(data: Path, told: Path) -> int:
    """Append and sign, telling of each entry once it is durable: how many there are,
    and how long the write-ahead log is."""
    made = reopened(data)
    with told.open("w", encoding="utf-8", buffering=1) as out:
        for turn in range(_MOST):
            drafts = [draft(f"k{n}", name=f"N{turn} {n}") for n in range(_GROWTH)]
            append(made.log, drafts)
            wal = (data / _WAL).stat().st_size
            out.write(f"{made.log.size('town')} {wal}\n")
            made.sign()
    return 0


def stopped(victim: Victim) -> bool:
    """Stop a process where it is; False when it has ended."""
    os.kill(victim.pid, signal.SIGSTOP)
    until = time.monotonic() + PATIENCE
    while (state := Path(f"/proc/{victim.pid}/stat").read_text().split()[2]) != "T":
        if state == "Z":
            return False
        assert time.monotonic() < until
    return True


def told_last(told: Path) -> tuple[int, int]:
    """The entries and the length of the write-ahead log that were told of last."""
    lines = told.read_text("utf-8").rpartition("\n")[0].splitlines()
    entries, wal = (lines or ["0 0"])[-1].split()
    return int(entries), int(wal)


def tear(wal: Path, after: int, chance: random.Random) -> None:
    """Lose some of what follows a place in a file, or have other bytes there."""
    data = wal.read_bytes() if wal.exists() else b""
    if len(data) <= after:
        return
    place = chance.randint(after, len(data))
    if chance.random() < 0.5:
        wal.write_bytes(data[:place])
    else:
        torn = chance.randbytes(min(512, len(data) - place))
        wal.write_bytes(data[:place] + torn + data[place + len(torn) :])


@pytest.mark.parametrize(
    "times", [12, pytest.param(60, marks=pytest.mark.long)], ids=["", "long"]
)
def test_files_as_they_are_at_any_instant_are_a_log_that_goes_on(
    tmp_path: Path, times: int
) -> None:
    """A copy has all that was acknowledged, in whole batches, verifies, and is signed
    without contradicting what was signed before the cut."""
    chance = random.Random(times)
    copies, partial = 0, 0
    while copies < times:
        folder = tmp_path / f"writer-{copies}"
        installation(folder).log.close()
        told, seen = folder / "told", Seen(folder / "data.keys")
        victim = Victim(write_on, folder / "data", told)
        while copies < times and not victim.over(chance.random() * _LONGEST):
            if not stopped(victim):
                break
            entries, synced = told_last(told) if told.exists() else (0, 0)
            seen.add_last()
            cut = copy_data(folder / "data", tmp_path / "cut")
            os.kill(victim.pid, signal.SIGCONT)
            tear(cut / _WAL, synced, chance)
            partial += check_cut(cut, entries, seen)
            copies += 1
            shutil.rmtree(cut)
            shutil.rmtree(keys_of(cut))
        victim.kill()
    assert partial > 0


def check_cut(cut: Path, entries: int, seen: Seen) -> bool:
    """Check a copy; returns whether it was cut before all was signed."""
    made = reopened(cut)
    held = made.log.size("town")
    assert held >= entries
    assert held % _GROWTH == 0
    assert [one.size for one in audit_data(cut)] == [held] * bool(held)
    signed = made.sign()
    seen.add_log(made.log)
    append(made.log, [draft("more")])
    assert made.sign() == ["town"]
    seen.check(made.log)
    seen.notes.clear()
    made.log.close()
    return bool(signed)
