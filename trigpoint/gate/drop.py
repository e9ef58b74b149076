"""Releases that would lose far more than releases do: refused unless forced.

ONSPD was once published with 77,000 postcodes whose ward was blank; each row was fine
by itself. So a full load is compared with what is held: the share of the un-ended
records that it no longer has (`tp:maxDrop` on the shape), and for each field the share
of filled values that it would blank (`tp:maxBlanked`); both 0.2 unless the shape says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from trigpoint.gate import terms
from trigpoint.gate.distinct import fingerprint
from trigpoint.gate.survey import Survey
from trigpoint.gate.terms import Severity
from trigpoint.gate.violation import Violation
from trigpoint.schema.shape import Schema

# Below this many records held, a share says nothing.
_FEWEST = 20


@dataclass(frozen=True)
class Standing:
    """The un-ended records that a register holds: the fingerprints of their keys
    (UInt64, each once), and how many of them have a value in each field."""

    keys: pl.Series
    filled: Mapping[str, int]

    @staticmethod
    def of_entries(entries: Iterable[pl.DataFrame], schema: Schema) -> Standing:
        """From a register's entries in their order, in frames of `key` and `item` (its
        canonical text, null if it is withheld). The last one of a key is its record;
        ended and withheld records do not stand. Memory holds a few bytes an entry."""
        fields = [_has(name).alias(name) for name in schema.names]
        ended = pl.lit(value=False) if schema.end is None else _has(schema.end)
        stands = pl.col("item").is_not_null() & ~ended
        key = fingerprint(pl.col("key")).alias("_key")
        none = pl.DataFrame(schema={"key": pl.String, "item": pl.String})
        read = pl.concat(
            part.select(key, stands.alias("_stands"), *fields)
            for part in (none, *entries)
        )
        if read["_key"].n_unique() < len(read):
            read = read.unique("_key", keep="last", maintain_order=True)
        standing = read.filter("_stands")
        filled = standing.select(schema.names).sum().row(0, named=True)
        return Standing(standing["_key"], filled)


def _has(name: str) -> pl.Expr:
    """Whether an item has a member. In canonical JSON, without white space and with
    quotes in texts escaped, nothing else can look like its name."""
    there = pl.col("item").str.contains(f'"{name}":', literal=True)
    return there.fill_null(value=False)


def suspicious_drops(
    survey: Survey,
    schema: Schema,
    current: Standing,
    *,
    force: bool = False,
) -> Iterator[Violation]:
    """What a full load would lose of `current`. Forced, it is only a warning.

    The load has to hold the whole register: every row, and in each row every value.
    """
    severity: Severity = "warning" if force else "violation"
    held, rows = len(current.keys), len(survey.rows)
    if held < _FEWEST:
        return
    kept = int(current.keys.is_in(survey.keys.implode()).sum())
    lost = 1 - kept / held
    if lost > schema.max_drop:
        yield _drop(
            schema,
            None,
            severity,
            f"the release holds {kept} of {held} current records that have not "
            f"ended: {lost:.0%} are missing, expected at most {schema.max_drop:.0%}. "
            "Check that the file is whole, or force it",
        )
    for field in schema.fields:
        filled = current.filled.get(field.name, 0)
        if filled < _FEWEST or field.name == schema.end or not rows:
            continue
        before, after = filled / held, survey.filled.get(field.name, 0) / rows
        if after < before * (1 - schema.max_blanked):
            yield _drop(
                schema,
                field.name,
                severity,
                f"“{field.name}” is filled in {after:.0%} of the rows, and in "
                f"{before:.0%} of the current records: expected to lose at most "
                f"{schema.max_blanked:.0%} of that. Check the column, or force it",
            )


def _drop(
    schema: Schema, name: str | None, severity: Severity, message: str
) -> Violation:
    field = None if name is None else schema.field(name)
    return Violation(
        register=schema.register,
        row=None,
        key=None,
        field=name,
        value=None,
        path=None if field is None else field.path,
        component=terms.SUSPICIOUS_DROP,
        severity=severity,
        shape=schema.shape if field is None else field.shape,
        message=message,
    )
