"""A failing comparison made small: few rows, few values, few constraints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import polars as pl
from rdflib import RDF, SH, Graph

from trigpoint.gate.shacl.batch import Brief

Fails = Callable[[Brief, pl.DataFrame], bool]
_KEPT = {RDF.type, RDF.first, RDF.rest, SH.path, SH.targetClass}


def smallest(
    known: Brief, rows: pl.DataFrame, fails: Fails
) -> tuple[Brief, pl.DataFrame]:
    """Shape and rows that still fail, with nothing in them that is not needed."""
    rows = _fewest_rows(known, rows, fails)
    for name in known.schema.names:
        if name != known.schema.key and name in rows.columns:
            without = rows.with_columns(pl.lit(None, rows.schema[name]).alias(name))
            rows = without if fails(known, without) else rows
    known = _fewest_triples(known, rows, fails)
    return known, rows


def _fewest_rows(known: Brief, rows: pl.DataFrame, fails: Fails) -> pl.DataFrame:
    part = len(rows) // 2
    while part:
        for start in range(0, len(rows), part):
            kept = rows[start : start + part]
            if fails(known, kept):
                rows = kept
                break
        else:
            if part == 1 or len(rows) <= part:
                break
        part = min(part, len(rows)) // 2
    return rows


def _fewest_triples(known: Brief, rows: pl.DataFrame, fails: Fails) -> Brief:
    for triple in sorted(known.shapes, key=str):
        if triple[1] in _KEPT or triple not in known.shapes:
            continue
        shapes = Graph()
        for one in known.shapes:
            if one != triple:
                shapes.add(one)
        without = replace(known, shapes=shapes)
        known = without if fails(without, rows) else known
    return known


def described(known: Brief, rows: pl.DataFrame) -> str:
    """Shape and rows for people."""
    reached = _reachable(known)
    turtle = reached.serialize(format="turtle")
    written = [
        {name: value for name, value in row.items() if value is not None}
        for row in rows.iter_rows(named=True)
    ]
    return f"{turtle.strip()}\nrows: {written!r:.1500}"


def _reachable(known: Brief) -> Graph:
    part = Graph()
    part.bind("made", "https://register.example/made#")
    waiting, seen = list(known.shapes.subjects(SH.targetClass)), set()
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            for triple in known.shapes.triples((node, None, None)):
                part.add(triple)
                waiting.append(triple[2])
    return part
