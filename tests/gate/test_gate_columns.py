"""Rules on rows and columns as such: keys, undeclared columns, reasons of a loader."""

from __future__ import annotations

import polars as pl

from tests.gate.values import SCHEMAS
from trigpoint.gate import terms
from trigpoint.gate.checks import run
from trigpoint.gate.rules import checks, empty_columns
from trigpoint.gate.staged import Staged

SCHEMA = SCHEMAS["uk"]


def rows_with(**columns: list[str | None]) -> pl.DataFrame:
    """Rows numbered from 2, of the register `uk`."""
    size = len(next(iter(columns.values())))
    data = {"_row": pl.Series(range(2, size + 2), dtype=pl.UInt32)}
    data["uk"] = pl.Series(["GBN"] * size, dtype=pl.String)
    for name, values in columns.items():
        data[name] = pl.Series(values, dtype=pl.String)
    return pl.DataFrame(data)


def found_in(rows: pl.DataFrame) -> list[tuple[int | None, str | None, str]]:
    """Row, field and component of what the checks of rows find."""
    found = run(rows, checks(SCHEMA, rows.columns))
    return [(one.row, one.field, one.component) for one in found]


def test_a_row_without_its_key_is_refused() -> None:
    """It names no record, and nothing else is wrong with it."""
    rows = rows_with(uk=["GBN", None, "NIR"], name=["Great Britain", "x", "y"])
    assert found_in(rows) == [(3, "uk", terms.MIN_COUNT)]


def test_rows_are_refused_for_values_that_no_field_takes() -> None:
    """Only rows with something in an undeclared column are, and its value is kept out
    of the report."""
    rows = rows_with(name=["a", "b"], telephone=[None, "01234 567890"])
    assert found_in(rows) == [(3, "telephone", terms.CLOSED)]
    (found,) = run(rows, checks(SCHEMA, rows.columns))
    assert found.value is None
    assert "01234" not in found.message
    assert found.path == terms.UNDECLARED_COLUMN


def test_a_release_is_refused_for_an_undeclared_column_without_values() -> None:
    """No row can be blamed, whatever the batches; a value in the last of them makes
    it the matter of that row alone."""
    empty = rows_with(telephone=[None, None, None])
    filled = rows_with(telephone=[None, None, "1"])
    assert found_in(empty) == []
    (found,) = empty_columns(Staged(empty, batch=2), SCHEMA)
    assert (found.row, found.field, found.component) == (
        None,
        "telephone",
        terms.CLOSED,
    )
    assert list(empty_columns(Staged(filled, batch=2), SCHEMA)) == []
    assert found_in(filled) == [(4, "telephone", terms.CLOSED)]


def test_what_belongs_to_staging_is_no_column_of_a_register() -> None:
    """Row numbers and reasons are not held against the shape; a reason is passed on."""
    rows = rows_with(name=["a", "b"], _problem=[None, "which of two councils?"])
    assert list(empty_columns(Staged(rows), SCHEMA)) == []
    (found,) = run(rows, checks(SCHEMA, rows.columns))
    assert (found.row, found.component) == (3, terms.UNRESOLVED)
    assert found.message == "which of two councils?"
