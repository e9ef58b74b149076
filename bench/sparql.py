"""SPARQL: what the guard and the worker processes cost a short query."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import islice

from pyoxigraph import QueryResultsFormat, QuerySolutions, Store

from bench.inputs import Inputs
from bench.measure import Comparison, Side
from trigpoint.graph import Query, QueryPool, Snapshot, check_query
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
    with asyncio.Runner() as runner:
        pool = runner.run(_open(QueryPool(Snapshot(view.graph), base=base)))

        def ask(at_once: int) -> int:
            return runner.run(_ask_all(pool, queries, at_once))

        yield Comparison(
            "A short query, one after the other",
            given,
            "query",
            (
                Side("pyoxigraph, here", len(queries), lambda: _direct(store, queries)),
                Side("the guard alone", len(queries), lambda: _check(queries, base)),
                Side("QueryPool", len(queries), lambda: ask(1)),
            ),
            per="µs",
            about="The pool parses and checks a query in a worker process that can be "
            "killed, and bounds time, rows, bytes and memory.",
        )
        yield Comparison(
            "Short queries, two at a time",
            given,
            "queries",
            (
                Side("one at a time", len(queries), lambda: ask(1)),
                Side("two at a time, two workers", len(queries), lambda: ask(2)),
            ),
            about="Workers run at a lower priority than the process that asks.",
        )
        runner.run(pool.close())


async def _open(pool: QueryPool) -> QueryPool:
    return await pool.__aenter__()


async def _ask_all(pool: QueryPool, queries: list[str], at_once: int) -> int:
    parts = [queries[start::at_once] for start in range(at_once)]
    return sum(await asyncio.gather(*(_ask(pool, part) for part in parts)))


async def _ask(pool: QueryPool, queries: list[str]) -> int:
    found = 0
    for query in queries:
        async with await pool.ask(Query(query, ("json",))) as answer:
            found += (await answer.body()).count(b'"o":')
    return found


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
