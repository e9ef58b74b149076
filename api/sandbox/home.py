"""What the sandbox says of itself: a page for people, a description for programs."""

from __future__ import annotations

import json
from typing import Annotated, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.answers import ask
from api.description import Offer, service_lines
from api.negotiation import HTML, Choice, NotAcceptable, accept_of, choose
from api.paths import Decoded, ReadRoute
from api.problem_pages import problem_text
from api.queries import missing_query
from api.replies import Reply
from api.routes.home import style
from api.sandbox.service import Here, Sandbox
from api.statements import SYNTAXES, written
from trigpoint.graph import Query

router = APIRouter(route_class=ReadRoute, tags=["Home"])
router.add_api_route("/style.css", style, include_in_schema=False)

_DEFAULT: Final = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
_GRAPHS: Final = """
SELECT ?g (COUNT(?s) AS ?n)
WHERE { GRAPH ?g {} OPTIONAL { GRAPH ?g { ?s ?p ?o } } }
GROUP BY ?g ORDER BY ?g"""


@router.get("/")
async def home(here: Here, request: Request) -> Response:
    """What is here."""
    return await introduction(here, request)


@router.get("/problems/{slug}")
async def problem_page(here: Here, slug: Annotated[str, Decoded]) -> Response:
    """What a type of problem means and what to do."""
    title, paragraphs = problem_text(slug)
    page = here.pages.render("problem", title=title, paragraphs=paragraphs)
    return Reply(page, HTML)


async def introduction(here: Sandbox, request: Request) -> Response:
    """The page or the service description, by `Accept`; Turtle without it.

    Raises InvalidParameter when neither is accepted: then a query was forgotten.
    """
    try:
        choice = choose((*SYNTAXES, HTML), None, accept_of(request))
    except NotAcceptable:
        raise missing_query() from None
    vary = {"Vary": "Accept"}
    if choice.format == HTML:
        return Reply(here.pages.render("sandbox", home=here.home), HTML, headers=vary)
    return Reply(await _description(here, choice, request), choice, headers=vary)


async def _description(here: Sandbox, choice: Choice, request: Request) -> bytes:
    (default,) = await _rows(here, _DEFAULT, request)
    graphs = await _rows(here, _GRAPHS, request)
    offer = Offer(f"{here.home}/sparql", "Sandbox", updates=True)
    counts = {row["g"]["value"]: int(row["n"]["value"]) for row in graphs if "g" in row}
    lines = service_lines(offer, int(default["n"]["value"]), counts)
    return written(lines, choice.format)


async def _rows(
    here: Sandbox, query: str, request: Request
) -> list[dict[str, dict[str, str]]]:
    async with await ask(here.pool, Query(query, ("json",)), request) as found:
        body = b"".join([piece async for piece in found.pieces()])
    rows: list[dict[str, dict[str, str]]] = json.loads(body)["results"]["bindings"]
    return rows
