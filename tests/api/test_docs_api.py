"""docs/api.md is true: each request gives the answer shown, on the embedded sample."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from api import limits, negotiation, paths, regions, rows, streaming
from api.app import create_app
from tests.demo import ROOT, client_of
from tests.docs_replay import Example, difference, examples_in
from tests.testclient import TestClient
from trigpoint import submissions
from trigpoint.register import Registers
from trigpoint.spatial.grids import SYSTEMS, ReferenceSystem
from trigpoint.tables import batch

DOCUMENT = ROOT / "docs" / "api.md"
EXAMPLES = examples_in(DOCUMENT)


@pytest.fixture(scope="module")
def client(demo: Path) -> Iterator[TestClient]:
    """A client of the embedded sample, served as `make demo` does."""
    app = create_app(Registers.open(demo), workers=1)
    with TestClient(app, base_url="http://localhost:8000") as running:
        yield running


@pytest.mark.parametrize(
    "example", EXAMPLES, ids=[f"line {example.line}" for example in EXAMPLES]
)
def test_examples(example: Example, client: TestClient) -> None:
    """Each request of the document gives the answer that it shows."""
    assert difference(example, client_of(client)) is None


def test_a_wrong_answer_is_noticed(client: TestClient) -> None:
    """The replay itself fails on another status, header or body."""
    right = next(
        one for one in EXAMPLES if one.path.startswith("/registers/country/records?at")
    )
    for wrong in (
        replace(right, expected=right.expected.replace("200", "404", 1)),
        replace(right, expected=right.expected.replace("country=210", "country=9")),
        replace(right, expected=right.expected.replace("Andorra", "Elsewhere", 1)),
    ):
        assert difference(wrong, client_of(client)) is not None


def test_every_door_has_a_heading(client: TestClient) -> None:
    """Each path of the OpenAPI document is described in docs/api.md."""
    text = DOCUMENT.read_text(encoding="utf-8")
    for path in client.get("/openapi.json").json()["paths"]:
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
        ("`Accept`", negotiation.MAX_ACCEPT),
        ("posted query", limits.MAX_BODY),
        ("key in a path", paths.MAX_KEY),
        ("appended body", rows.MAX_ROWS_BODY),
        ("rows in an appended body", rows.MAX_ROWS),
        ("posted polygon", regions.MAX_POLYGON_BODY),
        ("table of positions", streaming.MAX_TABLE),
        ("rows in a table of positions", batch.MAX_ROWS),
        ("row of a table of positions", batch.MAX_ROW),
        ("tables in work at once, in each server process", streaming.MAX_TABLES),
        ("time that a body may take to come", int(limits.BODY_SECONDS)),
        ("appends waiting", submissions.LIMITS.waiting),
    ],
)
def test_limits_are_those_of_the_code(what: str, limit: int) -> None:
    """The table of limits has the numbers that the code has."""
    text = DOCUMENT.read_text(encoding="utf-8")
    row = re.search(rf"^\| {what} \| ([\d,]+) ", text, re.MULTILINE)
    assert row is not None
    assert row[1] == f"{limit:,}"


@pytest.mark.parametrize("system", SYSTEMS.values(), ids=SYSTEMS.keys())
def test_every_system_stands_in_the_table_of_coordinates(
    system: ReferenceSystem,
) -> None:
    """docs/api.md says axes, range and accuracy of each as the code has them."""
    axes = ", ".join(f"`{axis}`" for axis in system.axes)
    ranges = "; ".join(f"{low:.0f}, {high:.0f}" for low, high in system.ranges)
    row = f"| `{system.code}` | {system.title} | {axes} | {ranges} |"
    text = DOCUMENT.read_text(encoding="utf-8")
    assert f"{row} {system.accuracy:g} |" in text
