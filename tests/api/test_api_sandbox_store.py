"""The graphs of the sandbox by the Graph Store HTTP Protocol."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pyoxigraph
import pytest
from pyoxigraph import RdfFormat

from api.sandbox import documents
from tests.api.test_api_sandbox import HOME, rows, sandboxed, trap, update
from tests.testclient import TestClient

__all__ = ["trap"]  # a fixture

GRAPH = "http://example.org/g"
BOUNDARY = "a6fe4cd636164618814be9f8d3d1a0de"
LINE = "<http://example.org/s> <http://example.org/p> <http://example.org/o>"
RDF = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
 xmlns:e="http://example.org/"><rdf:Description rdf:about="http://example.org/s">
<e:p rdf:resource="http://example.org/o"/></rdf:Description></rdf:RDF>"""
DOCUMENTS = {
    "text/turtle": f"{LINE} .",
    "application/n-triples": f"{LINE} .",
    "application/rdf+xml": RDF,
    "application/ld+json": '{"@id": "http://example.org/s",'
    '"http://example.org/p": {"@id": "http://example.org/o"}}',
}


@pytest.fixture(scope="module")
def shared() -> Iterator[TestClient]:
    with sandboxed() as client:
        yield client


@pytest.fixture
def sandbox(shared: TestClient) -> TestClient:
    """An empty sandbox; its processes serve all tests of this module."""
    update(shared, "DROP ALL")
    return shared


def send(
    client: TestClient,
    method: str,
    body: str,
    where: str = f"?graph={GRAPH}",
    kind: str = "text/turtle",
) -> httpx.Response:
    headers = {"Content-Type": kind}
    answer: httpx.Response = client.request(
        method, f"/store{where}", content=body, headers=headers
    )
    return answer


def held(client: TestClient, where: str = f"?graph={GRAPH}") -> list[str]:
    """The triples of a graph."""
    answer = client.get(f"/store{where}", headers={"Accept": "application/n-triples"})
    assert answer.status_code == 200, answer.text
    return sorted(answer.text.splitlines())


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_each_format_goes_in_and_comes_out(sandbox: TestClient, kind: str) -> None:
    """A graph is read in each format by Content-Type, and given in each by Accept."""
    assert send(sandbox, "PUT", DOCUMENTS[kind], kind=kind).status_code == 201
    for wanted in DOCUMENTS:
        answer = sandbox.get(f"/store?graph={GRAPH}", headers={"Accept": wanted})
        assert answer.headers["content-type"].partition(";")[0] == wanted
        form = RdfFormat.from_media_type(wanted)
        (quad,) = pyoxigraph.parse(answer.content, format=form)
        assert str(quad.triple) == LINE


def test_put_replaces_and_post_adds(sandbox: TestClient) -> None:
    """Both say whether the graph is new; what was there goes or stays."""
    assert send(sandbox, "POST", f"{LINE} .").status_code == 201
    assert send(sandbox, "POST", "<s> <p> 1 .").status_code == 204
    assert len(held(sandbox)) == 2
    answer = send(sandbox, "PUT", "<s> <p> 2 .")
    assert (answer.status_code, answer.content) == (204, b"")
    assert held(sandbox) == [
        "<http://example.org/s> <http://example.org/p> "
        '"2"^^<http://www.w3.org/2001/XMLSchema#integer> .'
    ]


def test_the_default_graph_is_always_there(sandbox: TestClient) -> None:
    """It is never created or gone; DELETE empties it, and other graphs stay."""
    send(sandbox, "PUT", f"{LINE} .")
    assert send(sandbox, "PUT", f"{LINE} .", "?default").status_code == 204
    assert held(sandbox, "?default") == [f"{LINE} ."]
    assert sandbox.delete("/store?default").status_code == 204
    assert held(sandbox, "?default") == []
    assert held(sandbox) == [f"{LINE} ."]


def test_a_graph_without_triples_is_there(sandbox: TestClient) -> None:
    """PUT of nothing makes an empty graph: it answers, and is gone when deleted."""
    assert send(sandbox, "PUT", "").status_code == 201
    assert held(sandbox) == []
    assert rows(sandbox, "SELECT ?g { GRAPH ?g {} }") == [[GRAPH]]
    assert sandbox.delete(f"/store?graph={GRAPH}").status_code == 204
    for method in ("GET", "HEAD", "DELETE"):
        answer = sandbox.request(method, f"/store?graph={GRAPH}")
        assert answer.status_code == 404
    assert sandbox.get(f"/store?graph={GRAPH}").json()["graph"] == GRAPH


def test_a_graph_below_the_store_is_named_by_its_address(sandbox: TestClient) -> None:
    """Its address and `graph=` name one graph, spelled as it was sent."""
    assert send(sandbox, "PUT", "<> <p> <x%31> .", "/people/%31.ttl").status_code == 201
    name = f"{HOME}/store/people/%31.ttl"
    assert rows(sandbox, "SELECT ?g ?s { GRAPH ?g { ?s ?p ?o } }") == [[name, name]]
    assert held(sandbox, "/people/%31.ttl") == held(
        sandbox, "?graph=" + name.replace("%", "%25")
    )
    assert sandbox.get("/store/people/1.ttl").status_code == 404


def test_post_without_a_graph_makes_a_new_one(sandbox: TestClient) -> None:
    """Each time another, whose address is told, and which answers there."""
    answers = [send(sandbox, "POST", f"{LINE} .", "") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    first, second = (answer.headers["location"] for answer in answers)
    assert first != second
    assert held(sandbox, first.removeprefix(f"{HOME}/store")) == [f"{LINE} ."]


def form(*parts: tuple[str, str]) -> str:
    """A form of documents: media type and text."""
    texts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="d"; filename="d"\r\n'
        f"Content-Type: {kind}\r\n\r\n{text}\r\n"
        for kind, text in parts
    ]
    return "".join(texts) + f"--{BOUNDARY}--\r\n"


def test_the_documents_of_a_form_are_merged(sandbox: TestClient) -> None:
    """Each part is read by its own type; blank nodes of two parts stay apart."""
    body = form(
        ("text/turtle; charset=utf-8", "_:b <p> 'ü'@en ."),
        ("application/n-triples", '_:b <http://example.org/p> "ü"@en .'),
    )
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    assert send(sandbox, "POST", body, kind=kind).status_code == 201
    found = rows(sandbox, f"SELECT DISTINCT ?s ?o {{ GRAPH <{GRAPH}> {{ ?s ?p ?o }} }}")
    assert [value for _, value in found] == ["ü", "ü"]
    assert len({node for node, _ in found}) == 2


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        ("<s> <p>", "text/turtle", 400),
        (
            "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
            "text/turtle",
            400,
        ),
        (
            '{"@graph": [{"@id": "http://a/", "@graph": [{"http://p/": 1}]}]}',
            "application/ld+json",
            400,
        ),
        (f"{LINE} .", "text/plain", 415),
        (f"{LINE} .", "text/turtle; charset=utf-16", 415),
        (f"{LINE} .", "", 415),
        (form(("text/csv", "a,b")), f"multipart/form-data; boundary={BOUNDARY}", 415),
        (form(), f"multipart/form-data; boundary={BOUNDARY}", 400),
        (
            form(("text/turtle", "<s>")),
            f"multipart/form-data; boundary={BOUNDARY}",
            400,
        ),
        ("no boundary", "multipart/form-data", 400),
    ],
)
def test_what_is_no_graph_is_refused_and_changes_nothing(
    sandbox: TestClient, body: str, kind: str, status: int
) -> None:
    """Neither a PUT nor a POST of it touches the graph that was there."""
    send(sandbox, "PUT", f"{LINE} .")
    for method in ("PUT", "POST"):
        answer = send(sandbox, method, body, kind=kind)
        assert answer.status_code == status, answer.text
        assert answer.json()["type"] in (
            "/problems/invalid-graph",
            "/problems/unsupported-media-type",
        )
    assert held(sandbox) == [f"{LINE} ."]


def test_nothing_is_fetched_for_a_document(sandbox: TestClient, trap: str) -> None:
    """A context or an entity elsewhere is an error, not a request."""
    context = f'{{"@context": "{trap}c.jsonld", "@id": "http://a/", "b": "c"}}'
    answer = send(sandbox, "PUT", context, kind="application/ld+json")
    assert answer.status_code == 400
    entity = RDF.replace("<rdf:RDF", f'<!DOCTYPE r [<!ENTITY x "{trap}">]><rdf:RDF', 1)
    external = entity.replace('ENTITY x "', 'ENTITY x SYSTEM "')
    assert send(sandbox, "PUT", external, kind="application/rdf+xml").status_code == 400


def test_entities_that_grow_end_at_the_memory_cap(sandbox: TestClient) -> None:
    """A few hundred bytes that stand for hundreds of gigabytes are told by their
    limit, and what was in the graph stays."""
    send(sandbox, "PUT", f"{LINE} .")
    grown = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<!DOCTYPE r [<!ENTITY a0 "ha">{grown}]>' + RDF.replace(
        '<e:p rdf:resource="http://example.org/o"/>', "<e:p>&a11;</e:p>"
    )
    answer = send(sandbox, "PUT", bomb, kind="application/rdf+xml")
    assert answer.status_code == 400
    assert answer.json()["unit"] == "bytes of memory"
    assert held(sandbox) == [f"{LINE} ."]


@pytest.mark.parametrize(
    ("method", "where"),
    [
        ("GET", ""),
        ("PUT", ""),
        ("DELETE", ""),
        ("GET", f"?graph={GRAPH}&default"),
        ("PUT", f"?graph={GRAPH}&graph={GRAPH}"),
        ("POST", f"/x?graph={GRAPH}"),
        ("GET", "?graph=relative"),
        ("PUT", "?graph=http://example.org/%3E%20%7B"),
    ],
)
def test_requests_that_name_no_single_graph(
    sandbox: TestClient, method: str, where: str
) -> None:
    """None, two, or one by what is no absolute IRI: told by the parameter."""
    answer = send(sandbox, method, f"{LINE} .", where)
    assert answer.status_code == 400
    assert answer.json()["parameter"] == "graph"
    assert rows(sandbox) == []


def test_what_is_not_offered_is_told(sandbox: TestClient) -> None:
    """No format that fits is 406, PATCH is 405 with what is allowed."""
    send(sandbox, "PUT", f"{LINE} .")
    answer = sandbox.get(f"/store?graph={GRAPH}", headers={"Accept": "text/csv"})
    assert answer.status_code == 406
    patch = sandbox.patch(f"/store?graph={GRAPH}")
    assert patch.status_code == 405
    assert patch.headers["allow"] == "DELETE, GET, HEAD, OPTIONS, POST, PUT"
    head = sandbox.head(f"/store?graph={GRAPH}")
    assert (head.status_code, head.content) == (200, b"")


def test_bodies_are_bounded_and_leave_no_file(
    sandbox: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One past the bound is refused whole, and what was received is gone again."""
    monkeypatch.setattr(documents, "MAX_DOCUMENT", 1_000)
    body = "<s> <p> <o> .\n" * 100
    assert send(sandbox, "PUT", body).status_code == 413
    assert sandbox.get(f"/store?graph={GRAPH}").status_code == 404
    app = sandbox.app
    folder = app.state.service.bodies  # type: ignore[attr-defined]  # an ASGI application in general has no state
    assert list(folder.iterdir()) == []
