"""Geometries of a column are judged as they are one by one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.gate.values import MANY, SCHEMAS, Value, staged, texts
from trigpoint.gate import terms
from trigpoint.gate.checks import run
from trigpoint.gate.rules import geometry_problems, places
from trigpoint.gate.rules.values import value_check

degrees = st.one_of(
    st.floats(-200, 200).map(lambda value: f"{value:.6f}"),
    st.floats(width=32).map(str),
    st.sampled_from(["0", "-0", "49", "61", "-9", "2", "90", "-90", "180", "180.1"]),
    st.from_regex(r"\A-?[0-9]{1,3}(\.[0-9]{0,25})?\Z").filter(str.isascii),
)


@given(st.lists(st.tuples(degrees, degrees), max_size=40))
@MANY
def test_points_of_a_column_are_told_as_single_ones(
    pairs: list[tuple[str, str]],
) -> None:
    """Range, poles, swapped axes and spelling are judged alike."""
    schema = SCHEMAS["address"]
    field = schema.field("point")
    values = [f"[{lon},{lat}]" for lon, lat in pairs]
    found = run(staged(schema, {"point": [*values]}), [value_check(schema, field)])
    wrong = [
        (n, said)
        for n, text in enumerate(values)
        for said in geometry_problems(text, field)
    ]
    assert [(one.row, one.message) for one in found] == wrong


OGC = "http://www.opengis.net/def/crs/"
SYSTEMS = [
    *("", f"<{OGC}EPSG/0/4326> ", f"<{OGC}EPSG/0/27700>", f"<{OGC}OGC/1.3/CRS84> "),
    *("<EPSG:29903>  ", "<EPSG:1> ", "<> ", " ", "\n<EPSG:2157>\t", "<EPSG:4326"),
    *("<EPSG:29902> ", "<EPSG:3857> "),
]
metres = st.integers(-10, 1_400_000).map(str) | st.sampled_from(["100", "nan", "inf"])
numbers = degrees | metres
pairs_of_numbers = st.builds(lambda one, other: f"{one} {other}", numbers, numbers)
rings = st.lists(pairs_of_numbers, min_size=3, max_size=5).map(
    lambda ring: ", ".join([*ring, ring[0]])
)
shapes_of = st.one_of(
    pairs_of_numbers.map(lambda pair: f"POINT({pair})"),
    pairs_of_numbers.map(lambda pair: f"point z ({pair} 5)"),
    rings.map(lambda ring: f"POLYGON(({ring}))"),
    rings.map(lambda ring: f"MULTIPOLYGON((({ring})),((0 50, 0 51, 1 51, 0 50)))"),
    rings.map(lambda ring: f"LINESTRING({ring})"),
    st.sampled_from(
        ["POLYGON EMPTY", "GEOMETRYCOLLECTION(POINT EMPTY, POINT(1 1))", "POINT(1 2"]
    ),
    st.just("MULTICURVE((0 51, 1 51))"),
    texts,
)


@given(st.lists(st.tuples(st.sampled_from(SYSTEMS), shapes_of), max_size=40))
@MANY
def test_well_known_text_is_judged_as_single_geometries(
    given_texts: list[tuple[str, str]],
) -> None:
    """Many geometries read at once give the problems that each has alone."""
    schema = SCHEMAS["boundary"]
    field = schema.field("geometry")
    values = [prefix + text for prefix, text in given_texts]
    found = run(staged(schema, {"geometry": [*values]}), [value_check(schema, field)])
    wrong = [
        (n, said)
        for n, text in enumerate(values)
        for said in geometry_problems(text, field)
    ]
    judged = [one for one in found if one.component == terms.INVALID_GEOMETRY]
    assert [(one.row, one.message) for one in judged] == wrong


def test_sound_geometries_are_not_looked_at_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """WKT that is valid and in range is read with many others, and that is all."""
    schema = SCHEMAS["boundary"]
    values: list[Value] = [
        "MULTIPOLYGON(((-3 51, -3 52, -2 52, -3 51)), ((0 50, 0 51, 1 51, 0 50)))",
        "POLYGON Z((0 50 1, 0 51 1, 1 51 1, 0 50 1))",
        f"<{OGC}EPSG/0/27700> POINT(318000 176000)",
        f"<{OGC}EPSG/0/4326> LINESTRING(51 -3, 52 -2)",
    ]
    rows = staged(schema, {"geometry": values * 1_000})
    check = value_check(schema, schema.field("geometry"))
    alone: list[str] = []
    monkeypatch.setattr(places, "check_geometry", alone.append)
    assert list(run(rows, [check])) == []
    assert alone == []
