"""Violations of a shape: severity, message and the field that they are about."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from rdflib import SH, BNode, Graph, URIRef
from rdflib.term import Node

from tests.gate.rows import BASE
from trigpoint.gate import terms
from trigpoint.gate.messages import shortened
from trigpoint.gate.shacl.batch import Brief, brief
from trigpoint.gate.shacl.findings import Findings
from trigpoint.gate.violation import Violation
from trigpoint.schema.catalogue import Schemas

SHAPE = "https://w3id.org/trigpoint/shapes#site"
PREFIXES = """
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix shape: <https://w3id.org/trigpoint/shapes#> .
@prefix tp: <https://w3id.org/trigpoint/def#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""


@pytest.fixture(scope="module")
def known(schemas: Schemas) -> Brief:
    """What there is to know of the register `site`."""
    return brief(schemas["site"], schemas, BASE)


def with_more(known: Brief, turtle: str) -> Brief:
    shapes = Graph()
    shapes += known.shapes
    return replace(known, shapes=shapes.parse(data=PREFIXES + turtle, format="turtle"))


def found(known: Brief, name: str, component: str, value: str | None) -> Violation:
    """The violation of a component of a field's shape, by row 2."""
    field = known.schema.field(name)
    return Findings(known).violation(
        shape=URIRef(field.shape),
        component=f"{terms.SH}{component}ConstraintComponent",
        row=2,
        key="7",
        field=field,
        value=value,
        path=field.path,
    )


def test_a_violation_says_all_that_was_given_and_what_the_shape_says(
    known: Brief,
) -> None:
    """Row, key, field and value as given; register, severity and shape besides."""
    assert found(known, "name", "MinLength", "x") == Violation(
        register="site",
        row=2,
        key="7",
        field="name",
        value="x",
        path="http://www.w3.org/2000/01/rdf-schema#label",
        component=terms.MIN_LENGTH,
        severity="violation",
        shape=f"{SHAPE}-name",
        message="“x” is too short: expected at least 2 characters",
    )


@pytest.mark.parametrize(
    ("severity", "expected"),
    [
        ("sh:Violation", "violation"),
        ("sh:Warning", "warning"),
        ("sh:Info", "info"),
        ("tp:Odd", "warning"),
    ],
)
def test_the_severity_is_that_of_the_shape(
    known: Brief, severity: str, expected: str
) -> None:
    """One that is not SHACL's own is a warning: it refuses nothing."""
    some = with_more(known, f"shape:site-name sh:severity {severity} .")
    assert found(some, "name", "MinLength", "x").severity == expected


def test_the_shape_s_own_message_wins(known: Brief) -> None:
    """English first; it is said of whatever the shape refuses."""
    for component in ("In", "Datatype", "MaxCount"):
        message = found(known, "grade", component, "III").message
        assert message == "Expected one of the grades of listed buildings."


@pytest.mark.parametrize(
    ("name", "component", "value", "more", "expected"),
    [
        ("name", "MinCount", None, "", "“name” is missing: every record of site"),
        ("tags", "MinCount", None, "sh:minCount 2", "few values: expected at least 2"),
        ("name", "MaxCount", None, "", "“name” has more than 1 value"),
        ("tags", "MaxCount", None, "", "“tags” has more than 3 values"),
        ("size", "Datatype", "x", "", "“x” is not a whole number"),
        ("start-date", "Or", "x", "", "“x” is not a date: expected one such as"),
        ("size", "Or", "3", "sh:or ( [ sh:in ( 1 ) ] )", "“3” meets none of the cond"),
        ("size", "MinInclusive", "-1", "", "expected at least 0"),
        (
            "size",
            "MaxExclusive",
            "x",
            "",
            "“x” is out of range: expected less than",
        ),
        ("tags", "Pattern", "A{name}", "", "“A{name}” does not have the form ^[a-z]+$"),
        ("name", "MaxLength", "x" * 99, "", f"“{'x' * 60}…” is too long: expected at"),
        ("owner", "Class", "A2", "", "there is no record “A2” in the register owner"),
        ("authority", "Class", "site:1", "", "no record “1” in the register site"),
        ("authority", "Class", "A2", "", "“A2” does not say which register it is of"),
        ("owner", "NodeKind", "A2", "", "“A2” cannot be the key of a record"),
        ("point", "Node", "here", "", "not a point"),
        ("size", "Node", "3", "sh:node shape:odd", "is not as https://w3id.org/trigp"),
        ("size", "LessThan", "3", "sh:lessThan tp:open", "“3” is not less than “open”"),
        ("size", "LessThanOrEquals", "3", "sh:lessThanOrEquals tp:no", "is more than "),
        ("size", "Equals", "3", "sh:equals tp:open", "expected “size” and “open” to h"),
        (
            "size",
            "Disjoint",
            "3",
            "sh:disjoint tp:open",
            "in “size” and in “open”",
        ),
        ("size", "HasValue", None, "sh:hasValue 5", "“size” lacks the value 5"),
        ("name-cy", "LanguageIn", "x", "", "“x” is not in cy"),
        ("name-cy", "UniqueLang", None, "", "“name-cy” has two values in one language"),
        ("size", "Not", "3", "", "“3” is what “size” must not be"),
        ("size", "And", "3", "", "“3” does not meet every condition on “size”"),
        ("size", "Xone", "3", "", "“3” does not meet exactly one condition on “size”"),
        ("tags", "QualifiedMinCount", None, "sh:qualifiedMinCount 2", "at least 2"),
        ("tags", "QualifiedMaxCount", None, "sh:qualifiedMaxCount 4", "at most 4"),
        ("note", "Closed", "n", "", "has the value “n” for a property that its shape"),
        ("note", "Odd", "n", "", "sh:Odd"),
    ],
)
def test_each_component_has_a_sentence(
    known: Brief, name: str, component: str, value: str | None, more: str, expected: str
) -> None:
    """Where the shape has no message we say what was expected, or at least of what."""
    some = with_more(known, f"shape:site-{name} {more} ." if more else "")
    assert expected in found(some, name, component, value).message


def test_a_nested_shape_has_its_own_sentence(known: Brief) -> None:
    """A shape without a field is known by its path, or speaks of the record."""
    some = with_more(
        known,
        "_:a sh:path tp:tag ; sh:maxCount 2 . _:b sh:maxCount 2 . _:c sh:path"
        " [ sh:inversePath tp:tag ] ; sh:maxCount 2 ; sh:severity sh:Info .",
    )
    said = []
    for shape in some.shapes.subjects(SH.maxCount, None):
        if isinstance(shape, BNode):
            violation = of_shape(some, shape, terms.MAX_COUNT)
            assert (violation.shape, violation.field) == (SHAPE, None)
            said.append(violation.message)
    assert sorted(said) == [
        "the record has more than 2 values",
        "the record has more than 2 values",
        "“tags” has more than 2 values",
    ]


def of_shape(known: Brief, shape: Node, component: str, **more: Any) -> Violation:
    return Findings(known).violation(
        shape=shape,
        component=component,
        row=2,
        key="7",
        field=None,
        value=None,
        path=None,
        **more,
    )


def test_what_was_said_stands_in_where_nobody_has_a_sentence(known: Brief) -> None:
    """pySHACL's message is taken for a component that is not SHACL's."""
    shape = URIRef(SHAPE)
    odd = "https://example.org/OddComponent"
    assert of_shape(known, shape, odd, said="It is odd.").message == "It is odd."
    assert of_shape(known, shape, odd).message == odd


def test_a_field_is_found_by_its_shape_before_its_path(known: Brief) -> None:
    """Two fields may share a path; a nested shape has only that."""
    size, name = known.schema.field("size"), known.schema.field("name")
    findings = Findings(known)
    assert findings.field(URIRef(size.shape), URIRef(name.path)) == size
    assert findings.field(BNode(), URIRef(name.path)) == name
    assert findings.field(URIRef(SHAPE), None) is None


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        ("plain", "plain"),
        ("a\tb", "a\\u0009b"),
        ("x" * 9, "xxxxx…"),
        ("xxxx\u202ex", "xxxx\\u202e…"),
    ],
)
def test_values_are_shown_on_one_line(value: str | None, shown: str) -> None:
    """Long values are cut, and what cannot be seen is made visible."""
    assert shortened(value, 5) == shown
