"""A shape graph read into constraints, with the faults that pySHACL finds in one.

SHACL, W3C Recommendation 2017, section 2.
"""

from __future__ import annotations

from collections.abc import Iterator

from rdflib import Graph, URIRef
from rdflib import Literal as RdfLiteral
from rdflib.namespace import RDF, RDFS, SH
from rdflib.term import Node

from trigpoint.gate.shacl import constraints as c
from trigpoint.gate.shacl.components import constraints_of
from trigpoint.gate.shacl.parameters import (
    Given,
    ill_formed,
    is_true,
    shortened,
    spelled,
)

# Said of a shape, but asking nothing of data by themselves.
_SILENT = {
    *(SH.name, SH.description, SH.order, SH.group, SH.defaultValue, SH.severity),
    *(SH.message, SH.deactivated, SH.path, SH.flags, SH.ignoredProperties),
    *(SH.targetClass, SH.targetNode, SH.targetSubjectsOf, SH.targetObjectsOf),
    SH.qualifiedValueShapesDisjoint,
}
_OTHER_PATHS = (
    SH.inversePath,
    SH.zeroOrMorePath,
    SH.oneOrMorePath,
    SH.zeroOrOnePath,
)


def read_shape(graph: Graph, node: Node, above: tuple[Node, ...] = ()) -> c.Shape:
    """The shape `node` and all that it refers to; `above` are the shapes around it.

    Raises InvalidShape, naming the shape, for what pySHACL cannot work with.
    """
    path = _path_of(graph, node)
    made: list[c.Constraint] = []
    if not _deactivated(graph, node):
        for parameter in sorted({URIRef(str(p)) for p in graph.predicates(node)}):
            if parameter.startswith(str(SH)) and parameter not in _SILENT:
                given = Given(
                    graph,
                    node,
                    parameter,
                    tuple(sorted(graph.objects(node, parameter), key=str)),
                    path is not None,
                    (*above, node),
                    read_shape,
                )
                made += constraints_of(given)
        made += _customs(graph, node)
    return c.Shape(node, path, tuple(made))


def _deactivated(graph: Graph, node: Node) -> bool:
    values = set(graph.objects(node, SH.deactivated))
    if len(values) > 1 or not all(isinstance(value, RdfLiteral) for value in values):
        raise ill_formed(node, SH.deactivated, "one literal, true or false")
    return any(map(is_true, values))


def _path_of(graph: Graph, node: Node) -> c.Path | None:
    paths = list(graph.objects(node, SH.path))
    types = set(graph.objects(node, RDF.type))
    if len(paths) > 1 or (SH.PropertyShape in types and not paths):
        raise ill_formed(node, SH.path, "one path")
    if SH.NodeShape in types and (paths or SH.PropertyShape in types):
        raise ill_formed(node, SH.path, "nothing, since it is a node shape")
    return _path(graph, node, paths[0], 0) if paths else None


def _path(graph: Graph, shape: Node, path: Node, depth: int) -> c.Path:
    if isinstance(path, URIRef):
        return c.Predicate(str(path))
    if isinstance(path, RdfLiteral) or depth >= 10:
        raise ill_formed(shape, SH.path, "a property path")
    alternatives = graph.value(path, SH.alternativePath)
    is_list = graph.value(path, RDF.first) is not None
    if is_list or alternatives is not None:
        steps = list(
            graph.items(alternatives if alternatives and not is_list else path)
        )
        if len(steps) < 2:
            raise ill_formed(shape, SH.path, "a list of two paths or more")
        paths = tuple(_path(graph, shape, step, depth + 1) for step in steps)
        return c.Sequence(paths) if is_list else c.Alternative(paths)
    for parameter in _OTHER_PATHS:
        inner = graph.value(path, parameter)
        if inner is not None:
            name = shortened(parameter)
            return c.OtherPath(name, _path(graph, shape, inner, depth + 1))
    raise ill_formed(shape, SH.path, "a property path")


def _customs(graph: Graph, node: Node) -> Iterator[c.Constraint]:
    """Components that the graph itself defines and whose parameters the shape has
    (SHACL, section 6.2)."""
    root = SH.ConstraintComponent
    kinds = [root, *graph.subjects(RDFS.subClassOf, root)]
    found = {one for kind in kinds for one in graph.subjects(RDF.type, kind)}
    for component in sorted(found, key=str):
        if str(component).startswith(str(SH)):
            continue
        needed = tuple(
            path
            for parameter in graph.objects(component, SH.parameter)
            if not is_true(graph.value(parameter, SH.optional))
            for path in graph.objects(parameter, SH.path)
            if isinstance(path, URIRef)
        )
        if needed and all((node, path, None) in graph for path in needed):
            name = spelled(graph, component)
            reason = f"{name} is a component of its own"
            yield c.Foreign(str(component), needed, name, reason)
