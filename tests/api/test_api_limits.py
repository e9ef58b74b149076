"""Bounds, compression, and the headers that every answer has."""

from __future__ import annotations

import threading

import anyio
import pytest
from fastapi import Request
from starlette.types import Message

from api import limits
from api.limits import Bench, BodyTooSlow, read_body
from tests.testclient import TestClient
from trigpoint.errors import TooBusy


@pytest.mark.parametrize(
    ("path", "status", "slug"),
    [
        ("/registers/country/records/" + "x" * 3_000, 414, "address-too-long"),
        ("/registers/country/records/" + "%41" * 1_000, 414, "address-too-long"),
        ("/registers/country/records/" + "x" * 500, 400, "invalid-identifier"),
        ("/sparql?query=" + "x" * 30_000, 414, "address-too-long"),
        ("/registers/country/records?after=" + "x" * 500, 422, "invalid-request"),
        ("/lookup/postcode?postcode=" + "x" * 50, 422, "invalid-request"),
    ],
)
def test_overlong_addresses(
    client: TestClient, path: str, status: int, slug: str
) -> None:
    """Paths, query strings and keys past a bound are refused, and not echoed whole."""
    answer = client.get(path)
    assert answer.status_code == status
    assert answer.json()["type"] == f"/problems/{slug}"
    assert len(answer.content) < 2_000


def test_overlong_headers(client: TestClient) -> None:
    """Headers past the bound are refused."""
    answer = client.get("/", headers={"X-Long": "x" * 20_000})
    assert answer.status_code == 431
    assert answer.json()["limit"] == 16_384


def test_text_is_compressed_on_request(client: TestClient) -> None:
    """A long answer is compressed for who accepts it, with a validator that is weak."""
    url = "/registers/address/records"
    packed = client.get(url, headers={"Accept-Encoding": "gzip"})
    plain = client.get(url, headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.json() == plain.json()
    assert plain.headers["etag"].startswith('W/"')


@pytest.mark.parametrize(
    "path", ["/", "/nothing", "/registers/country/records/GB.html"]
)
def test_every_answer_is_open_and_guarded(client: TestClient, path: str) -> None:
    """Any site may read any answer, no browser sniffs it or runs a script in it."""
    headers = client.get(path).headers
    assert headers["access-control-allow-origin"] == "*"
    assert headers["x-content-type-options"] == "nosniff"
    assert "script-src" not in headers["content-security-policy"]
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert "ETag" in headers["access-control-expose-headers"]


def test_hard_work_queues_and_then_refuses() -> None:
    """A bench does as many jobs at once as it has places, and refuses the rest."""
    done: list[int] = []
    gate = threading.Event()

    def job() -> None:
        assert gate.wait(10)
        done.append(1)

    async def crowd() -> int:
        bench, refused = Bench(places=1, waiting=2), 0
        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(bench.run, job)
                await anyio.sleep(0.05)
            try:
                await bench.run(job)
            except TooBusy:
                refused += 1
            gate.set()
        return refused

    assert anyio.run(crowd) == 1
    assert len(done) == 3


def test_bodies_have_to_come_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that stops coming is waited for as long as it may take, and refused."""

    async def receive() -> Message:
        await anyio.sleep_forever()
        raise AssertionError("nobody wakes it")

    monkeypatch.setattr(limits, "BODY_SECONDS", 0.05)
    request = Request({"type": "http", "method": "POST", "headers": []}, receive)
    with pytest.raises(BodyTooSlow, match="0 seconds: send less"):
        anyio.run(read_body, request)
