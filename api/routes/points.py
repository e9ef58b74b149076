"""Where many are: a table of positions in, the same with areas and councils out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.negotiation import TABLES, Choice
from api.openapi import PROBLEMS
from api.parameters import At, Known, OutCrs
from api.past import AllThen, PastBoundaries
from api.paths import Suffixed
from api.places import layer_of
from api.reading import Reading
from api.replies import LOG_SIZE_HEADER
from api.service import Here, Service
from api.streaming import Answering, Door
from api.tables import Sent, Wanted
from trigpoint.errors import InvalidParameter
from trigpoint.locating import Locator, answered
from trigpoint.log.sizes import format_sizes
from trigpoint.lookup import day_of
from trigpoint.placing import Areas
from trigpoint.spatial.boundaries import BoundaryIndex
from trigpoint.tables.formats import TableFormat

router = APIRouter(route_class=Suffixed, tags=["Look up"])

_ROWS = {
    "type": "string",
    "description": "Rows with `lon` and `lat`, or `easting` and `northing`, and any "
    "other columns.",
}
_TABLES: dict[str, Any] = {form.media_type: {"schema": _ROWS} for form in TABLES}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The same rows, with the areas and councils of their positions.",
        "content": {form.media_type: {} for form in TABLES},
    },
    **{
        status: {**PROBLEMS[400], "description": description}
        for status, description in (
            (408, "The body came too slowly."),
            (413, "The body is too large, or has too many rows."),
            (415, "The body is of a type that is not read."),
        )
    },
}


@router.post(
    "/lookup/points",
    dependencies=[Known],
    responses=_ANSWERS,
    openapi_extra={"requestBody": {"required": True, "content": _TABLES}},
)
async def points(
    here: Here,
    then: AllThen,
    drawn: PastBoundaries,
    door: Door,
    request: Request,
    sent: Sent,
    wanted: Wanted,
    at: At = None,
    register: Annotated[
        str | None, Query(max_length=100, description="Only areas of this register.")
    ] = None,
    layer: Annotated[
        str | None,
        Query(
            max_length=200,
            description="Columns of these layers only, such as `district,region`.",
        ),
    ] = None,
    crs: Annotated[
        str | None,
        Query(
            max_length=100,
            description="System of the positions: EPSG:27700 for `easting` and "
            "`northing` and OGC:CRS84 for `lon` and `lat`, unless it is named.",
        ),
    ] = None,
    out_crs: OutCrs = None,
) -> Response:
    """Which areas hold each position of a table, and which councils govern them."""
    asked = _Asked(at, register, layer, crs, out_crs)

    def open_table(path: Path) -> tuple[Answering, Mapping[str, str]]:
        return _open(path, sent, wanted, _State(here, then, drawn), asked)

    return await door.answer(request, open_table)


@dataclass(frozen=True)
class _Asked:
    """What the parameters ask for."""

    at: str | None
    register: str | None
    layer: str | None
    crs: str | None
    out_crs: str | None

    def layers(self, here: Service) -> list[str] | None:
        """The layers asked for; raises InvalidParameter for both kinds of asking."""
        if self.register and self.layer:
            raise InvalidParameter(
                "expected register= or layer=, not both", parameter="layer"
            )
        if self.register:
            return [layer_of(here, self.register)]
        return self.layer.split(",") if self.layer else None


@dataclass(frozen=True)
class _State:
    """What is answered from: now, or an earlier size and its boundaries."""

    here: Service
    then: Reading
    drawn: BoundaryIndex | None


def _open(
    path: Path,
    sent: TableFormat,
    wanted: tuple[TableFormat, Choice],
    state: _State,
    asked: _Asked,
) -> tuple[Answering, Mapping[str, str]]:
    """A table with its answers, and the headers of the reply.

    All that is read of the log is read here, so that every row is of one state of it.
    """
    here = state.here
    form, choice = wanted
    reader, writer = sent.open(path), form.writer()
    view = here.view()
    registers = state.then.registers
    with registers.log.snapshot():
        here.check_same(view)
        areas = (
            here.dated.on(day_of(asked.at), registers, view.boundaries)
            if state.drawn is None
            else Areas(registers, state.drawn, day_of(asked.at))
        )
        locator = Locator(
            areas,
            reader.pair,
            crs=asked.crs,
            out_crs=asked.out_crs,
            register=asked.register,
            layers=asked.layers(here),
        )
        log = registers.log.sizes()
    drawn = view.sizes if state.drawn is None else log
    sizes = {name: log[name] for name in locator.registers if name in log}
    sizes |= {name: drawn[name] for name in ("boundary",) if name in drawn}
    headers = {
        "Cache-Control": "no-store",
        "Content-Type": choice.format.content_type,
        LOG_SIZE_HEADER: format_sizes(sizes),
    }
    if not choice.by_suffix:
        headers["Vary"] = "Accept, Content-Type"

    def batches() -> Iterator[bytes]:
        for batch in answered(reader, locator, writer):
            here.check_same(view)
            yield batch

    return Answering(batches(), writer.broken), headers
