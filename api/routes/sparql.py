"""SPARQL over the current records: the query part of the SPARQL 1.1 Protocol.

Queries run in worker processes, so however hard one is, look-ups and records go on.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.answer_pages import answer_page, form_page
from api.answers import answer
from api.description import service_description, void_link
from api.negotiation import HTML, accept_of
from api.paths import ReadRoute
from api.queries import (
    FORM_TYPE,
    FORMATS,
    QUERY_TYPE,
    Asked,
    asked_in,
    missing_query,
    parameters_in_url,
    parameters_of,
    prefers_page,
)
from api.service import Current, Service
from api.worked import worked_examples

router = APIRouter(route_class=ReadRoute, tags=["SPARQL"])

_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The answer; its format by `Accept` or `format`.",
        "content": {form.media_type: {} for form in FORMATS} | {HTML.media_type: {}},
    }
}
_PARAMETERS: dict[str, dict[str, Any]] = {
    "query": {"type": "string", "maxLength": 100_000},
    "format": {"enum": [form.name for form in FORMATS]},
    "default-graph-uri": {"type": "array", "items": {"type": "string"}},
    "named-graph-uri": {"type": "array", "items": {"type": "string"}},
}
_SAID = {
    "query": "A SPARQL 1.1 query.",
    "format": "A format by its short name or media type; beats `Accept`.",
    "default-graph-uri": "Graphs that make up the default graph; beat `FROM`.",
    "named-graph-uri": "Named graphs; beat `FROM NAMED`.",
}
_IN_URL = [
    {"name": name, "in": "query", "description": _SAID[name], "schema": schema}
    for name, schema in _PARAMETERS.items()
]
_BODIES = {
    FORM_TYPE: {
        "schema": {
            "type": "object",
            "properties": _PARAMETERS,
            "required": ["query"],
        }
    },
    QUERY_TYPE: {"schema": {"type": "string"}},
}


@router.get("/sparql", responses=_ANSWERS, openapi_extra={"parameters": _IN_URL})
async def query(here: Current, request: Request) -> Response:
    """Answer a SPARQL query: a browser gets a page with the first rows. Without one, a
    browser gets a form and a program what the endpoint says of itself."""
    asked = asked_in(parameters_in_url(request))
    if asked is None and prefers_page(accept_of(request)):
        sizes = here.view().sizes
        examples = worked_examples(here.base)
        return form_page(here.pages, sizes, examples, [void_link(here)])
    if asked is None:
        return service_description(here, request)
    return await _answer(here, asked, request)


@router.post(
    "/sparql",
    responses=_ANSWERS,
    openapi_extra={"requestBody": {"required": True, "content": _BODIES}},
)
async def posted(here: Current, request: Request) -> Response:
    """Answer a SPARQL query sent as a form or as `application/sparql-query`."""
    asked = asked_in(await parameters_of(request))
    if asked is None:
        raise missing_query()
    return await _answer(here, asked, request)


async def _answer(here: Service, asked: Asked, request: Request) -> Response:
    check = partial(here.check_same, here.view())
    if asked.formats is None and prefers_page(accept_of(request)):
        return await answer_page(
            here.pool,
            asked,
            request,
            here.pages,
            link=partial(_link, here),
            check=check,
        )
    return await answer(
        here.pool,
        asked.as_query(accept_of(request)),
        request,
        headers={} if asked.formats else {"Vary": "Accept"},
        check=check,
    )


def _link(here: Service, iri: str) -> str:
    """Where an IRI is shown: those of this installation on this server, under whatever
    name it is reached by."""
    own = iri.startswith(f"{here.base}/")
    return here.path(iri.removeprefix(here.base)) if own else iri
