"""Every error is a problem document, and each type is described."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Request

from api.limits import read_body
from api.problem_pages import sections
from api.problems import KINDS, TABLE, add_handlers
from tests.testclient import TestClient
from trigpoint import errors

DOCUMENT = Path(__file__).parents[2] / "docs" / "problems.md"


@pytest.fixture
def failing() -> Iterator[TestClient]:
    """An application whose doors raise what is asked for."""
    app = FastAPI()
    add_handlers(app)

    @app.get("/core/{name}")
    def core(name: str) -> None:
        raise getattr(errors, name)("what was wrong", limit=3)

    @app.get("/bug")
    def bug() -> None:
        raise ZeroDivisionError("the secret of line 7")

    @app.get("/number/{number}")
    def number(number: int) -> int:
        return number

    with TestClient(app, raise_server_exceptions=False) as running:
        yield running


@pytest.mark.parametrize(
    "error", [error for error in TABLE if error.__module__ == errors.__name__]
)
def test_core_errors_have_their_status(
    error: type[errors.TrigpointError], failing: TestClient
) -> None:
    """Each core error of the table is shown with its type, status and members."""
    answer = failing.get(f"/core/{error.__name__}")
    body = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.status_code == body["status"] == TABLE[error].status
    assert body["type"] == f"/problems/{error.slug}"
    assert (body["detail"], body["limit"]) == ("what was wrong", 3)


@pytest.mark.parametrize("path", ["/bug", "/core/LogCorrupt", "/core/ViewDamaged"])
def test_our_own_faults_say_nothing(
    path: str, failing: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    """What is not the client's doing is a bare 500; the cause is for the log."""
    with caplog.at_level(logging.ERROR):
        answer = failing.get(path)
    body = answer.json()
    assert (answer.status_code, body["type"]) == (500, "about:blank")
    assert "secret" not in answer.text
    assert "what was wrong" not in answer.text
    if path != "/bug":  # the server logs what is raised through to it
        assert "what was wrong" in caplog.text


def test_client_that_leaves_is_no_fault(caplog: pytest.LogCaptureFixture) -> None:
    """A connection that ends in the middle of a body raises and logs nothing."""
    app = FastAPI()
    add_handlers(app)

    @app.post("/body")
    async def body(request: Request) -> int:
        return len(await read_body(request))

    messages = [{"type": "http.request", "body": b"lon,l", "more_body": True}]
    sent: list[Any] = []

    async def receive() -> Any:
        return messages.pop() if messages else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/body", "headers": []}
    asyncio.run(app({**scope, "query_string": b""}, receive, send))
    assert sent[0]["status"] == 400
    assert caplog.text == ""


def test_validation_names_each_parameter(failing: TestClient) -> None:
    """A parameter of the wrong type is pointed at."""
    body = failing.get("/number/x").json()
    assert (body["status"], body["type"]) == (422, "/problems/invalid-request")
    assert body["errors"][0]["pointer"] == "#/path/number"
    assert "integer" in body["errors"][0]["detail"]


def test_busy_says_when_to_ask_again(failing: TestClient) -> None:
    """A refusal for want of room carries `Retry-After`."""
    assert failing.get("/core/QueryBusy").headers["retry-after"] == "5"


@pytest.mark.parametrize(
    ("method", "path", "status", "allowed"),
    [
        ("GET", "/nothing/at/all", 404, None),
        ("GET", "/registers/", 404, None),
        ("GET", "//registers", 404, None),
        ("DELETE", "/registers", 405, "GET, HEAD, OPTIONS"),
        ("PUT", "/sparql", 405, "GET, HEAD, OPTIONS, POST"),
        ("POST", "/registers/country/records/GB.ttl", 405, "GET, HEAD, OPTIONS"),
    ],
)
def test_routing_errors_are_problems(
    client: TestClient, method: str, path: str, status: int, allowed: str | None
) -> None:
    """Unknown addresses and methods are problems too, and 405 keeps `Allow`."""
    answer = client.request(method, f"http://localhost:8000{path}")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers.get("allow") == allowed
    assert answer.json()["type"].startswith("/problems/")


def test_every_type_is_described() -> None:
    """docs/problems.md has one heading for each type, with its status, and no other."""
    headings = re.findall(r"^## (.+)$", DOCUMENT.read_text(), re.MULTILINE)
    assert sorted(headings) == sorted(KINDS)
    for slug, kind in KINDS.items():
        assert sections()[slug].startswith(f"{kind.status}. "), slug


def test_options_without_an_origin_names_the_methods(client: TestClient) -> None:
    """A plain OPTIONS is answered by what may be asked of the address."""
    answer = client.options("/registers/country")
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"
