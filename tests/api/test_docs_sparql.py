"""docs/sparql.md is true: its queries give the rows shown, on the embedded sample."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from api.app import create_app
from api.limits import MAX_BODY
from api.problems import KINDS
from api.worked import WorkedExample, worked_examples
from tests.demo import ROOT, client_of
from tests.docs_replay import Example, difference, examples_in
from tests.testclient import TestClient
from trigpoint.graph import QueryLimits, bounds
from trigpoint.iris import DEFAULT_BASE
from trigpoint.register import Registers

DOCUMENT = ROOT / "docs" / "sparql.md"
LINES = DOCUMENT.read_text("utf-8").splitlines()
# Other servers than this one are shown from there on.
ELSEWHERE = min(
    [n for n, line in enumerate(LINES, 1) if line.startswith("## The sandbox")]
    or [len(LINES) + 1]
)
EXAMPLES = [one for one in examples_in(DOCUMENT) if one.line < ELSEWHERE]
LIMITS = QueryLimits()
TEN = worked_examples(DEFAULT_BASE)


@pytest.fixture(scope="module")
def client(demo: Path) -> Iterator[TestClient]:
    """A client of the embedded sample, served as `make demo` does."""
    app = create_app(Registers.open(demo), workers=1)
    with TestClient(app, base_url=DEFAULT_BASE) as running:
        yield running


@pytest.mark.parametrize(
    "example", EXAMPLES, ids=[f"line {example.line}" for example in EXAMPLES]
)
def test_requests_of_the_document(example: Example, client: TestClient) -> None:
    """Each request of the document gives the rows that it shows."""
    assert difference(example, client_of(client)) is None


def test_there_are_ten_and_each_is_asked_in_the_document() -> None:
    """The address that is shown under a query is that of the query, letter by letter,
    and an answer with rows stands below it."""
    assert len(TEN) == len({one.title for one in TEN}) == 10
    shown = {one.path: one for one in EXAMPLES}
    for one in TEN:
        assert one.prose.endswith("."), one.title
        example = shown[one.url]
        assert parse_qs(urlsplit(example.path).query)["query"] == [one.query]
        rows = [row for row in example.expected.splitlines() if row != "…"]
        assert len(rows) >= 2, one.title


@pytest.mark.parametrize("one", TEN, ids=[one.title for one in TEN])
def test_the_page_has_each_of_the_ten(one: WorkedExample, client: TestClient) -> None:
    """A browser finds the ten queries at the endpoint, each with its title and a link
    that answers it."""
    page = client.get("/sparql", headers={"Accept": "text/html"}).text
    assert one.title in page
    assert f'href="{one.url}"' in page
    answer = client.get(one.url, headers={"Accept": "text/html,*/*;q=0.1"})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("what", "limit"),
    [
        ("length of the query, in characters", LIMITS.length),
        ("bytes of a posted body", MAX_BODY),
        ("brackets within brackets", LIMITS.depth),
        ("triple patterns, path steps and groups", bounds.MAX_PATTERNS),
        ("operators and alternatives", bounds.MAX_OPERATORS),
        ("columns, conditions of groups and keys of order", bounds.MAX_COLUMNS),
        ("seconds that the query may take", int(LIMITS.time)),
        ("seconds that it may wait before that", int(LIMITS.time)),
        ("bytes of memory that it may need", LIMITS.memory),
        ("rows of the answer", LIMITS.rows),
        ("bytes of the answer", LIMITS.size),
        (
            "queries of one client that wait, run or are not yet read",
            LIMITS.of_client,
        ),
        ("queries of all clients", LIMITS.of_all),
        ("bytes of answers not yet read, of all clients", LIMITS.spool),
    ],
)
def test_limits_are_those_of_the_code(what: str, limit: int) -> None:
    """The table of limits has the numbers that the code has, and a type of problem that
    there is."""
    (row,) = [line for line in LINES if line.startswith(f"| {what} | ")]
    _, number, beyond = row.strip("| ").split(" | ")
    assert number == f"{limit:,}"
    slug = re.search(r"^(\d+) `([a-z-]+)`$", beyond)
    assert slug is None or KINDS[slug[2]].status == int(slug[1])


def test_elsewhere_the_queries_name_that_installation() -> None:
    """At another base the graphs and records of the queries are its own."""
    base = "https://example.org/map"
    for one, other in zip(TEN, worked_examples(base), strict=True):
        assert DEFAULT_BASE not in other.query
        assert other.query == one.query.replace(DEFAULT_BASE, base)
    assert any(base in one.query for one in worked_examples(base))
