"""The data graph of one batch: rows as rdflib terms in a store made for reading once.

rdflib's own memory store keeps contexts and three indices for each triple; a batch is
written once, asked for the triples of a subject and thrown away. Literals are kept as
they were written: `01` stays `01`, and what is ill-typed stays so (RDF 1.1 Concepts,
section 3.3), for the validator to judge.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from decimal import InvalidOperation
from typing import Any

import pyoxigraph
from rdflib import Graph, Literal, URIRef
from rdflib.plugins.stores.memory import Memory
from rdflib.term import Node

Triple = tuple[Node, Node, Node]
_STRING = "http://www.w3.org/2001/XMLSchema#string"


class RowLiteral(Literal):
    """A literal of a row, which can be put in order with any other. rdflib's own ends
    with TypeError where it can tell neither that one is less nor that both are equal,
    as of “x” and “1” of xsd:integer; and with decimal's InvalidOperation at the NaN
    that Python reads as a xsd:decimal. pySHACL dies of those. Not to be comparable is
    a result of every constraint on bounds and order (SHACL, sections 4.3 and 4.5)."""

    def eq(self, other: Any) -> bool:
        """Raises TypeError where that cannot be told, as pySHACL expects."""
        try:
            return bool(super().eq(other))
        except InvalidOperation as error:
            raise TypeError(f"{self} does not compare with {other}") from error

    def __gt__(self, other: Any) -> bool:
        try:
            return bool(super().__gt__(other))
        except InvalidOperation as error:
            raise TypeError(f"{self} does not compare with {other}") from error

    def __lt__(self, other: Any) -> bool:
        try:
            return not self > other and not self.eq(other)
        except TypeError:
            return self._is_below(other)

    def _is_below(self, other: Any) -> bool:
        """Where rdflib's own `<` does not know, Python turns the question round: so
        1 is less than “x”, by their texts."""
        try:
            return bool(other > self)
        except TypeError:
            return False

    def __le__(self, other: Any) -> bool:
        try:
            return self < other or self.eq(other)
        except TypeError:
            return False


class RowStore(Memory):
    """Triples by subject and predicate; by predicate and value once that is asked."""

    def __init__(self) -> None:
        super().__init__()
        self._subjects: dict[Node, dict[Node, dict[Node, None]]] = {}
        self._inverse: dict[Node, dict[Node, list[Node]]] | None = None
        self._size = 0

    def __len__(self, context: Any = None) -> int:
        return self._size

    def add(self, triple: Any, context: Any, quoted: bool = False) -> None:
        subject, predicate, value = triple
        values = self._subjects.setdefault(subject, {}).setdefault(predicate, {})
        if value not in values:
            values[value] = None
            self._size += 1
            self._inverse = None

    def triples(
        self, triple_pattern: Any, context: Any = None
    ) -> Generator[tuple[Any, Any], None, None]:
        contexts = (context,)
        for triple in self._find(*triple_pattern):
            yield triple, contexts

    def _find(
        self, subject: Node | None, predicate: Node | None, value: Node | None
    ) -> Iterable[Triple]:
        if subject is not None:
            return _of_subject(
                subject, self._subjects.get(subject, {}), predicate, value
            )
        if predicate is not None and value is not None:
            return self._of_value(predicate, value)
        return (
            triple
            for one, properties in self._subjects.items()
            for triple in _of_subject(one, properties, predicate, value)
        )

    def _of_value(self, predicate: Node, value: Node) -> Iterator[Triple]:
        if self._inverse is None:
            self._inverse = {}
            for subject, properties in self._subjects.items():
                for one, values in properties.items():
                    index = self._inverse.setdefault(one, {})
                    for found in values:
                        index.setdefault(found, []).append(subject)
        for subject in self._inverse.get(predicate, {}).get(value, ()):
            yield subject, predicate, value


def _of_subject(
    subject: Node,
    properties: dict[Node, dict[Node, None]],
    predicate: Node | None,
    value: Node | None,
) -> Iterator[Triple]:
    if predicate is None:
        for one, values in properties.items():
            for found in values:
                if value is None or found == value:
                    yield subject, one, found
        return
    for found in properties.get(predicate, ()):
        if value is None or found == value:
            yield subject, predicate, found


def new_graph() -> Graph:
    """An empty graph for one batch."""
    return Graph(store=RowStore(), bind_namespaces="none")


def add_lines(graph: Graph, lines: Iterable[str]) -> None:
    """Add N-Triples lines; raises SyntaxError when one cannot be read."""
    data = "\n".join(lines).encode()
    terms: dict[str, URIRef] = {}
    with _quiet():
        for quad in pyoxigraph.parse(data, format=pyoxigraph.RdfFormat.N_TRIPLES):
            graph.add(
                (
                    _iri(quad.subject.value, terms),
                    _iri(quad.predicate.value, terms),
                    _term(quad.object, terms),
                )
            )


def read_term(text: str) -> Node:
    """One N-Triples term, as `add_lines` makes it."""
    graph = new_graph()
    add_lines(graph, [f"<urn:x> <urn:x> {text} ."])
    return next(graph.objects())


def _iri(text: str, terms: dict[str, URIRef]) -> URIRef:
    found = terms.get(text)
    if found is None:
        found = terms[text] = URIRef(text)
    return found


def _term(value: Any, terms: dict[str, URIRef]) -> Node:
    if isinstance(value, pyoxigraph.NamedNode):
        return _iri(value.value, terms)
    if value.language:
        return RowLiteral(value.value, lang=value.language, normalize=False)
    datatype = value.datatype.value
    # pySHACL takes a literal without datatype for xsd:string, as RDF 1.1 does.
    iri = None if datatype == _STRING else _iri(datatype, terms)
    return RowLiteral(value.value, datatype=iri, normalize=False)


@contextmanager
def _quiet() -> Iterator[None]:
    """rdflib logs a stack trace for each ill-typed literal; the report tells people."""
    logger = logging.getLogger("rdflib.term")
    logger.addFilter(_refuse)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            yield
    finally:
        logger.removeFilter(_refuse)


def _refuse(record: logging.LogRecord) -> bool:
    return False
