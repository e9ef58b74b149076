"""What the sources of schools have in common: how a type's name finds its code.

Sources write the types of schools with other capitals, hyphens and abbreviations
than the register ("Free Schools - 16-19" for "Free schools 16 to 19"). Names are
compared without these; a name that still matches nothing is reported, never guessed.
"""

from __future__ import annotations

import polars as pl

from loaders.source import Given
from trigpoint.errors import NoData

SCHOOL = "school-eng"
SCHOOL_TYPE = "school-type-eng"
WELSH_TYPE = "Welsh establishment"
WELSH = "a Welsh establishment: this register is of schools in England"


def plain_type(name: pl.Expr) -> pl.Expr:
    """A type's name without what only spelling makes different."""
    return (
        name.str.to_lowercase()
        .str.replace_all(r"\bla\b", "local authority")
        .str.replace_all(r"\bto\b", " ")
        .str.replace_all(r"[^a-z0-9]+", " ")
        .str.strip_chars()
    )


def school_types(given: Given) -> pl.LazyFrame:
    """`school-type-eng` (the code), `plain` (its name made plain) of the register.

    Raises NoData when the register holds no records.
    """
    held = given.held(SCHOOL_TYPE)
    if held.is_empty():
        raise NoData(
            f"the register {SCHOOL_TYPE} holds no records, so types cannot be told: "
            "load it first (python -m loaders rsf school-type-eng.rsf)"
        )
    plain = plain_type(pl.col("name")).alias("plain")
    return held.lazy().select(SCHOOL_TYPE, plain)


def out_of_scope(type_name: pl.Expr, code: pl.Expr) -> pl.Expr:
    """Why an establishment of this type is no school of the register, or null."""
    welsh = plain_type(type_name) == WELSH_TYPE.lower()
    return (
        pl.when(welsh)
        .then(pl.lit(WELSH))
        .when(type_name.is_null())
        .then(pl.lit("its type is not known, so neither is its place in the register"))
        .when(code.is_null())
        .then(pl.format("{} is not a type of the register school-type-eng", type_name))
    )
