"""A small store for queries: schools, some awkward text and a catalogue graph."""

from __future__ import annotations

import json
from pathlib import Path

from trigpoint.graph import GraphView

BASE = "http://localhost:8000"
CATALOGUE = f"{BASE}/graph/catalogue"
LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
GEO = "http://www.opengis.net/ont/geosparql#"
SCHOOLS = 300
COUNT = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
CARTESIAN = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
BOMB = (
    'SELECT (GROUP_CONCAT(?long) AS ?x) { BIND("' + "x" * 10_000 + '" AS ?y) '
    "BIND(CONCAT(?y, ?y, ?y, ?y, ?y, ?y, ?y, ?y, ?y, ?y) AS ?long) "
    "?a ?b ?c . ?d ?e ?f }"
)


def school(number: int) -> list[str]:
    subject = f"{BASE}/id/school-eng/{number}"
    lon = round(-1 + number / SCHOOLS, 6)
    return [
        f'<{subject}> <{LABEL}> "School {number}" .',
        f"<{subject}> <{GEO}hasGeometry> <{subject}/geometry> .",
        f'<{subject}/geometry> <{GEO}asWKT> "POINT({lon} 51.5)"^^<{GEO}wktLiteral> .',
    ]


def odd_lines() -> list[str]:
    subject = f"<{BASE}/id/odd/1>"
    return [
        f'{subject} <http://example.org/text> "{text}" .'
        for text in (
            'quote \\" brace }},{\\" end',
            "line\\nfeed, return\\r, comma",
            "<result> & </result>",
            "Caf\u00e9 \U0001f3eb \u2028 e\u0301",
            "back\\\\slash\\\\",
            "[{",
        )
    ]


def build_store(path: Path) -> None:
    """300 schools and awkward text, and a catalogue of one triple."""
    lines = [line for number in range(SCHOOLS) for line in school(number)]
    catalogue = {CATALOGUE: [f'<{BASE}/> <{LABEL}> "register" .']}
    GraphView.build(path, lines + odd_lines(), catalogue).close()


def bindings(body: bytes) -> list[dict[str, str]]:
    rows = json.loads(body)["results"]["bindings"]
    return [{name: term["value"] for name, term in row.items()} for row in rows]
