"""The sandbox: a store of its own that may be written to by SPARQL Update."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlencode

import pytest
from rdflib import Graph
from rdflib.query import ResultRow

from api.sandbox import service
from api.sandbox.app import create_sandbox
from tests.served import until
from tests.testclient import TestClient

HOME = "http://localhost:8000"
G1, G2 = "http://example.org/g1", "http://example.org/g2"
ALL = "SELECT ?s ?p ?o ?g { { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } } }"


@contextmanager
def sandboxed(home: str = HOME) -> Iterator[TestClient]:
    """A client of a sandbox that runs meanwhile."""
    app = create_sandbox(home, workers=2)
    with TestClient(app, base_url=home, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def shared() -> Iterator[TestClient]:
    with sandboxed() as client:
        yield client


@pytest.fixture
def sandbox(shared: TestClient) -> TestClient:
    """An empty sandbox; its processes serve all tests of this module."""
    update(shared, "DROP ALL")
    return shared


@pytest.fixture
def trap() -> Iterator[str]:
    """The address of a port where nobody may call."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        listening.setblocking(False)
        with pytest.raises(BlockingIOError):
            listening.accept()


def update(
    client: TestClient, text: str, status: int = 204, using: str | None = None
) -> Any:
    """Send an update as it is; what is wrong with it when that is expected."""
    answer = client.post(
        "/sparql",
        params={"using-graph-uri": using} if using else {},
        content=text,
        headers={"Content-Type": "application/sparql-update"},
    )
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


def rows(client: TestClient, query: str = ALL, **parameters: Any) -> list[list[str]]:
    """The values of an answer, unbound ones left out."""
    given = {"query": query, "format": "json", **parameters}
    answer = client.get("/sparql", params=given)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    names = found["head"]["vars"]
    return [
        [row[name]["value"] for name in names if name in row]
        for row in found["results"]["bindings"]
    ]


def test_an_update_is_visible_when_it_is_answered(sandbox: TestClient) -> None:
    """Each of many updates shows in the very next query."""
    for n in range(1, 21):
        update(sandbox, f"INSERT DATA {{ <a> <b> {n} }}")
        assert len(rows(sandbox)) == n


def test_an_update_may_be_sent_as_a_form(sandbox: TestClient) -> None:
    """`update=` in a form does what a body of its own type does."""
    form = urlencode({"update": f"INSERT DATA {{ GRAPH <{G1}> {{ <a> <b> 'ü' }} }}"})
    answer = sandbox.post(
        "/sparql",
        content=form,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert (answer.status_code, answer.content) == (204, b"")
    assert rows(sandbox) == [[f"{HOME}/a", f"{HOME}/b", "ü", G1]]


def test_using_graphs_are_those_of_the_protocol(sandbox: TestClient) -> None:
    """`using-graph-uri` says which graphs the pattern of an update is matched in."""
    update(
        sandbox,
        f"INSERT DATA {{ GRAPH <{G1}> {{ <a> <b> 1 }} GRAPH <{G2}> {{ <a> <b> 2 }} }}",
    )
    text = "INSERT { <a> <c> ?o } WHERE { ?s <b> ?o }"
    update(sandbox, text, using=G2)
    assert rows(sandbox, "SELECT ?o { <a> <c> ?o }") == [["2"]]
    found = update(sandbox, f"WITH <{G1}> {text}", 400, using=G2)
    assert found["parameter"] == "using-graph-uri"


def test_queries_name_graphs_of_the_store_by_any_iri(
    sandbox: TestClient, trap: str
) -> None:
    """`FROM` and `default-graph-uri` name graphs here, and nothing is fetched."""
    update(sandbox, f"INSERT DATA {{ GRAPH <{trap}x> {{ <a> <b> 1 }} }}")
    query = "SELECT ?o FROM <GRAPH> { ?s ?p ?o }"
    for graph, found in ((f"{trap}x", [["1"]]), (f"{trap}y", [])):
        assert rows(sandbox, query.replace("GRAPH", graph)) == found
        assert rows(sandbox, query, **{"default-graph-uri": graph}) == found


def test_nothing_is_fetched_by_an_update(sandbox: TestClient, trap: str) -> None:
    """LOAD and SERVICE are refused, and LOAD SILENT does nothing at all."""
    assert "LOAD" in update(sandbox, f"LOAD <{trap}>", 400)["detail"]
    pattern = f"SERVICE SILENT <{trap}> {{ ?s ?p ?o }}"
    found = update(sandbox, f"INSERT {{ ?s ?p ?o }} WHERE {{ {pattern} }}", 400)
    assert found["type"] == "/problems/query-rejected"
    update(sandbox, f"LOAD SILENT <{trap}> INTO GRAPH <{G1}>")
    assert rows(sandbox) == []
    assert rows(sandbox, "SELECT ?g { GRAPH ?g {} }") == []


@pytest.mark.parametrize(
    ("method", "pairs"),
    [
        ("GET", [("update", "CLEAR ALL")]),
        ("POST", [("update", "CLEAR ALL"), ("update", "CLEAR ALL")]),
        ("POST", [("update", "CLEAR ALL"), ("query", "ASK {}")]),
        ("POST", []),
    ],
)
def test_requests_that_are_no_single_operation(
    sandbox: TestClient, method: str, pairs: list[tuple[str, str]]
) -> None:
    """An update by GET, two, one with a query beside it, and none are refused."""
    update(sandbox, "INSERT DATA { <a> <b> 1 }")
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    if method == "GET":
        answer = sandbox.get("/sparql", params=dict(pairs))
    else:
        answer = sandbox.post("/sparql", content=urlencode(pairs), headers=headers)
    assert answer.status_code == 400
    assert answer.json()["type"] == "/problems/invalid-parameter"
    assert len(rows(sandbox)) == 1


def test_updates_and_queries_at_once_lose_nothing(sandbox: TestClient) -> None:
    """Many clients write and read: every update is there at the end, none failed, and
    nobody ever saw fewer than before."""

    def write(n: int) -> None:
        update(sandbox, f"INSERT DATA {{ <a> <b> {n} }}")

    seen: list[int] = []

    def read() -> None:
        seen.extend(len(rows(sandbox)) for _ in range(20))

    reader = Thread(target=read)
    reader.start()
    with ThreadPoolExecutor(8) as clients:
        list(clients.map(write, range(60)))
    reader.join()
    assert len(rows(sandbox)) == 60
    assert seen == sorted(seen)


def test_old_states_are_removed(sandbox: TestClient) -> None:
    """After many updates there is the state that is served and what workers have open,
    not one for each update."""
    app = sandbox.app
    folder: Path = app.state.service.writer.current.parent  # type: ignore[attr-defined]  # an ASGI application in general has no state

    def few_after_an_update() -> bool:
        update(sandbox, "INSERT DATA { <a> <b> [] }")
        return len([one for one in folder.iterdir() if one.name.isdecimal()]) <= 4

    for n in range(30):
        update(sandbox, f"INSERT DATA {{ <a> <b> {n} }}")
    until(few_after_an_update)  # workers may need a while to let go of what they had


def test_an_update_past_its_time_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is told, the state before stays, and the next update is made."""
    monkeypatch.setattr(service, "WRITE_SECONDS", 1.0)
    numbers = " ".join(map(str, range(100)))
    values = " ".join(f"VALUES ?v{n} {{ {numbers} }}" for n in range(8))
    endless = f"{values} FILTER(?v0 + ?v1 + ?v2 + ?v3 + ?v4 + ?v5 + ?v6 + ?v7 < 0)"
    with sandboxed() as client:
        update(client, "INSERT DATA { <a> <b> 1 }")
        found = update(client, f"INSERT {{ <a> <b> 2 }} WHERE {{ {endless} }}", 503)
        assert (found["type"], found["limit"]) == ("/problems/query-timed-out", 1.0)
        assert len(rows(client)) == 1
        update(client, "INSERT DATA { <a> <b> 3 }")
        assert len(rows(client)) == 2


def test_the_sandbox_describes_itself(sandbox: TestClient) -> None:
    """The service description names update, and each graph with its triples."""
    update(sandbox, f"INSERT DATA {{ <a> <b> 1 GRAPH <{G1}> {{ <a> <b> 1, 2 }} }}")
    update(sandbox, f"CREATE GRAPH <{G2}>")
    answer = sandbox.get("/sparql", headers={"Accept": "text/turtle"})
    described = Graph().parse(data=answer.text, format="turtle")
    sd = "PREFIX sd: <http://www.w3.org/ns/sparql-service-description#>"
    void = "PREFIX void: <http://rdfs.org/ns/void#>"
    assert described.query(f"{sd} ASK {{ ?s sd:supportedLanguage sd:SPARQL11Update }}")
    counted = described.query(
        f"{sd}{void} SELECT ?name ?n {{ ?g sd:name ?name ; sd:graph/void:triples ?n }}"
    )
    named = [row.asdict() for row in counted if isinstance(row, ResultRow)]
    assert {(str(row.get("name")), int(str(row.get("n")))) for row in named} == {
        (G1, 2),
        (G2, 0),
    }
    page = sandbox.get("/", headers={"Accept": "text/html"})
    assert "/store?graph=" in page.text
    assert sandbox.get("/style.css").status_code == 200
    assert sandbox.get("/problems/no-such-graph").status_code == 200
    assert sandbox.get("/registers").status_code == 404
