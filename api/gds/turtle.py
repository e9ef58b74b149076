"""Turtle as the old service wrote it, about entries, items and records.

The properties are those it used: `…/specification/#entry-number-field` and so on for an
entry, and the record of the register `field` for a field of an item. Values are plain
strings; a value that names a record, or is a web address, is an IRI. This is the RDF of
the old clients; the doors `/id/` and `/doc/` have the corrected one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from trigpoint.iris import encode_key
from trigpoint.log.entry import Entry
from trigpoint.schema.items import Item, format_hash
from trigpoint.schema.rdf import XSD, escape, link_target
from trigpoint.schema.shape import Field, Schema

METADATA = "https://openregister.github.io/specification/#"
_URL = re.compile(r"https?://[^\x00-\x20<>\"{}|\\^`]+")

Pairs = Iterable[tuple[str, str]]


@dataclass(frozen=True)
class Names:
    """IRIs of the old API on this installation, for one register."""

    base: str
    register: str

    @property
    def door(self) -> str:
        """Where the register's old API is; other registers' are found alike."""
        return self._door(self.register)

    def _door(self, register: str) -> str:
        return f"{self.base}/registers/{encode_key(register)}/v1"

    def record(self, key: str, register: str | None = None) -> str:
        return f"{self._door(register or self.register)}/records/{encode_key(key)}"

    def entry(self, number: int) -> str:
        return f"{self.door}/entries/{number}"

    def item(self, digest: bytes) -> str:
        return f"{self.door}/items/{format_hash(digest)}"

    @property
    def fields(self) -> str:
        return f"{self._door('field')}/records/"


def prefixes(names: Names) -> str:
    """The prefixes: `field` for what items say, `register-metadata` for entries."""
    return (
        f"@prefix field: <{names.fields}> .\n"
        f"@prefix register-metadata: <{METADATA}> .\n"
    )


def block(subject: str, pairs: Pairs) -> str:
    """All that is said of one subject."""
    said = " ;\n".join(f"    {name} {value}" for name, value in pairs)
    return f"\n<{subject}>\n{said} .\n"


def entry_pairs(entry: Entry, names: Names) -> Iterator[tuple[str, str]]:
    """Properties and values of an entry; a record has them too."""
    number = _text(str(entry.number))
    yield "register-metadata:index-entry-number-field", number
    yield "register-metadata:entry-number-field", number
    yield "register-metadata:entry-timestamp-field", _text(entry.timestamp)
    yield "register-metadata:item-resource", f"<{names.item(entry.item_hash)}>"


def key_pair(entry: Entry) -> tuple[str, str]:
    """The key of an entry, which records do not say again."""
    return "register-metadata:key-field", _text(entry.key)


def item_pairs(item: Item, schema: Schema, names: Names) -> Iterator[tuple[str, str]]:
    """Properties and values of an item's fields."""
    for name, value in item.items():
        field = schema.by_name.get(name)
        for one in value if isinstance(value, list) else (value,):
            yield f"field:{name}", _value(one, field, names)


def _value(value: str, field: Field | None, names: Names) -> str:
    if field is not None and field.is_link:
        register, key = link_target(value, field)
        if register and key:
            return f"<{names.record(key, register)}>"
    is_url = field is not None and f"{XSD}anyURI" in field.datatypes
    if is_url and _URL.fullmatch(value):
        return f"<{value}>"
    return _text(value)


def _text(text: str) -> str:
    return f'"{escape(text)}"'
