"""Local authorities, brought up from the GDS registers of 2018 to today.

The base is what the registers hold. mySociety's list of local authorities adds the
councils created since, and says which ended, when, and what replaced them. Decisions:

- An end date is the last day. mySociety writes some as the first day of the council
  that took over (2023-04-01, not 2023-03-31); a date that is its successor's first
  day is moved back by one.
- Start dates such as 1905-06-20 in the registers are years that a spreadsheet took
  for a count of days (1998 days from 1899-12-30). They are restated as the year.
  mySociety has the same dates a century later; those are not read at all.
- A council whose official name differs by more than "The", case or punctuation was
  renamed; other differences of spelling leave the register's name as it is.
- A new combined authority is named by its official name, as the register names the
  older ones; the list's short names are of regions, and not all of the right one.
- Ids that are mySociety's own (NIR-A …) are left out: the register has GDS's.
- What no file says (dates of older councils, successors in Northern Ireland) stays
  absent.
"""

from __future__ import annotations

import polars as pl

from loaders.columns import plain_name
from loaders.layout import ROW, Layout
from loaders.source import CC_BY, LEFT_OUT, Given, Rows
from trigpoint.errors import NoData

CODE = "local-authority-code"
OFFICIAL = "official-name"
NAME = "nice-name"
GSS = "gss-code"
FORMER = "former-gss-codes"
START = "start-date"
END = "end-date"
REPLACED_BY = "replaced-by"
NATION = "nation"
TYPE = "local-authority-type"
COUNTY = "county-la"
COMBINED = "combined-authority"
REGION = "region"
LIST = Layout(
    name="uk_local_authorities.csv",
    columns=(
        *(CODE, OFFICIAL, NAME, GSS, START, END, REPLACED_BY, NATION, REGION, TYPE),
        *(COUNTY, COMBINED, FORMER),
    ),
    strict=False,
    attribution="UK local authority names and codes by mySociety, CC BY 4.0 "
    f"({CC_BY}).",
)
REGISTERS = {
    "England": "local-authority-eng",
    "Northern Ireland": "local-authority-nir",
    "Scotland": "local-authority-sct",
    "Wales": "principal-local-authority",
}
ENGLAND = REGISTERS["England"]
REGISTER = "register"
COMBINED_TYPE = "COMB"
_OWN_ID = r"^NIR-[A-Z]$"
_DAY_ZERO = pl.date(1899, 12, 30)
_YEAR_AS_DAYS = r"^1905-0[5-8]-"
_YEAR_AS_DAYS_LATER = r"^2005-0[5-8]-"
_FIELDS = ("name", "name-cy", OFFICIAL, START, END, TYPE)


def councils(given: Given) -> pl.DataFrame:
    """Every authority of the list, as its register should have it.

    Columns: `_row`, `register`, `code`, the fields of the registers, `successors`
    (ids of the same register), and of the list `gss`, `former` (GSS codes), `county`,
    `combined` (ids of authorities) and `region` (a name).
    Raises NoData when the registers hold no authorities to start from.
    """
    listed = given.table(LIST.name).collect()
    listed = listed.with_columns(
        pl.col(NATION).replace_strict(REGISTERS).alias(REGISTER),
        pl.col(REPLACED_BY).str.split(","),
    )
    last_days = _last_days(listed)
    joined = (
        listed.join(last_days, on=CODE, how="left", maintain_order="left")
        .join(_held(given), on=[REGISTER, CODE], how="left", maintain_order="left")
        .with_columns(_renamed().alias("renamed"))
    )
    return joined.select(
        ROW,
        REGISTER,
        pl.col(CODE).alias("code"),
        *_resolved(),
        pl.col(REPLACED_BY).alias("successors"),
        pl.concat_list(GSS).list.drop_nulls().alias("gss"),
        pl.col(FORMER).str.split(",").alias("former"),
        pl.col(COUNTY).alias("county"),
        pl.col(COMBINED).alias("combined"),
        pl.col(REGION).alias("region"),
        pl.col("held-name-cy").alias("name-cy"),
    )


def council_rows(every: pl.DataFrame) -> list[Rows]:
    """Rows for the four registers of authorities."""
    rows = []
    for register in REGISTERS.values():
        own = every.filter(pl.col(REGISTER) == register)
        columns = ["name", START, END, "successors"]
        if register in (ENGLAND, "local-authority-sct"):
            columns += ["official-name", "local-authority-type"]
        left_out = pl.when(pl.col("code").str.contains(_OWN_ID)).then(
            pl.lit("an id of this list only: the register has GDS's")
        )
        frame = own.select(
            ROW, pl.col("code").alias(register), *columns, left_out.alias(LEFT_OUT)
        )
        rows.append(Rows(register, frame.lazy()))
    return rows


def _held(given: Given) -> pl.DataFrame:
    """What the registers hold: register, code and `held-…` fields."""
    frames = []
    for register in REGISTERS.values():
        held = given.held(register)
        there = [name for name in _FIELDS if name in held.columns]
        frames.append(
            held.select(
                pl.lit(register).alias(REGISTER),
                pl.col(register).alias(CODE),
                *(pl.col(name).alias(f"held-{name}") for name in there),
            )
        )
    frame = pl.concat(frames, how="diagonal")
    if frame.is_empty():
        raise NoData(
            "the registers of local authorities hold no records to bring up to date: "
            "load them first (python -m loaders rsf)"
        )
    return frame


def _last_days(listed: pl.DataFrame) -> pl.DataFrame:
    """`local-authority-code` and `last`: the end date as a last day."""
    first = listed.select(pl.col(CODE).alias("by"), pl.col(START).alias("first"))
    end = pl.col(END).str.to_date()
    takeover = end == pl.col("first").str.to_date().min()
    return (
        listed.filter(pl.col(END).is_not_null())
        .select(CODE, END, by=REPLACED_BY)
        .explode("by")
        .join(first, on="by", how="left")
        .group_by(CODE)
        .agg(
            pl.when(takeover)
            .then(end.first() - pl.duration(days=1))
            .otherwise(end.first())
            .dt.to_string()
            .first()
            .alias("last")
        )
    )


def _resolved() -> list[pl.Expr]:
    """The register's own value where it has one and it still holds."""
    start = pl.col(f"held-{START}")
    days = (start.str.to_date(strict=False) - _DAY_ZERO).dt.total_days()
    mended = (
        pl.when(start.str.contains(_YEAR_AS_DAYS))
        .then(days.cast(pl.String))
        .otherwise(start)
    )
    listed = pl.when(~pl.col(START).str.contains(_YEAR_AS_DAYS_LATER)).then(START)
    renamed = pl.col("renamed")
    name = pl.col("held-name")
    combined = pl.col(TYPE) == COMBINED_TYPE
    short = pl.when(combined).then(OFFICIAL).otherwise(NAME)
    same = plain(name) == plain(short)
    return [
        pl.coalesce(mended, listed).alias(START),
        pl.coalesce(f"held-{END}", "last").alias(END),
        pl.when(renamed & ~same)
        .then(short)
        .otherwise(pl.coalesce(name, short))
        .alias("name"),
        pl.when(renamed)
        .then(OFFICIAL)
        .otherwise(pl.coalesce(f"held-{OFFICIAL}", OFFICIAL))
        .alias(OFFICIAL),
        pl.coalesce(f"held-{TYPE}", TYPE).alias(TYPE),
    ]


def _renamed() -> pl.Expr:
    held = pl.col(f"held-{OFFICIAL}")
    return (plain(held) != plain(pl.col(OFFICIAL))).fill_null(value=False)


def plain(name: pl.Expr) -> pl.Expr:
    """A name without "The", case and punctuation."""
    return plain_name(name).str.strip_prefix("the ")
