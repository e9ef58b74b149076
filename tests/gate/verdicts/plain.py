"""What pySHACL says by itself: the rows as RDF, the shapes as written, nothing between.

A verdict is (row, path, value, component, severity). The focus node is the record of
the row, so the number of the row stands for it, or the geometry of the record, which
its path tells. Of a value the text of its term is compared: what else the term has, its
datatype or language, follows from field and text.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
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
        shown(known, item, violation.value),
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


def plain_report(
    known: Brief, items: Sequence[Item], held: HeldKeys, keys: Set[str]
) -> Graph:
    """The report of pySHACL on these items in one graph. `keys` are all that the load
    brings, since items may link to those of another batch."""
    lines = [
        line for item in items for line in rdf.ntriples(item, known.schema, known.base)
    ]
    graph = as_written("\n".join(lines) + "\n")
    for iri, kind in _targets(known, items, held, keys):
        graph.add((iri, RDF.type, kind))
    for one, other in known.classes:
        graph.add((URIRef(one), RDFS.subClassOf, URIRef(other)))
    with quiet():
        _, results, text = pyshacl.validate(graph, shacl_graph=known.shapes)
    assert isinstance(results, Graph), text
    return results


def _of_batch(
    known: Brief, numbered: Sequence[tuple[int, Item]], held: HeldKeys, keys: Set[str]
) -> set[Verdict]:
    results = plain_report(known, [item for _, item in numbered], held, keys)
    rows: dict[Node, tuple[int, Item]] = {}
    for number, item in numbered:
        key = rdf.key_of(item, known.schema)
        subject = record_iri(known.base, known.schema.register, key)
        rows[URIRef(subject)] = rows[URIRef(geometry_iri(subject))] = (number, item)
    return set(_read(known, results, rows))


def _targets(
    known: Brief, items: Sequence[Item], held: HeldKeys, keys: Set[str]
) -> Iterator[tuple[URIRef, URIRef]]:
    """IRI and class of each record that these rows link to and that there is."""
    for field in known.schema.fields:
        for item in items if field.is_link else ():
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
        path, value = one.get(SH.resultPath), one.get(SH.value)
        text = str(path) if isinstance(path, URIRef) else None
        yield Verdict(
            number,
            text,
            shown(known, item, None if value is None else str(value)),
            str(one[SH.sourceConstraintComponent]),
            severity_of(one[SH.resultSeverity]),
        )


def shown(known: Brief, item: Item, value: str | None) -> str | None:
    """The text that stands for a value which the gate names as written, pySHACL as a
    term: one for all that are written as one or stand for one node. Texts of all fields
    count: sh:equals names values of another property, and a path may be no field's."""
    if value is None:
        return None
    written = [
        {text, *map(str, _nodes(text, field, item, known))}
        for field in known.schema.fields
        for text in listed(item.get(field.name))
    ]
    known_as, size = {value}, 0
    while size < len(known_as):
        size = len(known_as)
        for same in written:
            known_as |= same if same & known_as else set()
    return min(known_as)


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
