"""SPARQL over the current records: the query part of the SPARQL 1.1 Protocol.

Queries run in worker processes and wait in threads of their own, so however hard one
is, look-ups and records go on.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.description import service_description, void_link
from api.negotiation import HTML, Format, accept_of, parse_accept, quality_of
from api.paths import ReadRoute
from api.queries import (
    FORMATS,
    QUERY_TYPE,
    Asked,
    asked_in,
    missing_query,
    not_acceptable,
    parameters_in_url,
    parameters_of,
)
from api.replies import Reply
from api.service import Here, Service
from api.worked import worked_examples
from trigpoint.errors import InvalidParameter, QueryRejected
from trigpoint.graph import Query

router = APIRouter(route_class=ReadRoute, tags=["SPARQL"])

_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The answer; its format by `Accept` or `format`.",
        "content": {form.media_type: {} for form in FORMATS},
    }
}
_QUERY = {
    "name": "query",
    "in": "query",
    "description": "A SPARQL 1.1 query.",
    "schema": {"type": "string", "maxLength": 100_000},
}
_FORMAT = {
    "name": "format",
    "in": "query",
    "description": "A format by its short name; beats `Accept`.",
    "schema": {"enum": [form.name for form in FORMATS]},
}
_BODIES = {
    "application/x-www-form-urlencoded": {
        "schema": {
            "type": "object",
            "properties": {"query": {"type": "string"}},
            "required": ["query"],
        }
    },
    QUERY_TYPE: {"schema": {"type": "string"}},
}


@router.get(
    "/sparql",
    responses=_ANSWERS,
    openapi_extra={"parameters": [_QUERY, _FORMAT]},
)
async def query(here: Here, request: Request) -> Response:
    """Answer a SPARQL query. Without one, a browser gets a form and a program what the
    endpoint says of itself."""
    asked = asked_in(parameters_in_url(request))
    if asked is None and _wants_page(request):
        sizes = here.view().sizes
        page = here.pages.render(
            "sparql",
            formats=[form.name for form in FORMATS],
            examples=worked_examples(here.base),
        )
        links = [void_link(here)]
        return Reply(page, HTML, sizes=sizes, links=links, headers={"Vary": "Accept"})
    if asked is None:
        return service_description(here, request)
    return await _answer(here, asked, accept_of(request))


@router.post(
    "/sparql",
    responses=_ANSWERS,
    openapi_extra={"requestBody": {"required": True, "content": _BODIES}},
)
async def posted(here: Here, request: Request) -> Response:
    """Answer a SPARQL query sent as a form or as `application/sparql-query`."""
    asked = asked_in(await parameters_of(request))
    if asked is None:
        raise missing_query()
    return await _answer(here, asked, accept_of(request))


def _wants_page(request: Request) -> bool:
    ranges = parse_accept(accept_of(request) or "")
    named = [one for one in ranges if one.specificity]
    return quality_of(HTML.media_type, named) > 0


async def _answer(here: Service, asked: Asked, accept: str | None) -> Response:
    if asked.default_graphs or asked.named_graphs:
        raise QueryRejected("default-graph-uri is not offered: use FROM in the query")
    accepted = asked.accepted(accept)
    view = here.view()
    try:
        async with await here.pool.ask(Query(asked.query, accepted)) as answer:
            body = await answer.body()
    except InvalidParameter as error:
        raise not_acceptable(error) from error
    here.check_same(view)  # a query may have waited long
    form = Format("", answer.media_type)
    vary = {} if asked.formats else {"Vary": "Accept"}
    return Reply(body, form, sizes=answer.snapshot.sizes, headers=vary)
