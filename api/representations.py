"""Records in each format, by a table from format to function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import orjson

from api.negotiation import CSV, GEOJSON, HTML, JSON, JSONLD, NT, TTL, Format, Offers
from api.pages import map_of, rows_of, shown, title_of
from api.reading import Reading
from trigpoint.iris import record_iri
from trigpoint.log.entry import Record
from trigpoint.schema.csvw import csv_lines
from trigpoint.schema.items import format_hash
from trigpoint.schema.jsonld import context_iri
from trigpoint.schema.rdf import turtle
from trigpoint.schema.shape import Schema
from trigpoint.serialisation import feature_of

RECORD = Offers(JSON, JSONLD, TTL, NT, CSV, GEOJSON, HTML)
DATA = Offers(JSON, HTML)

# orjson indents by two spaces, where one does: deepest first, lines are indented by
# tabs instead. Neither ends of lines nor tabs stand within the strings of JSON.
_DEPTH = 16
_INDENTS = [("\n" + "  " * n, "\n" + "\t" * n) for n in range(_DEPTH, 0, -1)]


def as_json(body: object) -> str:
    """JSON as it is served: readable, UTF-8, with a line end."""
    option = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    text = orjson.dumps(body, option=option).decode()
    for spaces, tabs in _INDENTS:
        text = text.replace(spaces, tabs)
    return text.replace("\t", " ")


def record_body(here: Reading, record: Record, form: Format) -> str | bytes:
    """One record in a format."""
    schema = here.registers.schema(record.register)
    if form == HTML:
        return _record_page(here, schema, record)
    return _WRITERS[form](here, schema, [record], True)


def records_body(
    here: Reading,
    schema: Schema,
    records: Sequence[Record],
    following: str | None,
    form: Format,
) -> str | bytes:
    """One page of records in a format; `following` is the URL of the next page."""
    if form == HTML:
        return _records_page(here, schema, records, following)
    if form == JSON:
        found = [here.registers.document(record) for record in records]
        body: dict[str, Any] = {"register": schema.register, "records": found}
        return as_json(body | ({"next": following} if following else {}))
    return _WRITERS[form](here, schema, records, False)


def _record_page(here: Reading, schema: Schema, record: Record) -> str:
    successors = record.item.get(schema.successor or "", [])
    return here.pages.render(
        "record",
        schema=schema,
        record=record,
        title=title_of(record),
        rows=rows_of(record, schema),
        map=map_of(record, schema),
        iri=record_iri(here.base, record.register, record.entry.key),
        ended=record.item.get(schema.end or ""),
        successors=[
            shown(value, schema.field(schema.successor or ""))
            for value in ([successors] if isinstance(successors, str) else successors)
        ],
        item_hash=format_hash(record.entry.item_hash),
        formats=[form for form in RECORD.formats if form != HTML],
        size=here.registers.log.size(record.register),
        asked=here.query,
    )


def _records_page(
    here: Reading, schema: Schema, records: Sequence[Record], following: str | None
) -> str:
    return here.pages.render(
        "records",
        schema=schema,
        rows=[(title_of(record), record) for record in records],
        following=following,
        asked=here.query,
        size=here.registers.log.size(schema.register),
    )


def _json(here: Reading, _schema: Schema, records: Sequence[Record], _one: bool) -> str:
    return as_json(here.registers.document(records[0]))


def _jsonld(here: Reading, schema: Schema, records: Sequence[Record], one: bool) -> str:
    found = [here.registers.document(record, typed=True) for record in records]
    if one:
        return as_json(found[0])
    for body in found:
        del body["@context"]
    head = context_iri(here.base, schema.register)
    return as_json({"@context": head, "@graph": found})


def _turtle(
    here: Reading, _schema: Schema, records: Sequence[Record], _one: bool
) -> bytes:
    lines = (line for record in records for line in here.registers.lines(record))
    return turtle(lines)


def _ntriples(
    here: Reading, _schema: Schema, records: Sequence[Record], _one: bool
) -> str:
    lines = (line for record in records for line in here.registers.lines(record))
    return "".join(f"{line}\n" for line in lines)


def _csv(_here: Reading, schema: Schema, records: Sequence[Record], _one: bool) -> str:
    return "".join(csv_lines((record.item for record in records), schema))


def _geojson(
    here: Reading, _schema: Schema, records: Sequence[Record], one: bool
) -> str:
    found = [feature_of(here.registers, record) for record in records]
    body = found[0] if one else {"type": "FeatureCollection", "features": found}
    return as_json(body)


_Writer = Callable[[Reading, Schema, Sequence[Record], bool], "str | bytes"]
_WRITERS: dict[Format, _Writer] = {
    JSON: _json,
    JSONLD: _jsonld,
    TTL: _turtle,
    NT: _ntriples,
    CSV: _csv,
    GEOJSON: _geojson,
}
