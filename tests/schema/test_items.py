"""Items: canonical JSON, row by row and by the column, and their hashes."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.schema.museum import SCHEMA
from trigpoint.errors import InvalidInput
from trigpoint.schema.items import (
    Item,
    canonical_json,
    format_hash,
    item_hash,
    items_of,
    parse_hash,
    parse_item,
)

# Everything that UTF-8 can write, and what JSON escapes, often.
TEXT = st.text() | st.text("\x00\x1f\x7f\"\\/\b\f\n\r\t{}[]:,'\u2028\ufeff\U0001f3eb")
ROW = st.fixed_dictionaries(
    {
        "museum": TEXT,
        "enw": st.none() | TEXT,
        "point": st.none() | TEXT,
        "annexes": st.none() | st.lists(TEXT, max_size=3),
    }
)
TYPES: dict[str, pl.DataType] = {
    "museum": pl.String(),
    "enw": pl.String(),
    "point": pl.String(),
    "annexes": pl.List(pl.String()),
    "_row": pl.UInt32(),
}


@given(st.lists(ROW, max_size=5))
def test_items_of_a_frame_are_the_canonical_json_of_its_rows(
    rows: list[dict[str, Any]],
) -> None:
    """The columnar writer gives, row by row, what json.dumps gives."""
    numbered = [{**row, "_row": n} for n, row in enumerate(rows)]
    frame = pl.DataFrame(numbered, schema=TYPES)
    wanted = [
        canonical_json({name: v for name, v in row.items() if v is not None})
        for row in rows
    ]
    assert items_of(frame, SCHEMA).to_list() == wanted


def test_columns_that_are_no_fields_are_not_written() -> None:
    """`_row` and anything undeclared stays out of an item."""
    frame = pl.DataFrame({"museum": ["1"], "_row": [2], "email": ["a@example.org"]})
    assert items_of(frame, SCHEMA).to_list() == ['{"museum":"1"}']


def test_canonical_json_is_sorted_and_tight() -> None:
    """Keys are sorted, there is no white space, and letters are not escaped."""
    item: Item = {"name": "Ynys Môn", "b": ["x", "y"], "a": 'say "hi"\n'}
    assert (
        canonical_json(item)
        == '{"a":"say \\"hi\\"\\n","b":["x","y"],"name":"Ynys Môn"}'
    )


@given(
    st.dictionaries(st.text(), st.text() | st.lists(st.text(), max_size=3), max_size=4)
)
def test_an_item_survives_its_canonical_form(item: dict[str, Any]) -> None:
    """parse after format is the identity."""
    assert parse_item(canonical_json(item)) == item


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        '"text"',
        '{"a":1}',
        '{"a":null}',
        '{"a":true}',
        '{"a":{"b":"c"}}',
        '{"a":["b",1]}',
        '{"a":[["b"]]}',
        '{"a":NaN}',
        "[" * 100_000,
    ],
    ids=lambda text: text[:12] or "empty",
)
def test_what_is_no_item_is_refused(text: str) -> None:
    """Only an object of strings and arrays of strings is an item."""
    with pytest.raises(InvalidInput):
        parse_item(text)


def test_an_item_is_named_by_the_sha_256_of_its_bytes() -> None:
    """The hash is that of the canonical text in UTF-8."""
    text = canonical_json({"name": "Ynys Môn"})
    assert item_hash(text) == hashlib.sha256(text.encode()).digest()
    known = "sha-256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    assert format_hash(item_hash(json.dumps({}))) == known


@given(st.binary(min_size=32, max_size=32))
def test_a_hash_survives_its_name(digest: bytes) -> None:
    """parse after format is the identity."""
    assert parse_hash(format_hash(digest)) == digest


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0" * 64,
        "sha-256:" + "0" * 63,
        "sha-256:" + "0" * 65,
        "sha-256:" + "g" * 64,
        "sha-256:" + "A" * 64,
        "sha-512:" + "0" * 64,
        "sha-256:" + "0" * 62 + " 0",
        "sha-256:" + "0 " * 32,
        "sha-256:" + "0" * 64 + "\n",
        "sha-256:" + "٣" * 64,
    ],
)
def test_what_is_no_hash_is_refused(text: str) -> None:
    """A hash has its prefix and 64 hex digits in lower case, and nothing else."""
    with pytest.raises(InvalidInput, match="is not a hash"):
        parse_hash(text)
