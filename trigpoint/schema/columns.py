"""The RDF mapping of trigpoint.schema.rdf, column by column.

Each function says of a column of values what the one in `rdf` says of a value. A null
value stays null.
"""

from __future__ import annotations

import polars as pl

from trigpoint.iris import record_iri
from trigpoint.schema import rdf
from trigpoint.schema.shape import Field


def lexical_form(text: pl.Expr, datatype: str) -> pl.Expr:
    """The canonical lexical form of the values, as they are where not well formed."""
    return text.map_elements(
        lambda one: rdf.canonical_lexical(one, datatype), return_dtype=pl.String
    )


def datatype_of(text: pl.Expr, field: Field) -> str | pl.Expr:
    """The datatype in which values of `field` are written: one for all of them, or an
    IRI a value where it depends on the form."""
    return text.map_elements(
        lambda one: rdf.datatype_of(field, one), return_dtype=pl.String
    )


def iri_of(text: pl.Expr, field: Field, base: str) -> pl.Expr:
    """The IRIs that values of a link or curie field stand for."""
    return text.map_elements(
        lambda one: rdf.link_iri(one, field, base), return_dtype=pl.String
    )


def record_iri_of(key: pl.Expr, register: str, base: str) -> pl.Expr:
    """The IRIs of records of a register, by their keys."""
    return key.map_elements(
        lambda one: record_iri(base, register, one), return_dtype=pl.String
    )


def wkt_of(text: pl.Expr, field: Field) -> pl.Expr:
    """The texts of a geometry field as WKT (CRS84 unless they say)."""
    return text.map_elements(lambda one: rdf.wkt_of(one, field), return_dtype=pl.String)


def geometry_class(wkt: pl.Expr) -> pl.Expr:
    """The `sf:` class of WKT texts, by their keyword; null for an unknown one."""
    return wkt.map_elements(rdf.geometry_type, return_dtype=pl.String)
