"""The W3C protocol suite, asked of an endpoint: what is wrong with its answers.

The tests come from `tests.suites.http_requests`. They have no `Accept`, and none is
sent. An endpoint whose graphs have other names is asked with those.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import quote

import httpx
import pyoxigraph
from pyoxigraph import QueryBoolean, QueryResultsFormat, RdfFormat

from tests.suites.http_requests import HttpAnswer, HttpRequest, HttpTest

Send = Callable[[HttpRequest], httpx.Response]

_PATH = "/sparql/"  # as all paths of the manifest begin
_GRAPHS = {
    "text/turtle": RdfFormat.TURTLE,
    "application/n-triples": RdfFormat.N_TRIPLES,
    "application/rdf+xml": RdfFormat.RDF_XML,
    "application/ld+json": RdfFormat.JSON_LD,
}
_SOLUTIONS = {
    "application/sparql-results+json": QueryResultsFormat.JSON,
    "application/sparql-results+xml": QueryResultsFormat.XML,
    "text/csv": QueryResultsFormat.CSV,
    "text/tab-separated-values": QueryResultsFormat.TSV,
}


def only_reads(test: HttpTest) -> bool:
    """Whether a test needs no update to be done: those that it has are refused."""
    updates = [one for one in test.requests if "update" in one.path or _is_update(one)]
    return all(one.answer.statuses == (range(400, 500),) for one in updates)


def _is_update(request: HttpRequest) -> bool:
    kind = dict(request.headers).get("content-type", "")
    body = request.body or b""
    return kind.startswith("application/sparql-update") or body.startswith(b"update=")


def sender(
    client: httpx.Client, path: str, names: Mapping[str, str] | None = None
) -> Send:
    """Asks the endpoint at `path`; `names` has what IRIs of the suite are there."""

    def send(request: HttpRequest) -> httpx.Response:
        target = renamed(request.path.replace(_PATH, path, 1).encode(), names)
        content = None if request.body is None else renamed(request.body, names)
        made = client.build_request(
            request.method,
            target.decode(),
            headers=dict(request.headers),
            content=content,
        )
        del made.headers["accept"]
        return client.send(made)

    return send


def renamed(text: bytes, names: Mapping[str, str] | None) -> bytes:
    """The text with the IRIs called as in `names`, written out or percent-encoded."""
    for old, new in (names or {}).items():
        text = text.replace(old.encode(), new.encode())
        text = text.replace(quote(old, safe="").encode(), quote(new, safe="").encode())
    return text


def fault_of(test: HttpTest, send: Send) -> str | None:
    """What is wrong with the first answer that is not as expected; None for nothing."""
    for number, request in enumerate(test.requests, start=1):
        answer = send(request)
        fault = _fault(request.answer, answer)
        if fault is not None:
            return f"{test.name}, request {number}: {fault}; {answer.text[:200]!r}"
    return None


def _fault(expected: HttpAnswer, answer: httpx.Response) -> str | None:
    if not any(answer.status_code in statuses for statuses in expected.statuses):
        return f"status {answer.status_code}, expected {expected.statuses}"
    kind = answer.headers.get("content-type", "").partition(";")[0]
    if expected.form == "RDF":
        if kind not in _GRAPHS:
            return f"{kind} is no syntax of RDF"
        list(pyoxigraph.parse(answer.content, _GRAPHS[kind]))
    elif expected.form is not None:
        if kind not in _SOLUTIONS:
            return f"{kind} is no format of results"
        found = pyoxigraph.parse_query_results(answer.content, _SOLUTIONS[kind])
        if isinstance(found, QueryBoolean) != (expected.form == "boolean"):
            return f"{kind} is not {expected.form}"
        if expected.boolean is not None and bool(found) != expected.boolean:
            return f"{bool(found)}, expected {expected.boolean}"
    return None
