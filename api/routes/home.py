"""The way in: what is here, whether it is well, and the problems' own pages."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from api.description import VOID_DOOR, void_link
from api.examples import examples
from api.negotiation import HTML, JSON, TTL, Choice, Format, Offers
from api.pages import STYLE
from api.parameters import Known
from api.paths import Decoded, ReadRoute, Suffixed
from api.problem_pages import problem_text
from api.replies import Reply
from api.representations import DATA, as_json
from api.service import Here

router = APIRouter(route_class=Suffixed, tags=["Home"], dependencies=[Known])
plain = APIRouter(route_class=ReadRoute, tags=["Home"], dependencies=[Known])

VOCABULARY = Offers(TTL, HTML)
CSS = Format("css", "text/css")


@router.get("/", responses=DATA.documented("What is here."))
def home(here: Here, choice: Annotated[Choice, Depends(DATA)]) -> Response:
    """What is here, with the address of each door."""
    sizes = here.sizes
    if choice.format == HTML:
        titles = [(name, here.registers.schema(name).title) for name in sizes]
        body = here.pages.render(
            "home",
            registers=titles,
            entries=sum(sizes.values()),
            examples=examples(here.registers),
        )
    else:
        body = as_json(_index(here.base, len(sizes)))
    return Reply(body, choice, sizes=sizes, links=[void_link(here)])


def _index(base: str, held: int) -> dict[str, Any]:
    doors = {
        "registers": "/registers",
        "record": "/registers/{register}/records/{key}",
        "checkpoint": "/registers/{register}/checkpoint",
        "tile": "/registers/{register}/tile/{level}/{index}",
        "entry-proof": "/registers/{register}/proofs/entry/{number}",
        "consistency-proof": "/registers/{register}/proofs/consistency/{old}/{new}",
        "bundle": "/registers/{register}/records/{key}/bundle",
        "keys": "/keys.json",
        "id": "/id/{register}/{key}",
        "point": "/lookup/point?lon={lon}&lat={lat}",
        "postcode": "/lookup/postcode/{postcode}",
        "nearest": "/lookup/nearest?lon={lon}&lat={lat}&register={register}",
        "sparql": "/sparql",
        "dumps": "/dumps",
        "void": VOID_DOOR,
        "vocabulary": "/def",
        "openapi": "/openapi.json",
        "health": "/health",
    }
    return {
        "name": "trigpoint",
        "description": "A linked-data register of UK addresses, schools, local "
        "authorities and geography.",
        "registers": held,
        "doors": {name: base + path for name, path in doors.items()},
    }


@plain.get("/health")
def health(here: Here) -> Response:
    """Whether the log and its views can be read, and how far the views are."""
    view, sizes = here.view(), here.sizes
    behind = {n: s - view.sizes.get(n, 0) for n, s in sizes.items()}
    body = {
        "status": "ok",
        "view": view.version,
        "entries": sum(sizes.values()),
        "entries-not-yet-in-views": sum(behind.values()),
    }
    return Reply(as_json(body), JSON, cache="no-store")


@router.get("/def", responses=VOCABULARY.documented("The vocabulary."))
def vocabulary(here: Here, choice: Annotated[Choice, Depends(VOCABULARY)]) -> Response:
    """The vocabulary: its terms are `/def#Term`."""
    if choice.format == HTML:
        return Reply(here.pages.render("vocabulary", terms=here.terms), choice)
    return Reply(here.ontology, choice)


@plain.get("/problems/{slug}", responses={404: {"description": "No such problem."}})
def problem_page(here: Here, slug: Annotated[str, Decoded]) -> Response:
    """What a type of problem means and what to do."""
    title, paragraphs = problem_text(slug)
    page = here.pages.render("problem", title=title, paragraphs=paragraphs)
    return Reply(page, HTML)


@plain.get("/style.css", include_in_schema=False)
def style() -> Response:
    """The style sheet of the pages."""
    return Reply(STYLE.read_bytes(), CSS, cache="public, max-age=3600")
