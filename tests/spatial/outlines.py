"""Boundaries to test with: small ones made by hand, real ones from a file."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import shapely
from shapely.geometry.base import BaseGeometry

from trigpoint.spatial.boundary import Boundary
from trigpoint.spatial.geometry import Geometry, repair
from trigpoint.spatial.grids import CRS84
from trigpoint.spatial.layers import layer_of


def make(area: str, geometry: BaseGeometry | str, **other: object) -> Boundary:
    """A boundary of one area; what is not said is a district of 2025 in CRS84."""
    shape = shapely.from_wkt(geometry) if isinstance(geometry, str) else geometry
    values: dict[str, object] = {
        "key": f"{area}-{other.get('vintage', '2025')}-{other.get('resolution')}",
        "area_register": "statistical-geography",
        "area": area,
        "name": f"Area {area}",
        "layer": layer_of(area),
        "vintage": "2025",
        "start": None,
        "end": None,
        "resolution": "full",
        "crs": CRS84,
        "geometry": shape,
    }
    return Boundary(**(values | other))  # type: ignore[arg-type]  # by field name


def read_outlines(path: Path, code: str) -> list[tuple[str, BaseGeometry]]:
    """Codes and repaired outlines of a file of GeoJSON lines."""
    outlines = []
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            feature = json.loads(line)
            drawn = shapely.from_geojson(json.dumps(feature["geometry"]))
            repaired = repair(Geometry(CRS84, drawn)).geometry.shape
            outlines.append((feature["properties"][code], repaired))
    return outlines
