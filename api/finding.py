"""Which record a path names, when a key may itself end like a suffix.

`…/records/a.csv` is the record `a.csv` if the register holds that key, and otherwise
the record `a` as CSV. The exact key wins, so every record can be asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from starlette.responses import Response

from api.negotiation import SUFFIXES, Choice, accept_of, choose
from api.past import Then
from api.paths import Key, RegisterName
from api.reading import Reading
from api.replies import Link, Reply, see_other
from api.representations import RECORD, record_body
from trigpoint.errors import InvalidIdentifier
from trigpoint.log.entry import Record
from trigpoint.schema.rdf import link_target


@dataclass(frozen=True)
class Asked:
    """A register and key, and the suffix that was taken off, with its dot or empty."""

    register: str
    key: str
    suffix: str = ""


def asked_for(request: Request, here: Then, register: RegisterName, key: Key) -> Asked:
    """The record that the path names; raises NoSuchRegister."""
    suffix = request.scope.get("suffix")
    here.registers.schema(register)
    if suffix is None:
        return Asked(register, key)
    exact = f"{key}.{suffix}"
    if here.held(register, exact):
        return Asked(register, exact)
    return Asked(register, key, f".{suffix}")


Found = Annotated[Asked, Depends(asked_for)]


async def choice_of(request: Request, asked: Found) -> Choice:
    """The format of a record's answer, once it is known what the suffix was."""
    suffix = asked.suffix.removeprefix(".")
    known = suffix if suffix in SUFFIXES else None
    return choose(RECORD.formats, known, accept_of(request))


RecordChoice = Annotated[Choice, Depends(choice_of)]


def moved_to(here: Reading, asked: Asked, door: str) -> Response | None:
    """A 301 to the canonical spelling of a key that is not held as it was written.

    None when the key is held as it is. Raises NoSuchRecord when it is held in no
    spelling, or cannot be a key of this register at all.
    """
    key = canonical_of(here, asked.register, asked.key)
    if key == asked.key:
        return None
    path = here.record_path(door, asked.register, key, asked.suffix)
    return see_other(path, 301, here.query)


def canonical_of(here: Reading, register: str, key: str) -> str:
    """The spelling in which a register holds a key; as it was written, if it can be.

    Raises NoSuchRecord when it is held in no spelling, or cannot be a key of this
    register at all.
    """
    if here.held(register, key):
        return key
    try:
        canonical = here.registers.canonical_key(register, key)
    except InvalidIdentifier as error:
        raise here.missing(register, key, f": {error}") from error
    if canonical == key or not here.held(register, canonical):
        raise here.missing(register, canonical)
    return canonical


def record_reply(here: Reading, asked: Asked, choice: Choice) -> Response:
    """A record with its links: to its document, its IRI, and what replaced it."""
    record = here.record(asked.register, asked.key)
    place = here.record_path(
        "doc", asked.register, asked.key, f".{choice.format.suffix}"
    )
    return Reply(
        record_body(here, record, choice.format),
        choice,
        sizes=here.size_of(asked.register),
        links=_links(here, record),
        cache=here.lifetime,
        headers={"Content-Location": f"{place}?{here.query}" if here.query else place},
    )


def _links(here: Reading, record: Record) -> list[Link]:
    register, key = record.register, record.entry.key
    schema = here.registers.schema(register)
    links = [
        Link(here.record_path("doc", register, key), "canonical"),
        Link(here.record_path("id", register, key), "describes"),
    ]
    if schema.successor and schema.successor in record.item:
        value = record.item[schema.successor]
        field = schema.field(schema.successor)
        for one in value if isinstance(value, list) else [value]:
            target = here.record_path("id", *link_target(one, field))
            links.append(Link(target, "successor-version"))
    return links
