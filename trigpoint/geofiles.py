"""GeoPackage (OGC 12-128r18) and FlatGeobuf 3 of a register, written by GDAL.

GDAL comes with pyogrio and takes Arrow batches as they are made, so that no more than
a batch is in memory, and the index of the features. Both formats have the eastward
axis first whatever their system says, so positions in OGC:CRS84 are written as
EPSG:4326, which every reader knows. Where outlines are of one part and of several, all
are written as of several, since a layer has one type.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import shapely

from trigpoint.errors import DumpNotWritten, InvalidInput
from trigpoint.features import Features, Shapes
from trigpoint.snapshot import Snapshot
from trigpoint.spatial.grids import CRS84, WGS84_LAT_LON

_OUTLINES = {"Polygon", "MultiPolygon"}
_OPTIONS = ("title", "description")  # facts that both formats have a place for


def write_geopackage(registers: Snapshot, register: str, path: Path) -> None:
    """Write a register with geometry as the layer of a new GeoPackage, whose name has
    to end in `.gpkg`.

    Raises InvalidInput as `Features` does, DumpNotWritten when GDAL cannot write.
    """
    features = Features(registers, register)
    options = {
        "DESCRIPTION": features.schema.description,
        "FID": _row_name(features.schema.names),
        "GEOMETRY_NAME": features.geometry.name,
        "IDENTIFIER": features.schema.title,
    }
    _write(features, path, "GPKG", features.facts(), options, days=True, placed=False)
    try:
        _set_moments(path, features.changed())
    except sqlite3.Error as error:
        raise DumpNotWritten(
            f"{register} could not be written as GPKG: {error}; make room, or take "
            "another format"
        ) from error


def write_flatgeobuf(registers: Snapshot, register: str, path: Path) -> None:
    """Write the records of a register that have a geometry to a new FlatGeobuf file,
    whose name has to end in `.fgb`.

    Its spatial index has no room for records without a geometry: they are left out,
    and the description says how many. Dates are text: the format has no days. Raises
    as `write_geopackage`.
    """
    features = Features(registers, register)
    facts, kept = features.facts(), features.kept
    facts["records"] = str(kept.records)
    facts["records-without-geometry"] = str(kept.records - kept.placed)
    options = {
        "DESCRIPTION": f"{features.schema.description} {kept.placed} records of "
        f"{kept.records}: those that have a geometry.",
        "TITLE": features.schema.title,
    }
    _write(features, path, "FlatGeobuf", facts, options, days=False, placed=True)


def _write(
    features: Features,
    path: Path,
    driver: str,
    facts: Mapping[str, str],
    options: Mapping[str, str],
    *,
    days: bool,
    placed: bool,
) -> None:
    # Here, since GDAL takes its time to load and few commands write such files.
    import pyogrio

    kept, kind = features.kept, _kind(features.kept.kinds)
    batches = _batches(features, days=days, several=kind == "MultiPolygon")
    unread: list[InvalidInput] = []

    def made() -> Iterator[pa.RecordBatch]:
        # An error has to be kept: of one that passes GDAL nothing is left but a text.
        try:
            for batch, shapes in batches:
                yield _placed(batch, shapes) if placed else batch
        except InvalidInput as error:
            unread.append(error)
            raise

    reader = pa.RecordBatchReader.from_batches(features.arrow_schema(days=days), made())
    try:
        pyogrio.write_arrow(
            reader,
            path,
            layer=features.schema.register,
            driver=driver,
            geometry_name=features.geometry.name,
            geometry_type=kind,
            crs=WGS84_LAT_LON if kept.crs == CRS84 else kept.crs,
            layer_metadata={n: t for n, t in facts.items() if n not in _OPTIONS},
            **options,
        )
    except RuntimeError as error:  # that of which all of pyogrio's are
        if unread:
            raise unread[0] from error
        raise DumpNotWritten(
            f"{features.schema.register} could not be written as {driver}: {error}; "
            "make room, or take another format"
        ) from error


def _batches(
    features: Features, *, days: bool, several: bool
) -> Iterator[tuple[pa.RecordBatch, Shapes]]:
    place = features.schema.names.index(features.geometry.name)
    for batch, shapes in features.batches(days=days):
        if several:
            wkb = shapely.to_wkb(_of_several(shapes), output_dimension=2)
            column = pa.array(wkb, pa.binary())
            yield batch.set_column(place, batch.schema.field(place), column), shapes
        else:
            yield batch, shapes


def _of_several(shapes: Shapes) -> Shapes:
    """Outlines, those of one part as of several."""
    single = shapely.get_type_id(shapes) == shapely.GeometryType.POLYGON
    made = shapes.copy()
    made[single] = [shapely.MultiPolygon([shape]) for shape in shapes[single]]
    return made


def _placed(batch: pa.RecordBatch, shapes: Shapes) -> pa.RecordBatch:
    return batch.filter(pa.array(~shapely.is_missing(shapes)))


def _kind(kinds: tuple[str, ...]) -> str:
    """The type of a layer that holds geometries of these types."""
    if len(kinds) == 1:
        return kinds[0]
    return "MultiPolygon" if set(kinds) == _OUTLINES else "Unknown"


def _row_name(names: tuple[str, ...]) -> str:
    """The column of row numbers, which a GeoPackage has to have."""
    return next(name for name in ("fid", "row", "feature") if name not in names)


def _set_moments(path: Path, changed: str | None) -> None:
    """Have a GeoPackage say when its records last changed, in place of when the file
    was made: or no two files of the same records would be the same."""
    day, _, time = (changed or "1970-01-01T00:00:00Z").partition("T")
    moment = f"{day}T{time[:8]}.000Z"
    with closing(sqlite3.connect(path)) as package, package:
        package.execute("UPDATE gpkg_contents SET last_change = ?", (moment,))
        package.execute("UPDATE gpkg_metadata_reference SET timestamp = ?", (moment,))
