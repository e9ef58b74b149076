"""Points: read and written in any known coordinate reference system.

Axis order follows the system: lon,lat for OGC:CRS84, lat,lon for EPSG:4326,
easting,northing for the grids and Web Mercator. What cannot be a position in its
system is refused with a reason (`trigpoint.spatial.refusals`), one or many at once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from trigpoint.errors import InvalidPoint
from trigpoint.spatial.grids import (
    BRITISH_GRID,
    CRS84,
    SYSTEMS,
    WGS84_LAT_LON,
    Floats,
    ReferenceSystem,
    Rows,
    bng_from_lon_lat,
    lon_lat_from,
    lon_lat_from_bng,
    lon_lat_from_one,
    one_from_lon_lat,
    reference_system,
)
from trigpoint.spatial.refusals import looks_like, may_be_refused, refusal

__all__ = [
    "BRITISH_GRID",
    "CRS84",
    "SYSTEMS",
    "Point",
    "Transformed",
    "bng_from_lon_lat",
    "lon_lat_from_bng",
    "looks_like",
    "may_be_refused",
    "point_from",
    "point_from_easting_northing",
    "point_from_lon_lat",
    "reference_system",
    "refusal",
    "transform_many",
]


@dataclass(frozen=True)
class Point:
    """A position: CRS84 degrees, and the pair as it was given.

    `coordinates` are in the axis order of `crs`; `lon` and `lat` are in degrees.
    Make one with the functions below, which check what they are given.
    """

    lon: float
    lat: float
    crs: str
    coordinates: tuple[float, float]

    @property
    def accuracy(self) -> float:
        """Metres by which the transformation to CRS84 may be wrong."""
        return SYSTEMS[self.crs].accuracy

    def planar(self, crs: str) -> tuple[float, float]:
        """The pair in `crs`, eastward axis first (lon,lat also for EPSG:4326).

        A point given in `crs` comes back as given, with no transformation to and
        fro. Both values are NaN where `crs` does not reach.
        """
        code = reference_system(crs).code
        if code in (CRS84, WGS84_LAT_LON):
            return self.lon, self.lat
        if code == self.crs:
            return self.coordinates
        return one_from_lon_lat(code, self.lon, self.lat)

    def in_crs(self, crs: str) -> dict[str, Any]:
        """The pair in `crs`, by the names of its axes, as JSON members.

        `{"crs": "EPSG:27700", "easting": 530000.0, "northing": 180000.0,
        "accuracy-metres": 0.001}`: millimetres, or degrees with eight decimals. The
        accuracy is that of the way there, over CRS84; 0 for a point given in `crs`.
        Raises InvalidPoint where `crs` does not reach, naming out-crs, and
        InvalidInput for a system that is not known.
        """
        system = reference_system(crs, "out-crs")
        accuracy = self.accuracy + system.accuracy
        if system.code == self.crs:
            (first, second), accuracy = self.coordinates, 0.0
        else:
            first, second = one_from_lon_lat(system.code, self.lon, self.lat)
        if math.isnan(first):
            raise InvalidPoint(
                f"lon,lat {self.lon:.10g},{self.lat:.10g} is beyond the reach of "
                f"{system.code} ({system.title}): leave out-crs out, or name another",
                parameter="out-crs",
                value=system.code,
            )
        decimals = 3 if system.projected else 8
        pair = (round(first, decimals), round(second, decimals))
        return {
            "crs": system.code,
            **dict(zip(system.axes, pair, strict=True)),
            "accuracy-metres": accuracy,
        }

    def as_json(self, out_crs: str | None = None) -> dict[str, Any]:
        """What an answer says of the point: degrees, the pair as it was given with its
        system and the accuracy, and in `out` the pair in `out_crs` when one is named.

        Raises InvalidPoint as `in_crs` does.
        """
        body: dict[str, Any] = {
            "lon": round(self.lon, 8),
            "lat": round(self.lat, 8),
            "crs": self.crs,
            "coordinates": list(self.coordinates),
            "accuracy-metres": self.accuracy,
        }
        return body if out_crs is None else body | {"out": self.in_crs(out_crs)}


@dataclass(frozen=True)
class Transformed:
    """Many positions of one system in CRS84 degrees.

    `lons` and `lats` are NaN in the rows that are refused; `refused` are those rows,
    ascending. Why a row is refused is found when it is asked for.
    """

    system: ReferenceSystem
    firsts: Floats
    seconds: Floats
    lons: Floats
    lats: Floats
    refused: Rows

    def reason(self, row: int) -> InvalidPoint:
        """Why a row of `refused` is refused, as `point_from` says it."""
        return _refused(self.system, float(self.firsts[row]), float(self.seconds[row]))


def point_from_lon_lat(lon: float, lat: float, crs: str = CRS84) -> Point:
    """A point from degrees by name: OGC:CRS84, or EPSG:4326, whose pair is lat,lon.

    Raises InvalidPoint when the pair is out of range, or when `crs` has no degrees;
    InvalidInput when `crs` is not known at all.
    """
    system = reference_system(crs)
    if system.projected:
        raise InvalidPoint(
            f"crs is {system.code}, which has no lon and lat: use easting= and "
            "northing=",
            parameter="crs",
            value=crs,
        )
    first, second = (lon, lat) if system.axes[0] == "lon" else (lat, lon)
    return point_from(system.code, first, second)


def point_from_easting_northing(
    easting: float, northing: float, crs: str = BRITISH_GRID
) -> Point:
    """A point from metres: EPSG:27700, 29902, 29903, 2157 or 3857.

    Raises InvalidPoint when the pair is out of range or has no OSTN15 cover, or
    when `crs` has no metres; InvalidInput when `crs` is not known at all.
    """
    system = reference_system(crs)
    if not system.projected:
        raise InvalidPoint(
            f"crs is {system.code}, which has no easting and northing: use lon= "
            "and lat=",
            parameter="crs",
            value=crs,
        )
    return point_from(system.code, easting, northing)


def point_from(crs: str, first: float, second: float) -> Point:
    """A point from a pair in the axis order of `crs`.

    Raises InvalidPoint (members: parameter, value, looks_like), or InvalidInput
    when the system is not known.
    """
    system = reference_system(crs)
    first, second = float(first), float(second)
    problem = refusal(system, first, second)
    if problem is not None:
        raise problem
    if system.code == CRS84:
        return Point(first, second, CRS84, (first, second))
    lon, lat = lon_lat_from_one(system.code, first, second)
    if math.isnan(lon):
        raise _refused(system, first, second)
    return Point(lon, lat, system.code, (first, second))


def transform_many(crs: str, firsts: Floats, seconds: Floats) -> Transformed:
    """Pairs in the axis order of `crs`, checked and transformed as by `point_from`.

    Arrays of equal length. A row that `point_from` refuses is refused here, and no
    other; rows that are fine cost no Python. Raises InvalidInput for an unknown system.
    """
    system = reference_system(crs)
    firsts = np.asarray(firsts, dtype=np.float64)
    seconds = np.asarray(seconds, dtype=np.float64)
    lons, lats = lon_lat_from(system.code, firsts, seconds)
    # Comparisons with NaN are false, so a row that is no number is refused.
    fine = system.holds(firsts, seconds) & ~np.isnan(lons)
    fine &= ~may_be_refused(system, firsts, seconds)
    refused = np.flatnonzero(~fine)
    if len(refused):
        lons, lats = np.where(fine, lons, np.nan), np.where(fine, lats, np.nan)
    return Transformed(system, firsts, seconds, lons, lats, refused)


def _refused(system: ReferenceSystem, first: float, second: float) -> InvalidPoint:
    """Why a pair has no position: what `refusal` says, or that OSTN15 has no cover."""
    return refusal(system, first, second) or InvalidPoint(
        f"{','.join(system.axes)} {first:.10g},{second:.10g} in {system.code} lies "
        "where OSTN15 gives no transformation: too far from the British Isles",
        parameter=system.axes[0],
        value=first,
    )
