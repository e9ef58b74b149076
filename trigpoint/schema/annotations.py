"""Annotations on shapes: single values of a node, read with what is wrong in words.

What SHACL does not say of a register stands on its shapes in terms of our ontology
(`tp:`, ontology/shape-annotations.ttl).
"""

from __future__ import annotations

from rdflib import Graph, URIRef
from rdflib.term import Node

from trigpoint.errors import InvalidShape
from trigpoint.identifiers import SPELLINGS
from trigpoint.iris import ONTOLOGY


def tp(name: str) -> URIRef:
    """A term of our ontology."""
    return URIRef(ONTOLOGY + name)


def optional(graph: Graph, subject: Node, predicate: URIRef) -> str | None:
    """The text of a value, or None where there is none."""
    value = graph.value(subject, predicate)
    return None if value is None else str(value)


def text(graph: Graph, subject: Node, predicate: URIRef) -> str:
    """The text of a value. Raises InvalidShape where there is none."""
    value = optional(graph, subject, predicate)
    if value is None:
        raise InvalidShape(f"<{subject}> has no <{predicate}>")
    return value


def texts(graph: Graph, subject: Node, predicate: URIRef) -> tuple[str, ...]:
    """The texts of all values, sorted."""
    return tuple(sorted(map(str, graph.objects(subject, predicate))))


def number(graph: Graph, node: Node, predicate: URIRef, default: float) -> float:
    """A value as a number. Raises InvalidShape where it is none."""
    found = optional(graph, node, predicate)
    try:
        return default if found is None else float(found)
    except ValueError as error:
        raise InvalidShape(
            f"<{node}>: <{predicate}> is “{found}”, not a number"
        ) from error


def spelling(graph: Graph, node: Node, predicate: URIRef) -> str | None:
    """The IRI of a tp:KeySpelling. Raises InvalidShape where none is called that."""
    found = optional(graph, node, predicate)
    if found is not None and found not in SPELLINGS:
        raise InvalidShape(f"<{node}>: <{found}> is not a key spelling known here")
    return found
