"""The report as RDF: what SHACL asks of it, and terms that come back as they went."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyshacl
import pytest
from rdflib import RDF, SH, XSD, BNode, Graph, Literal, Namespace, URIRef
from rdflib.term import Node

from tests.gate.rows import BASE, Check, site
from trigpoint.gate import Report, Violation, terms
from trigpoint.gate.report_file import ReportFile
from trigpoint.schema.catalogue import Schemas

GEO = Namespace("http://www.opengis.net/ont/geosparql#")
SF = Namespace("http://www.opengis.net/ont/sf#")
SHAPE = Namespace("https://w3id.org/trigpoint/shapes#")
SITE = f"{BASE}/id/site/"

# SHACL section 3.6: what a validation report and its results have to have.
VOCABULARY = """
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
[] a sh:NodeShape ; sh:targetClass sh:ValidationReport ;
  sh:property [ sh:path sh:conforms ; sh:datatype xsd:boolean ; sh:minCount 1 ;
      sh:maxCount 1 ] ,
    [ sh:path sh:result ; sh:class sh:ValidationResult ; sh:nodeKind sh:IRI ] .
[] a sh:NodeShape ; sh:targetClass sh:ValidationResult ;
  sh:property [ sh:path sh:focusNode ; sh:minCount 1 ; sh:maxCount 1 ] ,
    [ sh:path sh:resultPath ; sh:maxCount 1 ; sh:nodeKind sh:IRI ] ,
    [ sh:path sh:value ; sh:maxCount 1 ] ,
    [ sh:path sh:sourceShape ; sh:maxCount 1 ; sh:nodeKind sh:IRI ] ,
    [ sh:path sh:sourceConstraintComponent ; sh:minCount 1 ; sh:maxCount 1 ;
      sh:nodeKind sh:IRI ] ,
    [ sh:path sh:resultMessage ; sh:minCount 1 ; sh:datatype xsd:string ] ,
    [ sh:path sh:resultSeverity ; sh:minCount 1 ; sh:maxCount 1 ;
      sh:in ( sh:Violation sh:Warning sh:Info ) ] .
"""

Read = Callable[[list[Violation]], Graph]


@pytest.fixture(params=["memory", "nt", "ttl"])
def read(request: pytest.FixtureRequest, schemas: Schemas, tmp_path: Path) -> Read:
    """Findings as RDF, by each of the ways that there are, read by rdflib."""

    def of(found: list[Violation]) -> Graph:
        if request.param == "memory":
            report = Report()
            report.extend(found)
            return Graph().parse(data=report.as_rdf(BASE, schemas), format="turtle")
        path = tmp_path / f"report.{request.param}"
        with Report(limit=0, files=[ReportFile(path, BASE, schemas)]) as report:
            report.extend(found)
        return Graph().parse(path, format=request.param)

    return of


def test_rdf_is_a_validation_report_without_blank_nodes(
    check_sites: Check, read: Read
) -> None:
    """It parses, has what SHACL asks of a report, and names every result."""
    rows = [
        site("7", name=None, size="x", owner="A2", point="here", tags=["a", "B"]),
        site("8", note="n" * 21, name="=1"),
        site("8", authority="x"),
        {**site("9"), "Head": "Example", "site": None},
    ]
    found = check_sites(rows).violations
    graph = read(list(found))
    results = set(graph.subjects(RDF.type, SH.ValidationResult))
    assert len(results) == len(found) > 10
    (node,) = graph.subjects(RDF.type, SH.ValidationReport)
    assert set(graph.objects(node, SH.result)) == results
    assert list(graph.objects(node, SH.conforms)) == [Literal(False)]
    assert not any(isinstance(term, BNode) for triple in graph for term in triple)
    assert (None, SH.value, URIRef(f"{BASE}/id/owner/A2")) in graph
    shapes = Graph().parse(data=VOCABULARY, format="turtle")
    conforms, _, text = pyshacl.validate(graph, shacl_graph=shapes)
    assert conforms, text


def test_a_report_of_nothing_conforms(read: Read) -> None:
    """There is a report, and no result."""
    graph = read([])
    assert list(graph.objects(None, SH.conforms)) == [Literal(True)]
    assert not list(graph.subjects(RDF.type, SH.ValidationResult))


def literal(text: str, datatype: URIRef) -> Literal:
    return Literal(text, datatype=datatype, normalize=False)


ODD = "“\u202eabc\u0001\u0085\u2028\t\r\n\\\"' 🏫 a\u0301 \ufffe</b>"


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("name", ODD, Literal(ODD)),
        ("name-cy", ODD, Literal(ODD, lang="cy")),
        ("size", "012", literal("12", XSD.integer)),
        ("size", "twelve", literal("twelve", XSD.integer)),
        ("size", "9" * 400, literal("9" * 400, XSD.integer)),
        ("open", "1", literal("true", XSD.boolean)),
        ("website", "not a <place>", literal("not a <place>", XSD.anyURI)),
        ("owner", 'B "2" <é>', URIRef(f"{BASE}/id/owner/B%20%222%22%20%3C%C3%A9%3E")),
        ("authority", "owner:A 1", URIRef(f"{BASE}/id/owner/A%201")),
        ("authority", "none", URIRef(f"{BASE}/id/none/")),
        ("start-date", "1905", literal("1905", XSD.gYear)),
        ("start-date", "1905-02", literal("1905-02", XSD.gYearMonth)),
        ("start-date", "1905-02-30", literal("1905-02-30", XSD.date)),
        ("start-date", "soon", Literal("soon")),
        ("point", "[1,2]", URIRef(f"{SITE}7/geometry")),
        (None, ODD, Literal(ODD)),
        ("name", None, None),
    ],
)
def test_a_result_comes_back_as_it_went(
    field: str | None,
    value: str | None,
    expected: Node | None,
    read: Read,
    schemas: Schemas,
) -> None:
    """Focus node, path, value, component, severity, message and shape are equal."""
    known = None if field is None else schemas["site"].field(field)
    path = None if known is None else known.path
    shape = SHAPE.site if known is None else URIRef(known.shape)
    one = Violation(
        *("site", 7, "7", field, value, path, terms.NODE),
        *("info", str(shape), f"wrong: {ODD}"),
    )
    graph = read([one])
    (result,) = graph.subjects(RDF.type, SH.ValidationResult)
    said = dict(graph.predicate_objects(result))
    assert said.get(SH.value) == expected
    assert said.get(SH.resultPath) == (path and URIRef(path))
    assert said[SH.focusNode] == URIRef(f"{SITE}7")
    assert said[SH.sourceConstraintComponent] == SH.NodeConstraintComponent
    assert said[SH.resultSeverity] == SH.Info
    assert said[SH.sourceShape] == shape
    assert said[SH.resultMessage] == Literal(f"wrong: {ODD}")


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (GEO.asWKT, "[1,2]", literal("POINT(1 2)", GEO.wktLiteral)),
        (GEO.asWKT, "here", Literal("here")),
        (RDF.type, "[1,2]", SF.Point),
        (RDF.type, "here", None),
    ],
)
def test_what_is_said_of_a_geometry_is_about_its_node(
    path: URIRef, value: str, expected: Node | None, read: Read
) -> None:
    """The geometry of a record is a node of its own, with its WKT and its class."""
    one = Violation(
        *("site", 7, "a/b", "point", value, str(path), terms.IN),
        *("violation", str(SHAPE["geometry-wkt"]), "wrong"),
    )
    graph = read([one])
    (focus,) = graph.objects(None, SH.focusNode)
    assert focus == URIRef(f"{SITE}a%2Fb/geometry")
    assert list(graph.objects(None, SH.value)) == ([expected] if expected else [])


def test_rules_of_ours_on_a_geometry_name_what_was_written(read: Read) -> None:
    """What is no WKT has no node that the value could be."""
    one = Violation(
        *("site", 7, "7", "point", "here", str(GEO.hasGeometry)),
        *(terms.INVALID_GEOMETRY, "violation", None, "wrong"),
    )
    assert list(read([one]).objects(None, SH.value)) == [Literal("here")]


def test_two_reports_in_one_graph_stay_two(schemas: Schemas, tmp_path: Path) -> None:
    """Reports on disk have names of their own, even of the same findings."""
    graph = Graph()
    one = Violation(
        *("site", None, None, None, None, None, terms.SUSPICIOUS_DROP),
        *("violation", None, "fewer"),
    )
    for name in ("a.nt", "b.ttl"):
        with Report(files=[ReportFile(tmp_path / name, BASE, schemas)]) as report:
            report.extend([one, replace(one, severity="warning")])
        graph.parse(tmp_path / name)
    assert len(set(graph.subjects(RDF.type, SH.ValidationReport))) == 2
    assert len(set(graph.subjects(RDF.type, SH.ValidationResult))) == 4
    focus = set(graph.objects(None, SH.focusNode))
    assert focus == {URIRef(f"{BASE}/registers/site")}
