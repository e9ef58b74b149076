"""Three-valued verdicts, as far as they are known before there are rows.

A verdict is true or false in every row, an expression by row (null: not sure), or None:
not known. They join as Kleene's: false and anything is false, whatever the other.
"""

from __future__ import annotations

import polars as pl

from trigpoint.gate.shacl.node import Verdict


def expression(verdict: Verdict) -> pl.Expr:
    """A verdict as an expression."""
    if isinstance(verdict, pl.Expr):
        return verdict
    return pl.lit(verdict, pl.Boolean)


def negate(verdict: Verdict) -> Verdict:
    if verdict is None:
        return None
    return not verdict if isinstance(verdict, bool) else ~verdict


def both(*verdicts: Verdict) -> Verdict:
    """Whether all hold."""
    left = [one for one in verdicts if one is not True]
    if not left:
        return True
    if any(one is False for one in left):
        return False
    if all(one is None for one in left):
        return None
    found = expression(left[0])
    for one in left[1:]:
        found = found & expression(one)
    return found


def either(*verdicts: Verdict) -> Verdict:
    """Whether any holds."""
    return negate(both(*map(negate, verdicts)))


def exactly_one(*verdicts: Verdict) -> Verdict:
    """Whether one holds and the others do not."""
    if not any(isinstance(one, pl.Expr) for one in verdicts):
        if None in verdicts:
            return False if verdicts.count(True) > 1 else None
        return verdicts.count(True) == 1
    found = [expression(one) for one in verdicts]
    sure = pl.sum_horizontal(one.fill_null(False).cast(pl.UInt32) for one in found)
    possible = pl.sum_horizontal(one.fill_null(True).cast(pl.UInt32) for one in found)
    settled = sure == possible
    return (
        pl.when(settled)
        .then(sure == 1)
        .when((sure > 1) | (possible == 0))
        .then(pl.lit(False))
    )
