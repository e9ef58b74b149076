"""What is near a position: the nearest records of a register."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from api.negotiation import HTML, Choice
from api.pages import title_of
from api.parameters import Known
from api.paths import Suffixed
from api.places import Distance, Place, positions_of
from api.replies import Reply
from api.representations import DATA, as_json
from api.service import Here, Service
from trigpoint.errors import InvalidParameter, Withheld
from trigpoint.iris import record_iri
from trigpoint.spatial.crs import Point
from trigpoint.spatial.nearest import PositionIndex

router = APIRouter(route_class=Suffixed, tags=["Look up"], dependencies=[Known])

Negotiated = Annotated[Choice, Depends(DATA)]


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
    size: Annotated[str | None, Query(include_in_schema=False)] = None,
) -> Response:
    """The records of a register that are nearest to a position, nearest first."""
    if size is not None:
        raise InvalidParameter(
            "what is nearest is known of now only: leave size out, or take the "
            f"positions of then from /dumps/{register}.csv?size={size[:40]}",
            parameter="size",
        )
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
