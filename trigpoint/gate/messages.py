"""Sentences for what SHACL's components find: what was expected, and what to do.

They stand in where a shape has no `sh:message` of its own; that one always wins.
"""

from __future__ import annotations

from collections.abc import Callable

from rdflib import Graph, URIRef
from rdflib.collection import Collection
from rdflib.namespace import SH as SHACL
from rdflib.term import Node

from trigpoint.gate import terms
from trigpoint.schema.shape import Field, Schema

_SHOWN = 60
_XSD = "http://www.w3.org/2001/XMLSchema#"
_KINDS = {
    f"{_XSD}integer": "a whole number",
    f"{_XSD}decimal": "a decimal number",
    f"{_XSD}boolean": "true or false",
    f"{_XSD}anyURI": "a web address",
}


_BOUNDS = {
    f"{terms.SH}MinInclusiveConstraintComponent": ("at least", SHACL.minInclusive),
    f"{terms.SH}MaxInclusiveConstraintComponent": ("at most", SHACL.maxInclusive),
    f"{terms.SH}MinExclusiveConstraintComponent": ("more than", SHACL.minExclusive),
    f"{terms.SH}MaxExclusiveConstraintComponent": ("less than", SHACL.maxExclusive),
}


def shortened(value: str | None, limit: int = _SHOWN) -> str:
    """A value fit to be shown on one line: cut, and with controls made visible."""
    if value is None:
        return ""
    start = value[: limit + 1]
    shown = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in start[:limit])
    return shown + "…" if len(start) > limit else shown


def shape_message(shapes: Graph, shape: Node | None) -> str | None:
    """The shape's own `sh:message`, English first."""
    messages = list(shapes.objects(shape, SHACL.message)) if shape is not None else []
    messages.sort(key=lambda m: (getattr(m, "language", None) not in (None, "en"), m))
    return str(messages[0]) if messages else None


def describe(
    component: str,
    field: Field | None,
    value: str | None,
    schema: Schema,
    parameter: Callable[[URIRef], list[str]],
) -> str | None:
    """Our sentence for one result; None when we have none for the component.

    `parameter` gives the source shape's values of a SHACL parameter.
    """
    if field is None:
        return None
    name, shown = f"“{field.name}”", f"“{shortened(value)}”"
    if component == terms.MIN_COUNT:
        return f"{name} is missing: every record of {schema.register} needs one"
    if component == terms.MAX_COUNT:
        return f"{name} has more than {_first(parameter(SHACL.maxCount))} value"
    if component == terms.CLASS:
        return unknown_link(field, value or "", schema)
    if component == terms.NODE:
        return f"{name} is not a geometry: expected {_geometry(field)}"
    if component in (terms.DATATYPE, terms.OR) and field.kind == "date":
        return not_a_date(value or "")
    if component in (terms.DATATYPE, terms.OR) and field.datatypes:
        kinds = [_KINDS.get(datatype, datatype) for datatype in field.datatypes]
        return f"{shown} is not {' or '.join(kinds)}"
    return _text(component, shown, parameter)


def unknown_link(field: Field, value: str, schema: Schema) -> str:
    """What to say of a link whose target is not held."""
    target, key = field.target, value
    if field.kind == "curie":
        target, _, key = value.partition(":")
    return (
        f"there is no record “{shortened(key)}” in the register {target}: "
        f"correct “{field.name}”, or load that record first"
    )


def not_a_date(value: str) -> str:
    """What to say of a text that is no date of any GDS precision."""
    shown = shortened(value)
    return f"“{shown}” is not a date: expected one such as 2018-10-09, 1993-01 or 1905"


def list_of(shapes: Graph, shape: Node, predicate: URIRef) -> list[str]:
    """A shape's values of one parameter, with a list taken apart."""
    values: list[str] = []
    for value in shapes.objects(shape, predicate):
        members = list(Collection(shapes, value))
        values += [str(member) for member in members or [value]]
    return values


def _text(
    component: str, shown: str, parameter: Callable[[URIRef], list[str]]
) -> str | None:
    if component == terms.PATTERN:
        return f"{shown} does not have the form {_first(parameter(SHACL.pattern))}"
    if component == terms.MIN_LENGTH:
        least = _first(parameter(SHACL.minLength))
        return f"{shown} is too short: expected at least {least} characters"
    if component == terms.MAX_LENGTH:
        most = _first(parameter(SHACL.maxLength))
        return f"{shown} is too long: expected at most {most} characters"
    if component in _BOUNDS:
        words, bound = _BOUNDS[component]
        return f"{shown} is out of range: expected {words} {_first(parameter(bound))}"
    if component == terms.IN:
        allowed = parameter(SHACL["in"])
        more = ", …" if len(allowed) > 10 else ""
        return f"{shown} is not one of {', '.join(allowed[:10])}{more}"
    if component == terms.NODE_KIND:
        return f"{shown} cannot be the key of a record"
    return None


def _geometry(field: Field) -> str:
    return "a point such as [-0.12,51.5]" if field.encoding == "lon-lat" else "WKT"


def _first(values: list[str]) -> str:
    return values[0] if values else "allowed"
