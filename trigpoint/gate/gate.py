"""The gate: one register's staged rows, judged by its shape and by our rules.

Nothing is changed and nothing is written. What comes back is one report; who loads
decides what to do with it.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator

import polars as pl

from trigpoint.gate import links, rules, terms
from trigpoint.gate.drop import Standing, suspicious_drops
from trigpoint.gate.links import Held, Successors
from trigpoint.gate.report import Report
from trigpoint.gate.shacl.frames import BATCH, Progress, judge_frame
from trigpoint.gate.violation import Violation
from trigpoint.schema.catalogue import Schemas
from trigpoint.schema.shape import Schema

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
    frame: pl.DataFrame | pl.LazyFrame,
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
    batch: int = BATCH,
    workers: int | None = None,
) -> Report:
    """Judge staged rows.

    `frame` has the register's fields (String, or List(String) where a field takes
    many values; null for absent), `_row` (its number in the source, as a person
    counts) and perhaps `_left_out` and `_problem` (reasons). Rows with `_left_out`
    are not looked at. A partial load has to be completed from the current records
    first: a row is judged as the record that it would become.

    `held` tells which link targets exist and when they ended; rows of `frame` itself
    count as held. `source_date` is the release's date, to which links of rows that
    have not ended must hold. `current`, for full loads, is what the register holds
    now: a release that loses far more than usual is refused, or with `force` warned
    of. Findings go into `report` when one is given, so that several registers can
    share it. Raises InvalidShape when pySHACL cannot work with the shape and
    TypeError when a column is not of the type above.
    """
    found = Report() if report is None else report
    rows = staged(frame, schema)
    targets = links.look_up(rows, schema, held)
    judged = judge_frame(
        rows,
        schema,
        schemas,
        targets.all,
        base,
        batch=batch,
        workers=workers,
        progress=progress,
    )
    found.extend(unrepeated(judged, rules.check_rows(rows, schema)))
    found.extend(rules.duplicate_keys(rows, schema))
    found.extend(links.ended_links(rows, schema, targets, str(source_date), successors))
    refused = found.rejected_rows(schema.register).to_list()
    found.extend(links.links_to_refused(rows, schema, targets, refused))
    if current is not None:
        found.extend(suspicious_drops(rows, schema, current, force=force))
    return found


def staged(frame: pl.DataFrame | pl.LazyFrame, schema: Schema) -> pl.DataFrame:
    """The rows to judge, in columns of the types that fields have.

    Raises TypeError for a column of another type, or when `_row` or the key is not
    there: a loader's mistake, not the data's.
    """
    rows = frame.collect() if isinstance(frame, pl.LazyFrame) else frame
    for needed in ("_row", schema.key):
        if needed not in rows.columns:
            raise TypeError(f"staged rows of {schema.register} need a column {needed}")
    if "_left_out" in rows.columns:
        rows = rows.filter(pl.col("_left_out").is_null()).drop("_left_out")
    types = {
        field.name: pl.List(pl.String) if field.many else pl.String
        for field in schema.fields
        if field.name in rows.columns
    }
    for name, kind in types.items():
        given = rows.schema[name]
        if given not in (kind, pl.Null):
            raise TypeError(
                f"column {name} of {schema.register} is {given}, not {kind}"
            )
    return rows.with_columns(pl.col(name).cast(kind) for name, kind in types.items())


def unrepeated(
    judged: Iterable[Violation], ruled: Iterable[Violation]
) -> Iterator[Violation]:
    """What the shape refuses, then what our rules add to it. Where both refuse one
    value for the same reason, the shape has said it."""
    said: set[tuple[int | None, str | None]] = set()
    for violation in judged:
        said.add((violation.row, violation.field))
        yield violation
    for violation in ruled:
        again = (violation.row, violation.field) in said
        if not (again and violation.component in _ALSO_BY_SHAPE):
            yield violation


def split(
    frame: pl.DataFrame | pl.LazyFrame, report: Report, register: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The staged rows of `register` that the report accepts, and those it refuses.

    Rows with `_left_out` are in neither.
    """
    rows = frame.collect() if isinstance(frame, pl.LazyFrame) else frame
    if "_left_out" in rows.columns:
        rows = rows.filter(pl.col("_left_out").is_null())
    if report.rejects_all(register):
        return rows.clear(), rows
    numbers = report.rejected_rows(register).cast(rows["_row"].dtype)
    refused = rows["_row"].is_in(numbers.implode())
    return rows.filter(~refused), rows.filter(refused)
