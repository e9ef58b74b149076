"""What pySHACL says of literals by their text and datatype, column by column.

pySHACL judges sh:datatype, bounds and orders by the Python values that rdflib reads
from literals, whose text is kept as it is written (`normalize=False`). Here is what
that comes to, for texts of which it is certain: answers are true, false, or null where
pySHACL has to be asked. A null text has a null answer.

Ordinary texts are settled by one quick test; the slower ones see only what it leaves,
since the engine passes over nulls.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import Literal

import polars as pl
from rdflib import RDF, XSD, URIRef
from rdflib import Literal as RdfLiteral
from rdflib.term import XSDToPython

Order = Literal["<", "<="]
Operator = Literal["<", "<=", ">", ">="]

INTEGER, DECIMAL, BOOLEAN = str(XSD.integer), str(XSD.decimal), str(XSD.boolean)
DATE, DATE_TIME, STRING = str(XSD.date), str(XSD.dateTime), str(XSD.string)
ANY_URI, LANG_STRING = str(XSD.anyURI), str(RDF.langString)
# rdflib compares the values of any two of these.
_NUMERIC = {
    str(datatype)
    for datatype in (
        *(XSD.integer, XSD.decimal, XSD.double, XSD.float, XSD.byte, XSD.int, XSD.long),
        *(XSD.negativeInteger, XSD.nonNegativeInteger, XSD.nonPositiveInteger),
        *(XSD.positiveInteger, XSD.short, XSD.unsignedByte, XSD.unsignedInt),
        *(XSD.unsignedLong, XSD.unsignedShort),
    )
}
_MARKUP = {str(RDF.XMLLiteral), str(RDF.HTML)}
_TIMES = {DATE_TIME, str(XSD.time)}

# The limit of Python's int() is 4,300 digits, and can be set down to 640.
_INTEGER = r"^[+-]?[0-9]{1,600}$"
# What int() may read beside: spaces, underscores, digits of other scripts.
_ODD_INTEGER = r"^[\t-\r\x1c- +_\-]*[0-9[:^ascii:]][\t-\r\x1c- +_\-0-9[:^ascii:]]*$"
_DECIMAL = r"^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)$"
# What Decimal() may read beside: those, exponents, infinity and NaN.
_OF_DECIMAL = r"[\t-\r\x1c- +_\-.0-9aefinsty]*"
_ODD_DECIMAL = (
    r"(?i)[[:^ascii:]]|"
    rf"^{_OF_DECIMAL}(?:[0-9]|n_*a_*n|i_*n_*f){_OF_DECIMAL}$"
)
_YEAR = "(?:[0-9]{3}[1-9]|[0-9]{2}[1-9][0-9]|[0-9][1-9][0-9]{2}|[1-9][0-9]{3})"
_LEAP = (
    "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)"
)
_DAY = (
    f"(?:{_YEAR}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])"
    "|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
    f"|{_LEAP}-02-29)"
)
_DIGITS_OF_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = "T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
_FINE_TIME = rf"{_TIME}(?:\.[0-9]+)?(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])?"
# By datatype: what is a date, and what is one but for the calendar.
_FORMS = {
    DATE: (f"^{_DAY}$", f"^{_DIGITS_OF_DAY}$"),
    DATE_TIME: (f"^{_DAY}{_FINE_TIME}$", f"^{_DIGITS_OF_DAY}{_FINE_TIME}$"),
}
# Every form of a date that Python reads has a year of four digits.
_SOME_YEAR = "[0-9]{4}"
# Moments whose texts stand in the order of time: in UTC or without zone, the fraction
# no finer than Python's and without a zero at its end.
_PLAIN_MOMENT = rf"^{_DAY}{_TIME}(?:\.[0-9]{{0,5}}[1-9])?Z?$"
# All numbers of up to 18 characters are exact in 18 places.
_PLACES = 18
_EXACT = pl.Decimal(38, _PLACES)


def well_typed(text: pl.Expr, datatype: str) -> pl.Expr:
    """Whether a literal of `datatype` satisfies sh:datatype of that same datatype
    (SHACL, section 4.1.2): its text is well formed for rdflib."""
    if _is_string(datatype) or _is_opaque(datatype):
        return _always(True, text)
    if datatype == BOOLEAN:
        return text.is_in(["true", "false", "1", "0"])
    if datatype == INTEGER:
        yes = text.cast(pl.Int64, strict=False).is_not_null()
        rest = _unless(yes, text)
        long = rest.str.contains(_INTEGER)
        return _settled(yes | long.fill_null(False), ~rest.str.contains(_ODD_INTEGER))
    if datatype == DECIMAL:
        yes = text.str.contains(_DECIMAL)
        odd = _unless(yes, text).str.contains(_ODD_DECIMAL)
        return _settled(yes, ~odd)
    if datatype in _FORMS:
        form, written = _FORMS[datatype]
        yes = text.str.contains(form)
        rest = _unless(yes, text)
        no = rest.str.contains(written) | ~rest.str.contains(_SOME_YEAR)
        return _settled(yes, no)
    return _unsure()


def satisfies(
    text: pl.Expr,
    datatype: str,
    language: str | None,
    operator: Operator,
    bound: RdfLiteral,
) -> pl.Expr:
    """Whether a literal is `operator` than the bound: sh:minExclusive (`>`),
    sh:minInclusive (`>=`), sh:maxExclusive (`<`), sh:maxInclusive (`<=`); SHACL,
    section 4.3."""
    kind = STRING if language or datatype == LANG_STRING else datatype
    other = STRING if bound.datatype is None else str(bound.datatype)
    if _is_string(kind) != isinstance(bound.value, str):
        return _always(False, text)
    if _is_string(kind):
        alike = kind == other and kind in (STRING, ANY_URI)
        if not alike or (language or None) != bound.language:
            return _unsure()
        return _compared(text, operator, pl.lit(str(bound)))
    if kind in _NUMERIC and other in _NUMERIC:
        return _within_number(text, kind, operator, bound)
    if kind != other:
        # Neither equal nor comparable: rdflib puts the datatypes in order instead.
        if kind in _TIMES or {kind, other} <= _MARKUP:
            return _unsure()
        return _always((kind > other) == (operator in (">", ">=")), text)
    if _is_opaque(kind):
        # Without values, only the same text compares, as equal.
        return _always(False, text) if operator in "<>" else text == str(bound)
    if bound.value is None or kind not in _FORMS:
        return _unsure()
    if kind == DATE:
        sure, day = text.str.contains(_FORMS[DATE][0]), bound.value.isoformat()
        answer = _compared(text, operator, pl.lit(day))
    else:
        sure = text.str.contains(_PLAIN_MOMENT)
        answer = _within_moment(text, operator, bound.value)
    return _or_ill_typed(sure, answer, text, kind, False)


def ordered(
    text: pl.Expr, datatype: str, operator: Order, other: pl.Expr, other_datatype: str
) -> pl.Expr:
    """Whether one literal is `operator` than another: sh:lessThan, and
    sh:lessThanOrEquals for `<=` (SHACL, sections 4.5.3 and 4.5.4)."""
    strings = _is_string(datatype), _is_string(other_datatype)
    if all(strings):
        return _compared(text, operator, other)
    if any(strings):
        return _always(False, text, other)
    kinds = {datatype, other_datatype}
    if kinds == {INTEGER}:
        return _compared(_whole(text), operator, _whole(other))
    if kinds <= {INTEGER, DECIMAL}:
        one, two = _exact(text, datatype), _exact(other, other_datatype)
        return _compared(one, operator, two)
    if kinds <= _NUMERIC or kinds <= _MARKUP:
        return _unsure()
    if len(kinds) > 1:
        # Neither equal nor comparable: rdflib puts the datatypes in order instead.
        return _always(datatype < other_datatype, text, other)
    if _is_opaque(datatype):
        # By text; of the texts that are not in order rdflib only says that they are
        # not less, and raises TypeError when asked whether they may be equal.
        less = _compared(text, operator, other)
        return less if operator == "<" else pl.when(less).then(True)
    if datatype == DATE:
        form = _FORMS[DATE][0]
        sure = text.str.contains(form) & other.str.contains(form)
        return _where(sure, _compared(text, operator, other))
    if datatype == DATE_TIME:
        return _moments_ordered(text, operator, other)
    return _unsure()


def _within_number(
    text: pl.Expr, datatype: str, operator: Operator, bound: RdfLiteral
) -> pl.Expr:
    """An integer or decimal against a number."""
    value = None if bound.ill_typed else _fraction(bound.value)
    if value is None or datatype not in (INTEGER, DECIMAL):
        return _unsure()
    # The next number of so many places stands for the bound: none lies between.
    places = 0 if datatype == INTEGER else _PLACES
    scaled = value * 10**places
    limit = ceil(scaled) if operator in ("<", ">=") else floor(scaled)
    if datatype == INTEGER:
        number, sure = _whole(text), _whole(text).is_not_null()
        end = pl.lit(limit, dtype=pl.Int64)
    else:
        number, sure = _exact(text, datatype), _is_exact(text, datatype)
        end = pl.lit(Decimal(limit).scaleb(-places), dtype=_EXACT)
    # What is ill-typed does not compare with its own datatype; with another number's,
    # the datatypes do.
    other = str(bound.datatype)
    passes = datatype != other and (datatype > other) == (operator in (">", ">="))
    answer = _compared(number, operator, end)
    return _or_ill_typed(sure, answer, text, datatype, passes)


def _fraction(value: int | float | Decimal | None) -> Fraction | None:
    """A number exactly; None when it is none, or has more than 18 digits before the
    point."""
    if isinstance(value, Decimal) and not value.is_finite():
        return None
    if value is None or not -(10**_PLACES) < value < 10**_PLACES:
        return None
    return Fraction(value)


def _within_moment(text: pl.Expr, operator: Operator, bound: datetime) -> pl.Expr:
    """A plain moment against one; with a zone and without do not compare."""
    zoned = text.str.ends_with("Z")
    if bound.tzinfo is None:
        return ~zoned & _compared(text, operator, pl.lit(_plain(bound)))
    try:
        limit = _plain(bound.astimezone(UTC).replace(tzinfo=None))
    except OverflowError:
        return _unsure()
    return zoned & _compared(text.str.strip_suffix("Z"), operator, pl.lit(limit))


def _moments_ordered(text: pl.Expr, operator: Order, other: pl.Expr) -> pl.Expr:
    """Two plain moments; rdflib puts those without a zone before those with one."""
    sure = text.str.contains(_PLAIN_MOMENT) & other.str.contains(_PLAIN_MOMENT)
    zoned, other_zoned = text.str.ends_with("Z"), other.str.ends_with("Z")
    one, two = text.str.strip_suffix("Z"), other.str.strip_suffix("Z")
    order = pl.when(zoned == other_zoned).then(_compared(one, operator, two))
    return _where(sure, order.otherwise(other_zoned))


def _plain(moment: datetime) -> str:
    """A moment as plain ones are written."""
    text = moment.isoformat()
    return text.rstrip("0") if "." in text else text


def _whole(text: pl.Expr) -> pl.Expr:
    """Integers as numbers of 64 bits; null where too large or in odd forms."""
    return text.cast(pl.Int64, strict=False)


def _is_exact(text: pl.Expr, datatype: str) -> pl.Expr:
    """Whether a text is a number of the datatype that `_exact` reads as it is."""
    form = _INTEGER if datatype == INTEGER else _DECIMAL
    return text.str.contains(form) & (text.str.len_bytes() <= _PLACES)


def _exact(text: pl.Expr, datatype: str) -> pl.Expr:
    """Integers or decimals as numbers; null where they are long or in odd forms."""
    return _where(_is_exact(text, datatype), text).cast(_EXACT, strict=False)


def _or_ill_typed(
    sure: pl.Expr, answer: pl.Expr, text: pl.Expr, datatype: str, passes: bool
) -> pl.Expr:
    """The answer where it is sure, and what holds of a text that is ill-typed."""
    rest = _unless(sure, text)
    return pl.coalesce(
        _where(sure, answer), _where(~well_typed(rest, datatype), pl.lit(passes))
    )


def _compared(one: pl.Expr, operator: str, other: pl.Expr) -> pl.Expr:
    match operator:
        case "<":
            return one < other
        case "<=":
            return one <= other
        case ">":
            return one > other
        case _:
            return one >= other


def _is_string(datatype: str) -> bool:
    """Whether rdflib's value of such a literal is its text."""
    name = URIRef(datatype)
    return name == RDF.langString or (name in XSDToPython and XSDToPython[name] is None)


def _is_opaque(datatype: str) -> bool:
    """Whether rdflib knows no values of the datatype: then no text is ill-typed."""
    return URIRef(datatype) not in XSDToPython and datatype != LANG_STRING


def _settled(yes: pl.Expr, no: pl.Expr) -> pl.Expr:
    return pl.when(yes).then(True).when(no).then(False)


def _where(condition: pl.Expr, value: pl.Expr) -> pl.Expr:
    """The values where the condition holds, null elsewhere."""
    return pl.when(condition).then(value)


def _unless(condition: pl.Expr, value: pl.Expr) -> pl.Expr:
    """The values where the condition does not hold, null elsewhere. With `~condition`
    the engine would work out the condition and its opposite, each for itself."""
    return pl.when(condition).then(None).otherwise(value)


def _always(answer: bool, *texts: pl.Expr) -> pl.Expr:
    return pl.when(pl.all_horizontal(one.is_not_null() for one in texts)).then(answer)


def _unsure() -> pl.Expr:
    return pl.lit(None, dtype=pl.Boolean)
