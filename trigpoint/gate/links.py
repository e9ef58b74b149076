"""Links to records that had ended before the row needed them (`tp:holds`).

That is a rule across records, which SHACL's core cannot say. Whether a target is there
at all is the shape's to judge (`sh:class`), by what trigpoint.gate.survey found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import polars as pl

from trigpoint.gate import terms
from trigpoint.gate.checks import Check
from trigpoint.gate.dates import earlier, is_before
from trigpoint.gate.targets import Targets
from trigpoint.gate.violation import Violation
from trigpoint.schema.shape import Field, Schema

Target: TypeAlias = tuple[str, str]  # register and key
# Keys of the records that replaced one that ended.
Successors: TypeAlias = Callable[[str, str], Sequence[str]]


def link_checks(
    schema: Schema,
    targets: Targets,
    source_date: str,
    successors: Successors | None = None,
) -> list[Check]:
    """Links to records that had ended before the row's reference date, which is its own
    end date or, for a row that has not ended, `source_date` (a GDS date). Suspects are
    the rows that link to what had ended by `source_date`."""
    checks = []
    for field in schema.fields:
        if not field.holds:
            continue
        ended = {
            value: (register, key, end)
            for value, register, key, end in targets.ended(field).iter_rows()
            if is_before(end, source_date)
        }
        if ended:
            find = _EndedLinks(schema, field, ended, source_date, successors)
            name = f"“{field.name}” links to what held when the row did"
            checks.append(Check(name, _one_of(field, list(ended)), find))
    return checks


def _one_of(field: Field, values: list[str]) -> pl.Expr:
    """Whether a link field has one of these values."""
    among = pl.Series(values, dtype=pl.String).implode()
    if not field.many:
        return pl.col(field.name).is_in(among).fill_null(value=False)
    each = pl.element().is_in(among).fill_null(value=False)
    return pl.col(field.name).list.eval(each).list.any().fill_null(value=False)


@dataclass(frozen=True)
class _EndedLinks:
    """What is wrong with rows that link to records that had ended; `ended` says of
    values which record that is, by register and key, and when it ended."""

    schema: Schema
    field: Field
    ended: Mapping[str, tuple[str, str, str]]
    source_date: str
    successors: Successors | None

    def __call__(self, rows: pl.DataFrame) -> Iterator[Violation]:
        for row, key, value, own_end in self._values(rows).iter_rows():
            if value not in self.ended:
                continue
            register, target, end = self.ended[value]
            when = earlier(own_end, self.source_date)
            if is_before(end, when):
                yield Violation(
                    register=self.schema.register,
                    row=row,
                    key=key,
                    field=self.field.name,
                    value=value,
                    path=self.field.path,
                    component=terms.ENDED_LINK,
                    severity="violation",
                    shape=self.field.shape,
                    message=f"the record “{target}” of {register} ended on {end}, "
                    f"before {when}: {self._instead((register, target))}",
                )

    def _values(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Row number, key, value and own end date of each value of the field."""
        end = pl.lit(None, pl.String)
        if self.schema.end is not None and self.schema.end in rows.columns:
            end = pl.col(self.schema.end)
        values = rows.select(
            "_row",
            pl.col(self.schema.key).alias("key"),
            pl.col(self.field.name).alias("value"),
            end.alias("end"),
        )
        return values.explode("value") if self.field.many else values

    def _instead(self, target: Target) -> str:
        """What to link to instead of a record that ended."""
        after = self.successors(*target) if self.successors is not None else ()
        if after:
            return f"use what replaced it ({', '.join(after)})"
        return "link to the record that held then"
