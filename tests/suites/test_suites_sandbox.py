"""W3C's SPARQL 1.1 suites through a sandbox, over HTTP: nothing is lost on the way.

Every query and update gives what the engine gives without a server, and the protocol
and graph store suites pass whole. What the engine itself fails is listed.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import disk_usage

import httpx
import pytest
from pyoxigraph import (
    CanonicalizationAlgorithm,
    Dataset,
    QueryResultsFormat,
    QuerySolutions,
    RdfFormat,
    Store,
    parse,
)

from tests.sparql_protocol import fault_of, only_reads, sender
from tests.suites.endpoint import Endpoint, sandbox
from tests.suites.evaluation import (
    QUERIES,
    UPDATES,
    Evaluation,
    Syntax,
    evaluations,
    syntax_tests,
)
from tests.suites.http_requests import HttpTest, http_tests
from tests.suites.results import (
    as_dataset,
    canonical,
    dataset_of,
    expected_of,
    store_of,
)

# What pyoxigraph 0.5 answers otherwise than W3C expects.
ENGINE_FAILS = {
    "aggregates/agg-empty-group-count-graph",
    "aggregates/agg-groupconcat-04",
    "aggregates/agg-groupconcat-06",
    "bindings/graph",
    "functions/bnode01",
    "negation/graph-minus",
    "property-path/zero_or_more_set_end",
    "property-path/zero_or_more_set_start",
    "property-path/zero_or_one_set_end",
    "property-path/zero_or_one_set_start",
}
MEMORY = Path("/dev", "shm")  # where it is there, files in it stay in memory
# Well-formed updates that are refused, since they fetch.
LOADS = {f"syntax-update-1/test_{n}" for n in (1, 2, 3, 4, 37)}


@pytest.fixture(scope="module")
def suite(suites: Path) -> Path:
    return suites / "sparql11"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    """A sandbox for all suites; one worker will do, since each opens every state."""
    with pytest.MonkeyPatch.context() as environment:
        # Each change is flushed to disk, which takes longer than all else here does.
        if MEMORY.is_dir() and disk_usage(MEMORY).free > 1 << 30:
            environment.setenv("TMPDIR", str(MEMORY))
        with sandbox("--workers", "1") as running:
            yield running


def same_answer(endpoint: Endpoint, test: Evaluation) -> tuple[bool, bool]:
    """Whether endpoint and engine agree on a query, and whether that is expected."""
    assert test.result is not None
    endpoint.hold(test.before)
    bare = store_of(test.before).query(test.request.text, base_iri=test.request.iri)
    engine, answer = as_dataset(bare), endpoint.ask(test.request)
    return answer == engine, answer == expected_of(test.result)


def test_queries_give_what_the_engine_gives(endpoint: Endpoint, suite: Path) -> None:
    """All 232 queries answer as the bare engine does, wrong only where it is."""
    tests = [one for one in evaluations(suite, QUERIES) if not is_csv(one)]
    lost, wrong = set(), set()
    for test in tests:
        same, expected = same_answer(endpoint, test)
        lost |= set() if same else {test.name}
        wrong |= set() if expected else {test.name}
    assert not lost
    assert wrong == ENGINE_FAILS
    assert len(tests) == 232


def is_csv(test: Evaluation) -> bool:
    return test.result is not None and test.result.path.suffix == ".csv"


def test_csv_results_are_as_expected(endpoint: Endpoint, suite: Path) -> None:
    """The three tests of CSV, which cannot be read back, have the lines expected."""
    tests = [one for one in evaluations(suite, QUERIES) if is_csv(one)]
    for test in tests:
        assert test.result is not None
        endpoint.hold(test.before)
        answer = endpoint.post_query(test.request.text, "text/csv").text
        bare = store_of(test.before).query(test.request.text)
        assert isinstance(bare, QuerySolutions)
        engine = bare.serialize(format=QueryResultsFormat.CSV)
        assert engine is not None
        expected = test.result.text.replace("1.0E6", "1000000")  # as the engine has it
        assert rows(answer) == rows(engine.decode()) == rows(expected)
        # The engine sorts the columns of `*`; ours are as W3C has them.
        assert answer.splitlines()[0] == test.result.text.splitlines()[0]
    assert len(tests) == 3


def rows(text: str) -> list[list[tuple[str, str]]]:
    """Rows and columns in one order, all blank nodes alike."""
    found = csv.DictReader(re.sub(r"_:\w+", "_:", text).splitlines())
    return sorted(sorted(row.items()) for row in found)


def test_updates_do_what_the_engine_does(endpoint: Endpoint, suite: Path) -> None:
    """All 94 updates leave what the bare engine leaves, which is what is expected."""
    tests = evaluations(suite, UPDATES)
    for test in tests:
        endpoint.hold(test.before)
        text = f"BASE <{test.request.iri}>\n{test.request.text}"
        done = endpoint.post_update(text)
        assert done.status_code == 204, (test.name, done.text)
        left = endpoint.everything()
        assert left == dataset_of(test.after), test.name
        if "LOAD" not in test.request.text:  # the bare engine would fetch
            bare = store_of(test.before)
            bare.update(test.request.text, base_iri=test.request.iri)
            assert left == canonical(bare), test.name
    assert len(tests) == 94


def test_syntax_is_judged_as_the_engine_judges_it(
    endpoint: Endpoint, suite: Path
) -> None:
    """What the engine takes is taken, and what it refuses is a syntax error, but for
    updates that fetch."""
    tests = syntax_tests(suite)
    refused = {one.name for one in tests if not is_taken(endpoint, one)}
    assert refused - LOADS == {one.name for one in tests if not one.is_good}
    assert refused >= LOADS
    for test in tests:
        if test.name not in LOADS:
            assert engine_takes(test) == test.is_good, test.name
    assert len(tests) == 166


def is_taken(endpoint: Endpoint, test: Syntax) -> bool:
    """Whether an endpoint reads a request, even when it cannot be done."""
    if test.is_update:
        answer = endpoint.post_update(test.request.text)
    else:
        answer = endpoint.post_query(test.request.text, "*/*")
    if answer.status_code < 300:
        return True
    assert answer.status_code == 400, answer.text
    return str(answer.json()["detail"]).startswith("the engine cannot")


def engine_takes(test: Syntax) -> bool:
    store = Store()
    run: Callable[..., object] = store.update if test.is_update else store.query
    try:
        run(test.request.text, base_iri=test.request.iri)
    except SyntaxError:
        return False
    except RuntimeError:
        return True  # well-formed, but there is no such graph or function
    return True


def test_the_protocol_suite_is_whole(endpoint: Endpoint, suite: Path) -> None:
    """All 34 tests of the protocol pass, over the graphs that they name."""
    tests = http_tests(suite / "protocol" / "manifest.ttl")
    send = sender(endpoint.client, "/sparql")
    faults = []
    clear(endpoint)
    # Those that neither find anything nor leave anything share the empty store.
    for test in sorted(tests, key=lambda one: bool(one.data) or not only_reads(one)):
        if test.data or not only_reads(test):
            clear(endpoint)
        for iri, file in test.data:
            put = endpoint.client.put(
                "/store",
                params={"graph": iri},
                content=file.read_bytes(),
                headers={"Content-Type": "application/n-triples"},
            )
            assert put.status_code == 201
        faults.append(fault_of(test, send))
    assert [fault for fault in faults if fault] == []
    assert len(tests) == 34


def clear(endpoint: Endpoint) -> None:
    assert endpoint.post_update("DROP ALL").status_code == 204


@pytest.mark.parametrize(("kind", "count"), [("direct", 5), ("indirect", 9)])
def test_the_graph_store_suite_is_whole(
    endpoint: Endpoint, suite: Path, kind: str, count: int
) -> None:
    """All tests of the graph store pass, each over an empty store, with the one that
    its manifest forgot to list."""
    tests = http_tests(suite / "graph-store-protocol" / f"manifest-{kind}.ttl")
    faults = []
    for test in tests:
        clear(endpoint)
        faults.append(graph_store_fault(endpoint.client, test))
    assert [fault for fault in faults if fault] == []
    assert len(tests) == count


def graph_store_fault(client: httpx.Client, test: HttpTest) -> str | None:
    """What is wrong with the first answer that is not as expected."""
    location = ("", "")
    for number, request in enumerate(test.requests, start=1):
        path = request.path.replace("/gsp", "/store", 1).replace(*location)
        made = client.build_request(
            request.method, path, headers=request.headers, content=request.body
        )
        if "accept" not in dict(request.headers):
            del made.headers["accept"]
        answer, expected = client.send(made), request.answer
        where = f"{test.name}, request {number}: {answer.status_code} {answer.text}"
        if not any(answer.status_code in statuses for statuses in expected.statuses):
            return where
        if expected.content_type not in (None, answer.headers.get("content-type")):
            return where
        if expected.body is not None and graph(answer.text) != graph(expected.body):
            return where
        if expected.location:
            location = (expected.location, answer.headers["location"])
    return None


def graph(turtle: str) -> Dataset:
    dataset = Dataset(parse(turtle, format=RdfFormat.TURTLE))
    dataset.canonicalize(CanonicalizationAlgorithm.UNSTABLE)
    return dataset
