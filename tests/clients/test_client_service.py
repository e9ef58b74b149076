"""Other servers' `SERVICE` calls to our endpoint: joins of their data with ours."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from pyoxigraph import Literal, NamedNode, Quad, QuerySolutions, Store

from bench.oxigraph import QUERY, oxigraph
from tests.clients.questions import QUESTIONS, Row, term
from trigpoint.register import Registers

NOTES = {"CRF": "capital", "AGY": "island", "XXX": "nowhere"}
_NOTE = "http://elsewhere.example/note/"
_JOIN = """\
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
PREFIX tp: <https://w3id.org/trigpoint/def#>
SELECT ?key ?note ?name WHERE {{
  ?about <http://elsewhere.example/says> ?note ; skos:notation ?key
  SERVICE {silent} <{endpoint}> {{
    ?council a tp:PrincipalLocalAuthority ; skos:notation ?key ; skos:prefLabel ?name
  }}
}} ORDER BY ?key"""
JOINED = [
    ('"AGY"', '"island"', '"Sir Ynys Môn"@cy'),
    ('"CRF"', '"capital"', '"Caerdydd"@cy'),
]


def notes() -> Iterator[Quad]:
    """What somebody else says about councils, by their keys."""
    key = NamedNode("http://www.w3.org/2004/02/skos/core#notation")
    says = NamedNode("http://elsewhere.example/says")
    for number, (code, note) in enumerate(NOTES.items()):
        about = NamedNode(f"{_NOTE}{number}")
        yield Quad(about, key, Literal(code))
        yield Quad(about, says, Literal(note))


@pytest.fixture(scope="module")
def other() -> Iterator[str]:
    """`oxigraph serve` with notes of somebody else: its query endpoint."""
    text = "".join(f"{quad.triple} .\n" for quad in notes())
    with oxigraph() as server:
        put = httpx.put(
            f"{server.home}/store?default",
            content=text,
            headers={"Content-Type": "application/n-triples"},
        )
        assert put.status_code in (201, 204)
        yield server.home + QUERY


def wrapped(query: str, endpoint: str) -> str:
    """A question of ours as a query that only has a SERVICE call to us."""
    prefixes, select, rest = query.partition("SELECT ")
    columns, _, where = rest.partition(" WHERE ")
    order = where[where.rindex("ORDER BY") :] if "ORDER BY" in where else ""
    inner = f"{{ {select}{columns} WHERE {where} }}"
    names = " ".join(word for word in ("?key", "?name", "?ended") if word in columns)
    return f"{prefixes}SELECT {names} WHERE {{ SERVICE <{endpoint}> {inner} }} {order}"


@pytest.mark.parametrize("name", ["names with a language", "dates, some unbound"])
def test_a_call_from_oxigraph_serve(
    endpoint: str, other: str, known: Registers, name: str
) -> None:
    """Its server passes a subquery on to ours, and gives the rows of the records."""
    question = QUESTIONS[name]
    rows = ask(other, wrapped(question.query, endpoint), question.columns)
    assert rows == question.rows(known)


def test_a_join_in_oxigraph_serve(endpoint: str, other: str) -> None:
    """What it holds is joined with our records, by keys."""
    query = _JOIN.format(endpoint=endpoint, silent="")
    assert ask(other, query, ("key", "note", "name")) == JOINED


@pytest.mark.parametrize("name", ["names with a language", "dates, some unbound"])
def test_a_call_from_pyoxigraph(endpoint: str, known: Registers, name: str) -> None:
    """The engine as a library calls us as well."""
    question = QUESTIONS[name]
    found = Store().query(wrapped(question.query, endpoint))
    assert _rows(found, question.columns) == question.rows(known)


@pytest.mark.parametrize("silent", ["", "SILENT"])
def test_a_join_in_pyoxigraph(endpoint: str, silent: str) -> None:
    """Its own triples are joined with our records, whether it may fail or not."""
    store = Store()
    store.extend(notes())
    found = store.query(_JOIN.format(endpoint=endpoint, silent=silent))
    assert _rows(found, ("key", "note", "name")) == JOINED


def test_what_we_refuse_fails_the_call(endpoint: str) -> None:
    """A call back from us to another endpoint is refused, and so the call fails."""
    query = (
        f"SELECT * WHERE {{ SERVICE <{endpoint}> {{ SERVICE <http://127.0.0.1:9/> "
        "{ ?s ?p ?o } } }"
    )
    with pytest.raises(OSError, match="400"):
        list(_solutions(Store().query(query)))


def ask(endpoint: str, query: str, columns: tuple[str, ...]) -> list[Row]:
    """Rows of an answer in SPARQL JSON, as terms in N-Triples."""
    answer = httpx.post(
        endpoint,
        content=query,
        headers={
            "Content-Type": "application/sparql-query",
            "Accept": "application/sparql-results+json",
        },
        timeout=30,
    )
    assert answer.status_code == 200, answer.text
    return [
        tuple(_term(binding.get(column)) for column in columns)
        for binding in answer.json()["results"]["bindings"]
    ]


def _term(binding: dict[str, str] | None) -> str | None:
    if binding is None:
        return None
    datatype, language = binding.get("datatype", ""), binding.get("xml:lang", "")
    return term(binding["type"], binding["value"], datatype, language)


def _solutions(found: object) -> QuerySolutions:
    assert isinstance(found, QuerySolutions)
    return found


def _rows(found: object, columns: tuple[str, ...]) -> list[Row]:
    return [
        tuple(None if row[one] is None else str(row[one]) for one in columns)
        for row in _solutions(found)
    ]
