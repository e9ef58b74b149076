"""Conditions on rows as columns: which rows of a batch to look at, and what is wrong.

Whatever the gate holds rows to, by shape or by rule, is a `Check`: an expression that
names the rows that may violate it, and a function that looks at those. All expressions
of a batch are evaluated in one pass; rows that none of them names cost nothing more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from trigpoint.gate.violation import Violation


@dataclass(frozen=True)
class Check:
    """One condition on the rows of a register.

    `suspect` is Boolean by row, never null, and true at least wherever the condition is
    violated. `find` is given the suspect rows, in the columns of the batch, and says
    what each of them violates, if it does. `name` says what is checked, for people.
    """

    name: str
    suspect: pl.Expr
    find: Callable[[pl.DataFrame], Iterable[Violation]]


def run(batch: pl.DataFrame, checks: Sequence[Check]) -> Iterator[Violation]:
    """What is wrong with the rows of a batch, check by check."""
    if batch.is_empty() or not checks:
        return
    flags = batch.lazy().select(
        check.suspect.any().alias(str(n)) for n, check in enumerate(checks)
    )
    for check, flagged in zip(checks, flags.collect().row(0), strict=True):
        if flagged:
            yield from check.find(batch.filter(check.suspect))
