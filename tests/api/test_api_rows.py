"""Rows in bodies: JSON, lines of JSON, CSV; and what is none."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest

from api.limits import UnsupportedMediaType
from api.rows import CSV_TYPE, JSON_TYPE, LINES_TYPE, MAX_ROWS, InvalidRows, frame_of
from trigpoint.schema.catalogue import Schemas

ENG = "local-authority-eng"
COUNCIL = {ENG: "BPC", "name": "Bournemouth", "successors": ["A", "B"]}


def read(
    schemas: Schemas, body: str | bytes, kind: str = JSON_TYPE, *, whole: bool = False
) -> pl.DataFrame:
    given = body.encode() if isinstance(body, str) else body
    return frame_of(given, kind, schemas[ENG], whole=whole)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (JSON_TYPE, json.dumps([COUNCIL])),
        (JSON_TYPE, b"\xef\xbb\xbf" + json.dumps([COUNCIL]).encode()),
        (LINES_TYPE, json.dumps(COUNCIL) + "\n\n"),
        (LINES_TYPE, json.dumps(COUNCIL)),
        (CSV_TYPE, f"{ENG},name,successors\r\nBPC,Bournemouth,A;B\r\n"),
        (CSV_TYPE, f'name,successors,{ENG}\n"Bournemouth",A;B,BPC'),
    ],
)
def test_a_row_is_the_same_in_every_format(
    schemas: Schemas, kind: str, body: str | bytes
) -> None:
    """Fields are found by name, many values are a list, the order is no matter."""
    (row,) = read(schemas, body, kind).drop("_row").to_dicts()
    assert row == COUNCIL


def test_rows_are_numbered_as_people_count(schemas: Schemas) -> None:
    """The first object is row 1; in a table the header is."""
    rows = json.dumps([COUNCIL, COUNCIL])
    assert read(schemas, rows)["_row"].to_list() == [1, 2]
    table = f"{ENG},name\nA,a\n\nB,b\n"
    assert read(schemas, table, CSV_TYPE)["_row"].to_list() == [2, 3]


def test_a_whole_row_says_of_every_field_that_it_is_absent(schemas: Schemas) -> None:
    """A row that amends says nothing of fields that it does not name."""
    body = json.dumps([{ENG: "BPC"}, COUNCIL])
    whole = read(schemas, body, whole=True)
    assert set(whole.columns) == {*schemas[ENG].names, "_row"}
    assert whole["start-date"].null_count() == 2
    assert set(read(schemas, body).columns) == {*COUNCIL, "_row"}


def test_empty_cells_say_nothing(schemas: Schemas) -> None:
    """In CSV there is no other way to leave a value out."""
    frame = read(schemas, f"{ENG},name,successors\nBPC,,\n", CSV_TYPE)
    assert frame.columns == [ENG, "_row"]


@pytest.mark.parametrize(
    ("row", "pointer", "detail"),
    [
        ({"name": "x"}, "/0", f"the key {ENG} is missing"),
        ({ENG: "X", "fax": "1"}, "/0/fax", "no such field: expected one of"),
        ({ENG: "X", "a/b~c": "1"}, "/0/a~1b~0c", "has no such field"),
        ({ENG: "X", "\ud800": "1"}, "/0/?", "has no such field"),
        ({ENG: 7}, f"/0/{ENG}", "expected a string"),
        ({ENG: "X", "name": None}, "/0/name", "expected a string"),
        ({ENG: "X", "name": ["a"]}, "/0/name", "expected a string"),
        ({ENG: "X", "name": {"a": "b"}}, "/0/name", "expected a string"),
        ({ENG: "X", "name": "\udc00"}, "/0/name", "half of a pair"),
        ({ENG: "X", "successors": "A"}, "/0/successors", "expected an array"),
        ({ENG: "X", "successors": []}, "/0/successors", "expected an array"),
        ({ENG: "X", "successors": ["A", 1]}, "/0/successors", "expected an array"),
        ("X", "/0", "expected an object"),
    ],
)
def test_what_is_no_row_is_pointed_at(
    schemas: Schemas, row: Any, pointer: str, detail: str
) -> None:
    """The pointer leads to the place in the rows as they were sent."""
    with pytest.raises(InvalidRows) as raised:
        read(schemas, json.dumps([row]))
    errors: Any = raised.value.members["errors"]
    (error,) = errors
    assert error["pointer"] == pointer
    assert detail in error["detail"]
    assert json.dumps(error, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("kind", "body", "says"),
    [
        (JSON_TYPE, "", "not JSON"),
        (JSON_TYPE, "[", "not JSON"),
        (JSON_TYPE, "{}", "expected an array"),
        (JSON_TYPE, "[]", "no rows"),
        (JSON_TYPE, "[" * 100_000, "not JSON"),
        (JSON_TYPE, "[" + "9" * 5_000 + "]", "not JSON"),
        (JSON_TYPE, f'[{{"{ENG}":"A","{ENG}":"B"}}]', "names a field twice"),
        (JSON_TYPE, b"[\xff]", "not UTF-8"),
        (JSON_TYPE, b"\xff\xfe[\x00]\x00", "not UTF-8"),
        (LINES_TYPE, "{}\n[1]\n", "/1: expected an object"),
        (LINES_TYPE, "\n\n", "no rows"),
        (CSV_TYPE, "", "no rows"),
        (CSV_TYPE, f"{ENG},name\n", "no rows"),
        (CSV_TYPE, f"{ENG},name\nA\n", "1 cells, not 2"),
        (CSV_TYPE, f"{ENG},name\nA,b,c\n", "3 cells, not 2"),
        (CSV_TYPE, f"{ENG},{ENG}\nA,B\n", "names a field twice"),
        (CSV_TYPE, f'{ENG},name\nA,"b', "not CSV"),
        (CSV_TYPE, f"{ENG},name\nA,\0\n", "a NUL"),
    ],
)
def test_a_body_that_cannot_be_read_is_said_to_be_none(
    schemas: Schemas, kind: str, body: str | bytes, says: str
) -> None:
    """No foreign error comes through, whatever is sent."""
    with pytest.raises(InvalidRows, match=says):
        read(schemas, body, kind)


def test_rows_are_bounded_in_number(schemas: Schemas) -> None:
    """As many as may be are read, one more is refused."""
    row = json.dumps({ENG: "X"})
    assert len(read(schemas, f"{row}\n" * MAX_ROWS, LINES_TYPE)) == MAX_ROWS
    with pytest.raises(InvalidRows, match=f"more than {MAX_ROWS} rows"):
        read(schemas, f"{row}\n" * (MAX_ROWS + 1), LINES_TYPE)


def test_of_many_errors_the_first_are_listed(schemas: Schemas) -> None:
    """The count is of all, the list is bounded."""
    with pytest.raises(InvalidRows, match="and 499 more") as raised:
        read(schemas, json.dumps([{"x": "1"}] * 250))
    errors: Any = raised.value.members["errors"]
    assert len(errors) == 100


def test_values_of_unknown_fields_are_not_repeated(schemas: Schemas) -> None:
    """What stands in a column that nobody declared may be personal."""
    with pytest.raises(InvalidRows) as raised:
        read(schemas, json.dumps([{ENG: "X", "head": "Jane Doe"}]))
    assert "Jane" not in f"{raised.value} {raised.value.members}"


def test_other_types_are_not_read(schemas: Schemas) -> None:
    """The refusal lists what is."""
    with pytest.raises(UnsupportedMediaType, match="expected application/json"):
        read(schemas, "[]", "text/plain")
