"""Nothing that a request says makes the server call anybody."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import httpx
import pytest
from pyoxigraph import Store

from tests.hostile.asking import SPARQL_QUERY, client_at, path_of, post
from tests.hostile.calls import DATASETS, HARMLESS, SERVICES, TRAP, UPDATES
from tests.hostile.trap import Trap, trapping
from tests.served import Served

_FORM = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def client(server: Served) -> Iterator[httpx.Client]:
    """A client whose queries name the trap."""
    with client_at(server.home) as one:
        yield one


def test_the_trap_is_one() -> None:
    """The engine alone does call it, so that a trap untouched says something."""
    with trapping() as trap:
        query = f"SELECT * {{ SERVICE <{trap.url}> {{ ?s ?p ?o }} }}"
        assert list(Store().query(query)) == []  # type: ignore[arg-type]
        assert trap.connections == 1


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_is_called(client: httpx.Client, trap: Trap, name: str) -> None:
    """SERVICE is refused in every disguise, by GET and by POST; nobody is called."""
    query = SERVICES[name].replace(TRAP, trap.url)
    for answer in (client.get(path_of(query)), post(client, query)):
        assert answer.status_code == 400, answer.text
        assert answer.json()["type"] == "/problems/query-rejected"
    assert trap.connections == 0


@pytest.mark.parametrize("name", DATASETS)
def test_no_graph_is_fetched(client: httpx.Client, trap: Trap, name: str) -> None:
    """FROM of what is not ours is refused, and neither fetched nor read from disk."""
    answer = post(client, DATASETS[name].replace(TRAP, trap.url))
    assert answer.status_code == 400, answer.text
    assert answer.json()["type"] == "/problems/query-rejected"
    assert trap.connections == 0


@pytest.mark.parametrize("name", ["default-graph-uri", "named-graph-uri"])
@pytest.mark.parametrize(
    ("graph", "slug"),
    [
        (TRAP, "query-rejected"),
        ("file:///etc/passwd", "query-rejected"),
        ("//trap/", "invalid-parameter"),  # no IRI, and no base to complete it
        ("../registers", "invalid-parameter"),
    ],
)
def test_no_graph_of_the_protocol_is_fetched(
    client: httpx.Client, trap: Trap, name: str, graph: str, slug: str
) -> None:
    """Graphs named beside the query are held to the same."""
    uri = quote(graph.replace(TRAP, trap.url), safe="")
    form = f"query=ASK%20%7B%7D&{name}={uri}"
    for answer in (
        client.get(f"/sparql?{form}"),
        client.post("/sparql", content=form, headers={"Content-Type": _FORM}),
        client.post(
            f"/sparql?{name}={uri}",
            content="ASK {}",
            headers={"Content-Type": SPARQL_QUERY},
        ),
    ):
        assert answer.status_code == 400, answer.text
        assert answer.json()["type"] == f"/problems/{slug}"
    assert trap.connections == 0


@pytest.mark.parametrize("name", UPDATES)
def test_nothing_is_updated(client: httpx.Client, trap: Trap, name: str) -> None:
    """An update is refused wherever it is put, and loads nothing."""
    update = UPDATES[name].replace(TRAP, trap.url)
    for answer in (
        post(client, update),
        client.post("/sparql", data={"query": update}),
        client.post("/sparql", data={"update": update}),
        client.post("/sparql", data={"query": "ASK {}", "update": update}),
        client.post(
            "/sparql",
            content=update,
            headers={"Content-Type": "application/sparql-update"},
        ),
    ):
        assert answer.status_code == 400, answer.text
        assert answer.json()["type"] == "/problems/query-rejected"
    for method in ("PUT", "DELETE", "PATCH"):
        assert client.request(method, "/sparql", content=update).status_code == 405
    assert trap.connections == 0


@pytest.mark.parametrize("name", HARMLESS)
def test_a_word_alone_is_no_call(client: httpx.Client, trap: Trap, name: str) -> None:
    """Text that only holds the words is answered, and nobody is called."""
    answer = post(client, HARMLESS[name].replace(TRAP, trap.url))
    assert answer.status_code == 200, answer.text
    assert answer.json()["boolean"] is True
    assert trap.connections == 0
