"""Hostile queries through HTTP: each has its exact outcome, and nobody else's waits."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

import httpx
import pytest

from tests.hostile.asking import client_at, persist, post
from tests.hostile.built import ANSWERED, MALFORMED, TOO_LONG
from tests.hostile.conftest import MEMORY, SECONDS
from tests.hostile.costly import OVER_MEMORY, TIMED_OUT
from tests.hostile.watching import MEGABYTE
from tests.served import Served

_AT_ONCE = 3  # clients that ask for the impossible; they may all run


@pytest.fixture(scope="module")
def endless(quick: Served) -> Iterator[dict[str, Future[httpx.Response]]]:
    """The answers to all queries that never end, asked by a few clients at once."""

    def ask(number: int, query: str) -> httpx.Response:
        with client_at(quick.home, 2 + number % _AT_ONCE) as client:
            return persist(partial(post, client, query))

    with ThreadPoolExecutor(_AT_ONCE) as threads:
        yield {
            name: threads.submit(ask, number, query)
            for number, (name, query) in enumerate(TIMED_OUT.items())
        }


@pytest.fixture(scope="module")
def client(server: Served) -> Iterator[httpx.Client]:
    """A client of the server with the usual time limit."""
    with client_at(server.home) as one:
        yield one


@pytest.mark.parametrize("name", TIMED_OUT)
def test_a_query_without_end_is_stopped(
    endless: dict[str, Future[httpx.Response]], name: str
) -> None:
    """What would take years ends at the time limit, which is named."""
    answer = endless[name].result()
    found = problem(answer, 503, "query-timed-out")
    assert found["limit"] == SECONDS
    assert "dump" in found["detail"]


@pytest.mark.parametrize("name", OVER_MEMORY)
def test_a_query_that_wants_all_memory_is_stopped(
    client: httpx.Client, name: str
) -> None:
    """What would fill the machine ends at the limit on memory, which is named."""
    found = problem(post(client, OVER_MEMORY[name]), 400, "query-too-large")
    assert (found["limit"], found["unit"]) == (MEMORY * MEGABYTE, "bytes of memory")
    assert "dump" in found["detail"]


@pytest.mark.parametrize("name", TOO_LONG)
def test_a_query_beyond_the_bounds_of_its_text_is_refused(
    client: httpx.Client, name: str
) -> None:
    """What the engine's recursion could not take is refused unread, by a bound that is
    named."""
    found = problem(post(client, TOO_LONG[name]), 400, "query-too-large")
    assert isinstance(found["limit"], int)
    assert found["unit"] not in ("bytes", "bytes of memory", "rows")


@pytest.mark.parametrize("name", MALFORMED)
def test_a_query_that_is_none_is_refused(client: httpx.Client, name: str) -> None:
    """What is not SPARQL 1.1 is refused in few words, however long it is."""
    answer = post(client, MALFORMED[name])
    problem(answer, 400, "query-rejected")
    assert len(answer.content) < 1_000


@pytest.mark.parametrize("name", ANSWERED)
def test_a_query_that_only_looks_bad_is_answered(
    client: httpx.Client, name: str
) -> None:
    """What can be answered is, and rightly."""
    query, value = ANSWERED[name]
    answer = post(client, query)
    assert answer.status_code == 200, answer.text
    (row,) = answer.json()["results"]["bindings"]
    assert [term["value"] for term in row.values()] == [value]


def problem(answer: httpx.Response, status: int, slug: str) -> dict[str, Any]:
    """The problem that an answer must be."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    found: dict[str, Any] = answer.json()
    assert (answer.status_code, found["type"]) == (status, f"/problems/{slug}"), found
    return found
