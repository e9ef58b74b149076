"""Link targets: the distinct values of a load's link fields, and what became of each.

A value names a record (trigpoint.schema.rdf.link_target). It is there if its register
holds it or a row of the load itself brings it, and it is of the class of its register's
records (`sh:class`, SHACL section 4.1.1), or of one above that (rdfs:subClassOf).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import polars as pl

from trigpoint.schema.shape import Field, Schema

# Columns `key` and `end` (String; null for one not ended) of those of these keys that
# the register holds.
Held: TypeAlias = Callable[[str, pl.Series], pl.DataFrame]


@dataclass(frozen=True)
class Targets:
    """What the rows of one load link to.

    `values` has a frame for each link field that is a column: each `value` once, as the
    rows wrote it, `held` (its register has it), `own` (a row of the load has it as its
    key) and `end` (String, its end date, by the load if that brings it); for curies
    `register` and `key`, too. `classes` are pairs of rdfs:subClassOf, `registers` says
    the class of each register's records.
    """

    schema: Schema
    classes: Collection[tuple[str, str]]
    registers: Mapping[str, str]
    values: Mapping[str, pl.DataFrame]

    def unheld(self, field: Field, target_class: str) -> pl.Series:
        """The distinct values of a link field, as written, that name no instance of
        the class: nobody has the record, or it is of another class."""
        if field.name not in self.values:
            return pl.Series("value", [], pl.String)
        values = self.values[field.name]
        instances = self._fitting(values, field, target_class)
        return values.filter(~instances)["value"]

    def held_among(self, rows: pl.DataFrame) -> list[tuple[str, str, str]]:
        """Register, key and class of the records there are that these rows link to,
        each once."""
        found: set[tuple[str, str, str]] = set()
        for name, values in self.values.items():
            if name not in rows.columns:
                continue
            field = self.schema.field(name)
            named = values.filter(
                pl.col("held") | pl.col("own"),
                pl.col("value").is_in(distinct(rows, field).implode()),
            ).select(register_of(field), key_of(field), "held", "own")
            for register, key, held, own in named.iter_rows():
                usual = self.registers.get(register, field.target_class)
                if held and usual is not None:
                    found.add((register, key, usual))
                if own:
                    found.add((register, key, self.schema.target_class))
        return sorted(found)

    def ended(self, field: Field) -> pl.DataFrame:
        """The values of a link field that name a record with an end date: columns
        `value`, `register`, `key` and `end`."""
        if field.name not in self.values:
            return pl.DataFrame(
                schema=dict.fromkeys(("value", "register", "key", "end"), pl.String)
            )
        values = self.values[field.name].filter(
            pl.col("end").is_not_null(), pl.col("held") | pl.col("own")
        )
        return values.select("value", register_of(field), key_of(field), "end")

    @cached_property
    def brought(self) -> pl.Series:
        """The keys of records that the load's rows link to and only the load brings."""
        found = [
            values.filter(pl.col("own") & ~pl.col("held")).select(
                key_of(self.schema.field(name))
            )["key"]
            for name, values in self.values.items()
        ]
        return pl.concat([pl.Series("key", [], pl.String), *found]).unique()

    def _fitting(
        self, values: pl.DataFrame, field: Field, target_class: str
    ) -> pl.Expr:
        """Whether each value names an instance of the class."""
        fits = self._above(self.schema.target_class)
        own = pl.col("own") & (target_class in fits)
        registers = values.select(register_of(field).unique())["register"]
        fitting = [
            name
            for name in registers
            if target_class in self._above(self.registers.get(name, field.target_class))
        ]
        return own | (pl.col("held") & register_of(field).is_in(fitting))

    def _above(self, one: str | None) -> set[str]:
        """A class and all classes above it."""
        found: set[str] = set()
        waiting = [] if one is None else [one]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += [other for below, other in self.classes if below == name]
        return found


def register_of(field: Field) -> pl.Expr:
    """The register of each value of a frame of `Targets.values`."""
    if field.kind == "curie":
        return pl.col("register")
    return pl.lit(field.target or "").alias("register")


def key_of(field: Field) -> pl.Expr:
    """The key of each value of a frame of `Targets.values`."""
    return pl.col("key") if field.kind == "curie" else pl.col("value").alias("key")


def distinct(rows: pl.DataFrame, field: Field) -> pl.Series:
    """The values of a link field, each once."""
    column = rows[field.name]
    values = column.explode() if field.many else column
    return values.drop_nulls().unique()
