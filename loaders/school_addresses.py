"""Addresses of schools matched to their UPRN by hand.

A row names a school, its UPRN, and the address text and postcode. Schools that stood
one after the other on a site share a UPRN: the wording of the one that stands in the
list of schools stands (it has a type, which this file does not give, so a second load
chooses the same one), or else the first. A school that `school-eng` does not hold (it
had closed) is taken from here; one that it holds only gets the link to its address.
"""

from __future__ import annotations

import polars as pl

from loaders.columns import present
from loaders.edubase import address_text
from loaders.layout import ROW, Layout
from loaders.schools import SCHOOL
from loaders.source import LEFT_OUT, OGL, Given, Rows, Source

ADDRESS = "address"
TYPE = "school-type-eng"
MATCHES = Layout(
    name="matches",
    columns=("test", ADDRESS, "name", "text", "postcode"),
    separator="\t",
    quoted=False,
)
WORDING = ("name", "address-text", "postcode")
SHARED = "another row has the same UPRN, and its wording stands"


def read(given: Given) -> list[Rows]:
    """Rows for `address`, and rows for `school-eng` that link to them."""
    matches = given.table(MATCHES.name).select(
        ROW,
        pl.col("test").str.strip_prefix("school:").alias(SCHOOL),
        pl.col(ADDRESS).str.strip_chars_start("0"),
        present(pl.col("name")).alias("name"),
        address_text(pl.col("text")).alias("address-text"),
        present(pl.col("postcode")).alias("postcode"),
    )
    held = given.held(SCHOOL).lazy()
    for field in (*WORDING, TYPE):
        if field not in held.collect_schema():
            held = held.with_columns(pl.lit(None, pl.String).alias(field))
    listed = pl.when(pl.col(TYPE).is_not_null()).then(pl.lit(value=True))
    held = held.select(SCHOOL, *WORDING, listed.alias("listed"), held=True)
    matches = matches.join(held, on=SCHOOL, how="left", suffix=" held")
    first = pl.col(ROW).sort_by("listed", ROW, nulls_last=True).first().over(ADDRESS)
    addresses = matches.select(
        *(ROW, ADDRESS, *WORDING),
        pl.when(pl.col(ROW) != first).then(pl.lit(SHARED)).alias(LEFT_OUT),
    )
    schools = matches.select(
        *(ROW, SCHOOL, ADDRESS),
        *(
            pl.when("held").then(f"{field} held").otherwise(field).alias(field)
            for field in WORDING
        ),
    )
    return [Rows(ADDRESS, addresses), Rows(SCHOOL, schools)]


SOURCE = Source(
    name="school-addresses",
    title="Addresses of schools by UPRN, matched by hand",
    registers=(ADDRESS, SCHOOL),
    licence=OGL,
    attribution="Contains public sector information licensed under the Open "
    "Government Licence v3.0.",
    landing_page="https://github.com/openregister",
    layouts=(MATCHES,),
    read=read,
    needs=(MATCHES.name,),
    whole=False,
)
