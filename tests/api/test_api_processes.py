"""Several server processes on one port: shared out, replaced, ended together."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import time
from functools import partial
from pathlib import Path

import httpx
import pytest

from api.listening import listen
from api.server import Setup
from api.supervisor import shares, supervise
from tests.api.sample import frame
from tests.copies import copy_data
from tests.served import children, descendants, gone, served, until
from trigpoint.log.entry import Batch
from trigpoint.register import Registers
from trigpoint.staging import Load

POINT = "/lookup/point?lon=-0.1276&lat=51.5072"


def test_they_answer_follow_are_replaced_and_end(data: Path, tmp_path: Path) -> None:
    """Two processes share out connections and see what is loaded at once; one that is
    killed is replaced, and a signal ends them all, their query workers too."""
    copy = copy_data(data, tmp_path / "data")
    with served(copy) as server:
        answers = {server.get(POINT).text for _ in range(12)}
        assert len(answers) == 1
        assert len(json.loads(answers.pop())["areas"]) == 1

        rows = frame([{"country": "FR", "name": "France"}])
        Registers.open(copy, write=True).load(
            [Load("country", rows)], Batch("test", "A release"), force=True
        )
        path = "/registers/country/records/FR"
        assert {server.get(path).status_code for _ in range(12)} == {200}

        first, second = server.pids()
        workers = descendants(second)
        os.kill(second, signal.SIGKILL)
        until(lambda: len(server.pids()) == 2 and second not in server.pids())
        until(lambda: all(map(gone, workers)))
        assert first in server.pids()
        assert {server.get(POINT).status_code for _ in range(12)} == {200}

        until(lambda: all(map(children, server.pids())))
        running = server.everybody()
        server.process.send_signal(signal.SIGTERM)
        status, errors = server.ended()
        assert status == 0
        assert re.fullmatch(
            r"a server process ended \(status -9\) and is replaced\n", errors
        )
        assert all(map(gone, running))


def test_none_is_left_when_the_first_process_is_killed(data: Path) -> None:
    """Processes that nobody watches end by themselves, and free the port."""
    with served(data) as server:
        running = server.everybody()
        server.process.kill()
        until(lambda: all(map(gone, running)))
        port = int(server.home.rpartition(":")[2])
        listen("127.0.0.1", port)[0].close()


def test_all_end_when_one_cannot_start(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A process that ends before it is ready ends all, with code 2 and the reason."""
    setup = Setup(tmp_path / "nothing", "http://localhost:8000", 1, leads=True)
    assert supervise([setup], listen("127.0.0.1", 0)) == 2
    errors = capfd.readouterr().err
    assert "nothing holds no registers" in errors
    assert errors.endswith("ended before it was ready (status 2)\n")


def test_a_process_does_not_outlive_one_that_cannot_be_started(data: Path) -> None:
    """What was started by then ends with the supervisor that could not go on."""
    setup = Setup(data, "http://localhost:8000", 1, leads=True)
    before = children(os.getpid())
    with pytest.raises(ValueError, match="shorter"):
        supervise([setup, setup], listen("127.0.0.1", 0))
    assert children(os.getpid()) == before


def test_a_port_is_shared_with_nobody_else() -> None:
    """Sockets of one server share a port; a second server there is refused."""
    first = listen("127.0.0.1", 0, 3)
    port = first[0].getsockname()[1]
    assert {one.getsockname()[1] for one in first} == {port}
    for times in (1, 2):
        with pytest.raises(OSError, match=f"cannot listen on 127.0.0.1 port {port}"):
            listen("127.0.0.1", port, times)
    for one in first:
        one.close()


def test_each_process_has_its_query_workers_and_one_leads() -> None:
    """All serve the same, and only the first does what one may do."""
    setup = Setup(Path("data"), "http://localhost:8000", 5, leads=True)
    assert [(one.workers, one.leads) for one in shares(setup, 3)] == [
        (5, True),
        (5, False),
        (5, False),
    ]


def test_a_head_or_a_chunk_that_goes_on_is_refused(data: Path) -> None:
    """A request line, a header, a trailer and the size of a chunk are read only so
    far; what fits is answered on the same connection."""
    long = b"x" * 500_000
    chunked = b"POST /sparql HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    with served(data) as server:
        host, port = server.home.removeprefix("http://").split(":")
        for first, then in (
            (b"GET /", long),
            (b"GET / HTTP/1.1\r\n", long),
            (chunked, b"1;" + long),
            (chunked + b"1\r\na\r\n0\r\n", b"X: " + long),
        ):
            with socket.create_connection((host, int(port)), timeout=20) as connection:
                connection.sendall(first)
                time.sleep(0.2)  # so that the parts are not read as one
                connection.sendall(then)
                answer = b"".join(iter(partial(connection.recv, 65_536), b""))
                assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 415"))
                assert b"A head has more than 65536 bytes" in answer
        with httpx.Client(base_url=server.home, timeout=20) as client:
            assert client.get("/", headers={"X": "x" * 60_000}).status_code == 431
            assert client.get(POINT).status_code == 200
