"""Whole registers as text, in each format, a page of records at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import Any

import shapely.geometry

from trigpoint.catalogue import catalogue_lines, provenance_lines
from trigpoint.iris import graph_iri
from trigpoint.log.entry import Record
from trigpoint.log.rsf import rsf_lines
from trigpoint.schema import csvw
from trigpoint.schema.geojson import feature
from trigpoint.schema.jsonld import context, document
from trigpoint.schema.rdf import prefix_lines, turtle_body, wkt_of
from trigpoint.snapshot import Snapshot
from trigpoint.spatial.geometry import parse_wkt_literal, to_crs84

_PAGE = 1000


def feature_of(registers: Snapshot, record: Record) -> dict[str, Any]:
    """A record as a GeoJSON Feature in CRS84; without geometry, with null."""
    schema = registers.schemas[record.register]
    value = record.item.get(schema.geometry) if schema.geometry else None
    geometry = None
    if schema.geometry and isinstance(value, str):
        drawn = parse_wkt_literal(wkt_of(value, schema.field(schema.geometry)))
        geometry = shapely.geometry.mapping(to_crs84(drawn))
    return feature(record.item, schema, registers.base, geometry)


def _pages(registers: Snapshot, register: str) -> Iterator[list[Record]]:
    records = registers.log.iter_records(register)
    while page := list(islice(records, _PAGE)):
        yield page


def _ntriples(registers: Snapshot, register: str) -> Iterator[str]:
    for page in _pages(registers, register):
        lines = chain.from_iterable(registers.lines(record) for record in page)
        yield "".join(f"{line}\n" for line in lines)


def _turtle(registers: Snapshot, register: str) -> Iterator[str]:
    yield prefix_lines()
    yield from _turtle_bodies(registers, register)


def _turtle_bodies(registers: Snapshot, register: str) -> Iterator[str]:
    """Turtle of a register, a page at a time, without the prefixes."""
    for page in _pages(registers, register):
        lines = chain.from_iterable(registers.lines(record) for record in page)
        yield turtle_body(lines)


def _jsonld(registers: Snapshot, register: str) -> Iterator[str]:
    schema, names = registers.schemas[register], tuple(registers.schemas)
    head = context(schema, names, registers.base)["@context"]
    yield '{"@context":' + _compact(head) + ',"@graph":['
    comma = ""
    for record in registers.log.iter_records(register):
        body = document(
            record.item, schema, registers.base, registers=names, typed=True
        )
        del body["@context"]
        yield f"{comma}\n{_compact(body)}"
        comma = ","
    yield "\n]}\n"


def _csv(registers: Snapshot, register: str) -> Iterator[str]:
    records = registers.log.iter_records(register)
    items = (record.item for record in records)
    return csvw.csv_lines(items, registers.schemas[register])


def _csv_metadata(registers: Snapshot, register: str) -> Iterator[str]:
    schema = registers.schemas[register]
    body = csvw.metadata(schema, registers.base, f"{register}.csv")
    yield json.dumps(body, ensure_ascii=False, indent=1) + "\n"


def _geojson(registers: Snapshot, register: str) -> Iterator[str]:
    yield '{"type":"FeatureCollection","features":['
    comma = ""
    for record in registers.log.iter_records(register):
        yield f"{comma}\n{_compact(feature_of(registers, record))}"
        comma = ","
    yield "\n]}\n"


def _rsf(registers: Snapshot, register: str) -> Iterator[str]:
    return rsf_lines(registers.log, register)


def everything(registers: Snapshot) -> Iterator[str]:
    """All registers as TriG, with catalogue and provenance as named graphs."""
    log, base = registers.log, registers.base
    held = [name for name in registers.schemas if log.size(name)]
    yield prefix_lines()
    for name in held:
        yield from _turtle_bodies(registers, name)
    schemas = [registers.schemas[name] for name in held]
    yield from _graph(base, "catalogue", catalogue_lines(log, schemas, base))
    yield from _graph(base, "provenance", provenance_lines(log, base))


def _graph(base: str, name: str, lines: Iterable[str]) -> Iterator[str]:
    yield f"<{graph_iri(base, name)}> {{\n"
    yield from (f"{line}\n" for line in lines)
    yield "}\n"


def _compact(body: object) -> str:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


WRITERS: dict[str, Callable[[Snapshot, str], Iterator[str]]] = {
    "nt": _ntriples,
    "ttl": _turtle,
    "jsonld": _jsonld,
    "csv": _csv,
    "csv-metadata.json": _csv_metadata,
    "geojson": _geojson,
    "rsf": _rsf,
}
