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

from tests.gate.verdicts.plain import HeldKeys
from tests.gate.verdicts.texts import ODD, failing, matching
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


# Numbers as people and programs write them: well formed, huge, and not numbers.
NUMBERS = (
    *("0", "-0", "+0", "00", "01", "1", "+1", "-1", "12", "012", "1.", "1.0", "1.50"),
    *(".5", "-.5", "+.5", "0.0", "-0.0", "00.10", ".", "+", "-", "+-1", "--1", "1-"),
    *("1e3", "1E400", "1e400", "1e-400", "NaN", "nan", "INF", "-INF", "Infinity"),
    *("1_000", "_1", "1__0", "1,000", "1,5", "0x1F", "0b1", "1L", "1f", "½"),
    *(" 12 ", " 12", "12 ", "12\n", "\t12", "\u00a012", "\u200712", "1 2", "\x1f12"),
    *("١٢", "１２", "٣.٥", "1\u0301", "²", "१", "𝟙", "−1", "1\u200b", "9" * 18),
    *("9" * 5000, "-" + "9" * 5000, "9" * 4300, "9" * 4301, "0" * 5000 + "1"),
    *("1." + "0" * 5000, "0." + "3" * 5000, "9" * 30 + ".5", "9223372036854775807"),
    *("9223372036854775808", "-9223372036854775808", "-9223372036854775809"),
    *("18446744073709551616", "4.9E-324", "1.7976931348623157E308", "true", "x"),
)
BOOLEANS = (
    *("true", "false", "1", "0", "TRUE", "False", "tRuE", "yes", "no", "Y", "2", "01"),
    *(" true", "true ", "true\n", "on", "t", "trueé", "ｔrue", "-1", "+1", "null"),
)
DATES = (
    *(
        "1905",
        "0001",
        "0000",
        "9999",
        "10000",
        "-0001",
        "+1905",
        "905",
        "19O5",
        "1905 ",
    ),
    *("1993-01", "1993-12", "1993-13", "1993-00", "1993-1", "0000-01", "9999-12"),
    *(
        "2018-10-09",
        "2016-02-29",
        "2015-02-29",
        "2018-02-30",
        "2018-04-31",
        "1900-02-29",
    ),
    *(
        "2000-02-29",
        "0000-01-01",
        "0001-01-01",
        "9999-12-31",
        "10000-01-01",
        "-0001-01-01",
    ),
    *("2018-10-9", "2018-13-01", "2018-00-01", "2018-01-00", "2018-01-32", "20181009"),
    *("2018-10-09Z", "2018-10-09+01:00", "2018-W01-1", "2018-283", "2018/10/09"),
    *("2016-04-05T13:23:05Z", "2016-04-05T13:23:05", "2016-04-05T13:23:05.5Z"),
    *(
        "2016-04-05T13:23:05.50",
        "2016-04-05T13:23:05.0+00:00",
        "2016-04-05T13:23:05-00:00",
    ),
    *("2016-04-05T24:00:00Z", "2016-04-05T25:00:00Z", "2016-04-05T23:60:00Z"),
    *(
        "2016-04-05T23:59:60Z",
        "2016-04-05T13:23",
        "2016-04-05 13:23:05",
        "2016-02-30T00:00:00",
    ),
    *(
        "2016-04-05T13:23:05+14:00",
        "2016-04-05T13:23:05+14:01",
        "2016-04-05T13:23:05+99:99",
    ),
    *("2016-04-05T13:23:05+24:00", "2016-04-05T13:23:05+23:59", "2016-04-05t13:23:05z"),
    *(
        "2016-04-05T13:23:05.1234567",
        "2016-04-05T13:23:05.123456789Z",
        "0000-01-01T00:00:00",
    ),
    *(
        "9999-12-31T23:59:59-01:00",
        "0001-01-01T00:00:00+01:00",
        "2016-04-05T13:23:05Z\n",
    ),
    *(
        "2018-10-09\n",
        " 2018-10-09",
        "٢٠١٨-10-09",
        "２０１８",
        "5 May 1905",
        "x",
        "09/10/2018",
    ),
)
GEOMETRIES = (
    *(
        "[-3.18,51.48]",
        "[0,51]",
        "[ 0 , 51 ]",
        "[51,0]",
        "[1e-7,1]",
        "[,]",
        "[0;51]",
        "[0]",
    ),
    *(
        "[0,51]\n",
        " [0,51]",
        "[٠,51]",
        "[0,51,3]",
        "[-0.0,51.]",
        "POINT(0 51)",
        "point(0 51)",
    ),
    *(
        "Point (0 51)",
        "POINT  (0 51)",
        "POINT Z(0 51 1)",
        "POINT ZM (0 51 1 2)",
        "POINT M(0 51 2)",
    ),
    *(
        "POINT EMPTY",
        "POLYGON EMPTY",
        "POLYGON((0 0,1 0,1 1,0 0))",
        "POLYGON ((0 0, 1 1))",
    ),
    *("MULTIPOLYGON(((0 0,1 0,1 1,0 0)))", "multipolygon (((0 0,1 0,1 1,0 0)))"),
    *("LINESTRING(0 0,1 1)", "MULTIPOINT((0 0))", "MULTILINESTRING((0 0,1 1))"),
    *(
        "GEOMETRYCOLLECTION(POINT(0 0))",
        "TRIANGLE((0 0,1 0,1 1,0 0))",
        "CIRCLE(0 0)",
        "POINTS(0 0)",
    ),
    *(
        "<http://www.opengis.net/def/crs/EPSG/0/27700> POINT(1 2)",
        "<x>POINT(1 2)",
        "<> POINT(1 2)",
    ),
    *(
        "< x> POINT(1 2)",
        "<a b> POLYGON((0 0,1 0,1 1,0 0))",
        "<x>\tPOINT(1 2)",
        "<x>POINT\n(1 2)",
    ),
    *(
        "SRID=4326;POINT(0 51)",
        "POINT",
        "POINT 0 51",
        "PO INT(0 51)",
        "\nPOINT(0 51)",
        "(0 51)",
    ),
    *(
        "POINT(",
        "POLYGONZ((0 0 0))",
        "POLYGON Z ((0 0 0))",
        "ＰOINT(0 51)",
        "POıNT(0 51)",
        "poİnt(0 1)",
    ),
    *("POINT\u00a0(0 51)", "here", "{}", "POLYGON((" + "0 0," * 4_000 + "0 0))"),
)
_OF_DATATYPE = {
    str(XSD.integer): NUMBERS,
    str(XSD.decimal): NUMBERS,
    str(XSD.boolean): BOOLEANS,
    str(XSD.anyURI): (
        *("https://example.org", "http://x", "ftp://x", "x y", "<>", "mailto:a@b.org"),
        *(
            "HTTPS://EXAMPLE.ORG",
            "https://é.org",
            "https://x.org/\n",
            "//x",
            "http:// x",
        ),
    ),
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
            found += [Sample(text, _number_breaks(datatype, text)) for text in listed]
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
        for text in failing(str(pattern), flags, fits, pick):
            yield Sample(text, terms.PATTERN)
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


def _number_breaks(datatype: str, text: str) -> str:
    if text in ("x", "½", "1,5", "yes", "no") and datatype != str(XSD.anyURI):
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
