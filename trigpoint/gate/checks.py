"""Conditions on rows as columns: which rows of a batch to look at, and what is wrong.

Whatever the gate holds rows to, by shape or by rule, is a `Check`: an expression that
names the rows that may violate it, and a function that looks at those. All expressions
of a batch are evaluated in one pass; rows that none of them names cost nothing more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from trigpoint.gate.plain import unlike
from trigpoint.gate.violation import Violation

# Below this many rows, to find out which columns are sparse takes longer than it saves.
_FEW = 1_000


@dataclass(frozen=True)
class Check:
    """One condition on the rows of a register.

    `suspect` is Boolean by row, never null, and true at least wherever the condition is
    violated. `find` is given the suspect rows, in the columns of the batch, and says
    what each of them violates, if it does. `name` says what is checked, for people.
    `clean`, if there, is a column of text and a regular expression: no row whose value
    matches, or is null, violates the condition. Checks may have the same one.
    """

    name: str
    suspect: pl.Expr
    find: Callable[[pl.DataFrame], Iterable[Violation]]
    clean: tuple[str, str] | None = None


def run(batch: pl.DataFrame, checks: Sequence[Check]) -> Iterator[Violation]:
    """What is wrong with the rows of a batch, check by check."""
    if batch.is_empty():
        return
    cleans = list(dict.fromkeys(one.clean for one in checks if one.clean is not None))
    dirty = _where_any(batch, [unlike(pl.col(name), regex) for name, regex in cleans])
    clean = {one for one, found in zip(cleans, dirty, strict=True) if not found}
    left = [check for check in checks if check.clean not in clean]
    suspected = _where_any(batch, [check.suspect for check in left])
    for check, found in zip(left, suspected, strict=True):
        if found:
            yield from check.find(batch.filter(check.suspect))


def _where_any(batch: pl.DataFrame, expressions: Sequence[pl.Expr]) -> list[bool]:
    """Which of some Boolean expressions are true in any row of the batch."""
    sparse = _sparse(batch)
    dense: list[int] = []
    of_column: dict[str, list[int]] = defaultdict(list)
    for number, expression in enumerate(expressions):
        roots = set(expression.meta.root_names()) if sparse else set()
        alone = roots.pop() if len(roots) == 1 and roots <= sparse else None
        (dense if alone is None else of_column[alone]).append(number)
    found = _any(batch, expressions, dense)
    for name, numbers in of_column.items():
        # One null stands for all of them: the expressions look at nothing else.
        values = batch[name].drop_nulls().extend_constant(None, 1).to_frame()
        found |= _any(values, expressions, numbers)
    return [number in found for number in range(len(expressions))]


def _sparse(batch: pl.DataFrame) -> set[str]:
    """The columns that are null in most rows."""
    if len(batch) < _FEW:
        return set()
    nulls = batch.null_count().row(0, named=True)
    return {name for name, count in nulls.items() if 2 * count > len(batch)}


def _any(
    frame: pl.DataFrame, expressions: Sequence[pl.Expr], numbers: list[int]
) -> set[int]:
    """Those of some expressions that are true in any row of a frame.

    Selected at once, without polars' search for common subexpressions: what it keeps
    for their sake costs more than evaluating them twice.
    """
    flags = frame.select(expressions[n].any().alias(str(n)) for n in numbers)
    return {n for n in numbers if flags[str(n)].item()}
