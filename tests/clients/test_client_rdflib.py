"""rdflib's SPARQLStore: our endpoint as if it were a graph in memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pyoxigraph import DefaultGraph, NamedNode, Quad, Store
from rdflib import RDF, RDFS, SKOS, Graph, Literal, Namespace, URIRef
from rdflib.plugins.stores.sparqlstore import SPARQLStore

from tests.clients.questions import (
    ASKED,
    CARDIFF,
    CONSTRUCT,
    DESCRIBE,
    QUESTIONS,
    WALES,
    cardiff,
)
from trigpoint.iris import record_iri
from trigpoint.register import Registers

TP = Namespace("https://w3id.org/trigpoint/def#")
ONTOLOGY = "http://localhost:8000/graph/ontology"


@pytest.fixture(params=["GET", "POST", "POST_FORM"])
def graph(request: pytest.FixtureRequest, endpoint: str) -> Graph:
    """The default graph, asked for in each way that the store can."""
    return Graph(store=SPARQLStore(endpoint, method=request.param))


@pytest.mark.parametrize("name", QUESTIONS)
def test_queries(graph: Graph, known: Registers, name: str) -> None:
    """Rows of terms are those of the records."""
    question = QUESTIONS[name]
    found = graph.query(question.query)
    assert [str(variable) for variable in found.vars or ()] == list(question.columns)
    rows = []
    for row in found:
        assert isinstance(row, tuple)
        rows.append(tuple(None if term is None else term.n3() for term in row))
    assert rows == question.rows(known)


@pytest.mark.parametrize(("query", "truth"), ASKED.items())
def test_ask(graph: Graph, query: str, truth: bool) -> None:
    """ASK is a truth value."""
    assert graph.query(query).askAnswer is truth


@pytest.mark.parametrize("query", [CONSTRUCT, DESCRIBE])
def test_graphs(graph: Graph, known: Registers, query: str) -> None:
    """CONSTRUCT and DESCRIBE give the triples of a record."""
    found = graph.query(query).graph
    assert found is not None
    assert _lines(found) == cardiff(known)


def test_triples_of_a_subject(graph: Graph, known: Registers) -> None:
    """What is asked for by pattern is a record's triples, whole."""
    held = Graph()
    for triple in graph.triples((URIRef(CARDIFF), None, None)):
        held.add(triple)
    assert _lines(held) == cardiff(known)
    (name,) = graph.objects(URIRef(CARDIFF), SKOS.prefLabel)
    assert name == Literal("Caerdydd", lang="cy")
    assert (URIRef(CARDIFF), RDFS.label, Literal("Cardiff")) in graph
    assert (URIRef(CARDIFF), RDFS.label, Literal("Caerdydd")) not in graph


def test_subjects_of_a_class(graph: Graph, known: Registers) -> None:
    """A pattern with an open subject finds all records of a register."""
    found = set(graph.subjects(RDF.type, TP.PrincipalLocalAuthority))
    records = known.log.iter_records(WALES)
    assert found == {
        URIRef(record_iri(known.base, WALES, one.entry.key)) for one in records
    }


def test_length(graph: Graph, known: Registers) -> None:
    """`len` is the number of triples in the default graph, and not of all graphs."""
    assert len(graph) == len(list(_quads(known, DefaultGraph())))


def test_a_named_graph(endpoint: str, known: Registers) -> None:
    """A graph that is named is asked for as `default-graph-uri`, so it has its own
    length and triples, and those of the records are not in it."""
    named = Graph(store=SPARQLStore(endpoint), identifier=URIRef(ONTOLOGY))
    assert len(named) == len(list(_quads(known, NamedNode(ONTOLOGY))))
    assert (TP.PrincipalLocalAuthority, RDF.type, None) in named
    assert (None, RDF.type, TP.PrincipalLocalAuthority) not in named


def test_names_of_graphs(endpoint: str, known: Registers) -> None:
    """The store tells which graphs there are."""
    found = {str(one) for one in SPARQLStore(endpoint).contexts()}
    store = Store.read_only(str(known.view().graph))
    assert found == {one.value for one in store.named_graphs()}
    assert ONTOLOGY in found


def _lines(graph: Graph) -> set[str]:
    return {f"{s.n3()} {p.n3()} {o.n3()} ." for s, p, o in graph}


def _quads(known: Registers, graph: NamedNode | DefaultGraph) -> Iterator[Quad]:
    """The quads of one graph of the published store."""
    store = Store.read_only(str(known.view().graph))
    return store.quads_for_pattern(None, None, None, graph)
