"""The old API put together, and what it did with addresses that it did not have."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.gds import downloads, log, proofs, records
from api.gds.errors import NoSuchPage
from api.gds.formats import OldRoute, OldSuffixed
from api.gds.replies import V1, Segment
from api.gds.summary import field_names
from api.paths import RegisterName
from api.replies import see_other
from api.service import Here
from trigpoint.iris import encode_key

found = APIRouter(route_class=OldSuffixed, include_in_schema=False)
elsewhere = APIRouter(route_class=OldRoute, include_in_schema=False)


@found.get(f"{V1}/{{field}}/{{value}}")
def search(
    here: Here, request: Request, register: RegisterName, field: Segment, value: Segment
) -> Response:
    """A field and its value: the record with that key, or those that have the value."""
    schema = here.registers.schema(register)
    if field not in field_names(here.registers.log, schema):
        raise NoSuchPage("nothing is served at this address")
    where = "" if field == schema.key else f"{encode_key(field)}/"
    suffix = request.scope.get("suffix")
    form = f".{suffix}" if suffix else ""
    target = f"/registers/{register}/v1/records/{where}{encode_key(value)}{form}"
    return see_other(here.path(target), 301)


@elsewhere.get(V1)
def root(here: Here, register: RegisterName) -> Response:
    """The root, which had a page for people: the register itself."""
    here.registers.schema(register)
    return see_other(here.path(f"/registers/{register}/v1/register"), 301)


@elsewhere.get(f"{V1}/{{rest:path}}")
def nothing(
    here: Here, request: Request, register: RegisterName, rest: str
) -> Response:
    """Anything else: what it is without a slash at the end, or nothing."""
    here.registers.schema(register)
    path = request.scope["path"]
    if not path.endswith("/"):
        raise NoSuchPage("nothing is served at this address")
    return see_other(here.path(path.rstrip("/")), 301, request.url.query)


routers = (
    log.router,
    records.router,
    proofs.router,
    downloads.router,
    found,
    elsewhere,
)
