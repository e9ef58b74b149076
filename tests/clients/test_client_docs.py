"""The programs in docs/sparql.md do what they say, with a real server to ask."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import httpx
import pytest

from tests.demo import ROOT

SHOWN: Final = "http://localhost:8000/sparql"
STARTS: Final = {
    "sh": ["bash", "-s"],
    "python": [sys.executable, "-"],
    "js": ["node", "--input-type=module"],
}
_BLOCK: Final = re.compile(
    r"^```(sh|python|js)\n(.*?)^```\n```text\n(.*?)^```$", re.DOTALL | re.MULTILINE
)
PROGRAMS: Final = _BLOCK.findall((ROOT / "docs" / "sparql.md").read_text("utf-8"))
_BROWSER: Final = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,"
    "*/*;q=0.8"
)


def printed(language: str, program: str, endpoint: str, folder: Path) -> str:
    """What a program prints when it asks the server under test."""
    done = subprocess.run(
        STARTS[language],
        cwd=folder,
        # IRIs begin with the same words, and stay as they are.
        input=re.sub(rf"{SHOWN}(?=[\s\">])", endpoint, program),
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_client_is_shown() -> None:
    """There is something to run in each language, and an answer to each."""
    assert [language for language, _, _ in PROGRAMS].count("python") >= 3
    assert {language for language, _, _ in PROGRAMS} == STARTS.keys()
    assert all(SHOWN in program and answer for _, program, answer in PROGRAMS)


@pytest.mark.parametrize(
    ("language", "program", "answer"), [one for one in PROGRAMS if one[0] != "js"]
)
def test_programs(
    endpoint: str, tmp_path: Path, language: str, program: str, answer: str
) -> None:
    """A program prints what the document shows below it."""
    assert printed(language, program, endpoint, tmp_path) == answer


@pytest.mark.parametrize(
    ("language", "program", "answer"), [one for one in PROGRAMS if one[0] == "js"]
)
def test_programs_of_node(
    endpoint: str, comunica: Path, language: str, program: str, answer: str
) -> None:
    """The same, where comunica is installed."""
    assert printed(language, program, endpoint, comunica) == answer


def test_a_browser_sees_the_same(endpoint: str) -> None:
    """With the Accept of a browser, a query is answered by a page that has each row."""
    (_, program, answer), *_ = [one for one in PROGRAMS if one[0] == "sh"]
    query = program[program.index("query=") + len("query=") : program.rindex("'")]
    page = httpx.get(
        endpoint, params={"query": query}, headers={"Accept": _BROWSER}, timeout=30
    )
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    places = [page.text.index(f">{name}<") for name in answer.split("\n")[1:-1]]
    assert places == sorted(places)
    form = httpx.get(endpoint, headers={"Accept": _BROWSER}, timeout=30)
    assert '<textarea name="query"' in form.text
