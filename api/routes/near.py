"""What is near: the nearest records, and those within a circle, a box or a polygon."""

from __future__ import annotations

import math
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.negotiation import HTML, Choice
from api.neighbours import NEIGHBOURS, Neighbours, Shown, shown
from api.openapi import PROBLEMS
from api.pages import outline
from api.parameters import Known, Limit, OutCrs
from api.paths import Suffixed
from api.places import Distance, Place, positions_of
from api.regions import POLYGON_TYPES, Region, polygon_in, region_in, region_of
from api.replies import Link, Reply, next_page
from api.service import Here, Service
from trigpoint.errors import InvalidParameter
from trigpoint.spatial.crs import Point
from trigpoint.spatial.nearest import PositionIndex, Within
from trigpoint.spatial.within import Circle

router = APIRouter(route_class=Suffixed, tags=["Look up"], dependencies=[Known])

Negotiated = Annotated[Choice, Depends(NEIGHBOURS)]
Register = Annotated[
    str, Query(max_length=100, description="A register with positions.")
]
After = Annotated[str | None, Query(max_length=400, description="From a `next` link.")]
Size = Annotated[str | None, Query(include_in_schema=False)]
_BODY = {
    "required": True,
    "content": {kind: {"schema": {}} for kind in POLYGON_TYPES},
}
_REFUSED: dict[int | str, Any] = {
    status: {**PROBLEMS[400], "description": description}
    for status, description in (
        (408, "The body came too slowly."),
        (413, "The body is too large."),
        (415, "The body is of a type that is not read."),
    )
}


@router.get("/lookup/nearest", responses=NEIGHBOURS.documented("The nearest records."))
def nearest(
    here: Here,
    choice: Negotiated,
    place: Place,
    max_distance: Distance,
    register: Register,
    out_crs: OutCrs,
    limit: Annotated[int, Query(ge=1, le=100, description="How many.")] = 10,
    size: Size = None,
) -> Response:
    """The records of a register that are nearest to a position, nearest first."""
    _of_now(register, size)
    with here.reading() as view:
        index = positions_of(here, view, register)
        near = _nearest(here, register, index, place, limit, max_distance, out_crs)
    body = {"point": place.as_json(out_crs), "register": register, "records": near}
    found = Neighbours(body, ("distance-metres",), "nearest", out_crs)
    sizes = {register: view.sizes[register]}
    return Reply(found.written(here, choice.format), choice, sizes=sizes)


def _nearest(
    here: Service,
    register: str,
    index: PositionIndex,
    place: Point,
    limit: int,
    max_distance: float,
    out_crs: str | None,
) -> list[Shown]:
    """The nearest records; one that is withheld is passed over for the next."""
    found: list[Shown] = []
    seen, asked = 0, limit
    while True:
        near = index.nearest(place.lon, place.lat, asked, max_distance)
        for one in near[seen:]:
            record = shown(here, register, one.key, (one.lon, one.lat), out_crs)
            if record is not None:
                found.append(record | {"distance-metres": round(one.metres, 1)})
        if len(found) >= limit or len(near) < asked:
            return found[:limit]
        seen, asked = asked, 2 * asked


@router.get("/lookup/within", responses=NEIGHBOURS.documented("A page of records."))
async def within(
    here: Here,
    request: Request,
    choice: Negotiated,
    region: Annotated[Region, Depends(region_of)],
    register: Register,
    out_crs: OutCrs,
    limit: Limit = 100,
    after: After = None,
    size: Size = None,
) -> Response:
    """The records of a register within a circle or a box, in the order of keys."""
    _of_now(register, size)
    work = partial(_within, here, request, register, region, after, limit, out_crs)
    reply = partial(work, choice)
    return await (here.hard.run(reply) if region.hard else run_in_threadpool(reply))


@router.post(
    "/lookup/within",
    responses={**NEIGHBOURS.documented("A page of records."), **_REFUSED},
    openapi_extra={"requestBody": _BODY},
)
async def within_polygon(
    here: Here,
    request: Request,
    choice: Negotiated,
    register: Register,
    out_crs: OutCrs,
    limit: Limit = 100,
    after: After = None,
    size: Size = None,
) -> Response:
    """The records of a register within a polygon that is sent: GeoJSON, or well-known
    text. For the next page the same polygon is sent to the address in `Link`."""
    _of_now(register, size)
    kind, body = await polygon_in(request)

    def work() -> Response:
        region = region_in(kind, body)
        return _within(here, request, register, region, after, limit, out_crs, choice)

    return await here.hard.run(work)


def _within(
    here: Service,
    request: Request,
    register: str,
    region: Region,
    after: str | None,
    limit: int,
    out_crs: str | None,
    choice: Choice,
) -> Response:
    with here.reading() as view:
        page = positions_of(here, view, register).within(region.area, after, limit)
        records = _records(here, register, page, out_crs)
    body: Shown = {
        "register": register,
        "area": region.said,
        "total": page.total,
        "records": records,
    }
    links = []
    if page.more:
        body["next"] = next_page(request, here.path(""), page.keys[-1])
        links = [Link(body["next"], "next")]
    drawn = None
    # To simplify an outline may take longer than to look in it.
    if region.drawn is not None and choice.format == HTML:
        places = zip(page.lons.tolist(), page.lats.tolist(), strict=True)
        drawn = outline(region.drawn, places)
    circle = isinstance(region.area, Circle)
    columns = ("relation", "distance-metres") if circle else ("relation",)
    found = Neighbours(body, columns, "within", out_crs, drawn)
    sizes = {register: view.sizes[register]}
    text = found.written(here, choice.format)
    return Reply(text, choice, sizes=sizes, links=links)


def _records(
    here: Service, register: str, page: Within, out_crs: str | None
) -> list[Shown]:
    """A page as it is shown, without what is withheld."""
    found = []
    columns = (page.lons, page.lats, page.on_border, page.metres)
    rows = zip(page.keys, *(column.tolist() for column in columns), strict=True)
    for key, lon, lat, on_border, metres in rows:
        record = shown(here, register, key, (lon, lat), out_crs)
        if record is not None:
            record["relation"] = "border" if on_border else "inside"
            if not math.isnan(metres):
                record["distance-metres"] = round(metres, 1)
            found.append(record)
    return found


def _of_now(register: str, size: str | None) -> None:
    if size is not None:
        raise InvalidParameter(
            "what is near is known of now only: leave size out, or take the "
            f"positions of then from /dumps/{register}.csv?size={size[:40]}",
            parameter="size",
        )
