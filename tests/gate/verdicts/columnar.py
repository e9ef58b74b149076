"""What the columnar gate says of rows by their shape, and where pySHACL says else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from tests.gate.verdicts.plain import (
    BATCH,
    HeldKeys,
    Verdict,
    gate_verdict,
    it_dies_of,
    items_of,
    plain_verdicts,
)
from trigpoint.gate.checks import run
from trigpoint.gate.shacl.batch import Brief
from trigpoint.gate.shacl.compiler import compile_shape
from trigpoint.gate.shacl.judge import Judge
from trigpoint.gate.staged import Staged
from trigpoint.gate.survey import survey
from trigpoint.gate.targets import Held
from trigpoint.gate.violation import Violation

_SHOWN = 12


@dataclass(frozen=True)
class Compared:
    """The verdicts of both on the same rows, those left out of which pySHACL dies."""

    known: Brief
    rows: pl.DataFrame
    plain: set[Verdict]
    gate: set[Verdict]
    dead: set[int]

    def told(self) -> str:
        """Where they differ, for people; empty when nowhere."""
        missing, added = self.plain - self.gate, self.gate - self.plain
        return "\n".join(
            [*self._told("pySHACL", missing), *self._told("the gate", added)]
        )

    def _told(self, who: str, verdicts: set[Verdict]) -> Iterable[str]:
        items = dict(items_of(self.rows, self.known.schema))
        for one in sorted(verdicts, key=repr)[:_SHOWN]:
            item = items[one.row]
            written = {
                field.name: item[field.name]
                for field in self.known.schema.fields
                if field.name in item and one.path in (field.path, None)
            }
            yield (
                f"only {who}: row {one.row} {one.component.rpartition('#')[2]} "
                f"{one.severity}, path {one.path}, value {one.value!r:.200}; "
                f"key {item[self.known.schema.key]!r:.60} wrote {written!r:.300}"
            )


def compared(known: Brief, rows: pl.DataFrame, held: HeldKeys) -> Compared:
    """Judge rows by both."""
    dead = it_dies_of(known, rows)
    is_dead = pl.col("_row").is_in(sorted(dead))
    own, key = known.schema.register, known.schema.key
    # Others may link to a row of which it dies.
    left_out = dict.fromkeys(rows.filter(is_dead)[key].drop_nulls())
    there = {**held, own: {**held.get(own, {}), **left_out}}
    said = plain_verdicts(known, rows.filter(~is_dead), there)
    found = columnar_verdicts(known, rows, held)
    return Compared(known, rows, said, {v for v in found if v.row not in dead}, dead)


def columnar_verdicts(
    known: Brief, rows: pl.DataFrame, held: HeldKeys, batch: int = BATCH
) -> set[Verdict]:
    """What the gate says of these rows, cut into batches of `batch`."""
    items = dict(items_of(rows, known.schema))
    return {
        gate_verdict(known, one, items[one.row])
        for one in findings(known, rows, held, batch)
        if one.row is not None
    }


def findings(
    known: Brief, rows: pl.DataFrame, held: HeldKeys, batch: int = BATCH
) -> list[Violation]:
    """What the gate's compiled checks find, as it reports it."""
    staged = Staged(rows, batch)
    targets = survey(staged, known, held_of(held)).targets
    checks = compile_shape(known).checks(targets, Judge(known), rows.columns)
    return [one for part in staged.batches() for one in run(part, checks)]


def held_of(keys: HeldKeys) -> Held:
    """What is held, in the form in which the gate asks for it."""

    def held(register: str, wanted: pl.Series) -> pl.DataFrame:
        known = keys.get(register, {})
        found = {key: known[key] for key in wanted if key in known}
        columns = {"key": list(found), "end": list(found.values())}
        return pl.DataFrame(columns, schema={"key": pl.String, "end": pl.String})

    return held
