"""Constraints on all values of a record: the compiled checks say what pySHACL says."""

from __future__ import annotations

import pytest

from tests.gate.rows import Row, Values
from tests.gate.shacl.asked import left, on, refused

Rows = list[Row]


def each(field: str, *values: Values) -> Rows:
    """A row for each value of a field."""
    return [{field: value} for value in values]


NUMBERS: Rows = each("whole", "1", "01", "2", "x", None)
WHOLES: Rows = each(
    "wholes", ["1", "01"], ["2", None, "x"], [], [None], None, ["10", "2", "02"]
)
TEXTS: Rows = each("text", "a", "", None)
SHARED: Rows = [
    {"texts": ["a", "b"]},
    {"texts": ["a", "a"], "more": "a"},
    {"texts": ["ab", "b", None], "more": "xa"},
    {"more": "a"},
    {"texts": []},
]
MIXED: Rows = [
    {"en": "a", "cy": ["a", "b"], "texts": ["a"]},
    {"en": "a", "texts": ["b", "b"]},
    {"cy": ["b", "b"], "more": "b"},
    {"en": "b"},
    {},
]
PAIRS: Rows = [
    {"text": "a", "texts": ["a"], "thing": "a"},
    {"text": "a", "texts": ["b", "a", None], "thing": "b"},
    {"text": "b", "texts": ["c", "d"], "thing": "c"},
    {"text": "z", "texts": []},
    {"texts": ["a", "a"]},
    {"text": "a", "more": "a", "thing": "a/b"},
]
NUMERIC: Rows = [
    {"whole": "1", "exact": "1", "wholes": ["1"]},
    {"whole": "1", "exact": "1.0", "wholes": ["2", "3"]},
    {"whole": "2", "exact": "2.5", "wholes": ["1", "3"]},
    {"whole": "3", "exact": ".5", "wholes": []},
    {"whole": "3"},
    {"exact": "3", "wholes": ["1"]},
]
DATED: Rows = [
    {"day": "1905", "days": ["1905"], "text": "1905"},
    {"day": "2018-10-09", "days": ["2018-10-09", "2018-10-10"], "text": "x"},
    {"day": "2018-10-09", "days": ["2018-10-08"], "text": "2018-10-09"},
    {"day": "x", "days": ["x", "y"], "text": "x"},
    {"day": "x", "days": [None]},
]
LINKS: Rows = each("owner", "A1", "B 2", "none", None)
BOTH: Rows = [
    {"owner": "A1", "bodies": ["owner:A1"], "text": "z"},
    {"owner": "A1", "bodies": ["owner:A1", "body:A1"], "text": "a"},
    {"owner": "none", "bodies": ["body:A1"]},
    {"owner": "A1", "bodies": [], "text": ""},
    {"bodies": ["x"]},
]
CURIES: Rows = each(
    "bodies",
    ["owner:A1", "body:A1"],
    ["body:A1", None, "body:A1"],
    ["x", "x:"],
    [],
    None,
)
LABELS: Rows = [
    {"en": "a"},
    {"cy": ["a", "b"]},
    {"en": "b", "cy": ["b", "b", None]},
    {"cy": []},
]
PLACES: Rows = each(
    "place", "POINT(1 2)", "point (1 2)", "POLYGON((0 0,1 0,1 1,0 0))", "a", None
)

CASES: list[tuple[str, str, str, Rows, list[int]]] = [
    ("sh:MinCount", "made:text", "sh:minCount 1", PAIRS, [5]),
    ("sh:MinCount", "made:texts", "sh:minCount 2", SHARED, [4, 5]),
    ("sh:MinCount", "made:wholes", "sh:minCount 2", WHOLES, [1, 3, 4, 5]),
    ("sh:MinCount", "made:label", "sh:minCount 1", LABELS, [4]),
    ("sh:MinCount", "geo:hasGeometry", "sh:minCount 1", PLACES, [5]),
    ("sh:MinCount", "rdf:type", "sh:minCount 2", PLACES, [1, 2, 3, 4, 5]),
    ("sh:MinCount", "made:nothing", "sh:minCount 1", PLACES, [1, 2, 3, 4, 5]),
    ("sh:MinCount", "(geo:hasGeometry rdf:type)", "sh:minCount 1", PLACES, [4, 5]),
    (
        "sh:MinCount",
        "[ sh:alternativePath ( made:label made:texts ) ]",
        "sh:minCount 3",
        MIXED,
        [2, 3, 4, 5],
    ),
    ("sh:MaxCount", "made:wholes", "sh:maxCount 1", WHOLES, [2, 6]),
    ("sh:MaxCount", "made:texts", "sh:maxCount 2", SHARED, [3]),
    ("sh:MaxCount", "made:text", "sh:maxCount 0", PAIRS, [1, 2, 3, 4, 6]),
    ("sh:MaxCount", "made:label", "sh:maxCount 1", LABELS, [2, 3]),
    ("sh:MaxCount", "made:bodies", "sh:maxCount 1", CURIES, [1]),
    (
        "sh:MaxCount",
        "[ sh:alternativePath ( made:label made:texts ) ]",
        "sh:maxCount 2",
        MIXED,
        [1],
    ),
    (
        "sh:MaxCount",
        "[ sh:alternativePath ( geo:hasGeometry made:text ) ]",
        "sh:maxCount 0",
        PLACES,
        [1, 2, 3, 4],
    ),
    ("sh:MaxCount", "rdf:type", "sh:maxCount 0", PLACES, [1, 2, 3, 4, 5]),
    ("sh:HasValue", "made:number", "sh:hasValue 1", NUMBERS, [3, 4, 5]),
    ("sh:HasValue", "made:wholes", "sh:hasValue 1 , 2", WHOLES, [1, 2, 3, 4, 5, 6]),
    ("sh:HasValue", "made:label", 'sh:hasValue "b"@cy', LABELS, [1, 4]),
    ("sh:HasValue", "made:owner", "sh:hasValue owner:A1", LINKS, [2, 3, 4]),
    ("sh:HasValue", "rdf:type", "sh:hasValue made:Thing", PLACES, []),
    ("sh:HasValue", "rdf:type", "sh:hasValue made:Other", PLACES, [1, 2, 3, 4, 5]),
    ("sh:HasValue", "made:texts", 'sh:hasValue "a"', SHARED, [3, 4, 5]),
    (
        "sh:HasValue",
        "skos:exactMatch",
        "sh:hasValue <http://elsewhere.example/k1/x>",
        PLACES,
        [2, 3, 4, 5],
    ),
    ("sh:UniqueLang", "made:label", "sh:uniqueLang true", LABELS, [2]),
    ("sh:UniqueLang", "made:label", "sh:uniqueLang false", LABELS, []),
    ("sh:UniqueLang", "made:text", "sh:uniqueLang true", TEXTS, []),
    ("sh:Equals", "made:text", "sh:equals made:texts", PAIRS, [2, 3, 3, 3, 4, 5, 6]),
    (
        "sh:Equals",
        "made:text",
        "sh:equals made:notation",
        PAIRS,
        [2, 2, 3, 3, 4, 4, 5, 6, 6],
    ),
    (
        "sh:Equals",
        "made:number",
        "sh:equals made:exact",
        NUMERIC,
        [1, 2, 3, 3, 4, 4, 5, 6],
    ),
    ("sh:Equals", "made:text", "sh:equals made:nothing", PAIRS, [1, 2, 3, 4, 6]),
    ("sh:Equals", "made:owner", "sh:equals made:bodies", BOTH, [2, 3, 3, 4, 5]),
    ("sh:Equals", "made:day", "sh:equals made:text", DATED, [1, 2, 2, 3, 5]),
    (
        "sh:Equals",
        "rdf:type",
        "sh:equals made:text",
        PAIRS,
        [1, 1, 2, 2, 3, 3, 4, 4, 5, 6, 6],
    ),
    ("sh:Disjoint", "made:text", "sh:disjoint made:texts", PAIRS, [1, 2]),
    ("sh:Disjoint", "made:text", "sh:disjoint made:notation", PAIRS, [1]),
    ("sh:Disjoint", "made:number", "sh:disjoint made:exact", NUMERIC, []),
    ("sh:Disjoint", "made:owner", "sh:disjoint made:bodies", BOTH, [1, 2]),
    ("sh:Disjoint", "made:text", "sh:disjoint made:nothing", PAIRS, []),
    ("sh:Disjoint", "made:day", "sh:disjoint made:text", DATED, [4]),
    ("sh:LessThan", "made:number", "sh:lessThan made:exact", NUMERIC, [1, 2, 4]),
    ("sh:LessThan", "made:text", "sh:lessThan made:texts", PAIRS, [1, 2, 6]),
    ("sh:LessThan", "made:text", "sh:lessThan made:notation", PAIRS, [1, 4]),
    ("sh:LessThan", "made:owner", "sh:lessThan made:text", BOTH, [2, 4]),
    ("sh:LessThan", "made:owner", "sh:lessThan made:bodies", BOTH, [1, 2, 3]),
    ("sh:LessThan", "rdf:type", "sh:lessThan made:text", PAIRS, [1, 2, 3, 6]),
    ("sh:LessThan", "made:label", "sh:lessThan made:texts", MIXED, [1, 1, 3]),
    ("sh:LessThan", "made:text", "sh:lessThan made:nothing", PAIRS, []),
    (
        "sh:LessThanOrEquals",
        "made:number",
        "sh:lessThanOrEquals made:wholes",
        NUMERIC,
        [3],
    ),
    (
        "sh:LessThanOrEquals",
        "made:text",
        "sh:lessThanOrEquals made:texts , made:notation",
        PAIRS,
        [4],
    ),
    ("sh:LessThanOrEquals", "made:day", "sh:lessThanOrEquals made:days", DATED, [3]),
    (
        "sh:QualifiedMinCount",
        "made:wholes",
        "sh:qualifiedValueShape [ sh:minInclusive 2 ] ; sh:qualifiedMinCount 1",
        WHOLES,
        [1, 3, 4, 5],
    ),
    (
        "sh:QualifiedMinCount",
        "made:texts",
        'sh:qualifiedValueShape [ sh:pattern "a" ] ; sh:qualifiedMinCount 2',
        SHARED,
        [1, 4, 5],
    ),
    (
        "sh:QualifiedMinCount",
        "made:nothing",
        'sh:qualifiedValueShape [ sh:pattern "a" ] ; sh:qualifiedMinCount 1',
        SHARED,
        [1, 2, 3, 4, 5],
    ),
    (
        "sh:QualifiedMinCount",
        "made:texts",
        'sh:qualifiedValueShape [ sh:pattern "a" ] ; sh:qualifiedMinCount 1 ; '
        "sh:qualifiedValueShapesDisjoint true . made:shape sh:property [ sh:path "
        "made:texts ; sh:qualifiedValueShape [ sh:maxLength 1 ] ; "
        "sh:qualifiedMaxCount 9 ]",
        SHARED,
        [1, 2, 4, 5],
    ),
    (
        "sh:QualifiedMaxCount",
        "made:texts",
        'sh:qualifiedValueShape [ sh:pattern "a" ] ; sh:qualifiedMaxCount 0',
        SHARED,
        [1, 2, 3, 4],
    ),
    (
        "sh:QualifiedMaxCount",
        "made:bodies",
        "sh:qualifiedValueShape [ sh:class made:Body ] ; sh:qualifiedMaxCount 1",
        CURIES,
        [1],
    ),
    (
        "sh:QualifiedMaxCount",
        "geo:hasGeometry",
        "sh:qualifiedValueShape [ sh:class sf:Point ] ; sh:qualifiedMaxCount 0",
        PLACES,
        [1, 2],
    ),
]


@pytest.mark.parametrize(
    ("component", "path", "constraint", "rows", "numbers"),
    CASES,
    ids=[" ".join(case[:3]) for case in CASES],
)
def test_sets_of_values_are_refused_as_by_pyshacl(
    component: str, path: str, constraint: str, rows: Rows, numbers: list[int]
) -> None:
    """The values of a row are refused by the constraint that they break together."""
    found = refused(on(path, constraint), rows)
    assert found == [(number, component) for number in numbers]


def test_all_of_the_table_is_compiled() -> None:
    """Nothing of what is tried here is left to pySHACL."""
    assert [left(on(path, constraint)) for _, path, constraint, _, _ in CASES] == [
        [] for _ in CASES
    ]
