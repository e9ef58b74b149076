"""Coordinate reference systems that are read here, and the ways between them.

Every system is reduced to CRS84 (longitude and latitude in degrees, GeoSPARQL's
default) and back. British National Grid goes through OSTN15, which *defines* it
from ETRS89 (`trigpoint.spatial.ostn15`); PROJ without that grid is up to 5 m off.
The Irish systems use fixed PROJ pipelines (EPSG operations 1641, 1954 and 1678), so
that an answer never depends on the grids a machine happens to have. Web Mercator is
EPSG method 1024, a closed formula.

ETRS89 is taken as CRS84 throughout, as OS and GSI do: the two drift apart by
2.5 cm a year, 0.8 m by 2020. The accuracies below are relative to ETRS89.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any, overload

import numpy as np
import numpy.typing as npt
from pyproj import Transformer

from trigpoint.errors import InvalidInput

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Range = tuple[float, float]

CRS84 = "OGC:CRS84"
WGS84_LAT_LON = "EPSG:4326"
BRITISH_GRID = "EPSG:27700"
IRISH_GRID_TM65 = "EPSG:29902"
IRISH_GRID = "EPSG:29903"
IRISH_ITM = "EPSG:2157"
WEB_MERCATOR = "EPSG:3857"

_TO_WGS84_IRISH_1975 = (
    "+proj=pipeline +step +inv +proj=tmerc +lat_0=53.5 +lon_0=-8 +k=1.000035"
    " +x_0=200000 +y_0=250000 +a=6377340.189 +rf=299.3249646"
    " +step +proj=push +v_3 +step +proj=cart +a=6377340.189 +rf=299.3249646"
    " +step +proj=helmert +x=482.5 +y=-130.6 +z=564.6 +rx=-1.042 +ry=-0.214"
    " +rz=-0.631 +s=8.15 +convention=position_vector"
    " +step +inv +proj=cart +ellps=WGS84 +step +proj=pop +v_3"
    " +step +proj=unitconvert +xy_in=rad +xy_out=deg"
)
_TO_ETRS89_ITM = (
    "+proj=pipeline +step +inv +proj=tmerc +lat_0=53.5 +lon_0=-8 +k=0.99982"
    " +x_0=600000 +y_0=750000 +ellps=GRS80"
    " +step +proj=unitconvert +xy_in=rad +xy_out=deg"
)
_PIPELINES = {
    IRISH_ITM: _TO_ETRS89_ITM,
    IRISH_GRID: _TO_WGS84_IRISH_1975,
    IRISH_GRID_TM65: _TO_WGS84_IRISH_1975,
}


# EPSG method 1024: a sphere of this radius; the square ends where longitude does.
_MERCATOR_RADIUS = 6_378_137.0
_MERCATOR_EDGE = math.pi * _MERCATOR_RADIUS


@dataclass(frozen=True)
class ReferenceSystem:
    """One coordinate reference system: its axes in order, range and accuracy.

    `axes` and `ranges` stand in the system's own axis order (EPSG:4326 is
    latitude first); ranges are inclusive, in `unit`. `accuracy` is that of the
    transformation to CRS84, in metres.
    """

    code: str
    iri: str
    title: str
    axes: tuple[str, str]
    ranges: tuple[Range, Range]
    unit: str
    accuracy: float

    @property
    def projected(self) -> bool:
        """Whether the axes are easting and northing in metres."""
        return self.unit == "metres"

    @overload
    def holds(self, first: float, second: float) -> bool: ...
    @overload
    def holds(self, first: Floats, second: Floats) -> Flags: ...
    def holds(self, first: Any, second: Any) -> Any:
        """Whether pairs, in the system's axis order, lie in its range: one or arrays.

        NaN lies in none.
        """
        (low_1, high_1), (low_2, high_2) = self.ranges
        return (
            (first >= low_1)
            & (first <= high_1)
            & (second >= low_2)
            & (second <= high_2)
        )


def _grid(
    number: int, title: str, ranges: tuple[Range, Range], accuracy: float
) -> ReferenceSystem:
    return ReferenceSystem(
        f"EPSG:{number}",
        f"http://www.opengis.net/def/crs/EPSG/0/{number}",
        title,
        ("easting", "northing"),
        ranges,
        "metres",
        accuracy,
    )


_LON, _LAT = (-180.0, 180.0), (-90.0, 90.0)
_IRELAND = ((0.0, 500_000.0), (0.0, 500_000.0))
_SQUARE = (-_MERCATOR_EDGE, _MERCATOR_EDGE)
_SYSTEMS = (
    ReferenceSystem(
        CRS84,
        "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
        "longitude, latitude",
        ("lon", "lat"),
        (_LON, _LAT),
        "degrees",
        0.0,
    ),
    ReferenceSystem(
        WGS84_LAT_LON,
        "http://www.opengis.net/def/crs/EPSG/0/4326",
        "latitude, longitude",
        ("lat", "lon"),
        (_LAT, _LON),
        "degrees",
        0.0,
    ),
    # OS states results to the millimetre; the grid is 700 x 1300 km.
    _grid(
        27700, "British National Grid", ((0.0, 700_000.0), (0.0, 1_300_000.0)), 0.001
    ),
    _grid(2157, "Irish Transverse Mercator", ((4e5, 8e5), (5e5, 1e6)), 0.001),
    _grid(29903, "Irish Grid", _IRELAND, 1.0),
    _grid(29902, "Irish Grid (TM65)", _IRELAND, 1.0),
    # Its datum is WGS 84 by definition, which is taken as CRS84 like the rest.
    _grid(3857, "Web Mercator", (_SQUARE, _SQUARE), 0.0),
)
SYSTEMS: dict[str, ReferenceSystem] = {system.code: system for system in _SYSTEMS}

_NAME = re.compile(
    r"(?:https?://www\.opengis\.net/def/crs/|urn:ogc:def:crs:)?"
    r"(EPSG|OGC)(?:[/:][0-9.]*)?[/:](\d+|CRS84)",
    re.IGNORECASE,
)


def reference_system(name: str, parameter: str = "crs") -> ReferenceSystem:
    """The system of a code (`EPSG:27700`), an OGC IRI or an OGC URN.

    Raises InvalidInput for a name that is not understood, listing what is;
    `parameter` is what the error names.
    """
    known = SYSTEMS.get(name)
    if known is not None:
        return known
    match = _NAME.fullmatch(name.strip())
    code = f"{match[1]}:{match[2]}".upper() if match else name
    system = SYSTEMS.get(code)
    if system is None:
        raise InvalidInput(
            f"the coordinate reference system {name} is not read here: expected "
            f"one of {', '.join(SYSTEMS)}",
            parameter=parameter,
        )
    return system


def lon_lat_from_bng(eastings: Floats, northings: Floats) -> tuple[Floats, Floats]:
    """Longitudes and latitudes (CRS84) of EPSG:27700 positions in metres.

    Arrays of equal length; both values are NaN where OSTN15 has no cover or the
    pair is outside the National Grid. Safe to call from several threads.
    """
    east, north = _arrays(eastings, northings)
    lon, lat = _ostn15().lon_lat_of(east, north)
    return _blank(lon, lat, ~SYSTEMS[BRITISH_GRID].holds(east, north))


def bng_from_lon_lat(lons: Floats, lats: Floats) -> tuple[Floats, Floats]:
    """EPSG:27700 eastings and northings in metres (OSTN15), not rounded.

    Both values are NaN where OSTN15 has no cover, as for any place far from the
    British Isles, and where they fall outside the National Grid.
    """
    east, north = _ostn15().easting_northing_of(*_arrays(lons, lats))
    return _blank(east, north, ~SYSTEMS[BRITISH_GRID].holds(east, north))


def lon_lat_from_one(code: str, first: float, second: float) -> tuple[float, float]:
    """As `lon_lat_from`, for one pair."""
    if code == BRITISH_GRID and SYSTEMS[code].holds(first, second):
        lon, lat = _ostn15().lon_lat_of_one(first, second)
        return lon, lat
    lons, lats = lon_lat_from(code, np.array([first]), np.array([second]))
    return float(lons[0]), float(lats[0])


def one_from_lon_lat(code: str, lon: float, lat: float) -> tuple[float, float]:
    """As `from_lon_lat`, for one pair."""
    if code == BRITISH_GRID:
        pair = _ostn15().easting_northing_of_one(lon, lat)
        return pair if SYSTEMS[code].holds(*pair) else (math.nan, math.nan)
    firsts, seconds = from_lon_lat(code, np.array([lon]), np.array([lat]))
    return float(firsts[0]), float(seconds[0])


@cache
def _ostn15() -> ModuleType:
    # Its native loops take a second to load, which nothing else here needs.
    from trigpoint.spatial import ostn15

    return ostn15


def lon_lat_from(code: str, firsts: Floats, seconds: Floats) -> tuple[Floats, Floats]:
    """CRS84 longitudes and latitudes of pairs in the axis order of `code`.

    NaN where the system cannot be used. Raises InvalidInput for an unknown code.
    """
    system = reference_system(code)
    firsts, seconds = _arrays(firsts, seconds)
    if system.code == CRS84:
        return firsts, seconds
    if system.code == WGS84_LAT_LON:
        return seconds, firsts
    if system.code == BRITISH_GRID:
        return lon_lat_from_bng(firsts, seconds)
    if system.code == WEB_MERCATOR:
        lon, lat = _lon_lat_from_mercator(firsts, seconds)
    else:
        lon, lat = _transformer(system.code).transform(firsts, seconds)
    return _blank(lon, lat, ~system.holds(firsts, seconds))


def from_lon_lat(code: str, lons: Floats, lats: Floats) -> tuple[Floats, Floats]:
    """Pairs in the axis order of `code` for CRS84 longitudes and latitudes.

    NaN outside the range of the system. Raises InvalidInput for an unknown code.
    """
    system = reference_system(code)
    lons, lats = _arrays(lons, lats)
    if system.code == CRS84:
        return lons, lats
    if system.code == WGS84_LAT_LON:
        return lats, lons
    if system.code == BRITISH_GRID:
        return bng_from_lon_lat(lons, lats)
    if system.code == WEB_MERCATOR:
        east, north = _mercator_from_lon_lat(lons, lats)
    else:
        transformer = _transformer(system.code)
        east, north = transformer.transform(lons, lats, direction="INVERSE")
    return _blank(east, north, ~system.holds(east, north))


def _lon_lat_from_mercator(east: Floats, north: Floats) -> tuple[Floats, Floats]:
    # Far outside the square the sine overflows; such rows are blanked.
    with np.errstate(over="ignore", invalid="ignore"):
        lats = np.degrees(np.arctan(np.sinh(north / _MERCATOR_RADIUS)))
    return np.degrees(east / _MERCATOR_RADIUS), lats


def _mercator_from_lon_lat(lons: Floats, lats: Floats) -> tuple[Floats, Floats]:
    with np.errstate(invalid="ignore"):
        north = _MERCATOR_RADIUS * np.arcsinh(np.tan(np.radians(lats)))
    return _MERCATOR_RADIUS * np.radians(lons), north


@cache
def _transformer(code: str) -> Transformer:
    # pyproj keeps a PROJ context per thread behind this object, so sharing is safe.
    return Transformer.from_pipeline(_PIPELINES[code])


def _arrays(firsts: Floats, seconds: Floats) -> tuple[Floats, Floats]:
    return (
        np.atleast_1d(np.asarray(firsts, dtype=np.float64)),
        np.atleast_1d(np.asarray(seconds, dtype=np.float64)),
    )


def fixed(values: Floats) -> Floats:
    """Values that cannot be written to, as in a file that is mapped: native loops are
    compiled for such arrays alone."""
    view = np.ascontiguousarray(values, dtype=np.float64).view()
    view.flags.writeable = False
    return view


def _blank(firsts: Floats, seconds: Floats, where: Flags) -> tuple[Floats, Floats]:
    if not where.any():
        return firsts, seconds
    return np.where(where, np.nan, firsts), np.where(where, np.nan, seconds)
