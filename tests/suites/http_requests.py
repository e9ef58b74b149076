"""W3C tests that are whole HTTP exchanges, read from their manifests.

The protocol suite and the graph store suite describe requests and what is expected of
the answers in the vocabulary of HTTP in RDF (`ht:requests`); the manifests say how.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rdflib import Graph, Namespace, URIRef
from rdflib.collection import Collection
from rdflib.term import Node

MF = Namespace("http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#")
HT = Namespace("http://www.w3.org/2011/http#")
CNT = Namespace("http://www.w3.org/2011/content#")
UT = Namespace("http://www.w3.org/2009/sparql/tests/test-update#")
RDFS = Namespace("http://www.w3.org/2000/01/rdf-schema#")

_STATUS = {
    "OK": range(200, 201),
    "Created": range(201, 202),
    "NoContent": range(204, 205),
    "NotFound": range(404, 405),
    "StatusCode2xx": range(200, 300),
    "StatusCode3xx": range(300, 400),
    "StatusCode4xx": range(400, 500),
}


@dataclass(frozen=True)
class HttpAnswer:
    """What is expected of an answer. `statuses` are ranges; `location` is the text
    that stands for the `Location` of the answer in later requests; `form` is `boolean`,
    `tabular` or `RDF`; `body` is a graph to be isomorphic to, in Turtle."""

    statuses: tuple[range, ...]
    boolean: bool | None
    form: str | None
    location: str | None
    content_type: str | None
    body: str | None


@dataclass(frozen=True)
class HttpRequest:
    """One request; `body` is encoded as the test says."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None
    answer: HttpAnswer


@dataclass(frozen=True)
class HttpTest:
    """Requests in their order, over a store with the graphs of `data`: IRI and file."""

    name: str
    title: str
    requests: tuple[HttpRequest, ...]
    data: tuple[tuple[str, Path], ...]


def http_tests(manifest: Path) -> list[HttpTest]:
    """The tests of a manifest that have requests, in its order; those that are not
    among its entries come last."""
    graph = _graph(manifest)
    listed = [
        test
        for entries in graph.objects(None, MF.entries)
        for test in Collection(graph, entries)
    ]
    others = sorted(set(graph.subjects(MF.action, None)) - set(listed), key=str)
    return [
        _test(graph, test)
        for test in (*listed, *others)
        if (graph.value(test, MF.action) is not None)
    ]


@cache
def _graph(manifest: Path) -> Graph:
    return Graph().parse(manifest, format="turtle", publicID=manifest.as_uri())


def _test(graph: Graph, test: Node) -> HttpTest:
    action = _one(graph, test, MF.action)
    return HttpTest(
        name=str(test).partition("#")[2],
        title=_text(graph, test, MF.name) or "",
        requests=tuple(
            _request(graph, node)
            for node in Collection(graph, _one(graph, action, HT.requests))
        ),
        data=tuple(sorted(_data(graph, test))),
    )


def _data(graph: Graph, test: Node) -> Iterator[tuple[str, Path]]:
    for data in graph.objects(test, UT.graphData):
        file = str(_one(graph, data, UT.graph)).removeprefix("file://")
        yield str(_one(graph, data, RDFS.label)), Path(file)


def _request(graph: Graph, node: Node) -> HttpRequest:
    return HttpRequest(
        method=_text(graph, node, HT.methodName) or "GET",
        path=str(_one(graph, node, HT.absolutePath)),
        headers=_headers(graph, node),
        body=_body(graph, node),
        answer=_answer(graph, _one(graph, node, HT.resp)),
    )


def _answer(graph: Graph, node: Node) -> HttpAnswer:
    boolean = graph.value(node, MF.expectedBoolean)
    body = _body(graph, node)
    return HttpAnswer(
        statuses=tuple(
            _STATUS[str(status).partition("#")[2]]
            for status in graph.objects(node, MF.expectedStatus)
        ),
        boolean=None if boolean is None else str(boolean) == "true",
        form=_text(graph, node, MF.expectedFormat),
        location=_text(graph, node, MF.expectedLocation),
        content_type=dict(_headers(graph, node)).get("content-type"),
        body=None if body is None else body.decode(),
    )


def _headers(graph: Graph, node: Node) -> tuple[tuple[str, str], ...]:
    headers = graph.value(node, HT.headers)
    if headers is None:
        return ()
    return tuple(
        (str(_one(graph, one, HT.fieldName)), str(_one(graph, one, HT.fieldValue)))
        for one in Collection(graph, headers)
    )


def _body(graph: Graph, node: Node) -> bytes | None:
    body = graph.value(node, HT.body)
    if body is None:
        return None
    encoding = _text(graph, body, CNT.characterEncoding) or "UTF-8"
    return str(_one(graph, body, CNT.chars)).encode(encoding)


def _one(graph: Graph, subject: Node, predicate: URIRef) -> Node:
    found = graph.value(subject, predicate)
    assert found is not None, (subject, predicate)
    return found


def _text(graph: Graph, subject: Node, predicate: URIRef) -> str | None:
    found = graph.value(subject, predicate)
    return None if found is None else str(found)
