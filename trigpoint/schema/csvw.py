"""CSV of a register, and the CSVW metadata that says what its columns mean.

RFC 4180 for the rows; Metadata Vocabulary for Tabular Data (W3C Recommendation 2015)
for the metadata. The header is the field names, in `sh:order`; several values stand in
one cell, joined by semicolons. A cell that a spreadsheet would run as a formula gets an
apostrophe in front, as spreadsheets themselves write text; `parse_cell` takes it off.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from trigpoint.schema.rdf import XSD
from trigpoint.schema.shape import Field, Schema

MEDIA_TYPE = "text/csv"
METADATA_TYPE = "application/csvm+json"
SEPARATOR = ";"

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_QUOTED_FORMULA = re.compile(r"'+[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?", re.ASCII)
# CSVW has no unions: a date of any precision is text of this form.
_ANY_DATE = r"\d{4}(-\d{2}(-\d{2}(T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})?)?)?)?"


def format_cell(value: str | list[str] | None) -> str:
    """One cell of a row, not yet quoted for CSV; the empty string when absent."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else SEPARATOR.join(value)
    if _FORMULA.match(text) and not _NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def parse_cell(cell: str) -> str:
    """The text that `format_cell` was given."""
    return cell[1:] if _QUOTED_FORMULA.match(cell) else cell


def header_line(schema: Schema) -> str:
    """The first line of the CSV, with its line end."""
    return _line(schema.names)


def row_line(item: Mapping[str, str | list[str]], schema: Schema) -> str:
    """One record as a line of CSV, with its line end."""
    return _line([format_cell(item.get(name)) for name in schema.names])


def csv_lines(
    items: Iterable[Mapping[str, str | list[str]]], schema: Schema
) -> Iterator[str]:
    """The header and a line for each item."""
    yield header_line(schema)
    for item in items:
        yield row_line(item, schema)


def metadata(schema: Schema, base: str, url: str) -> dict[str, Any]:
    """CSVW metadata of the CSV at `url` (which may be relative to the metadata)."""
    return {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": "en"}],
        "url": url,
        "dc:title": schema.title,
        "dc:description": schema.description,
        "dc:publisher": schema.custodian,
        "dc:license": {"@id": schema.licence},
        "dc:rights": schema.copyright,
        "notes": [
            {
                "rdfs:comment": "A cell that begins with =, +, - or @ and is no "
                "number has an apostrophe before it, so that no spreadsheet runs "
                "it as a formula."
            }
        ],
        "dialect": {"encoding": "utf-8", "lineTerminators": ["\r\n"], "header": True},
        "tableSchema": {
            "aboutUrl": _record_template(base, schema.register, schema.key),
            "primaryKey": column_name(schema.key),
            "columns": [
                *(_column(field, base) for field in schema.fields),
                _type_column(schema),
            ],
        },
    }


def column_name(field: str) -> str:
    """A field's name as a variable of a URI template, which may hold no hyphen."""
    return field.replace("-", "_")


def _record_template(base: str, register: str, field: str) -> str:
    # Reserved expansion, since record IRIs keep RFC 3986's sub-delimiters as they are.
    return f"{base}/id/{register}/{{+{column_name(field)}}}"


def _column(field: Field, base: str) -> dict[str, Any]:
    column: dict[str, Any] = {
        "name": column_name(field.name),
        "titles": field.name,
        "dc:description": field.description,
        "propertyUrl": field.path,
        "required": field.required,
        "datatype": _datatype(field),
    }
    if field.language:
        column["lang"] = field.language
    if field.many:
        column["separator"] = SEPARATOR
    if field.kind == "link" and not field.many:
        column["valueUrl"] = _record_template(base, field.target or "", field.name)
    if field.kind in ("geometry", "curie") or (field.kind == "link" and field.many):
        # Text here, but a node in RDF, which a URI template cannot make of it.
        column["suppressOutput"] = True
    return column


def _datatype(field: Field) -> Any:
    if field.kind == "date":
        return {"base": "string", "format": _ANY_DATE}
    if field.kind == "literal":
        return field.datatypes[0].removeprefix(XSD)
    return "string"


def _type_column(schema: Schema) -> dict[str, Any]:
    return {
        "name": "class",
        "virtual": True,
        "propertyUrl": "rdf:type",
        "valueUrl": schema.target_class,
    }


def _line(cells: Iterable[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow(cells)
    return buffer.getvalue()
