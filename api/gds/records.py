"""Routes of the old API: pages of records, one record, its entries, and facets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from api.gds.errors import NoSuchPage
from api.gds.formats import DATA, OldSuffixed
from api.gds.paging import records_page
from api.gds.replies import (
    LIST,
    OBJECT,
    V1,
    Chosen,
    Segment,
    names_of,
    numbers,
    page_headers,
    reply,
)
from api.gds.summary import field_names
from api.gds.views import EntriesView, RecordsView
from api.negotiation import Choice, accept_of, choose
from api.paths import Key, RegisterName
from api.service import Here, Service
from trigpoint.iris import encode_key
from trigpoint.log.entry import Record
from trigpoint.log.newest import newest_records
from trigpoint.schema.shape import Schema

router = APIRouter(route_class=OldSuffixed, tags=["GDS Registers v1"])

_FACET = 100  # records that a facet answers with at most, as the old service did


@dataclass(frozen=True)
class Asked:
    """The key that a path names, and the format of the answer."""

    key: str
    choice: Choice


def asked_for(request: Request, here: Here, register: RegisterName, key: Key) -> Asked:
    """A key that ends like a suffix is that key, if the register holds it."""
    suffix, accept = request.scope.get("suffix"), accept_of(request)
    if suffix and here.held(register, f"{key}.{suffix}"):
        return Asked(f"{key}.{suffix}", choose(DATA.formats, None, accept))
    return Asked(key, choose(DATA.formats, suffix, accept))


AskedFor = Annotated[Asked, Depends(asked_for)]


@router.get(
    f"{V1}/records",
    responses=DATA.documented("A page of records, by key.", OBJECT),
    openapi_extra=numbers(
        ("page-index", "Which page, from 1.", 1),
        ("page-size", "Records a page, 5000 at most.", 100),
    ),
)
def records(
    here: Here, request: Request, register: RegisterName, choice: Chosen
) -> Response:
    """Records, newest first, `page-size` of them (100) from page `page-index`."""
    schema = here.registers.schema(register)
    log = here.registers.log
    with log.snapshot():
        page = records_page(request, log.count(register))
        found = newest_records(log, register, page.limit, page.offset)
        headers = page_headers(request, f"{register}-records", page.links)
        return _records(here, schema, found, choice, headers)


@router.get(
    f"{V1}/records/{{key}}", responses=DATA.documented("The record, by key.", OBJECT)
)
@router.get(f"{V1}/record/{{key}}", include_in_schema=False)
def record(here: Here, register: RegisterName, asked: AskedFor) -> Response:
    """One record; the link `version-history` leads to its entries."""
    schema = here.registers.schema(register)
    found = here.registers.log.record(register, asked.key)
    path = f"/registers/{register}/v1/records/{encode_key(asked.key)}/entries"
    headers = {"Link": f'<{here.path(path)}>; rel="version-history"'}
    return _records(here, schema, [found], asked.choice, headers)


@router.get(
    f"{V1}/records/{{key}}/entries",
    responses=DATA.documented("Every entry of the key, oldest first.", LIST),
)
@router.get(f"{V1}/record/{{key}}/entries", include_in_schema=False)
def trail(here: Here, register: RegisterName, key: Key, choice: Chosen) -> Response:
    """Every entry of one key, oldest first."""
    here.registers.schema(register)
    found = here.registers.log.trail(register, key)
    return reply(here, register, EntriesView(found, names_of(here, register)), choice)


@router.get(
    f"{V1}/records/{{field}}/{{value}}",
    responses=DATA.documented("Records that have the value, by key.", OBJECT),
)
def facet(
    here: Here, register: RegisterName, field: Segment, value: Segment, choice: Chosen
) -> Response:
    """Records whose field has the value, or holds it among several: 100 at most."""
    schema = here.registers.schema(register)
    log = here.registers.log
    if field not in field_names(log, schema):
        raise NoSuchPage(f"No field found matching {field[:60]} in register {register}")
    found = log.records(register, where={field: value}, limit=_FACET)
    found.sort(key=lambda one: one.entry.number, reverse=True)
    return _records(here, schema, found, choice, {})


def _records(
    here: Service,
    schema: Schema,
    found: Sequence[Record],
    choice: Choice,
    headers: Mapping[str, str],
) -> Response:
    register = schema.register
    fields = field_names(here.registers.log, schema)
    view = RecordsView(found, fields, schema, names_of(here, register))
    return reply(here, register, view, choice, headers)
