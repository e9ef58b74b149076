"""Rows for the two small registers in shapes/site.ttl, and what is held beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from trigpoint.gate import Held, Report
from trigpoint.schema.shape import Schema

HERE = Path(__file__).parent
BASE = "https://register.example"
SOURCE_DATE = "2020-06-01"
OWNERS: dict[str, str | None] = {
    "A1": None,
    "B 2": None,
    "old": "2015",
    "late": "2020-06-01",
}

Values = str | list[str | None] | None
Row = Mapping[str, Values]
Check = Callable[..., Report]


def holding(registers: Mapping[str, Mapping[str, str | None]]) -> Held:
    """What these registers hold: keys and their ends."""

    def held(register: str, keys: pl.Series) -> pl.DataFrame:
        assert keys.n_unique() == len(keys)
        ends = registers.get(register, {})
        there = [(key, ends[key]) for key in keys if key in ends]
        return pl.DataFrame(
            there, schema={"key": pl.String, "end": pl.String}, orient="row"
        )

    return held


# What the registers hold beside the load: the owners, and one site.
held = holding({"owner": OWNERS, "site": {"900": None}})


def staged_frame(schema: Schema, rows: list[Row]) -> pl.DataFrame:
    """Rows as a loader stages them: numbered from 2, columns of the field's type."""
    columns: dict[str, pl.Series] = {
        "_row": pl.Series(range(2, len(rows) + 2), dtype=pl.UInt32)
    }
    names = {name for row in rows for name in row} | {schema.key}
    for name in sorted(names):
        field = schema.by_name.get(name)
        kind: Any = (
            pl.List(pl.String) if field is not None and field.many else pl.String
        )
        columns[name] = pl.Series([row.get(name) for row in rows], dtype=kind)
    return pl.DataFrame(columns)


def site(key: str = "7", **values: Values) -> Row:
    """A row that the shape accepts, but for the values given; `_` stands for `-`."""
    row: dict[str, Values] = {
        "site": key,
        "name": "Castle",
        "name-cy": "Castell",
        "size": "12",
        "open": "true",
        "grade": "II*",
        "website": "https://example.org/castle",
        "tags": ["old", "stone"],
        "owner": "A1",
        "authority": "owner:A1",
        "point": "[-3.18,51.48]",
        "start-date": "1905",
    }
    row |= {name.replace("_", "-"): value for name, value in values.items()}
    return row


def places(report: Report) -> list[tuple[int | None, str | None, str]]:
    """Row, field and component of each finding."""
    return [(one.row, one.field, one.component) for one in report.violations]
