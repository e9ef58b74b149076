"""What readers ask of registers: records as documents and triples, at some log size."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trigpoint.errors import NoSuchRegister
from trigpoint.identifiers import canonical_key
from trigpoint.log.entry import Record
from trigpoint.log.reader import LogReader
from trigpoint.schema.catalogue import Schemas
from trigpoint.schema.items import format_hash
from trigpoint.schema.jsonld import document
from trigpoint.schema.rdf import ntriples
from trigpoint.schema.shape import Schema


class Snapshot:
    """The registers of one data directory as their log has them, now or at a size.

    Of an earlier size only entries, and so records, are those of then: shapes, system
    entries and what is withheld are as they are now.
    """

    log: LogReader

    def __init__(self, data: Path, log: LogReader, base: str, schemas: Schemas) -> None:
        self.data = data
        self.log = log
        self.base = base
        self.schemas = schemas

    def as_of(self, sizes: Mapping[str, int]) -> Snapshot:
        """The registers when these had so many entries; others are as they are now.

        Raises NoSuchRegister, and NoSuchEntry for a size beyond the log.
        """
        for register in sizes:
            self.schema(register)
        return Snapshot(self.data, self.log.as_of(sizes), self.base, self.schemas)

    def schema(self, register: str) -> Schema:
        """The schema of a register that the log holds; raises NoSuchRegister."""
        if register not in self.log.sizes():
            raise NoSuchRegister(
                f"there is no register called “{register}” here", register=register
            )
        return self.schemas[register]

    def canonical_key(self, register: str, key: str) -> str:
        """A key in the spelling that its register uses; raises InvalidIdentifier."""
        return canonical_key(self.schemas[register].key_spelling, key)

    def held(self, register: str, key: str) -> bool:
        """Whether the register holds this key, withheld or not."""
        self.schema(register)
        return bool(self.log.current(register, [key]))

    def document(self, record: Record, *, typed: bool = False) -> dict[str, Any]:
        """A record as JSON-LD, with its entry and the log size that it speaks for."""
        entry = {
            "register": record.register,
            "entry-number": str(record.entry.number),
            "entry-timestamp": record.entry.timestamp,
            "key": record.entry.key,
            "item-hash": format_hash(record.entry.item_hash),
            "log-size": str(self.log.size(record.register)),
        }
        schema = self.schemas[record.register]
        return document(
            record.item, schema, self.base, entry, registers=self.schemas, typed=typed
        )

    def lines(self, record: Record) -> list[str]:
        """A record's canonical N-Triples lines."""
        return ntriples(record.item, self.schemas[record.register], self.base)
