"""The report on areas: what records declare beside what geometry says, on a day.

For each register with positions: how many records have one and how these lie in the
sets of boundaries that count on the day; how what is declared compares; and each
difference, and each position that no area holds, with metres. Made from the links of a
view, by columns: a verdict is reached once for each pair of a declared value and a
place, where a place is the same boundaries in the same relation.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import polars as pl

from trigpoint.comparing import AGREES, DIFFERS, Comparison, Verdict
from trigpoint.errors import NoSuchRecord, Withheld
from trigpoint.findings import AreaReport, Compared, Finding, Summary
from trigpoint.placing import Areas
from trigpoint.schema.declared import Declaration, Declarations
from trigpoint.schema.items import Item
from trigpoint.spatial.links import (
    BORDER,
    DECLARED,
    INSIDE,
    KEY,
    LAT,
    LON,
    AreaLinks,
)

_PLACE, _VALUE, _THERE = "place", "value", "there"
_NOWHERE = ""
# How many findings of one field, and positions outside, are looked into and listed:
# each takes some milliseconds.
LISTED, LISTED_OUTSIDE = 10_000, 1_000
_DECIMALS = re.compile(r"\[\s*-?\d+\.(\d+)\s*,\s*-?\d+\.(\d+)\s*\]", re.ASCII)
_DEGREE = 111_320.0  # metres of a degree on the equator


def area_report(areas: Areas, links: Mapping[str, AreaLinks]) -> AreaReport:
    """The report of the day of `areas`, whose boundaries are those that the links, by
    register, were made by."""
    reporter = _Reporter(areas, links)
    summaries, findings = [], []
    for register in sorted(links):
        summary, found = reporter.report(register)
        summaries.append(summary)
        findings += found
    vintages = areas.boundaries.vintages(areas.day)
    ordered = sorted(findings, key=lambda finding: finding.order)
    return AreaReport(areas.day, vintages, tuple(summaries), tuple(ordered))


class _Differing(NamedTuple):
    """A record whose declared `value` differs; `there` is the key of what it links to,
    where that declares it."""

    key: str
    lon: float
    lat: float
    value: str
    there: str | None
    verdict: Verdict


class _Reporter:
    def __init__(self, areas: Areas, links: Mapping[str, AreaLinks]) -> None:
        self._areas = areas
        self._links = links
        self._schemas = areas.registers.schemas
        self._declarations = Declarations(self._schemas)
        self._comparison = Comparison(areas)
        counting = areas.boundaries.counting(areas.day).tolist()
        self._drawn = [row for row in counting if areas.of(row)]

    def report(self, register: str) -> tuple[Summary, list[Finding]]:
        frame = self._placed(register)
        places = dict(frame.group_by(_PLACE).len().iter_rows())
        positions = len(frame) - places.pop(None, 0)
        layers = self._layers(places, positions)
        outside = places.get(_NOWHERE, 0)
        summary = Summary(register, len(frame), positions, layers, outside)
        findings = list(self._outside(register, frame))
        for one in self._declarations.of(self._schemas[register]):
            compared, found = self._compare(register, frame, one)
            summary.compared.append(compared)
            findings += found
        return summary, findings

    def _placed(self, register: str) -> pl.DataFrame:
        """The links of a register, with the place of each record: the rows that cover
        it and count, as text; empty where none does, null without a position."""
        counts = pl.element().filter(pl.element().is_in(self._drawn))
        rows = [
            pl.col(name).list.eval(counts).cast(pl.List(pl.String)).list.join(",")
            for name in (INSIDE, BORDER)
        ]
        place = pl.concat_str(*rows, separator="|").replace("|", _NOWHERE)
        frame = self._links[register].frame()
        return frame.with_columns(
            pl.when(pl.col(LON).is_not_null()).then(place).alias(_PLACE)
        )

    def _layers(
        self, places: Mapping[str, int], positions: int
    ) -> dict[str, tuple[int, int, int]]:
        """How many positions are inside an area of each layer, on a border, outside."""
        drawn = self._areas.boundaries.boundaries
        layers = dict.fromkeys(self._areas.boundaries.vintages(self._areas.day), (0, 0))
        for place, count in places.items():
            inside, border = (
                {drawn[row].layer for row in part} for part in _parts(place)
            )
            for layer in inside | border:
                within, on_border = layers[layer]
                if layer in border:
                    layers[layer] = within, on_border + count
                else:
                    layers[layer] = within + count, on_border
        return {
            layer: (within, on_border, positions - within - on_border)
            for layer, (within, on_border) in layers.items()
        }

    def _outside(self, register: str, frame: pl.DataFrame) -> Iterator[Finding]:
        """The positions that no area holds, with the nearest one; none on a day of
        which there are no boundaries. The first of them, if they are many."""
        held, drawn = self._areas.boundaries, np.array(self._drawn)
        outside = frame.filter(pl.col(_PLACE) == _NOWHERE).select(KEY, LON, LAT)
        if not len(drawn):
            return
        for key, lon, lat in outside.head(LISTED_OUTSIDE).iter_rows():
            row, metres = held.distance_to(lon, lat, drawn)
            one = held.boundaries[row]
            nearest = ((one.area_register, one.area),)
            yield Finding(
                register, key, lon, lat, None, None, nearest, "outside", metres
            )

    def _compare(
        self, register: str, frame: pl.DataFrame, declaration: Declaration
    ) -> tuple[Compared, list[Finding]]:
        frame = self._valued(frame, declaration)
        compared = Compared(declaration.path)
        differing: dict[tuple[str, str], Verdict] = {}
        counts: dict[tuple[str, str], int] = {}
        for value, place, count in (
            frame.group_by(_VALUE, _PLACE).len().sort(_VALUE, _PLACE).iter_rows()
        ):
            rows = (
                None if place is None else [r for part in _parts(place) for r in part]
            )
            verdict = self._comparison.compare(declaration, value, rows)
            if verdict is not None and verdict.outcome == DIFFERS:
                differing[value, place], counts[value, place] = verdict, count
            elif verdict is not None:
                compared.count(verdict.outcome, verdict.reason, count)
        findings = []
        for one in self._differing(frame, differing):
            finding = self._finding(register, declaration, one)
            compared.count(DIFFERS, finding.reason, 1)
            findings.append(finding)
        if more := sum(counts[one] for one in differing) - len(findings):
            compared.count(DIFFERS, "unexamined", more)
        return compared, findings

    def _valued(self, frame: pl.DataFrame, declaration: Declaration) -> pl.DataFrame:
        """The links with what each record declares, by itself or one step away."""
        own = pl.col(DECLARED + declaration.own)
        if declaration.through is None:
            return frame.with_columns(own.alias(_VALUE))
        target = declaration.through.target or ""
        if target not in self._links:
            return frame.with_columns(pl.lit(None, pl.String).alias(_VALUE))
        there = (
            self._links[target]
            .frame()
            .select(
                pl.col(KEY).alias(_THERE),
                pl.col(DECLARED + declaration.field.name).alias(_VALUE),
            )
        )
        near = frame.with_columns(own.alias(_THERE))
        return near.join(there, on=_THERE, how="left", maintain_order="left")

    def _differing(
        self, frame: pl.DataFrame, verdicts: Mapping[tuple[str, str], Verdict]
    ) -> Iterator[_Differing]:
        """The records that differ, by key; the first of them, if they are many."""
        pairs = pl.DataFrame(
            list(verdicts), schema={_VALUE: pl.String, _PLACE: pl.String}, orient="row"
        )
        there = pl.col(_THERE) if _THERE in frame.columns else pl.lit(None)
        rows = frame.join(pairs, on=[_VALUE, _PLACE], maintain_order="left").select(
            KEY, LON, LAT, _VALUE, there.alias(_THERE), _PLACE
        )
        for key, lon, lat, value, link, place in rows.head(LISTED).iter_rows():
            yield _Differing(key, lon, lat, value, link, verdicts[value, place])

    def _finding(
        self, register: str, declaration: Declaration, one: _Differing
    ) -> Finding:
        """A difference, with the distance to what is declared, and its reason."""
        held, named = self._areas.boundaries, declaration.target(one.value)
        rows = self._comparison.rows_of(declaration, named)
        metres, reason = None, one.verdict.reason or "open"
        if rows:
            row, metres = held.distance_to(one.lon, one.lat, np.array(rows))
            if reason == "open" and metres <= held.boundaries[row].metres:
                reason = "tolerance"
        if reason == "open":
            reason = self._explained(register, declaration, one, metres)
        return Finding(
            *(register, one.key, one.lon, one.lat, declaration.path, named),
            *(one.verdict.found, reason, metres),
        )

    def _explained(
        self,
        register: str,
        declaration: Declaration,
        one: _Differing,
        metres: float | None,
    ) -> str:
        """The reason that the records themselves give, if there is one."""
        try:
            item = self._areas.registers.log.record(register, one.key).item
        except (NoSuchRecord, Withheld):
            return "open"
        position = item.get(self._schemas[register].geometry or "")
        if metres is not None and metres <= _rounding(position, one.lat):
            return "rounding"
        if self._of_postcode(register, item, (one.lon, one.lat)):
            return "shared-position"
        return "linked" if self._true_there(declaration, one) else "open"

    def _of_postcode(
        self, register: str, item: Item, position: tuple[float, float]
    ) -> bool:
        """Whether a record has the very position of another register's record whose key
        is one of its values, as that of its postcode."""
        for field in self._schemas[register].fields:
            text = item.get(field.name)
            if field.spelling is None or not isinstance(text, str):
                continue
            for name, links in self._links.items():
                if self._schemas[name].key_spelling == field.spelling:
                    other = links.of(text)
                    if other is not None and other.position == position:
                        return True
        return False

    def _true_there(self, declaration: Declaration, one: _Differing) -> bool:
        """Whether a declaration one step away agrees where it is made."""
        if declaration.through is None or one.there is None:
            return False
        links = self._links[declaration.through.target or ""]
        other = links.of(one.there)
        if other is None or other.position is None:
            return False
        rows = [row for row in (*other.inside, *other.border) if row in self._drawn]
        verdict = self._comparison.compare(declaration, one.value, rows)
        return verdict is not None and verdict.outcome == AGREES


def _rounding(position: object, lat: float) -> float:
    """Metres by which a position written as `[lon,lat]` may be off, by rounding alone;
    0 for one that is written otherwise."""
    match = _DECIMALS.fullmatch(position) if isinstance(position, str) else None
    if match is None:
        return 0.0
    east, north = (0.5 * 10.0 ** -len(match[n]) * _DEGREE for n in (1, 2))
    return math.hypot(east * math.cos(math.radians(lat)), north)


def _parts(place: str) -> tuple[list[int], list[int]]:
    """The rows of a place that cover inside, and those on whose border it is."""
    inside, _, border = place.partition("|")
    return _numbers(inside), _numbers(border)


def _numbers(text: str) -> list[int]:
    return [int(one) for one in text.split(",") if one]
