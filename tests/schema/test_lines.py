"""The N-Triples of records by column are those of `rdf`, line for line."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.schema.museum import BASE, SCHEMA
from trigpoint.schema.catalogue import Schemas
from trigpoint.schema.items import Item, canonical_json, fields_of, parse_item
from trigpoint.schema.lines import RecordLines
from trigpoint.schema.rdf import ntriples
from trigpoint.schema.shape import Schema
from trigpoint.schema.tally import Tally

SAMPLE = Path(__file__).parents[2] / "data"
# Plain and odd values for every kind of field.
VALUES = (
    *("", "AL1 1HL", "a/b c%é😀", 'quote " back \\ tab \t line \n return \r \x7f \x01'),
    *("007", "+1.50", "-0", "1.0", "true", "0", "1993", "2018-10", "2018-10-09"),
    *("2016-04-05T13:23:05.120+00:00", "2016-04-05T24:00:00Z", "99999999999999999999"),
    *("[-0.1,51.5]", "[ -0.1 , 51.5 ]", "[1,2", "POINT(1 2)", "polygon ((0 0))"),
    *("<http://example.org/crs> POINT (1 2)", "CIRCLE", "http://example.org/ x"),
    *("country:GB", "local-authority-eng:A B", "no-colon", "a:b:c", ":", "10", "90"),
)
TEXT = st.sampled_from(VALUES) | st.text(max_size=12)


def check_same(items: Sequence[Item], schema: Schema) -> None:
    """The columns' lines of items, taken together, are the rows' lines."""
    texts = [canonical_json(item) for item in items]
    found = RecordLines(schema, BASE).of(pl.Series(texts, dtype=pl.String), Tally())
    lines = "".join(text for column in found for text in column.drop_nulls())
    assert lines.endswith("\n") or not items
    wanted = {line for item in items for line in ntriples(item, schema, BASE)}
    assert set(lines.split("\n")[:-1]) == wanted
    check_counted(items, schema)


def check_counted(items: Sequence[Item], schema: Schema) -> None:
    """Of items with keys of their own, each line is counted once."""
    held = {str(item[schema.key]): item for item in items}
    texts = pl.Series([canonical_json(one) for one in held.values()], dtype=pl.String)
    counted, wanted = Tally(), Tally()
    list(RecordLines(schema, BASE).of(texts, counted))
    lines = {line for one in held.values() for line in ntriples(one, schema, BASE)}
    wanted.add_lines(pl.Series(list(lines), dtype=pl.String))
    assert counted == wanted
    assert counted.triples == len(lines)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {"museum": TEXT},
            optional={
                "point": TEXT,
                "opened": TEXT,
                "enw": TEXT,
                "council": TEXT,
                "annexes": st.lists(TEXT, max_size=3),
            },
        ),
        max_size=8,
    )
)
def test_items_of_a_field_of_every_kind(items: list[Item]) -> None:
    """Whatever the values, and whichever fields are absent."""
    check_same(items, SCHEMA)


def test_every_register_of_ours(schemas: Schemas) -> None:
    """Each field of each shape, with values that fit it and values that do not."""
    chance = random.Random(5)
    for name in schemas:
        schema = schemas[name]
        items: list[Item] = []
        for _ in range(60):
            item: Item = {}
            for field in schema.fields:
                few = [chance.choice(VALUES) for _ in range(chance.randrange(3))]
                if field.many:
                    item[field.name] = few
                elif few or field.name == schema.key:
                    item[field.name] = (few or ["key"])[0]
            items.append(item)
        check_same(items, schema)


def test_the_items_of_the_sample(schemas: Schemas) -> None:
    """The postcodes and schools of the sample, as they stand in their archives."""
    for name in ("postcode", "school-eng", "address", "local-authority-eng"):
        text = (SAMPLE / f"{name}.rsf").read_text("utf-8")
        told = [line[9:] for line in text.splitlines() if line.startswith("add-item\t")]
        items = [item for item in map(parse_item, told) if name in item]
        assert items
        check_same(items, schemas[name])


ODD: list[Item] = [
    {"museum": "M1", "annexes": "one text where several are taken"},
    {"museum": "M2", "enw": ["several", "where one is taken"]},
    {"museum": "M3", "annexes": []},
    {"museum": "M4", "annexes": ["M1", "M1"]},
]


@pytest.mark.parametrize("items", [ODD[:1], ODD[1:2], ODD[2:], ODD])
def test_items_that_columns_cannot_hold(items: list[Item]) -> None:
    """Each is written as its row is, and so are those beside it."""
    check_same([{"museum": "M0", "enw": "Plain"}, *items], SCHEMA)


def test_a_field_that_the_shape_lacks_is_an_error() -> None:
    """Nothing that was not declared gets into the graph, nor is it passed over."""
    items: list[Item] = [{"museum": "M0"}, {"museum": "M1", "curator": "A. Person"}]
    with pytest.raises(KeyError):
        check_same(items, SCHEMA)


def test_values_that_make_one_line_are_counted_once() -> None:
    """Two fields with one property, and several geometries, which have one node."""
    fields = {field.name: field for field in SCHEMA.fields}
    fields["enw"] = replace(fields["enw"], path=fields["annexes"].path, kind="link")
    fields["point"] = replace(fields["point"], many=True)
    schema = replace(SCHEMA, fields=tuple(fields.values()))
    items: list[Item] = [
        {"museum": "M1", "enw": "M2", "annexes": ["M2", "M3", "M2"]},
        {"museum": "M2", "point": ["[1,2]", "[3,4]", "[1,2]", "nowhere"]},
        {"museum": "M3", "annexes": ["M4"]},
    ]
    check_same(items, schema)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(SCHEMA.names), TEXT), max_size=8))
def test_columns_hold_an_item_or_say_that_they_do_not(items: list[Item]) -> None:
    """An item that is not odd stands in its row, field by field."""
    texts = pl.Series([canonical_json(item) for item in items], dtype=pl.String)
    rows, odd = fields_of(texts, SCHEMA)
    assert len(rows) == len(odd) == len(items)
    for item, row, is_odd in zip(items, rows.to_dicts(), odd, strict=True):
        held = {name: value for name, value in row.items() if value is not None}
        assert is_odd or held == item
        assert is_odd or "annexes" not in item
