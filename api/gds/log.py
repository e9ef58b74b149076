"""Routes of the old API: what the register is, its entries and its items."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import Response

from api.gds.formats import DATA, SUMMARY, OldSuffixed
from api.gds.items import digest_of, find_item
from api.gds.paging import entries_page, whole_number
from api.gds.replies import (
    LIST,
    OBJECT,
    V1,
    Chosen,
    names_of,
    numbers,
    page_headers,
    reply,
)
from api.gds.summary import field_names, summary
from api.gds.views import EntriesView, ItemView, compact
from api.gds.yaml import yaml_text
from api.negotiation import Choice
from api.paths import Decoded, RegisterName
from api.replies import IMMUTABLE, ITEM, Reply
from api.service import Here
from trigpoint.errors import NoSuchEntry

router = APIRouter(route_class=OldSuffixed, tags=["GDS Registers v1"])


@router.get(
    f"{V1}/register",
    responses=SUMMARY.documented("What the register is, and its counts.", OBJECT),
)
def register(
    here: Here, register: RegisterName, choice: Annotated[Choice, Depends(SUMMARY)]
) -> Response:
    """The register: domain, totals, its definition, custodian organisation."""
    schema = here.registers.schema(register)
    with here.registers.log.snapshot():
        body = summary(here, schema)
    text = compact(body) if choice.format.suffix == "json" else yaml_text(body)
    return Reply(text, choice, sizes={register: body["total-entries"]})


@router.get(
    f"{V1}/entries",
    responses=DATA.documented("Entries in the order of the log.", LIST),
    openapi_extra=numbers(
        ("start", "Number of the first entry.", 1),
        ("limit", "How many, from 1 to 5000.", 100),
    ),
)
def entries(
    here: Here, request: Request, register: RegisterName, choice: Chosen
) -> Response:
    """Entries by number, `limit` of them (100) from number `start`."""
    here.registers.schema(register)
    log = here.registers.log
    with log.snapshot():
        page = entries_page(request, log.size(register))
        found = log.entries(register, page.offset + 1, page.limit)
        headers = page_headers(request, f"{register}-entries", page.links)
        view = EntriesView(found, names_of(here, register))
        return reply(here, register, view, choice, headers)


@router.get(
    f"{V1}/entries/{{number}}",
    responses=DATA.documented("The entry, in a list of one.", LIST),
)
@router.get(f"{V1}/entry/{{number}}", include_in_schema=False)
def entry(
    here: Here,
    register: RegisterName,
    number: Annotated[str, Path(description="Entry number, from 1.")],
    choice: Chosen,
) -> Response:
    """One entry by its number, in a list of one."""
    here.registers.schema(register)
    wanted = whole_number(number)
    if wanted is None:
        raise NoSuchEntry(f"“{number[:20]}” is not the number of an entry")
    found = here.registers.log.entry(register, wanted)
    view = EntriesView([found], names_of(here, register))
    return reply(here, register, view, choice, cache=IMMUTABLE)


@router.get(f"{V1}/items/{{digest}}", responses=DATA.documented("The item.", OBJECT))
@router.get(f"{V1}/item/{{digest}}", include_in_schema=False)
def item(
    here: Here,
    register: RegisterName,
    digest: Annotated[str, Path(description="`sha-256:` and 64 hex digits."), Decoded],
    choice: Chosen,
) -> Response:
    """An item of the register by its hash; in JSON the very bytes that were hashed."""
    schema, log = here.registers.schema(register), here.registers.log
    wanted = digest_of(digest)
    found = find_item(log, schema, wanted)
    columns = field_names(log, schema)
    # What a system entry names has fields of its own.
    fields = columns if set(found) <= set(columns) else tuple(found)
    view = ItemView(wanted, found, fields, schema, names_of(here, register))
    return reply(here, register, view, choice, cache=ITEM)
