"""Rules on text, which hold for every value of every field: what harms those who open
a dump, what nobody can see, what says nothing, and what may be personal."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import polars as pl

from trigpoint.gate import terms
from trigpoint.gate.rules.finding import VALUE, found
from trigpoint.gate.violation import Violation
from trigpoint.schema.shape import Field, Schema

# What a spreadsheet that opens the CSV dump would run: a formula, or a cell whose first
# character it strips and then runs (OWASP, "CSV Injection"). `+`, `-` and `@` begin
# honest names and numbers too, and are let through. U+FF1D is the full-width `=`.
_FORMULA = "^[=\t\r\uff1d]"
# C0 and C1 controls, characters that are none (Unicode 16, section 23.7), and those
# that turn the direction of the text around them (Unicode TR 36, section 2.5).
_CONTROLS = (
    r"[\x00-\x09\x0b-\x1f\x7f-\x{9f}\x{202a}-\x{202e}\x{2066}-\x{2069}"
    r"\x{fdd0}-\x{fdef}\x{fffe}\x{ffff}]"
)
_LINE_FEED = "\n"
# An address at a named host. Conservative: a lone `@`, a handle or `@ home` is none.
EMAIL = r"[A-Za-z0-9._%+'-]+@[A-Za-z0-9][A-Za-z0-9-]*(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}"
_ANY_URI = "http://www.w3.org/2001/XMLSchema#anyURI"
# What no rule here is about, so that one look tells: of ASCII all that prints but `=`
# and `@`, and the scripts from Latin-1 up to the first sign that turns a direction.
_PLAIN = r" -<>?A-~\x{a0}-\x{2029}"

_Test = Callable[[pl.Expr], pl.Expr]


def harmless(schema: Schema, field: Field) -> tuple[str, str]:
    """Two classes of characters in a regular expression, without their brackets: a text
    is certainly harmless if its first is of the one and every other of the other."""
    first = _PLAIN if _may_be_personal(field) else f"{_PLAIN}@"
    if schema.derived:
        first += r"\n"
    return first, f"{first}="


def find(values: pl.DataFrame, schema: Schema, field: Field) -> Iterator[Violation]:
    """Values that a rule on text refuses. One that may be personal is not repeated."""
    # A null among values is an empty value.
    texts = values.with_columns(VALUE.fill_null(""))
    for component, test, sentence in _rules(schema, field):
        personal = component == terms.PERSONAL_DATA
        for row, key, value in texts.filter(test(VALUE)).iter_rows():
            shown = None if personal else value
            yield found(schema, field, component, row, key, shown, sentence)


def _rules(schema: Schema, field: Field) -> Iterator[tuple[str, _Test, str]]:
    """(component, test, message) of each rule that holds for a field's text."""
    name = f"“{field.name}”"
    yield (
        terms.FORMULA_CELL,
        lambda text: text.str.contains(_FORMULA),
        f"{name} begins with a sign that makes spreadsheets run it: remove the sign",
    )
    yield (
        terms.CONTROL_CHARACTER,
        lambda text: _has_control(text, schema),
        f"{name} holds a control character: write the text without it",
    )
    yield (
        terms.EMPTY_VALUE,
        lambda text: text == "",
        f"{name} holds an empty value: leave it out",
    )
    if _may_be_personal(field):
        yield (
            terms.PERSONAL_DATA,
            lambda text: _has_email(text),
            f"{name} holds an e-mail address, which may be personal: remove it",
        )


def _may_be_personal(field: Field) -> bool:
    """A web address is meant to lead to someone."""
    return _ANY_URI not in field.datatypes


def _has_control(text: pl.Expr, schema: Schema) -> pl.Expr:
    """A leading tab or return is the formula rule's. Line feeds belong to GDS's
    datatype `text`, which only registers that brought their own fields have."""
    inside = text.str.strip_chars_start("\t\r").str.contains(_CONTROLS)
    if schema.derived:
        return inside
    return inside | text.str.contains(_LINE_FEED, literal=True)


def _has_email(text: pl.Expr) -> pl.Expr:
    # Most text has no `@`, and that is found out faster than that no address is in it.
    return text.str.contains("@", literal=True) & text.str.contains(EMAIL)
