"""Answers as graphs, so that two can be compared whatever their blank nodes are called.

A row is a blank node with an arc for each variable that is bound; all rows together are
a dataset, which the engine brings into a canonical form. The order of rows is not kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from pyoxigraph import (
    BlankNode,
    CanonicalizationAlgorithm,
    Dataset,
    DefaultGraph,
    Literal,
    NamedNode,
    Quad,
    QueryBoolean,
    QueryResultsFormat,
    QuerySolutions,
    RdfFormat,
    Store,
    Triple,
    parse,
    parse_query_results,
)

from tests.suites.evaluation import Data, File

Term = NamedNode | BlankNode | Literal | Triple
Answer = QueryBoolean | QuerySolutions | Iterable[Triple]

_RS = "http://www.w3.org/2001/sw/DataAccess/tests/result-set#"
_ROW = NamedNode("urn:row")
_HEAD = NamedNode("urn:head")
_BOOLEAN = NamedNode("urn:boolean")
_RESULTS = {
    ".srx": QueryResultsFormat.XML,
    ".srj": QueryResultsFormat.JSON,
    ".tsv": QueryResultsFormat.TSV,
}


def as_dataset(answer: Answer) -> Dataset:
    """An answer in canonical form."""
    if isinstance(answer, QueryBoolean):
        quads = [Quad(_BOOLEAN, _BOOLEAN, Literal(bool(answer)))]
    elif isinstance(answer, QuerySolutions):
        quads = list(_rows(answer))
    else:
        quads = [Quad(*triple) for triple in answer]
    return canonical(quads)


def _rows(solutions: QuerySolutions) -> Iterable[Quad]:
    variables = solutions.variables
    for variable in variables:
        yield Quad(_HEAD, _HEAD, Literal(variable.value))
    for number, solution in enumerate(solutions):
        row = BlankNode(f"row{number}")
        yield Quad(row, _ROW, _ROW)
        for variable in variables:
            value = solution[variable]
            if value is not None:
                yield Quad(row, _arc(variable.value), value)


def canonical(quads: Iterable[Quad]) -> Dataset:
    """Quads with canonical names for their blank nodes, and the engine's own forms of
    numbers and dates."""
    store = Store()
    store.extend(quads)
    dataset = Dataset(store)
    dataset.canonicalize(CanonicalizationAlgorithm.UNSTABLE)
    return dataset


def expected_of(result: File) -> Dataset:
    """The results in a file of the suite; a graph in Turtle may describe solutions."""
    if result.path.suffix in _RESULTS:
        form = _RESULTS[result.path.suffix]
        return as_dataset(parse_query_results(result.text, form))
    quads = list(_quads(None, result))
    return canonical(list(_described(quads)) or quads)


def _described(quads: Iterable[Quad]) -> Iterator[Quad]:
    """The rows of a result set that a graph describes; none where it does not."""
    arcs: dict[Term, dict[str, list[Term]]] = {}
    for quad in quads:
        name = quad.predicate.value.removeprefix(_RS)
        arcs.setdefault(quad.subject, {}).setdefault(name, []).append(quad.object)
    for described in arcs.values():
        for variable in described.get("resultVariable", ()):
            yield Quad(_HEAD, _HEAD, variable)
        for row in described.get("solution", ()):
            yield Quad(_node(row), _ROW, _ROW)
            for binding in arcs[row].get("binding", ()):
                (variable,), (value,) = (
                    arcs[binding]["variable"],
                    arcs[binding]["value"],
                )
                yield Quad(_node(row), _arc(_text(variable)), value)


def _node(term: Term) -> BlankNode:
    assert isinstance(term, BlankNode)
    return term


def _text(term: Term) -> str:
    assert isinstance(term, Literal)
    return term.value


def _arc(variable: str) -> NamedNode:
    return NamedNode(f"urn:variable:{variable}")


def dataset_of(data: Data) -> Dataset:
    """A dataset of the suite."""
    return canonical(quads_of(data))


def store_of(data: Data) -> Store:
    """A store of the bare engine with a dataset of the suite."""
    store = Store()
    store.extend(quads_of(data))
    return store


def rdf_format(path: Path) -> RdfFormat:
    """The format of a file of the suite."""
    form = RdfFormat.from_extension(path.suffix.removeprefix("."))
    assert form is not None, path
    return form


def quads_of(data: Data) -> Iterator[Quad]:
    """The quads of a dataset of the suite."""
    for name, file in data.graphs:
        yield from _quads(name, file)


def _quads(name: str | None, file: File) -> Iterable[Quad]:
    graph = DefaultGraph() if name is None else NamedNode(name)
    for quad in parse(
        file.text,
        format=rdf_format(file.path),
        base_iri=file.iri,
        rename_blank_nodes=True,
    ):
        yield Quad(quad.subject, quad.predicate, quad.object, graph)
