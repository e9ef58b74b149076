"""Pages for people: Jinja templates, filled from schemas and records.

Autoescape is on for every template, and a value becomes a link only when the schema
says that it is one, or when it is an http(s) address.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import shapely
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from shapely.geometry.base import BaseGeometry

from trigpoint.iris import encode_key
from trigpoint.log.entry import Record
from trigpoint.schema.rdf import link_target, wkt_of
from trigpoint.schema.shape import Field, Schema
from trigpoint.spatial.geometry import parse_wkt_literal, to_crs84

FOLDER = Path(__file__).parent / "templates"
STYLE = FOLDER / "style.css"
_MAP_POINTS = 4_000
_LONG_TEXT = 400


class Pages:
    """The templates. `path` turns a path of this installation into a reference."""

    def __init__(self, path: Callable[[str], str]) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(FOLDER),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals["path"] = path
        self._environment.globals["asked"] = ""  # a query string that keeps the size
        self._environment.filters["key"] = encode_key

    def render(self, template: str, **values: Any) -> str:
        return self._environment.get_template(f"{template}.html").render(values)


@dataclass(frozen=True)
class Shown:
    """One value as it is shown: its text, and the path or address it links to."""

    text: str
    href: str | None = None


@dataclass(frozen=True)
class Row:
    """One field of a record as it is shown."""

    field: Field
    values: tuple[Shown, ...]


def rows_of(record: Record, schema: Schema) -> list[Row]:
    """The fields that a record has, in the order of its schema."""
    rows = []
    for field in schema.fields:
        value = record.item.get(field.name)
        if value is not None:
            values = value if isinstance(value, list) else [value]
            rows.append(Row(field, tuple(shown(one, field) for one in values)))
    return rows


def shown(value: str, field: Field) -> Shown:
    """One value of a field, with what it links to."""
    if field.is_link:
        register, key = link_target(value, field)
        return Shown(value, f"/id/{encode_key(register)}/{encode_key(key)}")
    if value.startswith(("http://", "https://")):
        return Shown(value, value)
    if len(value) > _LONG_TEXT:
        return Shown(f"{value[:_LONG_TEXT]}… ({len(value):,} characters)")
    return Shown(value)


def title_of(record: Record) -> str:
    """What a record is called: its name, or else its key."""
    name = record.item.get("name")
    return name if isinstance(name, str) else record.entry.key


@dataclass(frozen=True)
class Map:
    """An outline as SVG: `view` is a viewBox, `path` the data of one path, and `dots`
    the places of points."""

    view: str
    path: str
    dots: tuple[tuple[str, str], ...] = ()


def map_of(record: Record, schema: Schema) -> Map | None:
    """A small map of a record's area; None for a point, or without geometry."""
    value = record.item.get(schema.geometry or "")
    if not schema.geometry or not isinstance(value, str):
        return None
    drawn = parse_wkt_literal(wkt_of(value, schema.field(schema.geometry)))
    shape = to_crs84(drawn)
    if shape.geom_type not in ("Polygon", "MultiPolygon"):
        return None
    return outline(shape)


def outline(shape: BaseGeometry, places: Iterable[tuple[float, float]] = ()) -> Map:
    """An outline in 300 units of width, degrees of latitude stretched to fit, and
    places (longitude, latitude) in it."""
    west, south, east, north = shape.bounds
    scale = 300 / max(east - west, 1e-9)
    # A degree of longitude is shorter than one of latitude, by the cosine of latitude.
    stretch = 1 / max(math.cos(math.radians((south + north) / 2)), 0.1)
    height = (north - south) * scale * stretch

    def drawn(lon: float, lat: float) -> tuple[str, str]:
        across, down = (lon - west) * scale, (north - lat) * scale * stretch
        return f"{across:.1f}", f"{down:.1f}"

    parts = []
    for part in shapely.get_parts(_simplified(shape)):
        for ring in (part.exterior, *part.interiors):
            pairs = [" ".join(drawn(lon, lat)) for lon, lat in ring.coords]
            parts.append("M" + "L".join(pairs) + "Z")
    dots = tuple(drawn(lon, lat) for lon, lat in places)
    return Map(f"-2 -2 304 {height + 4:.0f}", "".join(parts), dots)


def _simplified(shape: BaseGeometry) -> BaseGeometry:
    west, _south, east, _north = shape.bounds
    tolerance = (east - west) / 1_000
    while shapely.get_num_coordinates(shape) > _MAP_POINTS:
        shape = shapely.simplify(shape, tolerance, preserve_topology=True)
        tolerance *= 2
        if tolerance > east - west:
            break
    return shape
