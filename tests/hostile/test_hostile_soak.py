"""As many hostile queries as an hour has seconds, twice over, among ordinary ones."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import httpx
import pytest

from tests.hostile.asking import SPARQL_QUERY, client_at, post, wired
from tests.hostile.built import ANSWERED, MALFORMED, TOO_LONG
from tests.hostile.calls import DATASETS, HARMLESS, SERVICES, TRAP, UPDATES
from tests.hostile.costly import OVER_MEMORY, TIMED_OUT
from tests.hostile.pacing import Pace, pace
from tests.hostile.trap import Trap
from tests.hostile.watching import MEGABYTE, Holding, holding, idle, resident
from tests.served import Served, served, until

_QUERIES = 7_200  # an hour of two a second
_STRETCHES = 10
_CLIENTS = 4  # at once, each at an address of its own
_LEAVING = 0.1  # of the clients do not wait for their answer
_QUIET = 10.0  # seconds

_REJECTED = frozenset({"400 /problems/query-rejected"})
_ENDED = frozenset({"503 /problems/query-timed-out", "400 /problems/query-too-large"})
_GOOD = frozenset({"200"})
# With little time and all workers busy anything may be late, or turned away.
_BUSY = frozenset(
    {
        "429 /problems/too-many-queries",
        "503 /problems/query-busy",
        "503 /problems/query-timed-out",
    }
)
# How each kind may end; what needs nearly all of a limit may meet another one first.
_KINDS: Sequence[tuple[Mapping[str, object], frozenset[str]]] = (
    (TIMED_OUT, _ENDED),
    (OVER_MEMORY, _ENDED),
    (TOO_LONG, frozenset({"400 /problems/query-too-large"})),
    (MALFORMED, _REJECTED),
    (SERVICES, _REJECTED),
    (DATASETS, _REJECTED),
    (UPDATES, _REJECTED),
    (HARMLESS, _GOOD),
    (ANSWERED, _GOOD | _ENDED),
)


@dataclass(frozen=True)
class _Asked:
    """A query, and how its answer may begin."""

    name: str
    query: str
    outcomes: frozenset[str]


@pytest.mark.long
def test_an_hour_of_hostile_queries(
    demo: Path, trap: Trap, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every query has the outcome that is its own, ordinary clients are answered all
    the while, and at the end the server holds what it held at the start."""
    words = ("--query-seconds", "1", "--query-memory", "256")
    with (
        served(demo, 2, *words) as server,
        ProcessPoolExecutor(1, get_context("spawn")) as apart,
        capsys.disabled(),
    ):
        quiet = apart.submit(pace, server.home, _QUIET, 200).result()
        first = _report("quiet, at first", server, quiet)
        outcomes = Counter[str]()
        rounds = [_stretch(server, trap, apart, n, outcomes) for n in range(_STRETCHES)]
        until(lambda: idle(holding(server).workers))
        end = apart.submit(pace, server.home, _QUIET, 200).result()
        last = _report("quiet, at last", server, end)
        print("outcomes:", dict(outcomes.most_common()))
        print(f"standard error: {len(server.errors())} characters")
        assert "Traceback" not in server.errors()
    assert outcomes.total() == _QUERIES
    assert trap.connections == 0
    assert last.servers == first.servers
    assert len(last.workers) == len(first.workers)
    assert not last.zombies
    assert last.files <= first.files + 8
    # Caches and pools are full after the first stretch: more is a leak.
    assert last.memory <= rounds[0].memory + 48 * MEGABYTE


def _stretch(
    server: Served,
    trap: Trap,
    apart: ProcessPoolExecutor,
    number: int,
    outcomes: Counter[str],
) -> Holding:
    """A tenth of it, while the pace of ordinary answers is measured."""
    chance = random.Random(number)
    count = _QUERIES // _STRETCHES
    chosen = [_choose(chance, trap) for _ in range(count)]
    running: Future[tuple[Pace, Pace]] = apart.submit(pace, server.home, _QUIET, 200)
    with ThreadPoolExecutor(_CLIENTS) as threads:
        lasts = [2 + n % _CLIENTS for n in range(count)]
        leaving = [chance.random() < _LEAVING for _ in range(count)]
        homes = [server.home] * count
        for outcome in threads.map(_ask, homes, lasts, chosen, leaving):
            outcomes[outcome] += 1
    return _report(f"stretch {number + 1}", server, running.result())


def _choose(chance: random.Random, trap: Trap) -> _Asked:
    tables = [len(table) for table, _ in _KINDS]
    table, outcomes = chance.choices(_KINDS, tables)[0]
    name = chance.choice(list(table))
    found = table[name]
    query = found[0] if isinstance(found, tuple) else found
    assert isinstance(query, str)
    return _Asked(name, query.replace(TRAP, trap.url), outcomes)


def _ask(home: str, last: int, asked: _Asked, leaving: bool) -> str:
    """Ask, and return how it ended, which must be one of the ways that it may."""
    if leaving:
        body = asked.query.encode()
        head = (
            f"POST /sparql HTTP/1.1\r\nHost: a\r\nContent-Type: {SPARQL_QUERY}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        with wired(home, last) as wire:
            wire.send(head.encode() + body)
        return "left"
    with client_at(home, last) as client:
        answer = post(client, asked.query)
    outcome = _outcome(answer)
    assert outcome in asked.outcomes | _BUSY, f"{asked.name}: {answer.text}"
    return outcome


def _outcome(answer: httpx.Response) -> str:
    if answer.status_code == 200:
        return "200"
    return f"{answer.status_code} {answer.json()['type']}"


def _report(when: str, server: Served, paces: tuple[Pace, Pace]) -> Holding:
    held = holding(server)
    workers = sum(resident(pid) for pid in held.workers) / MEGABYTE
    print(
        f"{when}: {len(held.servers)} server processes of "
        f"{held.memory / MEGABYTE:.0f} MB and {held.files} files, {len(held.workers)} "
        f"workers of {workers:.0f} MB; look-up {paces[0]}; record query {paces[1]}",
        flush=True,
    )
    return held
