"""Tests of the W3C suite as rows of made-up registers, as far as they can be rows.

Focus nodes become records: their IRIs are made those of records, in data, shapes and
results alike. Each predicate becomes a field for each datatype or language that its
values have, and one for links. Linked records have a class and nothing else, as
everywhere in the gate. Where a target is a literal, each target becomes the one value
of a row, and the node shape the shape of that value's property. `NotRows` says why a
test cannot be rows, `left_out` why a focus node of a test cannot.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass

import polars as pl
from rdflib import RDF, RDFS, SH, XSD, BNode, Graph, Literal, URIRef
from rdflib.collection import Collection
from rdflib.term import Node

from tests.gate.verdicts.generator import staged
from tests.gate.verdicts.hand import BASE, MADE, a_field, a_schema
from tests.gate.verdicts.names import Names
from tests.gate.verdicts.plain import HeldKeys, Verdict, as_written, items_of, shown
from tests.gate.verdicts.reach import looks_further
from tests.gate.verdicts.suite import TARGETS, Case
from trigpoint.gate.shacl.batch import Brief
from trigpoint.schema import rdf
from trigpoint.schema.items import Item
from trigpoint.schema.shape import Field, Kind

KEY = URIRef(MADE + "key")
VALUE = URIRef(MADE + "value")
_SHAPE = URIRef(MADE + "shape")
_DATES = {f"{rdf.XSD}{name}" for name in ("date", "dateTime", "gYear", "gYearMonth")}
# What a node shape says of a node's properties, which a value does not have.
_OF_PROPERTIES = {SH.property, SH.closed, SH.equals, SH.disjoint, SH.path}
_OF_TEXT = {SH.minLength, SH.maxLength, SH.pattern}


# What is said of one node: predicates and values.
Said = list[tuple[Node, Node]]


class NotRows(Exception):
    """A test that cannot be rows; says why."""


@dataclass(frozen=True)
class Part:
    """A shape of a test, and its focus nodes of one class as rows."""

    known: Brief
    rows: pl.DataFrame
    held: HeldKeys


@dataclass(frozen=True)
class Recast:
    """A test as rows, and what is expected of them. `as_values` says that its targets
    became values."""

    parts: tuple[Part, ...]
    expected: set[Verdict]
    left_out: Mapping[Node, str]
    as_values: bool


def recast(case: Case) -> Recast:
    """A test as rows; raises NotRows."""
    if case.expected is None:
        raise NotRows("it is to fail as a whole")
    shapes = {shape: case.focus_nodes(shape) for shape in case.target_shapes()}
    shapes = {shape: nodes for shape, nodes in shapes.items() if nodes}
    if case.name.startswith("targets/"):
        _check_targets(case, shapes)
    literal = any(isinstance(n, Literal) for nodes in shapes.values() for n in nodes)
    maker = (_Values if literal else _Records)(case)
    left_out: dict[Node, str] = {}
    for shape, nodes in shapes.items():
        for node in nodes:
            why = maker.why_not(shape, node)
            if why is not None:
                left_out[node] = why
    kept = {s: sorted(nodes - left_out.keys(), key=str) for s, nodes in shapes.items()}
    rows = {node for nodes in kept.values() for node in nodes}
    telling = any(one.focus in rows for one in case.expected)
    if not rows or (left_out and not telling):
        raise NotRows("; ".join(sorted(set(left_out.values()))) or "it has no focus")
    parts = [part for s, nodes in kept.items() for part in maker.parts(s, nodes)]
    expected = set(_expected(case, parts, maker, rows))
    return Recast(tuple(parts), expected, left_out, literal)


def _expected(
    case: Case, parts: Iterable[Part], maker: _Records, rows: Set[Node]
) -> Iterator[Verdict]:
    """What the suite expects of those focus nodes that are rows."""
    said = {
        number: (part.known, item)
        for part in parts
        for number, item in items_of(part.rows, part.known.schema)
    }
    for one in case.expected or ():
        if one.focus in rows:
            row = maker.names.number(one.focus)
            value = None if one.value is None else str(maker.names.renamed(one.value))
            yield Verdict(
                row,
                maker.path_of(one.path),
                shown(*said[row], value),
                one.component,
                one.severity,
            )


def _check_targets(case: Case, shapes: Iterable[Node]) -> None:
    """A register's rows are the focus nodes of its shape: no target but its class."""
    for shape in shapes:
        for target in (SH.targetNode, SH.targetSubjectsOf, SH.targetObjectsOf):
            if (shape, target, None) in case.shapes:
                name = target.rpartition("#")[2]
                raise NotRows(f"it is about sh:{name}, a register's rows are a class")


class _Records:
    """Focus nodes as records."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.names = Names(case)

    def path_of(self, path: URIRef | None) -> str | None:
        return None if path is None else str(path)

    def why_not(self, shape: Node, node: Node) -> str | None:
        """Why a focus node cannot be a record, if it cannot."""
        if isinstance(node, BNode):
            return "a blank node"
        values = set(self.case.data.objects(node))
        if any(isinstance(value, BNode) for value in values):
            return "blank nodes as values"
        if not all(map(_sayable, values)):
            return "a literal that the mapping writes otherwise"
        further = looks_further(self.case.shapes, shape)
        if further == "an inverse path":
            return "an inverse path: what other records say of this one"
        linked = {one for value in values for one in self.case.data.predicates(value)}
        if further is not None and linked - {RDF.type, RDFS.subClassOf}:
            return f"{further}: what linked records say of themselves"
        return None

    def parts(self, shape: Node, nodes: list[Node]) -> list[Part]:
        groups: dict[str, list[Node]] = {}
        for node in nodes:
            groups.setdefault(self.names.register(node), []).append(node)
        return [self._part(shape, name, group) for name, group in groups.items()]

    def _part(self, shape: Node, register: str, nodes: list[Node]) -> Part:
        statements = {
            node: [
                (p, o)
                for p, o in self.case.data.predicate_objects(node)
                if p != RDF.type
            ]
            for node in nodes
        }
        graph, name = self._shapes(shape)
        kind = self.names.class_of(register)
        if kind.startswith(MADE):
            _ignore(graph, name, RDF.type)
        return made_part(self.names, register, graph, name, statements)

    def _shapes(self, shape: Node) -> tuple[Graph, URIRef]:
        """The shapes of the test without their targets, and the name of this one."""
        graph = self.names.renamed_graph(self.case.shapes)
        name = self.names.renamed(shape)
        for one in self.case.target_shapes():
            graph.remove((self.names.renamed(one), RDF.type, RDFS.Class))
            for target in TARGETS:
                graph.remove((self.names.renamed(one), target, None))
        if isinstance(name, URIRef) and (name, SH.path, None) not in graph:
            _ignore(graph, name, KEY)
            return graph, name
        graph.add((_SHAPE, RDF.type, SH.NodeShape))
        graph.add((_SHAPE, SH.property, name))
        return graph, _SHAPE


class _Values(_Records):
    """Focus nodes as the values of rows that have nothing else."""

    def path_of(self, path: URIRef | None) -> str | None:
        return str(VALUE)

    def why_not(self, shape: Node, node: Node) -> str | None:
        if isinstance(node, BNode):
            return "a blank node"
        if isinstance(node, URIRef) and node in XSD:
            return "a datatype as a node"
        if not _sayable(node):
            return "a literal that the mapping writes otherwise"
        of_shape = set(self.case.shapes.predicates(shape))
        if not of_shape.isdisjoint(_OF_PROPERTIES):
            return "a literal whose properties are judged"
        if isinstance(node, URIRef) and not of_shape.isdisjoint(_OF_TEXT):
            return "an IRI whose text is judged"
        return None

    def parts(self, shape: Node, nodes: list[Node]) -> list[Part]:
        graph = self.names.renamed_graph(self.case.shapes)
        name, inner = _SHAPE, self.names.renamed(shape)
        for target in (*TARGETS, RDF.type):
            graph.remove((inner, target, None))
        graph.add((inner, RDF.type, SH.PropertyShape))
        graph.add((inner, SH.path, VALUE))
        graph.add((name, RDF.type, SH.NodeShape))
        graph.add((name, SH.property, inner))
        statements: Mapping[Node, Said] = {node: [(VALUE, node)] for node in nodes}
        return [made_part(self.names, "value", graph, name, statements)]


def made_part(
    names: Names,
    register: str,
    shapes: Graph,
    shape: URIRef,
    statements: Mapping[Node, Said],
) -> Part:
    """The rows of a register that make these statements, and a shape for them."""
    fields: dict[tuple[Node, str], Field] = {}
    rows = []
    for node, said in statements.items():
        row: Item = {"key": names.key(node)}
        for predicate, value in said:
            place = (predicate, _sort_of(value))
            if place not in fields:
                fields[place] = _field(f"f{len(fields) + 1}", predicate, value)
            values = row.setdefault(fields[place].name, [])
            assert isinstance(values, list)
            values.append(names.written(value))
        rows.append(row)
    kind = names.class_of(register)
    key = a_field("key", str(KEY))
    schema = a_schema(register, str(shape), kind, [key, *fields.values()])
    shapes.add((shape, SH.targetClass, URIRef(kind)))
    known = Brief(schema, BASE, shapes, names.classes, names.registers)
    numbers = pl.Series("_row", map(names.number, statements), dtype=pl.UInt32)
    frame = staged(schema, rows).with_columns(numbers)
    for row, said in zip(rows, statements.values(), strict=True):
        assert _says(known, row, said, names), (row, said)
    return Part(known, frame, names.held)


def _field(name: str, predicate: Node, value: Node) -> Field:
    path = str(predicate)
    if isinstance(value, URIRef):
        return a_field(name, path, kind="curie", many=True)
    assert isinstance(value, Literal)
    if value.language:
        tag = value.language.lower()
        return a_field(name, path, kind="language", language=tag, many=True)
    datatype = str(value.datatype or f"{rdf.XSD}string")
    kind: Kind = "date" if datatype in _DATES else "literal"
    return a_field(name, path, kind=kind, datatypes=(datatype,), many=True)


def _sayable(value: Node) -> bool:
    """Whether a row can have a literal in just this form."""
    if not isinstance(value, Literal):
        return True
    line = rdf.term(str(value), _field("field", VALUE, value), BASE)
    return value in as_written(f"<urn:x> <urn:x> {line} .\n").objects()


def _sort_of(value: Node) -> str:
    """What decides the field of a value beside its predicate."""
    if isinstance(value, Literal):
        return f"{value.datatype} {(value.language or '').lower()}"
    return "link"


def _says(known: Brief, row: Item, said: Said, names: Names) -> bool:
    """Whether a row makes these statements and no others, but for key and class."""
    lines = rdf.ntriples(row, known.schema, BASE)
    made = {
        (p, o)
        for p, o in as_written("\n".join(lines) + "\n").predicate_objects()
        if p not in (KEY, RDF.type)
    }
    return made == {(p, names.renamed(o)) for p, o in said}


def _ignore(graph: Graph, shape: URIRef, path: URIRef) -> None:
    """Let a closed shape pass over a property that every record has."""
    if graph.value(shape, SH.closed) is None:
        return
    old = graph.value(shape, SH.ignoredProperties)
    ignored = [path, *([] if old is None else Collection(graph, old))]
    graph.remove((shape, SH.ignoredProperties, None))
    head = BNode()
    Collection(graph, head, ignored)
    graph.add((shape, SH.ignoredProperties, head))
