"""Wards and electoral divisions, from the properties of a ward boundary file.

The outlines themselves are loaded by `boundaries` from the same file, afterwards.
"""

from __future__ import annotations

import argparse

import polars as pl

from loaders.boundaries import (
    ATTRIBUTION,
    FEATURES,
    LANDING_PAGE,
    add_property_options,
    named_properties,
    property_of,
)
from loaders.columns import area_curie, area_register
from loaders.layout import ROW
from loaders.source import OGL, PROBLEM, Given, Rows, Source

WARD = "statistical-geography-ward"


def add_options(parser: argparse.ArgumentParser) -> None:
    add_property_options(parser)
    parser.add_argument(
        "--parent-property",
        default="lad",
        help="property with the GSS code of the district (%(default)s)",
    )


def read(given: Given) -> list[Rows]:
    """Rows for `statistical-geography-ward`: name, and the district it is within.

    The file says no dates, so the rows have none.
    """
    frames = []
    for release, scan in given.scans(FEATURES.name):
        code, name = named_properties(release, given.options)
        parent = property_of(given.options.parent_property)
        frames.append(
            scan.select(
                ROW,
                property_of(code).alias(WARD),
                property_of(name).alias("name"),
                pl.concat_list(area_curie(parent)).alias("within"),
                pl.when(area_register(parent).is_null())
                .then(pl.format("no register holds the district {}", parent))
                .alias(PROBLEM),
            )
        )
    return [Rows(WARD, pl.concat(frames))]


SOURCE = Source(
    name="wards",
    title="Wards: names and districts, from a ward boundary file",
    registers=(WARD,),
    licence=OGL,
    attribution=ATTRIBUTION,
    landing_page=LANDING_PAGE,
    layouts=(FEATURES,),
    read=read,
    add_options=add_options,
    needs=(FEATURES.name,),
)
