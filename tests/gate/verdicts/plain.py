"""What pySHACL says by itself: the rows as RDF, the shapes as written, nothing between.

A verdict is (row, path, value, component, severity). The focus node is the record of
the row, so the number of the row stands for it, or the geometry of the record, which
its path tells. Of a value the text of its term is compared: what else the term has, its
datatype or language, follows from field and text.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import polars as pl
import pyshacl
import rdflib
from rdflib import RDF, RDFS, SH, Graph, URIRef
from rdflib.term import Node

from trigpoint.gate.shacl.batch import Brief
from trigpoint.gate.violation import Violation
from trigpoint.iris import geometry_iri, record_iri
from trigpoint.schema import rdf
from trigpoint.schema.items import Item
from trigpoint.schema.rdf import link_iri, link_target, wkt_of
from trigpoint.schema.shape import GEO, HAS_GEOMETRY, Field, Schema

# Register -> keys that it holds beside the load -> the date on which each ended.
HeldKeys = Mapping[str, Mapping[str, str | None]]
BATCH = 500
_SEVERITIES: dict[Node, str] = {SH.Violation: "violation", SH.Info: "info"}


class Verdict(NamedTuple):
    """One thing that is wrong with a row."""

    row: int
    path: str | None
    value: str | None
    component: str
    severity: str


def plain_verdicts(
    known: Brief, rows: pl.DataFrame, held: HeldKeys, batch: int = BATCH
) -> set[Verdict]:
    """What pySHACL says of these rows, no two of which have the same key, and of none
    of which it dies (`it_dies_of`)."""
    schema = known.schema
    keys = frozenset(rows[schema.key].drop_nulls())
    numbered = list(items_of(rows, schema))
    assert len({item[schema.key] for _, item in numbered}) == len(numbered)
    found: set[Verdict] = set()
    for start in range(0, len(numbered), batch):
        found |= _of_batch(known, numbered[start : start + batch], held, keys)
    return found


def gate_verdict(known: Brief, violation: Violation, item: Item) -> Verdict:
    """A finding of the gate as a verdict; `item` is what its row wrote."""
    assert violation.row is not None
    return Verdict(
        violation.row,
        violation.path,
        _Row(known, item).of_text(
            violation.value, violation.path, violation.field or ""
        ),
        violation.component,
        violation.severity,
    )


def it_dies_of(known: Brief, rows: pl.DataFrame) -> set[int]:
    """Rows of which pySHACL 0.40.1 says nothing but TypeError: sh:lessThanOrEquals
    over values that rdflib can neither order nor call equal, such as “x” and “1” of
    xsd:integer. The Recommendation (section 4.5.4) has a result for them."""
    pairs = [
        (str(known.shapes.value(shape, SH.path)), str(other))
        for shape, other in known.shapes.subject_objects(SH.lessThanOrEquals)
    ]
    if not pairs:
        return set()
    return {
        number
        for number, item in items_of(rows, known.schema)
        for one, other in pairs
        if not _comparable(_of_path(known, item, one), _of_path(known, item, other))
    }


def _of_path(known: Brief, item: Item, path: str) -> list[Node]:
    return [
        node
        for field in known.schema.fields
        if field.path == path and field.kind != "geometry"
        for value in listed(item.get(field.name))
        for node in _nodes(value, field, item, known)
    ]


def _comparable(ones: list[Node], others: list[Node]) -> bool:
    for one in ones:
        for other in others:
            try:
                with quiet():
                    _ = one <= other  # type: ignore[operator]  # that is the question
            except TypeError:
                return False
    return True


def items_of(rows: pl.DataFrame, schema: Schema) -> Iterator[tuple[int, Item]]:
    """Row numbers and items of the rows that have a key; nulls are left out."""
    names = [name for name in rows.columns if name in schema.by_name]
    for number, *values in rows.select("_row", *names).iter_rows():
        item: Item = {}
        for name, value in zip(names, values, strict=True):
            present = value
            if isinstance(value, list):
                present = [one for one in value if one is not None] or None
            if present is not None:
                item[name] = present
        if schema.key in item:
            yield number, item


def as_written(lines: str) -> Graph:
    """N-Triples as rdflib's own parser reads them, literals left as they are."""
    rdflib.NORMALIZE_LITERALS = False
    try:
        with quiet():
            return Graph(bind_namespaces="none").parse(data=lines, format="nt")
    finally:
        rdflib.NORMALIZE_LITERALS = True


def severity_of(severity: Node) -> str:
    """A severity as the gate writes it; any of a shape's own is a warning there."""
    return _SEVERITIES.get(severity, "warning")


@contextmanager
def quiet() -> Iterator[None]:
    """Without what rdflib logs and warns of for literals that are ill-typed, and for
    those that it cannot compare."""
    logger = logging.getLogger("rdflib.term")
    before, logger.disabled = logger.disabled, True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            warnings.simplefilter("ignore", DeprecationWarning)
            yield
    finally:
        logger.disabled = before


def _of_batch(
    known: Brief,
    numbered: list[tuple[int, Item]],
    held: HeldKeys,
    keys: frozenset[str],
) -> set[Verdict]:
    schema, base = known.schema, known.base
    lines = [line for _, item in numbered for line in rdf.ntriples(item, schema, base)]
    graph = as_written("\n".join(lines) + "\n")
    for iri, kind in _targets(known, numbered, held, keys):
        graph.add((iri, RDF.type, kind))
    for one, other in known.classes:
        graph.add((URIRef(one), RDFS.subClassOf, URIRef(other)))
    with quiet():
        _, results, text = pyshacl.validate(graph, shacl_graph=known.shapes)
    assert isinstance(results, Graph), text
    rows: dict[Node, tuple[int, Item]] = {}
    for number, item in numbered:
        subject = record_iri(base, schema.register, rdf.key_of(item, schema))
        rows[URIRef(subject)] = rows[URIRef(geometry_iri(subject))] = (number, item)
    return set(_read(known, results, rows))


def _targets(
    known: Brief,
    numbered: Iterable[tuple[int, Item]],
    held: HeldKeys,
    keys: frozenset[str],
) -> Iterator[tuple[URIRef, URIRef]]:
    """IRI and class of each record that these rows link to and that there is."""
    for field in known.schema.fields:
        for _, item in numbered if field.is_link else ():
            for value in listed(item.get(field.name)):
                register, key = link_target(value, field)
                own = register == known.schema.register and key in keys
                kind = known.registers.get(register, field.target_class)
                if kind is not None and (own or key in held.get(register, ())):
                    yield URIRef(link_iri(value, field, known.base)), URIRef(kind)


def _read(
    known: Brief, results: Graph, rows: Mapping[Node, tuple[int, Item]]
) -> Iterator[Verdict]:
    # The results of the report only: those under sh:detail belong to another.
    for result in results.objects(None, SH.result):
        one = dict(results.predicate_objects(result))
        if one[SH.focusNode] not in rows:
            continue  # a record that rows link to, of which there is only the class
        number, item = rows[one[SH.focusNode]]
        path = one.get(SH.resultPath)
        text = str(path) if isinstance(path, URIRef) else None
        yield Verdict(
            number,
            text,
            _Row(known, item).of_node(one.get(SH.value), text),
            str(one[SH.sourceConstraintComponent]),
            severity_of(one[SH.resultSeverity]),
        )


@dataclass(frozen=True)
class _Written:
    """A value of a row: its field, how it was written and the nodes it stands for."""

    field: Field
    text: str
    nodes: tuple[Node, ...]


class _Row:
    """What a row wrote. A report of the gate gives a value as it was written, pySHACL
    gives the term: the text of the term (of a geometry its IRI) stands for both."""

    def __init__(self, known: Brief, item: Item) -> None:
        self._written = [
            _Written(field, value, _nodes(value, field, item, known))
            for field in known.schema.fields
            for value in listed(item.get(field.name))
        ]

    def of_node(self, node: Node | None, path: str | None) -> str | None:
        """The value that pySHACL names, by a path."""
        if path is None and node is not None:
            return self._alike(str(node))
        own = [one for one in self._written if path == one.field.path]
        if not any(node == one.nodes[0] for one in own):
            for one in self._written:
                if node in one.nodes[1:]:
                    return str(one.nodes[0])
        return None if node is None else str(node)

    def of_text(self, text: str | None, path: str | None, name: str) -> str | None:
        """The value that the gate names, in the field `name` or one of that path; or
        else in any field, as sh:equals names values of another."""
        if path is None and text is not None:
            return self._alike(text)
        first = [one for one in self._written if name == one.field.name]
        own = [one for one in self._written if path == one.field.path]
        for one in (*first, *own, *self._written):
            if one.text == text:
                return str(one.nodes[0])
        return text

    def _alike(self, text: str) -> str:
        """One text for all that are written as one, or stand for one node: where a path
        is none of a field's, the report does not say which field wrote a value."""
        known, size = {text}, 0
        while size < len(known):
            size = len(known)
            for one in self._written:
                same = {one.text, *map(str, one.nodes)}
                known |= same if same & known else set()
        return min(known)


def _nodes(value: str, field: Field, item: Item, known: Brief) -> tuple[Node, ...]:
    if field.path != str(HAS_GEOMETRY):
        return (_node(rdf.term(value, field, known.base)),)
    subject = record_iri(
        known.base, known.schema.register, rdf.key_of(item, known.schema)
    )
    wkt = wkt_of(value, field)
    kind = rdf.geometry_type(wkt)
    datatype = f"{GEO}wktLiteral" if kind else f"{rdf.XSD}string"
    nodes = [URIRef(geometry_iri(subject)), _node(rdf.literal(wkt, datatype))]
    return (*nodes, URIRef(kind)) if kind else tuple(nodes)


@lru_cache(maxsize=10_000)
def _node(term: str) -> Node:
    return next(as_written(f"<urn:x> <urn:x> {term} .\n").objects())


def listed(value: str | list[str] | None) -> list[str]:
    return [value] if isinstance(value, str) else value or []
