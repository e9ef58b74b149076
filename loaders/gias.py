"""Schools from GIAS: the “all establishment data” extract, one row a school.

The extract has about 140 columns, and which ones changes from year to year: those
below are read, the rest is not. Columns about people (head teachers, proprietors,
telephone numbers, e-mail addresses) are dropped while the file is decoded. GIAS says
"Not applicable" where it has nothing to say, writes dates as 31-08-2021, and leaves
the position of some schools blank. Its close date is the last day only of schools that
are closed; of others it is a proposal, and not read.
"""

from __future__ import annotations

import polars as pl

from loaders.columns import (
    GOVERNED_BY,
    address_lines,
    iso_date,
    lon_lat_point,
    northern_irish,
    present,
)
from loaders.layout import ROW, Layout
from loaders.schools import SCHOOL, SCHOOL_TYPE, out_of_scope, school_types
from loaders.source import LEFT_OUT, OGL, PROBLEM, REMARK, Given, Rows, Source
from trigpoint.errors import NoData

URN = "URN"
LA_NUMBER = "LA (code)"
NUMBER = "EstablishmentNumber"
NAME = "EstablishmentName"
TYPE_CODE = "TypeOfEstablishment (code)"
TYPE_NAME = "TypeOfEstablishment (name)"
STATUS = "EstablishmentStatus (name)"
OPENED = "OpenDate"
CLOSED = "CloseDate"
PHASE = "PhaseOfEducation (name)"
LOW_AGE = "StatutoryLowAge"
HIGH_AGE = "StatutoryHighAge"
GENDER = "Gender (name)"
RELIGION = "ReligiousCharacter (name)"
CAPACITY = "SchoolCapacity"
WEBSITE = "SchoolWebsite"
ADDRESS = ("Street", "Locality", "Address3", "Town", "County (name)")
POSTCODE = "Postcode"
AUTHORITY = "GSSLACode (name)"
EASTING = "Easting"
NORTHING = "Northing"
UPRN = "UPRN"
EXTRACT = Layout(
    name="extract",
    columns=(
        *(URN, LA_NUMBER, NUMBER, NAME, TYPE_CODE, TYPE_NAME, STATUS, OPENED, CLOSED),
        *(PHASE, LOW_AGE, HIGH_AGE, GENDER, RELIGION, CAPACITY, WEBSITE, *ADDRESS),
        *(POSTCODE, AUTHORITY, EASTING, NORTHING, UPRN),
    ),
    unread=r"(?i)^head|^props|e-?mail|phone|fax|contact|chair|firstname|lastname",
    strict=False,
    encoding="cp1252",
)
NO_ADDRESS = "UPRN left away, since the register address does not hold it"
NO_POINT = (
    "easting and northing left away, since those of a Northern Irish postcode are of "
    "the Irish grid"
)
NOTHING = ("Not applicable", "Does not apply", "Not recorded", "Unknown")


def read(given: Given) -> list[Rows]:
    """Rows for `school-eng`.

    `address` links only to UPRNs that the register `address` holds; others are left
    away and remarked, and so are eastings and northings that are not of the British
    grid. `local-authority` is the authority that governs the area whose code the
    extract gives.
    """
    types = school_types(given).select(SCHOOL_TYPE, known=SCHOOL_TYPE)
    addresses = given.held("address").lazy().select("address", known_address="address")
    rows = (
        given.table(EXTRACT.name)
        .select(ROW, *_texts(), *_numbers())
        .join(types, on=SCHOOL_TYPE, how="left", maintain_order="left")
        .join(_authorities(given), on="area", how="left", maintain_order="left")
        .join(addresses, on="address", how="left", maintain_order="left")
    )
    area, authority = pl.col("area"), pl.col("local-authority")
    unknown = pl.format("no register of areas holds its authority’s GSS code {}", area)
    left_out = out_of_scope(pl.col("type"), pl.col("known"))
    lost = pl.col("address").is_not_null() & pl.col("known_address").is_null()
    rows = rows.with_columns(
        pl.col("known").alias(SCHOOL_TYPE),
        pl.col("known_address").alias("address"),
        left_out.alias(LEFT_OUT),
        pl.when(left_out.is_null()).then(_remark(lost)).alias(REMARK),
        pl.when(area.is_not_null() & authority.is_null()).then(unknown).alias(PROBLEM),
    )
    return [Rows(SCHOOL, rows.drop("known", "known_address", "type", "area", "irish"))]


def _texts() -> list[pl.Expr]:
    website = present(pl.col(WEBSITE), *NOTHING)
    return [
        pl.col(URN).alias(SCHOOL),
        present(pl.col(NAME)).alias("name"),
        present(pl.col(TYPE_NAME)).alias("type"),
        pl.col(TYPE_CODE).alias(SCHOOL_TYPE),
        pl.col(UPRN).str.strip_chars_start("0").alias("address"),
        address_lines([pl.col(line) for line in ADDRESS]).alias("address-text"),
        present(pl.col(POSTCODE)).alias("postcode"),
        present(pl.col(AUTHORITY), *NOTHING).alias("area"),
        present(pl.col(PHASE), *NOTHING).alias("school-phase"),
        present(pl.col(GENDER), *NOTHING).alias("school-gender"),
        present(pl.col(RELIGION), *NOTHING, "None").alias("religious-character"),
        # Some schools wrote an e-mail address here; many leave the scheme out.
        pl.when(~website.str.contains("@"))
        .then(website.str.replace(r"(?i)^www\.", "http://www."))
        .alias("website"),
        present(pl.col(STATUS)).alias("status"),
    ]


def _numbers() -> list[pl.Expr]:
    return [
        pl.concat_str(pl.col(LA_NUMBER), pl.col(NUMBER), separator="/").alias(
            "dfe-number"
        ),
        pl.col(LOW_AGE).alias("minimum-age"),
        pl.col(HIGH_AGE).alias("maximum-age"),
        pl.col(CAPACITY).alias("capacity"),
        pl.when(~northern_irish(pl.col(POSTCODE)))
        .then(lon_lat_point(pl.col(EASTING), pl.col(NORTHING)))
        .alias("point"),
        (
            northern_irish(pl.col(POSTCODE)) & present(pl.col(EASTING)).is_not_null()
        ).alias("irish"),
        iso_date(pl.col(OPENED)).alias("start-date"),
        # Of a school that is still open, the day on which it is proposed to close.
        pl.when(pl.col(STATUS) == "Closed")
        .then(iso_date(pl.col(CLOSED)))
        .alias("end-date"),
    ]


def _remark(lost: pl.Expr) -> pl.Expr:
    """What was left away of a row, or null."""
    said = pl.concat_str(
        pl.when(lost).then(pl.lit(NO_ADDRESS)),
        pl.when(pl.col("irish")).then(pl.lit(NO_POINT)),
        separator="; ",
        ignore_nulls=True,
    )
    return pl.when(said != "").then(said)


def _authorities(given: Given) -> pl.LazyFrame:
    """`area` (GSS code) and `local-authority` (register:key), as the registers say."""
    frames = []
    for register, field in GOVERNED_BY.items():
        held = given.held(register)
        if not held.is_empty() and field in held.columns:
            curie = pl.concat_str(pl.lit(f"{field}:"), field).alias("local-authority")
            frames.append(held.select(pl.col(register).alias("area"), curie))
    if not frames:
        raise NoData(
            "the registers of statistical geography hold no records, so authorities "
            "cannot be told: load them first (python -m loaders rsf, then area-codes)"
        )
    return pl.concat(frames).lazy().drop_nulls()


SOURCE = Source(
    name="gias",
    title="Schools: all establishment data (GIAS)",
    registers=(SCHOOL,),
    licence=OGL,
    attribution="Contains public sector information licensed under the Open "
    "Government Licence v3.0 (Department for Education, Get Information about "
    "Schools).",
    landing_page="https://get-information-schools.service.gov.uk/Downloads",
    layouts=(EXTRACT,),
    read=read,
    needs=(EXTRACT.name,),
)
