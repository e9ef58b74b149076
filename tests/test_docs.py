"""The documents are true: what they show is what happens, and their links lead on."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.app import create_app
from tests.demo import ROOT, client_of
from tests.docs_replay import (
    Example,
    Program,
    difference,
    examples_in,
    matches,
    programs_in,
)
from tests.testclient import TestClient
from trigpoint.register import Registers

README = ROOT / "README.md"
EXAMPLES = examples_in(README)
PROGRAMS = programs_in(README)
DOCUMENTS = sorted(
    path
    for path in [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        ROOT / "data/SOURCE.md",
    ]
)
_LINK = re.compile(r"\]\(([^)#\s]+)(#[^)\s]*)?\)")


@pytest.fixture(scope="module")
def client(demo: Path) -> Iterator[TestClient]:
    """A client of the embedded sample, served as `make demo` does."""
    app = create_app(Registers.open(demo), workers=1)
    with TestClient(app, base_url="http://localhost:8000") as running:
        yield running


def test_the_readme_shows_requests_and_programs() -> None:
    """There is something to replay: a look-up, a document, a query, a verified root."""
    assert len(EXAMPLES) >= 3
    assert len(PROGRAMS) >= 2


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: f"line {one.line}")
def test_requests_of_the_readme(example: Example, client: TestClient) -> None:
    """Each request of the README gives the answer that it shows."""
    assert difference(example, client_of(client)) is None


@pytest.fixture(scope="module")
def fetched(
    client: TestClient, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """The files that requests of the README write: where they are, by their names."""
    folder, files = tmp_path_factory.mktemp("fetched"), {}
    for example in EXAMPLES:
        if example.output is not None:
            answer = client.get(example.path, headers=example.headers)
            (folder / example.output).write_bytes(answer.content)
            files[example.output] = str(folder / example.output)
    return files


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda one: f"line {one.line}")
def test_programs_of_the_readme(
    program: Program, demo: Path, fetched: dict[str, str]
) -> None:
    """Each command of the README prints what it shows, over the sample."""
    starts = {
        ".venv/bin/trigpoint": [sys.executable, "-m", "trigpoint.cli"],
        ".venv/bin/python": [sys.executable],
    }
    files = {**fetched, "var/demo": str(demo)}
    words = [files.get(word, word) for word in program.words[1:]]
    done = subprocess.run(
        [*starts[program.words[0]], *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert matches(program.expected, done.stdout)


@pytest.mark.parametrize(
    "document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT))
)
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    """No document links to a file that is not there."""
    targets = [link[1] for link in _LINK.finditer(document.read_text("utf-8"))]
    own = [target for target in targets if "://" not in target]
    missing = [one for one in own if not (document.parent / one).exists()]
    assert missing == []
