"""Constraints on single values: the compiled checks say what pySHACL says."""

from __future__ import annotations

import pytest

from tests.gate.rows import Row, Values
from tests.gate.shacl.asked import frame_of, known_of, left, on, refused
from tests.gate.verdicts.columnar import findings
from tests.gate.verdicts.made import HELD
from trigpoint.gate import terms

Rows = list[Row]


def each(field: str, *values: Values) -> Rows:
    """A row for each value of a field."""
    return [{field: value} for value in values]


NUMBERS: Rows = each(
    "whole", "1", "01", "+1", "-0", "10", "-3", "x", "1.0", " 1", "", "\u0663", None
)
WHOLES: Rows = each(
    "wholes", ["1", "01"], ["2", None, "x"], [], [None], None, ["10", "2"]
)
DECIMALS: Rows = each("exact", "1", "1.50", ".5", "2.", "-0.0", "x", "1e0", None)
FLAGS: Rows = each("flag", "true", "1", "0", "TRUE", "yes", "", None)
TEXTS: Rows = each(
    "text", "a", "ab", "A", "é", "e\u0301", "", "a\n", "a\nb", "\U0001f600", None
)
LABELS: Rows = [
    {"en": "a"},
    {"cy": ["a", "b"]},
    {"en": "b", "cy": ["b", "b", None]},
    {"cy": []},
]
DAYS: Rows = each(
    "day",
    *("1905", "0000", "1993-01", "1993-13", "2018-10-09", "2018-02-30", "x"),
    *("2016-04-05T13:23:05Z", "2016-04-05T13:23:05.50+00:00", "2016-04-05T25:00:00"),
    *("2018-10-31", "2018-11-31", "2016-02-29", "2015-02-29", "", None),
)
DAYLISTS: Rows = each(
    "days", ["2018-10-09", "1905"], ["2018-02-30"], ["x", None, "x"], [], None
)
PLACES: Rows = each(
    "place", "POINT(1 2)", "point (1 2)", "POLYGON((0 0,1 0,1 1,0 0))", "a", None
)
LINKS: Rows = each("owner", "A1", "B 2", "none", "", "é/ü", None)
CURIES: Rows = [
    {"bodies": ["owner:A1", "body:A1"]},
    {"bodies": ["owner:none", "body:A1"]},
    {"bodies": ["x", "x:"]},
    {"bodies": ["a b:c", None]},
    {"bodies": []},
    {},
]

CASES: list[tuple[str, str, str, Rows, list[int]]] = [
    ("sh:Datatype", "made:number", "sh:datatype xsd:integer", NUMBERS, [7, 8, 10]),
    (
        "sh:Datatype",
        "made:number",
        "sh:datatype xsd:decimal",
        NUMBERS,
        [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
    ),
    ("sh:Datatype", "made:number", "sh:datatype rdfs:Literal", NUMBERS, []),
    ("sh:Datatype", "made:text", "sh:datatype xsd:string", TEXTS, []),
    (
        "sh:Datatype",
        "made:text",
        "sh:datatype rdfs:Datatype",
        TEXTS,
        [1, 2, 3, 4, 5, 6, 7, 8, 9],
    ),
    ("sh:Datatype", "made:number", "sh:datatype rdfs:Datatype", NUMBERS, []),
    ("sh:Datatype", "made:label", "sh:datatype rdf:langString", LABELS, []),
    ("sh:Datatype", "made:label", "sh:datatype xsd:string", LABELS, [1, 2, 2, 3]),
    (
        "sh:Datatype",
        "made:day",
        "sh:datatype xsd:gYear",
        DAYS,
        [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    ),
    (
        "sh:Datatype",
        "made:day",
        "sh:datatype xsd:date",
        DAYS,
        [1, 2, 3, 4, 6, 7, 8, 9, 10, 12, 14, 15],
    ),
    (
        "sh:Datatype",
        "made:day",
        "sh:datatype xsd:dateTime",
        DAYS,
        [1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 13, 14, 15],
    ),
    (
        "sh:Datatype",
        "made:day",
        "sh:datatype xsd:string",
        DAYS,
        [1, 2, 3, 4, 5, 6, 8, 9, 11, 12, 13, 14],
    ),
    ("sh:Datatype", "made:days", "sh:datatype xsd:date", DAYLISTS, [1, 2, 3]),
    ("sh:Datatype", "made:owner", "sh:datatype xsd:string", LINKS, [1, 2, 3, 4, 5]),
    (
        "sh:Datatype",
        "geo:hasGeometry",
        "sh:datatype geo:wktLiteral",
        PLACES,
        [1, 2, 3, 4],
    ),
    (
        "sh:Datatype",
        "(geo:hasGeometry geo:asWKT)",
        "sh:datatype geo:wktLiteral",
        PLACES,
        [4],
    ),
    ("sh:Datatype", "made:flag", "sh:datatype xsd:boolean", FLAGS, [4, 5, 6]),
    (
        "sh:NodeKind",
        "made:text",
        "sh:nodeKind sh:IRI",
        TEXTS,
        [1, 2, 3, 4, 5, 6, 7, 8, 9],
    ),
    ("sh:NodeKind", "made:text", "sh:nodeKind sh:Literal", TEXTS, []),
    ("sh:NodeKind", "made:owner", "sh:nodeKind sh:IRI", LINKS, []),
    (
        "sh:NodeKind",
        "made:owner",
        "sh:nodeKind sh:BlankNodeOrLiteral",
        LINKS,
        [1, 2, 3, 4, 5],
    ),
    ("sh:NodeKind", "geo:hasGeometry", "sh:nodeKind sh:IRIOrLiteral", PLACES, []),
    (
        "sh:NodeKind",
        "geo:hasGeometry",
        "sh:nodeKind sh:BlankNode",
        PLACES,
        [1, 2, 3, 4],
    ),
    ("sh:Class", "made:owner", "sh:class made:Owner", LINKS, [3, 4, 5]),
    ("sh:Class", "made:owner", "sh:class made:Body", LINKS, [3, 4, 5]),
    (
        "sh:Class",
        "made:owner",
        "sh:class made:Owner , made:Thing",
        LINKS,
        [1, 2, 3, 4, 5],
    ),
    ("sh:Class", "made:bodies", "sh:class made:Body", CURIES, [2, 3, 4]),
    ("sh:Class", "geo:hasGeometry", "sh:class sf:Point", PLACES, [3, 4]),
    ("sh:Class", "geo:hasGeometry", "sh:class made:Spot", PLACES, [3, 4]),
    ("sh:Class", "geo:hasGeometry", "sh:class made:Nothing", PLACES, [1, 2, 3, 4]),
    (
        "sh:Class",
        "made:text",
        "sh:class made:Owner",
        TEXTS,
        [1, 2, 3, 4, 5, 6, 7, 8, 9],
    ),
    ("sh:Class", "rdf:type", "sh:class made:Thing", PLACES, [1, 2, 3, 4, 5]),
    ("sh:Pattern", "made:text", 'sh:pattern "^[a-z]+$"', TEXTS, [3, 4, 5, 6, 8, 9]),
    ("sh:Pattern", "made:text", 'sh:pattern "a" , "b"', TEXTS, [1, 3, 4, 5, 6, 7, 9]),
    (
        "sh:Pattern",
        "made:text",
        'sh:pattern "^A$" ; sh:flags "i"',
        TEXTS,
        [2, 4, 5, 6, 8, 9],
    ),
    (
        "sh:Pattern",
        "made:text",
        'sh:pattern "^b" ; sh:flags "m"',
        TEXTS,
        [1, 2, 3, 4, 5, 6, 7, 9],
    ),
    ("sh:Pattern", "made:text", 'sh:pattern "^.$"', TEXTS, [2, 5, 6, 8]),
    ("sh:Pattern", "made:text", 'sh:pattern "(?!a)"', TEXTS, []),
    (
        "sh:Pattern",
        "made:number",
        'sh:pattern "^1$"',
        NUMBERS,
        [4, 5, 6, 7, 8, 9, 10, 11],
    ),
    ("sh:Pattern", "made:owner", 'sh:pattern "/id/owner/A"', LINKS, [2, 3, 4, 5]),
    ("sh:Pattern", "made:bodies", 'sh:pattern "/id/body/"', CURIES, [1, 2, 3, 4]),
    ("sh:Pattern", "geo:hasGeometry", 'sh:pattern "k[12]/geometry$"', PLACES, [3, 4]),
    (
        "sh:Pattern",
        "skos:exactMatch",
        'sh:pattern "elsewhere.example/k[12]/"',
        PLACES,
        [3, 4, 5],
    ),
    ("sh:Pattern", "rdf:type", 'sh:pattern "Thing"', PLACES, []),
    ("sh:MinLength", "made:text", "sh:minLength 2", TEXTS, [1, 3, 4, 6, 9]),
    ("sh:MinLength", "made:text", "sh:minLength 1", TEXTS, [6]),
    ("sh:MinLength", "made:text", "sh:minLength 0", TEXTS, []),
    ("sh:MinLength", "made:number", "sh:minLength 2", NUMBERS, [1, 2, 3, 4, 7, 10, 11]),
    ("sh:MinLength", "rdf:type", "sh:minLength 100", LINKS, [1, 2, 3, 4, 5, 6]),
    ("sh:MaxLength", "made:text", "sh:maxLength 1", TEXTS, [2, 5, 7, 8]),
    ("sh:MaxLength", "made:text", "sh:maxLength 0", TEXTS, [1, 2, 3, 4, 5, 7, 8, 9]),
    ("sh:MaxLength", "made:number", "sh:maxLength 1", NUMBERS, [5, 6, 8, 9]),
    ("sh:MaxLength", "made:owner", "sh:maxLength 38", LINKS, [2, 5]),
    ("sh:MinInclusive", "made:number", "sh:minInclusive 1", NUMBERS, [4, 6, 7, 8, 10]),
    ("sh:MinInclusive", "made:wholes", "sh:minInclusive 2.0", WHOLES, [1]),
    (
        "sh:MinInclusive",
        "made:text",
        "sh:minInclusive 1",
        TEXTS,
        [1, 2, 3, 4, 5, 6, 7, 8, 9],
    ),
    ("sh:MinInclusive", "made:text", 'sh:minInclusive "ab"', TEXTS, [1, 3, 6, 7, 8]),
    ("sh:MinInclusive", "made:owner", "sh:minInclusive 1", LINKS, [1, 2, 3, 4, 5]),
    (
        "sh:MinInclusive",
        "made:day",
        'sh:minInclusive "2018-01-01"^^xsd:date',
        DAYS,
        [6, 7, 8, 9, 10, 12, 13, 14, 15],
    ),
    (
        "sh:MinExclusive",
        "made:number",
        "sh:minExclusive 1",
        NUMBERS,
        [1, 2, 3, 4, 6, 7, 8, 9, 10],
    ),
    (
        "sh:MinExclusive",
        "made:number",
        "sh:minExclusive 1 , 2",
        NUMBERS,
        [1, 2, 3, 4, 6, 7, 8, 9, 10],
    ),
    ("sh:MaxInclusive", "made:number", "sh:maxInclusive 1", NUMBERS, [5, 7, 8, 10, 11]),
    ("sh:MaxInclusive", "made:exact", "sh:maxInclusive 1.5", DECIMALS, [4, 6]),
    (
        "sh:MaxExclusive",
        "made:number",
        "sh:maxExclusive 1",
        NUMBERS,
        [1, 2, 3, 5, 7, 8, 9, 10, 11],
    ),
    ("sh:MaxExclusive", "made:exact", "sh:maxExclusive 1", DECIMALS, [1, 2, 4, 7]),
    ("sh:In", "made:text", 'sh:in ("a" "é" "")', TEXTS, [2, 3, 5, 7, 8, 9]),
    (
        "sh:In",
        "made:text",
        'sh:in ("a"^^xsd:string "ab"@en)',
        TEXTS,
        [1, 2, 3, 4, 5, 6, 7, 8, 9],
    ),
    ("sh:In", "made:number", 'sh:in (1 "01")', NUMBERS, [4, 5, 6, 7, 8, 9, 10, 11]),
    ("sh:In", "made:label", 'sh:in ("a"@EN "b"@cy)', LABELS, [2, 3]),
    (
        "sh:In",
        "made:day",
        'sh:in ("1905"^^xsd:gYear "x" "2016-04-05T13:23:05Z"^^xsd:dateTime)',
        DAYS,
        [2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15],
    ),
    ("sh:In", "made:owner", 'sh:in (owner:A1 "A1")', LINKS, [2, 3, 4, 5]),
    ("sh:In", "rdf:type", "sh:in (made:Other)", PLACES, [1, 2, 3, 4, 5]),
    ("sh:In", "(geo:hasGeometry rdf:type)", "sh:in (sf:Point)", PLACES, [3]),
    ("sh:In", "made:text", "sh:in ()", TEXTS, [1, 2, 3, 4, 5, 6, 7, 8, 9]),
    ("sh:LanguageIn", "made:label", 'sh:languageIn ("en")', LABELS, [2, 2, 3]),
    ("sh:LanguageIn", "made:label", 'sh:languageIn ("CY-x" "*")', LABELS, []),
    (
        "sh:LanguageIn",
        "made:text",
        'sh:languageIn ("en")',
        TEXTS,
        [1, 2, 3, 4, 5, 6, 7, 8, 9],
    ),
    ("sh:LanguageIn", "made:owner", 'sh:languageIn ("*")', LINKS, [1, 2, 3, 4, 5]),
    (
        "sh:Not",
        "made:number",
        "sh:not [ sh:datatype xsd:integer ]",
        NUMBERS,
        [1, 2, 3, 4, 5, 6, 9, 11],
    ),
    (
        "sh:Not",
        "made:text",
        'sh:not [ sh:pattern "a" ] , [ sh:minLength 2 ]',
        TEXTS,
        [1, 2, 5, 7, 8],
    ),
    (
        "sh:And",
        "made:number",
        "sh:and ( [ sh:datatype xsd:integer ] [ sh:minInclusive 1 ] )",
        NUMBERS,
        [4, 6, 7, 8, 10],
    ),
    (
        "sh:And",
        "made:text",
        "sh:and ( [ sh:deactivated true ; sh:datatype xsd:date ] [ sh:minLength 1 ] )",
        TEXTS,
        [6],
    ),
    (
        "sh:Or",
        "made:day",
        "sh:or ( [ sh:datatype xsd:date ] [ sh:datatype xsd:gYear ] )",
        DAYS,
        [3, 4, 6, 7, 8, 9, 10, 12, 14, 15],
    ),
    (
        "sh:Or",
        "made:wholes",
        "sh:or ( [ sh:maxInclusive 1 ] [ sh:minInclusive 10 ] )",
        WHOLES,
        [2, 2, 6],
    ),
    (
        "sh:Or",
        "geo:hasGeometry",
        "sh:or ( [ sh:class sf:Point ] [ sh:path geo:asWKT ; sh:maxLength 1 ] )",
        PLACES,
        [3],
    ),
    (
        "sh:Xone",
        "made:text",
        'sh:xone ( [ sh:pattern "a" ] [ sh:minLength 2 ] )',
        TEXTS,
        [2, 3, 4, 6, 7, 8, 9],
    ),
    (
        "sh:Xone",
        "made:number",
        "sh:xone ( [ sh:datatype xsd:integer ] [ sh:minInclusive 1 ] "
        "[ sh:maxLength 1 ] )",
        NUMBERS,
        [1, 2, 3, 4, 5, 8, 9, 11],
    ),
    (
        "sh:Xone",
        "made:text",
        "sh:xone ( made:twice made:twice ) . made:twice sh:minLength 2",
        TEXTS,
        [1, 2, 3, 4, 5, 6, 7, 8, 9],
    ),
    (
        "sh:Node",
        "made:text",
        "sh:node [ sh:minLength 1 ] , [ sh:maxLength 1 ]",
        TEXTS,
        [2, 5, 6, 7, 8],
    ),
    (
        "sh:Node",
        "geo:hasGeometry",
        "sh:node [ sh:closed true ; sh:property [ sh:path geo:asWKT ; sh:pattern "
        '"^POINT" ; sh:flags "i" ] , [ sh:path rdf:type ; sh:minCount 1 ] ]',
        PLACES,
        [3, 4],
    ),
    ("sh:Node", "geo:hasGeometry", "sh:node [ sh:closed true ]", PLACES, [1, 2, 3, 4]),
    (
        "sh:Node",
        "made:text",
        "sh:node [ sh:property [ sh:path made:text ; sh:minCount 1 ] ]",
        TEXTS,
        [1, 2, 3, 4, 5, 6, 7, 8, 9],
    ),
    (
        "sh:Node",
        "made:text",
        "sh:node [ sh:severity sh:Info ; sh:minLength 1 ]",
        TEXTS,
        [6],
    ),
]


@pytest.mark.parametrize(
    ("component", "path", "constraint", "rows", "numbers"),
    CASES,
    ids=[" ".join(case[:3]) for case in CASES],
)
def test_values_are_refused_as_by_pyshacl(
    component: str, path: str, constraint: str, rows: Rows, numbers: list[int]
) -> None:
    """A value of a row is refused by the constraint that it breaks, and by no other."""
    found = refused(on(path, constraint), rows)
    assert found == [(number, component) for number in numbers]


def test_the_table_has_one_constraint_that_needs_pyshacl() -> None:
    """What is tried is compiled, but for a pattern that looks ahead."""
    reasons = {
        (constraint, reason)
        for _, path, constraint, _, _ in CASES
        for reason in left(on(path, constraint))
    }
    assert [constraint for constraint, _ in reasons] == ['sh:pattern "(?!a)"']


@pytest.mark.parametrize("text", ["NaN", "sNaN", "-nan12"])
@pytest.mark.parametrize(
    "constraint",
    [
        *("sh:minInclusive 1", "sh:maxInclusive 1.5", "sh:minExclusive 1.5e0"),
        *('sh:maxExclusive "NaN"^^xsd:decimal', "sh:minInclusive -1, 1"),
        *("sh:lessThan made:number", "sh:lessThanOrEquals made:exact"),
    ],
)
def test_a_decimal_that_is_no_number_is_in_no_order(constraint: str, text: str) -> None:
    """NaN, which is no xsd:decimal though Python reads it as one, breaks every bound
    and order; pySHACL would die of it."""
    known = known_of(on("made:exact", constraint))
    rows = frame_of([{"exact": text, "whole": "1"}, {"exact": None, "whole": "1"}])
    found = [(v.row, v.value) for v in findings(known, rows, HELD)]
    assert set(found) == {(1, text)}


def test_a_decimal_that_is_no_number_is_not_in_range_nor_out_of_it() -> None:
    """Within sh:not a bound that NaN breaks is one that is not met."""
    known = known_of(on("made:exact", "sh:not [ sh:minInclusive 1 ]"))
    rows = frame_of([{"exact": "NaN"}, {"exact": "2"}, {"exact": "0"}])
    found = [(v.row, terms.short(v.component)) for v in findings(known, rows, HELD)]
    assert found == [(2, "sh:Not")]
