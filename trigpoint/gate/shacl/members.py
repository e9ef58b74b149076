"""The value nodes of a focus node: where they are, and all, some or how many of them.

SHACL, W3C Recommendation 2017, section 2.3 (paths). Value nodes are a set of terms:
what two fields say alike, or one in two spellings, is one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import polars as pl

from trigpoint.gate.shacl import constraints as c
from trigpoint.gate.shacl.node import (
    STRING,
    Beyond,
    Node,
    NotCompiled,
    Source,
    Verdict,
)
from trigpoint.gate.shacl.verdict import both, either, expression, negate

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
    """The values of a path, from a node; raises NotCompiled when columns cannot say
    what they are, Beyond when they are those of another record."""
    if focus.properties is None:
        raise Beyond("it asks for the properties of a record that is linked to")
    if isinstance(path, c.Predicate):
        return focus.properties.get(path.iri, ())
    if isinstance(path, c.Alternative):
        return tuple(one for each in path.paths for one in follow(each, focus))
    if isinstance(path, c.OtherPath):
        if _leaves(path, focus.properties):
            raise Beyond(f"its path has {path.name}, which leads to other records")
        raise NotCompiled(f"its path has {path.name}")
    found = [focus]
    for step in path.steps[:-1]:
        found = [_only(source) for node in found for source in follow(step, node)]
    return tuple(one for node in found for one in follow(path.steps[-1], node))


def _leaves(path: c.OtherPath, properties: Mapping[str, Sequence[Source]]) -> bool:
    """Whether a path may lead to the properties of another record."""
    if path.name == "sh:inversePath":
        return True
    sources = [one for name in path.predicates() for one in properties.get(name, ())]
    nodes = [one.node(one.values) for one in sources]
    once = path.name == "sh:zeroOrOnePath" and isinstance(path.inner, c.Predicate)
    return not once and any(node.is_iri and node.properties is None for node in nodes)


def _only(source: Source) -> Node:
    """The node that a step of a path leads to."""
    node = source.node(source.values)
    if source.many and node.is_iri and node.properties is None:
        raise Beyond("it asks for the properties of records that are linked to")
    if source.many:
        raise NotCompiled("the path goes on from a field of many values")
    return node


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
        else pl.concat_list(single(source, kept))
        for source in sources
    ]
    if not lists:
        return pl.lit([], _TERMS)
    found = pl.concat_list(one.fill_null(pl.lit([], _TERMS)) for one in lists)
    return found.list.drop_nulls().list.unique()


def single(source: Source, what: Callable[[Node], pl.Expr]) -> pl.Expr:
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
