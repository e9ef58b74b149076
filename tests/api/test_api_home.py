"""The way in: index, health, vocabulary, pages of problems."""

from __future__ import annotations

from rdflib import Graph, URIRef
from rdflib.namespace import RDF

from tests.testclient import TestClient

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def test_home_names_every_door(client: TestClient) -> None:
    """The index in JSON names doors that answer, at the base of the installation."""
    doors = client.get("/").json()["doors"]
    plain = [door for door in doors.values() if "{" not in door]
    assert len(plain) >= 5
    for door in plain:
        path = door.removeprefix("http://localhost:8000")
        assert client.get(path, headers=BROWSER).status_code == 200, path


def test_home_is_a_page_for_a_browser(client: TestClient) -> None:
    """A browser gets a page with the form that asks for a postcode."""
    answer = client.get("/", headers=BROWSER)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert '<form action="/lookup/postcode">' in answer.text
    assert 'href="/registers/country"' in answer.text


def test_every_link_of_the_pages_leads_somewhere(client: TestClient) -> None:
    """No page that the home page leads to in two steps has a dead link."""
    seen: dict[str, int] = {}
    waiting = ["/"]
    for _ in range(3):
        found: list[str] = []
        for path in waiting:
            answer = client.get(path, headers=BROWSER, follow_redirects=True)
            seen[path] = answer.status_code
            kind = answer.headers["content-type"]
            links = answer.text.split('href="')[1:] if "html" in kind else []
            found += [link.split('"')[0] for link in links if link.startswith("/")]
        waiting = sorted({link.replace("&amp;", "&") for link in found} - set(seen))
        waiting = [link for link in waiting if not link.startswith("/dumps/")][:150]
    assert len(seen) > 50
    assert {path: status for path, status in seen.items() if status != 200} == {}


def test_health_says_how_far_the_views_are(client: TestClient) -> None:
    """Health is never cached and says that the views have every entry."""
    answer = client.get("/health")
    assert answer.json()["status"] == "ok"
    assert answer.json()["entries-not-yet-in-views"] == 0
    assert answer.headers["cache-control"] == "no-store"


def test_vocabulary_is_turtle_and_a_page(client: TestClient) -> None:
    """The vocabulary comes as Turtle, and as a page with an anchor for each term."""
    turtle = client.get("/def")
    graph = Graph().parse(data=turtle.text, format="turtle")
    term = URIRef("https://w3id.org/trigpoint/def#LocalAuthority")
    assert (term, RDF.type, None) in graph
    assert '<tr id="LocalAuthority">' in client.get("/def", headers=BROWSER).text


def test_problem_types_have_pages(client: TestClient) -> None:
    """The type of a problem leads to its description."""
    kind = client.get("/registers/nothing").json()["type"]
    answer = client.get(kind)
    assert answer.status_code == 200
    assert "No register of that name is held" in answer.text
    assert client.get("/problems/nothing").status_code == 404
