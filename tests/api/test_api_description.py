"""What the endpoint says of itself: SPARQL 1.1 Service Description, section by section.

The W3C's own three tests of a description (it is returned, as RDF, and conforms) are
the first three here; the rest holds what it says against what the endpoint does.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pyoxigraph as ox
import pytest
from fastapi import FastAPI
from rdflib import RDF, Graph, Namespace, URIRef
from rdflib.term import Literal as RdfLiteral
from rdflib.term import Node

from api.app import create_app
from api.description import Offer, offer_of, service_lines
from api.statements import SYNTAXES, written
from tests.copies import copy_data
from tests.testclient import TestClient
from trigpoint.graph.endpoint import Endpoint
from trigpoint.graph.functions import EXTENSION_FUNCTIONS, GEOF
from trigpoint.graph.remote_pool import RemotePool
from trigpoint.register import Registers

SD = Namespace("http://www.w3.org/ns/sparql-service-description#")
VOID = Namespace("http://rdfs.org/ns/void#")
FORMATS = Namespace("http://www.w3.org/ns/formats/")
ENDPOINT = URIRef("http://localhost:8000/sparql")
TURTLE = {"Accept": "text/turtle"}
SYNTAX_NAMES = [form.media_type for form in SYNTAXES]


@pytest.fixture(scope="module")
def described(client: TestClient) -> Graph:
    answer = client.get("/sparql", headers=TURTLE)
    return Graph().parse(data=answer.text, format="turtle")


def service_of(graph: Graph) -> URIRef:
    (service,) = graph.subjects(RDF.type, SD.Service)
    assert isinstance(service, URIRef)
    return service


def quads(body: bytes, kind: str) -> set[ox.Quad]:
    form = ox.RdfFormat.from_media_type(kind)
    assert form is not None
    return set(ox.parse(body, form))


def triples_of(graph: Graph, node: Node) -> int:
    value = graph.value(node, VOID.triples)
    assert isinstance(value, RdfLiteral)
    return int(value)


@pytest.mark.parametrize("headers", [{}, {"Accept": "*/*"}, {"Accept": ""}])
def test_the_endpoint_without_a_query_returns_rdf(
    client: TestClient, headers: dict[str, str]
) -> None:
    """A GET without a query, from a client that prefers nothing, gives Turtle, with the
    log sizes that its counts speak for."""
    answer = client.get("/sparql", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/turtle; charset=utf-8"
    assert answer.headers["vary"].startswith("Accept")
    assert "country=5" in answer.headers["trigpoint-log-size"]
    assert '</.well-known/void>; rel="describedby"' in answer.headers["link"]
    assert len(Graph().parse(data=answer.text, format="turtle")) > 50


def test_the_description_has_its_endpoint(described: Graph) -> None:
    """It is of one service, whose endpoint is where it was had."""
    assert described.value(service_of(described), SD.endpoint) == ENDPOINT


def test_the_description_conforms(described: Graph) -> None:
    """Whatever the specification says of the object of a property is so: datasets have
    one default graph, named graphs have a name and a graph, and each is said to be
    what it is; no term is used that is not the vocabulary's."""
    service = service_of(described)
    classes = {
        SD.defaultDataset: SD.Dataset,
        SD.availableGraphs: SD.GraphCollection,
        SD.defaultGraph: SD.Graph,
        SD.namedGraph: SD.NamedGraph,
        SD.graph: SD.Graph,
        SD.extensionFunction: SD.Function,
    }
    for predicate, of in classes.items():
        objects = set(described.objects(None, predicate))
        assert objects, predicate
        assert all((one, RDF.type, of) in described for one in objects), predicate
    (dataset,) = described.objects(service, SD.defaultDataset)
    assert len(list(described.objects(dataset, SD.defaultGraph))) == 1
    for named in described.objects(dataset, SD.namedGraph):
        assert len(list(described.objects(named, SD.name))) == 1
        assert len(list(described.objects(named, SD.graph))) == 1
    terms = {t for triple in described for t in triple if str(t).startswith(SD)}
    assert {str(term).removeprefix(SD) for term in terms} <= TERMS


TERMS = {
    *("Service", "Dataset", "Graph", "NamedGraph", "GraphCollection", "Function"),
    *("endpoint", "feature", "defaultEntailmentRegime", "entailmentRegime"),
    *("extensionFunction", "resultFormat", "inputFormat", "supportedLanguage"),
    *("defaultDataset", "availableGraphs", "defaultGraph", "namedGraph", "name"),
    *("graph", "SPARQL11Query", "SPARQL11Update", "EmptyGraphs"),
}


@pytest.mark.parametrize("kind", SYNTAX_NAMES)
def test_all_syntaxes_say_the_same(client: TestClient, kind: str) -> None:
    """It comes in each syntax of RDF by `Accept` and by `format`, with one graph, and
    with the same bytes each time."""
    answer = client.get("/sparql", headers={"Accept": kind})
    assert answer.headers["content-type"].partition(";")[0] == kind
    turtle = client.get("/sparql", headers=TURTLE)
    assert quads(answer.content, kind) == quads(turtle.content, "text/turtle")
    (suffix,) = [form.suffix for form in SYNTAXES if form.media_type == kind]
    for name in (suffix, kind):
        named = client.get("/sparql", params={"format": name})
        assert named.content == answer.content
    assert client.get("/sparql", headers={"Accept": kind}).content == answer.content


@pytest.mark.parametrize(
    ("accept", "parameters"),
    [
        ("application/sparql-results+json", ""),
        ("application/json", ""),
        ("text/csv", "?default-graph-uri=http://localhost:8000/graph/catalogue"),
        ("text/turtle", "?format=xlsx"),
    ],
)
def test_a_forgotten_query_is_told_so(
    client: TestClient, accept: str, parameters: str
) -> None:
    """Who accepts results only, or asks for a format that no description has, has
    forgotten the query."""
    answer = client.get(f"/sparql{parameters}", headers={"Accept": accept})
    assert (answer.status_code, answer.json()["parameter"]) == (400, "query")


def test_a_description_that_is_known_is_not_sent_again(client: TestClient) -> None:
    """It has an ETag, and HEAD gives its headers alone."""
    answer = client.get("/sparql", headers=TURTLE)
    known = {**TURTLE, "If-None-Match": answer.headers["etag"]}
    assert client.get("/sparql", headers=known).status_code == 304
    head = client.head("/sparql", headers=TURTLE)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["etag"] == answer.headers["etag"]


def test_the_graphs_are_those_that_can_be_asked(
    client: TestClient, described: Graph
) -> None:
    """Every graph that a query finds is listed, with the triples that it counts there,
    as default graph and by name; no other is listed."""
    (dataset,) = described.objects(None, SD.defaultDataset)
    (default,) = described.objects(dataset, SD.defaultGraph)
    assert triples_of(described, default) == count(client, "{ ?s ?p ?o }")
    query = "SELECT DISTINCT ?g { GRAPH ?g { ?s ?p ?o } }"
    found = client.get("/sparql", params={"query": query, "format": "json"}).json()
    graphs = {row["g"]["value"] for row in found["results"]["bindings"]}
    listed = {
        str(name)
        for named in described.objects(dataset, SD.namedGraph)
        for name in described.objects(named, SD.name)
    }
    assert listed == graphs
    assert len(listed) == 4
    for graph in listed:
        wanted = triples_of(described, URIRef(graph))
        assert wanted == count(client, f"{{ GRAPH <{graph}> {{ ?s ?p ?o }} }}")
        assert wanted == count(client, f"FROM <{graph}> {{ ?s ?p ?o }}")


def count(client: TestClient, pattern: str) -> int:
    query = f"SELECT (COUNT(*) AS ?n) {pattern}"
    answer = client.get("/sparql", params={"query": query, "format": "csv"})
    return int(answer.text.split()[1])


def test_every_result_format_is_given(client: TestClient, described: Graph) -> None:
    """Each format that is listed is one in which a query is answered."""
    listed = set(described.objects(service_of(described), SD.resultFormat))
    kinds = {
        FORMATS["SPARQL_Results_JSON"]: "application/sparql-results+json",
        FORMATS["SPARQL_Results_XML"]: "application/sparql-results+xml",
        FORMATS["SPARQL_Results_CSV"]: "text/csv",
        FORMATS["SPARQL_Results_TSV"]: "text/tab-separated-values",
        FORMATS["Turtle"]: "text/turtle",
        FORMATS["N-Triples"]: "application/n-triples",
        FORMATS["RDF_XML"]: "application/rdf+xml",
        FORMATS["JSON-LD"]: "application/ld+json",
    }
    assert listed == set(kinds)
    for kind in kinds.values():
        query = "DESCRIBE <a:b>" if kind in SYNTAX_NAMES else "SELECT * {}"
        answer = client.get(
            "/sparql", params={"query": query}, headers={"Accept": kind}
        )
        assert answer.headers["content-type"].partition(";")[0] == kind


def test_what_is_not_offered_is_not_described(described: Graph) -> None:
    """Neither updates, nor federation, nor graphs from elsewhere; plain answers."""
    service = service_of(described)
    languages = list(described.objects(service, SD.supportedLanguage))
    assert languages == [SD.SPARQL11Query]
    features = {str(one) for one in described.objects(service, SD.feature)}
    assert features == {
        f"https://w3id.org/trigpoint/def#{name}"
        for name in ("ColumnsAsWritten", "LogSizesNamed")
    }
    regime = URIRef("http://www.w3.org/ns/entailment/Simple")
    assert described.value(service, SD.defaultEntailmentRegime) == regime


def test_features_are_terms_of_the_vocabulary(
    described: Graph, registers: Registers
) -> None:
    """Features of our own are defined where the vocabulary is."""
    own = registers.schemas.ontology
    for feature in described.objects(service_of(described), SD.feature):
        assert (feature, RDF.type, SD.Feature) in own


def test_the_description_does_not_need_the_store(data: Path, tmp_path: Path) -> None:
    """It is answered from what was counted at the publish, with no query: even when the
    store's files are gone."""
    copy = copy_data(data, tmp_path / "data")
    registers = Registers.open(copy)
    app = create_app(registers, workers=1)
    with TestClient(app, base_url="http://localhost:8000") as client:
        shutil.rmtree(registers.view().graph)
        answer = client.get("/sparql", headers=TURTLE)
        assert answer.status_code == 200
        graph = Graph().parse(data=answer.text, format="turtle")
        counts = registers.view().counts.graphs
        for name in counts:
            assert triples_of(graph, URIRef(name)) == counts[name].triples


POINT = '"POINT(1 2)"^^<http://www.opengis.net/ont/geosparql#wktLiteral>'


METRE = "<http://www.opengis.net/def/uom/OGC/1.0/metre>"


def test_every_function_that_is_listed_can_be_called(
    client: TestClient, described: Graph
) -> None:
    """Each gives a value for one geometry, two, or two and a unit; a query that calls
    one which is not listed is refused."""
    named = described.objects(service_of(described), SD.extensionFunction)
    listed = sorted(map(str, named))
    assert listed == sorted(EXTENSION_FUNCTIONS)
    calls = (POINT, f"{POINT}, {POINT}", f"{POINT}, {POINT}, {METRE}")
    columns = (
        f"(COALESCE({', '.join(f'<{function}>({call})' for call in calls)}) AS ?v{n})"
        for n, function in enumerate(listed)
    )
    answer = client.post("/sparql", data={"query": f"SELECT {' '.join(columns)} {{}}"})
    (values,) = answer.json()["results"]["bindings"]
    assert [listed[n] for n in range(len(listed)) if f"v{n}" not in values] == []
    unknown = f"SELECT (<{GEOF}nothing>({POINT}) AS ?v) {{}}"
    assert client.get("/sparql", params={"query": unknown}).status_code == 400


def test_functions_of_another_server_are_not_claimed(client: TestClient) -> None:
    """When another server keeps the graph nothing is said of its functions."""
    assert isinstance(client.app, FastAPI)
    here = client.app.state.service
    assert offer_of(here).functions == EXTENSION_FUNCTIONS
    there = Endpoint("http://127.0.0.1:9/query")
    elsewhere = replace(here, pool=RemotePool(there, lambda: 0, base=here.base))
    assert offer_of(elsewhere).functions == ()


def test_an_endpoint_that_can_be_written_to_says_so() -> None:
    """A store that takes updates offers the language, formats to read, and graphs that
    may be empty."""
    offer = Offer("http://127.0.0.1:1/sparql", "A sandbox", updates=True)
    body = written(service_lines(offer, 0, {"http://x/g": 0}), SYNTAXES[0])
    graph = Graph().parse(data=body, format="turtle")
    service = service_of(graph)
    assert SD.SPARQL11Update in set(graph.objects(service, SD.supportedLanguage))
    assert SD.EmptyGraphs in set(graph.objects(service, SD.feature))
    assert len(list(graph.objects(service, SD.inputFormat))) == 4
    assert triples_of(graph, URIRef("http://x/g")) == 0
