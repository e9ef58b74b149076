"""docs/api.md is true: each request gives the answer shown, on the embedded sample."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from api import limits, paths
from api.app import create_app
from tests.demo import ROOT, build_demo, client_of
from tests.docs_replay import Example, difference, examples_in
from tests.testclient import TestClient
from trigpoint.register import Registers

DOCUMENT = ROOT / "docs" / "api.md"
EXAMPLES = examples_in(DOCUMENT)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A client of the embedded sample, built and served as `make demo` does."""
    data = tmp_path_factory.mktemp("demo") / "demo"
    build_demo(data)
    app = create_app(Registers.open(data), workers=1)
    with TestClient(app, base_url="http://localhost:8000") as client:
        yield client


@pytest.mark.parametrize(
    "example", EXAMPLES, ids=[f"line {example.line}" for example in EXAMPLES]
)
def test_examples(example: Example, demo: TestClient) -> None:
    """Each request of the document gives the answer that it shows."""
    assert difference(example, client_of(demo)) is None


def test_a_wrong_answer_is_noticed(demo: TestClient) -> None:
    """The replay itself fails on another status, header or body."""
    right = next(
        one for one in EXAMPLES if one.path.startswith("/registers/country/records?at")
    )
    for wrong in (
        replace(right, expected=right.expected.replace("200", "404", 1)),
        replace(right, expected=right.expected.replace("country=210", "country=9")),
        replace(right, expected=right.expected.replace("Andorra", "Elsewhere", 1)),
    ):
        assert difference(wrong, client_of(demo)) is not None


def test_every_door_has_a_heading(demo: TestClient) -> None:
    """Each path of the OpenAPI document is described in docs/api.md."""
    text = DOCUMENT.read_text(encoding="utf-8")
    for path in demo.get("/openapi.json").json()["paths"]:
        known = {
            "/items/{digest}": "/items/{hash}",
            "/registers/{register}/entries/{number}": "/entries/{number}",
            "/dumps/{file}": "/dumps/{register}.{format}",
            "/problems/{slug}": "problems.md",
        }
        assert known.get(path, path) in text, path


@pytest.mark.parametrize(
    ("what", "limit"),
    [
        ("path", limits.MAX_PATH),
        ("query string", limits.MAX_QUERY),
        ("headers together", limits.MAX_HEADERS),
        ("posted query", limits.MAX_BODY),
        ("key in a path", paths.MAX_KEY),
    ],
)
def test_limits_are_those_of_the_code(what: str, limit: int) -> None:
    """The table of limits has the numbers that the code has."""
    text = DOCUMENT.read_text(encoding="utf-8")
    row = re.search(rf"^\| {what} \| ([\d,]+) ", text, re.MULTILINE)
    assert row is not None
    assert row[1] == f"{limit:,}"
