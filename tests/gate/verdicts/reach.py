"""Whether a shape looks at more than the properties of its focus node."""

from __future__ import annotations

from rdflib import RDF, SH, Graph, URIRef
from rdflib.term import Node

_FURTHER = {
    SH.zeroOrMorePath: "a recursive path",
    SH.oneOrMorePath: "a recursive path",
    SH.zeroOrOnePath: "a path of its own length",
    RDF.first: "a path of several steps",
}
_WITHIN = (SH.node, SH["not"], SH.qualifiedValueShape, SH["and"], SH["or"], SH.xone)


def looks_further(shapes: Graph, shape: Node) -> str | None:
    """What in a shape needs the properties of other nodes; None when nothing does."""
    return _of(shapes, shape, steps=0, seen=set())


def _of(
    shapes: Graph, shape: Node, steps: int, seen: set[tuple[Node, int]]
) -> str | None:
    if (shape, steps) in seen:
        return None
    seen.add((shape, steps))
    path = shapes.value(shape, SH.path)
    if path is not None:
        if steps:
            return "a property of a value"
        found = _of_path(shapes, path)
        if found is not None:
            return found
        steps += 1
    if steps and (shape, SH.closed, None) in shapes:
        return "a property of a value"
    inner = list(shapes.objects(shape, SH.property))
    for parameter in _WITHIN:
        for value in shapes.objects(shape, parameter):
            inner += list(shapes.items(value)) or [value]
    for one in inner:
        found = _of(shapes, one, steps, seen)
        if found is not None:
            return found
    return None


def _of_path(shapes: Graph, path: Node) -> str | None:
    if isinstance(path, URIRef):
        return None
    for way, value in shapes.predicate_objects(path):
        if way == SH.inversePath:
            return "an inverse path"
        if way == SH.alternativePath:
            ways = [_of_path(shapes, one) for one in shapes.items(value)]
            return next((one for one in ways if one is not None), None)
        if way in _FURTHER:
            steps = [_of_path(shapes, one) for one in shapes.items(path)]
            inverse = "an inverse path" in steps
            return "an inverse path" if inverse else _FURTHER[URIRef(str(way))]
    return None
