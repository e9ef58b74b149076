"""Items: a row as GDS canonical JSON, and its hash.

Registers Specification (GDS), "Item" and "Canonicalisation": keys sorted, no white
space, values are strings or arrays of strings, absent fields left out; the name of
an item is `sha-256:` and the hex digest of those bytes in UTF-8.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import TypeAlias

import polars as pl

from trigpoint.errors import InvalidInput
from trigpoint.schema.shape import Schema

Item: TypeAlias = "dict[str, str | list[str]]"

_PREFIX = "sha-256:"
_HASH = re.compile(f"{_PREFIX}[0-9a-f]{{64}}")
# JSON's escapes (RFC 8259, section 7) as json.dumps writes them.
_ESCAPES = {
    **{chr(code): f"\\u{code:04x}" for code in range(0x20)},
    "\\": "\\\\",
    '"': '\\"',
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\b": "\\b",
    "\f": "\\f",
}


def canonical_json(item: Mapping[str, str | list[str]]) -> str:
    """The canonical bytes of an item, as text."""
    return json.dumps(item, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def item_hash(text: str) -> bytes:
    """SHA-256 of an item's canonical text (32 bytes)."""
    return hashlib.sha256(text.encode()).digest()


def format_hash(digest: bytes) -> str:
    return _PREFIX + digest.hex()


def parse_hash(text: str) -> bytes:
    """The digest that `sha-256:<64 hex digits>` names; raises InvalidInput."""
    if not _HASH.fullmatch(text):
        raise InvalidInput(
            f"“{text[:80]}” is not a hash: expected sha-256: and 64 hex digits"
        )
    return bytes.fromhex(text.removeprefix(_PREFIX))


def parse_item(text: str) -> Item:
    """An item from JSON text; raises InvalidInput when it is not an object whose
    values are strings or arrays of strings."""
    try:
        item = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"not JSON: {error}") from error
    if not isinstance(item, dict):
        raise InvalidInput("an item must be a JSON object")
    for name, value in item.items():
        if isinstance(value, str):
            continue
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            raise InvalidInput(
                f"field {name}: expected a string or an array of strings"
            )
    return item


def items_of(frame: pl.DataFrame, schema: Schema) -> pl.Series:
    """The canonical JSON of each row of a staged frame, as a column of strings.

    Columns that the schema does not declare (`_row` and the like) are not written.
    """
    members = [
        _member(name, schema.field(name).many)
        for name in sorted(set(schema.names) & set(frame.columns))
    ]
    body = pl.concat_str(members, ignore_nulls=True).str.strip_prefix(",")
    whole = pl.concat_str([pl.lit("{"), body, pl.lit("}")]).alias("item")
    return frame.select(whole)["item"]


def fields_of(texts: pl.Series, schema: Schema) -> tuple[pl.DataFrame, pl.Series]:
    """Items in columns, one for each field of the schema (null where it is absent), and
    which of them these columns do not hold as they stand: an item is held if it comes
    out of them again letter by letter. What stands in the columns of others means
    nothing.
    """
    kinds = {
        field.name: pl.List(pl.String) if field.many else pl.String()
        for field in schema.fields
    }
    decoded = texts.alias("item").to_frame()
    try:
        rows = decoded.select(pl.col("item").str.json_decode(pl.Struct(kinds)))
    except pl.exceptions.ComputeError:
        # One value of another form is enough for the engine to give up all of them.
        nothing = pl.DataFrame(schema=kinds)
        return nothing.clear(len(texts)), pl.repeat(True, len(texts), eager=True)
    frame = rows.unnest("item")
    odd = items_of(frame, schema).ne_missing(decoded["item"])
    return frame, odd


def _member(name: str, many: bool) -> pl.Expr:
    """`,"name":value`, or null where the field is absent."""
    column = pl.col(name)
    label = pl.lit(f",{json.dumps(name)}:")
    if not many:
        return pl.concat_str([label, _quoted(column)])
    values = column.list.eval(_quoted(pl.element())).list.join(",")
    return pl.concat_str([label, pl.lit("["), values, pl.lit("]")])


def _quoted(text: pl.Expr) -> pl.Expr:
    escaped = text.str.replace_many(list(_ESCAPES), list(_ESCAPES.values()))
    return pl.concat_str([pl.lit('"'), escaped, pl.lit('"')])
