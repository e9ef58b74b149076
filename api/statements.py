"""RDF that the server says of itself: its statements, in each syntax.

Statements are N-Triples lines, and every node has an IRI: so the same statements are
the same bytes whenever they are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

import pyoxigraph
from pyoxigraph import RdfFormat

from api.negotiation import JSONLD, NT, TTL, Format
from trigpoint.schema.rdf import (
    PREFIXES,
    RDF_TYPE,
    XSD,
    literal,
    parse_lines,
    prefix_lines,
    turtle_body,
)

RDFXML: Final = Format("rdf", "application/rdf+xml")
SYNTAXES: Final = (TTL, NT, RDFXML, JSONLD)

FOAF = "http://xmlns.com/foaf/0.1/"
FORMATS = "http://www.w3.org/ns/formats/"
SD = "http://www.w3.org/ns/sparql-service-description#"
VOID = "http://rdfs.org/ns/void#"
_PREFIXES = PREFIXES | {"foaf": FOAF, "formats": FORMATS, "sd": SD, "void": VOID}
_ENGINE = {RDFXML: RdfFormat.RDF_XML, JSONLD: RdfFormat.JSON_LD}


def iri(text: str) -> str:
    """An IRI as a term."""
    return f"<{text}>"


def number(count: int) -> str:
    """A whole number as a term."""
    return literal(str(count), f"{XSD}integer")


def say(subject: str, predicate: str, *objects: str) -> Iterator[str]:
    """Statements of one subject, an IRI, with one predicate; objects are terms."""
    return (f"<{subject}> <{predicate}> {one} ." for one in objects)


def a(subject: str, *classes: str) -> Iterator[str]:
    """That a subject is of these classes."""
    return say(subject, RDF_TYPE, *map(iri, classes))


class KeptBodies:
    """Bodies made of statements, kept for the version of the views that they are of."""

    def __init__(self) -> None:
        self._bodies: dict[tuple[int, str, Format], bytes] = {}

    def of(
        self, name: str, version: int, form: Format, make: Callable[[], Iterable[str]]
    ) -> bytes:
        """What `make` says in a syntax. It is made once for a version; twice when two
        ask for it first."""
        body = self._bodies.get((version, name, form))
        if body is None:
            body = written(make(), form)
            held = dict(self._bodies)
            self._bodies = {key: one for key, one in held.items() if key[0] == version}
            self._bodies[version, name, form] = body
        return body


def written(lines: Iterable[str], form: Format) -> bytes:
    """Statements in a syntax."""
    held = sorted(set(lines))
    if form == NT:
        return "".join(f"{line}\n" for line in held).encode()
    if form == TTL:
        whole = "\n".join(held)
        used = {name: one for name, one in _PREFIXES.items() if f"<{one}" in whole}
        return (prefix_lines(used) + turtle_body(held, used)).encode()
    return pyoxigraph.serialize(parse_lines(held), format=_ENGINE[form]) or b""
