"""All rules on the values of one field as one check.

A field has one regular expression that matches only values without fault, whatever
rule they could break: a date that is one holds no formula, and a UPRN is no e-mail
address. So clean values are looked at once, and the rules see only the others.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from trigpoint.gate import plain
from trigpoint.gate.checks import Check
from trigpoint.gate.rules import identifiers, periods, places, texts
from trigpoint.gate.rules.finding import Rule, values_of
from trigpoint.gate.violation import Violation
from trigpoint.schema.shape import Field, Schema


def value_check(schema: Schema, field: Field) -> Check:
    """That every value of a field is without fault by itself."""
    rules = _rules(schema, field)

    def find(rows: pl.DataFrame) -> Iterator[Violation]:
        values = values_of(rows, schema, field)
        for rule in rules:
            yield from rule(values, schema, field)

    clean = None if field.encoding == "wkt" else _clean(schema, field)
    return Check(
        f"values of “{field.name}”",
        _suspect(field, clean),
        find,
        clean=None if clean is None or field.many else (field.name, clean),
    )


def _rules(schema: Schema, field: Field) -> list[Rule]:
    rules: list[Rule] = [texts.find]
    if field.kind == "date":
        rules.append(periods.find_dates)
    if field.kind == "geometry":
        rules.append(places.find_geometries)
    if identifiers.spelling_of(schema, field) is not None:
        rules.append(identifiers.find_spelling)
    if field.entities:
        rules.append(identifiers.find_entities)
    return rules


def _suspect(field: Field, clean: str | None) -> pl.Expr:
    """Rows with a value that is not certainly without fault."""
    column = pl.col(field.name)
    if clean is None:
        # WKT has to be read to know; that is done for many at once.
        return column.is_not_null()
    if not field.many:
        return plain.unlike(column, clean)
    of_values = pl.element().str.contains(clean).fill_null(False)
    return column.list.eval(~of_values).list.any().fill_null(False)


def _clean(schema: Schema, field: Field) -> str:
    """A regular expression that matches only values that no rule refuses."""
    if field.kind == "date":
        return plain.whole(*plain.DATES.values())
    if field.kind == "geometry":
        return plain.whole(plain.POINT)
    spelt = identifiers.canonical(schema, field)
    return identifiers.agreeing(schema, field) if spelt is None else spelt
