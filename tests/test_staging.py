"""Staging: rows completed from what is held, compared, and drafted as entries."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.log.drafts import append
from tests.schema.museum import SCHEMA
from trigpoint.drafting import draft
from trigpoint.errors import BadRelease
from trigpoint.gate.staged import Staged
from trigpoint.log.entry import Draft
from trigpoint.log.store import Log
from trigpoint.schema.items import Item, canonical_json, item_hash
from trigpoint.staging import Load, Stage, complete, current_records, typed

TIME = "2019-04-01T12:00:00Z"
CURRENT = {"_key": pl.String, "_hash": pl.Binary, "_item": pl.String}


def held(*items: Item) -> pl.DataFrame:
    """Current records as the log would give them."""
    texts = [canonical_json(item) for item in items]
    rows = [
        (str(item["museum"]), item_hash(text), text)
        for item, text in zip(items, texts, strict=True)
    ]
    return pl.DataFrame(rows, schema=CURRENT, orient="row")


def rows_of(staged: Staged) -> pl.DataFrame:
    assert isinstance(staged.rows, pl.DataFrame)
    return staged.rows


def take(frame: pl.DataFrame | pl.LazyFrame) -> pl.DataFrame:
    return typed(Load("museum", frame), SCHEMA).collect()


def staged(*rows: dict[str, Any]) -> pl.DataFrame:
    return take(pl.DataFrame(list(rows), infer_schema_length=None))


@pytest.fixture
def log(tmp_path: Path) -> Log:
    """A log that holds the museums 1 and 2."""
    log = Log(tmp_path / "log.sqlite")
    texts = [canonical_json(FULL | {"museum": key}) for key in "12"]
    drafts = [
        Draft(TIME, key, text, item_hash(text))
        for key, text in zip("12", texts, strict=True)
    ]
    append(log, drafts, "museum")
    return log


def items(frame: pl.DataFrame, current: pl.DataFrame, *, partial: bool) -> list[Item]:
    """The records that rows would become."""
    whole = complete(frame, current, SCHEMA, partial=partial)
    fields = [name for name in whole.columns if name in SCHEMA.names]
    return [
        {name: value for name, value in row.items() if value is not None}
        for row in whole.select(fields).to_dicts()
    ]


def test_rows_are_typed_and_numbered() -> None:
    """Columns get the type of their field, and rows a number if they have none."""
    frame = staged({"museum": "1", "annexes": None}, {"museum": "2", "annexes": None})
    assert frame.schema["annexes"] == pl.List(pl.String)
    assert frame.schema["museum"] == pl.String
    assert frame["_row"].to_list() == [1, 2]
    assert staged({"museum": "1", "_row": 7})["_row"].to_list() == [7]
    lazy = pl.LazyFrame({"museum": ["1"]})
    assert take(lazy)["museum"].to_list() == ["1"]


@pytest.mark.parametrize(
    ("row", "field"), [({"museum": "1", "fax": "2"}, "fax"), ({"enw": "x"}, "museum")]
)
def test_columns_that_do_not_fit_are_refused(row: dict[str, str], field: str) -> None:
    """A column that nobody declared, and a missing key, are named."""
    with pytest.raises(BadRelease) as caught:
        staged(row)
    assert caught.value.members["field"] == field


@pytest.mark.parametrize("lazy", [False, True])
def test_rows_left_out_are_counted_by_reason(
    tmp_path: Path, log: Log, lazy: bool
) -> None:
    """They are not staged; reasons and remarks of all batches are told, the most
    frequent first."""
    reasons = [None, "too far", "too old", "too far", None]
    frame = pl.DataFrame({"museum": list("12345"), "_left_out": reasons})
    frame = frame.with_columns(pl.lit("turned round").alias("_remark"))
    stage = Stage(log, tmp_path, batch=2)
    rows, counts = stage.take(Load("museum", frame.lazy() if lazy else frame), SCHEMA)
    kept = pl.concat(rows.batches())
    assert kept["museum"].to_list() == ["1", "5"]
    assert list(counts.left_out.items()) == [("too far", 2), ("too old", 1)]
    assert counts.remarks == {"turned round": 5}
    assert not {"_left_out", "_remark"} & set(kept.columns)


def test_lazy_rows_are_staged_in_a_file(tmp_path: Path, log: Log) -> None:
    """If they are more than a batch: the same rows as from memory, each completed from
    the record of its key, whichever batch it is in."""
    frame = pl.DataFrame({"museum": list("312"), "enw": ["a", "b", None]})
    (tmp_path / "rows").mkdir()
    on_disk, in_memory = (
        Stage(log, tmp_path / "rows", batch=1).take(Load("museum", rows), SCHEMA)[0]
        for rows in (frame.lazy(), frame)
    )
    assert isinstance(on_disk.rows, Path)
    assert [len(rows) for rows in on_disk.batches()] == [1, 1, 1]
    whole = pl.concat(on_disk.batches())
    assert whole.equals(rows_of(in_memory))
    assert whole["opened"].to_list() == [None, "1905", "1905"]
    assert whole["enw"].to_list() == ["a", "b", None]
    few, _ = Stage(log, tmp_path / "rows").take(Load("museum", frame.lazy()), SCHEMA)
    assert rows_of(few).equals(whole)


def test_a_partial_load_is_completed_batch_by_batch(tmp_path: Path, log: Log) -> None:
    """Nulls keep what is held, and keys that are not held are a problem, in any
    batch; in a register that holds nothing all are."""
    frame = pl.LazyFrame({"museum": list("2931"), "enw": [None, "x", "y", "z"]})
    load = Load("museum", frame, partial=True)
    rows = pl.concat(Stage(log, tmp_path, batch=1).take(load, SCHEMA)[0].batches())
    assert rows["enw"].to_list() == ["Amgueddfa", "x", "y", "z"]
    assert rows["annexes"].to_list() == [["8", "9"], None, None, ["8", "9"]]
    assert rows["_problem"].is_not_null().to_list() == [False, True, True, False]
    empty = Log(tmp_path / "empty.sqlite")
    rows = pl.concat(Stage(empty, tmp_path, batch=1).take(load, SCHEMA)[0].batches())
    assert rows["_problem"].null_count() == 0


def test_progress_counts_the_rows_read(tmp_path: Path, log: Log) -> None:
    """Batch by batch; of a file nobody knows how many there will be."""
    said: list[tuple[str, int, int | None]] = []
    frame = pl.DataFrame({"museum": list("123")})
    stage = Stage(log, tmp_path, batch=2)
    for rows, total in ((frame, 3), (frame.lazy(), None)):
        said.clear()
        stage.take(Load("museum", rows), SCHEMA, lambda *what: said.append(what))
        assert said == [("stage: museum", 2, total), ("stage: museum", 3, total)]


FULL: Item = {
    "museum": "1",
    "enw": "Amgueddfa",
    "opened": "1905",
    "annexes": ["8", "9"],
    "point": "[1,2]",
}


def test_a_full_load_keeps_columns_that_it_has_not() -> None:
    """Absent columns keep what is held, lists too; a null of its own blanks."""
    frame = staged({"museum": "1", "enw": None, "opened": "1906"}, {"museum": "2"})
    assert items(frame, held(FULL), partial=False) == [
        {"museum": "1", "opened": "1906", "annexes": ["8", "9"], "point": "[1,2]"},
        {"museum": "2"},
    ]


def test_a_partial_load_blanks_nothing_and_names_no_new_key() -> None:
    """Nulls keep what is held; a key that is not held is a problem of its row."""
    frame = staged(
        {"museum": "1", "enw": None, "opened": "1906", "annexes": ["7"]},
        {"museum": "2", "enw": "x", "opened": None, "annexes": None},
    )
    whole = complete(frame, held(FULL), SCHEMA, partial=True)
    (first, second) = whole["_problem"].to_list()
    assert first is None
    assert "holds no record of this key" in second
    assert items(frame, held(FULL), partial=True)[0] == {
        **FULL,
        "opened": "1906",
        "annexes": ["7"],
    }
    (problem,) = complete(frame[1:], held(), SCHEMA, partial=True)["_problem"]
    assert "holds no record of this key" in problem


def test_a_loaders_own_problem_is_kept() -> None:
    """What the loader found wrong with a row is not written over."""
    frame = staged({"museum": "2", "_problem": "smudged"})
    whole = complete(frame, held(FULL), SCHEMA, partial=True)
    assert whole["_problem"].to_list() == ["smudged"]


VALUES = st.none() | st.text(max_size=4)
LISTS = st.none() | st.lists(st.text(max_size=3), max_size=3)


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), VALUES, VALUES, LISTS, VALUES, LISTS),
        max_size=5,
        unique_by=lambda row: row[0],
    ),
    st.booleans(),
)
def test_completion_is_a_merge_by_key(rows: list[Any], partial: bool) -> None:
    """For any rows and records the columnar merge is the merge of dictionaries."""
    records: list[Item] = []
    for key, enw, _, annexes, _, _ in rows:
        item: Item = {"museum": key}
        item |= {"enw": enw} if enw is not None else {}
        item |= {"annexes": annexes} if annexes is not None else {}
        records.append(item)
    given_rows = [
        {"museum": key, "enw": enw, "annexes": annexes}
        for key, _, enw, _, _, annexes in rows
    ]
    types = {"museum": pl.String(), "enw": pl.String(), "annexes": pl.List(pl.String())}
    names = ["museum", "enw"] if not partial else list(types)
    frame = pl.DataFrame(given_rows, schema=types).select(names)
    wanted = []
    for record, row in zip(records, given_rows, strict=True):
        merged = {name: row[name] for name in names if row[name] is not None}
        kept = record if partial else {"annexes": record.get("annexes")}
        for name, value in kept.items():
            if value is not None:
                merged.setdefault(name, value)
        wanted.append(merged)
    found = take(frame)
    assert items(found, held(*records), partial=partial) == wanted


def test_only_what_differs_is_drafted() -> None:
    """Same items are unchanged; others become entries in row order, with counts."""
    same: Item = {"museum": "1", "enw": "Amgueddfa"}
    changed: Item = {"museum": "2", "enw": "Oriel"}
    frame = staged(
        {"museum": "3", "enw": "New"},
        {"museum": "1", "enw": "Amgueddfa"},
        {"museum": "2", "enw": "Oriel newydd"},
    )
    found = draft(frame, held(same, changed), SCHEMA, TIME)
    assert (found.added, found.changed, found.unchanged) == (1, 1, 1)
    drafts = found.drafts
    text = '{"enw":"New","museum":"3"}'
    assert next(iter(drafts)) == Draft(TIME, "3", text, item_hash(text))
    assert [one.key for one in drafts] == ["3", "2"]
    assert list(found.changes) == [False, True]
    nothing = draft(frame.clear(), held(same), SCHEMA, TIME)
    assert (len(nothing.drafts), nothing.unchanged) == (0, 0)


def test_current_records_come_from_the_log(tmp_path: Path) -> None:
    """Key, hash and text of each record; none for a register that is not there."""
    log = Log(tmp_path / "log.sqlite")
    text = canonical_json(FULL)
    append(log, [Draft(TIME, "1", text, item_hash(text))], "museum")
    assert current_records(log, "museum").rows() == [("1", item_hash(text), text)]
    assert current_records(log, "gallery").is_empty()
