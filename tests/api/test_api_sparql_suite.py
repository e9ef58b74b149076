"""W3C's protocol and result format suites, through the endpoint of the registers.

The graphs of the suites are put into the published store under the names that graphs
have here, since no others may be asked; the requests are renamed alike. What needs an
update to be done is left to the sandbox.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pyoxigraph
import pytest
from pyoxigraph import NamedNode, QueryResultsFormat, QuerySolutions, RdfFormat, Store

from api.app import create_app
from tests.copies import copy_data
from tests.sparql_protocol import fault_of, only_reads, renamed, sender
from tests.suites.http_requests import HttpRequest, HttpTest, http_tests
from tests.testclient import TestClient
from trigpoint.register import Registers

GRAPH = "http://localhost:8000/graph/"
NAMES = {
    f"http://kasei.us/2009/09/sparql/data/data{n}.rdf": f"{GRAPH}suite-{n}"
    for n in range(4)
}
READING = 27  # tests of the protocol suite that only read
FORMATS = {
    "json": QueryResultsFormat.JSON,
    "xml": QueryResultsFormat.XML,
    "csv": QueryResultsFormat.CSV,
    "tsv": QueryResultsFormat.TSV,
}


@pytest.fixture(scope="module")
def protocol(suites: Path) -> list[HttpTest]:
    """The tests of the protocol suite that only read."""
    tests = http_tests(suites / "sparql11" / "protocol" / "manifest.ttl")
    return [test for test in tests if only_reads(test)]


@pytest.fixture(scope="module")
def endpoint(
    data: Path, suites: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TestClient]:
    """A client of the registers, with the graphs of the suites in their store."""
    copy = copy_data(data, tmp_path_factory.mktemp("suites") / "data")
    registers = Registers.open(copy)
    store = Store(str(registers.view().graph))
    folder = suites / "sparql11"
    for number in (1, 2, 3):
        text = (folder / "protocol" / f"data{number}.nt").read_bytes()
        graph = NamedNode(f"{GRAPH}suite-{number}")
        store.load(renamed(text, NAMES), RdfFormat.TURTLE, to_graph=graph)
    for name in ("csv-tsv-res", "json-res"):
        for file in sorted((folder / name).glob("*.ttl")):
            if file.stem != "manifest":
                to = NamedNode(f"{GRAPH}{name}-{file.stem}")
                store.load(file.read_bytes(), RdfFormat.TURTLE, to_graph=to)
    store.flush()
    del store
    with TestClient(
        create_app(registers, workers=1),
        base_url="http://localhost:8000",
        raise_server_exceptions=False,
    ) as client:
        yield client


def test_the_protocol_suite_that_reads_is_whole(
    endpoint: TestClient, protocol: list[HttpTest]
) -> None:
    """Every test of the protocol suite that only reads passes as W3C wrote it."""
    send = sender(endpoint, "/sparql", NAMES)
    faults = [fault for test in protocol if (fault := fault_of(test, send))]
    assert faults == []
    assert len(protocol) == READING


def test_the_runner_notices_what_is_wrong(protocol: list[HttpTest]) -> None:
    """An endpoint that says one thing to everything passes no test."""
    said = [
        httpx.Response(500, text="broken"),
        httpx.Response(200, text="yes", headers={"Content-Type": "text/plain"}),
        httpx.Response(
            200,
            text='{"head": {}, "boolean": false}',
            headers={"Content-Type": "application/sparql-results+json"},
        ),
    ]
    for answer in said:

        def send(_: HttpRequest, answer: httpx.Response = answer) -> httpx.Response:
            return answer

        passed = {test.name for test in protocol if fault_of(test, send) is None}
        # One only asks for any boolean.
        assert passed <= {"query_content_type_ask"}


RESULTS = [
    *(
        ("csv-tsv-res", query, source, name)
        for query, source in (
            ("csvtsv01", "data"),
            ("csvtsv02", "data"),
            ("csvtsv01", "data2"),
        )
        for name in FORMATS
    ),
    *(
        ("json-res", f"jsonres0{number}", "data", name)
        for number in (1, 2, 3, 4)
        for name in FORMATS
    ),
]


@pytest.mark.parametrize(("suite", "query", "source", "name"), RESULTS)
def test_results_say_what_the_engine_says(
    endpoint: TestClient, suites: Path, suite: str, query: str, source: str, name: str
) -> None:
    """Queries of the result format suites answer in each format as the engine does."""
    folder = suites / "sparql11" / suite
    text = (folder / f"{query}.rq").read_text(encoding="utf-8")
    graph = f"{GRAPH}{suite}-{source}"
    body = urlencode({"query": text, "default-graph-uri": graph, "format": name})
    answer = endpoint.post(
        "/sparql",
        content=body,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code == 200
    bare = Store()
    bare.load((folder / f"{source}.ttl").read_bytes(), RdfFormat.TURTLE)
    expected = bare.query(text)
    assert not isinstance(expected, pyoxigraph.QueryTriples)
    written = expected.serialize(None, FORMATS[name])
    assert written is not None
    if isinstance(expected, QuerySolutions):
        assert _rows(answer.content, name) == _rows(written, name)
    else:
        assert answer.content == written


def _rows(body: bytes, name: str) -> list[list[tuple[str, str]]]:
    """The bindings of every row, in an order that no engine's order of columns or rows
    changes; blank nodes are all alike."""
    if name == "csv":
        columns, *lines = csv.reader(io.StringIO(body.decode()))
        return sorted(sorted(zip(columns, _plain(line), strict=True)) for line in lines)
    found = pyoxigraph.parse_query_results(body, FORMATS[name])
    assert isinstance(found, QuerySolutions)
    names = [variable.value for variable in found.variables]
    return sorted(
        sorted(zip(names, _plain([str(row[name]) for name in names]), strict=True))
        for row in found
    )


def _plain(values: list[str]) -> list[str]:
    return ["_:" if value.startswith("_:") else value for value in values]
