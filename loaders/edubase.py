"""Schools from a list of URN, name, address text and postcode (EduBase, 2016).

EduBase was what GIAS is now, and listed Welsh establishments, colleges and schools
overseas as well. The file does not say types; a second file does, URN by URN. With
it, what is not of a type in `school-type-eng` is left out; without it, all are taken.
"""

from __future__ import annotations

import polars as pl

from loaders.columns import RESTORED, address_lines, present, restored
from loaders.layout import ROW, Layout
from loaders.schools import (
    SCHOOL,
    SCHOOL_TYPE,
    out_of_scope,
    plain_type,
    school_types,
)
from loaders.source import LEFT_OUT, OGL, REMARK, Given, Rows, Source

TYPE = "establishment-type"
SCHOOLS = Layout(
    name="schools",
    columns=("test", "name", "text", "postcode"),
    separator="\t",
    quoted=False,
)
TYPES = Layout(
    name="types",
    columns=("urn", TYPE, "establishment-group-type"),
    separator="\t",
    quoted=False,
)
# Written where a postcode has yet to be given.
NO_POSTCODE = "TBC"


def read(given: Given) -> list[Rows]:
    """Rows for `school-eng`; those with `_left_out` are of another register."""
    schools = given.table(SCHOOLS.name).select(
        ROW,
        pl.col("test").str.strip_prefix("school:").alias(SCHOOL),
        restored(present(pl.col("name"))).alias("name"),
        restored(address_text(pl.col("text"))).alias("address-text"),
        present(pl.col("postcode"), NO_POSTCODE).alias("postcode"),
        pl.when(_controls("name") | _controls("text"))
        .then(pl.lit(RESTORED))
        .alias(REMARK),
    )
    if not given.of(TYPES.name):
        return [Rows(SCHOOL, schools)]
    types = given.table(TYPES.name).select(
        pl.col("urn").alias(SCHOOL), TYPE, plain_type(pl.col(TYPE)).alias("plain")
    )
    typed = (
        schools.join(types, on=SCHOOL, how="left", maintain_order="left")
        .join(school_types(given), on="plain", how="left", maintain_order="left")
        .with_columns(out_of_scope(pl.col(TYPE), pl.col(SCHOOL_TYPE)).alias(LEFT_OUT))
    )
    return [Rows(SCHOOL, typed.drop(TYPE, "plain"))]


def _controls(name: str) -> pl.Expr:
    return pl.col(name).str.contains(r"[\x{80}-\x{9f}]").fill_null(value=False)


def address_text(text: pl.Expr) -> pl.Expr:
    """The lines without the comma that ends them, nor lines without text."""
    lines = text.str.split(",").list.eval(present(pl.element())).list.drop_nulls()
    return address_lines([lines.list.join(", ")])


SOURCE = Source(
    name="edubase",
    title="Schools: URN, name, address and postcode (EduBase)",
    registers=(SCHOOL,),
    licence=OGL,
    attribution="Contains public sector information licensed under the Open "
    "Government Licence v3.0 (Department for Education).",
    landing_page="https://get-information-schools.service.gov.uk/Downloads",
    layouts=(SCHOOLS, TYPES),
    read=read,
    needs=(SCHOOLS.name,),
)
