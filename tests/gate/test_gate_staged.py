"""Staged rows: in memory or on disk, the same rows in the same batches."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from trigpoint.gate.staged import Staged, StagedWriter

ROWS = pl.DataFrame(
    {
        "site": [f"{n}" for n in range(10)],
        "name": ["a name too long to stand in a view by itself", None] * 5,
        "towns": [["a", "b"], [], None, [None], ["ŵ"]] * 2,
        "_row": pl.Series(range(2, 12), dtype=pl.UInt32),
    }
)


def written(path: Path | None, *frames: pl.DataFrame, batch: int = 4) -> Staged:
    with StagedWriter(ROWS.schema, path, batch) as writer:
        for frame in frames:
            writer.add(frame)
    return writer.staged()


@pytest.mark.parametrize("disk", [False, True])
def test_rows_come_back_as_they_were(tmp_path: Path, disk: bool) -> None:
    """Order, types, nulls and lists; however they came, no batch is too large."""
    path = tmp_path / "rows.arrow" if disk else None
    for cuts in ([10], [1] * 10, [3, 3, 3, 1], [9, 1]):
        starts = [sum(cuts[:n]) for n in range(len(cuts))]
        frames = [ROWS.slice(*cut) for cut in zip(starts, cuts, strict=True)]
        rows = written(path, *frames)
        batches = list(rows.batches())
        assert pl.concat(batches).equals(ROWS)
        assert max(map(len, batches)) <= 4
        assert len(rows) == len(ROWS)
        assert rows.columns == ROWS.schema
        assert isinstance(rows.rows, Path) == disk


@pytest.mark.parametrize("disk", [False, True])
def test_some_columns_can_be_read(tmp_path: Path, disk: bool) -> None:
    """In the order asked for, and again as often as wanted."""
    rows = written(tmp_path / "rows.arrow" if disk else None, ROWS)
    for _ in range(2):
        found = pl.concat(rows.batches(["towns", "site"]))
        assert found.equals(ROWS.select("towns", "site"))


@pytest.mark.parametrize("disk", [False, True])
def test_no_rows_have_columns_and_no_batch(tmp_path: Path, disk: bool) -> None:
    """A load of which every row is left out is still of its register."""
    rows = written(tmp_path / "rows.arrow" if disk else None)
    assert (len(rows), list(rows.batches()), rows.columns) == (0, [], ROWS.schema)


def test_one_batch_needs_no_file(tmp_path: Path) -> None:
    """A few rows stay in memory, wherever more would go."""
    rows = written(tmp_path / "rows.arrow", ROWS, batch=10)
    assert isinstance(rows.rows, pl.DataFrame)
    assert rows.rows.equals(ROWS)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("count", [0, 1])
def test_a_file_can_be_asked_for(tmp_path: Path, count: int) -> None:
    """It is there for few rows, too, and for none."""
    path = tmp_path / "rows.arrow"
    with StagedWriter(ROWS.schema, path, in_file=True) as writer:
        writer.add(ROWS.head(count))
    assert writer.staged().rows == path
    assert pl.scan_ipc(path).collect().equals(ROWS.head(count))


def test_a_cut_of_a_large_frame_is_written_without_the_rest(tmp_path: Path) -> None:
    """Texts of rows that were filtered out stay out of the file."""
    frame = pl.DataFrame({"a": [f"{n:01000d}" for n in range(5_000)]})
    path = tmp_path / "rows.arrow"
    with StagedWriter(frame.schema, path, 9) as writer:
        writer.add(frame.filter(pl.col("a").str.ends_with("7")).slice(0, 10))
    assert path.stat().st_size < 100_000
    assert pl.concat(writer.staged().batches())["a"].str.slice(-2).to_list() == [
        f"{n}7" for n in range(10)
    ]


def test_long_rows_make_short_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However they came, since a geometry may be as long as a book."""
    monkeypatch.setattr("trigpoint.gate.staged._MOST_BYTES", 1 << 16)
    frame = pl.DataFrame({"a": ["x" * (1 << 10)] * 10})
    with StagedWriter(frame.schema, tmp_path / "rows.arrow") as writer:
        for _ in range(10):
            writer.add(frame)
        writer.add(pl.concat([frame] * 10))
    sizes = [len(batch) for batch in writer.staged().batches()]
    assert sum(sizes) == 200
    assert 32 < max(sizes) <= 64


def test_after_an_error_the_file_is_closed(tmp_path: Path) -> None:
    """What raised it goes on, and no handle stays open."""
    writer = StagedWriter(ROWS.schema, tmp_path / "rows.arrow", 4)

    def fail() -> None:
        with writer:
            writer.add(ROWS)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert [len(batch) for batch in writer.staged().batches()] == [4, 4]
