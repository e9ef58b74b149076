"""The statement about a register: what stands beside its tree, signed.

A tree holds entries only. What else a replica needs (the shape, the system entries,
where each batch came from, which items are withheld and why) is one line of compact
ASCII JSON under the log's name, in a note that the key of its checkpoints signs. It is
made from the log alone, so the same log has the same statement.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from trigpoint.errors import InvalidInput
from trigpoint.log.checkpoint import MAX_SIZE, log_origin
from trigpoint.log.entries import WithheldItem
from trigpoint.log.entry import Batch, BatchKey, SystemEntry
from trigpoint.log.reader import AppendedBatch, LogReader
from trigpoint.schema.items import format_hash, parse_hash

MAX_STATEMENT = 64 * 1024 * 1024  # bytes; some 150,000 batches
_compact = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True)
class Statement:
    """What a statement says of a register at a size. `origin` is that of its log; the
    batches name the range of this register's entries only."""

    origin: str
    register: str
    size: int
    shape: str | None
    system_entries: tuple[SystemEntry, ...]
    batches: tuple[AppendedBatch, ...]
    withheld: tuple[WithheldItem, ...]

    @property
    def text(self) -> str:
        """The text that is signed; `parse_statement` reads it back."""
        return self.text_with(
            _compact(_said(one, self.register)) for one in self.batches
        )

    def text_with(self, batches: Iterable[str]) -> str:
        """The text, with the batches as they are spelt in it."""
        system = [
            {"key": one.key, "timestamp": one.timestamp, "item": one.item}
            for one in self.system_entries
        ]
        withheld = [
            {"item-hash": format_hash(one.hash), "reason": one.reason, "date": one.date}
            for one in self.withheld
        ]
        return (
            f'{self.origin}/about\n{{"register":{_compact(self.register)},'
            f'"size":{_compact(self.size)},"shape":{_compact(self.shape)},'
            f'"system-entries":{_compact(system)},"batches":[{",".join(batches)}],'
            f'"withheld":{_compact(withheld)}}}\n'
        )


def statement_of(
    reader: LogReader,
    register: str,
    origin: str,
    batches: Iterable[AppendedBatch] | None = None,
) -> Statement:
    """The statement about a register as the log has it; `origin` is that of the
    installation, `batches` are those of the log if they are known already."""
    known = reader.batches() if batches is None else batches
    return Statement(
        log_origin(origin, register),
        register,
        reader.size(register),
        reader.derived_shapes().get(register),
        tuple(reader.system_entries(register)),
        tuple(
            AppendedBatch(
                one.number,
                one.appended,
                one.batch,
                {register: one.ranges[register]},
                one.key,
            )
            for one in known
            if register in one.ranges
        ),
        tuple(reader.withheld(register) if reader.withheld_count() else ()),
    )


class Spelt:
    """The batches of a log as its statements spell them. They are kept from one reading
    to the next, since there may be very many and none is ever changed but the latest,
    which may be given more entries."""

    def __init__(self) -> None:
        self._texts: dict[str, list[str]] = {}
        self._fixed: AppendedBatch | None = None  # the last of those spelt for good
        self._latest: AppendedBatch | None = None

    def read(self, reader: LogReader) -> None:
        """Spell the batches that are new."""
        since = self._fixed.number - 1 if self._fixed else 0
        batches = reader.batches(since)
        if self._fixed and batches[:1] != [self._fixed]:
            # It is not the log that it was, but an older copy.
            self._texts, self._fixed, batches = {}, None, reader.batches()
        new = batches[1:] if self._fixed else batches
        for one in new[:-1]:
            for register in one.ranges:
                text = _compact(_said(one, register))
                self._texts.setdefault(register, []).append(text)
            self._fixed = one
        self._latest = new[-1] if new else None

    def statement(self, reader: LogReader, register: str, origin: str) -> str:
        """The text of the statement about a register, of what was read."""
        bare = statement_of(reader, register, origin, ())
        spelt = self._texts.get(register, [])
        if self._latest is not None and register in self._latest.ranges:
            spelt = [*spelt, _compact(_said(self._latest, register))]
        return bare.text_with(spelt)


def parse_statement(text: str) -> Statement:
    """The statement that a note's text spells; raises InvalidInput for any other
    spelling than the one that `Statement.text` has."""
    first, _, line = text.partition("\n")
    try:
        body = json.loads(line)
        register = body["register"]
        found = Statement(
            first.removesuffix("/about"),
            register,
            _number(body["size"]),
            _text(body["shape"]),
            tuple(
                SystemEntry(*(_word(one[n]) for n in ("key", "timestamp", "item")))
                for one in body["system-entries"]
            ),
            tuple(_heard(one, register) for one in body["batches"]),
            tuple(
                WithheldItem(
                    parse_hash(one["item-hash"]),
                    _word(one["reason"]),
                    _word(one["date"]),
                )
                for one in body["withheld"]
            ),
        )
        _check_ranges(found)
        spelt = found.text
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InvalidInput(f"the statement of {first[:80]} cannot be read") from error
    if spelt != text or not found.origin.endswith(f"/registers/{register}"):
        raise InvalidInput(f"the statement of {first[:80]} is not spelt canonically")
    return found


def _said(appended: AppendedBatch, register: str) -> dict[str, Any]:
    """A batch as members of the statement."""
    batch, key = appended.batch, appended.key
    first, last = appended.ranges[register]
    return {
        "number": appended.number,
        "appended": appended.appended,
        "source": batch.source,
        "title": batch.title,
        "files": batch.files,
        "licence": batch.licence,
        "attribution": batch.attribution,
        "landing-page": batch.landing_page,
        "release-date": batch.release_date,
        "key": key.id if key else None,
        "key-name": key.name if key else None,
        "first": first,
        "last": last,
    }


def _heard(said: dict[str, Any], register: str) -> AppendedBatch:
    """The batch that members of a statement spell; the inverse of `_said`."""
    batch = Batch(
        source=_word(said["source"]),
        title=_word(said["title"]),
        files=tuple((_word(name), _word(digest)) for name, digest in said["files"]),
        licence=_text(said["licence"]),
        attribution=_text(said["attribution"]),
        landing_page=_text(said["landing-page"]),
        release_date=_text(said["release-date"]),
    )
    key = None
    if said["key"] is not None:
        key = BatchKey(_word(said["key"]), _word(said["key-name"]))
    ranges = {register: (_number(said["first"]), _number(said["last"]))}
    number, appended = _number(said["number"]), _word(said["appended"])
    return AppendedBatch(number, appended, batch, ranges, key)


def _check_ranges(said: Statement) -> None:
    """Batches follow one another, and so do the entries of each."""
    number = end = 0
    for one in said.batches:
        first, last = one.ranges[said.register]
        if not number < one.number or not end < first <= last <= said.size:
            raise ValueError("batches overlap, or go beyond the size")
        number, end = one.number, last


def _number(value: object) -> int:
    if type(value) is not int or not 0 <= value <= MAX_SIZE:
        raise TypeError("a number expected")
    return value


def _word(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("text expected")
    value.encode()  # raises ValueError for half a surrogate pair, which ASCII can spell
    return value


def _text(value: object) -> str | None:
    return None if value is None else _word(value)
