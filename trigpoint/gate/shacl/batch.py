"""One batch of rows as RDF, and the way back from its nodes to rows and values.

Rows become RDF by the same mapping as everywhere (trigpoint.schema.rdf). Records that
links point at are named by the caller and stand in the data graph with nothing but
their class, so that `sh:class` is decided by the validator as well (SHACL, section
4.1.1). Two rows of a batch must not have the same key: they would be one node.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rdflib import RDF, RDFS, Graph, URIRef
from rdflib.term import Node

from trigpoint.errors import InvalidShape
from trigpoint.gate import messages, terms
from trigpoint.gate.links import Target
from trigpoint.gate.shacl import rowstore
from trigpoint.gate.violation import Violation
from trigpoint.iris import geometry_iri, record_iri
from trigpoint.schema import rdf
from trigpoint.schema.catalogue import Schemas
from trigpoint.schema.items import Item
from trigpoint.schema.rdf import link_target
from trigpoint.schema.shape import Field, Schema

Row = tuple[int, Item]


@dataclass(frozen=True)
class Brief:
    """All that a judge has to know, as plain data that another process can be sent."""

    schema: Schema
    base: str
    shapes: bytes  # N-Triples
    classes: tuple[tuple[str, str], ...]  # rdfs:subClassOf
    registers: Mapping[str, str]  # register -> class of its records


def brief(schema: Schema, schemas: Schemas, base: str) -> Brief:
    """What a judge of `schema`'s rows has to know."""
    shapes = schemas.shape_graph(schema.register).serialize(
        format="nt", encoding="utf-8"
    )
    classes = sorted(
        (str(one), str(other))
        for one, other in schemas.ontology.subject_objects(RDFS.subClassOf)
        if isinstance(one, URIRef) and isinstance(other, URIRef)
    )
    registers = {name: found.target_class for name, found in schemas.items()}
    return Brief(schema, base, shapes, tuple(classes), registers)


class Batch:
    """The rows of one batch, and which node of the graph belongs to which."""

    def __init__(self, known: Brief, rows: Sequence[Row]) -> None:
        self.rows = rows
        self._known = known
        self._schema = known.schema
        iris = [self._subject(item) for _, item in rows]
        self.subjects = [URIRef(iri) for iri in iris]
        self._nodes: dict[Node, int] = {s: i for i, s in enumerate(self.subjects)}
        if known.schema.geometry is not None:
            self._nodes |= {URIRef(geometry_iri(s)): i for i, s in enumerate(iris)}

    def _subject(self, item: Item) -> str:
        key = rdf.key_of(item, self._schema)
        return record_iri(self._known.base, self._schema.register, key)

    def row_of(self, focus: Node) -> int:
        """The row that a result is about; raises InvalidShape for any other node."""
        if focus not in self._nodes:
            raise InvalidShape(
                f"<{self._schema.shape}> puts conditions on <{focus}>, which is not "
                "a node of a row: a shape can only speak of its own record"
            )
        return self._nodes[focus]

    def graph(self, held: Collection[Target]) -> tuple[Graph, list[Violation]]:
        """The data graph, and a violation for each line that is not RDF."""
        graph = rowstore.new_graph()
        lines = [self._lines(item) for _, item in self.rows]
        unwritable: list[Violation] = []
        try:
            rowstore.add_lines(graph, (line for part in lines for line in part))
        except SyntaxError:
            for (number, item), part in zip(self.rows, lines, strict=True):
                unwritable += self._add_slowly(graph, number, item, part)
        for iri, target_class in self._targets(held):
            graph.add((iri, RDF.type, URIRef(target_class)))
        for one, other in self._known.classes:
            graph.add((URIRef(one), RDFS.subClassOf, URIRef(other)))
        return graph, unwritable

    def value(self, item: Item, field: Field | None, node: Node | None) -> str | None:
        """The value as the row wrote it, for the node that pySHACL names."""
        if node is None:
            return None
        if field is None or field.name not in item:
            return str(node)
        written = item[field.name]
        values = [written] if isinstance(written, str) else written
        if len(values) == 1 or field.kind == "geometry":
            return values[0]
        for one in values:
            if rowstore.read_term(rdf.term(one, field, self._known.base)) == node:
                return one
        return str(node)

    def _lines(self, item: Item) -> list[str]:
        return rdf.ntriples(item, self._schema, self._known.base)

    def _add_slowly(
        self, graph: Graph, number: int, item: Item, lines: Iterable[str]
    ) -> Iterator[Violation]:
        for line in lines:
            try:
                rowstore.add_lines(graph, [line])
            except SyntaxError:
                yield self._unwritable(number, item, line)

    def _unwritable(self, number: int, item: Item, line: str) -> Violation:
        path = line.split(" ")[1].strip("<>")
        field = next((f for f in self._schema.fields if f.path == path), None)
        name = self._schema.key if field is None else field.name
        value = item.get(name)
        text = ", ".join(value) if isinstance(value, list) else value
        return Violation(
            register=self._schema.register,
            row=number,
            key=rdf.key_of(item, self._schema),
            field=name,
            value=text,
            path=path,
            component=terms.UNWRITABLE,
            severity="violation",
            shape=None if field is None else field.shape,
            message=f"“{messages.shortened(text)}” cannot be part of an IRI",
        )

    def _targets(self, held: Collection[Target]) -> Iterator[tuple[URIRef, str]]:
        """IRI and class of each target that the rows link to and that is held."""
        for field in self._schema.fields:
            if not field.is_link:
                continue
            for _, item in self.rows:
                value = item.get(field.name)
                for one in [value] if isinstance(value, str) else value or ():
                    target = link_target(one, field)
                    target_class = self._known.registers.get(
                        target[0], field.target_class
                    )
                    if target in held and target_class is not None:
                        iri = rdf.link_iri(one, field, self._known.base)
                        yield URIRef(iri), target_class
