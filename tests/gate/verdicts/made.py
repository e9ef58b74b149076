"""Small shapes made at random over a made-up register, and rows to try them with.

They use every constraint of SHACL's core that the gate reads, nested and combined as no
shape of ours does. Values come from small pools, so that values often meet.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence

import polars as pl
from rdflib import RDF, SH, XSD, BNode, Graph, Literal, URIRef
from rdflib.collection import Collection
from rdflib.term import Node

from tests.gate.verdicts.generator import staged
from tests.gate.verdicts.hand import BASE, MADE, a_field, a_schema
from tests.gate.verdicts.plain import HeldKeys
from trigpoint.gate.shacl.batch import Brief
from trigpoint.iris import record_iri
from trigpoint.schema.rdf import SF
from trigpoint.schema.shape import GEO, HAS_GEOMETRY

OWNER, BODY, THING = (
    URIRef(MADE + "Owner"),
    URIRef(MADE + "Body"),
    URIRef(MADE + "Thing"),
)
HELD: HeldKeys = {"owner": {"A1": None, "B 2": None}, "body": {"A1": None}}
_SHAPE = URIRef(MADE + "shape")
_TEXTS = ("a", "b", "ab", "A", "a1", "", "1", "01", "x y", "é", "a\n", "\u017f")
_INTEGERS = (
    "1",
    "01",
    "+1",
    "2",
    "3",
    "10",
    "-1",
    "0",
    "-0",
    "x",
    "1.0",
    " 1",
    "9" * 30,
)
_DATES = (
    *("1905", "1906", "1993-01", "2018-10-09", "2018-10-10", "2018-02-30", "x"),
    *("2016-04-05T13:23:05Z", "2016-04-05T13:23:05", "2016-04-05T14:23:05+01:00"),
)
_XSD = tuple(str(one) for one in (XSD.date, XSD.gYearMonth, XSD.gYear, XSD.dateTime))
# (field, values that it is given)
_FIELDS = (
    (a_field("thing", "notation"), ("1",)),
    (a_field("text", "text"), _TEXTS),
    (a_field("texts", "texts", many=True), _TEXTS),
    (a_field("more", "texts", datatypes=(str(XSD.anyURI),)), ("a", "http://x", "1")),
    (a_field("whole", "number", datatypes=(str(XSD.integer),)), _INTEGERS),
    (a_field("wholes", "wholes", datatypes=(str(XSD.integer),), many=True), _INTEGERS),
    (
        a_field("exact", "exact", datatypes=(str(XSD.decimal),)),
        ("1", "1.0", "1.50", "2.5", ".5", "-0.0", "10", "x", "0.1"),
    ),
    (
        a_field("flag", "flag", datatypes=(str(XSD.boolean),)),
        ("true", "false", "1", "0", "x", "TRUE"),
    ),
    (a_field("day", "day", kind="date", datatypes=_XSD), _DATES),
    (a_field("days", "days", kind="date", datatypes=_XSD, many=True), _DATES),
    (a_field("en", "label", kind="language", language="en"), _TEXTS),
    (a_field("cy", "label", kind="language", language="cy", many=True), _TEXTS),
    (
        a_field("owner", "owner", kind="link", target="owner", target_class=str(OWNER)),
        ("A1", "B 2", "none", ""),
    ),
    (
        a_field("bodies", "bodies", kind="curie", target_class=str(BODY), many=True),
        ("owner:A1", "body:A1", "owner:none", "nowhere:A1", "x"),
    ),
    (
        a_field("place", str(HAS_GEOMETRY), kind="geometry", encoding="wkt"),
        ("POINT(1 2)", "point (1 2)", "POLYGON((0 0,1 0,1 1,0 0))", "a"),
    ),
)
SCHEMA = a_schema("thing", str(_SHAPE), str(THING), [field for field, _ in _FIELDS])
_VALUES = {field.name: values for field, values in _FIELDS}
_PATHS = tuple(sorted({URIRef(field.path) for field, _ in _FIELDS}))
# Properties whose values may be the same.
_KIN = tuple(
    tuple(URIRef(MADE + name) for name in names)
    for names in (
        ("text", "texts", "notation"),
        ("number", "wholes", "exact"),
        ("day", "days"),
        ("owner", "bodies"),
    )
)
_LABEL = URIRef(MADE + "label")
_PLAIN = tuple(path for path in _PATHS if path != HAS_GEOMETRY)
_TERMS: tuple[Node, ...] = (
    *(Literal(text) for text in ("a", "b", "ab", "A", "1", "x y", "é")),
    *(Literal(n) for n in (1, 2, 3, 10, 0)),
    *(Literal(text, datatype=XSD.decimal) for text in ("1.0", "1.5", "2.5", "0.5")),
    *(Literal(text, lang=tag) for text in ("a", "b") for tag in ("en", "cy")),
    *(Literal(value) for value in (True, False)),
    Literal("1905", datatype=XSD.gYear),
    Literal("2018-10-09", datatype=XSD.date),
    Literal("2016-04-05T13:23:05Z", datatype=XSD.dateTime),
    Literal("http://x", datatype=XSD.anyURI),
    Literal("a", datatype=XSD.anyURI),
    *(URIRef(record_iri(BASE, "owner", key)) for key in ("A1", "none")),
    *(URIRef(record_iri(BASE, "body", "A1")), URIRef(record_iri(BASE, "thing", "k1"))),
)
_BOUNDS = (
    *(Literal(n) for n in (0, 1, 2, 10)),
    *(Literal(text, datatype=XSD.decimal) for text in ("1.0", "1.5", "0.05")),
    Literal(1.5),
    Literal("a"),
    Literal("2018-10-09", datatype=XSD.date),
    Literal("1905", datatype=XSD.gYear),
    Literal("2016-04-05T13:23:05Z", datatype=XSD.dateTime),
    Literal("2016-04-05T13:23:05", datatype=XSD.dateTime),
)
_PATTERNS = (
    *("a", "^a", "a$", "^a$", "^[a-z]+$", "^$", "[0-9]", "^(a|b)", ".", "^.$", "x y"),
    *("\\d", "^\\w+$", "\\s", "(?!a)", "(a)\\1", "\\bA", "^https?:", "k", "s", "owner"),
)

_LENGTHS = tuple(Literal(n) for n in (0, 1, 2, 3, 30))
_ARGUMENTS: Mapping[URIRef, Sequence[Node]] = {
    SH.datatype: (
        *map(URIRef, _XSD),
        *(XSD.string, XSD.integer, XSD.decimal, XSD.boolean, XSD.anyURI),
        *(RDF.langString, URIRef(f"{GEO}wktLiteral")),
    ),
    SH.nodeKind: (
        *(SH.IRI, SH.Literal, SH.BlankNode, SH.IRIOrLiteral),
        *(SH.BlankNodeOrIRI, SH.BlankNodeOrLiteral),
    ),
    SH["class"]: (OWNER, BODY, THING, URIRef(f"{SF}Point"), URIRef(MADE + "Spot")),
    SH.pattern: tuple(map(Literal, _PATTERNS)),
    SH.minLength: _LENGTHS,
    SH.maxLength: _LENGTHS,
    SH.hasValue: _TERMS,
}
_LISTS: Mapping[URIRef, Sequence[Node]] = {
    SH["in"]: _TERMS,
    SH.languageIn: tuple(map(Literal, ("en", "cy", "EN", "e", "en-GB", "*"))),
}


def made_brief(seed: int) -> Brief:
    """A brief whose shape is made at random."""
    classes = ((str(OWNER), str(BODY)), (f"{SF}Point", MADE + "Spot"))
    registers = {"thing": str(THING), "owner": str(OWNER), "body": str(BODY)}
    shapes = _Shapes(random.Random(seed)).whole()
    return Brief(SCHEMA, BASE, shapes, classes, registers)


def made_rows(seed: int, count: int) -> pl.DataFrame:
    """Rows of the made-up register; half of their fields are absent."""
    pick = random.Random(seed)
    rows = []
    for i in range(count):
        row: dict[str, str | list[str | None] | None] = {"thing": f"k{i}"}
        for field in SCHEMA.fields[1:]:
            if pick.random() < 0.5:
                row[field.name] = pick.choice(_VALUES[field.name])
                if field.many:
                    several = pick.choices(
                        (*_VALUES[field.name], None), k=pick.randint(0, 4)
                    )
                    row[field.name] = several
        rows.append(row)
    return staged(SCHEMA, rows)


class _Shapes:
    """Makes one shape graph."""

    def __init__(self, pick: random.Random) -> None:
        self._pick = pick
        self._graph = Graph()
        self._count = 0

    def whole(self) -> Graph:
        self._graph.add((_SHAPE, RDF.type, SH.NodeShape))
        self._graph.add((_SHAPE, SH.targetClass, THING))
        self._decorate(_SHAPE)
        for _ in range(self._pick.randint(1, 4)):
            self._graph.add((_SHAPE, SH.property, self._property(depth=2)))
        if self._pick.random() < 0.3:
            self._constrain(_SHAPE, depth=1, several=False)
        if self._pick.random() < 0.15:
            self._close(_SHAPE)
        return self._graph

    def _node(self) -> Node:
        self._count += 1
        if self._pick.random() < 0.5:
            return BNode()
        return URIRef(f"{MADE}shape-{self._count}")

    def _property(self, depth: int, paths: Sequence[URIRef] = _PATHS) -> Node:
        shape = self._node()
        path: Node = self._pick.choice((*paths, paths[0], _LABEL) if depth else paths)
        way = self._wound(path)
        self._graph.add((shape, SH.path, way))
        self._graph.add((shape, RDF.type, SH.PropertyShape))
        self._decorate(shape)
        for _ in range(self._pick.randint(1, 3)):
            self._constrain(shape, depth, several=True)
        if way == HAS_GEOMETRY and depth and self._pick.random() < 0.4:
            inner = (URIRef(f"{GEO}asWKT"), RDF.type)
            self._graph.add((shape, SH.property, self._property(0, inner)))
        return shape

    def _wound(self, path: Node) -> Node:
        """The path as it is, or now and then one that leads further."""
        chance = self._pick.random()
        if chance > 0.2:
            return path
        node = BNode()
        if chance > 0.12:
            other = self._pick.choice([one for one in _PLAIN if one != path])
            others: list[Node] = [path, other]
            self._graph.add((node, SH.alternativePath, self._list(others)))
        elif chance > 0.06:
            ways: list[Node] = [HAS_GEOMETRY, URIRef(f"{GEO}asWKT")]
            return self._list(ways)
        elif chance > 0.04:
            self._graph.add((node, SH.zeroOrOnePath, path))
        elif chance > 0.02:
            return self._pick.choice((RDF.type, URIRef(MADE + "nowhere")))
        else:
            self._graph.add((node, SH.inversePath, path))
        return node

    def _shape(self, depth: int) -> Node:
        """A shape within another."""
        if depth and self._pick.random() < 0.15:
            return self._property(depth - 1)
        shape = self._node()
        if self._pick.random() < 0.05:
            self._graph.add((shape, SH.deactivated, Literal(True)))
        for _ in range(self._pick.randint(1, 2)):
            self._constrain(shape, depth, several=False)
        return shape

    def _decorate(self, shape: Node) -> None:
        if self._pick.random() < 0.2:
            severity = self._pick.choice((SH.Warning, SH.Info, SH.Violation))
            self._graph.add((shape, SH.severity, severity))
        if self._pick.random() < 0.04:
            self._graph.add((shape, SH.deactivated, Literal(True)))
        if self._pick.random() < 0.1:
            self._graph.add((shape, SH.message, Literal("Not so.", lang="en")))

    def _close(self, shape: Node) -> None:
        self._graph.add((shape, SH.closed, Literal(True)))
        ignored: list[Node] = list(self._pick.sample(_PATHS, k=4))
        self._graph.add((shape, SH.ignoredProperties, self._list(ignored)))

    def _constrain(self, shape: Node, depth: int, several: bool) -> None:
        """One constraint; with `several` also those on all values together."""
        ways: list[Callable[[Node], None]] = [self._of_value] * 4
        if several:
            ways += [self._of_set] * 3
        ways += [self._pair]
        if depth:
            ways += [lambda one: self._logical(one, depth)] * 3
            if several:
                ways.append(lambda one: self._qualified(one, depth))
        self._pick.choice(ways)(shape)

    def _of_value(self, shape: Node) -> None:
        """A constraint that each value meets or breaks by itself."""
        bounds = (SH.minInclusive, SH.maxInclusive, SH.minExclusive, SH.maxExclusive)
        parameter = self._pick.choice((*_ARGUMENTS, *_LISTS, *bounds))
        if (shape, parameter, None) in self._graph:
            return
        if parameter in _LISTS:
            pool = _LISTS[parameter]
            most = min(len(pool), 6)
            members = self._pick.sample(pool, k=self._pick.randint(1, most))
            self._graph.add((shape, parameter, self._list(members)))
            return
        value = self._pick.choice(_ARGUMENTS.get(parameter, _BOUNDS))
        self._graph.add((shape, parameter, value))
        if parameter == SH.pattern and self._pick.random() < 0.3:
            flags = Literal(self._pick.choice(("i", "m", "im")))
            self._graph.add((shape, SH.flags, flags))

    def _of_set(self, shape: Node) -> None:
        pick = self._pick
        parameter = pick.choice(
            (SH.minCount, SH.maxCount, SH.uniqueLang, SH.lessThan, SH.lessThanOrEquals)
        )
        if (shape, parameter, None) in self._graph:
            return
        value: Node = Literal(pick.choice((0, 1, 2, 3)))
        if self._graph.value(shape, SH.path) == _LABEL and pick.random() < 0.6:
            parameter = SH.uniqueLang
        if parameter == SH.uniqueLang:
            value = Literal(pick.random() < 0.9)
        elif parameter in (SH.lessThan, SH.lessThanOrEquals):
            value = pick.choice(_PLAIN)
        self._graph.add((shape, parameter, value))

    def _pair(self, shape: Node) -> None:
        parameter = self._pick.choice((SH.equals, SH.disjoint, SH.disjoint))
        path = self._graph.value(shape, SH.path)
        near = [other for kin in _KIN if path in kin for other in kin]
        self._graph.add((shape, parameter, self._pick.choice(near or _PATHS)))

    def _logical(self, shape: Node, depth: int) -> None:
        parameter = self._pick.choice(
            (SH["not"], SH["and"], SH["or"], SH.xone, SH.node)
        )
        if parameter in (SH["not"], SH.node):
            self._graph.add((shape, parameter, self._shape(depth - 1)))
            return
        members = [self._shape(depth - 1) for _ in range(self._pick.randint(1, 3))]
        self._graph.add((shape, parameter, self._list(members)))

    def _qualified(self, shape: Node, depth: int) -> None:
        if (shape, SH.qualifiedValueShape, None) in self._graph:
            return
        pick, graph = self._pick, self._graph
        graph.add((shape, SH.qualifiedValueShape, self._shape(depth - 1)))
        if pick.random() < 0.5:
            graph.add((shape, SH.qualifiedMinCount, Literal(pick.randint(0, 2))))
        else:
            most = pick.choice((0, 0, 1, 2))
            graph.add((shape, SH.qualifiedMaxCount, Literal(most)))
        if pick.random() < 0.3:
            graph.add((shape, SH.qualifiedValueShapesDisjoint, Literal(True)))

    def _list(self, members: Sequence[Node]) -> Node:
        head = BNode()
        Collection(self._graph, head, list(members))
        return head
