"""Entries and items: the log itself, line by line, and as one file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response

from api.files import dump_reply
from api.negotiation import HTML, JSON, Choice
from api.parameters import Known, Limit
from api.past import Size
from api.paths import Decoded, ReadRoute, RegisterName, Suffixed
from api.replies import IMMUTABLE, ITEM, REVALIDATE, Link, Reply
from api.representations import DATA, as_json
from api.service import Here
from trigpoint.log.entry import BatchKey, Entry
from trigpoint.schema.items import parse_hash

router = APIRouter(route_class=Suffixed, tags=["Log"])
plain = APIRouter(route_class=ReadRoute, tags=["Log"])


@router.get(
    "/registers/{register}/entries",
    dependencies=[Known],
    responses=DATA.documented("Entries in the order of the log."),
)
def entries(
    here: Here,
    request: Request,
    register: RegisterName,
    choice: Annotated[Choice, Depends(DATA)],
    start: Annotated[int, Query(ge=1, lt=2**53, description="First number.")] = 1,
    limit: Limit = 100,
) -> Response:
    """Entries of a register in order, from number `start` on."""
    here.registers.schema(register)
    found = here.registers.log.entries(register, start, limit)
    keys = here.registers.log.custodians(register, start, start + limit - 1)
    sizes = here.size_of(register)
    following, links = None, []
    if start + limit <= sizes[register]:
        path = here.path(request.scope["path"])
        following = f"{path}?start={start + limit}&limit={limit}"
        links = [Link(following, "next")]
    if choice.format == HTML:
        body = here.pages.render(
            "entries",
            register=register,
            key=None,
            entries=found,
            keys=keys,
            following=following,
        )
    else:
        body = as_json({"entries": [_document(one, keys) for one in found]})
    # A range that is full will never say anything else.
    full = len(found) == limit and choice.format == JSON
    cache = IMMUTABLE if full else REVALIDATE
    return Reply(body, choice, sizes=sizes, links=links, cache=cache)


@router.get(
    "/registers/{register}/entries/{number}",
    dependencies=[Known],
    responses=DATA.documented("The entry."),
)
def entry(
    here: Here,
    register: RegisterName,
    number: Annotated[int, Path(description="Entry number, from 1.")],
    choice: Annotated[Choice, Depends(DATA)],
) -> Response:
    """One entry by its number."""
    here.registers.schema(register)
    found = here.registers.log.entry(register, number)
    keys = here.registers.log.custodians(register, number, number)
    sizes = here.size_of(register)
    if choice.format == HTML:
        body = here.pages.render(
            "entries",
            register=register,
            key=None,
            entries=[found],
            keys=keys,
            following=None,
        )
        return Reply(body, choice, sizes=sizes)
    body = as_json(_document(found, keys))
    return Reply(body, choice, sizes=sizes, cache=IMMUTABLE)


def _document(entry: Entry, keys: Mapping[int, BatchKey]) -> dict[str, Any]:
    """An entry, and whose key appended it where that is known."""
    key = keys.get(entry.number)
    by = {} if key is None else {"appended-by": {"key": key.id, "name": key.name}}
    return {**entry.as_json(), **by}


@plain.get("/items/{digest}", dependencies=[Known])
def item(
    here: Here,
    digest: Annotated[str, Path(description="`sha-256:` and 64 hex digits."), Decoded],
) -> Response:
    """An item by its hash: the very bytes that were hashed."""
    return Reply(here.registers.log.item(parse_hash(digest)), JSON, cache=ITEM)


@plain.get("/registers/{register}/download.rsf", dependencies=[Known])
async def download(here: Here, register: RegisterName, size: Size = None) -> Response:
    """The whole register in register serialisation format."""
    here.registers.schema(register)
    return await dump_reply(here, register, "rsf", size)
