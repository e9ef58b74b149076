"""Which district or ward is a point in: many at once, one at a time, and the index."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import geopandas
import numpy as np
import pyarrow as pa
import sedonadb
import shapely

from bench.inputs import Inputs, Positions
from bench.measure import Comparison, Side
from trigpoint.spatial.boundaries import BoundaryIndex
from trigpoint.spatial.grids import CRS84

_ALL = 2_000_000  # more than there are postcodes
_SOME = 200_000  # of them, for a slow side
_FEW = 50_000  # for the slowest
_SINGLE = 1_000
_SQL = """
    SELECT p.point, a.area
    FROM (SELECT point, ST_Point(lon, lat) AS place FROM points) p
    JOIN areas a ON ST_Intersects(a.geometry, p.place)
"""


def comparisons(inputs: Inputs) -> Iterator[Comparison]:
    """On the sample's outlines, and on the full ones of districts and wards."""
    many, single = inputs.postcodes(_ALL), inputs.postcodes(_SINGLE)
    sets = [("districts generalised to 50 m", inputs.districts)]
    if inputs.full_districts is not None:
        sets.append(("districts in full", inputs.full_districts))
    if inputs.full_wards is not None:
        sets.append(("wards in full", inputs.full_wards))
    for name, index in sets:
        vertices = sum(
            shapely.get_num_coordinates(boundary.geometry)
            for boundary in index.boundaries
        )
        drawn = f"{len(index.boundaries):,} {name}, {vertices:,} vertices"
        yield _many(f"Points in {name}", drawn, Sides(inputs, index, many))
        yield _single(f"One point in {name}", drawn, index, single)
        yield _index(f"The index of {name}", drawn, index, inputs.folder)


class Sides:
    """The same question in several libraries, each with an index of its own kind; all
    answer with the pairs of the points that even the slowest was asked for."""

    def __init__(self, inputs: Inputs, index: BoundaryIndex, at: Positions) -> None:
        self._index = index
        self.all = at
        self.some = at.first(inputs.size(_SOME))
        self.few = at.first(inputs.size(_FEW))
        self._table = _table(index)
        self._sedona = _sedona(self._table)

    def geopandas(self) -> bytes:
        at = self.few
        points = geopandas.GeoDataFrame(
            geometry=geopandas.points_from_xy(at.lons, at.lats, crs=CRS84)
        )
        found = points.sjoin(self._table, predicate="intersects")
        return self._pairs(found.index.to_numpy(), found["index_right"].to_numpy())

    def shapely(self) -> bytes:
        points = shapely.points(self.some.lons, self.some.lats)
        tree, shapes = shapely.STRtree(points), self._table.geometry.to_numpy()
        areas, found = tree.query(shapes, predicate="intersects")
        return self._pairs(found, areas)

    def sedonadb(self) -> bytes:
        points = pa.table(
            {
                "point": np.arange(len(self.all.keys)),
                "lon": self.all.lons,
                "lat": self.all.lats,
            }
        )
        self._sedona.create_data_frame(points).to_view("points", overwrite=True)
        found = pa.RecordBatchReader.from_stream(self._sedona.sql(_SQL)).read_all()
        return self._pairs(found["point"].to_numpy(), found["area"].to_numpy())

    def ours(self) -> bytes:
        found = self._index.locate_many(self.all.lons, self.all.lats)
        return self._pairs(found.points, found.rows)

    def _pairs(self, points: np.ndarray, rows: np.ndarray) -> bytes:
        """The pairs found of the few points, in one order."""
        few = points < len(self.few.keys)
        points, rows = points[few], rows[few]
        order = np.lexsort((rows, points))
        return np.column_stack([points[order], rows[order]]).astype(np.int64).tobytes()


def _many(title: str, drawn: str, sides: Sides) -> Comparison:
    counts = [len(one.keys) for one in (sides.few, sides.some, sides.all)]
    few, some, every = counts
    return Comparison(
        title,
        f"{every:,} postcodes in {drawn}",
        "points",
        (
            Side(f"geopandas sjoin ({few:,} points)", few, sides.geopandas),
            Side(f"shapely, prepared areas ({some:,} points)", some, sides.shapely),
            Side("SedonaDB, ST_Intersects", every, sides.sedonadb),
            Side("BoundaryIndex.locate_many", every, sides.ours),
        ),
        about="All start from arrays of longitudes and latitudes and end with pairs of "
        "point and area, borders included, and each uses as many cores as it does by "
        "itself. geopandas and SedonaDB run as they come; shapely prepares each area "
        "and asks an index of the points, which is as fast as GEOS gets. Slow sides "
        "are asked for the first of the points only, and all have to agree on those "
        "that the slowest was asked for.",
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


def _index(title: str, drawn: str, index: BoundaryIndex, folder: Path) -> Comparison:
    """How long an index takes to make, to open, and how large it is."""
    place = folder / "index"
    boundaries = list(index.boundaries)

    def prepare() -> None:
        shapes = _table(index).geometry.to_numpy()
        shapely.prepare(shapes)
        assert len(shapely.STRtree(shapes)) == len(boundaries)

    def build() -> None:
        place.mkdir(exist_ok=True)
        BoundaryIndex.build(boundaries).save(place)

    def size() -> str:
        megabytes = sum(file.stat().st_size for file in place.iterdir()) / 1e6
        return f"{megabytes:,.1f} MB on disk"

    return Comparison(
        title,
        drawn,
        "index",
        (
            Side("shapely STRtree and prepare", 1, prepare),
            Side("BoundaryIndex.build and save", 1, build, remark=size),
            Side("BoundaryIndex.open", 1, lambda: _open(place), prepare=build),
        ),
        per="ms",
        about="shapely puts off the index of each area to the first point, so that its "
        "figure is too good; it cannot be saved. Ours is opened with its checksum.",
    )


def _open(place: Path) -> None:
    assert BoundaryIndex.open(place).layers


def _sedona(table: geopandas.GeoDataFrame) -> sedonadb.context.SedonaContext:
    """A connection that has the areas as a view, read from Arrow."""
    wkb = pa.field(
        "geometry", pa.binary(), metadata={"ARROW:extension:name": "geoarrow.wkb"}
    )
    areas = pa.table(
        [np.arange(len(table)), pa.array(shapely.to_wkb(table.geometry.to_numpy()))],
        schema=pa.schema([pa.field("area", pa.int64()), wkb]),
    )
    connection = sedonadb.connect()
    connection.create_data_frame(areas).to_view("areas")
    return connection


def _table(index: BoundaryIndex) -> geopandas.GeoDataFrame:
    """The areas for others, as copies: ours are prepared once and for all."""
    drawn = shapely.to_wkb([boundary.geometry for boundary in index.boundaries])
    shapes = shapely.from_wkb(drawn)
    return geopandas.GeoDataFrame(geometry=shapes, crs=CRS84)
