"""The gate for archived logs: items whose history cannot be changed any more.

The same shapes and rules judge them, but only what the shape refuses is refused.
Links are warned of, since the register that they lead to may have been archived at
another time or not at all; so is what our own rules find in an item's text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal

import polars as pl

from trigpoint.gate import terms
from trigpoint.gate.gate import Progress, checks_of, compiled, judged
from trigpoint.gate.links import link_checks
from trigpoint.gate.report import Report
from trigpoint.gate.rules.columns import not_declared
from trigpoint.gate.staged import Staged
from trigpoint.gate.survey import every_target, survey
from trigpoint.gate.targets import Held
from trigpoint.gate.violation import Violation
from trigpoint.schema.catalogue import Schemas
from trigpoint.schema.shape import Field, Schema

Links = Literal["refuse", "warn", "skip"]
# Number (of the line or the entry), key and item.
NumberedItem = tuple[int, str, Mapping[str, str | list[str]]]

_LINKS = {terms.CLASS, terms.ENDED_LINK}
_WARNED = {
    terms.CONTROL_CHARACTER,
    terms.EMPTY_VALUE,
    terms.END_BEFORE_START,
    terms.ENTITY_MISMATCH,
    terms.FORMULA_CELL,
    terms.INVALID_DATE,
    terms.NOT_CANONICAL_KEY,
    terms.NOT_CANONICAL_VALUE,
    terms.PERSONAL_DATA,
    *terms.INVALID_IDENTIFIER.values(),
}


def check_items(
    items: Sequence[NumberedItem],
    schema: Schema,
    schemas: Schemas,
    *,
    held: Held,
    source_date: str,
    base: str,
    links_as: Links = "warn",
    progress: Progress | None = None,
    report: Report | None = None,
) -> Report:
    """Judge the items of a register's history; a key may come any number of times.

    A violation's `row` is the number given with the item. With `links_as="skip"`
    link targets are taken to exist, and `held` is not asked.
    """
    found = Report() if report is None else report
    found.extend(_misfits(items, schema))
    rows = Staged(_frame(items, schema))
    shape = compiled(schema, schemas, base)
    if links_as == "skip":
        targets = every_target(rows, shape.known)
    else:
        targets = survey(rows, shape.known, held).targets
    checks = [
        *checks_of(shape, targets, rows),
        *link_checks(schema, targets, source_date),
    ]
    warned = _WARNED | (_LINKS if links_as == "warn" else set())
    found.extend(_milder(judged(rows, schema, checks, progress), warned))
    return found


def _milder(found: Iterable[Violation], warned: set[str]) -> Iterator[Violation]:
    for violation in found:
        if violation.component in warned:
            yield replace(violation, severity="warning")
        else:
            yield violation


def _misfits(items: Iterable[NumberedItem], schema: Schema) -> Iterator[Violation]:
    """What a frame cannot hold: members that are not declared, arrays where one value
    is expected and the reverse, an item under a key that is not its own."""
    for number, key, item in items:
        if item.get(schema.key, key) != key:
            message = f"the entry's key is “{key}”, its item's is “{item[schema.key]}”"
            field = schema.field(schema.key)
            yield _misfit(schema, number, key, field, terms.KEY_MISMATCH, message)
        for name, value in item.items():
            if name not in schema.by_name:
                message = f"the field “{name}” is not declared in the shape"
                found = not_declared(schema, name, number, key)
                yield replace(found, message=message)
                continue
            field = schema.field(name)
            if isinstance(value, list) != field.many:
                wanted = "an array of strings" if field.many else "one string"
                message = f"“{name}” does not have its cardinality: expected {wanted}"
                component = terms.WRONG_CARDINALITY
                yield _misfit(schema, number, key, field, component, message)
            if any(map(_surrogates, _values(value))):
                message = f"“{name}” holds half of a surrogate pair, which is no text"
                component = terms.CONTROL_CHARACTER
                found = _misfit(schema, number, key, field, component, message)
                yield replace(found, severity="warning")


def _frame(items: Sequence[NumberedItem], schema: Schema) -> pl.DataFrame:
    """The items as staged rows."""
    columns: dict[str, pl.Series] = {
        "_row": pl.Series([number for number, _, _ in items], dtype=pl.UInt32)
    }
    for field in schema.fields:
        values = [item.get(field.name) for _, _, item in items]
        if field.many:
            kept = [None if v is None else [*map(_clean, _values(v))] for v in values]
            columns[field.name] = pl.Series(kept, dtype=pl.List(pl.String))
        else:
            one = [None if not v else _clean(_values(v)[0]) for v in values]
            columns[field.name] = pl.Series(one, dtype=pl.String)
    return pl.DataFrame(columns)


def _values(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _surrogates(text: str) -> bool:
    return not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text)


def _clean(text: str) -> str:
    """Text without lone surrogates, which UTF-8 cannot write."""
    if not _surrogates(text):
        return text
    return "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text)


def _misfit(
    schema: Schema, number: int, key: str, field: Field, component: str, message: str
) -> Violation:
    return Violation(
        register=schema.register,
        row=number,
        key=key,
        field=field.name,
        value=None,
        path=field.path,
        component=component,
        severity="violation",
        shape=field.shape,
        message=message,
    )
