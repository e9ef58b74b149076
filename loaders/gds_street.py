"""Streets of schools from GDS's trial street register (2016), and their authorities.

Authorities stand in the file by the ids of GDS's discovery phase. Two tables lead
from there to the registers: `discovery.tsv` gives an interim id, and
`id_migrataion_2016-10-10.tsv` (so spelt) the id that the register took in its place.
Interim ids without a migration either stayed or were given to another council later:
the interim BNE was Bath, the register's is Barnet. `name.tsv` says whom an interim id
meant, so an id is taken only when the name and the migration do not contradict each
other; what cannot be told is reported. Positions are rounded to 0.01 degrees.
"""

from __future__ import annotations

import polars as pl

from loaders.columns import plain_name
from loaders.layout import Layout
from loaders.source import OGL, PROBLEM, REMARK, Given, Rows, Source
from trigpoint.errors import NoData

STREET = "street"
AUTHORITY = "local-authority"
STREETS = Layout(
    name="streets",
    columns=(STREET, "name", "name-cy", "place", AUTHORITY, "point", "end-date"),
    separator="\t",
    quoted=False,
)
DISCOVERY_ID = "local-authority-discovery"
DISCOVERY = Layout(
    name="discovery.tsv",
    columns=(DISCOVERY_ID, AUTHORITY, "uk"),
    separator="\t",
    quoted=False,
)
MIGRATION = Layout(
    name="id_migrataion_2016-10-10.tsv",
    columns=("old_id", "new_id"),
    separator="\t",
    quoted=False,
)
NAMES = Layout(
    name="name.tsv",
    columns=("name", AUTHORITY),
    separator="\t",
    quoted=False,
)
AUTHORITIES = (
    "local-authority-eng",
    "local-authority-nir",
    "local-authority-sct",
    "principal-local-authority",
)
ROUNDED = "positions rounded to 0.01 degrees (about a kilometre) by the source"
_HUNDREDTHS = r"^\[-?\d+\.\d{2}0*,-?\d+\.\d{2}0*\]$"
# Only ids of English authorities were migrated.
_MIGRATED = "local-authority-eng:"
_NAME_FIELDS = ("name", "official-name", "name-cy", "official-name-cy")


def read(given: Given) -> list[Rows]:
    """Rows for `street`, the authority as register:key of the current registers."""
    ids = resolved_ids(given)
    rows = (
        given.table(STREETS.name)
        .rename({AUTHORITY: "id"})
        .join(ids, on="id", how="left", maintain_order="left")
    )
    unknown = pl.format("“{}” is no authority id of the discovery phase", "id")
    untold = pl.format("it cannot be told which authority the id “{}” means", "id")
    known = pl.col("interim").is_not_null()
    missing = pl.when(known).then(untold).otherwise(unknown)
    problem = pl.when(pl.col(AUTHORITY).is_null()).then(missing).alias(PROBLEM)
    rounded = pl.when(pl.col("point").str.contains(_HUNDREDTHS)).then(pl.lit(ROUNDED))
    rows = rows.with_columns(problem, rounded.alias(REMARK))
    return [Rows(STREET, rows.drop("id", "interim"))]


def resolved_ids(given: Given) -> pl.LazyFrame:
    """`id` (discovery), `interim`, and `local-authority`: null when it is not sure."""
    migration = given.table(MIGRATION.name).select(
        interim=pl.lit(_MIGRATED) + pl.col("old_id"),
        migrated=pl.lit(_MIGRATED) + pl.col("new_id"),
    )
    authorities = _authorities(given)
    held = authorities.select(chain=AUTHORITY, held=pl.lit(value=True)).unique().lazy()
    named = _named(given, authorities)
    ids = (
        given.table(DISCOVERY.name)
        .select(id=DISCOVERY_ID, interim=AUTHORITY)
        .join(migration, on="interim", how="left")
        .join(named, on="interim", how="left")
        .with_columns(chain=pl.coalesce("migrated", "interim"))
        .join(held, on="chain", how="left")
    )
    sure = (
        pl.when(pl.col("named") == pl.col("chain"))
        .then("chain")
        .when(pl.col("named").is_null() & pl.col("held") & ~_reused())
        .then("chain")
        # The id was given to another council later: the name tells, if alone.
        .when(pl.col("migrated").is_null() | pl.col("held").is_null())
        .then("named")
    )
    return ids.select("id", "interim", sure.alias(AUTHORITY))


def _reused() -> pl.Expr:
    """Whether another interim id ends in the same place."""
    return pl.col("chain").is_duplicated()


def _named(given: Given, authorities: pl.DataFrame) -> pl.LazyFrame:
    """`interim` and `named`: the one authority that bears a name of the interim id."""
    register = pl.col(AUTHORITY).str.split(":").list.first().alias("register")
    names = given.table(NAMES.name).select(
        register, plain_name(pl.col("name")).alias("plain"), interim=AUTHORITY
    )
    return (
        names.join(authorities.lazy(), on=["register", "plain"])
        .group_by("interim")
        .agg(pl.col(AUTHORITY).unique())
        .filter(pl.col(AUTHORITY).list.len() == 1)
        .select("interim", named=pl.col(AUTHORITY).list.first())
    )


def _authorities(given: Given) -> pl.DataFrame:
    """`register`, `plain` (a name) and `local-authority` of every authority held."""
    frames = []
    for register in AUTHORITIES:
        held = given.held(register)
        curie = pl.concat_str(pl.lit(f"{register}:"), pl.col(register))
        for field in set(_NAME_FIELDS) & set(held.columns):
            names = held.select(
                pl.lit(register).alias("register"),
                plain_name(pl.col(field)).alias("plain"),
                curie.alias(AUTHORITY),
            )
            frames.append(names.drop_nulls())
    if not frames:
        raise NoData(
            "the registers of local authorities hold no records, so authorities cannot "
            "be told: load them first (python -m loaders rsf)"
        )
    return pl.concat(frames)


SOURCE = Source(
    name="gds-street",
    title="Streets of schools: GDS's trial street register",
    registers=(STREET,),
    licence=OGL,
    attribution="Contains OS data © Crown copyright and database right 2016. Made from "
    "AddressBase by its publisher: for testing, not for publishing on.",
    landing_page="https://github.com/openregister",
    layouts=(STREETS, DISCOVERY, MIGRATION, NAMES),
    read=read,
    needs=(STREETS.name, DISCOVERY.name, MIGRATION.name, NAMES.name),
    whole=False,
)
