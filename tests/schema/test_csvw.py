"""CSV and its metadata: what a spreadsheet sees, and what a CSVW reader is told."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.schema.museum import BASE, SCHEMA
from trigpoint.schema.csvw import csv_lines, format_cell, metadata, parse_cell


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        ("plain", "plain"),
        (["a", "b"], "a;b"),
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+44 20 7946", "'+44 20 7946"),
        ("-", "'-"),
        ("-0.1276", "-0.1276"),
        ("+5", "+5"),
        ("\t=1", "'\t=1"),
        ("'=1", "''=1"),
        ("'quoted'", "'quoted'"),
        (["=1", "b"], "'=1;b"),
    ],
)
def test_cells_that_would_run_get_an_apostrophe(
    value: str | list[str] | None, cell: str
) -> None:
    """A formula is made text; numbers and ordinary text stay as they are."""
    assert format_cell(value) == cell


@given(st.text())
def test_a_cell_reads_back(text: str) -> None:
    """Whatever the text, the cell gives it back."""
    assert parse_cell(format_cell(text)) == text


def test_lines_are_rfc_4180() -> None:
    """Rows end in CRLF and quote what must be quoted; absent fields are empty."""
    item: dict[str, str | list[str]] = {
        "museum": "7",
        "enw": 'Amgueddfa "Fawr",\nCaerdydd',
        "annexes": ["8", "9"],
    }
    text = "".join(csv_lines([item], SCHEMA))
    assert text.startswith("museum,enw,opened,point,annexes,council\r\n")
    assert text.endswith(",,,8;9,\r\n")
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert row["enw"] == item["enw"]


def test_metadata_describes_each_column() -> None:
    """Columns carry title, property, datatype and what a value links to."""
    found = metadata(SCHEMA, BASE, "museum.csv")
    table = found["tableSchema"]
    columns = {column["name"]: column for column in table["columns"]}
    assert table["aboutUrl"] == f"{BASE}/id/museum/{{+museum}}"
    assert columns["annexes"]["separator"] == ";"
    assert columns["enw"]["lang"] == "cy-gb"
    assert columns["opened"]["datatype"]["base"] == "string"
    assert columns["museum"]["required"] is True
    assert columns["class"]["valueUrl"] == SCHEMA.target_class
    assert found["dc:license"] == {"@id": "http://example.org/licence"}


def test_column_names_are_template_variables() -> None:
    """No column name has a hyphen, which a URI template could not refer to."""
    table = metadata(SCHEMA, BASE, "museum.csv")["tableSchema"]
    names = [column["name"] for column in table["columns"]]
    assert all(name.replace("_", "").isalnum() for name in names)
