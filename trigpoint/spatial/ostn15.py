"""The British National Grid to and from ETRS89, through OSTN15.

OS, "A guide to coordinate systems in Great Britain", sections 6.3 and 6.5: positions
in degrees are projected with the National Grid's own constants, but on the GRS80
ellipsoid; the shifts at the corners of the square kilometre, interpolated bilinearly,
then give easting and northing. The way back looks the shifts up again until they stay
as they are.

The projection is the series of the guide, annexe C, because its results are the
definition: a better one (Krüger's) is up to 2 mm off them in the far west. The
guide's series for the way back is up to 5 mm off its own way there, so what it gives
is projected again and corrected by the difference. Both ways then fit each other to
a tenth of a millimetre. convertbng has the shifts, in whole millimetres.

Importing this compiles, or loads what was compiled before: about a second. Whoever
needs it imports it in the function that does.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import numpy.typing as npt
from convertbng.cutil import convert_etrs89_to_osgb36

from trigpoint.spatial.grids import Floats, fixed
from trigpoint.spatial.native import compiled

Shifts = npt.NDArray[np.int32]

_COLUMNS, _ROWS = 701, 1251  # corners of the kilometres, from 0,0 of the projection
_EAST_EDGE, _NORTH_EDGE = 700_000.0, 1_250_000.0

# The National Grid: scale on the central meridian, true origin, false origin.
_SCALE = 0.9996012717
_LON_0, _LAT_0 = math.radians(-2.0), math.radians(49.0)
_EAST_0, _NORTH_0 = 400_000.0, -100_000.0
# GRS80, its axes with the scale applied.
_MAJOR, _MINOR = _SCALE * 6_378_137.0, _SCALE * 6_356_752.3141
_E2 = 1 - (_MINOR / _MAJOR) ** 2
_N = (_MAJOR - _MINOR) / (_MAJOR + _MINOR)
_QUARTER = 1 + _N + 5 / 4 * _N**2 + 5 / 4 * _N**3


def lon_lat_of(eastings: Floats, northings: Floats) -> tuple[Floats, Floats]:
    """ETRS89 longitudes and latitudes in degrees of eastings and northings in metres.

    One-dimensional arrays of equal length; NaN where OSTN15 has no shift.
    """
    return _lon_lats(shifts(), *_columns(eastings, northings))


def easting_northing_of(lons: Floats, lats: Floats) -> tuple[Floats, Floats]:
    """Eastings and northings in metres of ETRS89 degrees, not rounded.

    One-dimensional arrays of equal length; NaN where OSTN15 has no shift.
    """
    return _eastings_northings(shifts(), *_columns(lons, lats))


def lon_lat_of_one(easting: float, northing: float) -> tuple[float, float]:
    """As `lon_lat_of`, for one pair: the same numbers without arrays."""
    return _lon_lat(shifts(), easting, northing)


def easting_northing_of_one(lon: float, lat: float) -> tuple[float, float]:
    """As `easting_northing_of`, for one pair: the same numbers without arrays."""
    return _easting_northing(shifts(), lon, lat)


@cache
def shifts() -> Shifts:
    """The shifts of OSTN15 in millimetres: row (north), column (east), east or north.

    Read out of convertbng, which answers in whole millimetres: a third of a second.
    """
    # It has no answer on the outermost lines, so these are read a millimetre inside.
    east = np.minimum(np.arange(_COLUMNS) * 1000.0, _EAST_EDGE - 0.001)
    north = np.minimum(np.arange(_ROWS) * 1000.0, _NORTH_EDGE - 0.001)
    easts, norths = (axis.ravel() for axis in np.meshgrid(east, north))
    shifted = convert_etrs89_to_osgb36(easts, norths)
    metres = np.stack([shifted[0] - easts, shifted[1] - norths], axis=-1)
    found: Shifts = np.rint(metres * 1000).astype(np.int32)
    return found.reshape(_ROWS, _COLUMNS, 2)


def _columns(firsts: Floats, seconds: Floats) -> tuple[Floats, Floats]:
    # The loops would read beyond the end of the shorter one.
    if not firsts.ndim == seconds.ndim == 1 or len(firsts) != len(seconds):
        raise ValueError(
            f"two columns of one length expected, not {firsts.shape} "
            f"and {seconds.shape}"
        )
    return fixed(firsts), fixed(seconds)


@compiled
def _lon_lats(
    shifts: Shifts, eastings: Floats, northings: Floats
) -> tuple[Floats, Floats]:
    lons, lats = np.empty(len(eastings)), np.empty(len(eastings))
    for row in range(len(eastings)):
        lons[row], lats[row] = _lon_lat(shifts, eastings[row], northings[row])
    return lons, lats


@compiled
def _eastings_northings(
    shifts: Shifts, lons: Floats, lats: Floats
) -> tuple[Floats, Floats]:
    eastings, northings = np.empty(len(lons)), np.empty(len(lons))
    for row in range(len(lons)):
        pair = _easting_northing(shifts, lons[row], lats[row])
        eastings[row], northings[row] = pair
    return eastings, northings


@compiled
def _lon_lat(shifts: Shifts, easting: float, northing: float) -> tuple[float, float]:
    east, north = _unshifted(shifts, easting, northing)
    lon, lat = _unprojected(east, north)
    return math.degrees(lon), math.degrees(lat)


@compiled
def _easting_northing(shifts: Shifts, lon: float, lat: float) -> tuple[float, float]:
    east, north = _projected(math.radians(lon), math.radians(lat))
    east_shift, north_shift = _shift(shifts, east, north)
    return east + east_shift, north + north_shift


@compiled
def _shift(shifts: Shifts, east: float, north: float) -> tuple[float, float]:
    """The shift in metres at a place of the projection; NaN beyond its edges."""
    if not (0.0 <= east <= _EAST_EDGE and 0.0 <= north <= _NORTH_EDGE):
        return math.nan, math.nan
    column = min(int(east / 1000), _COLUMNS - 2)
    row = min(int(north / 1000), _ROWS - 2)
    right, up = east / 1000 - column, north / 1000 - row
    return (
        _between(shifts[..., 0], column, row, right, up),
        _between(shifts[..., 1], column, row, right, up),
    )


@compiled
def _between(shifts: Shifts, column: int, row: int, right: float, up: float) -> float:
    """Metres interpolated bilinearly within one square kilometre."""
    lower = (1 - right) * shifts[row, column] + right * shifts[row, column + 1]
    upper = (1 - right) * shifts[row + 1, column] + right * shifts[row + 1, column + 1]
    return float((1 - up) * lower + up * upper) / 1000


@compiled
def _unshifted(shifts: Shifts, easting: float, northing: float) -> tuple[float, float]:
    """The place of the projection that is shifted to a pair; NaN when there is none."""
    # The middle of all shifts, so that the first guess is within the edges if one is.
    east, north = easting - 97.0, northing + 15.0
    for _ in range(10):
        east = min(max(east, 0.0), _EAST_EDGE)
        north = min(max(north, 0.0), _NORTH_EDGE)
        east_shift, north_shift = _shift(shifts, east, north)
        off_east = easting - east_shift - east
        off_north = northing - north_shift - north
        east, north = east + off_east, north + off_north
        # Shifts differ by less than a part in a thousand of the way between two
        # places, so the next step would be below the rounding of metres.
        if abs(off_east) + abs(off_north) < 1e-7:
            return east, north
    return math.nan, math.nan


@compiled
def _projected(lon: float, lat: float) -> tuple[float, float]:
    """East and north in metres of radians: annexe C.1, by the names used there."""
    sine, cosine = math.sin(lat), math.cos(lat)
    nu, rho = _radii(sine)
    eta2 = nu / rho - 1
    tan2 = (sine / cosine) ** 2
    ii = nu / 2 * sine * cosine
    iii = nu / 24 * sine * cosine**3 * (5 - tan2 + 9 * eta2)
    iii_a = nu / 720 * sine * cosine**5 * (61 - 58 * tan2 + tan2**2)
    iv = nu * cosine
    v = nu / 6 * cosine**3 * (nu / rho - tan2)
    vi = 5 - 18 * tan2 + tan2**2 + 14 * eta2 - 58 * tan2 * eta2
    vi = nu / 120 * cosine**5 * vi
    away = lon - _LON_0
    away2 = away * away
    east = _EAST_0 + away * (iv + away2 * (v + away2 * vi))
    north = away2 * (ii + away2 * (iii + away2 * iii_a))
    return east, _NORTH_0 + _meridian(lat, sine, cosine) - _ORIGIN + north


@compiled
def _unprojected(east: float, north: float) -> tuple[float, float]:
    """Radians whose projection is the metres given; NaN stays NaN."""
    lon, lat = _nearly_unprojected(east, north)
    found_east, found_north = _projected(lon, lat)
    off_east, off_north = east - found_east, north - found_north
    # Grid north is turned from true north by the convergence.
    sine = math.sin(lat)
    turn = (lon - _LON_0) * sine
    nu, rho = _radii(sine)
    lon += (off_east + turn * off_north) / (nu * math.cos(lat))
    lat += (off_north - turn * off_east) / rho
    return lon, lat


@compiled
def _nearly_unprojected(east: float, north: float) -> tuple[float, float]:
    """Radians of metres, to 5 mm: annexe C.2, by the names used there."""
    lat = _footpoint(north)
    sine, cosine = math.sin(lat), math.cos(lat)
    nu, rho = _radii(sine)
    eta2 = nu / rho - 1
    tangent = sine / cosine
    tan2 = tangent**2
    vii = 1 / (2 * rho * nu)
    viii = (5 + 3 * tan2 + eta2 - 9 * tan2 * eta2) / (24 * rho * nu**3)
    ix = (61 + 90 * tan2 + 45 * tan2**2) / (720 * rho * nu**5)
    x = 1 / nu
    xi = (nu / rho + 2 * tan2) / (6 * nu**3)
    xii = (5 + 28 * tan2 + 24 * tan2**2) / (120 * nu**5)
    xii_a = 61 + 662 * tan2 + 1320 * tan2**2 + 720 * tan2**3
    xii_a = xii_a / (5040 * nu**7)
    away = east - _EAST_0
    away2 = away * away
    lat -= tangent * away2 * (vii - away2 * (viii - away2 * ix))
    lon = away / cosine * (x - away2 * (xi - away2 * (xii - away2 * xii_a)))
    return _LON_0 + lon, lat


@compiled
def _radii(sine: float) -> tuple[float, float]:
    """Radii of curvature across and along the meridian, from the sine of latitude."""
    flat = 1 - _E2 * sine * sine
    nu = _MAJOR / math.sqrt(flat)
    return nu, nu * (1 - _E2) / flat


def _arc(lat: float, sine: float, cosine: float) -> float:
    """Metres along a meridian from the equator to a latitude.

    The guide's series has sin(kA)cos(kB) of the difference A and the sum B of two
    latitudes, which is half of the difference of their sines of 2k.
    """
    sine_2, cosine_2 = 2 * sine * cosine, cosine * cosine - sine * sine
    sine_4, cosine_4 = 2 * sine_2 * cosine_2, 1 - 2 * sine_2 * sine_2
    sine_6 = sine_4 * cosine_2 + cosine_4 * sine_2
    arc = _QUARTER * lat - (3 * _N + 3 * _N**2 + 21 / 8 * _N**3) / 2 * sine_2
    arc += 15 / 16 * (_N**2 + _N**3) * sine_4 - 35 / 48 * _N**3 * sine_6
    return _MINOR * arc


@compiled
def _footpoint(north: float) -> float:
    """The latitude on the central meridian, which the guide finds step by step: here
    by the inverse series (J. Snyder, "Map projections", 1987, equation 3-26)."""
    along = (north - _NORTH_0 + _ORIGIN) / (_MINOR * _QUARTER)
    sine, cosine = math.sin(2 * along), math.cos(2 * along)
    sine_6 = sine * (3 - 4 * sine * sine)
    lat = along + (3 / 2 * _N - 27 / 32 * _N**3) * sine
    return lat + 21 / 8 * _N**2 * sine * cosine + 151 / 96 * _N**3 * sine_6


_meridian = compiled(_arc)
# From the equator to the true origin.
_ORIGIN = _arc(_LAT_0, math.sin(_LAT_0), math.cos(_LAT_0))
