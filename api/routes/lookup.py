"""Where is it: by position and by postcode."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response

from api.lookups import Asked, Body, look_at
from api.negotiation import Choice
from api.parameters import Known
from api.paths import Decoded, Suffixed
from api.places import Place, layer_of
from api.replies import see_other
from api.representations import DATA
from api.service import Here, Service
from trigpoint.identifiers import parse_postcode
from trigpoint.iris import encode_key
from trigpoint.lookup import described
from trigpoint.placing import Areas
from trigpoint.schema.rdf import lon_lat_of
from trigpoint.spatial.crs import point_from_lon_lat

router = APIRouter(route_class=Suffixed, tags=["Look up"], dependencies=[Known])

POSTCODE = "postcode"
Negotiated = Annotated[Choice, Depends(DATA)]


@router.get("/lookup/point", responses=DATA.documented("The areas of the point."))
async def point(
    here: Here,
    asked: Asked,
    choice: Negotiated,
    place: Place,
    register: Annotated[
        str | None, Query(max_length=100, description="Only areas of this register.")
    ] = None,
) -> Response:
    """Which areas hold a position, on a day, and which councils govern them."""
    layers = [layer_of(here, register)] if register else None

    def look(areas: Areas, far: bool) -> Body | None:
        if layers is None:
            return look_at(areas, place, far, asked.out_crs)
        found = [a for a in areas.at(place, layers) if a.register == register]
        councils = [a.document["authority"] for a in found if a.authority]
        body = described(areas, place, found, asked.out_crs)
        return {**body, "councils": councils}

    return await asked.reply(look, choice, "Where a point is")


@router.get("/lookup/postcode", include_in_schema=False)
async def postcode_form(
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
async def postcode(
    here: Here,
    asked: Asked,
    request: Request,
    choice: Negotiated,
    postcode: Annotated[str, Path(description="Such as `SW1A%201AA`."), Decoded],
) -> Response:
    """A postcode, which areas hold its position, and which councils govern them."""
    canonical = parse_postcode(postcode)
    if canonical != postcode:
        target = _postcode_path(here, canonical, choice)
        return see_other(target, 301, request.url.query)

    def look(areas: Areas, far: bool) -> Body | None:
        record = asked.then.record(POSTCODE, canonical)
        registers = areas.registers
        value = record.item.get(registers.schema(POSTCODE).geometry or "")
        place = lon_lat_of(value) if isinstance(value, str) else None
        found: Body | None = {"point": None, "areas": [], "councils": []}
        if place is not None:
            found = look_at(areas, point_from_lon_lat(*place), far, asked.out_crs)
        body: dict[str, Any] = {
            "postcode": canonical,
            "record": registers.document(record),
        }
        return None if found is None else body | found

    return await asked.reply(look, choice, canonical, POSTCODE)


def _postcode_path(here: Service, postcode: str, choice: Choice | None = None) -> str:
    suffix = f".{choice.format.suffix}" if choice and choice.by_suffix else ""
    return here.path(f"/lookup/postcode/{encode_key(postcode)}{suffix}")
