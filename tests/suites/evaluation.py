"""W3C tests of queries and updates, read from their manifests.

IRIs are resolved against the address that W3C gives the suite, wherever its files are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rdflib import RDF, RDFS, Graph, Namespace
from rdflib.collection import Collection
from rdflib.term import Node

MF = Namespace("http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#")
QT = Namespace("http://www.w3.org/2001/sw/DataAccess/tests/test-query#")
UT = Namespace("http://www.w3.org/2009/sparql/tests/test-update#")

HOME = "http://www.w3.org/2009/sparql/docs/tests/data-sparql11/"
QUERIES = [
    "aggregates",
    "bind",
    "bindings",
    "cast",
    "construct",
    "exists",
    "functions",
    "grouping",
    "negation",
    "project-expression",
    "property-path",
    "subquery",
    "csv-tsv-res",
    "json-res",
]
UPDATES = [
    "add",
    "basic-update",
    "clear",
    "copy",
    "delete",
    "delete-data",
    "delete-insert",
    "delete-where",
    "drop",
    "move",
    "update-silent",
]
SYNTAX = ["syntax-query", "syntax-update-1", "syntax-update-2"]
_KIND = re.compile(r"(Positive|Negative)(Update)?SyntaxTest11")


@dataclass(frozen=True)
class File:
    """A file of the suite, and the IRI that it has there."""

    path: Path
    iri: str

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")


@dataclass(frozen=True)
class Data:
    """A dataset: a graph's name, None for the default graph, and a file of its
    triples."""

    graphs: tuple[tuple[str | None, File], ...] = ()


@dataclass(frozen=True)
class Evaluation:
    """A query or an update, what it is done over, and what is expected: a file of
    results, or a dataset."""

    name: str
    request: File
    before: Data
    after: Data
    result: File | None


@dataclass(frozen=True)
class Syntax:
    """A query or an update that is well-formed, or is not."""

    name: str
    request: File
    is_update: bool
    is_good: bool


def evaluations(suite: Path, folders: list[str]) -> list[Evaluation]:
    """The evaluation tests in folders of the suite, ordered by what they are over."""
    found = [one for name in folders for one in _evaluations(suite, name)]
    return sorted(found, key=lambda one: repr(one.before))


def syntax_tests(suite: Path) -> list[Syntax]:
    """The syntax tests of queries and updates; some stand among others."""
    folders = (*QUERIES, *UPDATES, *SYNTAX)
    return [one for name in folders for one in _syntax_tests(suite, name)]


def _evaluations(suite: Path, folder: str) -> Iterator[Evaluation]:
    reading = _Manifest(suite, folder)
    for test in reading.entries():
        if _KIND.fullmatch(reading.kind(test)):
            continue
        action, result = reading.one(test, MF.action), reading.one(test, MF.result)
        name = f"{folder}/{str(test).partition('#')[2]}"
        if (query := reading.graph.value(action, QT.query)) is not None:
            before = Data(
                (
                    *((None, reading.file(n)) for n in reading.all(action, QT.data)),
                    *(
                        (str(n), reading.file(n))
                        for n in reading.all(action, QT.graphData)
                    ),
                )
            )
            expected = reading.file(result)
            yield Evaluation(name, reading.file(query), before, Data(), expected)
        else:
            update = reading.file(reading.one(action, UT.request))
            before, after = reading.data(action), reading.data(result)
            yield Evaluation(name, update, before, after, None)


def _syntax_tests(suite: Path, folder: str) -> Iterator[Syntax]:
    reading = _Manifest(suite, folder)
    for test in reading.entries():
        kind = _KIND.fullmatch(reading.kind(test))
        if kind:
            yield Syntax(
                name=f"{folder}/{str(test).partition('#')[2]}",
                request=reading.file(reading.one(test, MF.action)),
                is_update=kind[2] is not None,
                is_good=kind[1] == "Positive",
            )


class _Manifest:
    """One folder's manifest."""

    def __init__(self, suite: Path, folder: str) -> None:
        self._suite = suite
        iri = f"{HOME}{folder}/manifest"
        path = suite / folder / "manifest.ttl"
        self.graph = Graph().parse(path, format="turtle", publicID=iri)

    def entries(self) -> Iterator[Node]:
        (entries,) = self.graph.objects(None, MF.entries)
        yield from Collection(self.graph, entries)

    def kind(self, test: Node) -> str:
        return str(self.one(test, RDF.type)).partition("#")[2]

    def one(self, subject: Node, predicate: Node) -> Node:
        found = self.graph.value(subject, predicate)
        assert found is not None, (subject, predicate)
        return found

    def all(self, subject: Node, predicate: Node) -> list[Node]:
        return sorted(self.graph.objects(subject, predicate), key=str)

    def file(self, node: Node) -> File:
        return File(self._suite / str(node).removeprefix(HOME), str(node))

    def data(self, node: Node) -> Data:
        named = (
            (str(self.one(n, RDFS.label)), self.file(self.one(n, UT.graph)))
            for n in self.graph.objects(node, UT.graphData)
        )
        default = ((None, self.file(n)) for n in self.all(node, UT.data))
        return Data((*default, *sorted(named, key=str)))
