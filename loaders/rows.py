"""Rows in register form: a CSV or TSV whose columns are the fields of any register.

A cell of a field that takes many values separates them by `;`. A column that the
register does not declare is refused, whatever it holds.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from loaders.columns import present
from loaders.layout import ROW, Layout
from loaders.source import OGL, Given, Rows, Source
from trigpoint.errors import NoSuchRegister
from trigpoint.schema.shape import Schema

BETWEEN = ";"


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--register", required=True, help="the register to load into")
    parser.add_argument(
        "--partial",
        action="store_true",
        help="amend records that are there; empty cells leave them as they are",
    )


def layouts_of(
    options: argparse.Namespace, schemas: Mapping[str, Schema]
) -> tuple[Layout, ...]:
    """A CSV and a TSV with the register's key, and any of its other fields.

    Raises NoSuchRegister.
    """
    if options.register not in schemas:
        raise NoSuchRegister(
            f"there is no shape for a register called “{options.register}”: add "
            f"{options.register}.ttl to shapes/",
            register=options.register,
        )
    schema = schemas[options.register]
    others = tuple(name for name in schema.names if name != schema.key)
    comma = Layout(name="rows.csv", columns=(schema.key,), optional=others)
    return comma, replace(comma, name="rows.tsv", separator="\t")


def read(given: Given) -> list[Rows]:
    """The rows as they stand, cells with many values as lists."""
    schema = given.schemas[given.options.register]
    frames = [given.table(name) for name in ("rows.csv", "rows.tsv") if given.of(name)]
    frame = pl.concat(frames, how="diagonal")
    columns = [name for name in schema.names if name in frame.collect_schema()]
    cells = [
        _values(name) if schema.field(name).many else pl.col(name) for name in columns
    ]
    rows = frame.select(ROW, *cells)
    return [Rows(schema.register, rows, partial=given.options.partial)]


def _values(name: str) -> pl.Expr:
    values = pl.col(name).str.split(BETWEEN).list.eval(present(pl.element()))
    values = values.list.drop_nulls()
    return pl.when(values.list.len() > 0).then(values).alias(name)


SOURCE = Source(
    name="rows",
    title="Rows in register form, for any register (--register)",
    registers=(),
    licence=OGL,
    attribution="As the custodian of the register says.",
    landing_page="",
    read=read,
    add_options=add_options,
    layouts_of=layouts_of,
    whole=False,
)
