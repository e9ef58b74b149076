"""A made-up register, asked about its rows by a shape of a few lines of Turtle."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import polars as pl
from rdflib import Graph

from tests.gate.rows import Row
from tests.gate.verdicts.columnar import compared
from tests.gate.verdicts.hand import BASE
from tests.gate.verdicts.made import BODY, HELD, OWNER, SCHEMA, THING
from trigpoint.gate import terms
from trigpoint.gate.shacl.batch import Brief
from trigpoint.gate.shacl.compiler import Explained, compile_shape
from trigpoint.gate.shacl.judge import Judge
from trigpoint.gate.staged import Staged
from trigpoint.gate.survey import every_target
from trigpoint.schema.rdf import SF

PREFIXES = """
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix made: <https://register.example/made#> .
@prefix thing: <https://register.example/id/thing/> .
@prefix owner: <https://register.example/id/owner/> .
@prefix geo: <http://www.opengis.net/ont/geosparql#> .
@prefix sf: <http://www.opengis.net/ont/sf#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
made:shape a sh:NodeShape ; sh:targetClass made:Thing .
"""


def known_of(turtle: str) -> Brief:
    """What there is to know of the made-up register, with `turtle` as its shape."""
    schema = replace(SCHEMA, exact_match=("http://elsewhere.example/{key}/x",))
    shapes = Graph().parse(data=PREFIXES + turtle, format="turtle")
    classes = (
        (str(OWNER), str(BODY)),
        (f"{SF}Point", "https://register.example/made#Spot"),
    )
    registers = {"thing": str(THING), "owner": str(OWNER), "body": str(BODY)}
    return Brief(schema, BASE, shapes, classes, registers)


def on(path: str, constraints: str) -> str:
    """A property shape of that path with these constraints."""
    return (
        f"made:shape sh:property made:part . made:part sh:path {path} ; {constraints} ."
    )


def frame_of(rows: Iterable[Row]) -> pl.DataFrame:
    """Rows as a loader stages them, numbered from 1, with a key each if they have
    none; only the columns that any row has."""
    keyed = [{"thing": f"k{i}", **row} for i, row in enumerate(rows, start=1)]
    names = {name for row in keyed for name in row}
    columns = [pl.Series("_row", range(1, len(keyed) + 1), dtype=pl.UInt32)]
    for field in SCHEMA.fields:
        if field.name in names:
            kind = pl.List(pl.String) if field.many else pl.String
            values = [row.get(field.name) for row in keyed]
            columns.append(pl.Series(field.name, values, dtype=kind))
    return pl.DataFrame(columns)


def refused(turtle: str, rows: Iterable[Row]) -> list[tuple[int, str]]:
    """Row and component of each verdict, sorted; pySHACL by itself says the same."""
    both = compared(known_of(turtle), frame_of(rows), HELD)
    assert both.told() == ""
    return sorted((one.row, terms.short(one.component)) for one in both.gate)


def explained(turtle: str) -> list[Explained]:
    """What becomes of each constraint."""
    return list(compile_shape(known_of(turtle)).constraints)


def left(turtle: str) -> list[str]:
    """Why pySHACL judges what it judges of the shape."""
    return [one.reason for one in explained(turtle) if one.reason is not None]


def checked(turtle: str, rows: Iterable[Row] = ({},)) -> int:
    """How many checks there are for rows of these columns."""
    known, frame = known_of(turtle), frame_of(rows)
    targets = every_target(Staged(frame), known)
    return len(compile_shape(known).checks(targets, Judge(known), frame.columns))
