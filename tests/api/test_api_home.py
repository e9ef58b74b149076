"""The way in: index, health, vocabulary, pages of problems."""

from __future__ import annotations

from starlette.testclient import TestClient


def test_home_says_what_is_here(client: TestClient) -> None:
    """The index in JSON names the address of each door."""
    body = client.get("/").json()
    assert body["doors"]["sparql"] == "http://localhost:8000/sparql"
