"""Addresses of schools from GDS's trial address register (2016).

The key is a UPRN written in Crockford base32. Lines are in capitals, some in Welsh
too. The publisher made the file from AddressBase: load it to test and compare, and
publish nothing of its text. Load `gds-street` first, since addresses link to streets.
"""

from __future__ import annotations

import polars as pl

from loaders.columns import uprn_of_base32
from loaders.layout import ROW, Layout
from loaders.source import OGL, PROBLEM, Given, Rows, Source

ADDRESS = "address"
PARENT = "parent-address"
PRIMARY = "primary-address"
ADDRESSES = Layout(
    name="addresses",
    columns=(
        *(ADDRESS, PARENT, PRIMARY, "street", "name", "name-cy", "point", "end-date"),
    ),
    separator="\t",
    quoted=False,
)
_KEYS = (ADDRESS, PARENT, PRIMARY)


def read(given: Given) -> list[Rows]:
    """Rows for `address`, keys in decimal; other fields as the file has them."""
    raw = given.table(ADDRESSES.name)
    unread = [
        pl.when(pl.col(key).is_not_null() & uprn_of_base32(pl.col(key)).is_null()).then(
            pl.format("{}: {} is no UPRN in base32", pl.lit(key), key)
        )
        for key in _KEYS
    ]
    problem = pl.coalesce(unread).alias(PROBLEM)
    rows = raw.with_columns(problem, *(uprn_of_base32(pl.col(key)) for key in _KEYS))
    return [Rows(ADDRESS, rows.select(ROW, PROBLEM, *ADDRESSES.columns))]


SOURCE = Source(
    name="gds-address",
    title="Addresses of schools: GDS's trial address register",
    registers=(ADDRESS,),
    licence=OGL,
    attribution="Contains OS data © Crown copyright and database right 2016. Made from "
    "AddressBase by its publisher: for testing, not for publishing on.",
    landing_page="https://github.com/openregister",
    layouts=(ADDRESSES,),
    read=read,
    needs=(ADDRESSES.name,),
    whole=False,
)
