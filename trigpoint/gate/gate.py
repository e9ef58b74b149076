"""The gate: one register's staged rows, judged by its shape and by our rules.

Nothing is changed and nothing is written. What comes back is one report; who loads
decides what to do with it. Rows pass twice, in batches: once to see their keys and what
they link to, once to be judged.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Sequence
from weakref import WeakKeyDictionary

import polars as pl

from trigpoint.gate import rules, terms
from trigpoint.gate.checks import Check, run
from trigpoint.gate.drop import Standing, suspicious_drops
from trigpoint.gate.links import Successors, link_checks
from trigpoint.gate.refused import links_to_refused
from trigpoint.gate.report import Report
from trigpoint.gate.shacl.batch import brief
from trigpoint.gate.shacl.compiler import Compiled, compile_shape
from trigpoint.gate.shacl.judge import Judge
from trigpoint.gate.staged import Staged
from trigpoint.gate.survey import survey
from trigpoint.gate.targets import Held, Targets
from trigpoint.gate.violation import Violation
from trigpoint.schema.catalogue import Schemas
from trigpoint.schema.shape import Schema

Progress = Callable[[int, int], None]  # rows judged, rows in all

# Rows of a frame, which is in memory as a whole: fewer and larger batches are faster.
_BATCH = 250_000
# Beside the catalogue that they are made of, for as long as that lives.
_COMPILED: WeakKeyDictionary[Schemas, dict[tuple[Schema, str], Compiled]] = (
    WeakKeyDictionary()
)
_ALSO_BY_SHAPE = {
    terms.EMPTY_VALUE,
    terms.ENTITY_MISMATCH,
    terms.INVALID_DATE,
    terms.INVALID_GEOMETRY,
    terms.NOT_CANONICAL_KEY,
    terms.NOT_CANONICAL_VALUE,
    *terms.INVALID_IDENTIFIER.values(),
}


def check(
    rows: pl.DataFrame | Staged,
    schema: Schema,
    schemas: Schemas,
    *,
    held: Held,
    source_date: str | datetime.date,
    base: str,
    progress: Progress | None = None,
    current: Standing | None = None,
    force: bool = False,
    successors: Successors | None = None,
    report: Report | None = None,
) -> Report:
    """Judge staged rows (see `Staged`). A partial load has to be completed from the
    current records first: a row is judged as the record that it would become.

    `held` tells which link targets exist and when they ended; rows of the load itself
    count as held. `source_date` is the release's date, to which links of rows that
    have not ended must hold. `current`, for full loads, is what the register holds
    now: a release that loses far more than usual is refused, or with `force` warned
    of. Findings go into `report` when one is given, so that several registers can
    share it. Raises InvalidShape when pySHACL cannot work with the shape and
    TypeError when a column is not of the type that its field has.
    """
    found = Report() if report is None else report
    load = rows if isinstance(rows, Staged) else Staged(rows, _BATCH)
    require_columns(load, schema)
    shape = compiled(schema, schemas, base)
    seen = survey(load, shape.known, held)
    checks = [
        *checks_of(shape, seen.targets, load),
        *link_checks(schema, seen.targets, str(source_date), successors),
    ]
    found.extend(rules.empty_columns(load, schema))
    found.extend(judged(load, schema, checks, progress))
    found.extend(seen.duplicate_keys())
    refused = found.rejected_rows(schema.register)
    found.extend(links_to_refused(load, schema, seen.targets, refused))
    if current is not None:
        found.extend(suspicious_drops(seen, schema, current, force=force))
    return found


def require_columns(rows: Staged, schema: Schema) -> None:
    """Raises TypeError for a column that is not of its field's type, or when `_row` or
    the key is not there: a loader's mistake, not the data's."""
    there = rows.columns
    for needed in ("_row", schema.key):
        if needed not in there:
            raise TypeError(f"staged rows of {schema.register} need a column {needed}")
    for field in schema.fields:
        kind = pl.List(pl.String) if field.many else pl.String()
        if there.get(field.name, kind) != kind:
            raise TypeError(
                f"column {field.name} of {schema.register} is {there[field.name]}, "
                f"not {kind}"
            )


def compiled(schema: Schema, schemas: Schemas, base: str) -> Compiled:
    """The shape of a register of the catalogue, compiled once."""
    made = _COMPILED.setdefault(schemas, {})
    if (schema, base) not in made:
        made[schema, base] = compile_shape(brief(schema, schemas, base))
    return made[schema, base]


def checks_of(shape: Compiled, targets: Targets, rows: Staged) -> list[Check]:
    """What the shape asks of these rows, then what our rules add to it."""
    return [
        *shape.checks(targets, Judge(shape.known), rows.columns),
        *rules.checks(shape.known.schema, rows.columns, targets),
    ]


def judged(
    rows: Staged,
    schema: Schema,
    checks: Sequence[Check],
    progress: Progress | None = None,
) -> Iterator[Violation]:
    """What the checks find, batch by batch in the order of rows and fields. Where the
    shape and a rule refuse one value for the same reason, the shape has said it."""
    order = {name: place for place, name in enumerate(schema.names)}
    done, total = 0, len(rows)
    for batch in rows.batches():
        found = list(run(batch, checks))
        said = {(v.row, v.field) for v in found if v.component.startswith(terms.SH)}
        new = [
            v
            for v in found
            if v.component not in _ALSO_BY_SHAPE or (v.row, v.field) not in said
        ]
        yield from sorted(
            new, key=lambda v: (v.row or 0, order.get(v.field or "", -1), v.component)
        )
        done += len(batch)
        if progress is not None:
            progress(done, total)


def split(
    frame: pl.DataFrame, report: Report, register: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The staged rows of `register` that the report accepts, and those it refuses."""
    if report.rejects_all(register):
        return frame.clear(), frame
    refused = report.rejects(register, frame["_row"])
    return frame.filter(~refused), frame.filter(refused)
