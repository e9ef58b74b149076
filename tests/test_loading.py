"""Loads of more rows than a batch: judged whole, appended whole or not at all."""

from __future__ import annotations

import functools
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.demo import ROOT
from trigpoint.gate.staged import Staged
from trigpoint.loading import Loading, Summary
from trigpoint.log.entry import Batch
from trigpoint.register import Registers
from trigpoint.staging import Load

BATCH = Batch("test", "A test", release_date="2019-04-01")
COUNTRY, AREA = "country", "statistical-geography-ward"
LETTERS = "ABCDEFGHIJ"


@pytest.fixture
def registers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registers:
    """A new data directory that is loaded three rows at a time."""
    few = functools.partial(Loading, batch=3)
    monkeypatch.setattr("trigpoint.register.Loading", few)
    (tmp_path / "staged").mkdir()
    return Registers.open(tmp_path / "data", write=True)


def countries(count: int = 10, **changes: str) -> pl.DataFrame:
    """Countries XA, XB …; `changes` are names by key."""
    keys = [f"X{letter}" for letter in LETTERS[:count]]
    names = [changes.get(key, f"Land {key}") for key in keys]
    return pl.DataFrame({COUNTRY: keys, "name": names, "official-name": names})


def load(
    registers: Registers, *frames: pl.DataFrame, partial: bool = False, **options: Any
) -> Summary:
    loads = [Load(COUNTRY, frame.lazy(), partial) for frame in frames]
    folder = registers.data.parent / "staged"
    return registers.load(loads, BATCH, folder=folder, **options)


def counted(summary: Summary) -> tuple[int, int, int, int]:
    one = summary.counts[COUNTRY]
    return one.added, one.changed, one.unchanged, one.rejected


def keys_of(rows: Staged, name: str) -> list[Any]:
    return list(pl.concat(rows.batches())[name])


def test_all_batches_are_appended_in_their_order(registers: Registers) -> None:
    """As one batch of the log, with entries in the order of the rows."""
    assert counted(load(registers, countries())) == (10, 0, 0, 0)
    entries = registers.log.entries(COUNTRY)
    assert [entry.key for entry in entries] == [f"X{x}" for x in LETTERS]
    (batch,) = registers.log.batches()
    assert batch.ranges == {COUNTRY: (1, 10)}
    registers.log.verify(COUNTRY)


def test_the_same_rows_again_append_nothing(registers: Registers) -> None:
    """And what differs, in whatever batch, is all that is appended."""
    load(registers, countries())
    assert counted(load(registers, countries())) == (0, 0, 10, 0)
    assert registers.log.size(COUNTRY) == 10
    assert counted(load(registers, countries(XB="B", XJ="J"))) == (0, 2, 8, 0)
    assert [e.key for e in registers.log.entries(COUNTRY, 11)] == ["XB", "XJ"]


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_bad_row_in_the_last_batch_leaves_nothing(
    registers: Registers, dry_run: bool
) -> None:
    """The counts say what there was, and the row is kept to be mended."""
    summary = load(registers, countries(XJ="=1+1"), dry_run=dry_run)
    assert counted(summary) == (9, 0, 0, 1)
    assert not summary.appended
    assert registers.log.sizes() == {}
    assert keys_of(summary.rejects[COUNTRY], COUNTRY) == ["XJ"]


def test_the_others_are_appended_if_that_is_accepted(registers: Registers) -> None:
    """Refused rows of all batches are kept, in a file if they are many."""
    bad = {f"X{letter}": "=1+1" for letter in LETTERS[1:8]}
    summary = load(registers, countries(10, **bad), accept_partial=True)
    assert counted(summary) == (3, 0, 0, 7)
    assert [e.key for e in registers.log.entries(COUNTRY)] == ["XA", "XI", "XJ"]
    rejects = summary.rejects[COUNTRY]
    assert isinstance(rejects.rows, Path)
    assert keys_of(rejects, COUNTRY) == sorted(bad)
    assert keys_of(rejects, "_row") == list(range(2, 9))


def test_a_key_that_comes_twice_is_refused_in_both_batches(
    registers: Registers,
) -> None:
    """Neither row is taken, for nobody can tell which is right."""
    twice = pl.concat([countries(), countries(1, XA="Other")])
    summary = load(registers, twice, accept_partial=True)
    assert counted(summary) == (9, 0, 0, 2)
    assert keys_of(summary.rejects[COUNTRY], "_row") == [1, 11]


def test_a_partial_load_amends_records_in_any_batch(registers: Registers) -> None:
    """What is null stays; a key that is not held is refused."""
    load(registers, countries(9))
    frame = countries(10, XB="B", XI="I").with_columns(
        pl.lit(None, pl.String).alias("official-name")
    )
    summary = load(registers, frame, partial=True, accept_partial=True)
    assert counted(summary) == (0, 2, 0 + 7, 1)
    assert registers.log.record(COUNTRY, "XI").item == {
        "country": "XI",
        "name": "I",
        "official-name": "Land XI",
    }


def test_rows_may_link_to_rows_of_other_batches(registers: Registers) -> None:
    """Earlier and later ones; not to one that is refused, nor to one that is not
    there."""
    links = ["X9", "X1", "X5", "X2", "X3", "X4", "X6", "X7", "X8"]
    keys = sorted(links)
    frame = pl.DataFrame({"address": [key[1:] for key in keys]})
    frame = frame.with_columns(pl.lit("A").alias("name"))
    frame = frame.with_columns(
        pl.Series("parent-address", [link[1:] for link in links])
    )
    folder = registers.data.parent / "staged"
    rows = Load("address", frame.lazy(), whole=False)
    assert registers.load([rows], BATCH, folder=folder).appended
    stray = frame.with_columns(
        pl.when(pl.col("address") == "9")
        .then(pl.lit("77"))
        .otherwise("parent-address")
        .alias("parent-address")
    )
    rows = Load("address", stray.lazy(), whole=False)
    summary = registers.load([rows], BATCH, folder=folder)
    assert not summary.appended
    assert 9 in summary.report.rejected_rows("address")


def test_a_dry_run_says_what_a_load_would(registers: Registers) -> None:
    """Of several loads that build on each other, too; the log stays empty."""
    frames: Sequence[pl.DataFrame] = (countries(5), countries(10))
    dry = load(registers, *frames, dry_run=True)
    assert registers.log.sizes() == {}
    assert counted(dry) == (5, 0, 5, 0)
    assert counted(load(registers, *frames)) == counted(dry)


def test_bars_go_from_stage_to_append(registers: Registers) -> None:
    """Each stage says how many rows are done, up to all of them."""
    said: dict[str, list[tuple[int, int | None]]] = {}

    def progress(stage: str, done: int, total: int | None) -> None:
        said.setdefault(stage, []).append((done, total))

    load(registers, countries(), progress=progress)
    assert list(said)[:3] == [f"{x}: {COUNTRY}" for x in ("stage", "gate", "append")]
    assert said[f"stage: {COUNTRY}"][-1] == (10, None)
    for stage, total in (("gate", 10), ("append", 10)):
        done = [number for number, of in said[f"{stage}: {COUNTRY}"] if of == total]
        assert done == sorted(done)
        assert len(done) > 1
        assert done[-1] == 10


_PEAK = """
import sys, threading, time
from pathlib import Path
import polars as pl
from loaders.layout import Layout
from loaders.release import open_release
from trigpoint.log.entry import Batch
from trigpoint.loading import Loading, Summary
from trigpoint.register import Registers
from trigpoint.staging import Load

folder, rows, peak, over = Path(sys.argv[1]), int(sys.argv[2]), [0], threading.Event()

def own():
    lines = Path("/proc/self/status").read_text().splitlines()
    (line,) = [line for line in lines if line.startswith("RssAnon:")]
    return int(line.split()[1])

def watch():
    while not over.is_set():
        peak[0] = max(peak[0], own())
        time.sleep(0.01)

number = pl.int_range(1, rows + 1)
file = folder / f"{rows}.csv"
text = pl.format("Number {}, a house with a name long enough to count", number)
pl.select(address=number.cast(pl.String), name=text).write_csv(file)
registers = Registers.open(folder / f"{rows}", write=True)
# SQLite fills a cache of fixed size before it writes: not what grows with the rows.
registers.log.db.execute("PRAGMA cache_size = -4096")
loading = Loading(registers.log, registers.schemas, registers.base, folder)
threading.Thread(target=watch, daemon=True).start()
layout = Layout("addresses", ("address", "name"))
scan = open_release(file, [layout], folder).scan()
with registers.log.appending(Batch("test", "A test")) as appender:
    judged = loading.judge_rows(Load("address", scan), "2019-04-01")
    loading.append(judged, appender, Summary(), keep=True)
over.set()
assert registers.log.size("address") == rows
print(peak[0])
"""


@pytest.mark.long
def test_memory_stays_flat(tmp_path: Path) -> None:
    """Four times the rows take less than half as much again of a process's own
    memory, from the file to the log."""

    def peak(rows: int) -> int:
        """KiB, without the pages of files."""
        words = [sys.executable, "-c", _PEAK, str(tmp_path), str(rows)]
        run = subprocess.run(words, cwd=ROOT, check=True, capture_output=True)
        return int(run.stdout)

    assert peak(400_000) < 1.5 * peak(100_000)
