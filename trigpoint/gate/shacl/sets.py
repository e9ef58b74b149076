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
from trigpoint.gate.shacl.node import STRING, Node, NotCompiled, Source, Verdict
from trigpoint.gate.shacl.verdict import both, either, exactly_one, expression, negate

_TERMS = pl.List(pl.String)


def itself(node: Node) -> Source:
    """A node as its own value: that of a node shape (section 3.4)."""
    return Source(None, node.written, lambda _: node, always=True)


def value_nodes(shape: c.Shape, focus: Node) -> tuple[Source, ...]:
    """The value nodes of a shape; raises NotCompiled when rows do not hold them."""
    if shape.path is None:
        return (itself(focus),)
    return follow(shape.path, focus)


def follow(path: c.Path, focus: Node) -> tuple[Source, ...]:
    """The values of a path, from a node; raises NotCompiled when rows do not hold
    them."""
    if focus.properties is None:
        raise NotCompiled(
            "the properties of a record that is linked to are not in the row"
        )
    if isinstance(path, c.Predicate):
        return focus.properties.get(path.iri, ())
    if isinstance(path, c.Alternative):
        return tuple(one for each in path.paths for one in follow(each, focus))
    if isinstance(path, c.OtherPath):
        raise NotCompiled(f"the path has {path.name}, which leads out of the row")
    found = [focus]
    for step in path.steps[:-1]:
        found = [_only(source) for node in found for source in follow(step, node)]
    return tuple(one for node in found for one in follow(path.steps[-1], node))


def _only(source: Source) -> Node:
    """The node that a step of a path leads to."""
    if source.many:
        raise NotCompiled("the path goes on from a field of many values")
    return source.node(source.values)


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
        one, other = (_single(source, identity) for source in (*sources, *others))
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
        one, other = (_single(source, identity) for source in (*sources, *others))
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


# ---- all, some, how many


def every(sources: Iterable[Source], test: Callable[[Node], Verdict]) -> Verdict:
    """Whether all value nodes pass a test."""
    return both(*(_over(source, test) for source in sources))


def some(sources: Iterable[Source], test: Callable[[Node], Verdict]) -> Verdict:
    """Whether any value node passes a test."""
    return negate(every(sources, lambda node: negate(test(node))))


def _over(source: Source, test: Callable[[Node], Verdict]) -> Verdict:
    column = source.values
    if source.always:
        return test(source.node(column))
    if not source.many:
        return either(column.is_null(), test(source.node(column)))
    verdict = test(source.node(pl.element()))
    if verdict is True:
        return True
    if verdict is False:
        return negate(exists(source))
    each = column.list.drop_nulls().list.agg(
        expression(verdict).all(ignore_nulls=False)
    )
    return column.is_null() | each


def exists(source: Source) -> Verdict:
    """Whether the source has any value."""
    if source.always:
        return True
    if source.many:
        return source.values.list.drop_nulls().list.len().fill_null(0) > 0
    return source.values.is_not_null()


def most(sources: Iterable[Source]) -> float:
    """The most value nodes that there can be."""
    return sum(float("inf") if one.many else 1 for one in sources)


def count(sources: Sequence[Source]) -> pl.Expr | int:
    """How many value nodes there are."""
    if len(sources) > 1 or any(one.many for one in sources):
        return terms(sources).list.len()
    if not sources or sources[0].always:
        return len(sources)
    return sources[0].values.is_not_null().cast(pl.UInt32)


def terms(
    sources: Sequence[Source],
    test: Callable[[Node], Verdict] | None = None,
    *,
    unsure: bool = True,
) -> pl.Expr:
    """The value nodes that pass the test, each once, as a list of what identifies
    them; `unsure` ones with them or not."""

    def kept(node: Node) -> pl.Expr:
        if test is None:
            return identity(node)
        passes = expression(test(node)).fill_null(unsure)
        return pl.when(passes).then(identity(node))

    lists = [
        source.values.list.drop_nulls().list.eval(kept(source.node(pl.element())))
        if source.many
        else pl.concat_list(_single(source, kept))
        for source in sources
    ]
    if not lists:
        return pl.lit([], _TERMS)
    found = pl.concat_list(one.fill_null(pl.lit([], _TERMS)) for one in lists)
    return found.list.drop_nulls().list.unique()


def _single(source: Source, what: Callable[[Node], pl.Expr]) -> pl.Expr:
    """Something of a source of one value; null where there is none, though its node
    may be named by the key (a geometry's is)."""
    found = what(source.node(source.values))
    if source.always:
        return found
    return pl.when(source.values.is_not_null()).then(found)


def identity(node: Node) -> pl.Expr:
    """A text that two nodes have in common only if they are the same term."""
    text = text_of(node)
    if node.is_iri:
        return pl.concat_str(pl.lit("<"), text)
    if isinstance(node.datatype, pl.Expr):
        return pl.concat_str(node.datatype, pl.lit("\n"), text)
    kind = f"@{node.language.lower()}" if node.language else node.datatype or STRING
    return pl.concat_str(pl.lit(f"{kind}\n"), text)


def text_of(node: Node) -> pl.Expr:
    """The text of a node; raises NotCompiled where it is not known."""
    if node.text is None:
        raise NotCompiled("it compares terms that are not in the rows")
    return pl.lit(node.text) if isinstance(node.text, str) else node.text


def undeclared(constraint: c.Closed, node: Node) -> list[tuple[str, Source]]:
    """The properties of a node that a closed shape does not allow, with their values.
    That a node is a resource is always allowed."""
    if node.properties is None:
        raise NotCompiled(
            "the properties of a record that is linked to are not in the row"
        )
    return [
        (path, source)
        for path, sources in node.properties.items()
        if path not in constraint.allowed
        for source in sources
        if path != str(RDF.type) or not _is_resource(source.node(source.values))
    ]


def _is_resource(node: Node) -> bool:
    return isinstance(node.text, str) and node.text == str(RDFS.Resource)
