"""Entries as JSON: the members of the Registers Specification."""

from __future__ import annotations

from trigpoint.log.entry import Entry
from trigpoint.schema.items import format_hash


def entry_json(entry: Entry) -> dict[str, str]:
    """One entry; numbers are text, as in records' `_entry`."""
    return {
        "entry-number": str(entry.number),
        "entry-timestamp": entry.timestamp,
        "key": entry.key,
        "item-hash": format_hash(entry.item_hash),
    }
