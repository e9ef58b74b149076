"""Graphs that a client names beside its query (SPARQL 1.1 Protocol, section 2.1.4)."""

from __future__ import annotations

import pytest
from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad, QuerySolutions, Store

from trigpoint.errors import InvalidParameter, QueryRejected
from trigpoint.graph import check_query

BASE = "http://localhost:8000"
ONE, TWO = f"{BASE}/graph/one", f"{BASE}/graph/areas/two-2025"
FORMS = [
    "SELECT * WHERE { ?s ?p ?o }",
    "SELECT*{?s ?p ?o}",
    "SELECT (COUNT(*) AS ?n) (EXISTS { ?a ?b ?c } AS ?x) { ?s ?p ?o } GROUP BY ?s",
    "ASK { ?s ?p ?o }",
    "CONSTRUCT { ?s ?p [ a ?o ] } WHERE { ?s ?p ?o }",
    "CONSTRUCT WHERE { ?s ?p ?o }",
    "DESCRIBE ?s WHERE { ?s ?p ?o } LIMIT 1",
    "DESCRIBE <http://a/>",
    "DESCRIBE <http://a/> LIMIT 1",
    "DESCRIBE <http://a/> VALUES ?x { 1 }",
    "SELECT ?s FROM <http://localhost:8000/graph/x> FROM NAMED </graph/y> { ?s ?p ?o }",
    "DESCRIBE <http://a/> FROM </graph/x>",
]


@pytest.fixture(scope="module")
def store() -> Store:
    """A triple in the default graph, one in each of two graphs."""
    store = Store()
    graphs: list[DefaultGraph | NamedNode] = [DefaultGraph()]
    graphs += [NamedNode(ONE), NamedNode(TWO)]
    for number, graph in enumerate(graphs):
        subject = NamedNode(f"http://test/{number}")
        store.add(Quad(subject, NamedNode("http://test/p"), Literal("x"), graph))
    return store


def subjects(store: Store, text: str, **graphs: list[str]) -> list[str]:
    """What `?s` is bound to, as the last part of its IRI."""
    checked = check_query(text, base=BASE, foreign=False, **graphs)  # type: ignore[arg-type]  # one type for both names
    found = store.query(checked.text, base_iri=BASE)
    assert isinstance(found, QuerySolutions)
    return sorted(row["s"].value[-1] for row in found)


@pytest.mark.parametrize("text", FORMS)
def test_graphs_beside_a_query_stand_in_its_text(text: str) -> None:
    """The engine reads them as the only FROM, whatever the form of the query."""
    checked = check_query(text, base=BASE, default_graphs=[ONE], named_graphs=[TWO])
    assert checked.dataset
    words = checked.text.split()
    assert [at for at, word in enumerate(words) if word == "FROM"] == [
        at := words.index("FROM"),
        at + 2,
    ]
    assert words[at : at + 5] == ["FROM", f"<{ONE}>", "FROM", "NAMED", f"<{TWO}>"]
    Store().query(checked.text)


@pytest.mark.parametrize("text", FORMS[:-2])
def test_without_graphs_nothing_is_said_of_them(text: str) -> None:
    """A query that names no graphs reads those of the store."""
    assert not check_query(text, base=BASE).dataset


def test_graphs_beside_the_query_beat_those_in_it(store: Store) -> None:
    """The default graph is what the protocol names, and FROM is as if not there."""
    text = "SELECT ?s FROM </graph/areas/two-2025> { ?s ?p ?o }"
    assert subjects(store, "SELECT ?s { ?s ?p ?o }") == ["0"]
    assert subjects(store, text) == ["2"]
    assert subjects(store, text, default_graphs=[ONE]) == ["1"]
    assert subjects(store, text, default_graphs=[ONE, TWO]) == ["1", "2"]
    assert subjects(store, text, named_graphs=[ONE]) == []


def test_named_graphs_are_those_that_the_client_names(store: Store) -> None:
    """GRAPH finds no other, and without any default graph that one is empty."""
    text = "SELECT ?s { GRAPH ?g { ?s ?p ?o } }"
    assert subjects(store, text) == ["1", "2"]
    assert subjects(store, text, named_graphs=[TWO]) == ["2"]
    assert subjects(store, text, default_graphs=[ONE]) == []


@pytest.mark.parametrize("parameter", ["default-graph-uri", "named-graph-uri"])
@pytest.mark.parametrize(
    "graph",
    [
        "http://evil.example/data",
        "file:///etc/passwd",
        f"{BASE}/graph/",
        f"{BASE}/graph/../admin",
        f"{BASE}/graph/areas/..",
        f"{BASE}/graph/areas/a/b",
        f"{BASE}/id/country/GB",
    ],
)
def test_graphs_elsewhere_are_refused(parameter: str, graph: str) -> None:
    """As with FROM, and the refusal names the parameter."""
    name = parameter.replace("graph-uri", "graphs").replace("-", "_")
    with pytest.raises(QueryRejected, match=parameter) as refused:
        check_query("ASK {}", base=BASE, **{name: [graph]})  # type: ignore[arg-type]  # one of two names
    assert refused.value.members["parameter"] == parameter


@pytest.mark.parametrize("foreign", [False, True])
@pytest.mark.parametrize(
    "graph", ["", "x", "/graph/x", "http://a> { SERVICE <http://b> {} } #", "a:\ud800"]
)
def test_what_is_no_iri_never_gets_into_the_text(graph: str, foreign: bool) -> None:
    """Neither relative IRIs nor text that would end one."""
    with pytest.raises(InvalidParameter, match="expected an absolute IRI"):
        check_query("ASK {}", base=BASE, default_graphs=[graph], foreign=foreign)


@pytest.mark.parametrize(
    "text",
    [
        "BASE <app://x/> SELECT ?s FROM <y> { ?s ?p ?o }",
        "PREFIX u: <urn:> SELECT ?s FROM NAMED u:x FROM <http://e/> { ?s ?p ?o }",
    ],
)
def test_foreign_graphs_are_the_engines_affair(store: Store, text: str) -> None:
    """Where any graph may be named, FROM is left as it was written."""
    checked = check_query(text, base=BASE, foreign=True)
    assert checked.dataset
    assert checked.text.split() == text.split()
    assert isinstance(store.query(checked.text), QuerySolutions)
    with pytest.raises(QueryRejected):
        check_query(text, base=BASE)


def test_the_columns_of_a_star_stay_with_graphs_beside_it() -> None:
    """The place of the star is told for the text that has the graphs in it."""
    checked = check_query("SELECT * { ?b ?a 1 }", base=BASE, default_graphs=[ONE])
    words = checked.with_columns(["a", "b"]).split()
    assert words[:5] == ["SELECT", "?b", "?a", "FROM", f"<{ONE}>"]
