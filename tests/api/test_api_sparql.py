"""SPARQL over HTTP: ways to ask, formats of answers, refusals."""

from __future__ import annotations

import csv
import io
from urllib.parse import quote

import pyoxigraph
import pytest
from pyoxigraph import RdfFormat

from tests.testclient import TestClient

NAMES = (
    "SELECT ?name ?record WHERE { ?record a "
    "<https://w3id.org/trigpoint/def#LocalAuthorityInEngland> ; "
    "<http://www.w3.org/2000/01/rdf-schema#label> ?name } ORDER BY ?name"
)
CONSTRUCT = "CONSTRUCT WHERE { <http://localhost:8000/id/country/CZ> ?property ?value }"
JSON = "application/sparql-results+json"


def url_of(query: str, **more: str) -> str:
    pairs = {"query": query, **more}.items()
    return "/sparql?" + "&".join(f"{n}={quote(v, safe='')}" for n, v in pairs)


def test_get_and_both_posts_answer_alike(client: TestClient) -> None:
    """GET, a posted form and a posted query give one answer, with its log sizes."""
    got = client.get(url_of(NAMES))
    form = client.post("/sparql", data={"query": NAMES})
    body = client.post(
        "/sparql",
        content=NAMES,
        headers={"Content-Type": "application/sparql-query; charset=utf-8"},
    )
    assert got.headers["content-type"] == JSON
    assert got.json()["head"]["vars"] == ["name", "record"]
    names = [row["name"]["value"] for row in got.json()["results"]["bindings"]]
    assert names[-1] == "Westminster"
    assert got.json() == form.json() == body.json()
    assert "country=5" in got.headers["trigpoint-log-size"]


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", JSON),
        ("application/json", JSON),
        ("application/sparql-results+xml", "application/sparql-results+xml"),
        ("text/csv", "text/csv; charset=utf-8"),
        ("text/tab-separated-values", "text/tab-separated-values; charset=utf-8"),
        ("text/csv;q=0.1, application/xml", "application/sparql-results+xml"),
        ("text/html;q=0.2, application/sparql-results+json", JSON),
    ],
)
def test_results_in_the_format_accepted(
    client: TestClient, accept: str, kind: str
) -> None:
    """Results come in the format that is accepted best."""
    answer = client.get(url_of(NAMES), headers={"Accept": accept})
    assert answer.headers["content-type"] == kind
    assert "Westminster" in answer.text


@pytest.mark.parametrize(
    ("accept", "syntax"),
    [
        ("*/*", RdfFormat.TURTLE),
        ("text/turtle", RdfFormat.TURTLE),
        ("application/n-triples", RdfFormat.N_TRIPLES),
        ("application/rdf+xml", RdfFormat.RDF_XML),
        ("application/ld+json", RdfFormat.JSON_LD),
    ],
)
def test_graphs_in_the_format_accepted(
    client: TestClient, accept: str, syntax: RdfFormat
) -> None:
    """A graph comes in any of four syntaxes, with the same triples."""
    answer = client.get(url_of(CONSTRUCT), headers={"Accept": accept})
    assert len(set(pyoxigraph.parse(answer.content, syntax))) == 5


def test_format_beats_accept(client: TestClient) -> None:
    """`format` names a format outright; an unknown one is refused."""
    answer = client.get(url_of(NAMES, format="csv"), headers={"Accept": JSON})
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert rows[0] == ["name", "record"]
    refused = client.get(url_of(NAMES, format="xlsx"))
    assert (refused.status_code, refused.json()["parameter"]) == (400, "format")


def test_ask(client: TestClient) -> None:
    """ASK answers true or false."""
    assert client.get(url_of("ASK {}")).json()["boolean"] is True


@pytest.mark.parametrize(
    ("query", "accept"),
    [
        (NAMES, "image/png"),
        (NAMES, "text/turtle"),
        (CONSTRUCT, "text/csv"),
        ("ASK {}", "application/rdf+xml"),
    ],
)
def test_format_that_does_not_fit_is_not_acceptable(
    client: TestClient, query: str, accept: str
) -> None:
    """A format that the query's form cannot have is 406, with those that it can."""
    answer = client.get(url_of(query), headers={"Accept": accept})
    assert answer.status_code == 406
    assert len(answer.json()["available"]) >= 4


@pytest.mark.parametrize(
    ("query", "slug"),
    [
        ("SELECT * WHERE { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }", "rejected"),
        ("INSERT DATA { <a:a> <a:b> <a:c> }", "rejected"),
        ("SELECT * FROM <http://127.0.0.1:9/> { ?s ?p ?o }", "rejected"),
        ("SELEKT * { ?s ?p ?o }", "rejected"),
        ("", "rejected"),
        ("ASK { ?s ?p '" + "x" * 20_000 + "' }", None),
        ("SELECT * {" + "{" * 200 + "}" * 200 + "}", "too-large"),
    ],
)
def test_refusals_are_problems(
    client: TestClient, query: str, slug: str | None
) -> None:
    """What is not offered is refused with its own type of problem."""
    answer = client.get(url_of(query))
    if slug is None:
        assert answer.status_code == 200
    else:
        assert answer.status_code == 400
        assert answer.json()["type"] == f"/problems/query-{slug}"


def test_syntax_error_says_where(client: TestClient) -> None:
    """A query that is not well-formed is refused with line and column."""
    body = client.get(url_of("SELECT *\nWHERE { ?s ?p }")).json()
    assert "line 2" in body["detail"]


def test_endless_query_is_stopped(client: TestClient) -> None:
    """A query past the time limit is 503, and the next one is answered."""
    cross = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
    answer = client.get(url_of(cross))
    assert answer.status_code == 503
    assert answer.json()["type"] == "/problems/query-timed-out"
    assert answer.json()["limit"] == 5
    assert client.get(url_of("ASK {}")).status_code == 200


@pytest.mark.parametrize(
    ("kind", "content", "status", "slug"),
    [
        ("text/plain", "ASK {}", 415, "unsupported-media-type"),
        ("", "ASK {}", 415, "unsupported-media-type"),
        ("application/sparql-update", "CLEAR ALL", 400, "query-rejected"),
        (
            "application/x-www-form-urlencoded",
            "update=CLEAR+ALL",
            400,
            "query-rejected",
        ),
        ("application/x-www-form-urlencoded", "q=ASK+%7B%7D", 400, "invalid-parameter"),
        (
            "application/x-www-form-urlencoded",
            "query=ASK+%7B%7D&query=ASK+%7B%7D",
            400,
            "invalid-parameter",
        ),
        (
            "application/x-www-form-urlencoded",
            "query=ASK+%7B%7D&default-graph-uri=http%3A%2F%2Fx",
            400,
            "query-rejected",
        ),
        (
            "application/x-www-form-urlencoded",
            "query=ASK+%7B%7D&named-graph-uri=http%3A%2F%2F169.254.169.254%2F",
            400,
            "query-rejected",
        ),
        ("application/sparql-query", b"ASK { ?s ?p '\xff' }", 400, "invalid-parameter"),
        ("application/sparql-query", "x" * 400_001, 413, "body-too-large"),
        ("application/sparql-query", "x" * 200_000, 400, "query-too-large"),
    ],
)
def test_bad_bodies_are_refused(
    client: TestClient, kind: str, content: str | bytes, status: int, slug: str
) -> None:
    """Bodies of other types, updates, and what is too long are refused."""
    answer = client.post("/sparql", content=content, headers={"Content-Type": kind})
    assert answer.status_code == status
    assert answer.json()["type"] == f"/problems/{slug}"


def test_browser_without_a_query_gets_a_form(client: TestClient) -> None:
    """A browser gets a form; a program that forgot its query is told so."""
    page = client.get("/sparql", headers={"Accept": "text/html,*/*;q=0.8"})
    assert '<textarea name="query"' in page.text
    missing = client.get("/sparql", headers={"Accept": JSON})
    assert (missing.status_code, missing.json()["parameter"]) == (400, "query")


def test_any_site_may_ask(client: TestClient) -> None:
    """A preflight for a posted query is answered, and so is the query."""
    asked = {
        "Origin": "https://elsewhere.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    preflight = client.options("/sparql", headers=asked)
    assert preflight.status_code == 204
    assert "POST" in preflight.headers["access-control-allow-methods"]
    assert client.get(url_of("ASK {}")).headers["access-control-allow-origin"] == "*"
