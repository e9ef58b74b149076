"""Publishing under a running server: nothing is dropped, and nothing old is kept."""

from __future__ import annotations

import os
import shutil
import socket
import threading
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import httpx
import polars as pl
import pytest

from tests.served import Served, served, until
from trigpoint.log.entry import Batch
from trigpoint.register import Registers
from trigpoint.staging import Load

BATCH = Batch("test", "A test", files=(("a.csv", "sha-256:00"),), licence="http://x/l")
HOSPITAL = Path(__file__).parents[1] / "fixtures" / "hospital"
COUNT = """SELECT (COUNT(?name) AS ?n) {
  ?hospital <http://www.w3.org/2000/01/rdf-schema#label> ?name
  FILTER(STRSTARTS(STR(?hospital), "http://localhost:8000/id/hospital/")) }"""
# Goes on until somebody ends it.
ENDLESS = """SELECT (COUNT(*) AS ?n) FROM </graph/ontology> {
  ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l FILTER(?a != ?d || ?g != ?j) }"""
READERS = 4
PUBLISHES = 10


@pytest.fixture
def registers(tmp_path: Path) -> Registers:
    """Two hospitals."""
    for folder, file in (("shapes", "shape.ttl"), ("ontology", "terms.ttl")):
        (tmp_path / folder).mkdir()
        shutil.copy(HOSPITAL / file, tmp_path / folder / "hospital.ttl")
    registers = Registers.open(tmp_path, write=True)
    load(registers, 1)
    load(registers, 2)
    return registers


def load(registers: Registers, number: int) -> None:
    row = {"hospital": f"R{number:02}", "name": str(number), "point": "[-0.1,51.5]"}
    loaded = registers.load([Load("hospital", pl.DataFrame([row]))], BATCH, force=True)
    assert loaded.appended


class Stream(threading.Thread):
    """Asks the same query again and again, and keeps what it was answered."""

    def __init__(self, home: str, end: threading.Event) -> None:
        super().__init__()
        self._home, self._end = home, end
        self.answers: list[tuple[int, str, str]] = []

    def run(self) -> None:
        with httpx.Client(base_url=self._home, timeout=30) as client:
            while not self._end.is_set():
                found = client.get("/sparql", params={"query": COUNT, "format": "csv"})
                size = found.headers.get("trigpoint-log-size", "")
                self.answers.append((found.status_code, size, found.text.split()[-1]))


def versions(registers: Registers) -> list[str]:
    return sorted(
        one.name for one in (registers.data / "views").iterdir() if one.is_dir()
    )


def only_newest(registers: Registers) -> bool:
    return versions(registers) == [str(registers.view().version)]


def open_versions(server: Served, registers: Registers) -> set[str]:
    """The versions of which a server process or a worker has a file open, there or
    removed."""
    views = f"{registers.data.resolve() / 'views'}/"
    found = set()
    for pid in server.everybody():
        for one in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # closed meanwhile
                found.add(os.readlink(one))
    names = (path.removeprefix(views) for path in found if path.startswith(views))
    return {name.partition("/")[0].lstrip(".") for name in names} - {"lock"}


def test_ten_publishes_under_queries_drop_none(registers: Registers) -> None:
    """Each answer is whole and counts what its log size says; at the end one version
    is left, and no file of another is open."""
    end = threading.Event()
    with served(registers.data, 2, "--workers", "2") as server:
        streams = [Stream(server.home, end) for _ in range(READERS)]
        for stream in streams:
            stream.start()
        try:
            for number in range(3, 3 + PUBLISHES):
                load(registers, number)
        finally:
            end.set()
            for stream in streams:
                stream.join(30)
        answers = [answer for stream in streams for answer in stream.answers]
        assert {status for status, _, _ in answers} == {200}
        assert all(size == f"hospital={count}" for _, size, count in answers)
        assert len({count for _, _, count in answers}) > PUBLISHES // 2
        until(lambda: only_newest(registers))
        newest = str(registers.view().version)
        until(lambda: open_versions(server, registers) == {newest})


def test_a_version_goes_with_its_last_query(registers: Registers) -> None:
    """While a query runs over it a version stays, however many come after it, and then
    it goes without another publish."""
    old = str(registers.view().version)
    request = f"GET /sparql?query={quote(ENDLESS)} HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with served(registers.data, 2, "--query-seconds", "60") as server:
        before = worked(server)
        url = httpx.URL(server.home)
        with socket.create_connection((url.host, url.port or 80)) as asking:
            asking.sendall(request.encode())
            until(lambda: worked(server) > before + 0.5)
            load(registers, 3)
            load(registers, 4)
            until(lambda: "hospital=4" in server.get("/").headers["trigpoint-log-size"])
            newest = str(registers.view().version)
            until(lambda: versions(registers) == [old, newest])
        until(lambda: only_newest(registers))


def worked(server: Served) -> float:
    """Seconds of processor time that the query workers have had."""
    ticks = 0
    for pid in set(server.everybody()) - set(server.pids()):
        ticks += int(
            Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11]
        )
    return ticks / os.sysconf("SC_CLK_TCK")


def test_a_killed_server_keeps_no_version(registers: Registers) -> None:
    """Its leases end with it, so the next publish leaves one version."""
    with served(registers.data, 2) as server:
        for pid in (server.process.pid, *server.everybody()):
            os.kill(pid, 9)
        server.process.wait()
    load(registers, 3)
    assert only_newest(registers)
