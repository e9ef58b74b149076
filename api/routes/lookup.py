"""Where is it: by position, by postcode, and what is nearest."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response

from api.negotiation import HTML, Choice
from api.pages import title_of
from api.parameters import At, Known
from api.paths import Decoded, Suffixed
from api.places import Distance, Place, layer_of, positions_of, sizes_of
from api.replies import Reply, see_other
from api.representations import DATA, as_json
from api.service import Here, Service
from trigpoint.errors import Withheld
from trigpoint.identifiers import parse_postcode
from trigpoint.iris import encode_key, record_iri
from trigpoint.log.entry import Record
from trigpoint.lookup import answer
from trigpoint.schema.rdf import lon_lat_of
from trigpoint.spatial.crs import Point, point_from_lon_lat
from trigpoint.spatial.nearest import PositionIndex

router = APIRouter(route_class=Suffixed, tags=["Look up"], dependencies=[Known])

POSTCODE = "postcode"
Negotiated = Annotated[Choice, Depends(DATA)]


@router.get("/lookup/point", responses=DATA.documented("The areas of the point."))
def point(
    here: Here,
    choice: Negotiated,
    place: Place,
    at: At = None,
    register: Annotated[
        str | None, Query(max_length=100, description="Only areas of this register.")
    ] = None,
) -> Response:
    """Which areas hold a position, on a day, and which councils govern them."""
    layers = [layer_of(here, register)] if register else None
    body = answer(here.current(), place, at, layers)
    if register:
        body["areas"] = [a for a in body["areas"] if a["register"] == register]
        body["councils"] = [a["authority"] for a in body["areas"] if "authority" in a]
    sizes = sizes_of(here, body)
    if choice.format == HTML:
        page = here.pages.render("place", answer=body, title="Where a point is")
        return Reply(page, choice, sizes=sizes)
    return Reply(as_json(body), choice, sizes=sizes)


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
    record = here.registers.log.record(POSTCODE, canonical)
    body = {"postcode": canonical, **_areas_of(here, record, at)}
    sizes = sizes_of(here, body) | here.size_of(POSTCODE)
    if choice.format == HTML:
        page = here.pages.render("place", answer=body, title=canonical)
        return Reply(page, choice, sizes=sizes)
    return Reply(as_json(body), choice, sizes=sizes)


def _postcode_path(here: Service, postcode: str, choice: Choice | None = None) -> str:
    suffix = f".{choice.format.suffix}" if choice and choice.by_suffix else ""
    return here.path(f"/lookup/postcode/{encode_key(postcode)}{suffix}")


def _areas_of(here: Service, record: Record, at: str | None) -> dict[str, Any]:
    """What holds a record's position; no areas when it has none."""
    field = here.registers.schema(record.register).geometry
    value = record.item.get(field or "")
    place = lon_lat_of(value) if isinstance(value, str) else None
    document = here.registers.document(record)
    if place is None:
        return {"record": document, "point": None, "areas": [], "councils": []}
    return {
        "record": document,
        **answer(here.current(), point_from_lon_lat(*place), at),
    }


@router.get("/lookup/nearest", responses=DATA.documented("The nearest records."))
def nearest(
    here: Here,
    choice: Negotiated,
    place: Place,
    max_distance: Distance,
    register: Annotated[
        str, Query(max_length=100, description="A register with positions.")
    ],
    limit: Annotated[int, Query(ge=1, le=100, description="How many.")] = 10,
) -> Response:
    """The records of a register that are nearest to a position, nearest first."""
    index = positions_of(here, register)
    found = _near(here, register, index, place, limit, max_distance)
    body = {
        "point": {"lon": round(place.lon, 8), "lat": round(place.lat, 8)},
        "register": register,
        "records": found,
    }
    sizes = {register: here.view().sizes[register]}
    if choice.format == HTML:
        return Reply(here.pages.render("nearest", answer=body), choice, sizes=sizes)
    return Reply(as_json(body), choice, sizes=sizes)


def _near(
    here: Service,
    register: str,
    index: PositionIndex,
    place: Point,
    limit: int,
    max_distance: float,
) -> list[dict[str, Any]]:
    """The nearest records; one that is withheld is passed over for the next."""
    shown: list[dict[str, Any]] = []
    seen, asked = 0, limit
    while True:
        found = index.nearest(place.lon, place.lat, asked, max_distance)
        for key, metres in found[seen:]:
            with suppress(Withheld):
                shown.append(_neighbour(here, register, key, metres))
        if len(shown) >= limit or len(found) < asked:
            return shown[:limit]
        seen, asked = asked, 2 * asked


def _neighbour(here: Service, register: str, key: str, metres: float) -> dict[str, Any]:
    record = here.registers.log.record(register, key)
    return {
        "@id": record_iri(here.base, register, key),
        "key": key,
        "name": title_of(record),
        "distance-metres": round(metres, 1),
    }
