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
from trigpoint.errors import BadRelease
from trigpoint.log.entry import Draft
from trigpoint.log.store import Log
from trigpoint.schema.items import Item, canonical_json, item_hash
from trigpoint.staging import (
    Load,
    collect,
    complete,
    current_records,
    draft,
    left_out,
)

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


def staged(*rows: dict[str, Any]) -> pl.DataFrame:
    frame = pl.DataFrame(list(rows), infer_schema_length=None)
    return collect(Load("museum", frame), SCHEMA)


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
    assert collect(Load("museum", lazy), SCHEMA)["museum"].to_list() == ["1"]


@pytest.mark.parametrize(
    ("row", "field"), [({"museum": "1", "fax": "2"}, "fax"), ({"enw": "x"}, "museum")]
)
def test_columns_that_do_not_fit_are_refused(row: dict[str, str], field: str) -> None:
    """A column that nobody declared, and a missing key, are named."""
    with pytest.raises(BadRelease) as caught:
        staged(row)
    assert caught.value.members["field"] == field


def test_rows_left_out_are_counted_by_reason() -> None:
    """They are taken away, and their reasons told."""
    frame = staged(
        {"museum": "1", "_left_out": "too far"},
        {"museum": "2", "_left_out": None},
        {"museum": "3", "_left_out": "too far"},
        {"museum": "4", "_left_out": "too old"},
    )
    kept, reasons = left_out(frame)
    assert kept["museum"].to_list() == ["2"]
    assert reasons == {"too far": 2, "too old": 1}


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
    found = collect(Load("museum", frame), SCHEMA)
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
    drafts, counts = draft(frame, held(same, changed), SCHEMA, TIME)
    assert (counts.added, counts.changed, counts.unchanged) == (1, 1, 1)
    text = '{"enw":"New","museum":"3"}'
    assert next(iter(drafts)) == Draft(TIME, "3", text, item_hash(text))
    assert [one.key for one in drafts] == ["3", "2"]


def test_current_records_come_from_the_log(tmp_path: Path) -> None:
    """Key, hash and text of each record; none for a register that is not there."""
    log = Log(tmp_path / "log.sqlite")
    text = canonical_json(FULL)
    append(log, [Draft(TIME, "1", text, item_hash(text))], "museum")
    assert current_records(log, "museum").rows() == [("1", item_hash(text), text)]
    assert current_records(log, "gallery").is_empty()
