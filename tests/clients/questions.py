"""What every client is asked to ask, and the answers as the log has them.

Terms are in N-Triples, so that a client that loses a datatype or a language is noticed;
what is unbound is None. The answers are made from the records, not by SPARQL.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from trigpoint.iris import record_iri
from trigpoint.register import Registers
from trigpoint.schema.items import Item
from trigpoint.schema.rdf import ntriples

Row: TypeAlias = tuple[str | None, ...]

COUNCIL: Final = "local-authority-eng"
WALES: Final = "principal-local-authority"
CARDIFF: Final = "http://localhost:8000/id/principal-local-authority/CRF"
_XSD: Final = "http://www.w3.org/2001/XMLSchema#"
_PREFIXES: Final = """\
PREFIX org: <http://www.w3.org/ns/org#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX schema: <http://schema.org/>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
PREFIX tp: <https://w3id.org/trigpoint/def#>
"""


@dataclass(frozen=True)
class Question:
    """A SELECT in a known order, and the rows that it has."""

    query: str
    columns: tuple[str, ...]
    rows: Callable[[Registers], Sequence[Row]]


def _welsh(registers: Registers) -> Sequence[Row]:
    return [
        (f'"{item[WALES]}"', f'"{item["name-cy"]}"@cy') for item in _items(registers)
    ]


def _kinds(registers: Registers) -> Sequence[Row]:
    kinds = Counter(
        str(record.item["local-authority-type"])
        for record in registers.log.iter_records(COUNCIL)
    )
    return [
        (
            f"<{record_iri(registers.base, 'local-authority-type', kind)}>",
            f'"{count}"^^<{_XSD}integer>',
        )
        for kind, count in sorted(kinds.items())
    ]


def _ended(registers: Registers) -> Sequence[Row]:
    records = registers.log.iter_records(COUNCIL)
    items = sorted((str(one.item[COUNCIL]), one.item) for one in records)
    return [
        (
            f'"{key}"',
            f'"{item["end-date"]}"^^<{_XSD}date>' if "end-date" in item else None,
        )
        for key, item in items
        if key < "C"
    ]


QUESTIONS: Final = {
    "names with a language": Question(
        _PREFIXES + "SELECT ?key ?name WHERE { ?council a tp:PrincipalLocalAuthority ;"
        " skos:notation ?key ; skos:prefLabel ?name } ORDER BY ?key",
        ("key", "name"),
        _welsh,
    ),
    "links and counts": Question(
        _PREFIXES + "SELECT ?kind (COUNT(?council) AS ?councils) WHERE { ?council"
        " a tp:LocalAuthorityInEngland ; org:classification ?kind } GROUP BY ?kind "
        "ORDER BY ?kind",
        ("kind", "councils"),
        _kinds,
    ),
    "dates, some unbound": Question(
        _PREFIXES + "SELECT ?key ?ended WHERE { ?council a tp:LocalAuthorityInEngland ;"
        ' skos:notation ?key FILTER (?key < "C")'
        " OPTIONAL { ?council schema:validThrough ?ended } } ORDER BY ?key",
        ("key", "ended"),
        _ended,
    ),
    "nothing": Question(
        _PREFIXES + "SELECT ?key ?name WHERE { ?key a tp:NoSuchClass ;"
        " rdfs:label ?name }",
        ("key", "name"),
        lambda _: [],
    ),
}
ASKED: Final = {
    _PREFIXES + "ASK { ?council a tp:PrincipalLocalAuthority }": True,
    _PREFIXES + "ASK { ?council a tp:NoSuchClass }": False,
}
CONSTRUCT: Final = f"CONSTRUCT WHERE {{ <{CARDIFF}> ?property ?value }}"
DESCRIBE: Final = f"DESCRIBE <{CARDIFF}>"


def cardiff(registers: Registers) -> set[str]:
    """The triples of one record, as lines of N-Triples."""
    item = registers.log.record(WALES, "CRF").item
    return set(ntriples(item, registers.schemas[WALES], registers.base))


def term(kind: str, value: str, datatype: str = "", language: str = "") -> str:
    """A term of the results formats in N-Triples; for values without escapes."""
    if kind == "uri":
        return f"<{value}>"
    assert kind == "literal", kind
    if language:
        return f'"{value}"@{language}'
    return f'"{value}"^^<{datatype}>' if datatype else f'"{value}"'


def _items(registers: Registers) -> list[Item]:
    """Councils of Wales in the order of their keys."""
    records = registers.log.iter_records(WALES)
    return sorted((one.item for one in records), key=lambda item: str(item[WALES]))
