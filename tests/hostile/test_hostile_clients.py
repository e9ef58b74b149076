"""Hostile clients: slow ones, many at once, and those that leave in the middle."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager

import httpx
import pytest

from tests.hostile.asking import PATIENCE, client_at, path_of, post, wired
from tests.hostile.costly import TIMED_OUT, counting, product
from tests.hostile.test_hostile_queries import problem
from tests.hostile.watching import MEGABYTE, holding, idle
from tests.served import Served, until

_ENDLESS = path_of(TIMED_OUT["product of three patterns"])
_SHORT = path_of("ASK {}")
# Some 20 MB, and quick to make.
_ROWS = 100_000
_MANY = f"SELECT ?s0 ?s1 {{ {product(2)} }} LIMIT {_ROWS}"
_SMALL_WINDOW = 4_096  # bytes that the kernel takes for a client that does not read
_CROWD = 500
_BUSY = "/problems/query-busy"
_TOO_MANY = "/problems/too-many-queries"

STAGES: dict[str, Sequence[bytes]] = {
    "before a word": [b""],
    "in the request line": [b"GET /spar"],
    "in the head": [b"GET /sparql?query=ASK%7B%7D HTTP/1.1\r\nHost: loc"],
    "before the body": [
        b"POST /sparql HTTP/1.1\r\nHost: a\r\nContent-Type: application/sparql-query"
        b"\r\nContent-Length: 900\r\n\r\n"
    ],
    "in the body": [
        b"POST /sparql HTTP/1.1\r\nHost: a\r\nContent-Type: application/sparql-query"
        b"\r\nContent-Length: 900\r\n\r\nSELECT * {"
    ],
    "in a chunk": [
        b"POST /sparql HTTP/1.1\r\nHost: a\r\nContent-Type: application/sparql-query"
        b"\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nSELECT"
    ],
    "while a short query runs": [f"GET {_SHORT} HTTP/1.1\r\nHost: a\r\n\r\n".encode()],
    "while a query without end runs": [
        f"GET {_ENDLESS} HTTP/1.1\r\nHost: a\r\n\r\n".encode()
    ],
    "while HEAD of one runs": [f"HEAD {_ENDLESS} HTTP/1.1\r\nHost: a\r\n\r\n".encode()],
    "with more requests in the pipe": [
        f"GET {_ENDLESS} HTTP/1.1\r\nHost: a\r\n\r\n".encode() * 5
    ],
}


def workers_idle(server: Served) -> bool:
    """Whether no worker has anything to do."""
    return idle(holding(server).workers)


@pytest.mark.parametrize("stage", STAGES)
def test_clients_that_leave(server: Served, stage: str) -> None:
    """Whenever ten clients leave, what they asked for is given up long before its time
    is over, and the next is answered."""
    for number in range(10):
        with wired(server.home, 2 + number % 5) as wire:
            for part in STAGES[stage]:
                wire.send(part)
    until(lambda: workers_idle(server), 7)
    with client_at(server.home, 2) as client:
        assert client.get(_SHORT).json()["boolean"] is True


def test_clients_that_leave_in_the_middle_of_an_answer(server: Served) -> None:
    """What is left of a long answer is not made for a client that is gone."""
    for number in range(6):
        with wired(server.home, 2 + number % 3) as wire:
            wire.get(path_of(_MANY))
            assert wire.line().startswith(b"HTTP/1.1 200")
    until(lambda: workers_idle(server), 7)
    with client_at(server.home, 2) as client:
        assert client.get(_SHORT).json()["boolean"] is True


def test_readers_that_do_not_read(server: Served) -> None:
    """Clients that ask for much and read nothing hold no worker and little memory; one
    that reads in the end has all of it."""
    before = holding(server).memory
    with ExitStack() as stack:
        slow = [
            stack.enter_context(wired(server.home, 2, _SMALL_WINDOW)) for _ in range(8)
        ]
        for wire in slow:
            wire.get(path_of(_MANY))
        until(lambda: workers_idle(server))
        for last in (2, 3):
            with client_at(server.home, last) as client:
                assert client.get(_SHORT).json()["boolean"] is True
        assert holding(server).memory < before + 96 * MEGABYTE
        answer = slow[-1].answer()
    assert answer.whole
    assert len(json.loads(answer.body)["results"]["bindings"]) == _ROWS


def test_senders_that_do_not_send(server: Served) -> None:
    """Hundreds of clients that begin and do not go on keep nobody from an answer."""
    begun = [
        parts[0] for parts in STAGES.values() if not parts[0].endswith(b"\r\n\r\n")
    ]
    with ExitStack() as stack:
        for number in range(300):
            wire = stack.enter_context(wired(server.home, 2 + number % 100))
            wire.send(begun[number % len(begun)])
        for last in range(1, 5):
            with client_at(server.home, last) as client:
                assert client.get(_SHORT).json()["boolean"] is True


def test_one_client_does_not_keep_another_waiting(server: Served) -> None:
    """While one client's worst queries run and wait, another's are answered."""
    with ExitStack() as stack:
        for _ in range(12):
            stack.enter_context(wired(server.home, 2)).get(_ENDLESS)
        until(lambda: not workers_idle(server))
        for last in range(3, 9):
            with client_at(server.home, last) as client:
                answer = client.get(path_of(counting("?a a ?b")))
                assert answer.status_code == 200, answer.text
    until(lambda: workers_idle(server), 7)


def test_more_of_one_client_than_may_wait(quick: Served) -> None:
    """Five hundred hard queries of one client at once: some run and end at the limit,
    the others are told when to come again; another client is answered meanwhile."""
    statuses = Counter[int]()

    async def ask(client: httpx.AsyncClient) -> None:
        answer = await client.get(_ENDLESS)
        found = answer.json()
        statuses[answer.status_code] += 1
        if found["type"] == "/problems/query-timed-out":
            assert answer.status_code == 503
        else:
            many = answer.status_code == 429
            assert found["type"] == (_TOO_MANY if many else _BUSY)
            assert answer.status_code in (429, 503)
            assert int(answer.headers["retry-after"]) > 0
            assert found["limit"]

    async def crowd() -> None:
        async with (
            _many_at(quick.home, 2) as client,
            _many_at(quick.home, 3) as other,
            asyncio.TaskGroup() as tasks,
        ):
            for _ in range(_CROWD):
                tasks.create_task(ask(client))
            await asyncio.sleep(0.5)
            assert (await other.get(_SHORT)).json()["boolean"] is True

    asyncio.run(crowd())
    assert statuses.total() == _CROWD
    assert statuses[429] > statuses[503] > 0


def test_five_hundred_at_once(server: Served) -> None:
    """Five hundred short queries from a hundred clients at once are each answered, or
    told to come again; whoever does so is answered."""
    later = Counter[int]()

    async def ask(client: httpx.AsyncClient, number: int) -> None:
        query = path_of(f"SELECT ({number} AS ?n) {{}}", format="csv")
        while (answer := await client.get(query)).status_code != 200:
            assert answer.status_code in (429, 503)
            assert answer.json()["type"] in (_BUSY, _TOO_MANY)
            assert int(answer.headers["retry-after"]) > 0
            later[number] += 1
            await asyncio.sleep(0.2)
        assert answer.text == f"n\r\n{number}\r\n"

    async def crowd() -> None:
        async with _crowd_at(server.home) as clients, asyncio.TaskGroup() as tasks:
            for number in range(_CROWD):
                tasks.create_task(ask(clients[number % len(clients)], number))

    asyncio.run(crowd())
    assert len(later) < _CROWD


def test_an_answer_that_passes_a_limit_is_never_taken_for_whole(
    server: Served,
) -> None:
    """What fails after its first rows were sent is broken off: chunks do not end, and a
    client of HTTP/1.0, which has no chunks, sees its connection reset."""
    path = path_of(f"SELECT ?s0 {{ {product(2)} }}", format="tsv")
    with wired(server.home) as wire:
        wire.get(path)
        answer = wire.answer()
        assert answer.status == 200
        assert not answer.whole
        assert answer.body.count(b"\n") > 900_000
    with wired(server.home) as wire:
        wire.send(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
        with pytest.raises(ConnectionResetError):
            wire.rest()


def test_workers_that_are_killed_are_replaced(server: Served) -> None:
    """A worker that something else kills fails the query that it runs, and no other."""
    before = holding(server).workers
    with client_at(server.home, 2) as client, ThreadPoolExecutor(1) as thread:
        running = thread.submit(post, client, TIMED_OUT["product of groups"])
        until(lambda: not idle(before))
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        problem(running.result(PATIENCE), 503, "query-failed")
    until(lambda: len(holding(server).workers) == len(before))
    with client_at(server.home, 2) as client:
        for _ in range(10):
            assert client.get(_SHORT).json()["boolean"] is True


def _many_at(home: str, last: int) -> httpx.AsyncClient:
    """A client of many connections."""
    bounds = httpx.Limits(max_connections=None)
    transport = httpx.AsyncHTTPTransport(local_address=f"127.0.0.{last}", limits=bounds)
    return httpx.AsyncClient(base_url=home, transport=transport, timeout=PATIENCE)


@asynccontextmanager
async def _crowd_at(home: str) -> AsyncIterator[list[httpx.AsyncClient]]:
    """A hundred clients, each at an address of its own."""
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(_many_at(home, last))
            for last in range(2, 102)
        ]
