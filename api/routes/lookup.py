"""Where is it: by position and by postcode."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response

from api.negotiation import HTML, Choice
from api.parameters import At, Known
from api.past import AllThen, PastBoundaries
from api.paths import Decoded, Suffixed
from api.places import Place, areas_of, layer_of, sizes_of
from api.reading import Reading
from api.replies import REVALIDATE, Reply, see_other
from api.representations import DATA, as_json
from api.service import Here, Service
from trigpoint.identifiers import parse_postcode
from trigpoint.iris import encode_key
from trigpoint.log.entry import Record
from trigpoint.lookup import answer
from trigpoint.placing import Areas
from trigpoint.schema.rdf import lon_lat_of
from trigpoint.spatial.crs import point_from_lon_lat

router = APIRouter(route_class=Suffixed, tags=["Look up"], dependencies=[Known])

POSTCODE = "postcode"
Negotiated = Annotated[Choice, Depends(DATA)]


@router.get("/lookup/point", responses=DATA.documented("The areas of the point."))
def point(
    here: Here,
    then: AllThen,
    drawn: PastBoundaries,
    choice: Negotiated,
    place: Place,
    at: At = None,
    register: Annotated[
        str | None, Query(max_length=100, description="Only areas of this register.")
    ] = None,
) -> Response:
    """Which areas hold a position, on a day, and which councils govern them."""
    layers = [layer_of(here, register)] if register else None
    body = answer(areas_of(here, then, drawn, at), place, layers)
    if register:
        body["areas"] = [a for a in body["areas"] if a["register"] == register]
        body["councils"] = [a["authority"] for a in body["areas"] if "authority" in a]
    return _place_reply(here, then, choice, body, "Where a point is", at)


@router.get("/lookup/postcode", include_in_schema=False)
def postcode_form(
    here: Here, postcode: Annotated[str, Query(max_length=20)]
) -> Response:
    """Where the form on the home page leads."""
    return see_other(_postcode_path(here, parse_postcode(postcode)), 303)


@router.get(
    "/lookup/postcode/{postcode}",
    responses={
        **DATA.documented("The postcode and the areas of its position."),
        301: {"description": "The same postcode in its canonical spelling."},
    },
)
def postcode(
    here: Here,
    then: AllThen,
    drawn: PastBoundaries,
    request: Request,
    choice: Negotiated,
    postcode: Annotated[str, Path(description="Such as `SW1A%201AA`."), Decoded],
    at: At = None,
) -> Response:
    """A postcode, which areas hold its position, and which councils govern them."""
    canonical = parse_postcode(postcode)
    if canonical != postcode:
        target = _postcode_path(here, canonical, choice)
        return see_other(target, 301, request.url.query)
    record = then.record(POSTCODE, canonical)
    areas = areas_of(here, then, drawn, at)
    body = {"postcode": canonical, **_of_record(areas, record)}
    return _place_reply(here, then, choice, body, canonical, at)


def _place_reply(
    here: Service,
    then: Reading,
    choice: Choice,
    body: dict[str, Any],
    title: str,
    at: str | None,
) -> Response:
    """What a look-up says, as JSON or a page, with the log sizes that it drew on."""
    sizes = sizes_of(here, then, body)
    if "postcode" in body:
        sizes |= then.size_of(POSTCODE)
    # Without a date the answer is of today, and another one tomorrow.
    cache = REVALIDATE if at is None else then.lifetime
    if choice.format == HTML:
        page = then.pages.render("place", answer=body, title=title, asked=then.asked)
        return Reply(page, choice, sizes=sizes, cache=cache)
    return Reply(as_json(body), choice, sizes=sizes, cache=cache)


def _postcode_path(here: Service, postcode: str, choice: Choice | None = None) -> str:
    suffix = f".{choice.format.suffix}" if choice and choice.by_suffix else ""
    return here.path(f"/lookup/postcode/{encode_key(postcode)}{suffix}")


def _of_record(areas: Areas, record: Record) -> dict[str, Any]:
    """What holds a record's position; no areas when it has none."""
    registers = areas.registers
    field = registers.schema(record.register).geometry
    value = record.item.get(field or "")
    place = lon_lat_of(value) if isinstance(value, str) else None
    document = registers.document(record)
    if place is None:
        return {"record": document, "point": None, "areas": [], "councils": []}
    return {"record": document, **answer(areas, point_from_lon_lat(*place))}
