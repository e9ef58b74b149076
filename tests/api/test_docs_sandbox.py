"""What docs/sparql.md says of the sandbox is true."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from api.sandbox import documents, service
from tests.api.test_api_sandbox import sandboxed
from tests.demo import ROOT, client_of
from tests.docs_replay import difference, examples_in
from tests.testclient import TestClient
from trigpoint.graph import writer
from trigpoint.graph.update import MAX_UPDATE_LENGTH

DOCUMENT = ROOT / "docs" / "sparql.md"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[TestClient]:
    with sandboxed("http://127.0.0.1:8000") as client:
        yield client


def section() -> tuple[str, range]:
    """The text of the section, and the lines that it has in the document."""
    text = DOCUMENT.read_text(encoding="utf-8")
    before, _, rest = text.partition("\n## The sandbox\n")
    said = rest.partition("\n## ")[0]
    start = before.count("\n") + 2
    return said, range(start, start + said.count("\n") + 1)


def test_requests_of_the_section(sandbox: TestClient) -> None:
    """Made in their order in an empty sandbox, they give what is shown."""
    _, lines = section()
    examples = [one for one in examples_in(DOCUMENT) if one.line in lines]
    assert len(examples) == 5
    for example in examples:
        assert difference(example, client_of(sandbox)) is None


@pytest.mark.parametrize(
    "limit",
    [
        f"{service.WRITE_SECONDS:.0f} seconds",
        f"changes that wait | {writer.WAITING} |",
        f"{MAX_UPDATE_LENGTH:,} characters",
        f"{documents.MAX_DOCUMENT:,} bytes",
        f"{documents.MAX_FORM:,} bytes and {documents.MAX_PARTS} parts",
    ],
)
def test_limits_of_the_section(limit: str) -> None:
    """Each limit is as it is in the code."""
    assert limit in section()[0]
