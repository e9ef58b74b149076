"""Rules about values and rows that SHACL's core cannot say, or not to a custodian.

Columnar: each rule is an expression over a column, and only the rows it names are
looked at one by one. A rule about text looks at every value of every field.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import polars as pl

from trigpoint.errors import InvalidIdentifier
from trigpoint.gate import terms
from trigpoint.gate.dates import is_before, is_date
from trigpoint.gate.messages import not_a_date, shortened
from trigpoint.gate.violation import Violation
from trigpoint.identifiers import canonical_key
from trigpoint.schema.rdf import lon_lat_of
from trigpoint.schema.shape import Field, Schema
from trigpoint.spatial.geometry import check_geometry, check_lon_lat

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
_LONGEST_POINT = 200
_META = {"_row", "_left_out", "_problem"}


def check_rows(frame: pl.DataFrame, schema: Schema) -> Iterator[Violation]:
    """Everything that rows show by themselves. `frame` has `_row`, the key and any of
    the schema's fields; columns that it does not declare are refused, too."""
    yield from _unresolved(frame, schema)
    yield from _undeclared(frame, schema)
    yield from _keys(frame, schema)
    for field in schema.fields:
        if field.name in frame.columns:
            yield from _texts(frame, schema, field)
    yield from _geometries(frame, schema)
    yield from _dates(frame, schema)
    yield from _end_before_start(frame, schema)


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
            yield _found(schema, field, terms.DUPLICATE_KEY, row, key, key, message)


def _unresolved(frame: pl.DataFrame, schema: Schema) -> Iterator[Violation]:
    if "_problem" not in frame.columns:
        return
    rows = frame.select("_row", schema.key, "_problem").drop_nulls("_problem")
    for row, key, problem in rows.iter_rows():
        yield _found(schema, None, terms.UNRESOLVED, row, key, None, problem)


def _undeclared(frame: pl.DataFrame, schema: Schema) -> Iterator[Violation]:
    """Columns that no property of the closed shape declares (SHACL section 4.8.1).
    What they hold may be personal, so the report does not repeat it."""
    for name in frame.columns:
        if name in _META or name in schema.by_name:
            continue
        rows = frame.filter(pl.col(name).is_not_null()).select("_row", schema.key)
        message = f"the column “{name}” is not declared in the shape: leave it out"
        found: list[tuple[int | None, str | None]] = list(rows.iter_rows())
        for row, key in found or [(None, None)]:
            yield Violation(
                register=schema.register,
                row=row,
                key=key,
                field=name,
                value=None,
                path=terms.UNDECLARED_COLUMN,
                component=terms.CLOSED,
                severity="violation",
                shape=schema.shape,
                message=message,
            )


def _keys(frame: pl.DataFrame, schema: Schema) -> Iterator[Violation]:
    field = schema.field(schema.key)
    missing = frame.filter(pl.col(schema.key).is_null())["_row"]
    for row in missing:
        message = f"“{field.name}” is missing: a row without its key names no record"
        yield _found(schema, field, terms.MIN_COUNT, row, None, None, message)
    if schema.key_spelling is None:
        return
    for row, key in frame.select("_row", schema.key).drop_nulls().iter_rows():
        problem = _spelling(schema.key_spelling, key)
        if problem is not None:
            component = terms.NOT_CANONICAL_KEY
            yield _found(schema, field, component, row, key, key, problem)


def _spelling(spelling: str, key: str) -> str | None:
    try:
        canonical = canonical_key(spelling, key)
    except InvalidIdentifier as error:
        return str(error)
    if canonical == key:
        return None
    return f"the key is written “{shortened(key)}”: write it “{canonical}”"


def _texts(frame: pl.DataFrame, schema: Schema, field: Field) -> Iterator[Violation]:
    column = pl.col(field.name)
    rows = frame.select("_row", pl.col(schema.key).alias("_key"), column)
    if field.many:
        # A null among values is an empty value; a null instead of a list is none.
        rows = rows.drop_nulls(field.name).filter(column.list.len() > 0)
        rows = rows.explode(field.name).with_columns(column.fill_null(""))
    for component, test, sentence in _text_rules(schema, field):
        personal = component == terms.PERSONAL_DATA
        for row, key, value in rows.filter(test(column)).iter_rows():
            shown = None if personal else value
            yield _found(schema, field, component, row, key, shown, sentence)


_Test = Callable[[pl.Expr], pl.Expr]


def _text_rules(schema: Schema, field: Field) -> Iterator[tuple[str, _Test, str]]:
    """(component, test, message) of each rule that holds for a field's text."""
    name = f"“{field.name}”"
    yield (
        terms.FORMULA_CELL,
        lambda text: text.str.contains(_FORMULA),
        f"{name} begins with a sign that makes spreadsheets run it: remove the sign",
    )
    yield (
        terms.CONTROL_CHARACTER,
        lambda text: _has_control(text, schema, field),
        f"{name} holds a control character: write the text without it",
    )
    yield (
        terms.EMPTY_VALUE,
        lambda text: text == "",
        f"{name} holds an empty value: leave it out",
    )
    if _ANY_URI not in field.datatypes:
        yield (
            terms.PERSONAL_DATA,
            lambda text: _has_email(text),
            f"{name} holds an e-mail address, which may be personal: remove it",
        )


def _has_control(text: pl.Expr, schema: Schema, field: Field) -> pl.Expr:
    """A leading tab or return is the formula rule's. Line feeds belong to GDS's
    datatype `text`, which only registers that brought their own fields have."""
    inside = text.str.strip_chars_start("\t\r").str.contains(_CONTROLS)
    if schema.derived:
        return inside
    return inside | text.str.contains(_LINE_FEED, literal=True)


def _has_email(text: pl.Expr) -> pl.Expr:
    # Most text has no `@`, and that is found out faster than that no address is in it.
    return text.str.contains("@", literal=True) & text.str.contains(EMAIL)


def _geometries(frame: pl.DataFrame, schema: Schema) -> Iterator[Violation]:
    if schema.geometry is None or schema.geometry not in frame.columns:
        return
    field = schema.field(schema.geometry)
    column = pl.col(field.name)
    rows = frame.select("_row", schema.key, column).drop_nulls(field.name)
    for row, key, value in rows.iter_rows():
        for problem in geometry_problems(value, field):
            component = terms.INVALID_GEOMETRY
            yield _found(schema, field, component, row, key, value, problem)


def geometry_problems(value: str, field: Field) -> list[str]:
    """What is wrong with a geometry field's value, in words."""
    if field.encoding == "wkt":
        return check_geometry(value)
    if len(value) > _LONGEST_POINT:
        return ["not a point: expected [lon,lat], two numbers"]
    problems = check_lon_lat(value)
    if not problems and lon_lat_of(value) is None:
        return ["not a point: write both numbers in plain decimals, as [-0.12,51.5]"]
    return problems


def _dates(frame: pl.DataFrame, schema: Schema) -> Iterator[Violation]:
    """Dates that are none: validators look at xsd:date and xsd:dateTime closely, but
    take anything for a xsd:gYear or xsd:gYearMonth."""
    for field in schema.fields:
        if field.kind != "date" or field.name not in frame.columns:
            continue
        rows = frame.select("_row", schema.key, field.name)
        rows = rows.explode(field.name) if field.many else rows
        for row, key, value in rows.drop_nulls(field.name).iter_rows():
            if not is_date(value):
                component, message = terms.INVALID_DATE, not_a_date(value)
                yield _found(schema, field, component, row, key, value, message)


def _end_before_start(frame: pl.DataFrame, schema: Schema) -> Iterator[Violation]:
    start, end = schema.start, schema.end
    if start is None or end is None or not {start, end} <= set(frame.columns):
        return
    field = schema.field(end)
    rows = frame.select("_row", schema.key, start, end).drop_nulls([start, end])
    for row, key, first, last in rows.iter_rows():
        if is_before(last, first):
            message = f"the end “{last}” lies before the start “{first}”"
            component = terms.END_BEFORE_START
            yield _found(schema, field, component, row, key, last, message)


def _found(
    schema: Schema,
    field: Field | None,
    component: str,
    row: int | None,
    key: str | None,
    value: str | None,
    message: str,
) -> Violation:
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
