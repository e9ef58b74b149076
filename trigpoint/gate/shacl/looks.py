"""How rows are looked at for one constraint: which are suspect, and what is wrong.

A look says of rows in columns which may violate a constraint, and of those rows which
values do: a frame of what was seen, with a verdict that is null where columns cannot be
sure. What a result has for a value is as pySHACL has it (SHACL, section 4): each value
node that violates the constraint, or none where it is their number that does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import polars as pl

from trigpoint.gate import plain
from trigpoint.gate.shacl import constraints as c
from trigpoint.gate.shacl import members, order, sets
from trigpoint.gate.shacl.node import STRING, Node, NotCompiled, Source, Verdict
from trigpoint.gate.shacl.verdict import both, either, expression, negate
from trigpoint.schema.shape import Field

# Columns of what is seen: the row in the frame looked at, the value as it was written,
# what identifies its term, the verdict on it. `_X` is a value before it is a node.
AT, VALUE, TERM, OK = "_at", "_value", "_term", "_ok"
_X = "_x"

Test = Callable[[Node], Verdict]


@dataclass(frozen=True)
class Seen:
    """Values of a field (None: of the mapping itself) that were looked at; `path` is
    that of the results where it is not the shape's."""

    frame: pl.DataFrame
    field: Field | None = None
    path: str | None = None


@dataclass(frozen=True)
class EachValue:
    """A constraint on single values."""

    sources: Sequence[Source]
    test: Test

    def suspect(self) -> Verdict:
        return either(*map(self._suspect, self.sources))

    def clean(self) -> tuple[str, str] | None:
        """A field, and a regular expression of values that are certainly right, if
        there is one that tells."""
        if len(self.sources) != 1 or isinstance(self.suspect(), bool):
            return None
        (source,) = self.sources
        forms = self._ordinary(source)
        if source.field is None or source.field.many or not forms:
            return None
        return source.field.name, plain.whole(*forms)

    def find(self, frame: pl.DataFrame) -> Iterator[Seen]:
        for source in self.sources:
            yield Seen(_values(frame, source, self.test), source.field)

    def _suspect(self, source: Source) -> Verdict:
        fails = negate(members.every((source,), self.test))
        forms = self._ordinary(source)
        if isinstance(fails, bool) or not forms:
            return fails
        return plain.unlike(source.values, plain.whole(*forms))

    def _ordinary(self, source: Source) -> list[str]:
        """The forms of ordinary values that pass."""
        return [one.regex for one in source.forms if self._passes(one.node)]

    def _passes(self, node: Node) -> bool:
        try:
            return self.test(node) is True
        except NotCompiled:
            return False


@dataclass(frozen=True)
class AllValues:
    """A constraint on the values together, whose result has no value. `screen` is true
    at least where `verdict` is false or null."""

    verdict: Verdict
    screen: Verdict

    def suspect(self) -> Verdict:
        return self.screen

    def find(self, frame: pl.DataFrame) -> Iterator[Seen]:
        nothing = pl.lit(None, pl.String)
        verdict = expression(self.verdict).alias(OK)
        yield Seen(frame.select(AT, nothing.alias(VALUE), nothing.alias(TERM), verdict))


@dataclass(frozen=True)
class OtherValues:
    """sh:equals and sh:disjoint: values that another property has too, or has not. A
    value of the other property comes with the field that wrote it."""

    constraint: c.Equals | c.Disjoint
    focus: Node
    sources: Sequence[Source]

    def suspect(self) -> Verdict:
        return negate(sets.holds(self.constraint, self.focus, self.sources))

    def find(self, frame: pl.DataFrame) -> Iterator[Seen]:
        for predicate in self.constraint.predicates:
            others = members.follow(c.Predicate(predicate), self.focus)
            if isinstance(self.constraint, c.Disjoint):
                yield from _beside(frame, self.sources, others, shared=True)
            else:
                yield from _beside(frame, self.sources, others, shared=False)
                yield from _beside(frame, others, self.sources, shared=False)


@dataclass(frozen=True)
class Pairs:
    """sh:lessThan and sh:lessThanOrEquals: each value with each of another property."""

    constraint: c.LessThan
    focus: Node
    sources: Sequence[Source]

    def suspect(self) -> Verdict:
        others = list(self._others())
        if not any(one.many for one in (*self.sources, *others)):
            return negate(sets.holds(self.constraint, self.focus, self.sources))
        filled = either(*map(members.exists, self.sources))
        return both(filled, either(*map(members.exists, others)))

    def find(self, frame: pl.DataFrame) -> Iterator[Seen]:
        for source in self.sources:
            own = _listed(frame, source, "_one")
            for other in self._others():
                beside = _listed(frame, other, "_other").select("^_at|_other.*$")
                pairs = own.join(beside, on=AT, maintain_order="left")
                nodes = _read(source, "_one"), _read(other, "_other")
                yield Seen(self._compared(pairs, *nodes), source.field)

    def _compared(self, pairs: pl.DataFrame, one: Node, other: Node) -> pl.DataFrame:
        """Pairs with the verdict on each: where columns are not sure, that of rdflib on
        each distinct pair. So pySHACL is not asked, which ends at some of them."""
        verdict = expression(sets.less(self.constraint, one, other)).alias(OK)
        shown = pairs.with_columns(
            verdict,
            members.text_of(one).alias("_1"),
            _datatype(one).alias("_2"),
            members.text_of(other).alias("_3"),
            _datatype(other).alias("_4"),
        )
        names = ["_1", "_2", "_3", "_4"]
        unsure = shown.filter(pl.col(OK).is_null()).select(names).unique()
        found = order.answers(unsure.iter_rows(), one, self.constraint.operator, other)
        told = unsure.with_columns(pl.Series("_told", found, pl.Boolean))
        both = shown.join(told, on=names, how="left", maintain_order="left")
        return both.select(AT, VALUE, TERM, pl.coalesce(OK, "_told").alias(OK))

    def _others(self) -> Iterator[Source]:
        for predicate in self.constraint.predicates:
            yield from members.follow(c.Predicate(predicate), self.focus)


@dataclass(frozen=True)
class Undeclared:
    """sh:closed: each value of a property that the shape does not allow."""

    found: Sequence[tuple[str, Source]]

    def suspect(self) -> Verdict:
        return either(*(members.exists(source) for _, source in self.found))

    def find(self, frame: pl.DataFrame) -> Iterator[Seen]:
        for path, source in self.found:
            yield Seen(_values(frame, source, lambda _: False), source.field, path)


Look = EachValue | AllValues | OtherValues | Pairs | Undeclared


def look(constraint: c.Constraint, focus: Node, sources: Sequence[Source]) -> Look:
    """How to look at the value nodes `sources` of a focus node for a constraint.

    Raises NotCompiled when columns cannot tell.
    """
    if isinstance(constraint, c.Foreign):
        raise NotCompiled(constraint.reason)
    if isinstance(constraint, c.Equals | c.Disjoint):
        return OtherValues(constraint, focus, sources)
    if isinstance(constraint, c.LessThan):
        return Pairs(constraint, focus, sources)
    if isinstance(constraint, c.Closed):
        nodes = [source.node(source.values) for source in sources]
        return Undeclared([p for n in nodes for p in sets.undeclared(constraint, n)])
    if isinstance(constraint, c.Count | c.HasValue | c.UniqueLang | c.Qualified):
        verdict = sets.holds(constraint, focus, sources)
        return AllValues(verdict, _screen(constraint, sources, verdict))
    return EachValue(sources, lambda node: sets.value_holds(constraint, node))


def _screen(
    constraint: c.Constraint, sources: Sequence[Source], verdict: Verdict
) -> Verdict:
    """Values in lists are counted as they come, for values that are the same are
    looked for only where there are too many."""
    if not isinstance(constraint, c.Count) or constraint.most is None:
        return negate(verdict)
    if not any(source.many for source in sources):
        return negate(verdict)
    lengths = [
        source.values.list.len().fill_null(0)
        if source.many
        else expression(members.exists(source)).cast(pl.UInt32)
        for source in sources
    ]
    return pl.sum_horizontal(lengths) > constraint.most


def _listed(frame: pl.DataFrame, source: Source, name: str) -> pl.DataFrame:
    """Each value of a source, in its row: `AT`, `VALUE`, `TERM`, and the parts of its
    node in columns that start with `name`."""
    rows = frame.with_columns(source.values.alias(_X))
    if source.many:
        rows = rows.explode(_X)
    if not source.always:
        rows = rows.drop_nulls(_X)
    node = source.node(pl.col(_X))
    parts = [
        part.alias(f"{name}_{what}")
        for what, part in (("text", node.text), ("datatype", node.datatype))
        if isinstance(part, pl.Expr)
    ]
    return rows.select(
        AT, node.written.alias(VALUE), members.identity(node).alias(TERM), *parts
    )


def _read(source: Source, name: str) -> Node:
    """The node whose parts `_listed` has put in columns."""
    node = source.node(pl.col(_X))
    return replace(
        node,
        text=pl.col(f"{name}_text") if isinstance(node.text, pl.Expr) else node.text,
        datatype=pl.col(f"{name}_datatype")
        if isinstance(node.datatype, pl.Expr)
        else node.datatype,
    )


def _datatype(node: Node) -> pl.Expr:
    if isinstance(node.datatype, pl.Expr):
        return node.datatype
    return pl.lit(node.datatype or STRING)


def _values(frame: pl.DataFrame, source: Source, test: Test) -> pl.DataFrame:
    """Each value of a source, with the verdict on it."""
    rows = frame.with_columns(source.values.alias(_X))
    if source.many:
        rows = rows.explode(_X)
    if not source.always:
        rows = rows.drop_nulls(_X)
    node = source.node(pl.col(_X))
    return rows.select(
        AT,
        node.written.alias(VALUE),
        members.identity(node).alias(TERM),
        expression(test(node)).alias(OK),
    )


def _beside(
    frame: pl.DataFrame,
    sources: Sequence[Source],
    others: Iterable[Source],
    *,
    shared: bool,
) -> Iterator[Seen]:
    """Values that others have too (`shared`), or have not."""
    known = [_listed(frame, one, "_other").select(AT, TERM) for one in others]
    empty = pl.DataFrame(schema={AT: frame.schema[AT], TERM: pl.String})
    against = pl.concat([empty, *known])
    for source in sources:
        own = _listed(frame, source, "_one").select(AT, VALUE, TERM)
        found = own.join(against, on=[AT, TERM], how="semi" if shared else "anti")
        yield Seen(found.with_columns(pl.lit(False).alias(OK)), source.field)
