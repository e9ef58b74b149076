"""The compiler: from a register's SHACL shape to checks on columns of its rows.

Every constraint of the shape (SHACL, W3C Recommendation 2017, section 4) becomes a
check that says what pySHACL would say of the rows as RDF. What columns cannot tell is
left to pySHACL, constraint by constraint and by name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property

from rdflib import URIRef

from trigpoint.gate.checks import Check
from trigpoint.gate.shacl import constraints as c
from trigpoint.gate.shacl import members
from trigpoint.gate.shacl.batch import Brief
from trigpoint.gate.shacl.conditions import Condition, Court, Focus
from trigpoint.gate.shacl.findings import Findings
from trigpoint.gate.shacl.judge import Judge
from trigpoint.gate.shacl.node import STRING, NotCompiled, Rows, Source
from trigpoint.gate.shacl.part import Part
from trigpoint.gate.shacl.reading import read_shape
from trigpoint.gate.targets import Targets
from trigpoint.schema.rdf import XSD

_PLAIN = {STRING, f"{XSD}anyURI"}
_ODD_VALUES = "values of it in unusual spellings are judged by pySHACL"


@dataclass(frozen=True)
class Explained:
    """What became of one constraint. `text` is the constraint as people read it;
    `reason` says why pySHACL judges it, None when it is compiled; `note` says what of
    it may still go to pySHACL. `field` is None for a condition on the record itself."""

    field: str | None
    shape: str
    text: str
    reason: str | None
    note: str | None


@dataclass(frozen=True)
class Compiled:
    """A register's shape, compiled."""

    known: Brief
    shape: c.Shape

    @cached_property
    def constraints(self) -> tuple[Explained, ...]:
        """What became of each constraint of the shape."""
        rows = Rows(self.known, self.known.schema.names, None)
        return tuple(map(self._explained, self._conditions(rows)))

    def checks(
        self, targets: Targets, judge: Judge, columns: Collection[str]
    ) -> list[Check]:
        """The checks on rows with these columns; fields that are not among them are
        absent in every row. What no row can violate has none."""
        findings = Findings(self.known)
        court = Court(findings, judge, targets, self.known.schema.key)
        rows = Rows(self.known, columns, targets)
        found = (one.check(court) for one in self._conditions(rows))
        return [check for check in found if check is not None]

    def _conditions(self, rows: Rows) -> Iterator[Condition]:
        return _conditions(self.shape, Focus(rows.record), rows)

    def _explained(self, condition: Condition) -> Explained:
        reason = condition.reason()
        shape = condition.shape.node
        field = condition.field(Findings(self.known))
        return Explained(
            None if field is None else field.name,
            str(shape) if isinstance(shape, URIRef) else self.known.schema.shape,
            condition.constraint.text,
            reason,
            None if reason else _note(condition.constraint),
        )


def compile_shape(known: Brief) -> Compiled:
    """The shape of a register's records, compiled.

    Raises InvalidShape, naming the shape, for what pySHACL cannot work with.
    """
    return Compiled(known, read_shape(known.shapes, URIRef(known.schema.shape)))


def _conditions(shape: c.Shape, focus: Focus, rows: Rows) -> Iterator[Condition]:
    """The conditions of a shape at a focus node, those of its property shapes too."""
    for constraint in shape.constraints:
        inner = None
        if isinstance(constraint, c.Properties):
            inner = _within(shape, focus, rows)
        if inner is None:
            part = _part(shape, constraint, focus, rows)
            yield Condition(shape, constraint, focus, part)
        else:
            yield from inner


def _within(shape: c.Shape, focus: Focus, rows: Rows) -> list[Condition] | None:
    """The conditions of a shape's property shapes, at its value nodes. None when those
    of another node than the record need pySHACL, which can be asked of records only."""
    nodes = _inner(shape, focus)
    if nodes is None:
        return None
    found = [
        condition
        for part in shape.properties()
        for one in nodes
        for condition in _conditions(part, one, rows)
    ]
    if shape.path is not None and any(
        one.reason() or _note(one.constraint) for one in found
    ):
        return None
    return found


def _inner(shape: c.Shape, focus: Focus) -> list[Focus] | None:
    """The value nodes of a shape as focus nodes themselves; None when there may be
    several in a row, or rows do not hold their properties."""
    if shape.path is None:
        return [focus]
    try:
        found = members.value_nodes(shape, focus.node)
        nodes = [one.node(one.values) for one in found]
    except NotCompiled:
        return None
    if any(one.many or not one.field for one in found):
        return None
    if any(not node.is_iri or node.properties is None for node in nodes):
        return None
    return [
        Focus(node, members.exists(one), one.field)
        for node, one in zip(nodes, found, strict=True)
    ]


def _part(shape: c.Shape, constraint: c.Constraint, focus: Focus, rows: Rows) -> Part:
    """What pySHACL is asked of the constraint, and the fields that it needs for that.

    Rows with the same values are judged alike only where nothing but literals is
    looked at: an IRI may be the record's own."""
    every = tuple(name for name in rows.known.schema.names if name in rows.names)
    parameters = constraint.parameters
    try:
        sources = _looked_at(shape, constraint, focus)
        nodes = [one.node(one.values) for one in sources]
    except NotCompiled:
        return Part(shape.node, parameters, every, False)
    own = shape.path is None or isinstance(constraint, c.Foreign)
    if own or any(one.field is None for one in sources):
        return Part(shape.node, parameters, every, False)
    names = {one.field.name for one in sources if one.field is not None}
    alike = not any(node.is_iri for node in nodes)
    return Part(shape.node, parameters, tuple(n for n in every if n in names), alike)


def _looked_at(
    shape: c.Shape, constraint: c.Constraint, focus: Focus
) -> tuple[Source, ...]:
    """All values that the constraint looks at: those of the path, and of properties
    that they are compared with."""
    found = members.value_nodes(shape, focus.node)
    if isinstance(constraint, c.Equals | c.Disjoint | c.LessThan):
        for predicate in constraint.predicates:
            found += members.follow(c.Predicate(predicate), focus.node)
    return found


def _note(constraint: c.Constraint) -> str | None:
    """What of a compiled constraint may still go to pySHACL. Pairs of values are put in
    order without it, unless that is asked within another constraint."""
    if isinstance(constraint, c.LessThan):
        return None
    return _ODD_VALUES if _may_be_unsure(constraint) else None


def _may_be_unsure(constraint: c.Constraint) -> bool:
    """Whether there are values of which columns cannot be sure."""
    if isinstance(constraint, c.Datatype):
        return XSD in constraint.iri and constraint.iri not in _PLAIN
    inner: tuple[c.Shape, ...] = ()
    if isinstance(constraint, c.Conforms | c.Properties):
        inner = constraint.shapes
    if isinstance(constraint, c.Qualified):
        inner = sum(constraint.siblings, constraint.shapes)
    if isinstance(constraint, c.Logic):
        inner = sum(constraint.lists, ())
    if any(_may_be_unsure(one) for shape in inner for one in shape.constraints):
        return True
    return isinstance(constraint, c.Range | c.LessThan)
