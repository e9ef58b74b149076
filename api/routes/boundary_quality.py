"""The report on boundaries: how well those of each set fit together."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import shapely
from fastapi import APIRouter, Depends, Query
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.negotiation import CSV, HTML, JSON, Choice, Offers
from api.pages import Map, outline
from api.parameters import Known
from api.paths import Suffixed
from api.replies import Reply
from api.representations import as_json
from api.service import Here
from trigpoint.build import BOUNDARY
from trigpoint.errors import InvalidParameter
from trigpoint.iris import record_iri
from trigpoint.spatial.coverage import KINDS, LISTED, Coverage, Flaw

router = APIRouter(route_class=Suffixed, tags=["Quality"], dependencies=[Known])

REPORT = Offers(JSON, CSV, HTML)
_MARGIN = 0.1  # degrees around the places on a map
COLUMNS = (
    *("layer", "vintage", "resolution", "crs", "kind", "square-metres"),
    *("mean-width-metres", "lon", "lat", "boundaries"),
)


@router.get(
    "/quality/boundaries",
    responses=REPORT.documented("The report, with the largest of each kind."),
)
async def boundaries_report(
    here: Here,
    choice: Annotated[Choice, Depends(REPORT)],
    layer: Annotated[
        str | None, Query(max_length=100, description="Only this layer.")
    ] = None,
    limit: Annotated[
        int,
        Query(ge=1, le=LISTED, description="How many of a kind to list for each set."),
    ] = 10,
) -> Response:
    """Overlaps, gaps and openings between the boundaries of each set: how many, how
    large, and the largest by place."""
    view = await run_in_threadpool(here.view)
    shown = [one for one in view.coverages if layer in (None, one.layer)]
    if layer is not None and not shown:
        known = ", ".join(dict.fromkeys(one.layer for one in view.coverages))
        raise InvalidParameter(
            f"no boundaries of the layer {layer} are held: expected one of "
            f"{known or 'none, since there are no boundaries'}",
            parameter="layer",
        )
    sizes = {BOUNDARY: view.sizes.get(BOUNDARY, 0)}
    if choice.format == CSV:
        return Reply(_csv(shown, limit), choice, sizes=sizes)
    body = {"sets": [_set(here.base, one, limit) for one in shown]}
    if choice.format == HTML:
        page = here.pages.render(
            "boundary-quality", report=body, kinds=KINDS, map=_map(shown, limit)
        )
        return Reply(page, choice, sizes=sizes)
    return Reply(as_json(body), choice, sizes=sizes)


def _set(base: str, one: Coverage, limit: int) -> dict[str, Any]:
    return {
        "layer": one.layer,
        "vintage": one.vintage,
        "resolution": one.resolution,
        "crs": one.crs,
        "areas": one.areas,
        **{
            f"{kind}s": {
                "count": tally.count,
                "square-metres": round(tally.area, 2),
                "largest": [_flaw(base, flaw) for flaw in _listed(one, kind, limit)],
            }
            for kind, tally in one.tallies.items()
        },
    }


def _listed(one: Coverage, kind: str, limit: int) -> Sequence[Flaw]:
    return [flaw for flaw in one.flaws if flaw.kind == kind][:limit]


def _flaw(base: str, flaw: Flaw) -> dict[str, Any]:
    return {
        "square-metres": round(flaw.area, 2),
        "mean-width-metres": round(flaw.width, 2),
        "lon": round(flaw.lon, 7),
        "lat": round(flaw.lat, 7),
        "boundaries": [
            {"@id": record_iri(base, BOUNDARY, key), "key": key}
            for key in flaw.boundaries
        ],
    }


def _csv(shown: Iterable[Coverage], limit: int) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for one in shown:
        named = (one.layer, one.vintage, one.resolution, one.crs)
        for kind in KINDS:
            for flaw in _listed(one, kind, limit):
                measured = (f"{flaw.area:.2f}", f"{flaw.width:.2f}")
                place = (f"{flaw.lon:.7f}", f"{flaw.lat:.7f}")
                keys = ";".join(flaw.boundaries)
                writer.writerow((*named, kind, *measured, *place, keys))
    return out.getvalue()


def _map(shown: Iterable[Coverage], limit: int) -> Map | None:
    """Where the overlaps and gaps are that are listed."""
    places = [
        (flaw.lon, flaw.lat)
        for one in shown
        for kind in ("overlap", "gap")
        for flaw in _listed(one, kind, limit)
    ]
    if not places:
        return None
    # A box of some breadth, be it around a single place.
    return outline(shapely.MultiPoint(places).envelope.buffer(_MARGIN).envelope, places)
