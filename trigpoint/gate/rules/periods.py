"""Rules on dates: days that there were, and an end that is not before the start."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import polars as pl

from trigpoint.gate import terms
from trigpoint.gate.checks import Check
from trigpoint.gate.dates import is_before, is_date, may_be_before
from trigpoint.gate.messages import not_a_date
from trigpoint.gate.rules.finding import found
from trigpoint.gate.violation import Violation
from trigpoint.schema.shape import Field, Schema


def find_dates(
    values: pl.DataFrame, schema: Schema, field: Field
) -> Iterator[Violation]:
    """Dates that are none: validators look at xsd:date and xsd:dateTime closely, but
    take anything for a xsd:gYear or xsd:gYearMonth."""
    for row, key, value in values.drop_nulls("_value").iter_rows():
        if not is_date(value):
            message = not_a_date(value)
            yield found(schema, field, terms.INVALID_DATE, row, key, value, message)


def end_checks(schema: Schema, columns: Collection[str]) -> list[Check]:
    """That a record does not end before it starts; nothing where one of the two fields
    is not there or takes many values."""
    start, end = schema.start, schema.end
    if start is None or end is None or not {start, end} <= set(columns):
        return []
    field = schema.field(end)
    if field.many or schema.field(start).many:
        return []

    def find(rows: pl.DataFrame) -> Iterator[Violation]:
        for row, key, first, last in rows.select(
            "_row", pl.col(schema.key).alias("_key"), start, end
        ).iter_rows():
            if is_before(last, first):
                message = f"the end “{last}” lies before the start “{first}”"
                component = terms.END_BEFORE_START
                yield found(schema, field, component, row, key, last, message)

    suspect = may_be_before(pl.col(end), pl.col(start))
    return [Check(f"“{end}” is not before “{start}”", suspect, find)]
