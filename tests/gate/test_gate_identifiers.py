"""Rules on named identifiers: switched on by a shape, said once to a custodian."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from tests.gate.values import SCHEMAS, Value, staged
from trigpoint.gate import terms
from trigpoint.gate.checks import Check, run
from trigpoint.gate.gate import judged
from trigpoint.gate.rules import checks
from trigpoint.gate.staged import Staged
from trigpoint.gate.violation import Violation
from trigpoint.iris import ONTOLOGY
from trigpoint.resources import resource_folder
from trigpoint.schema.catalogue import Schemas
from trigpoint.schema.shape import Schema

WARDS = "statistical-geography-ward"
SHELTERS = """
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix shape: <https://w3id.org/trigpoint/shapes#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix tp: <https://w3id.org/trigpoint/def#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
shape:shelter a sh:NodeShape ; sh:targetClass tp:Shelter ; sh:closed true ;
    tp:register "shelter" ; rdfs:label "Bus shelters"@en ;
    dcterms:description "For tests."@en ; tp:custodian "Nobody" ;
    dcterms:license <http://example.org/licence> ;
    tp:keyField "shelter" ; tp:keySpelling tp:GssCode ; tp:entityPrefix "K99" ;
    sh:property shape:shelter-shelter , shape:shelter-street , shape:shelter-uprns .
shape:shelter-shelter sh:name "shelter" ; sh:path skos:notation ; sh:order 1 ;
    sh:datatype xsd:string ; sh:minCount 1 ; sh:maxCount 1 .
shape:shelter-street sh:name "street" ; sh:path tp:street ; sh:order 2 ;
    sh:datatype xsd:string ; tp:valueSpelling tp:Usrn ; sh:maxCount 1 .
shape:shelter-uprns sh:name "uprns" ; sh:path tp:uprn ; sh:order 3 ;
    sh:datatype xsd:string ; tp:valueSpelling tp:Uprn .
"""


def invalid(kind: str) -> str:
    """The rule that an identifier breaks that is none of its kind."""
    return terms.INVALID_IDENTIFIER[ONTOLOGY + kind]


def ruled(schema: Schema, columns: dict[str, list[Value]]) -> list[Violation]:
    """What the rules find in rows of these columns."""
    rows = staged(schema, columns)
    return list(run(rows, checks(schema, rows.columns)))


def found_in(
    schemas: Schemas, register: str, field: str, *values: Value
) -> list[tuple[int | None, str]]:
    """Row and component of what the rules find in a field."""
    found = ruled(schemas[register], {field: [*values]})
    return [(one.row, one.component) for one in found if one.field == field]


@pytest.mark.parametrize(
    ("register", "field", "value", "component"),
    [
        ("address", "address", "1000000000000", invalid("Uprn")),
        ("address", "address", "0100012345", terms.NOT_CANONICAL_KEY),
        ("address", "postcode", "QV1A 1AA", invalid("Postcode")),
        ("address", "postcode", "sw1a1aa", terms.NOT_CANONICAL_VALUE),
        ("street", "street", "123456789", invalid("Usrn")),
        ("school-eng", "school-eng", "012345", invalid("SchoolUrn")),
        ("school-eng", "postcode", "SW1A  1AA", terms.NOT_CANONICAL_VALUE),
        ("school-eng", "dfe-number", "200/3614", invalid("Laestab")),
        ("school-eng", "dfe-number", "944/3614", invalid("Laestab")),
        ("school-eng", "dfe-number", "201/0000", invalid("Laestab")),
        ("school-eng", "dfe-number", "2013614", terms.NOT_CANONICAL_VALUE),
        (WARDS, WARDS, "E0500001", invalid("GssCode")),
        (WARDS, WARDS, "e05000001", terms.NOT_CANONICAL_KEY),
        (WARDS, WARDS, "E06000001", terms.ENTITY_MISMATCH),
        ("postcode", "ward", f"{WARDS}:E06000001", terms.ENTITY_MISMATCH),
        ("boundary", "area", f"{WARDS}:W06000001", terms.ENTITY_MISMATCH),
    ],
)
def test_each_identifier_out_of_order_breaks_its_rule(
    register: str, field: str, value: str, component: str
) -> None:
    """Range, spelling and kind of area are each told by a term of its own."""
    assert found_in(SCHEMAS, register, field, value) == [(0, component)]


@pytest.mark.parametrize(
    ("register", "field", "value"),
    [
        ("address", "address", "999999999999"),
        ("street", "street", "99999999"),
        ("school-eng", "dfe-number", "660/4000"),
        ("school-eng", "dfe-number", "708/0001"),
        (WARDS, WARDS, "N08000101"),
        ("postcode", "ward", f"{WARDS}:S13002516"),
        ("postcode", "county", "elsewhere:E06000001"),
    ],
)
def test_identifiers_at_the_edge_are_in_order(
    register: str, field: str, value: str
) -> None:
    """The largest numbers, Welsh and offshore authorities, and codes of registers that
    are not known here."""
    assert found_in(SCHEMAS, register, field, value) == []


def test_a_new_register_is_held_to_them_by_its_shape_alone() -> None:
    """Annotations are all that it takes, on the key and on any other field."""
    schemas = Schemas([], derived=[SHELTERS])
    assert found_in(schemas, "shelter", "shelter", "K99000001", "K98000001") == [
        (1, terms.ENTITY_MISMATCH)
    ]
    assert found_in(schemas, "shelter", "street", "8400001", "08400001", "A40") == [
        (1, terms.NOT_CANONICAL_VALUE),
        (2, invalid("Usrn")),
    ]
    assert found_in(schemas, "shelter", "uprns", ["1", "2"], ["3", "04", "x"], []) == [
        (1, terms.NOT_CANONICAL_VALUE),
        (1, invalid("Uprn")),
    ]


def test_a_message_says_what_to_write() -> None:
    """The canonical spelling, the range or the kind of code is named."""
    schools: dict[str, list[Value]] = {
        "postcode": ["sw1a1aa"],
        "dfe-number": ["200/3614"],
    }
    said = {one.field: one.message for one in ruled(SCHEMAS["school-eng"], schools)}
    assert "write it “SW1A 1AA”" in said["postcode"]
    assert "from 201 to 943" in said["dfe-number"]
    (found,) = ruled(SCHEMAS[WARDS], {WARDS: ["E06000001"]})
    assert "E05 or N08 or S13 or W05" in found.message


def test_what_the_shape_has_said_is_not_said_again() -> None:
    """A pattern that refuses an identifier leaves no more to say of it; without one,
    the rule says it."""
    schema = SCHEMAS["school-eng"]
    rows = staged(schema, {"school-eng": ["12345"], "postcode": ["sw1a1aa"]})

    def refused(found: pl.DataFrame) -> list[Violation]:
        (rule,) = ruled(schema, {"school-eng": ["12345"]})
        assert len(found) == 1
        return [replace(rule, component=terms.PATTERN)]

    pattern = Check("a pattern of the key", pl.lit(value=True), refused)
    found = judged(Staged(rows), schema, [pattern, *checks(schema, rows.columns)])
    assert [(one.field, one.component) for one in found] == [
        ("school-eng", terms.PATTERN),
        ("postcode", terms.NOT_CANONICAL_VALUE),
    ]


def test_registers_of_gss_codes_name_entities_that_there_are() -> None:
    """Each prefix of a shape is a notation of the code list, its pattern's and no
    other register's."""
    prefixes = [code for schema in SCHEMAS.values() for code in schema.entity_prefixes]
    assert len(prefixes) == len(set(prefixes)) == 20
    assert {f"{ONTOLOGY}entity-{code}" for code in prefixes} == {
        str(one) for one in SCHEMAS.ontology.subjects() if "#entity-" in str(one)
    }


def test_what_a_shape_switches_on_is_documented() -> None:
    """docs/registers.md names each kind of identifier, with its rule, and each rule on
    values of one record."""
    docs = resource_folder("shapes").parent / "docs"
    text = (docs / "registers.md").read_text("utf-8")
    _, _, section = text.partition("## Rules that a shape switches on")
    section, _, _ = section.partition("\n## ")
    for kind, rule in terms.INVALID_IDENTIFIER.items():
        assert f"| `{terms.short(kind)}` |" in section
        assert f"`{terms.short(rule)}`" in section
    for rule in (terms.NOT_CANONICAL_VALUE, terms.ENTITY_MISMATCH, terms.FORMULA_CELL):
        assert f"`{terms.short(rule)}`" in section
