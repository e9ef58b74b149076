"""Violations of a shape: with its severity, its own message or ours.

Whoever judges says which constraint a value breaks; all that follows from the shape
alone is worked out once for each constraint, so that a file of bad rows costs little.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple, TypedDict

from rdflib import SH, URIRef
from rdflib.term import Node

from trigpoint.gate import messages, terms
from trigpoint.gate.rules import geometry_problems
from trigpoint.gate.shacl.batch import Brief
from trigpoint.gate.terms import Severity
from trigpoint.gate.violation import Violation
from trigpoint.schema.shape import Field

_SEVERITIES: dict[Node, Severity] = {SH.Violation: "violation", SH.Info: "info"}


class Told(TypedDict):
    """What is said of a row, beside which row it is."""

    shape: Node
    component: str
    field: Field | None
    value: str | None
    path: str | None
    said: str


class _Constraint(NamedTuple):
    """What the shape alone says of a violation."""

    name: str | None
    severity: Severity
    shape: str
    message: Callable[[str | None], str | None]


class Findings:
    """Makes the violations of one register's shape."""

    def __init__(self, known: Brief) -> None:
        self._schema = known.schema
        self._shapes = known.shapes
        self._constraints: dict[tuple[Node, str, str | None], _Constraint] = {}
        self._by_shape = {field.shape: field for field in known.schema.fields}
        self._by_path = {field.path: field for field in reversed(known.schema.fields)}

    def field(self, shape: Node | None, path: Node | None) -> Field | None:
        """The field that a result is about: by its shape, since two fields may share
        a path, else by that."""
        return self._by_shape.get(str(shape)) or self._by_path.get(str(path))

    def violation(
        self,
        *,
        shape: Node,
        component: str,
        row: int,
        key: str,
        field: Field | None,
        value: str | None,
        path: str | None,
        said: str = "",
    ) -> Violation:
        """The violation of a constraint by one row. `value` is as the row wrote it;
        `said` is taken for a message when neither the shape nor we have one."""
        which = (shape, component, None if field is None else field.name)
        one = self._constraints.get(which)
        if one is None:
            one = self._constraints[which] = self._constraint(shape, component, field)
        return Violation(
            register=self._schema.register,
            row=row,
            key=key,
            field=one.name,
            value=value,
            path=path,
            component=component,
            severity=one.severity,
            shape=one.shape,
            message=one.message(value) or said or terms.short(component),
        )

    def _constraint(
        self, shape: Node, component: str, field: Field | None
    ) -> _Constraint:
        return _Constraint(
            None if field is None else field.name,
            self._severity(shape),
            str(shape) if isinstance(shape, URIRef) else self._schema.shape,
            self._message(shape, component, field),
        )

    def _named(self, shape: Node) -> Node | None:
        """The one shape that a shape names by sh:node; None when it names several."""
        named = list(self._shapes.objects(shape, SH.node))
        return named[0] if len(named) == 1 else None

    def _severity(self, shape: Node) -> Severity:
        """A severity of somebody's own refuses nothing."""
        severity = self._shapes.value(shape, SH.severity) or SH.Violation
        return _SEVERITIES.get(severity, "warning")

    def _message(
        self, shape: Node, component: str, field: Field | None
    ) -> Callable[[str | None], str | None]:
        own = messages.shape_message(self._shapes, shape)
        if own is None and component == terms.NODE:
            own = messages.shape_message(self._shapes, self._named(shape))
        if own is not None:
            return lambda value: own
        parameter = partial(messages.list_of, self._shapes, shape)
        ours = messages.sentence(component, field, self._schema, parameter)
        if component != terms.NODE or field is None or field.kind != "geometry":
            return ours
        return lambda value: (
            "; ".join(geometry_problems(value or "", field)) or ours(value)
        )
