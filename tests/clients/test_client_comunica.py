"""Comunica, which plans queries over several sources by itself."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.clients.questions import (
    ASKED,
    CONSTRUCT,
    DESCRIBE,
    QUESTIONS,
    cardiff,
)
from trigpoint.register import Registers

SCRIPT = Path(__file__).with_name("comunica.mjs")
ELSEWHERE = """\
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix at: <http://elsewhere.example/> .
at:1 at:says "island" ; skos:notation "AGY" .
at:2 at:says "capital" ; skos:notation "CRF" .
"""
JOIN = """\
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
PREFIX tp: <https://w3id.org/trigpoint/def#>
SELECT ?key ?note ?name WHERE {
  ?about <http://elsewhere.example/says> ?note ; skos:notation ?key .
  ?council a tp:PrincipalLocalAuthority ; skos:notation ?key ; skos:prefLabel ?name
} ORDER BY ?key"""


def ask(
    comunica: Path, sources: list[object], *queries: tuple[str, str]
) -> list[object]:
    """The answers to queries, each with its form: bindings, ask or graph."""
    asked = [{"form": form, "text": text} for form, text in queries]
    done = subprocess.run(
        ["node", str(SCRIPT)],
        cwd=comunica,
        input=json.dumps({"sources": sources, "queries": asked}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)
    assert isinstance(answers, list)
    return answers


def test_queries(comunica: Path, endpoint: str, known: Registers) -> None:
    """Every form of a query has the right answer when our endpoint is the source."""
    source = {"type": "sparql", "value": endpoint}
    questions = list(QUESTIONS.values())
    answers = ask(
        comunica,
        [source],
        *(("bindings", question.query) for question in questions),
        *(("ask", text) for text in ASKED),
        *(("graph", text) for text in (CONSTRUCT, DESCRIBE)),
    )
    for question, found in zip(questions, answers, strict=False):
        assert isinstance(found, list)
        rows = [tuple(one.get(name) for name in question.columns) for one in found]
        assert rows == question.rows(known)
    *truths, constructed, described = answers[len(questions) :]
    assert truths == list(ASKED.values())
    for lines in (constructed, described):
        assert isinstance(lines, list)
        assert set(lines) == cardiff(known)


@pytest.mark.parametrize("source", ["named", "found out"])
def test_a_join_with_another_source(comunica: Path, endpoint: str, source: str) -> None:
    """It joins our records with triples from elsewhere, whether it was told that we are
    a SPARQL endpoint or finds out from our service description."""
    elsewhere = {
        "type": "serialized",
        "value": ELSEWHERE,
        "mediaType": "text/turtle",
        "baseIRI": "http://elsewhere.example/",
    }
    ours = {"type": "sparql", "value": endpoint} if source == "named" else endpoint
    (found,) = ask(comunica, [elsewhere, ours], ("bindings", JOIN))
    assert found == [
        {"key": '"AGY"', "note": '"island"', "name": '"Sir Ynys Môn"@cy'},
        {"key": '"CRF"', "note": '"capital"', "name": '"Caerdydd"@cy'},
    ]
