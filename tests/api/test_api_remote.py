"""A server whose graph another SPARQL server keeps, from first publish to the end."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from typer.testing import CliRunner

from api.__main__ import main
from bench.oxigraph import oxigraph
from tests.copies import copy_data
from tests.redaction.secret import NAME, SCHOOL, build, load, school
from tests.served import Served, served, until
from trigpoint.cli import app
from trigpoint.redaction import find, redact
from trigpoint.register import Registers


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("remote") / "data"
    build(data).log.close()
    return data


def named(server: Served, name: str) -> httpx.Response:
    """Whether anything has that name."""
    return server.get("/sparql?format=json&query=" + quote(f'ASK {{ ?s ?p "{name}" }}'))


def named_now(server: Served, name: str) -> httpx.Response:
    """The first answer that says so: of the two processes each finds out by itself."""
    answers: list[httpx.Response] = []

    def told() -> bool:
        answers.append(named(server, name))
        return b"true" in answers[-1].content

    until(told)
    return answers[-1]


def test_another_server_is_kept_up_to_date(built: Path, tmp_path: Path) -> None:
    """The server publishes what it serves, again when that changes, tells nothing that
    is withheld, and says when the other one is gone; other doors do not mind."""
    data = copy_data(built, tmp_path / "data")
    with oxigraph() as other:
        addresses = ("--sparql-endpoint", f"{other.home}/query")
        more = ("--sparql-update", f"{other.home}/update")
        with served(data, 2, *addresses, *more) as server:
            first = named_now(server, NAME)
            assert "school-eng=302" in first.headers["trigpoint-log-size"]

            registers = Registers.open(data, write=True)
            load(registers, "school-eng", school("100100", "Corrected"))
            again = named_now(server, "Corrected")
            assert "school-eng=303" in again.headers["trigpoint-log-size"]

            redact(registers, find(registers.log, "school-eng", key=SCHOOL), "Personal")
            told = named(server, NAME)
            assert told.status_code == 503 or told.json()["boolean"] is False
            until(lambda: b"false" in named(server, NAME).content)

            os.kill(other.pid, 9)
            until(lambda: "remote-unavailable" in named(server, NAME).text)
            assert named(server, NAME).status_code == 503
            assert server.get("/registers/school-eng/records/100100").status_code == 200


def test_the_verb_publishes_and_says_how_much(built: Path, tmp_path: Path) -> None:
    """All is sent the first time, nothing the second, all again when that is asked
    for; what cannot be published to is a fault."""
    data = copy_data(built, tmp_path / "data")
    with oxigraph() as other:
        words = ["publish", "--data", str(data)]
        words += ["--sparql-endpoint", f"{other.home}/query"]
        words += ["--sparql-update", f"{other.home}/update"]
        words += ["--sparql-graph-store", f"{other.home}/store"]
        printed = [
            CliRunner().invoke(app, [*words, *more]).stdout
            for more in ([], [], ["--anew"])
        ]
    triples = Registers.open(data).view().counts.triples
    all_sent = f"{triples} triples sent (all anew), verified"
    assert all_sent in printed[0]
    assert ": 0 triples sent (what changed), verified" in printed[1]
    assert all_sent in printed[2]
    away = CliRunner().invoke(app, words)
    assert "does not answer" in str(away.exception)


def test_flags_that_make_no_sense_are_refused(
    built: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A server to publish to has to be one to ask, at an address."""
    for words in (
        ["--sparql-update", "http://localhost:1/update"],
        ["--sparql-endpoint", "localhost:1/query"],
        ["--sparql-endpoint", "http://me:hush@localhost:1/query"],
    ):
        assert main(["--data", str(built), "--port", "0", *words]) == 2
        told = capsys.readouterr().err
        assert "SPARQL server" in told
        assert "hush" not in told
