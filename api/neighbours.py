"""Records that lie near a point or within an area, in each format."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from api.negotiation import CSV, GEOJSON, HTML, JSON, Format, Offers
from api.pages import Map, title_of
from api.representations import as_json
from api.service import Service
from trigpoint.errors import InvalidPoint, Withheld
from trigpoint.iris import record_iri
from trigpoint.schema.csvw import format_cell
from trigpoint.spatial.crs import point_from_lon_lat
from trigpoint.spatial.grids import reference_system

NEIGHBOURS = Offers(JSON, GEOJSON, CSV, HTML)
Shown = dict[str, Any]


@dataclass(frozen=True)
class Neighbours:
    """What an answer says: `body` is the JSON, with `records` as `shown` makes them.

    `columns` are the members that a record has beside its key, name and place;
    `template` is the page for people, which is given `body` and `map`.
    """

    body: Shown
    columns: tuple[str, ...]
    template: str
    out_crs: str | None
    map: Map | None = None

    def written(self, here: Service, form: Format) -> str:
        """The answer in a format."""
        if form == HTML:
            return here.pages.render(self.template, answer=self.body, map=self.map)
        if form == GEOJSON:
            return _geojson(self.body["records"])
        if form == CSV:
            return self._csv()
        return as_json(self.body)

    def _csv(self) -> str:
        """A line for each record; places in another system stand in columns named
        `out-` and the axis."""
        axes = reference_system(self.out_crs).axes if self.out_crs else ()
        names = ["key", "name", "lon", "lat", *self.columns]
        text = io.StringIO()
        lines = csv.writer(text)
        lines.writerow([*names, *(f"out-{axis}" for axis in axes)])
        for one in self.body["records"]:
            out = one.get("out") or {}
            cells = [format_cell(str(one[name])) for name in names]
            lines.writerow([*cells, *(out.get(axis, "") for axis in axes)])
        return text.getvalue()


def shown(
    here: Service,
    register: str,
    key: str,
    place: tuple[float, float],
    out_crs: str | None,
) -> Shown | None:
    """What an answer says of a record at longitude, latitude; None once it is withheld.

    `out` is the place in `out_crs`, null where that does not reach.
    """
    try:
        record = here.registers.log.record(register, key)
    except Withheld:
        return None
    body: Shown = {
        "@id": record_iri(here.base, register, key),
        "key": key,
        "name": title_of(record),
        "lon": round(place[0], 8),
        "lat": round(place[1], 8),
    }
    return body if out_crs is None else body | {"out": _out(place, out_crs)}


def _out(place: tuple[float, float], out_crs: str) -> Shown | None:
    try:
        return point_from_lon_lat(*place).in_crs(out_crs)
    except InvalidPoint:
        return None


def _geojson(records: Sequence[Shown]) -> str:
    """A FeatureCollection; positions are CRS84 whatever else was asked for (RFC 7946,
    section 4)."""
    features = [
        {
            "type": "Feature",
            "id": one["@id"],
            "geometry": {"type": "Point", "coordinates": [one["lon"], one["lat"]]},
            "properties": {
                name: value
                for name, value in one.items()
                if name not in ("@id", "lon", "lat")
            },
        }
        for one in records
    ]
    return as_json({"type": "FeatureCollection", "features": features})
