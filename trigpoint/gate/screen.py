"""Two forms of one shape graph: the judge's, and a faster one that only screens.

pySHACL runs each property shape once per focus node that its node shape reaches. A
property shape that has the targets itself is run once over all of them, three times
as fast. The screen is the shape graph rewritten so. It never misses a node that the
judge would refuse, and the judge, whose graph is as its author wrote it but for its
targets, decides on what the screen names.
"""

from __future__ import annotations

from rdflib import Graph, URIRef
from rdflib.collection import Collection
from rdflib.namespace import RDF, SH
from rdflib.term import Node

# Subjects of a batch are its focus nodes because `BATCH JUDGES <record>` says so: a
# class would also make targets of the records that rows only link to.
BATCH = URIRef("urn:trigpoint:batch")
JUDGES = URIRef("urn:trigpoint:judges")
SCREENS = URIRef("urn:trigpoint:screens")

_TARGETS = (SH.targetClass, SH.targetNode, SH.targetSubjectsOf, SH.targetObjectsOf)


def judge_graph(shapes: Graph, shape: str) -> Graph:
    """`shapes` with the node shape `shape` aimed at what BATCH JUDGES."""
    return _aimed(shapes, URIRef(shape), JUDGES)


def screen_graph(shapes: Graph, shape: str) -> Graph:
    """`shapes` rewritten to name at least the nodes that the judge would refuse."""
    graph = _aimed(shapes, URIRef(shape), SCREENS)
    _lift(graph, shapes, URIRef(shape), SCREENS, set())
    return graph


def _aimed(shapes: Graph, shape: URIRef, by: URIRef) -> Graph:
    graph = Graph(bind_namespaces="none")
    for triple in shapes:
        graph.add(triple)
    # A shape that this one refers to may have targets: they are not rows of ours.
    for target in _TARGETS:
        graph.remove((None, target, None))
    graph.add((shape, SH.targetObjectsOf, by))
    return graph


def _lift(
    graph: Graph, source: Graph, shape: Node, by: Node, seen: set[tuple[Node, Node]]
) -> None:
    """Give the property shapes of `shape` its target, the objects of property `by`;
    `source` is the graph as it was written."""
    if (shape, by) in seen:
        return
    seen.add((shape, by))
    for part in source.objects(shape, SH.property):
        graph.remove((shape, SH.property, part))
        graph.add((part, RDF.type, SH.PropertyShape))
        graph.add((part, SH.targetObjectsOf, by))
        path = source.value(part, SH.path)
        if not isinstance(path, URIRef):
            continue
        for node in source.objects(part, SH.node):
            graph.remove((part, SH.node, node))
            graph.add((node, RDF.type, SH.NodeShape))
            graph.add((node, SH.targetObjectsOf, path))
            _lift(graph, source, node, path, seen)
    if source.value(shape, SH.closed) is not None:
        _ignore(graph, source, shape, URIRef(f"urn:trigpoint:ignored:{len(seen)}"))


def _ignore(graph: Graph, source: Graph, shape: Node, name: URIRef) -> None:
    """A closed shape allows the paths of its property shapes: without those, it has
    to name the paths, in a new list called `name`."""
    old = source.value(shape, SH.ignoredProperties)
    ignored = [] if old is None else list(Collection(source, old))
    for part in source.objects(shape, SH.property):
        ignored += [p for p in source.objects(part, SH.path) if isinstance(p, URIRef)]
    graph.remove((shape, SH.ignoredProperties, None))
    Collection(graph, name, ignored)
    graph.add((shape, SH.ignoredProperties, name))
