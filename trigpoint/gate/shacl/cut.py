"""Rows cut into batches that pySHACL judges one at a time.

A batch is bounded in rows and in bytes of text: a boundary's WKT may be megabytes.
Rows that are not judged by their likes are nodes by their keys. No two in a batch have
the same key, or they would be one node and blamed for each other's values; and none
links to another, or what is said of a record would depend on its batch.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import polars as pl

from trigpoint.schema.rdf import link_target
from trigpoint.schema.shape import Schema

ROWS = 2_000
BYTES = 16_000_000


def alike(frame: pl.DataFrame) -> pl.DataFrame:
    """Each combination of values once, with `_rows` and `_keys` of all that have it.

    `frame` has `_row`, `_key` and fields; `_key` of what is given is that of the first.
    """
    names = [name for name in frame.columns if name not in ("_row", "_key")]
    gathered = (pl.col("_row").alias("_rows"), pl.col("_key").alias("_keys"))
    if names:
        groups = frame.group_by(names, maintain_order=True).agg(gathered)
    else:
        groups = frame.select(column.implode() for column in gathered)
    return groups.with_columns(pl.col("_keys").list.first().alias("_key"))


def single(frame: pl.DataFrame) -> pl.DataFrame:
    """Each row by itself, in the columns of `alike`."""
    return frame.select(
        pl.exclude("_row"),
        pl.concat_list("_row").alias("_rows"),
        pl.concat_list("_key").alias("_keys"),
    )


def apart(frame: pl.DataFrame, schema: Schema) -> Iterator[pl.DataFrame]:
    """The rows in as few frames as it takes for no two of one frame to have the same
    key, or one to link to the other."""
    links = [
        field
        for name in frame.columns
        if (field := schema.by_name.get(name)) is not None
        and (field.target == schema.register or field.kind == "curie")
    ]
    columns = [frame[field.name].to_list() for field in links]
    linked: list[set[str]] = [set() for _ in range(len(frame))]
    for field, column in zip(links, columns, strict=True):
        for i, value in enumerate(column):
            for one in [value] if isinstance(value, str) else value or ():
                register, key = link_target(one or "", field)
                if register == schema.register:
                    linked[i].add(key)
    turns = pl.Series("_turn", _turns(frame["_key"].to_list(), linked), pl.UInt32)
    yield from frame.with_columns(turns).partition_by(
        "_turn", maintain_order=True, include_key=False
    )


def _turns(keys: list[str], linked: list[set[str]]) -> Iterator[int]:
    """For each row the first turn in which it is by itself."""
    turns: list[tuple[set[str], set[str]]] = []  # keys, and what they link to
    next_turn: dict[str, int] = {}
    for key, targets in zip(keys, linked, strict=True):
        others = targets - {key}
        turn = next_turn.get(key, 0)
        while turn < len(turns) and not _fits(key, others, *turns[turn]):
            turn += 1
        if turn == len(turns):
            turns.append((set(), set()))
        turns[turn][0].add(key)
        turns[turn][1].update(others)
        next_turn[key] = turn + 1
        yield turn


def _fits(
    key: str, others: set[str], keys: Collection[str], linked: Collection[str]
) -> bool:
    return key not in linked and others.isdisjoint(keys)


def cut(frame: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """The rows in batches of at most ROWS, and of BYTES of text unless one row has
    more."""
    start = total = 0
    for i, size in enumerate(_sizes(frame)):
        if i > start and (i - start == ROWS or total + size > BYTES):
            yield frame.slice(start, i - start)
            start, total = i, 0
        total += size
    if start < len(frame):
        yield frame.slice(start)


def _sizes(frame: pl.DataFrame) -> pl.Series:
    """The bytes of text in each row."""
    texts = [pl.col("_key").str.len_bytes()]
    for name, kind in frame.schema.items():
        if name not in ("_key", "_rows", "_keys"):
            text = pl.col(name) if kind == pl.String else pl.col(name).list.join("")
            texts.append(text.str.len_bytes().fill_null(0))
    return frame.select(pl.sum_horizontal(texts).alias("size"))["size"]
