"""Rows in the body of a request: JSON, lines of JSON, or CSV with a header.

A row names fields of its register, and no others. Its values are strings, or arrays of
strings where the field takes many (in CSV with `;` between them). What is not said is
absent: there is no null, and no empty cell says anything.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

import polars as pl

from api.limits import UnsupportedMediaType
from trigpoint.errors import TrigpointError
from trigpoint.schema.shape import Schema
from trigpoint.staging import ROW

JSON_TYPE, LINES_TYPE, CSV_TYPE = "application/json", "application/x-ndjson", "text/csv"
TYPES = (JSON_TYPE, LINES_TYPE, CSV_TYPE)
MAX_ROWS_BODY = 4_000_000  # bytes
MAX_ROWS = 5_000
BETWEEN = ";"
_SHOWN = 100  # errors, of as many as there are
# A boundary is one cell; the bound is that of the body.
csv.field_size_limit(MAX_ROWS_BODY)

Row = tuple[int, dict[str, Any]]  # its number, and what stands in it


class InvalidRows(TrigpointError):
    """The body does not hold rows of the register; nothing of it was looked at."""

    slug: ClassVar[str] = "invalid-rows"


def frame_of(
    body: bytes, media_type: str, schema: Schema, *, whole: bool
) -> pl.DataFrame:
    """The rows of a body, as `trigpoint.staging.Load` takes them.

    Rows that stand for `whole` records have a column for every field, null where the
    row says nothing; others only the columns that some row has. Raises
    UnsupportedMediaType, or InvalidRows with the member `errors`: at most 100 of
    {"pointer": JSON pointer into the rows, "detail": what is wrong there}.
    """
    if media_type not in TYPES:
        raise UnsupportedMediaType(
            f"the body is of type “{media_type[:60]}”: expected {', '.join(TYPES)}",
            available=list(TYPES),
        )
    read = {JSON_TYPE: _array, LINES_TYPE: _lines, CSV_TYPE: _table}[media_type]
    errors = _Errors()
    rows = list(_checked(read(_text(body), schema), schema, errors))
    errors.raise_any()
    if not rows:
        raise InvalidRows("the body has no rows: expected at least one", errors=[])
    said = {name for _, row in rows for name in row}
    names = [name for name in schema.names if whole or name in said]
    columns = {name: [row.get(name) for _, row in rows] for name in names}
    types = {name: _type(schema, name) for name in names}
    frame = pl.DataFrame(columns, schema=types)
    return frame.with_columns(pl.Series(ROW, [n for n, _ in rows], pl.UInt32))


class _Errors:
    """What is wrong, each with its place; the first hundred are kept."""

    def __init__(self) -> None:
        self._found: list[dict[str, str]] = []
        self._count = 0

    def add(self, pointer: str, detail: str) -> None:
        self._count += 1
        if len(self._found) < _SHOWN:
            self._found.append({"pointer": pointer, "detail": detail})

    def raise_any(self) -> None:
        if self._found:
            first = self._found[0]
            more = f" (and {self._count - 1} more)" if self._count > 1 else ""
            raise InvalidRows(
                f"{first['pointer'] or 'the body'}: {first['detail']}{more}",
                errors=self._found,
            )


def _text(body: bytes) -> str:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refuse("", f"not UTF-8: byte {error.start}") from error
    zero = text.find("\0")
    if zero >= 0:
        raise _refuse("", f"a NUL stands at character {zero + 1}")
    return text


def _array(text: str, _schema: Schema) -> Iterator[Row]:
    rows = _parsed(text, "")
    if not isinstance(rows, list):
        raise _refuse("", "expected an array of rows")
    for position, row in enumerate(rows):
        yield _object(row, position)


def _lines(text: str, _schema: Schema) -> Iterator[Row]:
    filled = (line for line in text.split("\n") if line.strip())
    for position, line in enumerate(filled):
        yield _object(_parsed(line, f"/{position}"), position)


def _object(row: object, position: int) -> Row:
    if not isinstance(row, dict):
        raise _refuse(f"/{position}", "expected an object: fields and their values")
    return position + 1, row


def _parsed(text: str, pointer: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_unrepeated)
    except (ValueError, RecursionError) as error:
        raise _refuse(pointer, f"not JSON: {error}"[:300]) from error


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; raises ValueError for a member that is there twice (RFC 8259,
    section 4: what then counts is anybody's guess)."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("an object names a field twice")
    return found


def _table(text: str, schema: Schema) -> Iterator[Row]:
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(lines, [])
        if len(set(header)) < len(header):
            raise _refuse("", "the header names a field twice")
        for position, cells in enumerate(line for line in lines if line):
            if len(cells) != len(header):
                raise _refuse(
                    f"/{position}", f"{len(cells)} cells, not {len(header)} as above"
                )
            filled = zip(header, cells, strict=True)
            # Row 1 is the header, as people count.
            yield (
                position + 2,
                {n: _cell(n, cell, schema) for n, cell in filled if cell},
            )
    except csv.Error as error:
        raise _refuse("", f"not CSV: line {lines.line_num}: {error}") from error


def _cell(name: str, cell: str, schema: Schema) -> str | list[str]:
    field = schema.by_name.get(name)
    return cell.split(BETWEEN) if field is not None and field.many else cell


def _checked(rows: Iterable[Row], schema: Schema, errors: _Errors) -> Iterator[Row]:
    for position, (number, row) in enumerate(rows):
        if position == MAX_ROWS:
            raise _refuse("", f"more than {MAX_ROWS} rows: send them in parts")
        if schema.key not in row:
            errors.add(f"/{position}", f"the key {schema.key} is missing")
        for name, value in row.items():
            wrong = _wrong(name, value, schema)
            if wrong is not None:
                errors.add(f"/{position}/{_escaped(name)}", wrong)
        yield number, row


def _wrong(name: str, value: object, schema: Schema) -> str | None:
    """What keeps a value from being one of the field, whatever the field is for."""
    field = schema.by_name.get(name)
    if field is None:
        # The value is not repeated: it may be personal.
        known = ", ".join(schema.names)
        return f"{schema.register} has no such field: expected one of {known}"
    expected = "an array of strings" if field.many else "a string"
    values = value if isinstance(value, list) and field.many else [value]
    texts = [one for one in values if isinstance(one, str)]
    if field.many != isinstance(value, list) or not texts or len(texts) < len(values):
        return f"expected {expected}; leave the field out where there is no value"
    return None if all(map(_encodable, texts)) else "half of a pair is no character"


def _encodable(text: str) -> bool:
    """Whether a text can be written: JSON can escape half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _escaped(name: str) -> str:
    """A name as a step of a JSON pointer (RFC 6901, section 3)."""
    plain = name[:60].encode(errors="replace").decode()
    return plain.replace("~", "~0").replace("/", "~1")


def _type(schema: Schema, name: str) -> pl.DataType:
    return pl.List(pl.String()) if schema.field(name).many else pl.String()


def _refuse(pointer: str, detail: str) -> InvalidRows:
    return InvalidRows(
        f"{pointer or 'the body'}: {detail}",
        errors=[{"pointer": pointer, "detail": detail}],
    )
