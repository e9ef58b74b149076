"""From a source's rows to staged rows: typed, completed, ready to be judged.

A source speaks for the columns that it has. Fields of the register that are not among
them keep what the current record says, so two sources can each fill their part of one
register and neither undoes the other. Rows pass in batches, each with the records of
its own keys: neither the release nor the register is ever in memory whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import polars as pl

from trigpoint.errors import BadRelease
from trigpoint.gate.staged import BATCH, Staged, StagedWriter
from trigpoint.log.reader import LogReader
from trigpoint.schema.items import item_hash, items_of
from trigpoint.schema.shape import Schema
from trigpoint.view import Progress, silent

ROW, LEFT_OUT, PROBLEM, REMARK = "_row", "_left_out", "_problem", "_remark"
_REASONS = (LEFT_OUT, PROBLEM, REMARK)
_META = (ROW, *_REASONS)
KEY, HASH, _ITEM = "_key", "_hash", "_item"
_NOTHING_LEFT = (
    "what the record said is withheld, so that there is nothing to amend: bring all "
    "of its fields"
)
_WITHHELD = "what this row says is withheld, and is not taken again"


@dataclass(frozen=True)
class Load:
    """Rows for one register.

    `rows` has columns named as the register's fields (String, or List(String) where a
    field takes many; null for absent), `_row` (number in the source) and perhaps
    `_left_out` and `_problem`, reasons why a row is none of the register's business or
    is refused, and `_remark`, what a reader did to it. With `partial` only known keys
    may come, and nothing is blanked. Rows that are not the `whole` of a register drop
    nothing by being few.
    """

    register: str
    rows: pl.LazyFrame | pl.DataFrame
    partial: bool = False
    whole: bool = True


@dataclass
class Counts:
    """What a load did, or would do, to one register; how many rows were left out and
    remarked on, by reason and remark, the most frequent first."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    remarks: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Stage:
    """Where rows are staged: beside a log, lazy ones in files of `folder`; without one
    all rows stay in memory. `batch` is how many are in hand at once."""

    log: LogReader
    folder: Path | None = None
    batch: int = BATCH

    def take(
        self, load: Load, schema: Schema, progress: Progress = silent
    ) -> tuple[Staged, Counts]:
        """Stage the rows of a load; of the counts, those left out and the remarks.

        Raises BadRelease for a column nobody declared, and when there is no key.
        """
        rows = typed(load, schema)
        total = len(load.rows) if isinstance(load.rows, pl.DataFrame) else None
        path = self.path() if total is None else None
        fit = _Fitting(self.log, schema, rows.collect_schema(), partial=load.partial)
        left_out, remarks, done = Counter[str](), Counter[str](), 0
        with StagedWriter(fit.columns, path, self.batch) as writer:
            for frame in self._frames(rows, streams=path is not None):
                left_out.update(frame[LEFT_OUT].drop_nulls())
                remarks.update(frame[REMARK].drop_nulls())
                writer.add(fit(frame))
                done += len(frame)
                progress(f"stage: {load.register}", done, total)
        counts = Counts(
            left_out=dict(left_out.most_common()), remarks=dict(remarks.most_common())
        )
        return writer.staged(), counts

    def path(self) -> Path | None:
        """A new file for rows, if they go to files."""
        return None if self.folder is None else self.folder / f"{uuid4()}.arrow"

    def _frames(self, rows: pl.LazyFrame, *, streams: bool) -> Iterator[pl.DataFrame]:
        frames = rows.collect_batches() if streams else [rows.collect()]
        for frame in frames:
            yield from frame.iter_slices(self.batch)


class _Fitting:
    """Makes the typed rows of a load, in `given` columns, those to be judged."""

    def __init__(
        self, log: LogReader, schema: Schema, given: pl.Schema, *, partial: bool
    ) -> None:
        self._log = log
        self._schema = schema
        self._partial = partial
        self._hidden = {one.hash for one in log.withheld()}
        amends = bool(set(schema.names) - set(given)) and log.size(schema.register) > 0
        self._looks = partial or amends
        self.columns = self(given.to_frame()).schema

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        rows = frame.filter(pl.col(LEFT_OUT).is_null()).drop(LEFT_OUT, REMARK)
        if self._looks:
            keys = rows[self._schema.key].drop_nulls()
            current = current_records(self._log, self._schema.register, keys)
            rows = complete(rows, current, self._schema, partial=self._partial)
        return refuse_withheld(rows, self._schema, self._hidden)


def typed(load: Load, schema: Schema) -> pl.LazyFrame:
    """The rows in columns of the types that fields have, numbered if they are not, with
    all of `_left_out`, `_problem` and `_remark`.

    Raises BadRelease for a column nobody declared, and when there is no key.
    """
    rows = load.rows.lazy()
    names = rows.collect_schema().names()
    unknown = [name for name in names if name not in (*schema.names, *_META)]
    if unknown or schema.key not in names:
        wrong = (
            f"undeclared columns {', '.join(unknown)}" if unknown else "no key column"
        )
        raise BadRelease(
            f"{wrong}: {schema.register} has {', '.join(schema.names)}",
            file=load.register,
            field=unknown[0] if unknown else schema.key,
            do="rename the columns, or leave them out",
        )
    if ROW not in names:
        rows = rows.with_row_index(ROW, offset=1)
    lacking = [name for name in _REASONS if name not in names]
    rows = rows.with_columns(pl.lit(None, pl.String).alias(name) for name in lacking)
    types: dict[str, type[pl.String] | pl.List] = {
        name: pl.List(pl.String) if schema.field(name).many else pl.String
        for name in names
        if name not in _META
    }
    types |= dict.fromkeys(_REASONS, pl.String)
    return rows.cast(types)  # type: ignore[arg-type]  # polars wants its own Mapping


def current_records(
    log: LogReader, register: str, keys: Iterable[str] | None = None
) -> pl.DataFrame:
    """Key, item hash and item text of each record that the log holds, or of those of
    `keys` that it does."""
    rows = log.current(register, keys)
    schema = {KEY: pl.String, HASH: pl.Binary, _ITEM: pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def complete(
    frame: pl.DataFrame, current: pl.DataFrame, schema: Schema, *, partial: bool
) -> pl.DataFrame:
    """The rows as the records that they would become; `current` has those records of
    their keys that there are."""
    if partial:
        unknown = pl.col(schema.key).is_in(current[KEY].implode()).not_()
        reason = pl.format(
            "{} holds no record of this key to amend", pl.lit(schema.register)
        )
        withheld = current.filter(pl.col(_ITEM).is_null())[KEY]
        nothing = pl.col(schema.key).is_in(withheld.implode())
        frame = frame.with_columns(
            pl.coalesce(
                PROBLEM,
                pl.when(unknown).then(reason),
                pl.when(nothing).then(pl.lit(_NOTHING_LEFT)),
            ).alias(PROBLEM)
        )
    names = [n for n in schema.names if partial or n not in frame.columns]
    kept = [n for n in names if n != schema.key]
    held = current.select(pl.col(KEY).alias(schema.key), *_stored(schema, kept))
    joined = frame.join(held, on=schema.key, how="left", maintain_order="left")
    columns = [
        pl.coalesce(name, f"_held_{name}").alias(name)
        if name in frame.columns
        else pl.col(f"_held_{name}").alias(name)
        for name in kept
    ]
    return joined.with_columns(columns).drop(f"_held_{name}" for name in kept)


def refuse_withheld(
    frame: pl.DataFrame, schema: Schema, hidden: Collection[bytes]
) -> pl.DataFrame:
    """The rows, those refused that would bring back an item that is withheld: one of
    these hashes."""
    if not hidden:
        return frame
    again = [item_hash(text) in hidden for text in items_of(frame, schema).to_list()]
    refused = pl.when(pl.Series(again, dtype=pl.Boolean)).then(pl.lit(_WITHHELD))
    return frame.with_columns(pl.coalesce(PROBLEM, refused).alias(PROBLEM))


def to_keep(rejected: pl.DataFrame) -> pl.DataFrame:
    """Refused rows that may be written down for somebody to mend: not what is
    withheld."""
    return rejected.filter(pl.col(PROBLEM).ne_missing(_WITHHELD))


def _stored(schema: Schema, names: list[str]) -> list[pl.Expr]:
    """Fields of the current items, as columns `_held_{name}`."""
    types = {
        name: pl.List(pl.String) if schema.field(name).many else pl.String()
        for name in names
    }
    decoded = pl.col(_ITEM).str.json_decode(pl.Struct(types))
    return [decoded.struct.field(name).alias(f"_held_{name}") for name in names]
