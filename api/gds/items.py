"""Finding an item of one register by its hash."""

from __future__ import annotations

from trigpoint.errors import InvalidInput, NoSuchItem, NoSuchRecord
from trigpoint.log.reader import LogReader
from trigpoint.schema.items import Item, format_hash, item_hash, parse_hash, parse_item
from trigpoint.schema.shape import Schema


def digest_of(name: str) -> bytes:
    """The digest that a path names; raises NoSuchItem for what is no hash."""
    try:
        return parse_hash(name)
    except InvalidInput as error:
        raise NoSuchItem(str(error)) from error


def find_item(log: LogReader, schema: Schema, digest: bytes) -> Item:
    """An item that an entry of the register names, or a system entry.

    Items are shared by all registers, and the old service had one register: what only
    others hold is not here. Raises NoSuchItem, or Withheld.
    """
    for one in log.system_entries(schema.register):
        if item_hash(one.item) == digest:
            return parse_item(one.item)
    item = parse_item(log.item(digest))
    key = item.get(schema.key)
    if isinstance(key, str) and _names(log, schema.register, key, digest):
        return item
    raise NoSuchItem(f"{schema.register} has no item called {format_hash(digest)}")


def _names(log: LogReader, register: str, key: str, digest: bytes) -> bool:
    try:
        return any(one.item_hash == digest for one in log.trail(register, key))
    except NoSuchRecord:
        return False
