"""For every record: our lines, our Turtle to rdflib and our JSON-LD to pyld, one graph.

pyld is given many documents at once, as one with a `@graph`, since it reads the context
for each document; a record's part of the result is what has its IRI, or one under it,
as subject.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest
import rdflib
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyld import jsonld as pyld
from rdflib import Graph

from trigpoint.register import Registers
from trigpoint.resources import resource_folder
from trigpoint.schema.catalogue import Schemas
from trigpoint.schema.items import Item
from trigpoint.schema.jsonld import context, document
from trigpoint.schema.rdf import ntriples, turtle
from trigpoint.schema.shape import Field, Schema

BASE = "http://localhost:8000"
_BATCH = 250


def canonical(text: str | bytes, form: ox.RdfFormat) -> set[str]:
    """Triples as canonical N-Triples lines."""
    data = text if isinstance(text, bytes) else text.encode()
    return {f"{quad.triple} ." for quad in ox.parse(data, format=form)}


def by_pyld(documents: list[dict[str, Any]], shared: dict[str, Any]) -> set[str]:
    """The lines that pyld makes of documents of one register."""
    nodes = [{k: v for k, v in d.items() if k != "@context"} for d in documents]
    whole = json.loads(json.dumps({**shared, "@graph": nodes}))
    quads = pyld.to_rdf(whole, {"format": "application/n-quads"})
    return canonical(quads, ox.RdfFormat.N_QUADS)


def by_rdflib(data: bytes) -> set[str]:
    """The lines that rdflib makes of Turtle; it is asked to leave literals alone, since
    it would write `Z` as `+00:00`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rdflib, "NORMALIZE_LITERALS", False)
        graph = Graph().parse(data=data, format="turtle")
        return canonical(graph.serialize(format="nt"), ox.RdfFormat.N_TRIPLES)


def assert_one_graph(items: list[Item], schema: Schema, schemas: Schemas) -> int:
    """Compare the three ways for items of one register; returns how many triples."""
    lines = {line for item in items for line in ntriples(item, schema, BASE)}
    documents = [
        document(item, schema, BASE, registers=schemas, typed=True) for item in items
    ]
    assert by_pyld(documents, context(schema, schemas, BASE)) == lines
    assert by_rdflib(turtle(sorted(lines))) == lines
    return len(lines)


def test_every_archived_record_is_one_graph(archived: Path) -> None:
    """All records of all 51 registers are the same graph three ways."""
    registers = Registers.open(archived)
    seen = 0
    for register in registers.log.registers():
        schema = registers.schemas[register]
        items = [record.item for record in registers.log.iter_records(register)]
        for start in range(0, len(items), _BATCH):
            batch = items[start : start + _BATCH]
            assert assert_one_graph(batch, schema, registers.schemas) > len(batch)
        seen += len(items)
    assert seen == sum(map(registers.log.count, registers.log.registers())) > 9_000


KEY = st.text(min_size=1, max_size=12) | st.sampled_from(["name", "a:b", "@id", "E1"])
DATE = (
    st.dates().map(str)
    | st.integers(1000, 9999).map(str)
    | st.sampled_from(
        ["1993-01", "2019-04-01T12:00:00Z", "2019-04-01T12:00:00.50+00:00"]
    )
)
NUMBER = st.integers().map(str) | st.sampled_from(
    ["007", "+5", "-0", "1.50", ".5", "x"]
)
LON_LAT = st.builds("[{},{}]".format, st.integers(-180, 180), st.integers(-90, 90))
WKT = st.sampled_from(
    [
        "POINT (-0.1 51.5)",
        "POLYGON ((0 0, 1 0, 1 1, 0 0))",
        "<http://www.opengis.net/def/crs/EPSG/0/27700> POINT (530000 180000)",
        "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)))",
    ]
)


def value_of(field: Field, schemas: Schemas) -> st.SearchStrategy[str]:
    """Values as that field might have them, and some that it should not."""
    if field.kind == "geometry":
        return LON_LAT if field.encoding == "lon-lat" else WKT
    if field.kind == "link":
        return KEY
    if field.kind == "curie":
        return st.builds("{}:{}".format, st.sampled_from(sorted(schemas)), KEY) | KEY
    if field.kind == "date":
        return DATE | st.text(max_size=8)
    numeric = {datatype.rpartition("#")[2] for datatype in field.datatypes}
    if numeric & {"integer", "decimal"}:
        return NUMBER
    return st.text(max_size=12)


def item_of(schema: Schema, schemas: Schemas) -> st.SearchStrategy[Item]:
    """Items of a register: its key, and any of its other fields."""
    optional: dict[str, Any] = {}
    for field in schema.fields:
        values: Any = value_of(field, schemas)
        if field.many:
            values = st.lists(values, max_size=3)
        if field.name != schema.key:
            optional[field.name] = values
    return st.fixed_dictionaries({schema.key: KEY}, optional=optional)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
@pytest.mark.parametrize("register", Schemas([resource_folder("shapes")]))
def test_any_item_of_our_registers_is_one_graph(
    register: str, schemas: Schemas, data: st.DataObject
) -> None:
    """Whatever a register of ours might hold, clean or not, is the same graph."""
    schema = schemas[register]
    items = data.draw(
        st.lists(
            item_of(schema, schemas),
            max_size=6,
            unique_by=lambda item: str(item[schema.key]),
        )
    )
    assert assert_one_graph(items, schema, schemas) >= len(items)
