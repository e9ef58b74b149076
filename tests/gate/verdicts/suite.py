"""The W3C SHACL core suite: its tests as data, shapes, focus nodes and results.

Format: the manifests of the suite (vocabularies mf: and sht:), one test an entry.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import rdflib
from rdflib import RDF, RDFS, SH, Graph, Namespace, URIRef
from rdflib.collection import Collection
from rdflib.term import Node

from tests.gate.verdicts.plain import quiet, severity_of

MF = Namespace("http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#")
SHT = Namespace("http://www.w3.org/ns/shacl-test#")
TARGETS = (SH.targetNode, SH.targetClass, SH.targetSubjectsOf, SH.targetObjectsOf)


@dataclass(frozen=True)
class Result:
    """A result that the suite expects; a complex path is left out."""

    focus: Node
    path: URIRef | None
    value: Node | None
    component: str
    severity: str


@dataclass(frozen=True)
class Case:
    """One test of the suite. `expected` is None where it is to fail as a whole."""

    name: str
    data: Graph
    shapes: Graph
    expected: frozenset[Result] | None

    def target_shapes(self) -> list[Node]:
        """The shapes that name focus nodes themselves."""
        shapes = {s for p in TARGETS for s in self.shapes.subjects(p)}
        shapes |= {
            shape
            for kind in (SH.NodeShape, SH.PropertyShape)
            for shape in self.shapes.subjects(RDF.type, kind)
            if (shape, RDF.type, RDFS.Class) in self.shapes
        }
        return sorted(shapes, key=str)

    def focus_nodes(self, shape: Node) -> set[Node]:
        """What a shape's targets stand for (SHACL, section 2.1.3)."""
        found = set(self.shapes.objects(shape, SH.targetNode))
        classes = set(self.shapes.objects(shape, SH.targetClass))
        if (shape, RDF.type, RDFS.Class) in self.shapes:
            classes.add(shape)
        for one in classes:
            for below in self.data.transitive_subjects(RDFS.subClassOf, one):
                found |= set(self.data.subjects(RDF.type, below))
        for path in self.shapes.objects(shape, SH.targetSubjectsOf):
            found |= set(self.data.subjects(path))
        for path in self.shapes.objects(shape, SH.targetObjectsOf):
            found |= set(self.data.objects(None, path))
        return found


def cases_of(manifest: Path) -> Iterator[Case]:
    """The tests of a manifest and of those that it includes, in their order."""
    graph = _read(manifest)
    for included in sorted(graph.objects(None, MF.include), key=str):
        yield from cases_of(_path(included))
    for entries in graph.objects(None, MF.entries):
        for entry in Collection(graph, entries):
            action = graph.value(entry, MF.action)
            yield Case(
                name=f"{manifest.parent.name}/{manifest.stem}",
                data=_read(_path(graph.value(action, SHT.dataGraph))),
                shapes=_read(_path(graph.value(action, SHT.shapesGraph))),
                expected=_results(graph, graph.value(entry, MF.result)),
            )


def results_of(graph: Graph, report: Node | None) -> frozenset[Result]:
    """The results of a report, without those under sh:detail."""
    return frozenset(
        Result(
            focus=_one(graph, result, SH.focusNode),
            path=path if isinstance(path, URIRef) else None,
            value=graph.value(result, SH.value),
            component=str(graph.value(result, SH.sourceConstraintComponent)),
            severity=severity_of(_one(graph, result, SH.resultSeverity)),
        )
        for result in graph.objects(report, SH.result)
        for path in [graph.value(result, SH.resultPath)]
    )


def _results(graph: Graph, expected: Node | None) -> frozenset[Result] | None:
    return None if expected == SHT.Failure else results_of(graph, expected)


def _one(graph: Graph, subject: Node, predicate: URIRef) -> Node:
    found = graph.value(subject, predicate)
    assert found is not None, f"{subject} has no {predicate}"
    return found


def _path(iri: Node | None) -> Path:
    return Path(str(iri).removeprefix("file://"))


def _read(path: Path) -> Graph:
    """A file of the suite, its literals as they are written."""
    rdflib.NORMALIZE_LITERALS = False
    try:
        with quiet():
            return Graph(bind_namespaces="none").parse(path, format="turtle")
    finally:
        rdflib.NORMALIZE_LITERALS = True
