"""What pySHACL says of literals by their text and datatype, column by column.

Answers are Boolean: true, false, or null where it is not certain without asking
pySHACL. A null text has a null answer.
"""

from __future__ import annotations

from typing import Literal

import polars as pl
from rdflib import Literal as RdfLiteral

Order = Literal["<", "<="]
Operator = Literal["<", "<=", ">", ">="]


def well_typed(text: pl.Expr, datatype: str) -> pl.Expr:
    """Whether a literal of `datatype` satisfies sh:datatype of that same datatype
    (SHACL, section 4.1.2): its text is well formed for rdflib."""
    return pl.when(pl.lit(False)).then(text.is_null())


def satisfies(
    text: pl.Expr,
    datatype: str,
    language: str | None,
    operator: Operator,
    bound: RdfLiteral,
) -> pl.Expr:
    """Whether a literal is `operator` than the bound: sh:minExclusive (`>`),
    sh:minInclusive (`>=`), sh:maxExclusive (`<`), sh:maxInclusive (`<=`); SHACL,
    section 4.3."""
    return pl.when(pl.lit(False)).then(text.is_null())


def ordered(
    text: pl.Expr, datatype: str, operator: Order, other: pl.Expr, other_datatype: str
) -> pl.Expr:
    """Whether one literal is `operator` than another: sh:lessThan, and
    sh:lessThanOrEquals for `<=` (SHACL, sections 4.5.3 and 4.5.4)."""
    return pl.when(pl.lit(False)).then(text.is_null())
