"""From staged rows to entries: those accepted compared with the records, and drafted.

A batch at a time, each compared with the records of its own keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from trigpoint.log.drafts import Drafts
from trigpoint.schema.items import item_hash, items_of
from trigpoint.schema.shape import Schema
from trigpoint.staging import HASH, KEY

_NEW = "_new"


@dataclass(frozen=True)
class Drafted:
    """What rows become: `drafts` of those that differ from the records that are held,
    in row order, whether each `changes` a record, and how many rows are `unchanged`."""

    drafts: Drafts
    changes: Sequence[bool]
    unchanged: int

    @property
    def changed(self) -> int:
        return sum(self.changes)

    @property
    def added(self) -> int:
        return len(self.changes) - self.changed


def draft(
    frame: pl.DataFrame, current: pl.DataFrame, schema: Schema, timestamp: str
) -> Drafted:
    """Entries of that time for the rows that differ from the current records of their
    keys, which `current` has (see `staging.current_records`)."""
    items = items_of(frame, schema)
    texts = items.to_list()
    hashes = [item_hash(text) for text in texts]
    keys = frame[schema.key]
    if current.is_empty():
        drafts = Drafts([timestamp] * len(keys), keys.to_list(), texts, hashes)
        return Drafted(drafts, [False] * len(keys), 0)
    held = current.select(KEY, HASH)
    new = pl.Series(hashes, dtype=pl.Binary)
    rows = pl.DataFrame({KEY: keys, "item": items, _NEW: new})
    rows = rows.join(held, on=KEY, how="left", maintain_order="left")
    rows = rows.filter(pl.col(_NEW).ne_missing(pl.col(HASH)))
    drafts = Drafts(
        [timestamp] * len(rows),
        rows[KEY].to_list(),
        rows["item"].to_list(),
        rows[_NEW].to_list(),
    )
    changes = rows[HASH].is_not_null().to_list()
    return Drafted(drafts, changes, len(keys) - len(rows))
