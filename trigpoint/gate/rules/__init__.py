"""Rules about values and rows that SHACL's core cannot say, or not to a custodian.

Columnar: each rule is an expression that names the rows that may break it, and only
those are looked at one by one (trigpoint.gate.checks).
"""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from trigpoint.gate.checks import Check
from trigpoint.gate.rules.columns import column_checks, empty_columns
from trigpoint.gate.rules.periods import end_checks
from trigpoint.gate.rules.places import geometry_problems
from trigpoint.gate.rules.texts import EMAIL
from trigpoint.gate.rules.values import value_check
from trigpoint.gate.targets import Targets
from trigpoint.schema.shape import Schema

__all__ = [
    "EMAIL",
    "checks",
    "empty_columns",
    "geometry_problems",
]


def checks(
    schema: Schema, columns: Collection[str], targets: Targets | None = None
) -> list[Check]:
    """Everything that rows show by themselves. The rows have `_row`, the key and any of
    the schema's fields; they are refused for values in columns that it does not
    declare (for such columns without any value see `empty_columns`). With the targets
    of the load, values of links are looked at once each, not once a row."""
    found = column_checks(schema, columns)
    for field in schema.fields:
        if field.name in columns:
            check = value_check(schema, field)
            known = None if targets is None else targets.values.get(field.name)
            if known is None or field.many:
                found.append(check)
            else:
                found += _of_distinct(check, field.name, known["value"])
    return [*found, *end_checks(schema, columns)]


def _of_distinct(check: Check, name: str, values: pl.Series) -> list[Check]:
    """The check on a column that has only these values: of rows with one that it
    suspects; none if there is no such value."""
    suspects = values.alias(name).to_frame().filter(check.suspect)[name]
    if suspects.is_empty():
        return []
    rows = pl.col(name).is_in(suspects.implode()).fill_null(False)
    return [Check(check.name, rows, check.find)]
