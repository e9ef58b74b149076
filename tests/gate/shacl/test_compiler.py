"""The compiler: conditions on the record itself, what it refuses, what is left over."""

from __future__ import annotations

import polars as pl
import pytest
from rdflib import XSD, Literal, URIRef
from rdflib.term import Node

from tests.gate.rows import Row
from tests.gate.shacl.asked import (
    checked,
    explained,
    frame_of,
    known_of,
    left,
    on,
    refused,
)
from trigpoint.errors import InvalidShape
from trigpoint.gate import terms
from trigpoint.gate.checks import run
from trigpoint.gate.shacl.compiler import compile_shape
from trigpoint.gate.shacl.conditions import ONLY_ITS_OWN
from trigpoint.gate.shacl.judge import Judge
from trigpoint.gate.shacl.lexical import Order
from trigpoint.gate.shacl.order import in_order
from trigpoint.gate.staged import Staged
from trigpoint.gate.survey import every_target
from trigpoint.gate.violation import Violation

ROWS: list[Row] = [
    {"thing": "a", "text": "a", "place": "POINT(1 2)", "owner": "A1"},
    {"thing": "a b", "text": "ab", "texts": ["x", "x"], "owner": "none"},
    {"thing": "c"},
    {"thing": "d", "place": "a", "owner": "B 2", "whole": "1"},
]
IGNORED = "rdf:type skos:exactMatch made:notation geo:hasGeometry"
# A list that comes back to itself.
_LOOP = "made:loop . made:loop rdf:first [ sh:minLength 1 ] ; rdf:rest made:loop"


def found_in(turtle: str, rows: list[Row]) -> list[Violation]:
    """What the compiled checks find, as they report it."""
    known, frame = known_of(turtle), frame_of(rows)
    targets = every_target(Staged(frame), known)
    checks = compile_shape(known).checks(targets, Judge(known), frame.columns)
    return list(run(frame, checks))


def numbers(found: list[tuple[int, str]]) -> list[int]:
    return [row for row, _ in found]


@pytest.mark.parametrize(
    ("constraint", "component", "rows"),
    [
        ("sh:nodeKind sh:Literal", "sh:NodeKind", [1, 2, 3, 4]),
        ("sh:class made:Thing", "sh:Class", []),
        ("sh:class made:Other", "sh:Class", [1, 2, 3, 4]),
        ('sh:pattern "a%20b$"', "sh:Pattern", [1, 3, 4]),
        ("sh:maxLength 38", "sh:MaxLength", [2]),
        ("sh:minInclusive 1", "sh:MinInclusive", [1, 2, 3, 4]),
        ("sh:datatype xsd:string", "sh:Datatype", [1, 2, 3, 4]),
        ("sh:in ( thing:a )", "sh:In", [2, 3, 4]),
        ("sh:hasValue thing:c", "sh:HasValue", [1, 2, 4]),
        ("sh:equals made:owner", "sh:Equals", [1, 1, 2, 2, 3, 4, 4]),
        ("sh:disjoint rdf:type", "sh:Disjoint", []),
        ('sh:languageIn ( "en" )', "sh:LanguageIn", [1, 2, 3, 4]),
        (
            f"sh:closed true ; sh:ignoredProperties ( {IGNORED} ) ; "
            "sh:property [ sh:path made:text ; sh:deactivated true ]",
            "sh:Closed",
            [1, 2, 2, 4, 4],
        ),
        ("sh:closed false", "sh:Closed", []),
        (
            "sh:not [ sh:property [ sh:path made:text ; sh:minCount 1 ] ]",
            "sh:Not",
            [1, 2],
        ),
        (
            "sh:or ( [ sh:path made:text ; sh:minCount 1 ] "
            "[ sh:path made:number ; sh:minCount 1 ] )",
            "sh:Or",
            [3],
        ),
        (
            "sh:and ( [ sh:closed true ; sh:ignoredProperties ( made:text ) ] )",
            "sh:And",
            [1, 2, 3, 4],
        ),
        (
            "sh:xone ( [ sh:path made:text ; sh:minCount 1 ] "
            "[ sh:path geo:hasGeometry ; sh:minCount 1 ] )",
            "sh:Xone",
            [1, 3],
        ),
        (
            "sh:node [ sh:property [ sh:path made:texts ; sh:maxCount 0 ] , "
            "[ sh:path ( geo:hasGeometry geo:asWKT ) ; sh:datatype geo:wktLiteral ] ]",
            "sh:Node",
            [2, 4],
        ),
        ("sh:deactivated true ; sh:nodeKind sh:Literal", "sh:NodeKind", []),
        # pySHACL passes it over on a node shape.
        (
            "sh:qualifiedValueShape [ sh:minLength 1 ] ; sh:qualifiedMinCount 9",
            "sh:QualifiedMinCount",
            [],
        ),
    ],
)
def test_the_record_itself_is_judged_as_by_pyshacl(
    constraint: str, component: str, rows: list[int]
) -> None:
    """A constraint of the node shape is on the record: its IRI, and what the row says
    of it."""
    turtle = f"made:shape {constraint} ."
    assert refused(turtle, ROWS) == [(row, component) for row in rows]
    assert left(turtle) == []


def test_conditions_on_a_geometry_are_on_a_node_of_its_own() -> None:
    """The node of a geometry has a text and perhaps a class; where a row has none,
    nothing is missing of it."""
    inner = (
        '[ sh:path geo:asWKT ; sh:pattern "^P" ; sh:minLength 9 ] , '
        "[ sh:path rdf:type ; sh:minCount 1 ]"
    )
    turtle = on("geo:hasGeometry", f"sh:property {inner}")
    assert refused(turtle, ROWS) == [
        (4, "sh:MinCount"),
        (4, "sh:MinLength"),
        (4, "sh:Pattern"),
    ]
    assert left(turtle) == []
    assert {one.field for one in found_in(turtle, ROWS)} == {"place"}


@pytest.mark.parametrize(
    ("turtle", "reason", "rows"),
    [
        (
            'made:shape sh:sparql [ sh:select """SELECT $this ?value WHERE '
            '{ $this <https://register.example/made#text> ?value }""" ] .',
            "a query in SPARQL",
            [1, 2],
        ),
        (
            "made:shape made:longest 3 . made:check a sh:ConstraintComponent ; "
            "sh:parameter [ sh:path made:longest ] ; sh:nodeValidator "
            '[ a sh:SPARQLSelectValidator ; sh:select """SELECT $this WHERE '
            '{ $this ?p "ab" }""" ] .',
            "a component of its own",
            [2],
        ),
        (on("made:text", "sh:expression [ sh:path made:text ]"), "SHACL's core", []),
        (
            on("[ sh:zeroOrMorePath made:text ]", "sh:nodeKind sh:IRI"),
            "sh:zeroOrMorePath",
            [1, 2],
        ),
        (
            on("[ sh:zeroOrOnePath made:owner ]", "sh:maxCount 1"),
            "sh:zeroOrOnePath",
            [1, 2, 4],
        ),
        (on("made:text", 'sh:pattern "^(?!a)"'), "looks ahead", [1, 2]),
    ],
)
def test_what_columns_cannot_tell_is_left_to_pyshacl_by_name(
    turtle: str, reason: str, rows: list[int]
) -> None:
    """What cannot be compiled is told with its reason, and judged all the same."""
    (why,) = left(turtle)
    assert reason in why
    assert numbers(refused(turtle, ROWS)) == rows


@pytest.mark.parametrize(
    ("path", "constraint", "said"),
    [
        ("[ sh:inversePath made:owner ]", "sh:maxCount 0", "sh:inversePath"),
        ("[ sh:zeroOrMorePath made:owner ]", "sh:maxCount 1", "sh:zeroOrMorePath"),
        ("[ sh:oneOrMorePath made:owner ]", "sh:maxCount 1", "sh:oneOrMorePath"),
        ("( made:owner made:text )", "sh:minCount 1", "that is linked to"),
        ("( made:bodies made:text )", "sh:minCount 1", "that are linked to"),
        ("made:owner", "sh:node {0}", "that is linked to"),
        ("made:owner", "sh:not {0}", "that is linked to"),
        ("made:owner", "sh:or ( {0} [ sh:class made:Body ] )", "that is linked to"),
        (
            "made:owner",
            "sh:qualifiedValueShape {0} ; sh:qualifiedMinCount 1",
            "that is linked to",
        ),
        ("made:owner", "sh:node [ sh:closed true ]", "that is linked to"),
    ],
)
def test_what_is_asked_of_other_records_is_refused_by_name(
    path: str, constraint: str, said: str
) -> None:
    """Of other records only the class is known: nobody could but guess the rest."""
    inner = "[ sh:property [ sh:path made:text ; sh:minCount 1 ] ]"
    turtle = on(path, constraint.format(inner))
    rows: list[Row] = [{**row, "bodies": ["owner:A1"]} for row in ROWS]
    for look in (left, lambda one: refused(one, rows)):
        with pytest.raises(InvalidShape, match=said) as caught:
            look(turtle)
        assert ONLY_ITS_OWN in str(caught.value)


@pytest.mark.filterwarnings("ignore::pyshacl.errors.ShapeRecursionWarning")
def test_a_recursive_shape_is_left_to_pyshacl() -> None:
    """pySHACL goes round once more and warns of it; it has the last word."""
    turtle = on("made:text", "sh:node made:q . made:q sh:not [ sh:node made:q ]")
    assert left(turtle) == ["the shape refers to itself"]
    assert numbers(refused(turtle, ROWS)) == [1, 2]


def test_only_the_constraint_that_cannot_be_compiled_is_left() -> None:
    """Of several constraints of a shape the others are compiled."""
    turtle = on("made:text", 'sh:minLength 2 ; sh:pattern "(?!a)" ; sh:maxCount 1')
    assert {one.text: one.reason is None for one in explained(turtle)} == {
        "sh:maxCount 1": True,
        "sh:minLength 2": True,
        "sh:pattern (?!a)": False,
    }


@pytest.mark.parametrize(
    ("constraint", "said"),
    [
        ("sh:minCount 1 , 2", "sh:minCount one literal"),
        ('sh:minCount "1"', "sh:minCount a whole number"),
        ("sh:maxCount -1", "sh:maxCount a number that is not negative"),
        ("sh:minLength 1.5", "sh:minLength a whole number"),
        ("sh:datatype xsd:date , xsd:string", "sh:datatype one datatype"),
        ("sh:nodeKind sh:IRI , sh:Literal", "sh:nodeKind one node kind"),
        ("sh:pattern made:x", "sh:pattern literals"),
        ("sh:minInclusive made:x", "sh:minInclusive a literal"),
        ('sh:in ( "a" ) , ( "b" )', "sh:in one list"),
        ("sh:languageIn ( 1 )", "sh:languageIn one list of language tags"),
        ("sh:uniqueLang 1", "sh:uniqueLang true or false"),
        ("sh:lessThan 1", "sh:lessThan the IRI of a property"),
        ("sh:or ()", "sh:or a list with members"),
        ("sh:and ( 1 )", "sh:and a shape"),
        ("sh:qualifiedValueShape [ ]", "one sh:qualifiedMinCount or"),
        ("sh:qualifiedMinCount 1", "sh:qualifiedValueShape beside it"),
        ("sh:closed true , false", "sh:closed one literal"),
        ("sh:deactivated made:x", "sh:deactivated one literal"),
        ("a sh:NodeShape", "sh:path nothing"),
        ("sh:path made:more", "sh:path one path"),
        (f"sh:in {_LOOP}", "sh:in a list that ends"),
        (f"sh:or {_LOOP}", "sh:or a list that ends"),
    ],
)
def test_a_shape_that_pyshacl_cannot_work_with_is_named(
    constraint: str, said: str
) -> None:
    """A fault of the shape is told with the shape and the parameter."""
    with pytest.raises(InvalidShape, match=f"made#part>.*{said}"):
        compile_shape(known_of(on("made:text", constraint)))


def test_counts_and_comparisons_are_for_property_shapes() -> None:
    """On a node shape they are a fault of the shape."""
    for constraint in ("sh:minCount 1", "sh:uniqueLang true", "sh:lessThan made:text"):
        with pytest.raises(InvalidShape, match=r"made#shape>.*a property shape"):
            compile_shape(known_of(f"made:shape {constraint} ."))


def test_what_no_row_can_break_costs_nothing() -> None:
    """Kinds, counts and classes that follow from the mapping have no check."""
    free = on(
        "made:owner",
        "sh:nodeKind sh:IRI ; sh:maxCount 1 ; sh:class made:Owner ; sh:minLength 0",
    )
    assert checked(free, ROWS) == 0
    closed = on("made:text", "sh:datatype xsd:string ; sh:maxCount 1")
    assert checked(f"{closed} made:shape sh:class made:Thing .", ROWS) == 0
    assert checked(on("made:text", "sh:minLength 1"), ROWS) == 1
    assert checked(on("made:text", "sh:minLength 1"), [{"whole": "1"}]) == 0


def test_one_value_in_two_spellings_is_refused_once() -> None:
    """“01” and “1” are one integer, so they are one value, told as written first."""
    (found,) = found_in(
        on("made:wholes", "sh:minInclusive 2"), [{"wholes": ["01", "1", "3"]}]
    )
    assert (found.field, found.value) == ("wholes", "01")
    both = on("made:texts", "sh:nodeKind sh:IRI")
    rows: list[Row] = [{"texts": ["a", "a", None], "more": "a"}]
    found_twice = found_in(both, rows)
    assert {(one.field, one.value) for one in found_twice} == {
        ("texts", "a"),
        ("more", "a"),
    }


def test_a_value_of_another_property_comes_with_its_field() -> None:
    """sh:equals names what either property has alone, in the field that wrote it."""
    found = found_in(
        on("made:text", "sh:equals made:texts"), [{"text": "a", "texts": ["b"]}]
    )
    assert {(one.field, one.value, one.path) for one in found} == {
        ("text", "a", "https://register.example/made#text"),
        ("texts", "b", "https://register.example/made#text"),
    }


def test_severity_and_message_are_the_shape_s() -> None:
    """A violation has what its shape says of it."""
    (found,) = found_in(
        on("made:text", 'sh:minLength 2 ; sh:severity sh:Warning ; sh:message "No."'),
        [{"text": "a"}],
    )
    assert (found.severity, found.message) == ("warning", "No.")
    assert found.component == terms.MIN_LENGTH


def test_rows_without_a_key_are_passed_over() -> None:
    """They name no record; the others are judged."""
    turtle = on("made:text", "sh:minLength 2 ; sh:minCount 1")
    rows: list[Row] = [{"thing": None, "text": "a"}, {"text": "a"}, {"thing": None}]
    assert [one.row for one in found_in(turtle, rows)] == [2]


def test_ordinary_dates_are_no_suspects() -> None:
    """The fast look lets ordinary values pass, and stops at others."""
    known = known_of(
        on("made:day", "sh:or ( [ sh:datatype xsd:date ] [ sh:datatype xsd:gYear ] )")
    )
    frame = frame_of(
        {"day": day}
        for day in ("1905", "2018-10-09", "2019-02-29", "1993-01", "x", None)
    )
    targets = every_target(Staged(frame), known)
    (check,) = compile_shape(known).checks(targets, Judge(known), frame.columns)
    suspect = frame.select(check.suspect).to_series()
    assert suspect.to_list() == [False, False, True, True, True, False]
    wrong = [one.row for one in check.find(frame.filter(pl.lit(suspect)))]
    assert wrong == [3, 4, 5]


def test_values_that_cannot_be_compared_are_not_in_order() -> None:
    """pySHACL ends at them; by the Recommendation they are refused, one by one."""
    turtle = on("made:wholes", "sh:lessThanOrEquals made:exact")
    rows: list[Row] = [
        {"wholes": ["1", "x", "3"], "exact": "2"},
        {"wholes": ["2", "9" * 5000], "exact": "x"},
        {"wholes": ["1"], "exact": "1.0"},
    ]
    found = [(one.row, one.value) for one in found_in(turtle, rows)]
    assert (1, "3") in found
    assert (1, "1") not in found
    assert {row for row, _ in found} <= {1, 2}
    assert [one.note for one in explained(turtle)] == [None]


@pytest.mark.parametrize(
    ("one", "operator", "other", "answer"),
    [
        (
            Literal("1", datatype=XSD.integer),
            "<=",
            Literal("1.0", datatype=XSD.decimal),
            True,
        ),
        (
            Literal("1", datatype=XSD.integer),
            "<",
            Literal("1.0", datatype=XSD.decimal),
            False,
        ),
        (Literal("1", datatype=XSD.integer), "<", Literal("2"), False),
        (Literal("a"), "<", Literal("b", lang="en"), True),
        (URIRef("urn:a"), "<=", Literal("urn:a"), True),
        (URIRef("urn:a"), "<", Literal("2", datatype=XSD.integer), False),
        (
            Literal("x", datatype=XSD.integer),
            "<=",
            Literal("1", datatype=XSD.integer),
            False,
        ),
    ],
)
def test_terms_are_in_order_as_rdflib_says(
    one: Node, operator: Order, other: Node, answer: bool
) -> None:
    """Texts and IRIs by their text, other literals by value, and nothing else."""
    assert in_order(one, operator, other) is answer
