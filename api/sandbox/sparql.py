"""SPARQL over the sandbox: query and update of the SPARQL 1.1 Protocol, whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.answers import answer
from api.negotiation import accept_of
from api.paths import ReadRoute
from api.queries import Asked, asked_in, missing_query, parameters_in_url, parameters_of
from api.sandbox.home import introduction
from api.sandbox.loopback import check_origin
from api.sandbox.service import Here, Sandbox
from trigpoint.errors import InvalidParameter
from trigpoint.graph.changes import Update

router = APIRouter(route_class=ReadRoute, tags=["SPARQL"])

MAX_UPDATE: Final = 8_000_000  # bytes; 2,000,000 characters, four bytes each


@router.get("/sparql")
async def query(here: Here, request: Request) -> Response:
    """Answer a query; without one, say what is here."""
    given = parameters_in_url(request)
    if update_in(given) is not None:
        raise InvalidParameter(
            "an update is sent by POST, never by GET", parameter="update"
        )
    asked = asked_in(given)
    if asked is None:
        return await introduction(here, request)
    return await _answer(here, asked, request)


@router.post("/sparql")
async def posted(here: Here, request: Request) -> Response:
    """Answer a query or make an update, sent as a form or as it is."""
    given = await parameters_of(request, limit=MAX_UPDATE)
    update = update_in(given)
    if update is not None:
        await check_origin(request)
        await here.make(update)
        return Response(status_code=204)
    asked = asked_in(given)
    if asked is None:
        raise missing_query()
    return await _answer(here, asked, request)


def update_in(pairs: Sequence[tuple[str, str]]) -> Update | None:
    """The update in the parameters of a request (section 2.2); None without one.

    Raises InvalidParameter for two, and for one with a query beside it.
    """
    given: dict[str, list[str]] = {}
    for name, value in pairs:
        given.setdefault(name, []).append(value)
    updates = given.get("update", [])
    if not updates:
        return None
    if len(updates) > 1 or "query" in given:
        raise InvalidParameter("expected one update, or one query", parameter="update")
    return Update(
        updates[0],
        tuple(given.get("using-graph-uri", ())),
        tuple(given.get("using-named-graph-uri", ())),
    )


async def _answer(here: Sandbox, asked: Asked, request: Request) -> Response:
    vary = {} if asked.formats else {"Vary": "Accept"}
    query = asked.as_query(accept_of(request))
    return await answer(here.pool, query, request, headers=vary)
