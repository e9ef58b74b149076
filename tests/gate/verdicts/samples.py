"""Values for one field: those that its shape takes, those that break one constraint
each, and those that are odd.

A sample says which component it is meant to break; "" stands for a value that fits,
`ODD_VALUE` for one of which nothing is meant.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from rdflib import SH, XSD, Graph, Literal, URIRef
from rdflib.collection import Collection

from tests.gate.verdicts.plain import HeldKeys, quiet
from tests.gate.verdicts.spellings import (
    ADDRESSES,
    BOOLEANS,
    DATES,
    GEOMETRIES,
    NUMBERS,
)
from tests.gate.verdicts.texts import ODD, altered, matching
from trigpoint.gate import terms
from trigpoint.gate.shacl.batch import Brief
from trigpoint.schema.shape import Field

Values: TypeAlias = "str | Sequence[str | None] | None"
ODD_VALUE = "odd"
MIN_INCLUSIVE = f"{terms.SH}MinInclusiveConstraintComponent"
MAX_INCLUSIVE = f"{terms.SH}MaxInclusiveConstraintComponent"
MIN_EXCLUSIVE = f"{terms.SH}MinExclusiveConstraintComponent"
MAX_EXCLUSIVE = f"{terms.SH}MaxExclusiveConstraintComponent"
_BOUNDS = (
    (SH.minInclusive, MIN_INCLUSIVE, -1),
    (SH.maxInclusive, MAX_INCLUSIVE, 1),
    (SH.minExclusive, MIN_EXCLUSIVE, 0),
    (SH.maxExclusive, MAX_EXCLUSIVE, 0),
)


@dataclass(frozen=True)
class Sample:
    """A value, and the component that it is meant to break."""

    value: str
    breaks: str = ""


_OF_DATATYPE = {
    str(XSD.integer): NUMBERS,
    str(XSD.decimal): NUMBERS,
    str(XSD.boolean): BOOLEANS,
    str(XSD.anyURI): ADDRESSES,
}


def samples(
    field: Field, known: Brief, held: HeldKeys, pick: random.Random
) -> list[Sample]:
    """Samples of a field that is no key; some of them differ from call to call."""
    if field.is_link:
        return list(_links(field, known, held, pick))
    found = list(_own(field, known.shapes, pick))
    if field.kind == "date":
        found += [Sample(text, _date_breaks(field, text)) for text in DATES]
    elif field.kind == "geometry":
        found += _geometries(field, known.shapes)
    else:
        for datatype in field.datatypes:
            listed = _OF_DATATYPE.get(datatype, ())
            found += [Sample(text, _breaks(datatype, text)) for text in listed]
    if not any(one.breaks == "" for one in found):
        found += [Sample(text) for text in ("Castle", "Tŷ", "Ynys Môn", "a b")]
    return found + [Sample(text, ODD_VALUE) for text in ODD]


def _own(field: Field, shapes: Graph, pick: random.Random) -> Iterator[Sample]:
    """What the shape of the field itself says of texts, numbers and lists."""
    node = URIRef(field.shape)
    flags = _flags(shapes, node)
    for pattern in shapes.objects(node, SH.pattern):
        for _ in range(6):
            yield Sample(matching(str(pattern), pick))
        fits = partial(matching, str(pattern), pick)
        for text in altered(fits, pick):
            fails = re.search(str(pattern), text, flags) is None
            yield Sample(text, terms.PATTERN if fails else ODD_VALUE)
    for least in _whole(shapes, node, SH.minLength):
        yield Sample(_long(least, pick))
        if least:
            yield Sample(_long(least - 1, pick), terms.MIN_LENGTH)
    for most in _whole(shapes, node, SH.maxLength):
        yield Sample(_long(most, pick))
        yield Sample(_long(most + 1, pick), terms.MAX_LENGTH)
    for head in shapes.objects(node, SH["in"]):
        for member in Collection(shapes, head):
            yield Sample(str(member))
            for near in (f"{member} ", f"{member}\n", f"{member}x", str(member)[1:]):
                yield Sample(near, terms.IN)
            yield Sample(str(member).swapcase(), ODD_VALUE)
    yield from _bounded(node, shapes)


def _bounded(node: URIRef, shapes: Graph) -> Iterator[Sample]:
    """Numbers at a bound, on both of its sides."""
    for predicate, component, outside in _BOUNDS:
        for bound in shapes.objects(node, predicate):
            if not isinstance(bound, Literal) or isinstance(bound.value, str):
                continue
            whole = int(float(bound))
            for near in (whole, whole - (outside or -1), whole + (outside or 1)):
                yield Sample(str(near), ODD_VALUE)
            yield Sample(f"+00{abs(whole)}", ODD_VALUE)
            side = -1 if "min" in str(predicate) else 1
            for far in (1, 10**6, 10**40):
                yield Sample(str(whole + side * far), component)


def _whole(shapes: Graph, node: URIRef, parameter: URIRef) -> list[int]:
    return [int(str(value)) for value in shapes.objects(node, parameter)]


def _long(length: int, pick: random.Random) -> str:
    """A text of so many characters, some of which take more than one byte."""
    return "".join(pick.choice("abé\u0301𝟙 -") for _ in range(length))


def _flags(shapes: Graph, node: URIRef) -> int:
    text = str(shapes.value(node, SH.flags) or "")
    return (re.IGNORECASE if "i" in text else 0) | (re.MULTILINE if "m" in text else 0)


def _date_breaks(field: Field, text: str) -> str:
    if re.fullmatch(r"[a-z]|\d+ May \d+|\d\d/\d\d/\d{4}|2018-02-30", text):
        return terms.OR if len(field.datatypes) > 1 else terms.DATATYPE
    return "" if re.fullmatch(r"19\d\d(-0[1-9])?|2018-10-09", text) else ODD_VALUE


def _breaks(datatype: str, text: str) -> str:
    """What rdflib says of a literal decides sh:datatype."""
    with quiet():
        literal = Literal(text, datatype=URIRef(datatype), normalize=False)
    if literal.ill_typed:
        return terms.DATATYPE
    return "" if text in ("12", "true", "https://example.org") else ODD_VALUE


def _geometries(field: Field, shapes: Graph) -> Iterator[Sample]:
    good = "[-3.18,51.48]" if field.encoding == "lon-lat" else GEOMETRIES[22]
    yield Sample(good)
    for text in GEOMETRIES:
        bad = text in ("here", "{}", "POINT EMPTY", "(0 51)", "CIRCLE(0 0)")
        yield Sample(text, terms.NODE if bad else ODD_VALUE)
    if shapes.value(URIRef(field.shape), SH["or"]) is not None:
        yield Sample("POINT(0 51)", terms.OR)


def _links(
    field: Field, known: Brief, held: HeldKeys, pick: random.Random
) -> Iterator[Sample]:
    """Links that hold, and those that do not for one of several reasons."""
    curie = field.kind == "curie"
    for register, keys in held.items():
        for key in keys:
            value = f"{register}:{key}" if curie else key
            fits = _is_a(known, register, field.target_class) if curie else True
            if curie or register == field.target:
                yield Sample(value, "" if fits else terms.CLASS)
    target = pick.choice(sorted(held)) if curie else field.target
    for key in ("none", "A2", "a\n", "é/", "%", "%41", " ", "\x00", "x" * 10_000):
        yield Sample(f"{target}:{key}" if curie else key, terms.CLASS)
    for text in ("nowhere:A1", "x", "", ":", "::", "owner:", "a b:c", "é:é", "a:b:c"):
        yield Sample(text, terms.CLASS)
    for text in ODD:
        yield Sample(text, ODD_VALUE)
    own = known.schema.register
    for key in ("1", "2", "3"):
        yield Sample(f"{own}:{key}" if curie else key, ODD_VALUE)


def _is_a(known: Brief, register: str, wanted: str | None) -> bool:
    """Whether the records of a register are of a class, by rdfs:subClassOf."""
    waiting, seen = [known.registers.get(register)], set[str | None]()
    while waiting:
        one = waiting.pop()
        if one == wanted or wanted is None:
            return True
        seen.add(one)
        waiting += [o for s, o in known.classes if s == one and o not in seen]
    return False
