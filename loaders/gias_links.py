"""Which school took over from which: GIAS's links between establishments.

A takeover stands in the file as the old school's successor, as the new school's
predecessor, or as both; either is enough. Links of other kinds (closure, expansion,
sixth form centre, "Result of Amalgamation", which does not say in which direction)
are left out, and so are links to a school that `school-eng` does not hold, and pairs
of schools of which the file says that each replaced the other.
"""

from __future__ import annotations

import polars as pl

from loaders.layout import ROW, Layout
from loaders.schools import SCHOOL
from loaders.source import LEFT_OUT, OGL, Given, Rows, Source

URN = "URN"
LINK_URN = "LinkURN"
LINK_TYPE = "LinkType"
LINKS = Layout(
    name="links",
    columns=(URN, LINK_URN, "LinkName", LINK_TYPE, "LinkEstablishedDate"),
    encoding="cp1252",
)
SUCCESSORS = "successors"


def read(given: Given) -> list[Rows]:
    """Partial rows for `school-eng`: a school and all the schools that replaced it.

    `_row` of such a row is the first of the rows that it is made of.
    """
    links = _directed(given.table(LINKS.name)).with_columns(
        _not_used(given.held(SCHOOL)[SCHOOL]).alias(LEFT_OUT)
    )
    used = (
        links.filter(pl.col(LEFT_OUT).is_null())
        .group_by(pl.col("old").alias(SCHOOL))
        .agg(pl.col(ROW).min(), pl.col("new").unique().sort().alias(SUCCESSORS))
        .with_columns(pl.lit(None, pl.String).alias(LEFT_OUT))
        .sort(ROW)
    )
    left_out = links.filter(pl.col(LEFT_OUT).is_not_null()).select(
        pl.col("old").alias(SCHOOL),
        ROW,
        pl.concat_list("new").alias(SUCCESSORS),
        LEFT_OUT,
    )
    return [Rows(SCHOOL, pl.concat([used, left_out]), partial=True)]


def _directed(links: pl.LazyFrame) -> pl.LazyFrame:
    """With `old` and `new` school, and `pair` and `reverse` as text to compare them;
    `pair` is null for kinds of link that are no takeover."""
    predecessor = pl.col(LINK_TYPE).str.starts_with("Predecessor")
    takeover = predecessor | pl.col(LINK_TYPE).str.starts_with("Successor")
    old, new = pl.col("old"), pl.col("new")
    return links.with_columns(
        pl.when(predecessor).then(LINK_URN).otherwise(URN).alias("old"),
        pl.when(predecessor).then(URN).otherwise(LINK_URN).alias("new"),
    ).with_columns(
        pl.when(takeover).then(pl.format("{} {}", old, new)).alias("pair"),
        pl.format("{} {}", new, old).alias("reverse"),
    )


def _not_used(held: pl.Series) -> pl.Expr:
    """Why a link says nothing of a successor that the register holds."""
    old, new = pl.col("old"), pl.col("new")
    absent = "{} is not in the register school-eng"
    return (
        pl.when(pl.col("pair").is_null())
        .then(pl.format("the link is of the kind “{}”", LINK_TYPE))
        .when(~old.is_in(held.implode()))
        .then(pl.format(absent, pl.lit("the school replaced")))
        .when(~new.is_in(held.implode()))
        .then(pl.format(absent, pl.lit("its successor")))
        .when(old == new)
        .then(pl.lit("the school is linked to itself"))
        .when(pl.col("reverse").is_in(pl.col("pair").implode()))
        .then(pl.lit("the file says of each that it replaced the other"))
    )


SOURCE = Source(
    name="gias-links",
    title="Successors of schools: links between establishments (GIAS)",
    registers=(SCHOOL,),
    licence=OGL,
    attribution="Contains public sector information licensed under the Open "
    "Government Licence v3.0 (Department for Education, Get Information about "
    "Schools).",
    landing_page="https://get-information-schools.service.gov.uk/Downloads",
    layouts=(LINKS,),
    read=read,
    needs=(LINKS.name,),
    whole=False,
)
