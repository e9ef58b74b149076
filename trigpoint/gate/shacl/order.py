"""Two terms in order, one pair at a time: sh:lessThan where columns are not sure.

pySHACL compares texts (those of IRIs, too) with texts, and leaves all else to rdflib
(SHACL, sections 4.5.3 and 4.5.4). Of some ill-typed literals rdflib raises TypeError,
and pySHACL ends; by the Recommendation two values that cannot be compared are not in
order, so that is what is said here.
"""

from __future__ import annotations

from collections.abc import Iterable

from rdflib import Literal, URIRef
from rdflib.term import Node as Term

from trigpoint.gate.shacl import rowstore
from trigpoint.gate.shacl.lexical import Order
from trigpoint.gate.shacl.node import Node
from trigpoint.schema import rdf


def in_order(one: Term, operator: Order, other: Term) -> bool:
    """Whether `one` is `operator` than `other`, in the words of pySHACL."""
    first, second = _compared(one), _compared(other)
    if isinstance(first, Literal) != isinstance(second, Literal):
        return False
    try:
        return bool(first < second if operator == "<" else first <= second)
    except TypeError:
        return False


def answers(
    pairs: Iterable[tuple[str, str, str, str]], one: Node, operator: Order, other: Node
) -> list[bool]:
    """The same of pairs of texts, each with its datatype; what else the terms are say
    the nodes."""
    return [
        in_order(
            _term(text, datatype, one), operator, _term(against, other_datatype, other)
        )
        for text, datatype, against, other_datatype in pairs
    ]


def _compared(term: Term) -> str | Literal:
    """A literal that is no text stays one, for rdflib to compare."""
    if isinstance(term, URIRef):
        return str(term)
    if isinstance(term, Literal) and not isinstance(term.value, str):
        return term
    return str(term)


def _term(text: str, datatype: str, node: Node) -> Term:
    """The term as it stands in the graph that pySHACL is given."""
    if node.is_iri:
        return rowstore.read_term(f"<{text}>")
    if node.language:
        return rowstore.read_term(f'"{rdf.escape(text)}"@{node.language}')
    return rowstore.read_term(rdf.literal(text, datatype))
