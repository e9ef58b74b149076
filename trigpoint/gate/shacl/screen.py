"""A shape graph rewritten in two parts that together say what it says, but faster.

pySHACL runs each property shape once per focus node that its node shape reaches. A
property shape that has the targets itself is run once over all of them, three times
as fast, with the same results (SHACL, section 4.7.2). The *screen* is the shape graph
with its property shapes lifted so. It lifts the shape of a geometry's node, too, but
what that finds is only a sign, since such results belong inside that of `sh:node`: the
*nested* part has the property shapes of geometries as they were written, for the rows
that show such a sign.
"""

from __future__ import annotations

from rdflib import BNode, Graph, Literal, URIRef
from rdflib.collection import Collection
from rdflib.namespace import RDF, SH
from rdflib.term import Node

from trigpoint.schema.shape import HAS_GEOMETRY

# Subjects of a batch are its focus nodes because `BATCH JUDGES <record>` says so: a
# class would also make targets of the records that rows only link to.
BATCH = URIRef("urn:trigpoint:batch")
SCREENS = URIRef("urn:trigpoint:screens")
JUDGES = URIRef("urn:trigpoint:judges")

_TARGETS = (SH.targetClass, SH.targetNode, SH.targetSubjectsOf, SH.targetObjectsOf)


def screen_graph(shapes: Graph, shape: str) -> Graph:
    """`shapes` to be run over what BATCH SCREENS."""
    graph = _without_targets(shapes)
    graph.add((URIRef(shape), SH.targetObjectsOf, SCREENS))
    _lift(graph, shapes, URIRef(shape), SCREENS)
    for part in nested_shapes(shapes, shape):
        # Only of a geometry: elsewhere the objects may be records of the batch.
        for node in shapes.objects(part, SH.node):
            graph.remove((part, SH.node, node))
            graph.add((node, RDF.type, SH.NodeShape))
            graph.add((node, SH.targetObjectsOf, HAS_GEOMETRY))
            _lift(graph, shapes, node, HAS_GEOMETRY)
    return graph


def nested_graph(shapes: Graph, shape: str) -> Graph:
    """`shapes` to be run over what BATCH JUDGES: the property shapes of geometries."""
    graph = _without_targets(shapes)
    for part in nested_shapes(shapes, shape):
        graph.add((part, RDF.type, SH.PropertyShape))
        graph.add((part, SH.targetObjectsOf, JUDGES))
    return graph


def nested_shapes(shapes: Graph, shape: str) -> list[Node]:
    """The property shapes that say something of a geometry's own node."""
    if shapes.value(URIRef(shape), SH.deactivated) == Literal(True):
        return []
    return [
        part
        for part in shapes.objects(URIRef(shape), SH.property)
        if shapes.value(part, SH.path) == HAS_GEOMETRY
        and shapes.value(part, SH.node) is not None
    ]


def _without_targets(shapes: Graph) -> Graph:
    """A copy. A shape that ours refers to may have targets: those are not our rows."""
    graph = Graph(bind_namespaces="none")
    for triple in shapes:
        if triple[1] not in _TARGETS:
            graph.add(triple)
    return graph


def _lift(graph: Graph, shapes: Graph, shape: Node, by: Node) -> None:
    """Give the property shapes of `shape` its target, the objects of property `by`."""
    if shapes.value(shape, SH.deactivated) == Literal(True):
        return
    for part in shapes.objects(shape, SH.property):
        graph.remove((shape, SH.property, part))
        graph.add((part, RDF.type, SH.PropertyShape))
        graph.add((part, SH.targetObjectsOf, by))
    if shapes.value(shape, SH.closed) is not None:
        _ignore(graph, shapes, shape)


def _ignore(graph: Graph, shapes: Graph, shape: Node) -> None:
    """A closed shape allows the paths of its property shapes: without those, it has
    to name the paths."""
    old = shapes.value(shape, SH.ignoredProperties)
    ignored = [] if old is None else list(Collection(shapes, old))
    for part in shapes.objects(shape, SH.property):
        ignored += [p for p in shapes.objects(part, SH.path) if isinstance(p, URIRef)]
    graph.remove((shape, SH.ignoredProperties, None))
    head = BNode()
    Collection(graph, head, ignored)
    graph.add((shape, SH.ignoredProperties, head))
