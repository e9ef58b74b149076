"""What clients send to `/sparql`: parameters, bodies, and names of formats."""

from __future__ import annotations

from urllib.parse import quote_plus, urlencode

import pytest

from api.queries import FORM_TYPE, QUERY_TYPE
from tests.testclient import TestClient

SELECT = "SELECT ?a { VALUES ?a { 1 } }"
CONSTRUCT = "CONSTRUCT { <http://a> <http://b> 1 } {}"
JSON = "application/sparql-results+json"
XML = "application/sparql-results+xml"


def kind_of(client: TestClient, query: str, *formats: str, accept: str = "*/*") -> str:
    """The media type that a query is answered in."""
    pairs = [("query", query), *(("format", one) for one in formats)]
    answer = client.get(f"/sparql?{urlencode(pairs)}", headers={"Accept": accept})
    assert answer.status_code == 200, answer.text
    kind: str = answer.headers["content-type"]
    return kind.partition(";")[0]


@pytest.mark.parametrize(
    ("name", "solutions", "graph"),
    [
        ("json", JSON, "application/ld+json"),
        ("xml", XML, "application/rdf+xml"),
        ("JSON", JSON, "application/ld+json"),
        ("application/json", JSON, "application/ld+json"),
        ("application/xml", XML, "application/rdf+xml"),
        ("", JSON, "text/turtle"),
        ("*/*", JSON, "text/turtle"),
    ],
)
def test_a_name_of_a_syntax_fits_both_kinds_of_answers(
    client: TestClient, name: str, solutions: str, graph: str
) -> None:
    """`format=json` is JSON results or JSON-LD, as the query has it, and so on."""
    assert kind_of(client, SELECT, name) == solutions
    assert kind_of(client, CONSTRUCT, name) == graph


@pytest.mark.parametrize(
    ("query", "formats", "kind"),
    [
        (SELECT, ["csv"], "text/csv"),
        (SELECT, ["tsv"], "text/tab-separated-values"),
        (SELECT, ["text/tab-separated-values"], "text/tab-separated-values"),
        (SELECT, ["application/sparql-results+xml"], XML),
        (SELECT, ["application/sparql-results xml"], XML),
        # As SPARQLWrapper sends them.
        (SELECT, ["tsv", "text/tab-separated-values"], "text/tab-separated-values"),
        (
            CONSTRUCT,
            ["json-ld", "application/ld+json,application/x-json+ld"],
            "application/ld+json",
        ),
        (CONSTRUCT, ["rdf+xml", "application/rdf+xml"], "application/rdf+xml"),
        (CONSTRUCT, ["rdf", ""], "application/rdf+xml"),
        (CONSTRUCT, ["turtle"], "text/turtle"),
        (CONSTRUCT, ["n3"], "text/turtle"),
        (CONSTRUCT, ["nt"], "application/n-triples"),
        (CONSTRUCT, ["ntriples"], "application/n-triples"),
        (CONSTRUCT, ["xlsx", "jsonld"], "application/ld+json"),
        (CONSTRUCT, ["text/turtle;q=0.5,application/rdf+xml"], "application/rdf+xml"),
    ],
)
def test_formats_by_name(
    client: TestClient, query: str, formats: list[str], kind: str
) -> None:
    """Short names, those that others use, and media types all name a format."""
    assert kind_of(client, query, *formats) == kind
    assert kind_of(client, query, *formats, accept="image/png") == kind


@pytest.mark.parametrize(
    ("query", "accept", "kind"),
    [
        (CONSTRUCT, "application/json", "application/ld+json"),
        (CONSTRUCT, "application/xml", "application/rdf+xml"),
        (CONSTRUCT, "text/n3,application/x-turtle;q=0.9", "text/turtle"),
        (CONSTRUCT, "text/plain", "application/n-triples"),
        (SELECT, "text/xml", XML),
        (SELECT, "text/*", "text/csv"),
        (SELECT, "application/*;q=0.1, text/turtle", JSON),
        (SELECT, "application/sparql-results+json;q=0.1, */*;q=0.5", XML),
        # As rdflib and comunica send them.
        (SELECT, "application/sparql-results+xml,application/rdf+xml", XML),
        (
            SELECT,
            "application/sparql-results+json;q=1.0,application/n-quads;q=0.7,"
            "application/ld+json;q=0.6,text/turtle;q=0.5,text/html;q=0.2",
            JSON,
        ),
    ],
)
def test_formats_by_accept(
    client: TestClient, query: str, accept: str, kind: str
) -> None:
    """What clients accept is answered in the format that they know best."""
    assert kind_of(client, query, accept=accept) == kind


def test_a_format_that_does_not_fit_the_form(client: TestClient) -> None:
    """A named format that the answer cannot have is 406, an unknown one 400."""
    refused = client.get(f"/sparql?{urlencode({'query': SELECT, 'format': 'ttl'})}")
    assert refused.status_code == 406
    assert refused.json()["available"][0] == {"mediaType": JSON}
    unknown = client.get(f"/sparql?{urlencode({'query': SELECT, 'format': 'a/b'})}")
    assert (unknown.status_code, unknown.json()["parameter"]) == (400, "format")


@pytest.mark.parametrize(
    ("kind", "body", "status", "slug"),
    [
        (f"{QUERY_TYPE}; charset=UTF-16", "ASK {}", 415, "unsupported-media-type"),
        (f"{FORM_TYPE}; charset=latin1", "query=", 415, "unsupported-media-type"),
        (f'{QUERY_TYPE}; charset="utf-8"', "ASK {}", 200, None),
        (f"{QUERY_TYPE}", "\ufeffASK {}", 200, None),
        (f"{QUERY_TYPE}", "ASK {}".encode("utf-16"), 400, "invalid-parameter"),
        (f"{QUERY_TYPE}", "", 400, "query-rejected"),
        (FORM_TYPE, "query=%FF", 400, "invalid-parameter"),
        (FORM_TYPE, b"query=\xff", 400, "invalid-parameter"),
        (FORM_TYPE, "a&" * 2_000 + "query=ASK+{}", 400, "invalid-parameter"),
        (FORM_TYPE, "query=ASK+{}&unknown=1&unknown=2&query-timeout=5", 200, None),
        (FORM_TYPE, "query=ASK+{}&update=CLEAR+ALL", 400, "query-rejected"),
    ],
)
def test_bodies(
    client: TestClient, kind: str, body: str | bytes, status: int, slug: str | None
) -> None:
    """Bodies are UTF-8, of a known type, and hold one query."""
    answer = client.post("/sparql", content=body, headers={"Content-Type": kind})
    assert answer.status_code == status
    if slug is not None:
        assert answer.json()["type"] == f"/problems/{slug}"


@pytest.mark.parametrize(
    "given", ["query=%FF", "query=ASK+%7B%7D&query=ASK+%7B%7D", "update=CLEAR+ALL"]
)
def test_bad_addresses(client: TestClient, given: str) -> None:
    """What cannot be read in an address, or is not offered, is 400."""
    assert client.get(f"/sparql?{given}").status_code == 400


def test_a_query_in_the_address_and_in_the_body(client: TestClient) -> None:
    """A posted query beside one in the address is one too many."""
    answer = client.post(
        f"/sparql?query={quote_plus('ASK {}')}",
        content="ASK {}",
        headers={"Content-Type": QUERY_TYPE},
    )
    assert (answer.status_code, answer.json()["parameter"]) == (400, "query")


def test_a_long_body_is_refused_before_it_is_read(client: TestClient) -> None:
    """Ten million bytes are refused by what `Content-Length` says of them."""
    answer = client.post(
        "/sparql",
        content=b"",
        headers={"Content-Type": QUERY_TYPE, "Content-Length": "10000000"},
    )
    assert (answer.status_code, answer.json()["limit"]) == (413, 400_000)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods(client: TestClient, method: str) -> None:
    """What is neither read nor posted is 405, with what is allowed."""
    answer = client.request(method, "/sparql?query=ASK+%7B%7D")
    assert answer.status_code == 405
    assert {"GET", "HEAD", "POST"} <= set(answer.headers["allow"].split(", "))


def test_preflights_allow_what_clients_send(client: TestClient) -> None:
    """A browser may send the headers of SPARQL clients from any page."""
    answer = client.options(
        "/sparql",
        headers={
            "Origin": "https://elsewhere.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "accept,content-type,x-requested-with",
        },
    )
    allowed = answer.headers["access-control-allow-headers"].lower().split(", ")
    assert {"accept", "content-type", "x-requested-with", "*"} <= set(allowed)
    exposed = client.get("/sparql?query=ASK+%7B%7D").headers[
        "access-control-expose-headers"
    ]
    assert {"Trigpoint-Log-Size", "Retry-After"} <= set(exposed.split(", "))
