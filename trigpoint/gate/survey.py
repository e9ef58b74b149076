"""The survey of a load: what cannot be said of a batch of rows by itself.

One pass over the key and the links, before rows are judged: which keys come twice,
which records the rows link to and what became of those, how many values each field has.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property

import polars as pl

from trigpoint.errors import InvalidShape
from trigpoint.gate import terms
from trigpoint.gate.distinct import Distinct, fingerprint
from trigpoint.gate.shacl.batch import Brief
from trigpoint.gate.staged import Staged
from trigpoint.gate.targets import Held, Targets
from trigpoint.gate.violation import Violation
from trigpoint.schema.shape import Field, Schema, check_name

# Rows of a pass: few columns are read, and a table of what is known is made each time.
_BATCH = 1_000_000
_ANSWER = {"key": pl.String, "end": pl.String}
_ANSWERS = {"register": pl.String, **_ANSWER}
_OWN = {"key": pl.String, "own_end": pl.String}


@dataclass(frozen=True)
class Survey:
    """What a load's rows are together. `keys` are the fingerprints of its keys, sorted;
    rows without a key are left out."""

    rows: Staged
    schema: Schema
    targets: Targets
    keys: pl.Series

    @cached_property
    def filled(self) -> Mapping[str, int]:
        """In how many rows each of the schema's fields has a value."""
        names = [name for name in self.schema.names if name in self.rows.columns]
        counts = Counter(dict.fromkeys(names, 0))
        for part in self.rows.batches(names):
            absent = part.null_count().row(0, named=True)
            counts.update({name: len(part) - absent[name] for name in names})
        return counts

    def duplicate_keys(self) -> Iterator[Violation]:
        """Every row whose key another row of the load has, too."""
        doubled = self.keys.filter(self.keys == self.keys.shift()).unique()
        if doubled.is_empty():
            return
        key = pl.col(self.schema.key)
        suspects = pl.concat(
            part.filter(key.is_not_null(), fingerprint(key).is_in(doubled.implode()))
            for part in wide(self.rows, ["_row", self.schema.key])
        )
        # Two keys may share a fingerprint: only the same text is the same key.
        groups = (
            suspects.filter(key.is_duplicated())
            .group_by(key, maintain_order=True)
            .agg(pl.col("_row").sort())
        )
        for text, numbers in groups.iter_rows():
            listed = ", ".join(map(str, numbers[:10])) + (", …" if numbers[10:] else "")
            message = (
                f"the key “{text}” stands in {len(numbers)} rows ({listed}): keep one"
            )
            for row in numbers:
                yield self._duplicate(row, text, message)

    def _duplicate(self, row: int, key: str, message: str) -> Violation:
        field = self.schema.field(self.schema.key)
        return Violation(
            register=self.schema.register,
            row=row,
            key=key,
            field=field.name,
            value=key,
            path=field.path,
            component=terms.DUPLICATE_KEY,
            severity="violation",
            shape=field.shape,
            message=message,
        )


def survey(rows: Staged, known: Brief, held: Held) -> Survey:
    """Survey a load. `held` is asked once for each register that the rows link to."""
    schema = known.schema
    keys, values = _gathered(rows, schema)
    wanted = _wanted(values, schema)
    before = {register: held(register, asked) for register, asked in wanted.items()}
    own = _own(rows, schema, wanted.get(schema.register))
    asked = [
        _found(frame, schema.field(name), before, own, schema.register)
        for name, frame in values.items()
    ]
    found = dict(zip(values, pl.collect_all(asked), strict=True))
    targets = Targets(schema, known.classes, known.registers, found)
    return Survey(rows, schema, targets, keys)


def every_target(rows: Staged, known: Brief) -> Targets:
    """The targets of these rows as if all of them were held, for rows whose links are
    not to be judged."""

    def none_held(register: str, keys: pl.Series) -> pl.DataFrame:
        return pl.DataFrame(schema=_ANSWER)

    targets = survey(rows, known, none_held).targets
    values = {
        name: frame.with_columns(held=pl.lit(value=True))
        for name, frame in targets.values.items()
    }
    return replace(targets, values=values)


def _gathered(
    rows: Staged, schema: Schema
) -> tuple[pl.Series, dict[str, pl.DataFrame]]:
    """The fingerprints of the keys, sorted, and the distinct values of the links."""
    there = rows.columns
    links = {f.name: f for f in schema.fields if f.is_link and f.name in there}
    distinct = {name: Distinct() for name in links}
    keys = [pl.Series(schema.key, [], pl.UInt64)]
    with ThreadPoolExecutor() as threads:  # polars' work on one column is of one thread
        for part in wide(rows, [schema.key, *links]):
            columns = (values_of(part[name], field) for name, field in links.items())
            adding = threads.map(Distinct.add, distinct.values(), columns)
            prints = fingerprint(pl.col(schema.key).drop_nulls())
            keys.append(part.select(prints).to_series())
            deque(adding, maxlen=0)
    values = {
        name: _named(distinct.pop(name).texts(), field) for name, field in links.items()
    }
    return pl.concat(keys).sort(), values


def wide(rows: Staged, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
    """Some columns of the rows, many rows at a time."""
    gathered: list[pl.DataFrame] = []
    for part in rows.batches(columns):
        gathered.append(part)
        if sum(map(len, gathered)) >= _BATCH:
            yield pl.concat(gathered)
            gathered.clear()
    if gathered:
        yield pl.concat(gathered)


def values_of(column: pl.Series, field: Field) -> pl.Series:
    """The values of a link column, one a row."""
    return (column.explode() if field.many else column).drop_nulls()


def _named(texts: pl.Series, field: Field) -> pl.DataFrame:
    """Values of a link field; for curies with the register and key that they name."""
    values = texts.to_frame("value")
    if field.kind != "curie":
        return values
    parts = pl.col("value").str.splitn(":", 2).struct
    return values.with_columns(
        parts.field("field_0").alias("register"),
        parts.field("field_1").fill_null("").alias("key"),
    )


def _wanted(values: Mapping[str, pl.DataFrame], schema: Schema) -> dict[str, pl.Series]:
    """The keys that rows link to, by register. What no register could be called, such
    as the words of a column that holds no links at all, is not asked for."""
    parts: dict[str, list[pl.Series]] = {}
    for name, frame in values.items():
        field = schema.field(name)
        if field.kind != "curie":
            parts.setdefault(field.target or "", []).append(frame["value"])
            continue
        for register in filter(_is_register, frame["register"].unique()):
            keys = frame.filter(pl.col("register") == register)["key"]
            parts.setdefault(register, []).append(keys)
    return {
        register: found[0] if len(found) == 1 else pl.concat(found).unique()
        for register, found in parts.items()
    }


def _is_register(name: str) -> bool:
    try:
        check_name(name)
    except InvalidShape:
        return False
    return True


def _own(rows: Staged, schema: Schema, wanted: pl.Series | None) -> pl.DataFrame:
    """Key and end of the load's own rows, as far as its rows link to them."""
    key, own = pl.col(schema.key), [pl.DataFrame(schema=_OWN)]
    if wanted is not None and len(wanted):
        asked = wanted.to_frame("key")
        prints = asked.select(fingerprint(pl.col("key")).implode()).to_series()
        has_end = schema.end is not None and schema.end in rows.columns
        end = pl.col(schema.end) if has_end and schema.end else pl.lit(None, pl.String)
        columns = [schema.key, *([schema.end] if has_end and schema.end else [])]
        for part in wide(rows, columns):
            near = part.filter(key.is_not_null(), fingerprint(key).is_in(prints))
            own.append(near.select(key.alias("key"), end.alias("own_end")))
        found = pl.concat(own).join(asked, on="key", how="semi")
        return found.unique("key", keep="last", maintain_order=True)
    return own[0]


def _found(
    values: pl.DataFrame,
    field: Field,
    before: Mapping[str, pl.DataFrame],
    own: pl.DataFrame,
    register: str,
) -> pl.LazyFrame:
    """The values of a link field, and what became of the records that they name."""
    if field.kind == "curie":
        named, by = ["register", "key"], ["register", "key"]
        answers = [
            frame.lazy().with_columns(register=pl.lit(name))
            for name, frame in before.items()
        ]
        held = pl.concat([pl.LazyFrame(schema=_ANSWERS), *answers], how="diagonal")
        brought = own.lazy().with_columns(register=pl.lit(register))
    else:
        named, by = ["value"], ["key"]
        none = pl.DataFrame(schema=_ANSWER)
        held = before.get(field.target or "", none).lazy()
        brought = (own if field.target == register else own.clear()).lazy()
    held = held.with_columns(held=True)
    brought = brought.with_columns(own=True)
    joined = values.lazy().join(held, left_on=named, right_on=by, how="left")
    joined = joined.join(brought, left_on=named, right_on=by, how="left")
    newer = pl.when(pl.col("own").is_null()).then("end").otherwise("own_end")
    return joined.with_columns(
        pl.col("held", "own").fill_null(value=False), newer.alias("end")
    ).drop("own_end")
