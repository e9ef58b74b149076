"""Which district is a point in: one at a time, and many at once."""

from __future__ import annotations

from collections.abc import Iterator

import geopandas
import numpy as np
import shapely

from bench.inputs import Inputs, Positions
from bench.measure import Comparison, Side
from trigpoint.spatial.boundaries import BoundaryIndex
from trigpoint.spatial.grids import CRS84

_MANY = 50_000
_SINGLE = 1_000


def comparisons(inputs: Inputs) -> Iterator[Comparison]:
    """Against geopandas, on the sample's outlines and on the full ones."""
    many, single = inputs.postcodes(_MANY), inputs.postcodes(_SINGLE)
    sets = [("outlines generalised to 50 m", inputs.districts)]
    if inputs.full_districts is not None:
        sets.append(("full outlines", inputs.full_districts))
    for outlines, index in sets:
        vertices = sum(
            shapely.get_num_coordinates(boundary.geometry)
            for boundary in index.boundaries
        )
        drawn = f"{len(index.boundaries)} districts, {vertices:,} vertices"
        yield _many(f"Points in districts, {outlines}", drawn, index, many)
        yield _single(f"One point, {outlines}", drawn, index, single)


def _many(title: str, drawn: str, index: BoundaryIndex, at: Positions) -> Comparison:
    table = _table(index)

    def join(predicate: str) -> bytes:
        points = geopandas.GeoDataFrame(
            geometry=geopandas.points_from_xy(at.lons, at.lats, crs=CRS84)
        )
        found = points.sjoin(table, predicate=predicate)
        return _pairs(found.index.to_numpy(), found["index_right"].to_numpy())

    def locate() -> bytes:
        found = index.locate_many(at.lons, at.lats)
        return _pairs(found.points, found.rows)

    return Comparison(
        title,
        f"{len(at.keys):,} postcodes in {drawn}",
        "points",
        (
            Side(
                "geopandas sjoin, “intersects”",
                len(at.keys),
                lambda: join("intersects"),
            ),
            Side("geopandas sjoin, “within”", len(at.keys), lambda: join("within")),
            Side("BoundaryIndex.locate_many", len(at.keys), locate),
        ),
        clock="processor",
        about="All start from arrays of longitudes and latitudes and end with pairs of "
        "point and district. “intersects” is geopandas' default and treats borders as "
        "we do; “within” is its fastest, and loses points on borders.",
    )


def _single(title: str, drawn: str, index: BoundaryIndex, at: Positions) -> Comparison:
    table = _table(index)

    def query() -> int:
        return sum(
            len(table.sindex.query(shapely.Point(lon, lat), predicate="intersects"))
            for lon, lat in at.pairs()
        )

    def locate() -> int:
        return sum(len(index.locate(lon, lat)) for lon, lat in at.pairs())

    return Comparison(
        title,
        f"{len(at.keys):,} postcodes, one after the other, in {drawn}",
        "point",
        (
            Side("geopandas sindex.query", len(at.keys), query),
            Side("BoundaryIndex.locate", len(at.keys), locate),
        ),
        per="µs",
        clock="processor",
        about="`locate` also checks the position, picks the outlines that hold today "
        "and says whether the point is on a border.",
    )


def _table(index: BoundaryIndex) -> geopandas.GeoDataFrame:
    """The districts for geopandas, as copies: ours are prepared once and for all."""
    drawn = shapely.to_wkb([boundary.geometry for boundary in index.boundaries])
    shapes = shapely.from_wkb(drawn)
    return geopandas.GeoDataFrame(geometry=shapes, crs=CRS84)


def _pairs(points: np.ndarray, rows: np.ndarray) -> bytes:
    """The pairs found, in one order."""
    order = np.lexsort((rows, points))
    found = np.column_stack([points[order], rows[order]])
    return found.astype(np.int64).tobytes()
