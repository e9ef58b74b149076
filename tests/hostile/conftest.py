"""Two servers of the sample for hostile clients, and a trap that nobody may touch."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.hostile.asking import client_at, path_of, persist
from tests.hostile.trap import Trap, trapping
from tests.hostile.watching import MEGABYTE, Holding, holding
from tests.served import Served, gone, served, until

MEMORY = 256  # megabytes that a query may take here
SECONDS = 1.0  # that a query may take on the quick server
_GROWTH = 96 * MEGABYTE  # of all server processes: buffers, and what Python keeps


@pytest.fixture(scope="package")
def server(demo: Path) -> Iterator[Served]:
    """A server of two processes that must hold at the end what it held at first."""
    with served(demo, 2, "--query-memory", str(MEMORY)) as running:
        yield from _unharmed(running)


@pytest.fixture(scope="package")
def quick(demo: Path) -> Iterator[Served]:
    """The same, with little time for a query."""
    words = ("--query-memory", str(MEMORY), "--query-seconds", str(SECONDS))
    with served(demo, 2, *words) as running:
        yield from _unharmed(running)


@pytest.fixture(scope="session")
def trap() -> Iterator[Trap]:
    """A listener that no query may reach."""
    with trapping() as one:
        yield one


def _unharmed(server: Served) -> Iterator[Served]:
    """Check, once its clients are gone, that nothing crashed and nothing leaked."""
    _asked(server)
    before = holding(server)
    yield server
    until(lambda: _as_before(before, holding(server)))
    _asked(server)
    everybody = server.everybody()
    server.process.terminate()
    status, errors = server.ended()
    assert status == 0
    assert "Traceback" not in errors, errors
    assert "is replaced" not in errors  # no server process died
    assert all(map(gone, everybody))


def _asked(server: Served) -> None:
    """Ask over several connections, so that each server process answers one."""
    for last in range(1, 9):
        with client_at(server.home, last) as client:
            answer = persist(partial(client.get, path_of("ASK {}")))
            assert answer.json()["boolean"] is True


def _as_before(before: Holding, now: Holding) -> bool:
    return (
        now.servers == before.servers
        and len(now.workers) == len(before.workers)
        and not now.zombies
        and now.files <= before.files + 8  # sockets that wait for their next request
        and now.memory <= before.memory + _GROWTH
    )
