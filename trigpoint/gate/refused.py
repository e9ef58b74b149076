"""Links to rows of the same load that are refused.

Accepting the rows that link to them would leave links that lead nowhere, so these are
refused as well, and those that link to these, to the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trigpoint.gate import terms
from trigpoint.gate.staged import Staged
from trigpoint.gate.survey import values_of, wide
from trigpoint.gate.targets import Targets
from trigpoint.gate.violation import Violation
from trigpoint.schema.rdf import link_target
from trigpoint.schema.shape import Field, Schema

_Numbers = NDArray[np.int64]


def links_to_refused(
    rows: Staged, schema: Schema, targets: Targets, refused: pl.Series
) -> Iterator[Violation]:
    """Rows that link to a row that only this load brings and that is refused.

    `refused` are row numbers. The rows are not read unless some are refused and rows
    of the load link to each other; their links are not followed unless one leads to a
    refused row.
    """
    fields = [
        field
        for field in schema.fields
        if field.name in targets.values
        and (field.kind == "curie" or field.target == schema.register)
    ]
    if refused.is_empty() or targets.brought.is_empty():
        return
    if not _any_link(rows, schema, fields, _keys_of(rows, schema, refused)):
        return
    graph = _read(rows, schema, fields, targets.brought)
    lost = graph.walk(refused)
    for part in wide(rows, ["_row", schema.key, *(f.name for f in fields)]):
        for found in part.join(lost, on="_row").iter_rows(named=True):
            field = fields[found["_field"]]
            written, target = found[field.name], (schema.register, found["_target"])
            for value in written if field.many else [written]:
                if value is not None and link_target(value, field) == target:
                    yield _violation(schema, field, found["_row"], found, value)
                    break


@dataclass(frozen=True)
class _Graph:
    """Links of a load's rows to rows of it that are new. `nodes` says which row (or
    rows) brings each key, `links` which rows link to it, by which field; both as
    columns `_row`, `_id` (of the key in `keys`) and, of links, `_field`."""

    keys: pl.Series
    nodes: pl.DataFrame
    links: pl.DataFrame

    def walk(self, refused: pl.Series) -> pl.DataFrame:
        """The rows that are lost because rows that they link to are, each with the
        first such link: columns `_row`, `_field` and `_target`, a key."""
        rows, key_of = self._rows()
        links = self.links.sort("_id")
        to, by = _numbers(links["_id"]), np.searchsorted(rows, _numbers(links["_row"]))
        bounds = np.searchsorted(to, np.arange(len(self.keys) + 1))
        left = np.bincount(_numbers(self.nodes["_id"]), minlength=len(self.keys))
        cause = np.full(len(rows), -1)
        lost = np.isin(rows, _numbers(refused))
        newly = np.flatnonzero(lost)
        while len(newly):
            keys = key_of[newly]
            keys = keys[keys >= 0]
            np.subtract.at(left, keys, 1)
            # A key that other rows bring, too, is lost with the last of them.
            gone = np.unique(keys[left[keys] == 0])
            found = _spans(bounds[gone], bounds[gone + 1])
            found = found[~lost[by[found]]]
            newly, first = np.unique(by[found], return_index=True)
            cause[newly] = found[first]
            lost[newly] = True
        chosen = links[cause[cause >= 0]]
        targets = self.keys.gather(chosen["_id"]).alias("_target")
        return chosen.select("_row", "_field").with_columns(targets)

    def _rows(self) -> tuple[_Numbers, _Numbers]:
        """The numbers of all rows concerned, sorted, and the id of each one's key, -1
        where nothing links to it."""
        brings, bringing = _numbers(self.nodes["_row"]), _numbers(self.nodes["_id"])
        rows = np.unique(np.concatenate([brings, _numbers(self.links["_row"])]))
        key_of = np.full(len(rows), -1)
        key_of[np.searchsorted(rows, brings)] = bringing
        return rows, key_of


def _numbers(column: pl.Series) -> _Numbers:
    numbers: _Numbers = column.cast(pl.Int64).to_numpy()
    return numbers


def _spans(starts: _Numbers, stops: _Numbers) -> _Numbers:
    """All numbers of these half-open spans, one span after the other."""
    sizes = stops - starts
    before = np.cumsum(sizes) - sizes
    spans: _Numbers = np.arange(sizes.sum()) + np.repeat(starts - before, sizes)
    return spans


def _keys_of(rows: Staged, schema: Schema, refused: pl.Series) -> pl.Series:
    """The keys of the refused rows."""
    key = pl.col(schema.key)
    found = [
        part.filter(pl.col("_row").is_in(refused.implode()), key.is_not_null())
        for part in wide(rows, ["_row", schema.key])
    ]
    return pl.concat(found)[schema.key].unique()


def _any_link(
    rows: Staged, schema: Schema, fields: list[Field], keys: pl.Series
) -> bool:
    """Whether any row links to one of these keys of the register."""
    for part in wide(rows, [field.name for field in fields]):
        for field in fields:
            named = _keys_named(values_of(part[field.name], field), schema, field)
            if named.is_in(keys.implode()).any():
                return True
    return False


def _keys_named(values: pl.Series, schema: Schema, field: Field) -> pl.Series:
    """The keys of the register that values of a link field name; null for those that
    name a record of another."""
    if field.kind != "curie":
        return values
    prefix = f"{schema.register}:"
    ours = pl.when(values.str.starts_with(prefix)).then(values.str.strip_prefix(prefix))
    return pl.select(ours).to_series()


def _read(
    rows: Staged, schema: Schema, fields: list[Field], brought: pl.Series
) -> _Graph:
    ids = brought.alias("_key").to_frame().with_row_index("_id")
    nodes, links = [], []
    for part in wide(rows, ["_row", schema.key, *(f.name for f in fields)]):
        own = part.select("_row", pl.col(schema.key).alias("_key"))
        nodes.append(own.join(ids, on="_key").select("_row", "_id"))
        for number, field in enumerate(fields):
            values = part.select("_row", field.name)
            if field.many:
                values = values.explode(field.name)
            keys = _keys_named(values[field.name], schema, field).alias("_key")
            link = values.select("_row", keys).join(ids, on="_key")
            links.append(
                link.select("_row", "_id", pl.lit(number, pl.UInt8).alias("_field"))
            )
    return _Graph(brought, pl.concat(nodes), pl.concat(links))


def _violation(
    schema: Schema, field: Field, row: int, found: dict[str, str | None], value: str
) -> Violation:
    return Violation(
        register=schema.register,
        row=row,
        key=found[schema.key],
        field=field.name,
        value=value,
        path=field.path,
        component=terms.LINK_TO_REFUSED,
        severity="violation",
        shape=field.shape,
        message=f"the row of “{value}”, to which this one links, is refused",
    )
