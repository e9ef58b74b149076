"""Rules about values and rows that SHACL's core cannot say, or not to a custodian.

Columnar: each rule is an expression that names the rows that may break it, and only
those are looked at one by one (trigpoint.gate.checks).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import polars as pl

from trigpoint.gate import terms
from trigpoint.gate.checks import Check, run
from trigpoint.gate.rules.columns import column_checks, empty_columns
from trigpoint.gate.rules.finding import found
from trigpoint.gate.rules.periods import end_checks
from trigpoint.gate.rules.places import geometry_problems
from trigpoint.gate.rules.texts import EMAIL
from trigpoint.gate.rules.values import value_check
from trigpoint.gate.staged import Staged
from trigpoint.gate.violation import Violation
from trigpoint.schema.shape import Schema

__all__ = [
    "EMAIL",
    "check_rows",
    "checks",
    "duplicate_keys",
    "empty_columns",
    "geometry_problems",
]


def checks(schema: Schema, columns: Collection[str]) -> list[Check]:
    """Everything that rows show by themselves. The rows have `_row`, the key and any of
    the schema's fields; they are refused for values in columns that it does not
    declare (for such columns without any value see `empty_columns`)."""
    present = [field for field in schema.fields if field.name in columns]
    return [
        *column_checks(schema, columns),
        *(value_check(schema, field) for field in present),
        *end_checks(schema, columns),
    ]


def check_rows(frame: pl.DataFrame, schema: Schema) -> Iterator[Violation]:
    """What `checks` find in the rows of one frame."""
    yield from empty_columns(Staged(frame), schema)
    yield from run(frame, checks(schema, frame.columns))


def duplicate_keys(frame: pl.DataFrame, schema: Schema) -> Iterator[Violation]:
    """Every row whose key another row of the load has, too."""
    field = schema.field(schema.key)
    rows = frame.select("_row", schema.key).drop_nulls(schema.key)
    doubled = rows.filter(pl.col(schema.key).is_duplicated())
    groups = doubled.group_by(schema.key, maintain_order=True).agg(
        pl.col("_row").sort()
    )
    for key, numbers in groups.iter_rows():
        listed = ", ".join(map(str, numbers[:10])) + (", …" if numbers[10:] else "")
        message = f"the key “{key}” stands in {len(numbers)} rows ({listed}): keep one"
        for row in numbers:
            yield found(schema, field, terms.DUPLICATE_KEY, row, key, key, message)
