"""Sentences for what SHACL's components find: what was expected, and what to do.

They stand in where a shape has no `sh:message` of its own; that one always wins.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from rdflib import Graph, URIRef
from rdflib.collection import Collection
from rdflib.namespace import SH as SHACL
from rdflib.term import Node

from trigpoint.gate import terms
from trigpoint.schema.shape import Field, Schema

# What to say of one value; None for nothing.
Sentence: TypeAlias = Callable[[str | None], str | None]
# The values that a shape has for a SHACL parameter.
Parameter: TypeAlias = Callable[[URIRef], list[str]]

_SHOWN = 60
_XSD = "http://www.w3.org/2001/XMLSchema#"
_KINDS = {
    f"{_XSD}integer": "a whole number",
    f"{_XSD}decimal": "a decimal number",
    f"{_XSD}boolean": "true or false",
    f"{_XSD}anyURI": "a web address",
}

# By the component's name: the sentence, with the value in it (if it is of a value) as
# {value}, the property as {name} and what the shape gives for a parameter as {given}.
_TEXTS: dict[str, tuple[str, URIRef]] = {
    "MinInclusive": (
        "{value} is out of range: expected at least {given}",
        SHACL.minInclusive,
    ),
    "MaxInclusive": (
        "{value} is out of range: expected at most {given}",
        SHACL.maxInclusive,
    ),
    "MinExclusive": (
        "{value} is out of range: expected more than {given}",
        SHACL.minExclusive,
    ),
    "MaxExclusive": (
        "{value} is out of range: expected less than {given}",
        SHACL.maxExclusive,
    ),
    "MinLength": (
        "{value} is too short: expected at least {given} characters",
        SHACL.minLength,
    ),
    "MaxLength": (
        "{value} is too long: expected at most {given} characters",
        SHACL.maxLength,
    ),
    "Pattern": ("{value} does not have the form {given}", SHACL.pattern),
    "In": ("{value} is not one of {given}", SHACL["in"]),
    "Class": ("{value} is not a {given}", SHACL["class"]),
    "Datatype": ("{value} is not {given}", SHACL.datatype),
    "NodeKind": ("{value} is not {given}", SHACL.nodeKind),
    "Node": ("{value} is not as {given} asks", SHACL.node),
    "And": ("{value} does not meet every condition on {name}", SHACL["and"]),
    "Or": ("{value} meets none of the conditions on {name}", SHACL["or"]),
    "Xone": ("{value} does not meet exactly one condition on {name}", SHACL.xone),
    "Not": ("{value} is what {name} must not be", SHACL["not"]),
    "LanguageIn": ("{value} is not in {given}", SHACL.languageIn),
    "UniqueLang": ("{name} has two values in one language", SHACL.uniqueLang),
    "HasValue": ("{name} lacks the value {given}", SHACL.hasValue),
    "Equals": (
        "{value} is not in both: expected {name} and {given} to have the same values",
        SHACL.equals,
    ),
    "Disjoint": ("{value} is both in {name} and in {given}", SHACL.disjoint),
    "LessThan": ("{value} is not less than {given}", SHACL.lessThan),
    "LessThanOrEquals": ("{value} is more than {given}", SHACL.lessThanOrEquals),
    "QualifiedMinCount": (
        "{name} has too few values of the kind asked for: expected at least {given}",
        SHACL.qualifiedMinCount,
    ),
    "QualifiedMaxCount": (
        "{name} has too many values of the kind asked for: expected at most {given}",
        SHACL.qualifiedMaxCount,
    ),
    "Closed": (
        "the record has the value {value} for a property that its shape does not allow",
        SHACL.closed,
    ),
}


def shortened(value: str | None, limit: int = _SHOWN) -> str:
    """A value fit to be shown on one line: cut, and with controls made visible."""
    if value is None:
        return ""
    start = value[: limit + 1]
    shown = start[:limit]
    if not shown.isprintable():
        shown = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in shown)
    return shown + "…" if len(start) > limit else shown


def shape_message(shapes: Graph, shape: Node | None) -> str | None:
    """The shape's own `sh:message`, English first."""
    messages = list(shapes.objects(shape, SHACL.message)) if shape is not None else []
    messages.sort(key=lambda m: (getattr(m, "language", None) not in (None, "en"), m))
    return str(messages[0]) if messages else None


def sentence(
    component: str, field: Field | None, schema: Schema, parameter: Parameter
) -> Sentence:
    """Our sentence for what a component finds in a value of a field; one that says
    nothing when we have none for the component."""
    if field is not None:
        ours = _of_field(component, field, schema, parameter)
        if ours is not None:
            return ours
    name = f"“{field.name}”" if field else _named(parameter(SHACL.path), schema)
    if component in (terms.MIN_COUNT, terms.MAX_COUNT):
        return _count(component, name, schema, parameter)
    local = component.removeprefix(terms.SH).removesuffix("ConstraintComponent")
    text, asked = _TEXTS.get(local, (None, None))
    if text is None or asked is None:
        return lambda value: None
    given = [_shown(one, schema) for one in parameter(asked)]
    return _with_value(_filled(text, name=name, given=_listed(given)))


def unknown_link(field: Field, value: str, schema: Schema) -> str:
    """What to say of a link whose target is not held."""
    target, key = field.target, value
    if field.kind == "curie":
        target, parted, key = value.partition(":")
        if not parted:
            return (
                f"“{shortened(value)}” does not say which register it is of: expected "
                "the register's name, a colon and the key, such as "
                "local-authority-eng:HRT"
            )
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


def _of_field(
    component: str, field: Field, schema: Schema, parameter: Parameter
) -> Sentence | None:
    """What is said better by who knows what kind of field it is."""
    if component == terms.CLASS and field.is_link:
        return lambda value: unknown_link(field, value or "", schema)
    if component == terms.NODE_KIND and field.is_link:
        return _with_value("{value} cannot be the key of a record")
    if component == terms.NODE and field.kind == "geometry":
        text = f"“{field.name}” is not a geometry: expected {_geometry(field)}"
        return lambda value: text
    alternatives = component == terms.OR and not parameter(SHACL.datatype)
    if alternatives or component == terms.DATATYPE:
        if field.kind == "date":
            return lambda value: not_a_date(value or "")
        if field.datatypes:
            kinds = [_KINDS.get(datatype, datatype) for datatype in field.datatypes]
            return _with_value(
                _filled("{value} is not {given}", given=" or ".join(kinds))
            )
    return None


def _count(component: str, name: str, schema: Schema, parameter: Parameter) -> Sentence:
    if component == terms.MAX_COUNT:
        most = _listed(parameter(SHACL.maxCount))
        text = f"{name} has more than {most} value{'' if most == '1' else 's'}"
    elif (least := _listed(parameter(SHACL.minCount))) == "1":
        text = f"{name} is missing: every record of {schema.register} needs one"
    else:
        text = f"{name} has too few values: expected at least {least}"
    return lambda value: text


def _with_value(text: str) -> Sentence:
    """A sentence in which {value} stands for the value."""
    before, found, after = text.partition("{value}")
    if not found:
        return lambda value: text
    return lambda value: f"{before}“{shortened(value)}”{after}"


def _filled(text: str, **words: str) -> str:
    """The text with these words in their places. They may hold braces, as patterns
    do; the place of the value stays."""
    for place, word in words.items():
        before, found, after = text.partition(f"{{{place}}}")
        text = f"{before}{word}{after}" if found else text
    return text


def _shown(given: str, schema: Schema) -> str:
    """What a shape gives for a parameter, as people know it."""
    kind = _KINDS.get(given)
    if kind is not None:
        return kind
    if any(field.path == given for field in schema.fields):
        return _named([given], schema)
    return given


def _named(path: list[str], schema: Schema) -> str:
    """A property as people know it: the name of its field, if it has one. A path that
    is more than a property has no name."""
    if len(path) != 1 or ":" not in path[0]:
        return "the record"
    names = [field.name for field in schema.fields if field.path == path[0]]
    return f"“{names[0]}”" if names else f"<{path[0]}>"


def _listed(values: list[str]) -> str:
    more = ", …" if len(values) > 10 else ""
    return ", ".join(values[:10]) + more


def _geometry(field: Field) -> str:
    return "a point such as [-0.12,51.5]" if field.encoding == "lon-lat" else "WKT"
