"""`python -m api` as people start it: a real process on a real port."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.served import descendants
from trigpoint.register import LOG_FILE, Registers

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "api", "--processes", "1"]


@contextmanager
def served(*arguments: str, **environment: str) -> Iterator[tuple[list[str], int]]:
    """A server that has printed its addresses; those, and its process id."""
    process = subprocess.Popen(
        [*COMMAND, "--port", "0", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        lines = [process.stdout.readline() for _ in range(3)]
        yield [line.split(maxsplit=1)[0] for line in lines], process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=20)
    assert "Traceback" not in errors, errors


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_server_prints_three_addresses_that_work_and_ends_its_workers(
    data: Path,
) -> None:
    """The three addresses printed answer, and no query worker outlives the server."""
    with served("--data", str(data), "--workers", "2") as (addresses, pid):
        assert len(addresses) == 3
        for address in addresses:
            assert re.match(r"http://127\.0\.0\.1:\d+/", address)
            headers = {"Accept": "text/html"}
            assert httpx.get(address, headers=headers, timeout=20).status_code == 200
        port = addresses[0].split(":")[2].strip("/")
        asked = httpx.get(
            f"http://127.0.0.1:{port}/sparql", params={"query": "ASK {}"}, timeout=20
        )
        assert asked.json()["boolean"] is True
        assert "server" not in asked.headers
        workers = descendants(pid)
        assert len(workers) == 3  # two, and what they are forked from
    assert not [worker for worker in workers if alive(worker)]


def test_encoded_paths_come_through_a_real_server(data: Path) -> None:
    """An encoded slash reaches its record, and HEAD has no body, over the wire."""
    with served(TRIGPOINT_DATA=str(data)) as (addresses, _):
        url = f"{addresses[0].rstrip('/')}/registers/trap/records/%C3%A4%2F%C3%B6"
        answer = httpx.get(url, timeout=20)
        assert answer.json()["trap"] == "ä/ö"
        head = httpx.head(url, timeout=20)
        assert head.headers["content-length"] == answer.headers["content-length"]
        assert head.content == b""


def test_a_request_that_is_no_http_is_refused(data: Path) -> None:
    """Garbage and endless headers on the wire end that connection and no other."""
    with served("--data", str(data)) as (addresses, _):
        host, port = "127.0.0.1", int(addresses[0].split(":")[2].strip("/"))
        for bytes_sent in (b"\x16\x03\x01 nonsense\r\n\r\n", b"GET / HTTP/1.1\r\nX: "):
            with socket.create_connection((host, port), timeout=20) as connection:
                connection.sendall(bytes_sent + b"x" * 100_000)
                assert b" 400 " in connection.recv(1000).split(b"\r\n")[0] + b" "
        assert httpx.get(addresses[0], timeout=20).status_code == 200


def test_an_interrupt_at_the_terminal_ends_it_quietly(data: Path) -> None:
    """Ctrl-C ends the server with code 0 and no traceback."""
    process = subprocess.Popen(
        [*COMMAND, "--port", "0", "--data", str(data)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    address = process.stdout.readline().split()[0]
    until_served(address)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")


def until_served(address: str) -> None:
    """Wait for a server that listens already to answer."""
    assert httpx.get(address, timeout=20).status_code == 200


def test_a_log_without_registers_is_served(tmp_path: Path) -> None:
    """What a refused first load leaves behind is served, and says that it is empty."""
    Registers.open(tmp_path, write=True).log.close()
    with served("--data", str(tmp_path)) as (addresses, _):
        for address in addresses:
            assert httpx.get(address, timeout=20).status_code == 200
        home = addresses[0].rstrip("/")
        assert httpx.get(home, timeout=20).json()["registers"] == 0
        page = httpx.get(home, headers={"Accept": "text/html"}, timeout=20).text
        assert "No register is held yet" in page
        assert httpx.get(f"{home}/registers", timeout=20).json() == {"registers": []}
        for path in ("dumps", "openapi.json", "health", "sparql?query=ASK+%7B%7D"):
            assert httpx.get(f"{home}/{path}", timeout=20).status_code == 200, path
        point = httpx.get(f"{home}/lookup/point?lon=0&lat=51.5", timeout=20)
        assert point.json()["areas"] == []
        nearest = f"{home}/lookup/nearest?lon=0&lat=51.5&register=address"
        assert httpx.get(nearest, timeout=20).status_code == 404


@pytest.mark.parametrize("part", ["positions/address*", "boundaries*", "graph/*"])
def test_a_damaged_view_is_built_anew_before_it_is_served(
    part: str, data: Path, tmp_path: Path
) -> None:
    """A view of which a part is not what it was is built again from the log."""
    copy = tmp_path / "data"
    shutil.copytree(data, copy)
    view = copy / "views" / (copy / "views" / "current").read_text()
    files = [file for one in view.glob(part) for file in (one, *one.rglob("*"))]
    for file in filter(Path.is_file, files):
        if "graph" in part:
            file.unlink()
        else:
            file.write_bytes(b"torn")
    assert files
    with served("--data", str(copy)) as (addresses, _):
        home = addresses[0].rstrip("/")
        near = f"{home}/lookup/nearest?lon=-0.1&lat=51.5&register=address&limit=1"
        assert len(httpx.get(near, timeout=20).json()["records"]) == 1
        point = httpx.get(f"{home}/lookup/point?lon=-0.1276&lat=51.5072", timeout=20)
        assert len(point.json()["areas"]) == 1
        query = {"query": "ASK { ?s ?p ?o }"}
        asked = httpx.get(f"{home}/sparql", params=query, timeout=20)
        assert asked.json()["boolean"] is True


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--data DIR, or TRIGPOINT_DATA"),
        (["--data", "/nowhere/at/all"], "/nowhere/at/all holds no registers"),
        (["--data", "{empty}"], "holds no registers: load one first"),
        (["--data", "{torn}"], "database disk image is malformed"),
        (["--data", "{stuck}"], "Is a directory"),
        (["--data", "{data}", "--port", "99999999"], "cannot listen on"),
        (["--data", "{data}", "--host", "203.0.113.7"], "cannot listen on 203.0.113.7"),
        (["--data", "{data}", "--port", "x"], "invalid int value"),
        (["--data", "{data}", "--query-seconds", "0"], "argument --query-seconds"),
        (["--data", "{data}", "--query-seconds", "inf"], "argument --query-seconds"),
        (["--data", "{data}", "--query-memory", "-1"], "argument --query-memory"),
    ],
)
def test_usage_faults_exit_2_with_one_line(
    arguments: list[str], message: str, data: Path, tmp_path: Path
) -> None:
    """A missing, empty or torn directory and a port that is none end with code 2."""
    known = {"empty": str(tmp_path), "data": str(data)}
    for name in ("torn", "stuck"):
        known[name] = str(shutil.copytree(data, tmp_path / name))
    tear(tmp_path / "torn" / LOG_FILE)
    (tmp_path / "stuck" / "views" / "current").unlink()
    (tmp_path / "stuck" / "views" / "lock").unlink()
    (tmp_path / "stuck" / "views" / "lock").mkdir()
    words = [argument.format(**known) for argument in arguments]
    environment = {n: v for n, v in os.environ.items() if n != "TRIGPOINT_DATA"}
    done = subprocess.run(
        [*COMMAND, *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert message in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def tear(file: Path) -> None:
    """Overwrite all of a log but its first page."""
    whole = file.read_bytes()
    file.write_bytes(whole[:8192] + b"\x00" * (len(whole) - 8192))
