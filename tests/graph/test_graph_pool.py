"""Queries in worker processes: answers, formats, limits, deaths and snapshots."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pyld import jsonld
from rdflib import Graph
from rdflib.query import Result

from trigpoint.errors import (
    InvalidParameter,
    QueryBusy,
    QueryFailed,
    QueryRejected,
    QueryTimedOut,
    QueryTooLarge,
    TrigpointError,
)
from trigpoint.graph import GraphView, QueryPool

BASE = "http://localhost:8000"
CATALOGUE = f"{BASE}/graph/catalogue"
LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
GEO = "http://www.opengis.net/ont/geosparql#"
SCHOOLS = 300
COUNT = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
CARTESIAN = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
BOMB = (
    'SELECT (GROUP_CONCAT(?long) AS ?x) { BIND("' + "x" * 10_000 + '" AS ?y) '
    "BIND(CONCAT(?y, ?y, ?y, ?y, ?y, ?y, ?y, ?y, ?y, ?y) AS ?long) "
    "?a ?b ?c . ?d ?e ?f }"
)


def school(number: int) -> list[str]:
    subject = f"{BASE}/id/school-eng/{number}"
    lon = round(-1 + number / SCHOOLS, 6)
    return [
        f'<{subject}> <{LABEL}> "School {number}" .',
        f"<{subject}> <{GEO}hasGeometry> <{subject}/geometry> .",
        f'<{subject}/geometry> <{GEO}asWKT> "POINT({lon} 51.5)"^^<{GEO}wktLiteral> .',
    ]


def odd_lines() -> list[str]:
    subject = f"<{BASE}/id/odd/1>"
    return [
        f'{subject} <http://example.org/text> "{text}" .'
        for text in (
            'quote \\" brace }},{\\" end',
            "line\\nfeed, return\\r, comma",
            "<result> & </result>",
            "Caf\u00e9 \U0001f3eb \u2028 e\u0301",
            "back\\\\slash\\\\",
            "[{",
        )
    ]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of 300 schools, some awkward text and a catalogue graph."""
    path = tmp_path_factory.mktemp("graph") / "store"
    lines = [line for number in range(SCHOOLS) for line in school(number)]
    catalogue = {CATALOGUE: [f'<{BASE}/> <{LABEL}> "register" .']}
    GraphView.build(path, lines + odd_lines(), catalogue).close()
    return path


@pytest.fixture(scope="module")
def pool(store: Path) -> Iterator[QueryPool]:
    """A pool that is shared by the tests that leave it as it is."""
    with QueryPool(store, base=BASE, time_limit=20) as shared:
        yield shared


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def bindings(body: bytes) -> list[dict[str, str]]:
    rows = json.loads(body)["results"]["bindings"]
    return [{name: term["value"] for name, term in row.items()} for row in rows]


def test_a_select_answers_in_json(pool: QueryPool) -> None:
    """Without a wish, solutions come as SPARQL results JSON with their number."""
    answer = pool.run(f"SELECT ?n {{ </id/school-eng/7> <{LABEL}> ?n }}")
    assert answer.media_type == "application/sparql-results+json"
    assert (answer.form, answer.rows) == ("select", 1)
    assert bindings(answer.body) == [{"n": "School 7"}]


ODD = "SELECT ?t ?none { ?s <http://example.org/text> ?t } ORDER BY ?t"


@pytest.mark.parametrize("name", ["json", "xml", "csv", "tsv"])
@pytest.mark.parametrize(
    ("query", "rows"),
    [
        (ODD, 6),
        ("SELECT ?x { ?x <http://example.org/none> 1 }", 0),
        ("SELECT * {}", 1),
        ("SELECT ?a ?b { { BIND(1 AS ?a) } UNION {} UNION { ?b ?c 'School 1' } }", 3),
        (f"SELECT ?s ?l ?g {{ ?s <{LABEL}> ?l ; <{GEO}hasGeometry> ?g }}", 300),
    ],
    ids=["odd text", "empty", "no column", "gaps", "many"],
)
def test_rows_are_counted_in_each_format(
    pool: QueryPool, query: str, rows: int, name: str
) -> None:
    """The number of rows is right in every format, whatever the text holds."""
    answer = pool.run(query, name)
    assert answer.rows == rows
    parsed: dict[str, Callable[[], int]] = {
        "json": lambda: len(json.loads(answer.body)["results"]["bindings"]),
        "xml": lambda: len(Result.parse(io.BytesIO(answer.body), format="xml")),
        "csv": lambda: len(list(csv.reader(io.StringIO(answer.body.decode())))) - 1,
        "tsv": lambda: answer.body.count(b"\n") - 1,
    }
    assert parsed[name]() == rows


@pytest.mark.parametrize("name", ["json", "xml", "csv", "tsv"])
def test_text_of_any_script_survives(pool: QueryPool, name: str) -> None:
    """Letters outside the basic plane and combining marks come back as they are."""
    query = 'SELECT ("Caf\u00e9 \U0001f3eb e\u0301" AS ?x) {}'
    assert "Caf\u00e9 \U0001f3eb e\u0301" in pool.run(query, name).body.decode()


@pytest.mark.parametrize(
    ("query", "columns"),
    [
        (f"SELECT ?z ?a ?m {{ ?a <{LABEL}> ?z . ?m ?m ?m }}", ["z", "a", "m"]),
        ("SELECT * { ?z ?b ?a } LIMIT 1", ["z", "b", "a"]),
        ("SELECT DISTINCT * { ?z ?b ?a FILTER EXISTS { ?q ?z ?a } }", ["z", "b", "a"]),
        ("SELECT * { { SELECT ?y ?x { ?x ?hidden ?y } } }", ["y", "x"]),
    ],
)
def test_columns_come_in_the_order_of_the_query(
    pool: QueryPool, query: str, columns: list[str]
) -> None:
    """Columns stand as they were written, for a star in reading order."""
    assert json.loads(pool.run(query).body)["head"]["vars"] == columns


@pytest.mark.parametrize(
    ("name", "reader"),
    [("ttl", "turtle"), ("nt", "nt"), ("rdf", "xml"), ("jsonld", "nt")],
)
@pytest.mark.parametrize(
    "query",
    [
        "DESCRIBE </id/school-eng/7>",
        "CONSTRUCT { </id/school-eng/7> ?p ?o } { </id/school-eng/7> ?p ?o }",
    ],
)
def test_graphs_are_the_same_in_each_format(
    pool: QueryPool, query: str, name: str, reader: str
) -> None:
    """An independent reader finds the record's triples in every graph format."""
    answer = pool.run(query, name)
    expected = Graph().parse(data="\n".join(school(7)[:2]), format="nt")
    body = answer.body.decode()
    if name == "jsonld":
        to_rdf: Callable[..., str] = jsonld.to_rdf
        body = to_rdf(json.loads(body), {"format": "application/n-quads"})
    assert set(Graph().parse(data=body, format=reader)) == set(expected)
    assert answer.rows == 2


def test_formats_go_by_media_type_and_preference(pool: QueryPool) -> None:
    """The first accepted format that fits the form of the query is taken."""
    accept = ["text/turtle", "text/csv", "application/sparql-results+xml"]
    assert pool.run("ASK {}", ["text/html", *accept]).media_type == "text/csv"
    assert pool.run("DESCRIBE </x>", accept).media_type == "text/turtle"
    assert json.loads(pool.run("ASK {}", "json").body)["boolean"] is True


def test_a_format_that_does_not_fit_is_refused(pool: QueryPool) -> None:
    """Turtle for a SELECT is an error that says what there is."""
    with pytest.raises(InvalidParameter) as refusal:
        pool.run(COUNT, "text/turtle")
    assert "text/csv" in str(refusal.value.members["available"])


def test_named_graphs_are_asked_for(pool: QueryPool) -> None:
    """The catalogue is reached by GRAPH and FROM, and is not among the records."""
    inside = f"{{ </> <{LABEL}> ?l }}"
    asked = {
        f"ASK {inside}": False,
        f"ASK {{ GRAPH ?g {inside} }}": True,
        f"ASK {{ GRAPH <{CATALOGUE}> {inside} }}": True,
        f"ASK FROM </graph/catalogue> {inside}": True,
        f"ASK FROM NAMED </graph/catalogue> {inside}": False,
    }
    answers = {text: json.loads(pool.run(text).body)["boolean"] for text in asked}
    assert answers == asked


def test_points_within_a_polygon_are_found(pool: QueryPool) -> None:
    """The built-in GeoSPARQL filter answers over our CRS84 literals, lon first."""
    polygon = "POLYGON((-0.505 51, -0.495 51, -0.495 52, -0.505 52, -0.505 51))"
    answer = pool.run(
        f"PREFIX geo: <{GEO}> "
        "PREFIX geof: <http://www.opengis.net/def/function/geosparql/> "
        "SELECT ?s { ?s geo:hasGeometry/geo:asWKT ?wkt "
        f'FILTER(geof:sfWithin(?wkt, "{polygon}"^^geo:wktLiteral)) }} ORDER BY ?s'
    )
    found = [row["s"].rpartition("/")[2] for row in bindings(answer.body)]
    assert found == ["149", "150", "151"]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT * { SERVICE <http://e/> {} }", "SERVICE is not offered"),
        ("DROP ALL", "is an update"),
        ("SELECT *", "ends too early"),
        ("SELECT ?s { BIND(1 AS ?x) BIND(2 AS ?x) }", "not well-formed"),
        ("SELECT (<http://e/f>(1) AS ?x) {}", "not supported"),
        ("SELECT (\ud800 AS ?x) {}", "syntax error"),
        ("SELECT ('\ud800' AS ?x) {}", "cannot answer"),
    ],
)
def test_refusals_come_back_as_our_own_errors(
    pool: QueryPool, query: str, message: str
) -> None:
    """What a worker refuses is raised here with its message, and costs no worker."""
    before = pool.worker_pids()
    with pytest.raises(QueryRejected, match=message):
        pool.run(query)
    assert pool.worker_pids() == before


def test_a_query_over_the_length_reaches_no_worker(pool: QueryPool) -> None:
    """A query of ten million characters is refused before it is sent."""
    with pytest.raises(QueryTooLarge, match="characters"):
        pool.run("ASK {}" + " " * 10_000_000)


def test_many_threads_ask_at_once(pool: QueryPool) -> None:
    """Concurrent queries each get their own answer."""

    def ask(number: int) -> str:
        query = f"SELECT ?n {{ </id/school-eng/{number}> <{LABEL}> ?n }}"
        return bindings(pool.run(query).body)[0]["n"]

    with ThreadPoolExecutor(16) as threads:
        names = list(threads.map(ask, range(SCHOOLS)))
    assert names == [f"School {number}" for number in range(SCHOOLS)]


def test_a_query_past_the_time_limit_is_killed(store: Path) -> None:
    """A cartesian product ends with an error, its process is gone, others answer."""
    with QueryPool(store, base=BASE, workers=1, time_limit=1) as pool:
        pool.run("ASK {}")
        (pid,) = pool.worker_pids()
        with pytest.raises(QueryTimedOut, match="1 s") as error:
            pool.run(CARTESIAN)
        assert error.value.members["limit"] == 1
        assert gone(pid)
        assert pool.worker_pids() != (pid,)
        assert bindings(pool.run(COUNT).body) == [{"n": str(3 * SCHOOLS + 6)}]


@pytest.mark.parametrize("name", ["json", "csv", "xml", "tsv"])
def test_too_many_rows_are_an_error(store: Path, name: str) -> None:
    """One row over the limit refuses the answer, at the limit it is given."""
    with QueryPool(store, base=BASE, workers=1, row_limit=100) as pool:
        assert pool.run("SELECT * { ?s ?p ?o } LIMIT 100", name).rows == 100
        with pytest.raises(QueryTooLarge, match=r"100 rows.*dumps") as error:
            pool.run("SELECT * { ?s ?p ?o } LIMIT 101", name)
        assert error.value.members == {"limit": 100, "unit": "rows"}


def test_too_many_triples_are_an_error(store: Path) -> None:
    """The row limit counts the triples of a graph."""
    with QueryPool(store, base=BASE, workers=1, row_limit=100) as pool:
        assert pool.run("CONSTRUCT WHERE { ?s ?p ?o } LIMIT 100").rows == 100
        with pytest.raises(QueryTooLarge, match="100 rows"):
            pool.run("CONSTRUCT WHERE { ?s ?p ?o } LIMIT 101")


def test_too_many_bytes_are_an_error(store: Path) -> None:
    """An answer over the byte limit is refused, and the worker goes on."""
    with QueryPool(store, base=BASE, workers=1, byte_limit=10_000) as pool:
        before = pool.worker_pids()
        with pytest.raises(QueryTooLarge, match="10000 bytes"):
            pool.run("SELECT * { ?s ?p ?o }")
        assert pool.run("ASK {}").rows == 1
        assert pool.worker_pids() == before


def test_a_memory_bomb_kills_only_its_worker(store: Path) -> None:
    """A query that needs too much memory is refused, and the pool goes on."""
    with QueryPool(
        store, base=BASE, workers=1, time_limit=60, memory_limit=300 << 20
    ) as pool:
        with pytest.raises(QueryTooLarge, match="bytes of memory"):
            pool.run(BOMB)
        assert bindings(pool.run(COUNT).body) == [{"n": str(3 * SCHOOLS + 6)}]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT (1" + "+1" * 49_000 + " AS ?x) {}",
        "SELECT * { ?s " + "<a:p>/" * 15_000 + "<a:p> ?o }",
    ],
    ids=["sum", "path"],
)
def test_a_query_that_crashes_the_engine_is_an_error(
    pool: QueryPool, query: str
) -> None:
    """A worker whose stack runs over fails its own query and is replaced."""
    with pytest.raises(QueryFailed, match="other queries are not affected"):
        pool.run(query)
    assert pool.run("ASK {}").rows == 1


def test_a_worker_killed_at_its_work_fails_that_query_only(store: Path) -> None:
    """SIGKILL from outside is a clear error for the query that ran."""
    with QueryPool(store, base=BASE, workers=1, time_limit=30) as pool:
        pool.run("ASK {}")
        (pid,) = pool.worker_pids()
        threading.Timer(0.3, os.kill, (pid, signal.SIGKILL)).start()
        with pytest.raises(QueryFailed, match="status -9"):
            pool.run(CARTESIAN)
        assert pool.run("ASK {}").rows == 1


def test_a_worker_killed_while_idle_is_replaced_unseen(store: Path) -> None:
    """The next query after an idle worker died is answered."""
    with QueryPool(store, base=BASE, workers=2) as pool:
        for pid in pool.worker_pids():
            os.kill(pid, signal.SIGKILL)
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        assert pool.run("ASK {}").rows == 1
        assert pool.run("ASK {}").rows == 1


def test_a_full_queue_refuses_at_once(store: Path) -> None:
    """With all workers busy and the queue full a query is not kept waiting."""
    with (
        QueryPool(store, base=BASE, workers=1, time_limit=2, queue_limit=0) as pool,
        ThreadPoolExecutor(1) as thread,
    ):
        pool.run("ASK {}")
        long = thread.submit(pool.run, CARTESIAN)
        while not pool.busy():
            time.sleep(0.01)
        with pytest.raises(QueryBusy, match="try again"):
            pool.run("ASK {}")
        assert isinstance(long.exception(), QueryTimedOut)


def test_waiting_ends_at_the_time_limit(store: Path) -> None:
    """A query that no worker takes in time is refused rather than kept."""
    with (
        QueryPool(store, base=BASE, workers=1, time_limit=1) as pool,
        ThreadPoolExecutor(3) as threads,
    ):
        pool.run("ASK {}")
        asked = [threads.submit(pool.run, CARTESIAN) for _ in range(3)]
        kinds = {type(future.exception()) for future in asked}
        assert QueryTimedOut in kinds
        assert kinds <= {QueryTimedOut, QueryBusy}


def test_a_switch_drops_no_query(store: Path, tmp_path: Path) -> None:
    """Queries during switches see one whole snapshot or the other."""
    sizes = {3 * SCHOOLS + 6, 3 * SCHOOLS + 9}
    view = GraphView.open(store)
    with view.fork(tmp_path / "next") as fork:
        fork.apply([], school(SCHOOLS))
    with (
        QueryPool(store, base=BASE) as pool,
        ThreadPoolExecutor(4) as threads,
    ):
        asked = []
        for turn in range(40):
            asked += [threads.submit(pool.run, COUNT) for _ in range(4)]
            pool.switch(store if turn % 2 else tmp_path / "next")
        seen = {int(bindings(future.result().body)[0]["n"]) for future in asked}
        pool.switch(tmp_path / "next")
        assert seen <= sizes
        assert bindings(pool.run(COUNT).body) == [{"n": str(max(sizes))}]
        assert pool.in_use() == {tmp_path / "next"}


def test_a_running_query_keeps_its_snapshot_in_use(store: Path, tmp_path: Path) -> None:
    """The old folder is named until its last query has ended."""
    GraphView.open(store).fork(tmp_path / "next").close()
    with (
        QueryPool(store, base=BASE, workers=1, time_limit=1) as pool,
        ThreadPoolExecutor(1) as thread,
    ):
        pool.run("ASK {}")
        long = thread.submit(pool.run, CARTESIAN)
        while not pool.busy():
            time.sleep(0.01)
        pool.switch(tmp_path / "next")
        assert pool.in_use() == {store, tmp_path / "next"}
        assert isinstance(long.exception(), QueryTimedOut)
        assert pool.in_use() == {tmp_path / "next"}


def test_a_missing_store_is_an_error_of_the_query(store: Path, tmp_path: Path) -> None:
    """A snapshot that is not there fails the query, and a switch back heals."""
    with QueryPool(tmp_path / "none", base=BASE, workers=1) as pool:
        with pytest.raises(QueryFailed, match="could not be read"):
            pool.run("ASK {}")
        pool.switch(store)
        assert pool.run("ASK {}").rows == 1


def test_closing_leaves_no_process(store: Path) -> None:
    """After close every worker is gone, also one in the middle of a query."""
    pool = QueryPool(store, base=BASE, workers=2, time_limit=30)
    pool.run("ASK {}")
    pids = pool.worker_pids()
    with ThreadPoolExecutor(1) as thread:
        long = thread.submit(pool.run, CARTESIAN)
        while not pool.busy():
            time.sleep(0.01)
        pool.close()
        assert isinstance(long.exception(), QueryFailed)
    assert all(gone(pid) for pid in pids)
    assert pool.worker_pids() == pids
    with pytest.raises(QueryFailed, match="closed"):
        pool.run("ASK {}")


def test_workers_end_with_a_parent_that_was_killed(store: Path) -> None:
    """Nobody is left to kill them, and still no worker outlives its query."""
    script = (
        "import os, signal, sys, threading, time\n"
        "from trigpoint.graph import QueryPool\n"
        "pool = QueryPool(sys.argv[1], base='http://x', workers=2, time_limit=1)\n"
        "pool.run('ASK {}')\n"
        "threading.Thread(target=pool.run, args=(sys.argv[2],), daemon=True).start()\n"
        "while not pool.busy(): time.sleep(0.01)\n"
        "print(*pool.worker_pids(), flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(store), CARTESIAN],
        capture_output=True,
        text=True,
        check=False,
    )
    pids = [int(pid) for pid in done.stdout.split()]
    assert len(pids) == 2
    deadline = time.monotonic() + 20
    while not all(gone(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert all(gone(pid) for pid in pids)


def test_workers_give_way_to_other_processes(pool: QueryPool) -> None:
    """Workers run at low priority, so that lookups in the server stay quick."""
    pool.run("ASK {}")
    own = os.getpriority(os.PRIO_PROCESS, 0)
    assert any(os.getpriority(os.PRIO_PROCESS, pid) > own for pid in pool.worker_pids())


def test_every_error_can_cross_processes(pool: QueryPool) -> None:
    """Members of an error arrive with it, so a door can name the limit."""
    with pytest.raises(TrigpointError) as error:
        pool.run("SELECT * {\n ?s ?p }")
    assert error.value.members == {"line": 2, "column": 8}
