"""The SHACL side of the gate: a frame cut into batches, each judged by pySHACL.

Large frames are shared out to worker processes, which read the shape once; results
come back in the order of the batches.
"""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import chain
from multiprocessing import get_context, parent_process

import polars as pl

from trigpoint.gate.links import Target
from trigpoint.gate.shacl.batch import Brief, Row, brief
from trigpoint.gate.shacl.judge import Judge
from trigpoint.gate.violation import Violation
from trigpoint.schema.catalogue import Schemas
from trigpoint.schema.items import Item
from trigpoint.schema.rdf import link_target
from trigpoint.schema.shape import Schema

Progress = Callable[[int, int], None]  # rows judged, rows in all

BATCH = 2_000
# A boundary's WKT may be megabytes long: a batch ends at this many bytes of text, too.
_BATCH_BYTES = 16_000_000
# A worker needs a second or two to start; below this a load is done before it pays.
_ROWS_FOR_WORKERS = 50_000
_WORKERS = 2

_LOGGER = logging.getLogger(__name__)

_Batch = tuple[pl.DataFrame, frozenset[Target]]


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
    since they name no node. `held` has the link targets that exist. With more than
    one worker (the default for large frames) the caller's main module must be
    importable, as multiprocessing's start method `spawn` requires.
    """
    known = brief(schema, schemas, base)
    rows = frame.select("_row", *(n for n in schema.names if n in frame.columns))
    rows = rows.drop_nulls(schema.key)
    batches = (
        (part, _held_in(part, schema, held)) for part in cut(rows, schema, batch)
    )
    count = _workers(len(rows)) if workers is None else workers
    done = 0
    judged = _in_workers(known, batches, count) if count > 1 else _here(known, batches)
    for size, violations in judged:
        yield from violations
        done += size
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


def _here(
    known: Brief, batches: Iterable[_Batch]
) -> Iterator[tuple[int, list[Violation]]]:
    judge = Judge(known)
    for part, held in batches:
        yield len(part), judge.judge(rows_of(part, known.schema), held)


def _workers(rows: int) -> int:
    if rows < _ROWS_FOR_WORKERS:
        return 1
    return min(_WORKERS, os.cpu_count() or 1)


def _in_workers(
    known: Brief, batches: Iterator[_Batch], count: int
) -> Iterator[tuple[int, list[Violation]]]:
    """Batches judged side by side, a few in flight, results in their order.

    Should a worker die (its memory taken, say), the rest is judged in this process.
    """
    pending: deque[_Batch] = deque()
    futures: deque[Future[list[Violation]]] = deque()
    with ProcessPoolExecutor(
        count, mp_context=get_context("spawn"), initializer=_start, initargs=(known,)
    ) as pool:
        try:
            for batch in batches:
                pending.append(batch)
                futures.append(pool.submit(_work, *batch))
                if len(pending) > 2 * count:
                    found = futures.popleft().result()
                    yield len(pending.popleft()[0]), found
            while pending:
                found = futures.popleft().result()
                yield len(pending.popleft()[0]), found
        except BrokenProcessPool:
            _LOGGER.warning("a worker of the gate died: going on in one process")
    yield from _here(known, chain(pending, batches))


# A worker process judges for one register only; its judge is set when it starts.
_judge: Judge | None = None
_schema: Schema | None = None


def _start(known: Brief) -> None:
    global _judge, _schema
    _judge, _schema = Judge(known), known.schema
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A worker waits for batches for ever if the loader is killed; so it watches."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(part: pl.DataFrame, held: frozenset[Target]) -> list[Violation]:
    if _judge is None or _schema is None:
        raise RuntimeError("a worker was given rows before its shape")
    return _judge.judge(rows_of(part, _schema), held)
