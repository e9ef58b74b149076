"""GeoJSON of a record: RFC 7946, positions in CRS84 (longitude, latitude)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trigpoint.iris import record_iri
from trigpoint.schema.rdf import key_of
from trigpoint.schema.shape import Schema


def feature(
    item: Mapping[str, str | list[str]],
    schema: Schema,
    base: str,
    geometry: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """A record as a Feature; its properties are the item without the geometry.

    `geometry` is the GeoJSON geometry in CRS84, or None for a record without one.
    """
    properties = {n: v for n, v in item.items() if n != schema.geometry}
    return {
        "type": "Feature",
        "id": record_iri(base, schema.register, key_of(item, schema)),
        "geometry": geometry,
        "properties": properties,
    }
