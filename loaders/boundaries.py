"""Outlines of areas, from GeoJSON with one feature a line (RFC 7946, RFC 8142).

The digits of the coordinates are kept as the file writes them; a third coordinate
(height) is dropped. An outline whose lines cross is refused by the gate; `--repair`
mends it first and says so in the record's `generalisation`.
"""

from __future__ import annotations

import argparse
import re

import polars as pl

from loaders.columns import area_curie, area_register
from loaders.geojson import COORDINATES, KIND, PROPERTIES
from loaders.layout import ROW, Layout
from loaders.release import Release
from loaders.source import OGL, PROBLEM, REMARK, Given, Rows, Source
from trigpoint.errors import BadRelease, InvalidInput, InvalidParameter
from trigpoint.spatial.geometry import format_wkt_literal, parse_wkt_literal, repair
from trigpoint.spatial.grids import CRS84, WGS84_LAT_LON, reference_system

BOUNDARY = "boundary"
FEATURES = Layout(name="features", columns=(), kind="geojson-lines")
ATTRIBUTION = (
    "Source: Office for National Statistics licensed under the Open Government Licence "
    "v3.0. Contains OS data © Crown copyright and database right 2025."
)
LANDING_PAGE = "https://geoportal.statistics.gov.uk/"
# ONS names its properties by kind of area and year: LAD25CD and LAD25NM, WD24CD …
_ONS_CODE = re.compile(r"(?i)(LAD|WD|CTYUA|CTY|CAUTH|RGN|CTRY)\d\dCD")
_POSITION = r"\[([^\[\],]+),([^\[\],]+)(?:,[^\[\]]*)?\]"
REPAIRED = "outlines repaired, since their lines crossed (see generalisation)"
_KINDS = {"Polygon": "POLYGON ", "MultiPolygon": "MULTIPOLYGON "}


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--vintage", required=True, help="year or year-month of the set, such as 2025"
    )
    parser.add_argument("--crs", default=CRS84, help="system drawn in (%(default)s)")
    parser.add_argument(
        "--resolution", default="full", help="full, or metres such as 200m"
    )
    parser.add_argument("--generalisation", help="how the outlines were generalised")
    parser.add_argument("--start-date", help="first day on which the outlines held")
    parser.add_argument("--end-date", help="last day on which the outlines held")
    parser.add_argument("--source-title", help="the product, for the record")
    parser.add_argument(
        "--repair", action="store_true", help="mend outlines whose lines cross"
    )
    add_property_options(parser)


def add_property_options(parser: argparse.ArgumentParser) -> None:
    """The options that say which properties hold what; else ONS's names are found."""
    parser.add_argument("--code-property", help="property with the GSS code")
    parser.add_argument("--name-property", help="property with the name")


def read(given: Given) -> list[Rows]:
    """Rows for `boundary`: WKT in the system named, longitude or easting first."""
    options = given.options
    crs = _crs(options.crs)
    frames = []
    for release, scan in given.scans(FEATURES.name):
        code, name = named_properties(release, options)
        outlines = scan.select(
            ROW,
            property_of(code).alias("code"),
            property_of(name).alias("name"),
            _wkt(crs).alias("geometry"),
            _no_outline().alias(PROBLEM),
        )
        frames.append(outlines.with_columns(_no_area()))
    frame = pl.concat(frames)
    if options.repair:
        frame = frame.select(ROW, "code", "name", _mended()).unnest("mended")
    else:
        frame = frame.with_columns(note=pl.lit(None, pl.String))
    return [Rows(BOUNDARY, _fields(frame, options, crs))]


def _fields(frame: pl.LazyFrame, options: argparse.Namespace, crs: str) -> pl.LazyFrame:
    said = pl.lit(options.generalisation, pl.String)
    iri = reference_system(crs).iri
    return frame.select(
        ROW,
        PROBLEM,
        pl.concat_str(
            pl.col("code"), pl.lit(f"-{options.vintage}-{options.resolution}")
        ).alias(BOUNDARY),
        area_curie(pl.col("code")).alias("area"),
        "name",
        pl.lit(options.vintage).alias("vintage"),
        pl.lit(options.resolution).alias("resolution"),
        _either(pl.concat_str(said, "note", separator="; ", ignore_nulls=True)).alias(
            "generalisation"
        ),
        pl.lit(iri).alias("crs"),
        pl.lit(options.source_title, pl.String).alias("source"),
        "geometry",
        pl.when(pl.col("note").is_not_null()).then(pl.lit(REPAIRED)).alias(REMARK),
        pl.lit(options.start_date, pl.String).alias("start-date"),
        pl.lit(options.end_date, pl.String).alias("end-date"),
    )


def _either(text: pl.Expr) -> pl.Expr:
    return pl.when(text != "").then(text)


def named_properties(release: Release, options: argparse.Namespace) -> tuple[str, str]:
    """The properties with code and name: as named, or as ONS names them.

    Raises BadRelease that lists the properties when they cannot be told.
    """
    there = release.properties
    codes = [options.code_property] if options.code_property else []
    codes += ["code", *(name for name in there if _ONS_CODE.fullmatch(name))]
    for code in codes:
        name = options.name_property or (
            "name" if code == "code" else re.sub("(?i)cd$", _suffix, code)
        )
        if code in there and name in there:
            return code, name
        if options.code_property:
            break
    raise BadRelease(
        f"the features have the properties {', '.join(there)}",
        file=release.path.name,
        do="say which hold code and name: --code-property and --name-property",
    )


def _suffix(match: re.Match[str]) -> str:
    return "NM" if match[0].isupper() else "nm"


def property_of(name: str) -> pl.Expr:
    """The text of a property of each feature; null when it is empty or null."""
    text = pl.col(PROPERTIES).str.json_path_match(f"$['{name}']")
    return pl.when(~text.is_in(["", "null"])).then(text)


def _crs(name: str) -> str:
    system = reference_system(name)
    if system.code == WGS84_LAT_LON:
        raise InvalidParameter(
            f"crs is {system.code}, which is latitude first, but GeoJSON is longitude "
            f"first: use --crs {CRS84}",
            parameter="crs",
        )
    return system.code


def _wkt(crs: str) -> pl.Expr:
    """WKT with the very digits of the file: brackets and commas change, no number."""
    kind = pl.col(KIND)
    text = (
        pl.col(COORDINATES)
        .str.replace_all(r"\s", "")
        .str.replace_all(_POSITION, "${1} ${2}")
        .str.replace_all("[", "(", literal=True)
        .str.replace_all("]", ")", literal=True)
    )
    system = "" if crs == CRS84 else f"<{reference_system(crs).iri}> "
    keyword = kind.replace_strict(_KINDS, default=None)
    return pl.concat_str(pl.lit(system), keyword, text)


def _no_outline() -> pl.Expr:
    kind = pl.col(KIND)
    digits = pl.col(COORDINATES).str.contains(r"\d")
    return (
        pl.when(kind.is_null())
        .then(pl.lit("the feature has no geometry"))
        .when(~kind.is_in(list(_KINDS)))
        .then(pl.format("the geometry is a {}: expected Polygon or MultiPolygon", kind))
        .when(~digits.fill_null(value=False))
        .then(pl.lit("the geometry is empty: it covers nothing"))
    )


def _no_area() -> pl.Expr:
    """`_problem`, and where there is none yet, whether the code is of use."""
    code = pl.col("code")
    return (
        pl.when(pl.col(PROBLEM).is_not_null())
        .then(pl.col(PROBLEM))
        .when(code.is_null())
        .then(pl.lit("the feature has no code"))
        .when(area_register(code).is_null())
        .then(pl.format("no register holds areas with a code such as {}", code))
        .alias(PROBLEM)
    )


def _mended() -> pl.Expr:
    """A struct `mended` in place of geometry and `_problem`, with a note."""
    fields = {"geometry": pl.String, "note": pl.String, PROBLEM: pl.String}
    return (
        pl.struct("geometry", PROBLEM)
        .map_elements(_mend, return_dtype=pl.Struct(fields))
        .alias("mended")
    )


def _mend(row: dict[str, str | None]) -> dict[str, str | None]:
    text, problem = row["geometry"], row[PROBLEM]
    if text is None or problem is not None:
        return {"geometry": text, "note": None, PROBLEM: problem}
    try:
        mended = repair(parse_wkt_literal(text))
    except InvalidInput as error:
        return {"geometry": text, "note": None, PROBLEM: str(error)}
    if not mended.changes:
        return {"geometry": text, "note": None, PROBLEM: None}
    note = "; ".join(mended.changes)
    geometry = format_wkt_literal(mended.geometry)
    return {"geometry": geometry, "note": note, PROBLEM: None}


SOURCE = Source(
    name="boundaries",
    title="Outlines of areas, as GeoJSON lines",
    registers=(BOUNDARY,),
    licence=OGL,
    attribution=ATTRIBUTION,
    landing_page=LANDING_PAGE,
    layouts=(FEATURES,),
    read=read,
    add_options=add_options,
    needs=(FEATURES.name,),
    whole=False,
)
