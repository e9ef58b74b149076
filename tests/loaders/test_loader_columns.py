"""The column expressions that sources share, beside the parsers of the core."""

from __future__ import annotations

import json

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loaders.columns import (
    AREA_REGISTERS,
    GOVERNED_BY,
    address_lines,
    area_curie,
    iso_date,
    lon_lat_point,
    plain_name,
    present,
    restored,
    uprn_of_base32,
)
from trigpoint.errors import InvalidIdentifier
from trigpoint.identifiers import uprn_from_base32
from trigpoint.schema.catalogue import Schemas
from trigpoint.spatial.crs import point_from_easting_northing

_NORFOLK = "kings lynn and west norfolk"


def value(expression: pl.Expr, text: str | None) -> str | None:
    frame = pl.DataFrame({"x": [text]}, schema={"x": pl.String})
    result: str | None = frame.select(expression).item()
    return result


@given(st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZoilOILabc!", min_size=1, max_size=9))
def test_base32_is_read_as_the_core_reads_it(text: str) -> None:
    """The column and the parser agree on every text, refusals among them."""
    try:
        expected = uprn_from_base32(text)
    except InvalidIdentifier:
        expected = None
    assert value(uprn_of_base32(pl.col("x")), text) == expected


# The first call loads native code, which takes longer than an example may.
@settings(deadline=None)
@given(st.integers(80_000, 640_000), st.integers(10_000, 1_200_000))
def test_points_are_the_core_s_to_six_decimals(easting: int, northing: int) -> None:
    """OSTN15 where it reaches, absent where it does not, never an exponent."""
    frame = pl.DataFrame({"e": [str(easting)], "n": [str(northing)]})
    text = frame.select(lon_lat_point(pl.col("e"), pl.col("n"))).item()
    if text is None:
        return
    point = point_from_easting_northing(easting, northing)
    assert "e" not in text
    assert [len(part.split(".")[1]) for part in text[1:-1].split(",")] == [6, 6]
    assert json.loads(text) == pytest.approx([point.lon, point.lat], abs=6e-7)


def test_a_place_near_the_meridian_keeps_its_sign() -> None:
    """Between 0 and -1 degrees the minus stands although the whole part is 0."""
    frame = pl.DataFrame({"e": ["530046"], "n": ["179386"]})
    assert frame.select(lon_lat_point(pl.col("e"), pl.col("n"))).item() == (
        "[-0.127893,51.498464]"
    )


@pytest.mark.parametrize(
    ("easting", "northing"), [(None, "1"), ("x", "1"), ("NaN", "NaN"), ("0", "0")]
)
def test_what_is_no_place_has_no_point(
    easting: str | None, northing: str | None
) -> None:
    """Blank, text, NaN and the sea off Scilly give no position."""
    columns = {"e": pl.String, "n": pl.String}
    frame = pl.DataFrame({"e": [easting], "n": [northing]}, schema=columns)
    assert frame.select(lon_lat_point(pl.col("e"), pl.col("n"))).item() is None


@pytest.mark.parametrize(
    ("expression", "text", "expected"),
    [
        (iso_date(pl.col("x")), "31-08-2021", "2021-08-31"),
        (iso_date(pl.col("x")), "2021-08-31", "2021-08-31"),
        (iso_date(pl.col("x")), "31/08/2021", "31/08/2021"),
        (present(pl.col("x"), "Not applicable"), " Not applicable ", None),
        (present(pl.col("x")), "  ", None),
        (present(pl.col("x")), None, None),
        (restored(pl.col("x")), "St Oswald\x92s", "St Oswald’s"),
        (restored(pl.col("x")), "Ynys Môn", "Ynys Môn"),
        (area_curie(pl.col("x")), "S13002516", "statistical-geography-ward:S13002516"),
        (area_curie(pl.col("x")), "E61000001", None),
        (plain_name(pl.col("x")), "King’s Lynn & West-Norfolk ", _NORFOLK),
        (plain_name(pl.col("x")), "Kings Lynn and west norfolk", _NORFOLK),
        (
            address_lines([pl.col("x"), pl.lit(" "), pl.lit("Leeds")]),
            "1 A",
            "1 A, Leeds",
        ),
        (address_lines([pl.col("x"), pl.lit(None, pl.String)]), " ", None),
    ],
)
def test_expressions(expression: pl.Expr, text: str | None, expected: object) -> None:
    """Dates, absent words, restored letters, links and address lines."""
    assert value(expression, text) == expected


def test_areas_go_to_registers_that_there_are(schemas: Schemas) -> None:
    """Each register named has a shape, and names its authority by a link to it."""
    assert {schemas[name].area_layer for name in AREA_REGISTERS.values()} == {
        *("country", "region", "county", "combined-authority", "district", "ward")
    }
    for register, field in GOVERNED_BY.items():
        assert schemas[register].field(field).target == field
