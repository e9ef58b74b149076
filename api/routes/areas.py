"""The areas of one record: those that cover its position, beside what it declares."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from api.finding import canonical_of
from api.negotiation import HTML, JSON, NT, TTL, Choice, Offers
from api.pages import title_of
from api.parameters import At, Known
from api.paths import Key, RegisterName, Suffixed
from api.replies import Reply, see_other
from api.representations import as_json
from api.service import Here, Service
from trigpoint.build import BOUNDARY
from trigpoint.comparing import said_by
from trigpoint.derived import link_line
from trigpoint.errors import NotFound, ViewsBehind
from trigpoint.iris import areas_graph_iri, record_iri
from trigpoint.log.entry import Record
from trigpoint.placing import Area, Areas, governed
from trigpoint.schema.declared import Declarations
from trigpoint.schema.rdf import turtle
from trigpoint.spatial.boundary import Boundary
from trigpoint.spatial.links import AreaLinks, Placed
from trigpoint.view import View

router = APIRouter(route_class=Suffixed, tags=["Records"], dependencies=[Known])

LINKS = Offers(JSON, TTL, NT, HTML)
Covering = list[tuple[Boundary, str]]


@router.get(
    "/registers/{register}/records/{key}/areas",
    responses={
        **LINKS.documented("The areas of the record."),
        301: {"description": "The same key in its canonical spelling."},
    },
)
def areas_of_record(
    here: Here,
    request: Request,
    register: RegisterName,
    key: Key,
    choice: Annotated[Choice, Depends(LINKS)],
    at: At = None,
) -> Response:
    """Which areas cover a record's position by the boundaries that count on a day, as
    the published links have it, and whether what it declares agrees."""
    here.registers.schema(register)
    canonical = canonical_of(here, register, key)
    if canonical != key:
        suffix = f".{choice.format.suffix}" if choice.by_suffix else ""
        path = here.record_path("registers", register, canonical, f"/areas{suffix}")
        return see_other(path, 301, request.url.query)
    with here.reading() as view:
        record, areas = here.record(register, key), here.areas(view, at)
        placed = _links(view, register).of(key)
        if placed is None:
            raise ViewsBehind(f"the views do not know {register} “{key}” yet")
        covering = _covering(view, areas, placed)
        sizes = {name: view.sizes.get(name, 0) for name in (register, BOUNDARY)}
        if choice.format in (TTL, NT):
            return Reply(_lines(here, record, covering, choice), choice, sizes=sizes)
        body = _body(here, areas, record, placed, covering)
    if choice.format == HTML:
        page = here.pages.render("areas", answer=body, title=title_of(record))
        return Reply(page, choice, sizes=sizes)
    return Reply(as_json(body), choice, sizes=sizes)


def _links(view: View, register: str) -> AreaLinks:
    """The links of a register; raises NotFound for one without positions."""
    links = view.areas.get(register)
    if links is None:
        raise NotFound(
            f"records of {register} have no position: there are areas of "
            f"{', '.join(view.areas) or 'none'}"
        )
    return links


def _covering(view: View, areas: Areas, placed: Placed) -> Covering:
    """The boundaries that count on the day and cover the position, with the relation
    to it; those of areas that did not exist that day are left out."""
    counting = set(view.boundaries.counting(areas.day).tolist())
    pairs = [(row, "inside") for row in placed.inside]
    pairs += [(row, "border") for row in placed.border]
    found = [
        (view.boundaries.boundaries[row], relation)
        for row, relation in sorted(pairs)
        if row in counting
    ]
    return [one for one in found if areas.of_boundary(*one)]


def _lines(
    here: Service, record: Record, covering: Covering, choice: Choice
) -> str | bytes:
    """The links as they stand in the named graphs."""
    lines = sorted(
        link_line(
            record_iri(here.base, record.register, record.entry.key),
            record_iri(here.base, boundary.area_register, boundary.area),
            on_border=relation == "border",
        )
        for boundary, relation in covering
    )
    if choice.format == TTL:
        return turtle(lines)
    return "".join(f"{line}\n" for line in lines)


def _body(
    here: Service, areas: Areas, record: Record, placed: Placed, covering: Covering
) -> dict[str, Any]:
    held = areas.together(covering)
    sets = {boundary.key: _set(here.base, boundary) for boundary, _ in covering}
    documents = [_document(area, sets) for area in held]
    position = placed.position
    return {
        "@id": record_iri(here.base, record.register, record.entry.key),
        "register": record.register,
        "key": record.entry.key,
        "at": areas.day,
        "point": position and {"lon": position[0], "lat": position[1]},
        "areas": documents,
        "councils": [area.document["authority"] for area in governed(held)],
        "declared": _declared(here, record, held),
    }


def _document(area: Area, sets: dict[str, dict[str, str]]) -> dict[str, Any]:
    """An area, and the set of boundaries by which it was found, if it was by one."""
    body = dict(area.document)
    if area.boundary is not None:
        body["set"] = sets[area.boundary]
    return body


def _set(base: str, boundary: Boundary) -> dict[str, str]:
    vintage, resolution = boundary.vintage, boundary.resolution
    return {
        "graph": areas_graph_iri(base, boundary.layer, vintage, resolution),
        "vintage": vintage,
        "resolution": resolution,
    }


def _declared(here: Service, record: Record, held: list[Area]) -> list[dict[str, Any]]:
    """What the record itself declares; `agrees` is null where geometry is silent."""
    schema, found = here.registers.schema(record.register), []
    for one in Declarations(here.registers.schemas).of(schema):
        value = record.item.get(one.field.name)
        if one.through is None and isinstance(value, str):
            target, said = one.target(value), said_by(one, held)
            found.append(
                {
                    "@id": record_iri(here.base, *target),
                    "field": one.path,
                    "register": target[0],
                    "key": target[1],
                    "agrees": target in said if said else None,
                }
            )
    return found
