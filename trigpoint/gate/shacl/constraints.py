"""What a shape asks, as plain data: constraints, property paths, shapes.

SHACL, W3C Recommendation 2017: sections 2 (shapes and paths) and 4 (components of the
core). Nothing here looks at data; `reading` makes these from a shape graph.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from rdflib import Literal as RdfLiteral
from rdflib import URIRef
from rdflib.term import Node

Operator = Literal["<", "<=", ">", ">="]


@dataclass(frozen=True)
class Predicate:
    """A path of one property."""

    iri: str


@dataclass(frozen=True)
class Sequence:
    """One path after the other (section 2.3.1.2)."""

    steps: tuple[Path, ...]


@dataclass(frozen=True)
class Alternative:
    """Any of these paths (section 2.3.1.3)."""

    paths: tuple[Path, ...]


@dataclass(frozen=True)
class OtherPath:
    """A path that goes back, or any number of times (sections 2.3.1.4 to 2.3.1.7);
    `name` is its parameter."""

    name: str
    inner: Path

    def predicates(self) -> frozenset[str]:
        """The properties that it follows, whichever way."""
        return frozenset(_predicates(self.inner))


def _predicates(path: Path) -> Iterator[str]:
    if isinstance(path, Predicate):
        yield path.iri
    elif isinstance(path, OtherPath):
        yield from path.predicates()
    else:
        steps = path.steps if isinstance(path, Sequence) else path.paths
        for step in steps:
            yield from _predicates(step)


Path: TypeAlias = Predicate | Sequence | Alternative | OtherPath


@dataclass(frozen=True)
class Constraint:
    """One component of a shape. `component` is its IRI; `parameters` are those of the
    shape that state it; `text` is what it asks, as people read it."""

    component: str
    parameters: tuple[URIRef, ...]
    text: str


@dataclass(frozen=True)
class Count(Constraint):
    """sh:minCount or sh:maxCount (section 4.2); the other bound is None."""

    least: int | None
    most: int | None


@dataclass(frozen=True)
class Datatype(Constraint):
    """sh:datatype (section 4.1.2)."""

    iri: str


@dataclass(frozen=True)
class NodeKind(Constraint):
    """sh:nodeKind (section 4.1.3): whether IRIs and literals may stand here."""

    iris: bool
    literals: bool


@dataclass(frozen=True)
class InstanceOf(Constraint):
    """sh:class (section 4.1.1): an instance of all of these."""

    classes: tuple[str, ...]


@dataclass(frozen=True)
class Length(Constraint):
    """sh:minLength or sh:maxLength (sections 4.4.1 and 4.4.2), in characters."""

    least: int | None
    most: int | None


@dataclass(frozen=True)
class Pattern(Constraint):
    """sh:pattern with sh:flags (section 4.4.3); every pattern has to be found."""

    patterns: tuple[str, ...]
    flags: str


@dataclass(frozen=True)
class Range(Constraint):
    """sh:minInclusive and its kin (section 4.3); every bound has to hold."""

    operator: Operator
    bounds: tuple[RdfLiteral, ...]


@dataclass(frozen=True)
class OneOf(Constraint):
    """sh:in (section 4.8.3)."""

    members: tuple[Node, ...]


@dataclass(frozen=True)
class LanguageIn(Constraint):
    """sh:languageIn (section 4.4.4), tags in lower case."""

    tags: frozenset[str]


@dataclass(frozen=True)
class HasValue(Constraint):
    """sh:hasValue (section 4.8.2)."""

    values: tuple[Node, ...]


@dataclass(frozen=True)
class UniqueLang(Constraint):
    """sh:uniqueLang true (section 4.4.5)."""


@dataclass(frozen=True)
class Equals(Constraint):
    """sh:equals (section 4.5.1): the same values as each of these properties."""

    predicates: tuple[str, ...]


@dataclass(frozen=True)
class Disjoint(Constraint):
    """sh:disjoint (section 4.5.2): no value in common with these properties."""

    predicates: tuple[str, ...]


@dataclass(frozen=True)
class LessThan(Constraint):
    """sh:lessThan and sh:lessThanOrEquals (sections 4.5.3 and 4.5.4)."""

    operator: Literal["<", "<="]
    predicates: tuple[str, ...]


@dataclass(frozen=True)
class Closed(Constraint):
    """sh:closed true (section 4.8.1): no property but these."""

    allowed: frozenset[str]


@dataclass(frozen=True)
class Conforms(Constraint):
    """sh:node (section 4.7.1)."""

    shapes: tuple[Shape, ...]


@dataclass(frozen=True)
class Properties(Constraint):
    """sh:property (section 4.7.2)."""

    shapes: tuple[Shape, ...]


@dataclass(frozen=True)
class Qualified(Constraint):
    """One of the two components of sh:qualifiedValueShape (section 4.7.3): `least` or
    `most` is None. `siblings` are shapes that a counted value must not conform to."""

    shapes: tuple[Shape, ...]
    siblings: tuple[tuple[Shape, ...], ...]
    least: int | None
    most: int | None


@dataclass(frozen=True)
class Logic(Constraint):
    """sh:not, sh:and, sh:or, sh:xone (section 4.6): each list has to hold."""

    operator: Literal["not", "and", "or", "xone"]
    lists: tuple[tuple[Shape, ...], ...]


@dataclass(frozen=True)
class Foreign(Constraint):
    """What only pySHACL can judge; `reason` is a sentence that says why."""

    reason: str


@dataclass(frozen=True)
class Shape:
    """A node shape, or with a path a property shape. A deactivated one asks nothing,
    so it has no constraints."""

    node: Node
    path: Path | None
    constraints: tuple[Constraint, ...]

    def properties(self) -> Iterator[Shape]:
        """The property shapes that it names by sh:property."""
        for constraint in self.constraints:
            if isinstance(constraint, Properties):
                yield from constraint.shapes
