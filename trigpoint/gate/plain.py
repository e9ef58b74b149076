"""Texts that are certainly fine, by kind: what most values of a release are.

A value that one of these regular expressions matches breaks neither a rule of ours nor
what a shape asks of its kind, so one look at a column settles both. They say less than
is allowed, never more.
"""

from __future__ import annotations

import polars as pl

from trigpoint.schema.rdf import XSD

# Days that there were, from the year 1000 on.
_YEAR, _MONTH = "[1-9][0-9]{3}", "(?:0[1-9]|1[0-2])"
_LEAP = "(?:[1-9][0-9](?:0[48]|[2468][048]|[13579][26])|(?:[2468][048]|[13579][26])00)"
_MONTH_DAY = (
    f"(?:{_MONTH}-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)"
    "|(?:0[13578]|1[02])-31)"
)
_DAY = f"(?:{_YEAR}-{_MONTH_DAY}|{_LEAP}-02-29)"
_TIME = (
    r"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?"
    "(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])?"
)
# Dates of each GDS precision by the datatype that the RDF mapping gives them.
DATES = {
    f"{XSD}date": _DAY,
    f"{XSD}gYearMonth": f"{_YEAR}-{_MONTH}",
    f"{XSD}gYear": _YEAR,
    f"{XSD}dateTime": f"{_DAY}{_TIME}",
}
# Points in the range of CRS84. East of Greenwich the longitudes 49 to 61 are left out:
# those may be latitudes of the United Kingdom, swapped. More decimals than these could
# round up to a limit.
_DECIMALS = r"(?:\.[0-9]{1,12})?"
POINT = (
    r"\[(?:-?(?:[1-3]?[0-9]|4[0-8]|6[2-9]|[7-9][0-9]|1[0-7][0-9])|-(?:49|5[0-9]|6[01]))"
    rf"{_DECIMALS}, ?-?[1-8]?[0-9]{_DECIMALS}\]"
)


def whole(*forms: str) -> str:
    """A regular expression that matches texts of any of these forms."""
    return f"^(?:{'|'.join(forms)})$"


def unlike(column: pl.Expr, regex: str) -> pl.Expr:
    """Whether a column's text does not match; false for null."""
    return (~column.str.contains(regex)).fill_null(False)
