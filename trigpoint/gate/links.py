"""Links between records: which targets rows name, which are held, which had ended.

Whether a target exists is judged by SHACL (`sh:class`); here its existence is looked
up once a load. That a target must not have ended before the row needs it (`tp:holds`)
is a rule across records that SHACL's core cannot say.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeAlias

import polars as pl

from trigpoint.gate import targets as looked_up
from trigpoint.gate import terms
from trigpoint.gate.checks import Check
from trigpoint.gate.dates import earlier, is_before
from trigpoint.gate.violation import Violation
from trigpoint.schema.rdf import link_target
from trigpoint.schema.shape import Field, Schema

Target: TypeAlias = tuple[str, str]  # register and key
# The end date of each of these keys that the register holds, None for one not ended.
Held: TypeAlias = Callable[[str, Collection[str]], Mapping[str, str | None]]
# Keys of the records that replaced one that ended.
Successors: TypeAlias = Callable[[str, str], Sequence[str]]


@dataclass(frozen=True)
class Targets:
    """The link targets of a load that exist, with their end dates: those held before
    and those that are rows of the load itself."""

    before: Mapping[Target, str | None]
    own: Mapping[Target, str | None]

    @cached_property
    def all(self) -> Mapping[Target, str | None]:
        """Both; what a row of the load says of its end is the newer."""
        return {**self.before, **self.own}


def look_up(frame: pl.DataFrame, schema: Schema, held: Held) -> Targets:
    """The link targets of these rows that exist, each asked for once."""
    wanted: dict[str, set[str]] = {}
    for field in schema.fields:
        if field.is_link and field.name in frame.columns:
            for value in _values(frame, field)["value"].unique():
                register, key = link_target(value, field)
                wanted.setdefault(register, set()).add(key)
    before = {
        (register, key): end
        for register, keys in wanted.items()
        for key, end in held(register, keys).items()
    }
    return Targets(before, _own(frame, schema, wanted.get(schema.register, set())))


def every_target(frame: pl.DataFrame, schema: Schema) -> Targets:
    """All targets of these rows as if they existed, for rows whose links are not to
    be judged."""

    def all_held(register: str, keys: Collection[str]) -> Mapping[str, None]:
        return dict.fromkeys(keys)

    return look_up(frame, schema, all_held)


def ended_links(
    frame: pl.DataFrame,
    schema: Schema,
    targets: Targets,
    source_date: str,
    successors: Successors | None = None,
) -> Iterator[Violation]:
    """Links to records that had ended before the row's reference date, which is its
    own end date or, for a row that has not ended, `source_date` (a GDS date)."""
    ended = {target: end for target, end in targets.all.items() if end is not None}
    for field in schema.fields:
        if not field.holds or field.name not in frame.columns or not ended:
            continue
        for row, key, value, own_end in _values(frame, field, schema).iter_rows():
            target = link_target(value, field)
            end = ended.get(target)
            if end is None or not is_before(end, earlier(own_end, source_date)):
                continue
            yield Violation(
                register=schema.register,
                row=row,
                key=key,
                field=field.name,
                value=value,
                path=field.path,
                component=terms.ENDED_LINK,
                severity="violation",
                shape=field.shape,
                message=_ended(target, end, own_end, source_date, successors),
            )


def link_checks(
    schema: Schema,
    targets: looked_up.Targets,
    source_date: str,
    successors: Successors | None = None,
) -> list[Check]:
    """Links (`tp:holds`) to records that had ended before the row's reference date,
    which is its own end date or, for a row that has not ended, `source_date` (a GDS
    date). Suspects are the rows that link to what had ended by `source_date`."""
    checks = []
    for field in schema.fields:
        if not field.holds:
            continue
        ended = {
            value: (register, key, end)
            for value, register, key, end in targets.ended(field).iter_rows()
            if is_before(end, source_date)
        }
        if ended:
            find = _EndedLinks(schema, field, ended, source_date, successors)
            name = f"“{field.name}” links to what held when the row did"
            checks.append(Check(name, _one_of(field, list(ended)), find))
    return checks


def _one_of(field: Field, values: list[str]) -> pl.Expr:
    """Whether a link field has one of these values."""
    among = pl.Series(values, dtype=pl.String).implode()
    if not field.many:
        return pl.col(field.name).is_in(among).fill_null(value=False)
    each = pl.element().is_in(among).fill_null(value=False)
    return pl.col(field.name).list.eval(each).list.any().fill_null(value=False)


@dataclass(frozen=True)
class _EndedLinks:
    """What is wrong with rows that link to records that had ended; `ended` says of
    values which record that is, by register and key, and when it ended."""

    schema: Schema
    field: Field
    ended: Mapping[str, tuple[str, str, str]]
    source_date: str
    successors: Successors | None

    def __call__(self, rows: pl.DataFrame) -> Iterator[Violation]:
        values = _values(rows, self.field, self.schema)
        for row, key, value, own_end in values.iter_rows():
            register, target, end = self.ended.get(value, ("", "", ""))
            if end and is_before(end, earlier(own_end, self.source_date)):
                yield Violation(
                    register=self.schema.register,
                    row=row,
                    key=key,
                    field=self.field.name,
                    value=value,
                    path=self.field.path,
                    component=terms.ENDED_LINK,
                    severity="violation",
                    shape=self.field.shape,
                    message=_ended(
                        (register, target),
                        end,
                        own_end,
                        self.source_date,
                        self.successors,
                    ),
                )


def links_to_refused(
    frame: pl.DataFrame,
    schema: Schema,
    targets: Targets,
    refused: Collection[int],
) -> Iterator[Violation]:
    """Rows that link to a row of the same load that is refused and not held before:
    accepting them alone would leave links that lead nowhere. Followed to the end."""
    rows_by_key: dict[str, set[int]] = {}
    for row, key in frame.select("_row", schema.key).drop_nulls().iter_rows():
        if (schema.register, key) in targets.own:
            rows_by_key.setdefault(key, set()).add(row)
    links: dict[int, list[_Link]] = {}
    for link in _links_within(frame, schema, targets):
        for row in rows_by_key[link.target_key]:
            links.setdefault(row, []).append(link)
    lost, waiting = set(refused), sorted(refused)
    for refused_row in waiting:  # grows while it is walked
        for link in links.get(refused_row, ()):
            if link.row not in lost and rows_by_key[link.target_key] <= lost:
                lost.add(link.row)
                waiting.append(link.row)
                yield _to_refused(schema, link)


class _Link(NamedTuple):
    row: int
    key: str | None
    field: Field
    value: str
    target_key: str


def _links_within(
    frame: pl.DataFrame, schema: Schema, targets: Targets
) -> Iterator[_Link]:
    """Links to records that only the load itself brings."""
    for field in schema.fields:
        if not field.is_link or field.name not in frame.columns:
            continue
        for row, key, value, _ in _values(frame, field, schema).iter_rows():
            target = link_target(value, field)
            if target in targets.own and target not in targets.before:
                yield _Link(row, key, field, value, target[1])


def _to_refused(schema: Schema, link: _Link) -> Violation:
    return Violation(
        register=schema.register,
        row=link.row,
        key=link.key,
        field=link.field.name,
        value=link.value,
        path=link.field.path,
        component=terms.LINK_TO_REFUSED,
        severity="violation",
        shape=link.field.shape,
        message=f"the row of “{link.value}”, to which this one links, is refused",
    )


def _ended(
    target: Target,
    end: str,
    own_end: str | None,
    source_date: str,
    successors: Successors | None,
) -> str:
    when = source_date
    if own_end is not None and earlier(own_end, source_date) == own_end:
        when = own_end
    text = f"the record “{target[1]}” of {target[0]} ended on {end}, before {when}"
    after = successors(*target) if successors is not None else ()
    if after:
        return f"{text}: use what replaced it ({', '.join(after)})"
    return f"{text}: link to the record that held then"


def _own(
    frame: pl.DataFrame, schema: Schema, wanted: Collection[str]
) -> dict[Target, str | None]:
    """The keys of this load that its rows link to."""
    if not wanted:
        return {}
    has_end = schema.end is not None and schema.end in frame.columns
    end = pl.col(schema.end) if has_end and schema.end else pl.lit(None, pl.String)
    rows = frame.select(pl.col(schema.key), end.alias("_end")).drop_nulls(schema.key)
    rows = rows.filter(pl.col(schema.key).is_in(list(wanted)))
    return {(schema.register, key): ended for key, ended in rows.iter_rows()}


def _values(
    frame: pl.DataFrame, field: Field, schema: Schema | None = None
) -> pl.DataFrame:
    """Each value of a link field, one a row; with row number, key and own end date
    in front and behind when `schema` is given."""
    value = pl.col(field.name).alias("value")
    columns = [value]
    if schema is not None:
        has_end = schema.end is not None and schema.end in frame.columns
        end = pl.col(schema.end) if has_end and schema.end else pl.lit(None, pl.String)
        columns = [pl.col("_row"), pl.col(schema.key).alias("key"), value]
        columns.append(end.alias("end"))
    values = frame.select(columns)
    if field.many:
        values = values.explode("value")
    return values.drop_nulls("value")
