"""The RDF mapping by column says what the mapping by value says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.schema.museum import BASE, SCHEMA
from trigpoint.iris import record_iri
from trigpoint.schema import columns, rdf
from trigpoint.schema.rdf import XSD
from trigpoint.schema.shape import Field

LITERAL = SCHEMA.fields[0]
WKT = replace(LITERAL, kind="geometry", encoding="wkt")
LON_LAT = replace(LITERAL, kind="geometry", encoding="lon-lat")
LINK = replace(LITERAL, kind="link", target="school-type-eng")
CURIE = replace(LITERAL, kind="curie")
DATES = ("gYear", "gYearMonth", "date", "dateTime")

odd = st.text() | st.text("0123456789+-.eE_ \n٣", max_size=8)
digits = st.text("0129", max_size=5)
numbers = st.builds(
    "{}{}{}{}".format, st.sampled_from(["", "", "+", "-"]), digits, st.just("."), digits
) | st.builds("{}{}".format, st.sampled_from(["", "+", "-", "--"]), digits)
dates = (
    st.dates()
    .map(str)
    .flatmap(
        lambda day: st.sampled_from([day, day[:7], day[:4], f"{day}\n", f"{day}-01"])
    )
)
fractions = st.just("") | st.builds(".{}".format, st.text("0012", max_size=8))
zones = st.sampled_from(
    ["", "Z", "+00:00", "-00:00", "+01:00", "z", "+00:00Z", "-0:00"]
)
moments = st.builds(
    "{}T{:02}:{:02}:{:02}{}{}".format,
    st.dates(),
    *(st.integers(0, 25), st.integers(0, 61), st.integers(0, 61)),
    *(fractions, zones),
)
booleans = st.sampled_from(["0", "1", "true", "false", "01", "TRUE", ""])
spaces = st.text(" \t\n\x0b\x0c\r\x1c\x85\xa0", max_size=2)
points = st.builds(
    "[{}{}{},{}{}{}]".format, spaces, numbers, spaces, spaces, numbers, spaces
)
keywords = st.sampled_from(
    [*rdf.WKT_NAMES, *rdf.WKT_NAMES.values(), "point", "POINTZ", "CIRCLE", ""]
)
wkts = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "<http://example.org/crs>", "<a\nb>", "<", "<>"]),
    st.text(" \t\n\x1c\x1f\x85\xa0\u2003\u200b", max_size=3),
    keywords,
    st.sampled_from(["(0 0)", " (0 0)", " Z(1 2 3)", "", " EMPTY", "é"]),
)
keys = st.text("abcXYZ019-._~!$&'()*+,;=:@/ %?#\"é😀\n", max_size=12)


def same(
    by_column: Callable[[pl.Expr], str | pl.Expr],
    by_value: Callable[[str], str | None],
    values: list[str],
) -> None:
    """The column function answers as the value function does, and null for null."""
    frame = pl.DataFrame({"text": [*values, None]}, schema={"text": pl.String})
    found = by_column(pl.col("text"))
    expression = pl.lit(found) if isinstance(found, str) else found
    given = frame.select(pl.col("text"), expression.alias("found"))
    wanted = [by_value(value) for value in values]
    assert given["found"].to_list()[:-1] == wanted
    assert isinstance(found, str) or given["found"][-1] is None


@pytest.mark.parametrize(
    "name", ["integer", "decimal", "boolean", "dateTime", "date", "string", "anyURI"]
)
@settings(max_examples=60, deadline=None)
@given(values=st.lists(odd | numbers | dates | moments | booleans, max_size=40))
def test_lexical_forms_are_canonical(name: str, values: list[str]) -> None:
    """The canonical form of each value, and what is not well formed as it is."""
    same(
        lambda text: columns.lexical_form(text, XSD + name),
        lambda value: rdf.canonical_lexical(value, XSD + name),
        values,
    )


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.sampled_from([*DATES, "string", "anyURI"]), unique=True, max_size=5),
    st.lists(odd | dates | moments, max_size=40),
)
def test_datatypes_follow_the_form(names: list[str], values: list[str]) -> None:
    """The first of the field's datatypes that fits, in whatever order they stand."""
    field = replace(LITERAL, datatypes=tuple(XSD + name for name in names))
    same(
        lambda text: columns.datatype_of(text, field),
        lambda value: rdf.datatype_of(field, value),
        values,
    )


@pytest.mark.parametrize("field", [LINK, CURIE], ids=["link", "curie"])
@settings(max_examples=60, deadline=None)
@given(values=st.lists(keys | st.text(), max_size=40))
def test_links_are_encoded_as_one_path(field: Field, values: list[str]) -> None:
    """What a path segment cannot hold is percent-encoded, the rest stays."""
    same(
        lambda text: columns.iri_of(text, field, BASE),
        lambda value: rdf.link_iri(value, field, BASE),
        values,
    )
    same(
        lambda text: columns.record_iri_of(text, "museum", BASE),
        lambda value: record_iri(BASE, "museum", value),
        values,
    )


@pytest.mark.parametrize("field", [WKT, LON_LAT], ids=["wkt", "lon-lat"])
@settings(max_examples=60, deadline=None)
@given(values=st.lists(points | wkts | st.text(), max_size=40))
def test_geometries_become_wkt(field: Field, values: list[str]) -> None:
    """Points of longitude and latitude are written as WKT, all else as it is."""
    same(
        lambda text: columns.wkt_of(text, field),
        lambda value: rdf.wkt_of(value, field),
        values,
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(wkts | points | st.text(), max_size=40))
def test_the_keyword_of_wkt_names_its_class(values: list[str]) -> None:
    """Known keywords in any case, after a reference system and spaces."""
    same(columns.geometry_class, rdf.geometry_type, values)


def test_white_space_before_the_keyword_is_that_of_python() -> None:
    """Of all characters up to U+D7FF, just those that `re` counts as space."""
    values = [f"{chr(code)}Polygon" for code in range(0xD800)]
    same(columns.geometry_class, rdf.geometry_type, values)
