"""Constraints on the value nodes of a focus node, and whether nodes conform to shapes.

SHACL, W3C Recommendation 2017, sections 2.3 (paths), 3.4 (conformance) and 4. Value
nodes are a set of terms: what two fields say alike, or one in two spellings, is one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial, singledispatch

import polars as pl
from rdflib import RDF, RDFS

from trigpoint.gate.shacl import constraints as c
from trigpoint.gate.shacl import lexical, values
from trigpoint.gate.shacl.members import (
    count,
    every,
    exists,
    follow,
    identity,
    most,
    single,
    some,
    terms,
    text_of,
    value_nodes,
)
from trigpoint.gate.shacl.node import (
    STRING,
    Beyond,
    Node,
    NotCompiled,
    Source,
    Verdict,
)
from trigpoint.gate.shacl.verdict import both, either, exactly_one, negate


def conforms(node: Node, shape: c.Shape) -> Verdict:
    """Whether a node conforms to a shape: no constraint of it has a result."""
    if not shape.constraints:
        return True
    sources = value_nodes(shape, node)
    return both(*(holds(one, node, sources) for one in shape.constraints))


@singledispatch
def holds(constraint: c.Constraint, focus: Node, sources: Sequence[Source]) -> Verdict:
    """Whether a constraint is satisfied by these value nodes of the focus node."""
    return every(sources, lambda node: value_holds(constraint, node))


@singledispatch
def value_holds(constraint: c.Constraint, node: Node) -> Verdict:
    """Whether a constraint on single values is satisfied by this one."""
    return values.satisfies(constraint, node)


@value_holds.register
def _conforms(constraint: c.Conforms, node: Node) -> Verdict:
    return both(*(conforms(node, shape) for shape in constraint.shapes))


@value_holds.register
def _properties(constraint: c.Properties, node: Node) -> Verdict:
    return both(*(conforms(node, shape) for shape in constraint.shapes))


@value_holds.register
def _logic(constraint: c.Logic, node: Node) -> Verdict:
    join: dict[str, Callable[..., Verdict]] = {
        "and": both,
        "or": either,
        "xone": exactly_one,
        "not": negate,
    }
    return both(
        *(
            join[constraint.operator](*(conforms(node, shape) for shape in shapes))
            for shapes in constraint.lists
        )
    )


@value_holds.register
def _closed(constraint: c.Closed, node: Node) -> Verdict:
    return negate(either(*(exists(one) for _, one in undeclared(constraint, node))))


@value_holds.register
def _foreign(constraint: c.Foreign, node: Node) -> Verdict:
    raise NotCompiled(constraint.reason)


@holds.register
def _foreign_set(
    constraint: c.Foreign, focus: Node, sources: Sequence[Source]
) -> Verdict:
    raise NotCompiled(constraint.reason)


@holds.register
def _count(constraint: c.Count, focus: Node, sources: Sequence[Source]) -> Verdict:
    if constraint.least == 0:
        return True
    if constraint.least == 1:
        return either(*map(exists, sources))
    number = count(sources)
    if isinstance(number, int):
        return _within(number, constraint)
    if constraint.most is not None and constraint.most >= most(sources):
        return True
    if constraint.least is not None and constraint.least > most(sources):
        return False
    if constraint.least is not None:
        return number >= constraint.least
    return number <= constraint.most


def _within(number: int, constraint: c.Count) -> bool:
    if constraint.least is not None:
        return number >= constraint.least
    return constraint.most is not None and number <= constraint.most


@holds.register
def _has_value(
    constraint: c.HasValue, focus: Node, sources: Sequence[Source]
) -> Verdict:
    return both(
        *(
            some(sources, partial(values.is_among, terms=[one]))
            for one in constraint.values
        )
    )


@holds.register
def _unique_lang(
    constraint: c.UniqueLang, focus: Node, sources: Sequence[Source]
) -> Verdict:
    by_tag: dict[str, list[Source]] = {}
    for source in sources:
        language = source.node(pl.element()).language
        if language:
            by_tag.setdefault(language.lower(), []).append(source)
    return both(*(most(one) <= 1 or count(one) <= 1 for one in by_tag.values()))


@holds.register
def _equals(constraint: c.Equals, focus: Node, sources: Sequence[Source]) -> Verdict:
    return both(
        *(
            _same(sources, follow(c.Predicate(one), focus))
            for one in constraint.predicates
        )
    )


def _same(sources: Sequence[Source], others: Sequence[Source]) -> Verdict:
    if not sources or not others:
        return negate(either(*map(exists, (*sources, *others))))
    if len(sources) == 1 == len(others) and most((*sources, *others)) == 2:
        one, other = (single(source, identity) for source in (*sources, *others))
        return one.eq_missing(other)
    difference = terms(sources).list.set_symmetric_difference(terms(others))
    return difference.list.len() == 0


@holds.register
def _disjoint(
    constraint: c.Disjoint, focus: Node, sources: Sequence[Source]
) -> Verdict:
    return both(
        *(
            _apart(sources, follow(c.Predicate(one), focus))
            for one in constraint.predicates
        )
    )


def _apart(sources: Sequence[Source], others: Sequence[Source]) -> Verdict:
    if not sources or not others:
        return True
    if len(sources) == 1 == len(others) and most((*sources, *others)) == 2:
        one, other = (single(source, identity) for source in (*sources, *others))
        return (one != other).fill_null(True)
    common = terms(sources).list.set_intersection(terms(others))
    return common.list.len() == 0


@holds.register
def _less_than(
    constraint: c.LessThan, focus: Node, sources: Sequence[Source]
) -> Verdict:
    found: list[Verdict] = []
    for predicate in constraint.predicates:
        for other in follow(c.Predicate(predicate), focus):
            if other.many or any(one.many for one in sources):
                raise NotCompiled("it compares fields of many values")
            for one in sources:
                verdict = less(
                    constraint, one.node(one.values), other.node(other.values)
                )
                found.append(
                    either(negate(exists(one)), negate(exists(other)), verdict)
                )
    return both(*found)


def less(constraint: c.LessThan, one: Node, other: Node) -> Verdict:
    """Whether one value is less than the other. IRIs, and texts with a language, are
    compared as plain texts, as pySHACL does."""
    text, against = text_of(one), text_of(other)
    return values.by_datatype(
        one,
        lambda datatype: values.by_datatype(
            other,
            lambda other_datatype: lexical.ordered(
                text,
                datatype or STRING,
                constraint.operator,
                against,
                other_datatype or STRING,
            ),
        ),
    )


@holds.register
def _qualified(
    constraint: c.Qualified, focus: Node, sources: Sequence[Source]
) -> Verdict:
    return both(
        *(
            _qualifies(constraint, shape, siblings, sources)
            for shape, siblings in zip(
                constraint.shapes, constraint.siblings, strict=True
            )
        )
    )


def _qualifies(
    constraint: c.Qualified,
    shape: c.Shape,
    siblings: Iterable[c.Shape],
    sources: Sequence[Source],
) -> Verdict:
    def counts(node: Node) -> Verdict:
        others = (negate(conforms(node, sibling)) for sibling in siblings)
        return both(conforms(node, shape), *others)

    if not sources:
        return not constraint.least
    sure = terms(sources, counts, unsure=False).list.len()
    possible = terms(sources, counts, unsure=True).list.len()
    if constraint.least is not None:
        fits, fails = sure >= constraint.least, possible < constraint.least
    else:
        fits, fails = possible <= constraint.most, sure > constraint.most
    return pl.when(fits).then(pl.lit(True)).when(fails).then(pl.lit(False))


def undeclared(constraint: c.Closed, node: Node) -> list[tuple[str, Source]]:
    """The properties of a node that a closed shape does not allow, with their values.
    That a node is a resource is always allowed."""
    if node.properties is None:
        raise Beyond("it asks for the properties of a record that is linked to")
    return [
        (path, source)
        for path, sources in node.properties.items()
        if path not in constraint.allowed
        for source in sources
        if path != str(RDF.type) or not _is_resource(source.node(source.values))
    ]


def _is_resource(node: Node) -> bool:
    return isinstance(node.text, str) and node.text == str(RDFS.Resource)
