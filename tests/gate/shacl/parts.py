"""Parts of the shape of `site`, and rows for a judge to look at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import polars as pl
from rdflib import Graph, URIRef

from tests.gate.rows import OWNERS, Row, staged_frame
from trigpoint.gate import terms
from trigpoint.gate.shacl.batch import Brief
from trigpoint.gate.shacl.judge import Judge, Part
from trigpoint.gate.targets import Targets
from trigpoint.gate.violation import Violation
from trigpoint.schema import rdf

SHAPE = "https://w3id.org/trigpoint/shapes#site"
PREFIXES = """
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix shape: <https://w3id.org/trigpoint/shapes#> .
@prefix tp: <https://w3id.org/trigpoint/def#> .
@prefix geo: <http://www.opengis.net/ont/geosparql#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""


def changed(known: Brief, turtle: str, *without: URIRef) -> Brief:
    """The same with more in its shapes graph, and none of some predicates."""
    shapes = Graph()
    for triple in known.shapes:
        if triple[1] not in without:
            shapes.add(triple)
    return replace(known, shapes=shapes.parse(data=PREFIXES + turtle, format="turtle"))


def part_of(field: str, *parameters: URIRef, alike: bool = True) -> Part:
    """The part of a field's own shape."""
    return Part(URIRef(f"{SHAPE}-{field}"), parameters, (field,), alike)


def targets(known: Brief, rows: list[Row]) -> Targets:
    """The owners and one site are held; so is each row of the load."""
    keys = {row["site"] for row in rows}
    values: dict[str, pl.DataFrame] = {}
    for field in known.schema.fields:
        if field.is_link:
            written = sorted(
                {str(row[field.name]) for row in rows if row.get(field.name)}
            )
            pairs = [rdf.link_target(value, field) for value in written]
            values[field.name] = pl.DataFrame(
                {
                    "value": written,
                    "register": [register for register, _ in pairs],
                    "key": [key for _, key in pairs],
                    "held": [pair in HELD for pair in pairs],
                    "own": [r == "site" and key in keys for r, key in pairs],
                },
                schema={
                    **dict.fromkeys(("value", "register", "key"), pl.String),
                    **dict.fromkeys(("held", "own"), pl.Boolean),
                },
            )
    return Targets(known.schema, known.classes, known.registers, values)


HELD = {("site", "900"), *(("owner", key) for key in OWNERS)}


def judged(known: Brief, part: Part, rows: list[Row]) -> list[Violation]:
    frame = staged_frame(known.schema, rows)
    return list(Judge(known).judge(frame, part, targets(known, rows)))


def places(found: Iterable[Violation]) -> set[tuple[int | None, str]]:
    return {(one.row, terms.short(one.component)) for one in found}
