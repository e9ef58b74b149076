"""The writers of the GDS v1 API: whatever is written is read back the same."""

from __future__ import annotations

import csv
import io

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from rdflib import Graph, Literal, URIRef

from api.gds.tables import csv_text, tsv_text
from api.gds.turtle import Names, block, entry_pairs, item_pairs, prefixes
from api.gds.yaml import yaml_text
from trigpoint.log.entry import Entry
from trigpoint.schema.catalogue import Schemas

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
VALUES = st.recursive(
    TEXT | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3)
    ),
    max_leaves=12,
)


@given(VALUES)
def test_yaml_reads_back(body: object) -> None:
    """A YAML parser reads what was written, keys and all."""
    assert yaml.safe_load(yaml_text(body)) == body


@pytest.mark.parametrize(
    ("key", "written"),
    [
        ("GB", "GB"),
        ("item-hash", "item-hash"),
        ("NO", '"NO"'),
        ("y", '"y"'),
        ("Null", '"Null"'),
        ("1", '"1"'),
        ("1:20", '"1:20"'),
        ("2019-04-01", '"2019-04-01"'),
        ("a: b", '"a: b"'),
        ("", '""'),
        ("ä", '"ä"'),
    ],
)
def test_yaml_keys(key: str, written: str) -> None:
    """Keys stand bare unless they would be read as something other than text."""
    assert yaml_text({key: "x"}) == f'---\n{written}: "x"\n'


def test_yaml_in_the_old_shape() -> None:
    """Lists stand under their member without indent, objects with two spaces."""
    body = {
        "GB": {"entry-number": "6", "item": [{"a": "1", "b": ["x", "y"]}]},
        "total": 3,
    }
    assert yaml_text(body) == (
        "---\n"
        "GB:\n"
        '  entry-number: "6"\n'
        "  item:\n"
        '  - a: "1"\n'
        "    b:\n"
        '    - "x"\n'
        '    - "y"\n'
        "total: 3\n"
    )
    assert yaml_text([]) == "--- []\n"
    assert yaml_text({"a": []}) == "---\na: []\n"


ROWS = st.lists(st.lists(TEXT, min_size=2, max_size=2), min_size=1, max_size=5)


@given(ROWS)
def test_csv_reads_back(rows: list[list[str]]) -> None:
    """A CSV parser reads the cells that were written."""
    text = csv_text(rows)
    assert list(csv.reader(io.StringIO(text, newline=""))) == rows


@given(ROWS)
def test_tsv_keeps_its_rows(rows: list[list[str]]) -> None:
    """Whatever the cells hold, there are as many rows and columns."""
    lines = tsv_text(rows).split("\n")
    assert lines.pop() == ""
    assert [line.count("\t") for line in lines] == [1] * len(rows)


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("GB", "GB"),
        ("2016-04-05T13:23:05Z", "2016-04-05T13:23:05Z"),
        ("", ""),
        ("United Kingdom", '"United Kingdom"'),
        ('say "so"', '"say ""so"""'),
        ("a;b", "a;b"),
        ("a,b", '"a,b"'),
        ("x" * 24, "x" * 24),
        ("x" * 25, '"' + "x" * 25 + '"'),
        ("=1+1", '"=1+1"'),
        ("ä", "ä"),
        ("a\nb", '"a\nb"'),
    ],
)
def test_csv_quotes_what_the_old_service_quoted(cell: str, written: str) -> None:
    """Cells over 24 characters, or with one below the hyphen, are quoted."""
    assert csv_text([[cell, "z"]]) == f"{written},z\r\n"


@given(TEXT, TEXT)
def test_turtle_reads_back(key: str, value: str) -> None:
    """An RDF parser reads an entry's values, whatever they hold."""
    names = Names("http://localhost:8000", "country")
    entry = Entry(7, value, key or "x", bytes(32))
    subject = names.record(entry.key)
    text = prefixes(names) + block(subject, entry_pairs(entry, names))
    graph = Graph().parse(data=text)
    assert {str(one) for one in graph.subjects()} == {subject}
    time = "https://openregister.github.io/specification/#entry-timestamp-field"
    assert list(graph.objects(None, URIRef(time))) == [Literal(value)]


def test_web_addresses_are_links(schemas: Schemas) -> None:
    """A web address is an IRI in Turtle; what only looks like one stays text."""
    names = Names("http://localhost:8000", "school-eng")
    for value, written in (
        ("http://example.org/a?b=c", "<http://example.org/a?b=c>"),
        ("http://example.org/ a", '"http://example.org/ a"'),
        ("www.example.org", '"www.example.org"'),
    ):
        pairs = item_pairs({"website": value}, schemas["school-eng"], names)
        assert list(pairs) == [("field:website", written)]
