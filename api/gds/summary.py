"""What the old API says of a register: `/register`, and the fields of its tables.

`register-record` is the register's own definition, as its last `register:` system
entry has it or else as its shape says. Fields that a shape has and the definition has
not stand at the end, since entries appended here may hold them.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from api.service import Service
from trigpoint.log.reader import LogReader
from trigpoint.schema.items import Item, parse_item
from trigpoint.schema.shape import Schema

# In the order in which openregister-java wrote the members (RegisterMetadata).
_MEMBERS = ("fields", "copyright", "registry", "text", "phase", "register")


def field_names(log: LogReader, schema: Schema) -> tuple[str, ...]:
    """The fields of a register in the order of its columns."""
    declared = _definition(log, schema.register).get("fields", [])
    return tuple(dict.fromkeys([*declared, *schema.names]))


def summary(here: Service, schema: Schema) -> dict[str, Any]:
    """The body of `/register`.

    `custodian` was a person's name, which is never kept: it is the organisation.
    """
    log, name = here.registers.log, schema.register
    size = log.size(name)
    body: dict[str, Any] = {
        "domain": urlsplit(here.base).netloc,
        "total-records": log.count(name),
        "total-entries": size,
        "register-record": _register_record(log, schema),
        "custodian": schema.custodian,
    }
    if size:
        body["last-updated"] = log.entry(name, size).timestamp
    return body


def _register_record(log: LogReader, schema: Schema) -> Item:
    described: Item = {
        "copyright": schema.copyright,
        "registry": schema.custodian,
        "text": schema.description,
        "phase": schema.phase,
        "register": schema.register,
    }
    known = _definition(log, schema.register) or described
    record = known | {"fields": list(field_names(log, schema))}
    others = [name for name in record if name not in _MEMBERS]
    return {name: record[name] for name in (*_MEMBERS, *others) if record.get(name)}


def _definition(log: LogReader, register: str) -> Item:
    """The register's last definition of itself; empty when it brought none."""
    found = [
        parse_item(one.item)
        for one in log.system_entries(register)
        if one.key == f"register:{register}"
    ]
    return found[-1] if found else {}
