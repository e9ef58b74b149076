"""Rules on rows and columns as such: a key in every row, no column that the shape does
not declare, and the reasons that a loader gave."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import polars as pl

from trigpoint.gate import terms
from trigpoint.gate.checks import Check
from trigpoint.gate.rules.finding import found
from trigpoint.gate.staged import Staged
from trigpoint.gate.violation import Violation
from trigpoint.schema.shape import Schema

_META = {"_row", "_problem"}


def column_checks(schema: Schema, columns: Collection[str]) -> list[Check]:
    """Of rows that have these columns."""
    checks = [_missing_key(schema)]
    if "_problem" in columns:
        checks.append(_unresolved(schema))
    return [*checks, *(_undeclared(schema, one) for one in undeclared(schema, columns))]


def undeclared(schema: Schema, columns: Collection[str]) -> list[str]:
    """Columns that no property of the closed shape declares (SHACL section 4.8.1)."""
    return [name for name in columns if name not in _META | schema.by_name.keys()]


def empty_columns(rows: Staged, schema: Schema) -> Iterator[Violation]:
    """Columns that the shape does not declare and no row has a value in. No row can be
    refused for them, so the release is; checks of rows refuse rows for all others."""
    for name in undeclared(schema, rows.columns):
        batches = rows.batches([name])
        if all(batch[name].null_count() == len(batch) for batch in batches):
            yield not_declared(schema, name, None, None)


def _missing_key(schema: Schema) -> Check:
    field = schema.field(schema.key)
    message = f"“{field.name}” is missing: a row without its key names no record"

    def find(rows: pl.DataFrame) -> Iterator[Violation]:
        for row in rows["_row"]:
            yield found(schema, field, terms.MIN_COUNT, row, None, None, message)

    return Check(f"“{field.name}” is there", pl.col(field.name).is_null(), find)


def _unresolved(schema: Schema) -> Check:
    def find(rows: pl.DataFrame) -> Iterator[Violation]:
        key = pl.col(schema.key).alias("_key")
        for row, its_key, problem in rows.select("_row", key, "_problem").iter_rows():
            yield found(schema, None, terms.UNRESOLVED, row, its_key, None, problem)

    return Check("problems of the loader", pl.col("_problem").is_not_null(), find)


def _undeclared(schema: Schema, name: str) -> Check:
    def find(rows: pl.DataFrame) -> Iterator[Violation]:
        key = pl.col(schema.key).alias("_key")
        for row, its_key in rows.select("_row", key).iter_rows():
            yield not_declared(schema, name, row, its_key)

    return Check(f"“{name}” is declared", pl.col(name).is_not_null(), find)


def not_declared(
    schema: Schema, name: str, row: int | None, key: str | None
) -> Violation:
    """What such a column holds may be personal, so the report does not repeat it."""
    return Violation(
        register=schema.register,
        row=row,
        key=key,
        field=name,
        value=None,
        path=terms.UNDECLARED_COLUMN,
        component=terms.CLOSED,
        severity="violation",
        shape=schema.shape,
        message=f"the column “{name}” is not declared in the shape: leave it out",
    )
