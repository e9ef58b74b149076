"""SPARQL: what the guard and the worker processes cost a short query."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from pyoxigraph import QueryResultsFormat, QuerySolutions, Store

from bench.inputs import Inputs
from bench.measure import Comparison, Side
from trigpoint.graph import QueryPool, check_query
from trigpoint.iris import record_iri

_QUERIES = 300
_REGISTER = "school-eng"


def comparisons(inputs: Inputs) -> Iterator[Comparison]:
    """All triples of one record, asked for directly and through the pool."""
    view, base = inputs.registers.view(), inputs.registers.base
    records = islice(
        inputs.registers.log.iter_records(_REGISTER), inputs.size(_QUERIES)
    )
    iris = [record_iri(base, _REGISTER, record.entry.key) for record in records]
    queries = [f"SELECT ?p ?o WHERE {{ <{iri}> ?p ?o }}" for iri in iris]
    store = Store.read_only(str(view.graph))
    given = f"{len(queries)} queries, all triples of one school each, answered in JSON"
    with QueryPool(view.graph, base=base, workers=2) as pool:
        yield Comparison(
            "A short query, one after the other",
            given,
            "query",
            (
                Side("pyoxigraph, here", len(queries), lambda: _direct(store, queries)),
                Side("the guard alone", len(queries), lambda: _check(queries, base)),
                Side("QueryPool", len(queries), lambda: _ask(pool, queries)),
            ),
            per="µs",
            about="The pool parses and checks a query in a worker process that can be "
            "killed, and bounds time, rows, bytes and memory.",
        )
        with ThreadPoolExecutor(2) as threads:
            halves = [queries[::2], queries[1::2]]

            def ask_both() -> int:
                return sum(threads.map(lambda half: _ask(pool, half), halves))

            yield Comparison(
                "Short queries, two at a time",
                given,
                "queries",
                (
                    Side("one thread", len(queries), lambda: _ask(pool, queries)),
                    Side("two threads, two workers", len(queries), ask_both),
                ),
                about="Workers run at a lower priority than the process that asks.",
            )


def _direct(store: Store, queries: list[str]) -> int:
    return sum(_answer(store, query) for query in queries)


def _answer(store: Store, query: str) -> int:
    found = store.query(query)
    assert isinstance(found, QuerySolutions)
    body = found.serialize(format=QueryResultsFormat.JSON)
    assert body is not None
    return body.count(b'"o":')


def _check(queries: list[str], base: str) -> None:
    for query in queries:
        check_query(query, base=base)


def _ask(pool: QueryPool, queries: list[str]) -> int:
    return sum(pool.run(query, "json").body.count(b'"o":') for query in queries)
