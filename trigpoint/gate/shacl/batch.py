"""What is known of a register's shape; rows as RDF, and the way back from its nodes.

Rows become RDF by the same mapping as everywhere (trigpoint.schema.rdf), only those
fields of them that a part of a shape needs. Records that links point at stand in the
data graph with nothing but their class, so that `sh:class` is decided by the validator
as well (SHACL, section 4.1.1).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl
from rdflib import RDF, RDFS, Graph, URIRef
from rdflib.term import Node

from trigpoint.errors import InvalidShape
from trigpoint.gate.shacl import rowstore
from trigpoint.iris import encode_key, geometry_iri, record_iri
from trigpoint.schema import rdf
from trigpoint.schema.catalogue import Schemas
from trigpoint.schema.items import Item
from trigpoint.schema.shape import Field, Schema


@dataclass(frozen=True)
class Brief:
    """All that there is to know of a register's shape, and what it means by a class."""

    schema: Schema
    base: str
    shapes: Graph
    classes: tuple[tuple[str, str], ...]  # rdfs:subClassOf
    registers: Mapping[str, str]  # register -> class of its records


def brief(schema: Schema, schemas: Schemas, base: str) -> Brief:
    """What there is to know of `schema`'s shape."""
    classes = sorted(
        (str(one), str(other))
        for one, other in schemas.ontology.subject_objects(RDFS.subClassOf)
        if isinstance(one, URIRef) and isinstance(other, URIRef)
    )
    registers = {name: found.target_class for name, found in schemas.items()}
    shapes = schemas.shape_graph(schema.register)
    return Brief(schema, base, shapes, tuple(classes), registers)


class Batch:
    """Rows as focus nodes of one data graph, and which node of it belongs to which row.

    `frame` has a key in `_key` and columns of fields. With `alike` each row stands for
    all rows like it, so it gets a node that is no record's.
    """

    def __init__(self, known: Brief, frame: pl.DataFrame, *, alike: bool) -> None:
        self._known = known
        self._schema = known.schema
        self._fields = [self._schema.field(n) for n in frame.columns if n != "_key"]
        self.keys: list[str] = frame["_key"].to_list()
        self.items = list(self._items(frame))
        self.subjects = [
            URIRef(
                f"urn:trigpoint:alike:{i}"
                if alike
                else record_iri(known.base, self._schema.register, key)
            )
            for i, key in enumerate(self.keys)
        ]
        self._nodes: dict[Node, int] = {s: i for i, s in enumerate(self.subjects)}
        if any(field.kind == "geometry" for field in self._fields):
            self._nodes |= {
                URIRef(geometry_iri(s)): i for i, s in enumerate(self.subjects)
            }

    def row_of(self, focus: Node) -> int:
        """The row that a result is about; raises InvalidShape for any other node."""
        if focus not in self._nodes:
            raise InvalidShape(
                f"<{self._schema.shape}> puts conditions on <{focus}>, which is not "
                "a node of a row: a shape can only speak of its own record"
            )
        return self._nodes[focus]

    def graph(self, held: Iterable[tuple[str, str, str]]) -> Graph:
        """The data graph. `held` are register, key and class of the records linked to
        that exist. Raises InvalidShape when what the shape makes of a row is not RDF:
        keys and values are escaped, so no row is to blame."""
        graph = rowstore.new_graph()
        lines = (line for i in range(len(self.items)) for line in self._lines(i))
        try:
            rowstore.add_lines(graph, lines)
        except SyntaxError as error:
            raise InvalidShape(
                f"<{self._schema.shape}> makes of a row what is not RDF: {error}"
            ) from error
        for register, key, target_class in held:
            iri = URIRef(record_iri(self._known.base, encode_key(register), key))
            graph.add((iri, RDF.type, URIRef(target_class)))
        for one, other in self._known.classes:
            graph.add((URIRef(one), RDFS.subClassOf, URIRef(other)))
        return graph

    def value(self, i: int, field: Field | None, node: Node | None) -> str | None:
        """The value as row `i` wrote it, for the node that pySHACL names; the node's
        own text for one that no field of the row wrote."""
        if node is None:
            return None
        if field is not None and field.kind == "geometry":
            return next(iter(_values(self.items[i].get(field.name))), str(node))
        for one, value in self._written(i, field):
            if self._term(value, one) == node:
                return value
        return str(node)

    def place_by_key(self, i: int, node: Node | None) -> int | None:
        """Which of `by_key` the node is for row `i`; None for any other."""
        if node == self.subjects[i]:
            return 0
        others = rdf.exact_matches(self.keys[i], self._schema)
        return others.index(str(node)) + 1 if str(node) in others else None

    def by_key(self, key: str) -> list[str]:
        """The IRIs that a row has by its key alone: its own, then those elsewhere."""
        own = record_iri(self._known.base, self._schema.register, key)
        return [own, *rdf.exact_matches(key, self._schema)]

    def _written(self, i: int, field: Field | None) -> Iterator[tuple[Field, str]]:
        """What the row wrote: the values of the field first, then of fields that share
        its path, then all others, since a pair of properties may be compared."""
        path = None if field is None else field.path
        near = sorted(self._fields, key=lambda one: (one != field, one.path != path))
        for one in near:
            if one.kind != "geometry":
                for value in _values(self.items[i].get(one.name)):
                    yield one, value

    def _term(self, value: str, field: Field) -> Node:
        return rowstore.read_term(rdf.term(value, field, self._known.base))

    def _items(self, frame: pl.DataFrame) -> Iterator[Item]:
        """What the rows say in these fields; absent and empty values left out."""
        names = [field.name for field in self._fields]
        if not names:
            yield from ({} for _ in range(len(frame)))
        for values in frame.select(names).iter_rows():
            yield {
                name: present
                for name, value in zip(names, values, strict=True)
                if (present := _present(value)) is not None
            }

    def _lines(self, i: int) -> Iterator[str]:
        """N-Triples of one row."""
        subject = self.subjects[i]
        yield f"<{subject}> <{rdf.RDF_TYPE}> <{self._schema.target_class}> ."
        for other in rdf.exact_matches(self.keys[i], self._schema):
            yield f"<{subject}> <{rdf.EXACT_MATCH}> <{other}> ."
        for name, written in self.items[i].items():
            field = self._schema.field(name)
            yield from rdf.field_lines(subject, written, field, self._known.base)


def _values(written: str | list[str] | None) -> Sequence[str]:
    return [written] if isinstance(written, str) else written or ()


def _present(value: str | list[str | None] | None) -> str | list[str] | None:
    if isinstance(value, list):
        return [one for one in value if one is not None] or None
    return value
