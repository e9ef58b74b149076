"""A part of a shape: some constraints of it, as a shapes graph that says nothing else.

The part gets a node of its own, so that whatever else refers to its shape still finds
that one whole. Targets are taken out everywhere: focus nodes are those that the data
graph says the part judges (a class as target would also make focus nodes of the records
that rows only link to).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rdflib import OWL, RDF, RDFS, SH, BNode, Graph, URIRef
from rdflib.collection import Collection
from rdflib.term import Node

PART = URIRef("urn:trigpoint:part")
JUDGES = URIRef("urn:trigpoint:judges")

# What a shape is, beside its constraints (SHACL, section 2).
_ALWAYS = {RDF.type, SH.path, SH.severity, SH.message, SH.deactivated}
_TARGETS = {SH.targetClass, SH.targetNode, SH.targetSubjectsOf, SH.targetObjectsOf}
_TARGETS.add(SH.target)
_COUNTED = (SH.qualifiedValueShape, SH.qualifiedValueShapesDisjoint)
# Parameters that mean nothing, or something else, without others.
_WITH = {
    SH.closed: (SH.ignoredProperties,),
    SH.ignoredProperties: (SH.closed,),
    SH.pattern: (SH.flags,),
    SH.qualifiedMaxCount: _COUNTED,
    SH.qualifiedMinCount: _COUNTED,
    SH.qualifiedValueShape: (SH.qualifiedValueShapesDisjoint,),
}


@dataclass(frozen=True)
class Part:
    """Constraints of one shape that pySHACL is asked about.

    `shape` is a property shape or the node shape itself, of which only `parameters`
    count; the flags of a pattern and the like come with it. `fields` are those whose
    triples they need. Rows that are alike in `fields` are judged alike if `alike`.
    """

    shape: Node
    parameters: tuple[URIRef, ...]
    fields: tuple[str, ...]
    alike: bool


def part_graph(shapes: Graph, part: Part) -> Graph:
    """The shapes graph in which PART says what `part` says of what it JUDGES."""
    graph = Graph(bind_namespaces="none")
    kept = _ALWAYS | set(_parameters(part))
    for predicate, value in shapes.predicate_objects(part.shape):
        if predicate in kept:
            graph.add((PART, predicate, value))
    is_property = (PART, SH.path, None) in graph
    graph.set((PART, RDF.type, SH.PropertyShape if is_property else SH.NodeShape))
    graph.add((PART, SH.targetObjectsOf, JUDGES))
    waiting = [*graph.objects(PART), *shapes.subjects(RDF.type, SH.ConstraintComponent)]
    if SH.closed in kept and SH.property not in kept:
        _allow(graph, shapes, part.shape)
    parents: list[Node] = []
    if (PART, SH.qualifiedValueShapesDisjoint, None) in graph:
        parents = list(shapes.subjects(SH.property, part.shape))
    for triple in _closure(shapes, waiting + parents):
        graph.add(triple)
    for parent in parents:
        # Siblings are asked for by the parents: the part is there in its shape's place.
        graph.remove((parent, SH.property, part.shape))
        graph.add((parent, SH.property, PART))
    return graph


def _parameters(part: Part) -> Iterator[URIRef]:
    for parameter in part.parameters:
        yield parameter
        yield from _WITH.get(parameter, ())
    counts = {SH.qualifiedMinCount, SH.qualifiedMaxCount}
    if SH.qualifiedValueShape in part.parameters and not counts & set(part.parameters):
        yield from sorted(counts)


def _allow(graph: Graph, shapes: Graph, shape: Node) -> None:
    """A closed shape allows the paths of its property shapes: without those, it has to
    name the paths."""
    paths: list[Node] = [
        path
        for one in shapes.objects(shape, SH.property)
        for path in shapes.objects(one, SH.path)
        if isinstance(path, URIRef)
    ]
    head = BNode()
    Collection(graph, head, paths)
    graph.add((PART, SH.ignoredProperties, head))


def _closure(shapes: Graph, start: Iterable[Node]) -> Iterator[tuple[Node, Node, Node]]:
    """All that is said of these nodes and of what they refer to, without targets."""
    classes = {RDFS.Class, OWL.Class, *shapes.subjects(RDFS.subClassOf, RDFS.Class)}
    seen: set[Node] = set()
    waiting = list(start)
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        for predicate, value in shapes.predicate_objects(node):
            # A shape that is a class has its instances as targets.
            implicit = predicate == RDF.type and value in classes
            if predicate not in _TARGETS and not implicit:
                yield node, predicate, value
                if isinstance(value, (BNode, URIRef)):
                    waiting.append(value)
