"""The areas of `area_codes`, put together from the registers and ONS's tables.

`areas` is one frame with a row for each GSS code; the rest are the steps to it. What
was decided, and why, stands in `area_codes`.
"""

from __future__ import annotations

import polars as pl

from loaders.columns import GOVERNED_BY, area_curie, area_register
from loaders.layout import Layout
from loaders.source import Given

DISTRICTS = Layout(
    name="la_all_codes.csv",
    columns=(
        *("LADCD", "LADNM", "LADCD_ACTIVE", "UTLACD", "RGNCD", "RGNNM", "CTRYCD"),
        *("CTRYNM", "CAUTHCD", "Current"),
    ),
    strict=False,
)
UPPER = Layout(
    name="utla_all_codes.csv",
    columns=("UTLACD", "UTLANM", "CAUTHCD", "RGNCD", "CTRYCD"),
    strict=False,
)
REGISTRY = Layout(
    name="la_orgid_to_gss.csv",
    columns=("org_id", "name", "normalised_name", "gss_code", "area_name", "area_type"),
    strict=False,
)
SCOTTISH = Layout(
    name="statistical-geography-council-areas-sct-data.tsv",
    columns=(
        *("statistical-geography-council-area-sct", "local-authority-sct"),
        *("enacting-legislation", "dissolving-legislation", "start-date", "end-date"),
    ),
    separator="\t",
    quoted=False,
)
AREA_TABLES = (DISTRICTS, UPPER, REGISTRY, SCOTTISH)
SCT = "statistical-geography-council-area-sct"
COMBINED = "E47"
COUNTY = "E10"
COUNTRIES = {"E": "E92000001", "N": "N92000002", "S": "S92000003", "W": "W92000004"}
_STARTED = pl.col("start-date").fill_null("9999")


def areas(given: Given, councils: pl.DataFrame) -> pl.DataFrame:
    """One row a code: `code`, `register`, `name`, `name-cy`, `council`, `within`,
    `start-date`, `end-date`, `successors` (curies) and Scotland's legislation."""
    districts = given.table(DISTRICTS.name).collect()
    upper = given.table(UPPER.name).collect()
    codes = _governed(given, councils).join(
        districts.select(
            code="LADCD",
            current=pl.col("Current") == "TRUE",
            active="LADCD_ACTIVE",
            upper="UTLACD",
            district="LADNM",
        ),
        on="code",
        how="left",
    )
    codes = _dated(codes, councils).with_columns(_name())
    successors = _first_found(
        _taken_over(codes, councils),
        _next_code(codes),
        codes.filter(pl.col("active") != pl.col("code")).select("code", to="active"),
        councils.select(code="former", to="gss").explode("code").explode("to"),
    )
    within = pl.concat(
        [
            _counties(codes, councils),
            _combined(codes, councils),
            _regions(codes, councils, districts, upper),
            codes.select("code", to=_country(pl.col("code"))),
        ]
    )
    codes = codes.join(_listed(successors, "successors"), on="code", how="left")
    codes = codes.join(_listed(within, "within"), on="code", how="left")
    return pl.concat([codes, _wider(districts)], how="diagonal")


def _first_found(*pairs: pl.DataFrame) -> pl.DataFrame:
    """Pairs `code`, `to`; for each code those of the first frame that has any."""
    found, *rest = (frame.drop_nulls() for frame in pairs)
    for frame in rest:
        found = pl.concat([found, frame.join(found, on="code", how="anti")])
    return found.sort("code", "to")


def _listed(pairs: pl.DataFrame, name: str) -> pl.DataFrame:
    """`code` and the list of its targets as curies, in the order of the pairs."""
    curies = area_curie(pl.col("to")).alias(name)
    return (
        pairs.select("code", curies)
        .drop_nulls()
        .group_by("code", maintain_order=True)
        .agg(pl.col(name).unique(maintain_order=True))
    )


def _governed(given: Given, councils: pl.DataFrame) -> pl.DataFrame:
    """Every code of an area with an authority, as the registers and files know it.

    The register's own link to an authority stands before the list's, since the list
    knows only a council's last code and its former ones.
    """
    scottish = given.table(SCOTTISH.name).drop("_row").collect()
    scottish = scottish.rename({SCT: "code", "local-authority-sct": "council"})
    held = [_held(given, register) for register in GOVERNED_BY]
    # What the registers hold stands before Scotland's table, which is older.
    known = (
        pl.concat([*held, scottish], how="diagonal")
        .group_by("code")
        .agg(pl.all().drop_nulls().first())
    )
    listed = pl.concat(
        [
            councils.select(council="code", code=name).explode("code").drop_nulls()
            for name in ("gss", "former")
        ]
    )
    registry = given.table(REGISTRY.name).collect()
    registry = registry.select(
        pl.col("org_id").str.split("-").list.last().alias("council"), code="gss_code"
    ).drop_nulls()
    by_code = pl.concat([listed, registry]).unique("code", keep="first")
    every = pl.concat([known.select("code"), by_code.select("code")]).unique()
    register = area_register(pl.col("code")).alias("register")
    return (
        every.with_columns(register)
        .filter(pl.col("register").is_in(list(GOVERNED_BY)))
        .join(known, on="code", how="left")
        .join(by_code.rename({"council": "listed"}), on="code", how="left")
        .with_columns(pl.coalesce("council", "listed").alias("council"))
        .sort("code")
    )


def _held(given: Given, register: str) -> pl.DataFrame:
    held = given.held(register)
    wanted = {
        register: "code",
        GOVERNED_BY[register]: "council",
        "name": "held-name",
        "start-date": "start-date",
        "end-date": "end-date",
    }
    return held.select(
        pl.col(name).alias(to) for name, to in wanted.items() if name in held.columns
    )


def _dated(codes: pl.DataFrame, councils: pl.DataFrame) -> pl.DataFrame:
    """With start and end of each code, and the names of its council."""
    authority = councils.select(
        pl.col("register").alias("of"),
        pl.col("code").alias("council"),
        pl.col("name").alias("council-name"),
        "name-cy",
        pl.col("start-date").alias("founded"),
        pl.col("end-date").alias("abolished"),
    )
    of = pl.col("register").replace_strict(GOVERNED_BY).alias("of")
    codes = codes.with_columns(of).join(authority, on=["of", "council"], how="left")
    only = pl.len().over("of", "council") == 1
    combined = pl.col("code").str.starts_with(COMBINED)
    came = only & ~combined & pl.col("current").is_not_null()
    return codes.with_columns(
        pl.when(pl.col("start-date").is_null() & came)
        .then("founded")
        .otherwise("start-date")
        .alias("start-date"),
        pl.when("current")
        .then(None)
        .otherwise(pl.coalesce("end-date", "abolished"))
        .alias("end-date"),
    )


def _name() -> pl.Expr:
    """ONS's name of the district; else its council's; else the register's own."""
    return pl.coalesce("district", "council-name", "held-name").alias("name")


def _taken_over(codes: pl.DataFrame, councils: pl.DataFrame) -> pl.DataFrame:
    """Areas that ended with their council, and those of the councils that took over."""
    by = councils.select("successors", of="register", council="code")
    gss = councils.select("gss", of="register", successors="code")
    return (
        codes.filter(pl.col("abolished") == pl.col("end-date"))
        .join(by.explode("successors"), on=["of", "council"])
        .join(gss.explode("gss"), on=["of", "successors"], maintain_order="left")
        .select("code", to="gss")
    )


def _next_code(codes: pl.DataFrame) -> pl.DataFrame:
    """Codes that ended while their council went on, and its next code."""
    governed = codes.filter(pl.col("council").is_not_null())
    following = pl.col("code").shift(-1).over("of", "council", order_by=_STARTED)
    return (
        governed.with_columns(to=following)
        .filter(pl.col("end-date").is_not_null())
        .select("code", "to")
    )


def _counties(codes: pl.DataFrame, councils: pl.DataFrame) -> pl.DataFrame:
    """Districts and their county: ONS's, or for an ended one that of its council."""
    of_council = councils.select("county", of="register", council="code")
    gss = councils.select(of="register", county="code", county_code="gss").explode(
        "county_code"
    )
    was = pl.when(pl.col("end-date").is_not_null()).then("county_code")
    county = pl.when(pl.col("upper").str.starts_with(COUNTY)).then("upper")
    return (
        codes.filter(pl.col("current").is_not_null())
        .join(of_council, on=["of", "council"], how="left")
        .join(gss, on=["of", "county"], how="left")
        .select("code", to=pl.coalesce(county, was))
        .drop_nulls()
    )


def _combined(codes: pl.DataFrame, councils: pl.DataFrame) -> pl.DataFrame:
    """Areas that have not ended, and the combined authority their council is of."""
    of_council = councils.select("combined", of="register", council="code")
    gss = councils.select("gss", of="register", combined="code").explode("gss")
    return (
        codes.filter(pl.col("end-date").is_null())
        .join(of_council, on=["of", "council"])
        .join(gss, on=["of", "combined"])
        .select("code", to="gss")
    )


def _regions(
    codes: pl.DataFrame,
    councils: pl.DataFrame,
    districts: pl.DataFrame,
    upper: pl.DataFrame,
) -> pl.DataFrame:
    """English areas and their region: ONS's, or that of the council by its name."""
    names = districts.select(region="RGNNM", to="RGNCD").drop_nulls().unique()
    by_name = (
        codes.filter(~pl.col("code").str.starts_with(COMBINED))
        .join(
            councils.select("region", of="register", council="code"),
            on=["of", "council"],
        )
        .join(names, on="region")
        .select("code", "to")
    )
    tables = [
        districts.select(code="LADCD", to="RGNCD"),
        upper.filter(pl.col("UTLACD").str.starts_with(COUNTY)).select(
            code="UTLACD", to="RGNCD"
        ),
    ]
    return _first_found(*tables, by_name)


def _country(code: pl.Expr) -> pl.Expr:
    return code.str.slice(0, 1).replace_strict(COUNTRIES)


def _wider(districts: pl.DataFrame) -> pl.DataFrame:
    """Regions and countries, which no council governs and no table dates."""
    regions = districts.select(code="RGNCD", name="RGNNM").drop_nulls().unique()
    countries = districts.select(code="CTRYCD", name="CTRYNM").drop_nulls().unique()
    curie = area_curie(_country(pl.col("code")))
    return pl.concat(
        [regions.with_columns(within=pl.concat_list(curie)), countries], how="diagonal"
    ).with_columns(register=area_register(pl.col("code")))
