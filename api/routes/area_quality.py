"""The report on areas: what records declare beside what geometry says."""

from __future__ import annotations

import csv
import io
from bisect import bisect_right
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any
from urllib.parse import urlencode

import shapely
from fastapi import APIRouter, Depends, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.negotiation import CSV, HTML, JSON, Choice, Offers
from api.pages import Map, outline
from api.parameters import At, Known, Limit
from api.paths import Suffixed
from api.replies import Link, Reply
from api.representations import as_json
from api.service import Here, Service
from trigpoint.build import BOUNDARY
from trigpoint.comparing import AGREES, DIFFERS, NOT_COMPARABLE, REASONS
from trigpoint.errors import InvalidParameter
from trigpoint.findings import AreaReport, Finding, Summary
from trigpoint.iris import record_iri
from trigpoint.placing import Key
from trigpoint.view import View

router = APIRouter(route_class=Suffixed, tags=["Quality"], dependencies=[Known])

REPORT = Offers(JSON, CSV, HTML)
_DOTS, _MARGIN = 4_000, 0.1  # places on a map; degrees around them
COLUMNS = (
    *("register", "key", "lon", "lat", "field", "declared", "found", "reason"),
    "distance-metres",
)


@router.get(
    "/quality/areas", responses=REPORT.documented("The report, a page of findings.")
)
async def areas_report(
    here: Here,
    request: Request,
    choice: Annotated[Choice, Depends(REPORT)],
    at: At = None,
    register: Annotated[
        str | None, Query(max_length=100, description="Only this register.")
    ] = None,
    limit: Limit = 100,
    after: Annotated[
        str | None, Query(max_length=600, description="From a `next` link.")
    ] = None,
) -> Response:
    """How records with a position lie in areas on a day; where what they declare is not
    what geometry says, and which positions no area holds, with the reason if it is
    certain."""
    view, report = await _report(here, at)
    shown = [one for one in report.summaries if register in (None, one.register)]
    if register is not None and not shown:
        known = ", ".join(one.register for one in report.summaries)
        raise InvalidParameter(
            f"nothing is reported of {register}: expected one of {known}",
            parameter="register",
        )
    found = [one for one in report.findings if register in (None, one.register)]
    start = bisect_right([one.order for one in found], _order(after)) if after else 0
    page = found[start : start + limit]
    url = None
    if start + limit < len(found):
        url = _next(request, here.path("/quality/areas"), page[-1])
    body = _written(here, report, shown, found, page, url, choice)
    names = (*(one.register for one in shown), BOUNDARY)
    sizes = {name: view.sizes.get(name, 0) for name in names}
    links = [Link(url, "next")] if url else []
    return Reply(body, choice, sizes=sizes, links=links)


async def _report(here: Service, at: str | None) -> tuple[View, AreaReport]:
    """The report on a day, made on the bench for hard work when it is not at hand."""
    view = await run_in_threadpool(here.view)
    areas = here.areas(view, at)
    report = here.reports.held(view, areas.day)
    if report is None:
        report = await here.hard.run(partial(here.reports.build, view, areas))
    here.check_same(view)
    return view, report


def _written(
    here: Service,
    report: AreaReport,
    shown: Sequence[Summary],
    found: Sequence[Finding],
    page: Sequence[Finding],
    url: str | None,
    choice: Choice,
) -> str:
    if choice.format == CSV:
        return _csv(page)
    body = {
        "at": report.day,
        "vintages": report.vintages,
        "reasons": dict(REASONS),
        "registers": [_summary(one) for one in shown],
        "findings": [_finding(here.base, one) for one in page],
        **({"next": url} if url else {}),
    }
    if choice.format == HTML:
        return here.pages.render("area-quality", report=body, map=_map(found))
    return as_json(body)


def _map(found: Sequence[Finding]) -> Map | None:
    """Where findings are: all of them, or the first few thousand."""
    places = [(one.lon, one.lat) for one in found[:_DOTS]]
    if not places:
        return None
    # A box of some breadth, be it around a single place.
    return outline(shapely.MultiPoint(places).envelope.buffer(_MARGIN).envelope, places)


def _summary(one: Summary) -> dict[str, Any]:
    return {
        "register": one.register,
        "records": one.records,
        "positions": one.positions,
        "layers": {
            layer: dict(zip(("inside", "border", "outside"), counts, strict=True))
            for layer, counts in one.layers.items()
        },
        "outside-all": one.outside,
        "declared": [
            {
                "field": compared.field,
                "agrees": compared.outcomes.get((AGREES, None), 0),
                **{
                    outcome: {
                        reason: count
                        for (of, reason), count in sorted(compared.outcomes.items())
                        if of == outcome
                    }
                    for outcome in (DIFFERS, NOT_COMPARABLE)
                },
            }
            for compared in one.compared
            if compared.outcomes
        ],
    }


def _finding(base: str, one: Finding) -> dict[str, Any]:
    return {
        "@id": record_iri(base, one.register, one.key),
        "register": one.register,
        "key": one.key,
        "lon": one.lon,
        "lat": one.lat,
        "field": one.field,
        "declared": one.declared and _named(base, one.declared),
        "found": [_named(base, named) for named in one.found],
        "reason": one.reason,
        "distance-metres": one.metres if one.metres is None else round(one.metres, 1),
    }


def _named(base: str, named: Key) -> dict[str, str]:
    register, key = named
    return {"@id": record_iri(base, register, key), "register": register, "key": key}


def _csv(page: Sequence[Finding]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for one in page:
        declared = ":".join(one.declared) if one.declared else ""
        found = ";".join(":".join(named) for named in one.found)
        metres = "" if one.metres is None else f"{one.metres:.1f}"
        place = (one.register, one.key, one.lon, one.lat, one.field or "")
        writer.writerow((*place, declared, found, one.reason, metres))
    return out.getvalue()


def _order(after: str) -> tuple[str, str, str]:
    """Where a page starts: the order of the last finding of the page before."""
    register, _, rest = after.partition(":")
    field, colon, key = rest.partition(":")
    if not colon:
        raise InvalidParameter(
            "after is not what a next link has: expected register:field:key",
            parameter="after",
        )
    return register, key, field


def _next(request: Request, path: str, last: Finding) -> str:
    given = [(n, v) for n, v in request.query_params.items() if n != "after"]
    after = f"{last.register}:{last.field or ''}:{last.key}"
    suffix = f".{request.scope['suffix']}" if "suffix" in request.scope else ""
    return f"{path}{suffix}?{urlencode([*given, ('after', after)])}"
