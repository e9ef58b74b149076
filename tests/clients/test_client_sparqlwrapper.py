"""SPARQLWrapper, which many scripts use: every way to ask and every format it knows."""

from __future__ import annotations

import csv
import io
from xml.dom.minidom import Document, Element

import pyoxigraph
import pytest
from pyoxigraph import RdfFormat
from rdflib import Graph
from SPARQLWrapper import (
    CSV,
    GET,
    JSON,
    JSONLD,
    N3,
    POST,
    POSTDIRECTLY,
    RDFXML,
    TSV,
    TURTLE,
    URLENCODED,
    XML,
    SPARQLWrapper,
)
from SPARQLWrapper.SPARQLExceptions import QueryBadFormed

from tests.clients.questions import (
    ASKED,
    CONSTRUCT,
    DESCRIBE,
    QUESTIONS,
    Row,
    cardiff,
    term,
)
from trigpoint.register import Registers

WAYS = {
    "GET": (GET, URLENCODED),
    "form": (POST, URLENCODED),
    "body": (POST, POSTDIRECTLY),
}


def wrapper(endpoint: str, query: str, kind: str, way: str = "GET") -> SPARQLWrapper:
    """A client that is about to ask."""
    client = SPARQLWrapper(endpoint, returnFormat=kind)
    method, request = WAYS[way]
    client.setMethod(method)
    client.setRequestMethod(request)
    client.setQuery(query)
    return client


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", QUESTIONS)
def test_results_in_json(endpoint: str, known: Registers, name: str, way: str) -> None:
    """Rows, datatypes and languages are those of the records, however it is asked."""
    question = QUESTIONS[name]
    found = wrapper(endpoint, question.query, JSON, way).query().convert()
    assert isinstance(found, dict)
    assert found["head"]["vars"] == list(question.columns)
    rows = [
        tuple(_of_json(binding.get(column)) for column in question.columns)
        for binding in found["results"]["bindings"]
    ]
    assert rows == question.rows(known)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", QUESTIONS)
def test_results_in_xml(endpoint: str, known: Registers, name: str, way: str) -> None:
    """The same rows come as a document."""
    question = QUESTIONS[name]
    found = wrapper(endpoint, question.query, XML, way).query().convert()
    assert isinstance(found, Document)
    heads = found.getElementsByTagName("variable")
    assert [one.getAttribute("name") for one in heads] == list(question.columns)
    rows = [
        _of_xml(one, question.columns) for one in found.getElementsByTagName("result")
    ]
    assert rows == question.rows(known)


@pytest.mark.parametrize("kind", [CSV, TSV])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", QUESTIONS)
def test_results_as_tables(
    endpoint: str, known: Registers, name: str, way: str, kind: str
) -> None:
    """CSV has the values alone, TSV the terms; what is unbound is empty."""
    question = QUESTIONS[name]
    found = wrapper(endpoint, question.query, kind, way).query().convert()
    assert isinstance(found, bytes)
    text = found.decode()
    right = question.rows(known)
    if kind == CSV:
        head, *rows = csv.reader(io.StringIO(text))
        assert head == list(question.columns)
        assert rows == [[_bare(cell) for cell in row] for row in right]
    else:
        head, *rows = [line.split("\t") for line in text.splitlines()]
        assert head == [f"?{column}" for column in question.columns]
        assert rows == [[_short(cell) for cell in row] for row in right]


@pytest.mark.parametrize("kind", [JSON, XML])
@pytest.mark.parametrize(("query", "truth"), ASKED.items())
def test_ask(endpoint: str, query: str, truth: bool, kind: str) -> None:
    """ASK is true or false in both formats."""
    found = wrapper(endpoint, query, kind).query().convert()
    if isinstance(found, Document):
        (said,) = found.getElementsByTagName("boolean")
        assert said.firstChild is not None
        assert said.firstChild.nodeValue == str(truth).lower()
    else:
        assert isinstance(found, dict)
        assert found["boolean"] is truth


# Of SPARQLWrapper, about the rdflib that it calls.
@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")
@pytest.mark.parametrize("query", [CONSTRUCT, DESCRIBE])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", [TURTLE, N3, XML, RDFXML, JSONLD])
def test_graphs(
    endpoint: str, known: Registers, query: str, way: str, kind: str
) -> None:
    """CONSTRUCT and DESCRIBE give all triples of a record and no others, in any syntax;
    some the client parses itself."""
    found = wrapper(endpoint, query, kind, way).query().convert()
    if isinstance(found, Graph):
        lines = {line for line in found.serialize(format="nt").splitlines() if line}
        assert {_canonical(line) for line in lines} == cardiff(known)
    else:
        assert isinstance(found, bytes)
        triples = pyoxigraph.parse(found, RdfFormat.TURTLE)
        assert {f"{quad.triple} ." for quad in triples} == cardiff(known)


def test_a_refusal_is_the_clients_own_error(endpoint: str) -> None:
    """A malformed query becomes QueryBadFormed, with our words in it."""
    asked = wrapper(endpoint, "SELECT * WHERE { ?s ?p }", JSON)
    with pytest.raises(QueryBadFormed, match="line 1"):
        asked.query()


def _of_json(binding: dict[str, str] | None) -> str | None:
    if binding is None:
        return None
    language = binding.get("xml:lang", "")
    return term(
        binding["type"], binding["value"], binding.get("datatype", ""), language
    )


def _of_xml(result: Element, columns: tuple[str, ...]) -> Row:
    bound = {}
    for binding in result.getElementsByTagName("binding"):
        value = binding.firstChild
        assert isinstance(value, Element)
        text = "".join(child.nodeValue or "" for child in value.childNodes)
        attributes = value.getAttribute("datatype"), value.getAttribute("xml:lang")
        bound[binding.getAttribute("name")] = term(value.tagName, text, *attributes)
    return tuple(bound.get(column) for column in columns)


def _bare(cell: str | None) -> str:
    """A term without what makes it one."""
    if cell is None:
        return ""
    if cell.startswith("<"):
        return cell[1:-1]
    return cell[1 : cell.rindex('"')]


def _short(cell: str | None) -> str:
    """A term as TSV has it: integers are written as such."""
    if cell is None:
        return ""
    return _bare(cell) if cell.endswith("#integer>") else cell


def _canonical(line: str) -> str:
    (quad,) = pyoxigraph.parse(line, RdfFormat.N_TRIPLES)
    return f"{quad.triple} ."
