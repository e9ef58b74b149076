"""From a source's rows to entries: completed, compared, drafted.

A source speaks for the columns that it has. Fields of the register that are not among
them keep what the current record says, so two sources can each fill their part of one
register and neither undoes the other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import polars as pl

from trigpoint.errors import BadRelease
from trigpoint.log.drafts import Drafts
from trigpoint.log.reader import LogReader
from trigpoint.schema.items import item_hash, items_of
from trigpoint.schema.shape import Schema

ROW, LEFT_OUT, PROBLEM = "_row", "_left_out", "_problem"
_META = (ROW, LEFT_OUT, PROBLEM)
KEY, _HASH, _ITEM = "_key", "_hash", "_item"
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
    is refused. With `partial` only known keys may come, and nothing is blanked. Rows
    that are not the `whole` of a register drop nothing by being few.
    """

    register: str
    rows: pl.LazyFrame | pl.DataFrame
    partial: bool = False
    whole: bool = True


@dataclass
class Counts:
    """What a load did, or would do, to one register."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0
    left_out: dict[str, int] = field(default_factory=dict)


def collect(load: Load, schema: Schema) -> pl.DataFrame:
    """The rows in memory, typed; raises BadRelease for a column nobody declared."""
    frame = load.rows.lazy().collect()
    unknown = [name for name in frame.columns if name not in (*schema.names, *_META)]
    if unknown or schema.key not in frame.columns:
        wrong = (
            f"undeclared columns {', '.join(unknown)}" if unknown else "no key column"
        )
        raise BadRelease(
            f"{wrong}: {schema.register} has {', '.join(schema.names)}",
            file=load.register,
            field=unknown[0] if unknown else schema.key,
            do="rename the columns, or leave them out",
        )
    types = {
        name: pl.List(pl.String) if schema.field(name).many else pl.String
        for name in frame.columns
        if name not in _META
    }
    if ROW not in frame.columns:
        frame = frame.with_row_index(ROW, offset=1)
    for name in (LEFT_OUT, PROBLEM):
        if name not in frame.columns:
            types[name] = pl.String
            frame = frame.with_columns(pl.lit(None, pl.String).alias(name))
    return frame.cast(types)  # type: ignore[arg-type]  # polars wants its own Mapping


def left_out(frame: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, int]]:
    """The rows that are this register's business, and why others are not."""
    reasons = frame[LEFT_OUT].drop_nulls().value_counts(sort=True)
    return frame.filter(pl.col(LEFT_OUT).is_null()), dict(reasons.iter_rows())


def current_records(
    log: LogReader, register: str, keys: Iterable[str] | None = None
) -> pl.DataFrame:
    """Key, item hash and item text of each record that the log holds, or of those of
    `keys` that it does."""
    rows = log.current(register, keys)
    schema = {KEY: pl.String, _HASH: pl.Binary, _ITEM: pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def complete(
    frame: pl.DataFrame, current: pl.DataFrame, schema: Schema, *, partial: bool
) -> pl.DataFrame:
    """The rows as the records that they would become."""
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
    if not kept or current.is_empty():
        return frame
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
    frame: pl.DataFrame, schema: Schema, log: LogReader
) -> pl.DataFrame:
    """The rows, those refused that would bring back an item that is withheld."""
    hidden = {one.hash for one in log.withheld()} if log.withheld_count() else set()
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


def draft(
    frame: pl.DataFrame, current: pl.DataFrame, schema: Schema, timestamp: str
) -> tuple[Drafts, Counts]:
    """Entries for the rows that differ from the current records, in row order."""
    keys = frame[schema.key].to_list()
    items = items_of(frame, schema).to_list()
    hashes = [item_hash(text) for text in items]
    known = dict(zip(current[KEY], current[_HASH], strict=True))
    pairs = zip(keys, hashes, strict=True)
    new = [n for n, (key, digest) in enumerate(pairs) if known.get(key) != digest]
    drafts = Drafts(
        [timestamp] * len(new),
        [keys[n] for n in new],
        [items[n] for n in new],
        [hashes[n] for n in new],
    )
    changed = sum(key in known for key in drafts.keys)
    return drafts, Counts(
        added=len(new) - changed, changed=changed, unchanged=len(keys) - len(new)
    )
