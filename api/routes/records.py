"""Records: pages of them, filtered; one of them; all entries of one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from api.finding import Found, RecordChoice, canonical_of, moved_to, record_reply
from api.negotiation import HTML, Choice
from api.parameters import At, Known, Limit, Once
from api.past import Then
from api.paths import Key, RegisterName, Suffixed
from api.replies import Link, Reply, next_page, see_other
from api.representations import DATA, RECORD, as_json, records_body
from trigpoint.dates import days_of
from trigpoint.errors import InvalidParameter
from trigpoint.schema.shape import Schema

router = APIRouter(route_class=Suffixed, tags=["Records"])
_RESERVED = ("at", "limit", "after", "size")
_MAX_FILTERS = 8
FILTERS = {
    "name": "filters",
    "in": "query",
    "description": "Fields and the values that they must have or hold.",
    "style": "form",
    "explode": True,
    "schema": {"type": "object", "additionalProperties": {"type": "string"}},
}


@router.get(
    "/registers/{register}/records",
    dependencies=[Once],
    responses=RECORD.documented("A page of records."),
    openapi_extra={"parameters": [FILTERS]},
)
def records(
    here: Then,
    request: Request,
    register: RegisterName,
    choice: Annotated[Choice, Depends(RECORD)],
    at: At = None,
    limit: Limit = 100,
    after: Annotated[
        str | None, Query(max_length=400, description="From a `next` link.")
    ] = None,
) -> Response:
    """Records in the order of keys, 100 at a time; `field=value` filters."""
    schema = here.registers.schema(register)
    where, day = _filters(request, schema), days_of(at)[0] if at else None
    dates = (schema.start, schema.end)
    found = here.registers.log.records(
        register, after=after, limit=limit + 1, where=where, at=day, dates=dates
    )
    url, links = None, []
    if len(found) > limit:
        url = next_page(request, here.path(""), found[limit - 1].entry.key)
        links = [Link(url, "next")]
    body = records_body(here, schema, found[:limit], url, choice.format)
    sizes = here.size_of(register)
    return Reply(body, choice, sizes=sizes, links=links, cache=here.lifetime)


def _filters(request: Request, schema: Schema) -> dict[str, str]:
    """The `field=value` parameters; raises InvalidParameter for an unknown field."""
    given = request.query_params.items()
    where = {name: value for name, value in given if name not in _RESERVED}
    for name in where:
        if name not in schema.by_name:
            raise InvalidParameter(
                f"{schema.register} has no field {name[:60]}: "
                f"expected one of {', '.join(schema.names)}",
                parameter=name[:60],
                fields=list(schema.names),
            )
    if len(where) > _MAX_FILTERS:
        raise InvalidParameter(
            f"{len(where)} filters are too many: at most {_MAX_FILTERS} are taken",
            parameter="filters",
            limit=_MAX_FILTERS,
        )
    return where


@router.get(
    "/registers/{register}/records/{key}",
    dependencies=[Known],
    responses=RECORD.documented("The record.", {"$ref": "#/components/schemas/Record"}),
)
def record(here: Then, asked: Found, choice: RecordChoice) -> Response:
    """One record: flat JSON-LD that is plain JSON too, or another format."""
    moved = moved_to(here, asked, "registers")
    return moved or record_reply(here, asked, choice)


@router.get(
    "/registers/{register}/records/{key}/entries",
    dependencies=[Known],
    responses={
        **DATA.documented("Every entry of the key, oldest first."),
        301: {"description": "The same key in its canonical spelling."},
    },
)
def trail(
    here: Then,
    register: RegisterName,
    key: Key,
    choice: Annotated[Choice, Depends(DATA)],
) -> Response:
    """Every entry of one key, oldest first."""
    here.registers.schema(register)
    canonical = canonical_of(here, register, key)
    if canonical != key:
        suffix = f".{choice.format.suffix}" if choice.by_suffix else ""
        path = here.record_path("registers", register, canonical, f"/entries{suffix}")
        return see_other(path, 301, here.query)
    found = here.registers.log.trail(register, key)
    if choice.format == HTML:
        body = here.pages.render(
            "entries",
            register=register,
            key=key,
            entries=found,
            following=None,
            asked=here.query,
        )
    else:
        body = as_json({"key": key, "entries": [one.as_json() for one in found]})
    return Reply(body, choice, sizes=here.size_of(register), cache=here.lifetime)
