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
from trigpoint.gate.terms import Severity
from trigpoint.gate.violation import Violation
from trigpoint.schema.shape import Schema

# Below this many records held, a share says nothing.
_FEWEST = 20


@dataclass(frozen=True)
class Standing:
    """The un-ended records that a register holds: their keys, and how many of them
    have a value in each field."""

    keys: pl.Series
    filled: Mapping[str, int]

    @staticmethod
    def of_frame(frame: pl.DataFrame, schema: Schema) -> Standing:
        """From current records in the register's columns, ended ones among them."""
        if schema.end is not None and schema.end in frame.columns:
            frame = frame.filter(pl.col(schema.end).is_null())
        names = [name for name in schema.names if name in frame.columns]
        counts = frame.select(pl.col(names).count()).row(0, named=True)
        return Standing(frame[schema.key], counts)

    @staticmethod
    def of_items(
        items: Iterable[Mapping[str, str | list[str]]], schema: Schema
    ) -> Standing:
        """From the items of current records, ended ones among them."""
        keys: list[str | list[str]] = []
        filled = dict.fromkeys(schema.names, 0)
        for item in items:
            if schema.end is None or schema.end not in item:
                keys.append(item[schema.key])
                for name in item:
                    filled[name] = filled.get(name, 0) + 1
        return Standing(pl.Series(schema.key, keys, pl.String), filled)


def suspicious_drops(
    frame: pl.DataFrame, schema: Schema, current: Standing, *, force: bool = False
) -> Iterator[Violation]:
    """What a full load would lose of `current`. Forced, it is only a warning.

    The load has to hold the whole register: every row, and in each row every value.
    """
    severity: Severity = "warning" if force else "violation"
    if len(current.keys) < _FEWEST:
        return
    held = current.keys.unique()
    kept = int(held.is_in(frame[schema.key].drop_nulls().implode()).sum())
    lost = 1 - kept / len(held)
    if lost > schema.max_drop:
        yield _drop(
            schema,
            None,
            severity,
            f"the release holds {kept} of {len(held)} current records that have not "
            f"ended: {lost:.0%} are missing, expected at most {schema.max_drop:.0%}. "
            "Check that the file is whole, or force it",
        )
    for field in schema.fields:
        filled = current.filled.get(field.name, 0)
        if filled < _FEWEST or field.name == schema.end or not len(frame):
            continue
        before = filled / len(held)
        after = frame[field.name].count() / len(frame) if field.name in frame else 0.0
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
