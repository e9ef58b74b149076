"""The parameters of a shape, as its graph states them, and how people read them.

SHACL, W3C Recommendation 2017, section 4.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rdflib import BNode, Graph, URIRef
from rdflib import Literal as RdfLiteral
from rdflib.collection import Collection
from rdflib.namespace import SH
from rdflib.term import Node

from trigpoint.errors import InvalidShape
from trigpoint.gate.shacl import constraints as c
from trigpoint.schema.rdf import PREFIXES

# pySHACL goes not much deeper into shapes within shapes before it gives up.
_DEEPEST = 12

# How many members of a list are shown, and how much of a text within another node.
_SHOWN, _LONGEST = 10, 60


def spelled(graph: Graph, node: Node, depth: int = 0) -> str:
    """A node of the shape graph as people read it, of a list the first members."""
    if isinstance(node, BNode):
        members = list(graph.items(node))
        shown = " ".join(spelled(graph, one, depth + 1) for one in members[:_SHOWN])
        if members:
            return f"( {shown}{' …' if members[_SHOWN:] else ''} )"
        return _anonymous(graph, node, depth)
    if isinstance(node, URIRef):
        for prefix, iri in PREFIXES.items():
            if node.startswith(iri):
                return f"{prefix}:{node.removeprefix(iri)}"
        return f"<{node}>"
    text = " ".join(str(node).split()) if depth else str(node)
    return text if len(text) <= _LONGEST or not depth else f"{text[:_LONGEST]}…"


def _anonymous(graph: Graph, node: Node, depth: int) -> str:
    """A node without a name, by what is said of it."""
    if depth > 2:
        return "[ … ]"
    said = sorted(
        f"{spelled(graph, predicate)} {spelled(graph, value, depth + 1)}"
        for predicate, value in graph.predicate_objects(node)
    )
    return f"[ {' ; '.join(said)} ]" if said else "[ ]"


_COMPANIONS: dict[URIRef, tuple[URIRef, ...]] = {
    SH.pattern: (SH.flags,),
    SH.closed: (SH.ignoredProperties,),
    SH.qualifiedValueShape: (
        SH.qualifiedMinCount,
        SH.qualifiedMaxCount,
        SH.qualifiedValueShapesDisjoint,
    ),
}


class Unknown(Exception):
    """A constraint that is left to pySHACL; the text says why."""


@dataclass(frozen=True)
class Given:
    """One parameter of one shape: all that its constraints are made of."""

    graph: Graph
    node: Node
    parameter: URIRef
    stated: tuple[Node, ...]
    has_path: bool
    above: tuple[Node, ...]  # the shapes around it, itself the last
    read: Callable[[Graph, Node, tuple[Node, ...]], c.Shape]

    def head(self) -> tuple[str, tuple[URIRef, ...], str]:
        """What every constraint has: component, parameters and text."""
        values = sorted(spelled(self.graph, value) for value in self.stated)
        return (
            component_of(self.parameter),
            (self.parameter, *_COMPANIONS.get(self.parameter, ())),
            f"{shortened(self.parameter)} {', '.join(values)}",
        )

    def one(self) -> RdfLiteral:
        if len(self.stated) != 1 or not isinstance(self.stated[0], RdfLiteral):
            raise self.ill("one literal")
        return self.stated[0]

    def number(self, literal: RdfLiteral) -> int:
        number = whole(self.node, self.parameter, literal)
        if number < 0:
            raise self.ill("a number that is not negative")
        return number

    def values(self, parameter: URIRef) -> list[Node]:
        return list(self.graph.objects(self.node, parameter))

    def listed(self, head: Node) -> list[Node]:
        members = list(Collection(self.graph, head))
        if not members:
            raise self.ill("a list with members")
        return members

    def members(self, nodes: Sequence[Node]) -> list[c.Shape]:
        """Shapes that this one refers to."""
        for node in nodes:
            if isinstance(node, RdfLiteral):
                raise self.ill(f"a shape, not “{node}”")
            if node in self.above:
                raise Unknown("the shape refers to itself")
        if len(self.above) > _DEEPEST:
            raise Unknown("shapes within shapes lie too deep")
        return [self.read(self.graph, node, self.above) for node in nodes]

    def siblings(self, own: Node) -> list[Node]:
        """The qualified shapes beside this one under the shapes that have it."""
        found = {
            other
            for parent in self.graph.subjects(SH.property, self.node)
            for beside in self.graph.objects(parent, SH.property)
            for other in self.graph.objects(beside, SH.qualifiedValueShape)
        }
        return sorted(found - {own}, key=str)

    def ill(self, expected: str) -> InvalidShape:
        return ill_formed(self.node, self.parameter, expected)


def component_of(parameter: URIRef) -> str:
    name = parameter.removeprefix(str(SH))
    return f"{SH}{name[0].upper()}{name[1:]}ConstraintComponent"


def shortened(parameter: URIRef) -> str:
    return f"sh:{parameter.removeprefix(str(SH))}"


def is_true(literal: Node | None) -> bool:
    return isinstance(literal, RdfLiteral) and bool(literal.value)


def whole(node: Node, parameter: URIRef, literal: Node) -> int:
    if not isinstance(literal, RdfLiteral) or not isinstance(literal.value, int):
        raise ill_formed(node, parameter, "a whole number")
    return int(literal.value)


def ill_formed(node: Node, parameter: URIRef, expected: str) -> InvalidShape:
    return InvalidShape(f"<{node}>: expected of {shortened(parameter)} {expected}")
