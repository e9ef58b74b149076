"""Queries in worker processes: their answers and formats."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pyld import jsonld
from rdflib import Graph
from rdflib.query import Result

from tests.graph.schools import (
    BASE,
    CATALOGUE,
    COUNT,
    GEO,
    LABEL,
    SCHOOLS,
    bindings,
    school,
)
from tests.pool import PoolInThread
from trigpoint.errors import InvalidParameter, QueryRejected, QueryTooLarge
from trigpoint.graph import QueryLimits, Snapshot
from trigpoint.graph.formats import row_counter


@pytest.fixture(scope="module")
def pool(schools: Path) -> Iterator[PoolInThread]:
    """A pool that is shared by the tests that leave it as it is."""
    with PoolInThread(
        Snapshot(schools), base=BASE, limits=QueryLimits(time=20)
    ) as shared:
        yield shared


def test_a_select_answers_in_json(pool: PoolInThread) -> None:
    """Without a wish, solutions come as SPARQL results JSON with their number."""
    answer = pool.run(f"SELECT ?n {{ </id/school-eng/7> <{LABEL}> ?n }}")
    assert answer.media_type == "application/sparql-results+json"
    assert answer.form == "select"
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
    pool: PoolInThread, query: str, rows: int, name: str
) -> None:
    """The number of rows is right in every format, whatever the text holds."""
    answer = pool.run(query, name)
    for size in (1, 7, 1 << 17):
        counter = row_counter(name)
        for start in range(0, len(answer.body), size):
            counter.feed(answer.body[start : start + size])
        assert counter.rows == rows
    parsed: dict[str, Callable[[], int]] = {
        "json": lambda: len(json.loads(answer.body)["results"]["bindings"]),
        "xml": lambda: len(Result.parse(io.BytesIO(answer.body), format="xml")),
        "csv": lambda: len(list(csv.reader(io.StringIO(answer.body.decode())))) - 1,
        "tsv": lambda: answer.body.count(b"\n") - 1,
    }
    assert parsed[name]() == rows


@pytest.mark.parametrize("name", ["json", "xml", "csv", "tsv"])
def test_text_of_any_script_survives(pool: PoolInThread, name: str) -> None:
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
    pool: PoolInThread, query: str, columns: list[str]
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
    pool: PoolInThread, query: str, name: str, reader: str
) -> None:
    """An independent reader finds the record's triples in every graph format."""
    answer = pool.run(query, name)
    expected = Graph().parse(data="\n".join(school(7)[:2]), format="nt")
    body = answer.body.decode()
    if name == "jsonld":
        to_rdf: Callable[..., str] = jsonld.to_rdf
        body = to_rdf(json.loads(body), {"format": "application/n-quads"})
    assert set(Graph().parse(data=body, format=reader)) == set(expected)


def test_formats_go_by_media_type_and_preference(pool: PoolInThread) -> None:
    """The first accepted format that fits the form of the query is taken."""
    accept = ["text/turtle", "text/csv", "application/sparql-results+xml"]
    assert pool.run("ASK {}", ["text/html", *accept]).media_type == "text/csv"
    assert pool.run("DESCRIBE </x>", accept).media_type == "text/turtle"
    assert json.loads(pool.run("ASK {}", "json").body)["boolean"] is True


def test_a_format_that_does_not_fit_is_refused(pool: PoolInThread) -> None:
    """Turtle for a SELECT is an error that says what there is."""
    with pytest.raises(InvalidParameter) as refusal:
        pool.run(COUNT, "text/turtle")
    assert "text/csv" in str(refusal.value.members["available"])


def test_named_graphs_are_asked_for(pool: PoolInThread) -> None:
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


def test_points_within_a_polygon_are_found(pool: PoolInThread) -> None:
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
    pool: PoolInThread, query: str, message: str
) -> None:
    """What a worker refuses is raised here with its message, and costs no worker."""
    before = pool.pool.worker_pids()
    with pytest.raises(QueryRejected, match=message):
        pool.run(query)
    assert pool.pool.worker_pids() == before


def test_a_query_over_the_length_reaches_no_worker(pool: PoolInThread) -> None:
    """A query of ten million characters is refused before it is sent."""
    with pytest.raises(QueryTooLarge, match="characters"):
        pool.run("ASK {}" + " " * 10_000_000)


def test_many_threads_ask_at_once(pool: PoolInThread) -> None:
    """Concurrent queries each get their own answer."""

    def ask(number: int) -> str:
        query = f"SELECT ?n {{ </id/school-eng/{number}> <{LABEL}> ?n }}"
        return bindings(pool.run(query).body)[0]["n"]

    with ThreadPoolExecutor(16) as threads:
        names = list(threads.map(ask, range(SCHOOLS)))
    assert names == [f"School {number}" for number in range(SCHOOLS)]
