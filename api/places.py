"""Positions in query parameters, and registers that have positions."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Query

from api.parameters import number
from api.reading import Reading
from api.service import Service
from trigpoint.errors import InvalidParameter
from trigpoint.spatial.crs import (
    BRITISH_GRID,
    CRS84,
    Point,
    point_from_easting_northing,
    point_from_lon_lat,
)
from trigpoint.spatial.nearest import PositionIndex
from trigpoint.view import View


def _numeric(description: str) -> Any:
    return Query(description=description, json_schema_extra={"type": "number"})


async def place_of(
    lon: Annotated[str | None, _numeric("Longitude in degrees (CRS84).")] = None,
    lat: Annotated[str | None, _numeric("Latitude in degrees (CRS84).")] = None,
    easting: Annotated[str | None, _numeric("Easting in metres.")] = None,
    northing: Annotated[str | None, _numeric("Northing in metres.")] = None,
    crs: Annotated[
        str | None,
        Query(
            max_length=100,
            description="System of the pair: of eastings and northings EPSG:27700 "
            "unless it is named, or EPSG:29902, EPSG:29903, EPSG:2157, EPSG:3857; of "
            "degrees OGC:CRS84 or EPSG:4326, which differ in their order only.",
        ),
    ] = None,
) -> Point:
    """The one position that the parameters give: `lon`, `lat` or `easting`, `northing`.

    Raises InvalidPoint or InvalidParameter, naming the parameter.
    """
    degrees, metres = (
        {"lon": lon, "lat": lat},
        {"easting": easting, "northing": northing},
    )
    given = [n for pair in (degrees, metres) for n, v in pair.items() if v is not None]
    if given not in (["lon", "lat"], ["easting", "northing"]):
        raise InvalidParameter(
            "expected lon= and lat=, or easting= and northing=; "
            + (f"got {', '.join(given)}" if given else "got neither"),
            parameter=given[0] if given else "lon",
            given=given,
        )
    if given == ["easting", "northing"]:
        east, north = (number(metres[n] or "", n) for n in given)
        return point_from_easting_northing(east, north, crs or BRITISH_GRID)
    east, north = (number(degrees[n] or "", n) for n in given)
    return point_from_lon_lat(east, north, crs or CRS84)


Place = Annotated[Point, Depends(place_of)]


async def distance_of(
    max_distance: Annotated[
        str | None,
        Query(
            alias="max-distance",
            description="Metres; nothing farther is answered.",
            json_schema_extra={"type": "number"},
        ),
    ] = None,
) -> float:
    """Metres, or infinity when it is not given; raises InvalidParameter."""
    if max_distance is None:
        return float("inf")
    metres = number(max_distance, "max-distance")
    if metres < 0:
        raise InvalidParameter(
            f"max-distance is {max_distance}: expected metres, 0 or more",
            parameter="max-distance",
        )
    return metres


Distance = Annotated[float, Depends(distance_of)]


def positions_of(here: Service, view: View, register: str) -> PositionIndex:
    """The positions of a register's records; raises InvalidParameter without any."""
    here.registers.schema(register)
    known = view.positions
    if register not in known:
        raise InvalidParameter(
            f"the records of {register} have no position: "
            f"expected one of {', '.join(sorted(known)) or 'none is held'}",
            parameter="register",
            known=sorted(known),
        )
    return known[register]


def layer_of(here: Service, register: str) -> str:
    """The layer of the areas of a register; raises InvalidParameter if it has none."""
    layer = here.registers.schema(register).area_layer
    if layer is None:
        raise InvalidParameter(
            f"the records of {register} are not areas: name a register such as "
            "statistical-geography-london-borough-eng",
            parameter="register",
        )
    return layer


def sizes_of(then: Reading, view: View | None, body: dict[str, Any]) -> dict[str, int]:
    """Log sizes of the registers that a look-up of then drew on.

    Of now, boundaries are as old as the view and records as new as the log; of an
    earlier size there is no view.
    """
    log = then.registers.log.sizes()
    drawn = log if view is None else view.sizes
    nearest = [body["nearest"]] if body.get("nearest") else []
    found = [*body["areas"], *body["councils"], *nearest]
    found += [area["authority"] for area in nearest if "authority" in area]
    names = {one["register"] for one in found}
    # Areas may be known by their boundaries alone: such a register speaks for nothing.
    sizes = {name: log[name] for name in names if name in log}
    return sizes | {name: drawn[name] for name in ("boundary",) if name in drawn}
