"""What rules find, as violations; and values as rules look at them.

A rule on values is given a frame of `_row`, `_key` and `_value` (String; null only
among several values), a row for each value, and yields what is wrong with them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import polars as pl

from trigpoint.gate.violation import Violation
from trigpoint.schema.shape import Field, Schema

VALUE = pl.col("_value")
Rule = Callable[[pl.DataFrame, Schema, Field], Iterator[Violation]]


def values_of(rows: pl.DataFrame, schema: Schema, field: Field) -> pl.DataFrame:
    """The values of a field in rows, each in a row of its own; a null instead of a
    value or a list is left out, and so is an empty list."""
    values = rows.select(
        "_row",
        pl.col(schema.key).alias("_key"),
        pl.col(field.name).alias("_value"),
    ).drop_nulls("_value")
    if not field.many:
        return values
    return values.filter(VALUE.list.len() > 0).explode("_value")


def found(
    schema: Schema,
    field: Field | None,
    component: str,
    row: int | None,
    key: str | None,
    value: str | None,
    message: str,
) -> Violation:
    """One violation of a field's shape, or of the register's when no field is named."""
    return Violation(
        register=schema.register,
        row=row,
        key=key,
        field=None if field is None else field.name,
        value=value,
        path=None if field is None else field.path,
        component=component,
        severity="violation",
        shape=schema.shape if field is None else field.shape,
        message=message,
    )
