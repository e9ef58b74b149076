"""Rules on geometries: points in the range of CRS84, and well-known text that can be
read, lies in the range of its system and is valid (trigpoint.spatial.geometry)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import polars as pl
import shapely

from trigpoint.errors import InvalidInput
from trigpoint.gate import terms
from trigpoint.gate.rules.finding import VALUE, found
from trigpoint.gate.violation import Violation
from trigpoint.schema.rdf import lon_lat_of
from trigpoint.schema.shape import Field, Schema
from trigpoint.spatial.crs import may_be_refused
from trigpoint.spatial.geometry import check_geometry, check_lon_lat
from trigpoint.spatial.grids import (
    CRS84,
    WGS84_LAT_LON,
    ReferenceSystem,
    reference_system,
)

Bools = npt.NDArray[np.bool_]

_LONGEST_POINT = 200
_CRS = r"^<([^<>\s]+)> ?[A-Za-z]"
# A geometry may have megabytes: so many are in memory at a time.
_AT_ONCE = 200


def find_geometries(
    values: pl.DataFrame, schema: Schema, field: Field
) -> Iterator[Violation]:
    """Geometries that are none, or not where one can be. WKT is read many at once, and
    what is not certainly sound is looked at alone."""
    for part in values.iter_slices(_AT_ONCE):
        if field.encoding == "wkt":
            part = part.filter(~pl.Series(_sound(part["_value"])))
        for row, key, value in part.iter_rows():
            for problem in geometry_problems(value, field):
                component = terms.INVALID_GEOMETRY
                yield found(schema, field, component, row, key, value, problem)


def geometry_problems(value: str, field: Field) -> list[str]:
    """What is wrong with a geometry field's value, in words."""
    if field.encoding == "wkt":
        return check_geometry(value)
    if len(value) > _LONGEST_POINT:
        return ["not a point: expected [lon,lat], two numbers"]
    problems = check_lon_lat(value)
    if not problems and lon_lat_of(value) is None:
        return ["not a point: write both numbers in plain decimals, as [-0.12,51.5]"]
    return problems


def _sound(literals: pl.Series) -> Bools:
    """Which of some `geo:wktLiteral` texts are certainly without fault."""
    texts = literals.alias("_value").to_frame().with_row_index("_at")
    sound = np.zeros(len(literals), dtype=np.bool_)
    plain = texts.filter(VALUE.str.contains("^[A-Za-z]"))
    sound[plain["_at"].to_numpy()] = _sound_in(reference_system(CRS84), plain["_value"])
    named = texts.with_columns(VALUE.str.extract(_CRS).alias("_crs")).drop_nulls("_crs")
    for (name,), part in named.group_by("_crs"):
        try:
            system = reference_system(str(name))
        except InvalidInput:
            continue
        wkt = part["_value"].str.strip_prefix(f"<{name}>").str.strip_chars_start(" ")
        sound[part["_at"].to_numpy()] = _sound_in(system, wkt)
    return sound


def _sound_in(system: ReferenceSystem, wkt: pl.Series) -> Bools:
    """Which WKT texts in a system are readable, not empty, in range and valid."""
    # A NaN among the coordinates makes numpy warn; the text is not sound, then.
    with np.errstate(invalid="ignore"):
        try:
            shapes = shapely.from_wkt(wkt.to_numpy(), on_invalid="ignore")
        except NotImplementedError:
            # A curve among them stops the rest: each has to be looked at alone.
            return np.zeros(len(wkt), dtype=np.bool_)
        there = ~shapely.is_missing(shapes) & ~shapely.is_empty(shapes)
        bounds = shapely.bounds(shapes)
    lows, highs = np.split(bounds, 2, axis=1)
    if system.code == WGS84_LAT_LON:
        system, lows, highs = reference_system(CRS84), lows[:, ::-1], highs[:, ::-1]
    ranges = np.array(system.ranges)
    # Comparisons with NaN, the bounds of nothing, are false.
    inside = ((lows >= ranges[:, 0]) & (highs <= ranges[:, 1])).all(axis=1)
    middles = (lows + highs) / 2
    suspects = may_be_refused(system, middles[:, 0], middles[:, 1])
    sound: Bools = there & inside & ~suspects
    sound[sound] = shapely.is_valid(shapes[sound])
    return sound
