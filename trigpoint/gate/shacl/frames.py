"""The SHACL side of the gate: a frame cut into batches, each judged by pySHACL."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import polars as pl

from trigpoint.gate.links import Target
from trigpoint.gate.shacl.batch import brief
from trigpoint.gate.shacl.whole import Judge, Row
from trigpoint.gate.violation import Violation
from trigpoint.schema.catalogue import Schemas
from trigpoint.schema.items import Item
from trigpoint.schema.rdf import link_target
from trigpoint.schema.shape import Schema

Progress = Callable[[int, int], None]  # rows judged, rows in all

BATCH = 2_000
# A boundary's WKT may be megabytes long: a batch ends at this many bytes of text, too.
_BATCH_BYTES = 16_000_000


def judge_frame(
    frame: pl.DataFrame,
    schema: Schema,
    schemas: Schemas,
    held: Mapping[Target, str | None],
    base: str,
    *,
    batch: int = BATCH,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Iterator[Violation]:
    """What the register's shape refuses in these rows.

    `frame` has `_row` and the schema's fields; rows without a key are passed over,
    since they name no node. `held` has the link targets that exist. There is one
    process, whatever `workers` says.
    """
    judge = Judge(brief(schema, schemas, base))
    rows = frame.select("_row", *(n for n in schema.names if n in frame.columns))
    rows = rows.drop_nulls(schema.key)
    done = 0
    for part in cut(rows, schema, batch):
        yield from judge.judge(rows_of(part, schema), _held_in(part, schema, held))
        done += len(part)
        if progress is not None:
            progress(done, len(rows))


def cut(rows: pl.DataFrame, schema: Schema, batch: int) -> Iterator[pl.DataFrame]:
    """Rows in batches of at most `batch`, none with the same key twice.

    Two rows with one key would be one node of the graph, and blamed for each other's
    values: the second goes into a later batch.
    """
    turn = pl.col(schema.key).cum_count().over(schema.key)
    for part in rows.with_columns(turn.alias("_turn")).partition_by(
        "_turn", maintain_order=True, include_key=False
    ):
        start, sizes = 0, _bytes(part)
        total = 0
        for i, size in enumerate(sizes):
            if i > start and (i - start == batch or total + size > _BATCH_BYTES):
                yield part.slice(start, i - start)
                start, total = i, 0
            total += size
        if start < len(part):
            yield part.slice(start)


def rows_of(frame: pl.DataFrame, schema: Schema) -> list[Row]:
    """Row numbers and items of a frame; absent and empty values left out."""
    names = [name for name in frame.columns if name in schema.by_name]
    return [
        (number, _item(dict(zip(names, values, strict=True))))
        for number, *values in frame.select("_row", *names).iter_rows()
    ]


def _item(values: dict[str, str | list[str | None] | None]) -> Item:
    item: Item = {}
    for name, value in values.items():
        if isinstance(value, list):
            present = [one for one in value if one is not None]
            if present:
                item[name] = present
        elif value is not None:
            item[name] = value
    return item


def _bytes(part: pl.DataFrame) -> pl.Series:
    """The length of each row's texts."""
    lengths = [
        column.str.len_bytes()
        if column.dtype == pl.String
        else column.list.join("").str.len_bytes()
        for column in part.iter_columns()
        if column.name != "_row"
    ]
    sizes = pl.select(pl.sum_horizontal(column.fill_null(0) for column in lengths))
    return sizes.to_series()


def _held_in(
    part: pl.DataFrame, schema: Schema, held: Mapping[Target, str | None]
) -> frozenset[Target]:
    """The targets that these rows link to and that exist."""
    found: set[Target] = set()
    for field in schema.fields:
        if field.is_link and field.name in part.columns:
            column = part[field.name]
            values = column.explode() if field.many else column
            wanted = {
                link_target(value, field) for value in values.drop_nulls().unique()
            }
            found |= wanted & held.keys()
    return frozenset(found)
