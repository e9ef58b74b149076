"""The components of SHACL's core, made of the parameters of a shape.

SHACL, W3C Recommendation 2017, section 4; where pySHACL reads a parameter in its own
way, so does this. What is not known is never passed over: it becomes `Foreign`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal, TypeAlias

from rdflib import Literal as RdfLiteral
from rdflib import URIRef
from rdflib.collection import Collection
from rdflib.namespace import SH, XSD

from trigpoint.gate.shacl import constraints as c
from trigpoint.gate.shacl.parameters import (
    Given,
    Unknown,
    component_of,
    is_true,
    shortened,
    whole,
)

_LENGTHS = {
    *(XSD.integer, XSD.int, XSD.long, XSD.short, XSD.positiveInteger),
    *(XSD.nonNegativeInteger, XSD.unsignedByte, XSD.unsignedInt),
    *(XSD.unsignedLong, XSD.unsignedShort),
}
_OPERATORS: dict[URIRef, c.Operator] = {
    SH.minExclusive: ">",
    SH.minInclusive: ">=",
    SH.maxExclusive: "<",
    SH.maxInclusive: "<=",
}
_LOGIC: dict[URIRef, Literal["not", "and", "or", "xone"]] = {
    SH["not"]: "not",
    SH["and"]: "and",
    SH["or"]: "or",
    SH.xone: "xone",
}

Made: TypeAlias = Iterator[c.Constraint]


def constraints_of(given: Given) -> Made:
    """The constraints that a parameter of a shape states.

    Raises InvalidShape, naming the shape, for what pySHACL cannot work with.
    """
    make = _MAKERS.get(given.parameter)
    try:
        if make is not None:
            yield from make(given)
        elif given.parameter == SH.sparql:
            raise Unknown("it is a query in SPARQL")
        else:
            raise Unknown(f"{shortened(given.parameter)} is not of SHACL's core")
    except Unknown as error:
        yield c.Foreign(*given.head(), str(error))
    except ValueError as error:  # rdflib's, of a list that comes back to itself
        raise given.ill(f"a list that ends: {error}") from error


def _count(given: Given) -> Made:
    literal = given.one()
    if not given.has_path or literal.datatype != XSD.integer:
        raise given.ill("a whole number, on a property shape")
    number = given.number(literal)
    least = given.parameter == SH.minCount
    yield c.Count(
        *given.head(),
        least=number if least else None,
        most=None if least else number,
    )


def _length(given: Given) -> Made:
    literal = given.one()
    if literal.datatype not in _LENGTHS:
        raise given.ill("a whole number")
    number = given.number(literal)
    least = given.parameter == SH.minLength
    yield c.Length(
        *given.head(),
        least=number if least else None,
        most=None if least else number,
    )


def _datatype(given: Given) -> Made:
    if len(given.stated) > 1:
        raise given.ill("one datatype")
    yield c.Datatype(*given.head(), iri=str(given.stated[0]))


def _node_kind(given: Given) -> Made:
    if len(given.stated) > 1:
        raise given.ill("one node kind")
    yield c.NodeKind(
        *given.head(),
        iris=given.stated[0] in (SH.IRI, SH.IRIOrLiteral, SH.BlankNodeOrIRI),
        literals=given.stated[0]
        in (SH.Literal, SH.IRIOrLiteral, SH.BlankNodeOrLiteral),
    )


def _class(given: Given) -> Made:
    if not all(isinstance(value, URIRef) for value in given.stated):
        raise Unknown("a class without an IRI")
    yield c.InstanceOf(*given.head(), classes=tuple(map(str, given.stated)))


def _pattern(given: Given) -> Made:
    flags = given.values(SH.flags)
    if len(flags) > 1:
        raise Unknown("several sh:flags, of which pySHACL takes any")
    for literal in (*given.stated, *flags):
        if not isinstance(literal, RdfLiteral):
            raise given.ill("literals")
        if not isinstance(literal.value, str):
            raise Unknown("a pattern or flags that are no text")
    yield c.Pattern(
        *given.head(),
        patterns=tuple(map(str, given.stated)),
        flags=str(flags[0]) if flags else "",
    )


def _range(given: Given) -> Made:
    bounds = [value for value in given.stated if isinstance(value, RdfLiteral)]
    if len(bounds) < len(given.stated):
        raise given.ill("a literal")
    yield c.Range(
        *given.head(),
        operator=_OPERATORS[given.parameter],
        bounds=tuple(bounds),
    )


def _in(given: Given) -> Made:
    if len(given.stated) > 1:
        raise given.ill("one list")
    members = tuple(Collection(given.graph, given.stated[0]))
    yield c.OneOf(*given.head(), members=members)


def _has_value(given: Given) -> Made:
    yield c.HasValue(*given.head(), values=tuple(given.stated))


def _language_in(given: Given) -> Made:
    members = (
        [] if len(given.stated) > 1 else list(Collection(given.graph, given.stated[0]))
    )
    if len(given.stated) > 1 or not all(
        isinstance(one, RdfLiteral) and isinstance(one.value, str) for one in members
    ):
        raise given.ill("one list of language tags")
    tags = frozenset(str(one).lower() for one in members)
    yield c.LanguageIn(*given.head(), tags=tags)


def _unique_lang(given: Given) -> Made:
    literal = given.one()
    if not given.has_path or not isinstance(literal.value, bool):
        raise given.ill("true or false, on a property shape")
    if literal.value:
        yield c.UniqueLang(*given.head())


def _pair(given: Given) -> Made:
    head = given.head()
    predicates = tuple(str(v) for v in given.stated if isinstance(v, URIRef))
    if len(predicates) < len(given.stated):
        raise given.ill("the IRI of a property")
    if given.parameter == SH.equals:
        yield c.Equals(*head, predicates=predicates)
    elif given.parameter == SH.disjoint:
        yield c.Disjoint(*head, predicates=predicates)
    elif not given.has_path:
        raise given.ill("a property shape to stand on")
    else:
        operator: Literal["<", "<="] = "<" if given.parameter == SH.lessThan else "<="
        yield c.LessThan(*head, operator=operator, predicates=predicates)


def _closed(given: Given) -> Made:
    literal = given.one()
    if not is_true(literal):
        return
    allowed = {
        str(one)
        for head in given.values(SH.ignoredProperties)
        for one in Collection(given.graph, head)
    }
    for part in given.values(SH.property):
        paths = given.graph.objects(part, SH.path)
        allowed |= {str(path) for path in paths if isinstance(path, URIRef)}
    yield c.Closed(*given.head(), allowed=frozenset(allowed))


def _nested(given: Given) -> Made:
    shapes = tuple(given.members(given.stated))
    wanted = given.parameter == SH.property
    if any((shape.path is not None) != wanted for shape in shapes):
        kind = "property" if wanted else "node"
        raise Unknown(f"it names what is no {kind} shape")
    head = given.head()
    yield c.Properties(*head, shapes) if wanted else c.Conforms(*head, shapes)


def _qualified(given: Given) -> Made:
    if not given.has_path:
        return  # pySHACL passes it over on a node shape
    bounds = {
        name: [whole(given.node, name, one) for one in given.values(name)]
        for name in (SH.qualifiedMinCount, SH.qualifiedMaxCount)
    }
    if max(map(len, bounds.values())) > 1 or not any(bounds.values()):
        raise given.ill("one sh:qualifiedMinCount or sh:qualifiedMaxCount")
    shapes = tuple(given.members(given.stated))
    disjoint = any(
        isinstance(one, RdfLiteral) and one.value is True
        for one in given.values(SH.qualifiedValueShapesDisjoint)
    )
    siblings = tuple(
        tuple(given.members(given.siblings(one) if disjoint else ()))
        for one in given.stated
    )
    for name, numbers in bounds.items():
        for number in numbers:
            least = name == SH.qualifiedMinCount
            _, _, text = given.head()
            yield c.Qualified(
                component_of(name),
                (name,),
                f"{shortened(name)} {number} of {text}",
                shapes=shapes,
                siblings=siblings,
                least=number if least else None,
                most=None if least else number,
            )


def _qualified_count(given: Given) -> Made:
    """A count of what qualifies; the shape that says so makes the constraint."""
    if given.has_path and not given.values(SH.qualifiedValueShape):
        raise given.ill("sh:qualifiedValueShape beside it")
    yield from ()


def _logic(given: Given) -> Made:
    lists = (
        [[value] for value in given.stated]
        if given.parameter == SH["not"]
        else [given.listed(value) for value in given.stated]
    )
    yield c.Logic(
        *given.head(),
        operator=_LOGIC[given.parameter],
        lists=tuple(tuple(given.members(one)) for one in lists),
    )


_Maker: TypeAlias = Callable[[Given], Made]
_MAKERS: dict[URIRef, _Maker] = {
    SH.minCount: _count,
    SH.maxCount: _count,
    SH.datatype: _datatype,
    SH.nodeKind: _node_kind,
    SH["class"]: _class,
    SH.pattern: _pattern,
    SH.minLength: _length,
    SH.maxLength: _length,
    SH["in"]: _in,
    SH.hasValue: _has_value,
    SH.languageIn: _language_in,
    SH.uniqueLang: _unique_lang,
    SH.closed: _closed,
    SH.node: _nested,
    SH.property: _nested,
    SH.qualifiedValueShape: _qualified,
    SH.qualifiedMinCount: _qualified_count,
    SH.qualifiedMaxCount: _qualified_count,
    **dict.fromkeys(_OPERATORS, _range),
    **dict.fromkeys(_LOGIC, _logic),
    **dict.fromkeys((SH.equals, SH.disjoint, SH.lessThan, SH.lessThanOrEquals), _pair),
}
