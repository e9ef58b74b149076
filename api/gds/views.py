"""Entries, items and records in each format of the old API.

Shapes and orders of members are those of openregister-java (`V1EntryView`,
`RecordsView`, `ItemView`): an entry alone is an array of one, records are an object by
key, `item-hash` and `item` are arrays of one, and every value is text. In CSV a record
has the columns of its entry without the hash, then its fields. JSON is compact.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence

from api.gds.formats import CSV, JSON, TSV, TTL, YAML
from api.gds.tables import Row, cell, csv_text, tsv_text
from api.gds.turtle import (
    Names,
    block,
    entry_pairs,
    item_pairs,
    key_pair,
    prefixes,
)
from api.gds.yaml import yaml_text
from api.negotiation import Format
from trigpoint.log.entry import Entry, Record
from trigpoint.schema.items import Item, format_hash
from trigpoint.schema.shape import Schema

_ENTRY = ("index-entry-number", "entry-number", "entry-timestamp", "key")


class View(ABC):
    """Something that can be written in every format."""

    def __init__(self, names: Names) -> None:
        self.names = names

    @abstractmethod
    def body(self) -> object:
        """What JSON and YAML say."""

    @abstractmethod
    def rows(self) -> Iterable[Row]:
        """What CSV and TSV say, the header first."""

    @abstractmethod
    def blocks(self) -> Iterable[str]:
        """What Turtle says, without the prefixes."""


class EntriesView(View):
    """Entries in order; one alone is a list of one."""

    def __init__(self, entries: Sequence[Entry], names: Names) -> None:
        super().__init__(names)
        self._entries = entries

    def body(self) -> object:
        return [entry_body(one) for one in self._entries]

    def rows(self) -> Iterator[Row]:
        yield (*_ENTRY, "item-hash")
        for one in self._entries:
            yield (*_entry_members(one).values(), format_hash(one.item_hash))

    def blocks(self) -> Iterator[str]:
        for one in self._entries:
            pairs = (*entry_pairs(one, self.names), key_pair(one))
            yield block(self.names.entry(one.number), pairs)


class RecordsView(View):
    """Records by key; one alone is an object of one."""

    def __init__(
        self,
        records: Sequence[Record],
        fields: Sequence[str],
        schema: Schema,
        names: Names,
    ) -> None:
        super().__init__(names)
        self._records = records
        self._fields = fields
        self._schema = schema

    def body(self) -> object:
        return {
            one.entry.key: {**_entry_members(one.entry), "item": [one.item]}
            for one in self._records
        }

    def rows(self) -> Iterator[Row]:
        yield (*_ENTRY, *self._fields)
        for one in self._records:
            cells = [cell(one.item.get(name)) for name in self._fields]
            yield (*_entry_members(one.entry).values(), *cells)

    def blocks(self) -> Iterator[str]:
        for one in self._records:
            said = (
                *entry_pairs(one.entry, self.names),
                *item_pairs(one.item, self._schema, self.names),
            )
            yield block(self.names.record(one.entry.key), said)


class ItemView(View):
    """One item: the object that was hashed."""

    def __init__(
        self,
        digest: bytes,
        item: Item,
        fields: Sequence[str],
        schema: Schema,
        names: Names,
    ) -> None:
        super().__init__(names)
        self._digest = digest
        self._item = item
        self._fields = fields
        self._schema = schema

    def body(self) -> object:
        return self._item

    def rows(self) -> Iterator[Row]:
        yield tuple(self._fields)
        yield tuple(cell(self._item.get(name)) for name in self._fields)

    def blocks(self) -> Iterator[str]:
        pairs = item_pairs(self._item, self._schema, self.names)
        yield block(self.names.item(self._digest), pairs)


def entry_body(entry: Entry) -> dict[str, str | list[str]]:
    """What JSON says of an entry."""
    return {**_entry_members(entry), "item-hash": [format_hash(entry.item_hash)]}


def _entry_members(entry: Entry) -> dict[str, str]:
    number = str(entry.number)
    return dict(zip(_ENTRY, (number, number, entry.timestamp, entry.key), strict=True))


def compact(body: object) -> str:
    """JSON as the old service wrote it."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def written(view: View, form: Format) -> str:
    """A view in one of the formats."""
    return _WRITERS[form.suffix](view)


_WRITERS: dict[str, Callable[[View], str]] = {
    JSON.suffix: lambda view: compact(view.body()),
    YAML.suffix: lambda view: yaml_text(view.body()),
    CSV.suffix: lambda view: csv_text(view.rows()),
    TSV.suffix: lambda view: tsv_text(view.rows()),
    TTL.suffix: lambda view: prefixes(view.names) + "".join(view.blocks()),
}
