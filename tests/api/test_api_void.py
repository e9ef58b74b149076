"""VoID: every register and every graph, described as they are."""

from __future__ import annotations

import pyoxigraph as ox
import pytest
from rdflib import RDF, Graph, Literal, Namespace, URIRef
from rdflib.namespace import DCTERMS, FOAF, XSD

from api.negotiation import Format
from api.statements import SYNTAXES
from tests.api.sample import BASE, OGL
from tests.testclient import TestClient
from trigpoint.register import Registers

VOID = Namespace("http://rdfs.org/ns/void#")
FORMATS = Namespace("http://www.w3.org/ns/formats/")
DOOR = "/.well-known/void"
WHOLE = URIRef(f"{BASE}/registers")
SCHOOLS = URIRef(f"{BASE}/registers/school-eng")


@pytest.fixture(scope="module")
def described(client: TestClient) -> Graph:
    return Graph().parse(data=client.get(DOOR).text, format="turtle")


def of(graph: Graph, subject: URIRef, predicate: URIRef) -> set[str]:
    return {str(one) for one in graph.objects(subject, predicate)}


@pytest.mark.parametrize("form", SYNTAXES, ids=[form.suffix for form in SYNTAXES])
def test_every_syntax_says_the_same(client: TestClient, form: Format) -> None:
    """It comes in each syntax of RDF, and says for which log sizes it speaks."""
    answer = client.get(DOOR, headers={"Accept": form.media_type})
    assert answer.headers["content-type"] == form.content_type
    assert "country=5" in answer.headers["trigpoint-log-size"]
    syntax = ox.RdfFormat.from_media_type(form.media_type)
    assert syntax is not None
    held = set(ox.parse(answer.content, syntax))
    assert held == set(ox.parse(client.get(DOOR).content, ox.RdfFormat.TURTLE))
    assert len(held) > 300


def test_it_is_found_from_the_pages(client: TestClient) -> None:
    """The way in, the dumps and the endpoint link to it, for programs."""
    for path in ("/", "/dumps", "/sparql"):
        assert f'<{DOOR}>; rel="describedby"' in client.get(path).headers["link"], path
    assert client.get("/").json()["doors"]["void"] == f"{BASE}{DOOR}"
    assert client.get(f"{DOOR}.nt").headers["content-type"] == "application/n-triples"
    assert client.get(DOOR, headers={"Accept": "image/png"}).status_code == 406


def test_all_datasets_are_parts_of_the_whole(
    described: Graph, registers: Registers
) -> None:
    """The document is of one dataset, of which every register that holds anything and
    every graph is a part, and all triples are counted in it."""
    document = URIRef(BASE + DOOR)
    assert (document, RDF.type, VOID.DatasetDescription) in described
    assert described.value(document, FOAF.primaryTopic) == WHOLE
    parts = of(described, WHOLE, VOID.subset)
    names = {f"{BASE}/registers/{name}" for name in registers.view().sizes}
    graphs = set(registers.view().counts.graphs)
    assert parts == names | graphs
    assert len(graphs) == 4
    counts = [described.value(URIRef(part), VOID.triples) for part in parts]
    total = sum(int(str(count)) for count in counts)
    assert described.value(WHOLE, VOID.triples) == Literal(total)
    assert total == len(ox.Store.read_only(str(registers.view().graph)))


def test_a_register_is_described(described: Graph) -> None:
    """Licence, custodian, where its records are, one of them, and where it is whole."""
    assert (SCHOOLS, RDF.type, VOID.Dataset) in described
    assert of(described, SCHOOLS, DCTERMS.license) == {OGL}
    assert of(described, SCHOOLS, VOID.uriSpace) == {f"{BASE}/id/school-eng/"}
    example = f"{BASE}/id/school-eng/100000"
    assert of(described, SCHOOLS, VOID.exampleResource) == {example}
    assert of(described, SCHOOLS, VOID.sparqlEndpoint) == {f"{BASE}/sparql"}
    assert "http://www.w3.org/2004/02/skos/core#" in of(
        described, SCHOOLS, VOID.vocabulary
    )


def test_dates_are_those_of_the_log(described: Graph, registers: Registers) -> None:
    """Created with the first entry, modified with the last."""
    country = URIRef(f"{BASE}/registers/country")
    for predicate, number in ((DCTERMS.created, 1), (DCTERMS.modified, 5)):
        moment = registers.log.entry("country", number).timestamp
        wanted = Literal(moment, datatype=XSD.dateTime)
        assert described.value(country, predicate) == wanted


def test_every_dump_is_there_in_its_format(
    client: TestClient, described: Graph
) -> None:
    """Each dump that is named is answered in the format that it is said to have."""
    kinds = {
        FORMATS["N-Triples"]: "application/n-triples",
        FORMATS["Turtle"]: "text/turtle",
        FORMATS["JSON-LD"]: "application/ld+json",
        FORMATS["TriG"]: "application/trig",
    }
    dumps = of(described, SCHOOLS, VOID.dataDump) | of(described, WHOLE, VOID.dataDump)
    assert len(dumps) == 4
    for dump in dumps:
        answer = client.head(dump.removeprefix(BASE))
        assert answer.status_code == 200
        (form,) = described.objects(URIRef(dump), DCTERMS.format)
        kind = answer.headers["content-type"].partition(";")[0]
        assert kind == kinds[URIRef(str(form))]


def test_counts_are_what_the_endpoint_counts(
    client: TestClient, described: Graph
) -> None:
    """Triples, entities, classes and properties of a register, and of each of its
    properties and classes, are what queries count."""
    space = next(iter(of(described, SCHOOLS, VOID.uriSpace)))
    mine = f'FILTER(STRSTARTS(STR(?s), "{space}"))'
    kind = "<https://w3id.org/trigpoint/def#School>"
    wanted = {
        VOID.triples: f"(COUNT(*) AS ?n) {{ ?s ?p ?o {mine} }}",
        VOID.properties: f"(COUNT(DISTINCT ?p) AS ?n) {{ ?s ?p ?o {mine} }}",
        VOID.classes: f"(COUNT(DISTINCT ?o) AS ?n) {{ ?s a ?o {mine} }}",
        VOID.entities: f"(COUNT(*) AS ?n) {{ ?s a {kind} {mine} }}",
    }
    for predicate, query in wanted.items():
        assert of(described, SCHOOLS, predicate) == {count(client, query)}, predicate
    partitions = [
        (VOID.propertyPartition, VOID.property, VOID.triples, "?s <{}> ?o"),
        (VOID.classPartition, VOID["class"], VOID.entities, "?s a <{}>"),
    ]
    for partition, term, counted, pattern in partitions:
        parts = list(described.objects(SCHOOLS, partition))
        assert len(parts) > 1
        for part in parts:
            (name,) = described.objects(part, term)
            query = f"(COUNT(*) AS ?n) {{ {pattern.format(name)} {mine} }}"
            assert [str(n) for n in described.objects(part, counted)] == [
                count(client, query)
            ]


def count(client: TestClient, query: str) -> str:
    asked = {"query": f"SELECT {query}", "format": "csv"}
    return str(client.get("/sparql", params=asked).text.split()[1])


def test_there_is_no_blank_node(client: TestClient) -> None:
    """Every node has an IRI, so that others can speak of it."""
    assert (
        "_:" not in client.get(DOOR, headers={"Accept": "application/n-triples"}).text
    )
