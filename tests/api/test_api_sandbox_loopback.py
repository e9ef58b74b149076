"""The sandbox is for this machine: where it listens, whom it answers, what it
leaves."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.__main__ import main
from tests.api.test_api_sandbox import rows, sandboxed, update
from tests.served import children, gone, until
from tests.suites.endpoint import sandbox as served_sandbox
from tests.testclient import TestClient

FOREIGN = (
    "http://evil.example",
    "null",
    "http://localhost:3000",
    "https://localhost:8000",
)
OWN = "http://localhost:8000"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[TestClient]:
    with sandboxed() as client:
        yield client


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:8000", "127.0.0.1:8000", "127.9.9.9", "[::1]", "[::1]:80"],
)
def test_loopback_hosts_are_answered(sandbox: TestClient, host: str) -> None:
    """By any name that only this machine answers to."""
    answer = sandbox.get("/sparql?query=ASK{}", headers={"Host": host})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "evil.example:8000",
        "127.0.0.1.evil.example",
        "192.168.0.7:8000",
        "0.0.0.0:8000",
        "[::]:8000",
        "localhost:8000@evil.example",
        "localhost, evil.example",
        "",
    ],
)
def test_other_hosts_are_refused_everywhere(sandbox: TestClient, host: str) -> None:
    """A name that was made to lead here is found out, by every method."""
    for method, path in (
        ("GET", "/sparql?query=ASK{}"),
        ("POST", "/sparql"),
        ("PUT", "/store?default"),
        ("GET", "/"),
    ):
        answer = sandbox.request(method, path, headers={"Host": host})
        assert answer.status_code == 421
        assert answer.json()["type"] == "/problems/not-loopback"


@pytest.mark.parametrize("origin", FOREIGN)
def test_pages_of_other_sites_may_not_write(sandbox: TestClient, origin: str) -> None:
    """Their updates and graphs are refused by Origin, and change nothing."""
    update(sandbox, "DROP ALL ; INSERT DATA { <a> <b> 1 }")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    turtle = {"Content-Type": "text/turtle"}
    for answer in (
        sandbox.post(
            "/sparql", content="update=CLEAR+ALL", headers={"Origin": origin, **form}
        ),
        sandbox.put("/store?default", headers={"Origin": origin, **turtle}),
        sandbox.post("/store", content="", headers={"Origin": origin, **turtle}),
        sandbox.delete("/store?default", headers={"Origin": origin}),
    ):
        assert answer.status_code == 403
        assert answer.json()["type"] == "/problems/foreign-origin"
    assert len(rows(sandbox)) == 1


def test_pages_may_read_and_the_sandbox_itself_may_write(sandbox: TestClient) -> None:
    """A query is answered whatever Origin it has, and the form of the sandbox's own
    page changes the store."""
    answer = sandbox.post(
        "/sparql",
        content="ASK {}",
        headers={"Content-Type": "application/sparql-query", "Origin": FOREIGN[0]},
    )
    assert answer.json()["boolean"] is True
    written = sandbox.post(
        "/sparql",
        content="update=CLEAR+ALL",
        headers={"Content-Type": "application/x-www-form-urlencoded", "Origin": OWN},
    )
    assert written.status_code == 204


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--host", ".".join("0000")], "127.0.0.1"),
        (["--host", "::"], "127.0.0.1"),
        (["--host", "example.org"], "127.0.0.1"),
        (["--data", "var/demo"], "no --data"),
        (["--base", "http://localhost"], "no --base"),
        (["--processes", "1"], "no --processes"),
    ],
)
def test_it_listens_nowhere_else_and_takes_no_registers(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another address, or anything of registers, is an error that says what to do."""
    assert main(["--sandbox", "--port", "0", *words]) == 2
    said = capsys.readouterr()
    assert told in said.err
    assert said.out == ""


def test_it_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When it ends, its folder and its processes are gone; while it runs, nobody else
    can read the folder. TRIGPOINT_DATA means nothing to it."""
    monkeypatch.setenv("TMPDIR", os.fspath(tmp_path))
    monkeypatch.setenv("TRIGPOINT_DATA", os.fspath(tmp_path / "none"))
    with served_sandbox("--host", "::1", "--workers", "1") as endpoint:
        assert endpoint.post_update("INSERT DATA { <a> <b> 1 }").status_code == 204
        assert len(endpoint.everything()) == 1
        (folder,) = tmp_path.iterdir()
        assert folder.stat().st_mode & 0o077 == 0
        started = children(endpoint.pid)
        assert started
        os.kill(endpoint.pid, signal.SIGINT)
        until(lambda: gone(endpoint.pid))
    until(lambda: all(map(gone, started)))
    assert list(tmp_path.iterdir()) == []


def test_workers_and_writer_end_with_a_server_that_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed without a word it leaves no process; its folder stays."""
    monkeypatch.setenv("TMPDIR", os.fspath(tmp_path))
    with served_sandbox("--workers", "1") as endpoint:
        assert endpoint.post_update("INSERT DATA { <a> <b> 1 }").status_code == 204
        started = children(endpoint.pid)
        os.kill(endpoint.pid, signal.SIGKILL)
        until(lambda: all(map(gone, [endpoint.pid, *started])))
        with pytest.raises(httpx.TransportError):
            endpoint.post_update("CLEAR ALL")
