"""Why a pair of numbers cannot be a position in its system, and what it looks like.

A pair outside the range of its system is never guessed at. The error names the
parameter, the value, the range expected, and the system that the pair looks
like, because swapped axes and mixed-up systems are what goes wrong in practice.
"""

from __future__ import annotations

import math

from trigpoint.errors import InvalidPoint
from trigpoint.spatial.grids import (
    BRITISH_GRID,
    CRS84,
    SYSTEMS,
    WEB_MERCATOR,
    WGS84_LAT_LON,
    Flags,
    Floats,
    ReferenceSystem,
)

# Where a pair of degrees is taken for the United Kingdom and its seas. A pair
# that fits only when swapped is refused, although it is a place off Somalia.
_UK_LON = (-9.0, 2.0)
_UK_LAT = (49.0, 61.0)
_MERCATOR_UK = ((-1.2e6, 3e5), (6.2e6, 8.8e6))
_GRIDS = tuple(
    system
    for system in SYSTEMS.values()
    if system.projected and system.code != WEB_MERCATOR
)


def refusal(
    system: ReferenceSystem, first: float, second: float
) -> InvalidPoint | None:
    """Why a pair cannot be in `system`, or None. Axis order is the system's.

    The error is returned, not raised, so that a gate can list several.
    """
    pair = (float(first), float(second))
    if not system.holds(*pair):
        return _unfit(system, pair)
    lat = pair[system.axes.index("lat")] if "lat" in system.axes else 0.0
    if abs(lat) == 90.0:
        return InvalidPoint(
            f"lat is {lat:g}: a pole has no longitude, so it is not a point here",
            parameter="lat",
            value=lat,
        )
    return _suspect(system, pair)


def may_be_refused(system: ReferenceSystem, firsts: Floats, seconds: Floats) -> Flags:
    """Which pairs in the range of `system` `refusal` may yet refuse: those that are
    another mistake. Pairs in the axis order of the system, arrays of equal length."""
    if system.projected:
        return (abs(firsts) <= 180) & (abs(seconds) <= 90)
    lons, lats = (firsts, seconds) if system.axes[0] == "lon" else (seconds, firsts)
    swapped = (
        (lons >= _UK_LAT[0])
        & (lons <= _UK_LAT[1])
        & (lats >= _UK_LON[0])
        & (lats <= _UK_LON[1])
    )
    return swapped | (abs(lats) >= 90)


def _unfit(system: ReferenceSystem, pair: tuple[float, float]) -> InvalidPoint | None:
    for axis, value, limits in zip(system.axes, pair, system.ranges, strict=True):
        if not math.isfinite(value):
            return InvalidPoint(
                f"{axis} is {value}: expected a finite number of {system.unit}",
                parameter=axis,
                value=str(value),
            )
        if not limits[0] <= value <= limits[1]:
            return _out_of_range(system, axis, value, limits, pair)
    return None


def _out_of_range(
    system: ReferenceSystem,
    axis: str,
    value: float,
    limits: tuple[float, float],
    pair: tuple[float, float],
) -> InvalidPoint:
    guess = looks_like(*pair, given=system)
    return InvalidPoint(
        f"{axis} is {value:.10g}: expected {system.unit} from {limits[0]:.0f} to "
        f"{limits[1]:.0f} ({system.code})"
        + (f". The pair {guess[1]}" if guess else ""),
        parameter=axis,
        value=value,
        looks_like=guess[0] if guess else None,
    )


def _suspect(system: ReferenceSystem, pair: tuple[float, float]) -> InvalidPoint | None:
    """A pair in range that is nevertheless the mistake that it looks like."""
    first, second = pair
    if system.projected:
        # Within 180 m of the false origin there is only sea; these are degrees.
        wrong = abs(first) <= 180 and abs(second) <= 90
    else:
        wrong = not _uk(system, first, second) and _uk(system, second, first)
    guess = looks_like(first, second, given=system) if wrong else None
    if guess is None:
        return None
    axes = ",".join(system.axes)
    return InvalidPoint(
        f"{axes} is {first:.10g},{second:.10g}, which {guess[1]}",
        parameter=system.axes[0],
        value=first,
        looks_like=guess[0],
    )


def _uk(system: ReferenceSystem, first: float, second: float) -> bool:
    """Whether degrees, in the axis order of `system`, are near the UK."""
    lon, lat = (first, second) if system.axes[0] == "lon" else (second, first)
    return _UK_LON[0] <= lon <= _UK_LON[1] and _UK_LAT[0] <= lat <= _UK_LAT[1]


def looks_like(
    first: float, second: float, *, given: ReferenceSystem
) -> tuple[str, str] | None:
    """What a pair that is wrong for `given` probably is.

    Returns (CRS code, advice that follows "the pair" in a sentence), or None
    when it looks like nothing that is known.
    """
    if abs(first) <= 180 and abs(second) <= 180:
        return _degrees(first, second, given)
    if not given.projected and max(abs(first), abs(second)) <= 360:
        return None  # a longitude past the antimeridian, and no place on a grid
    # Whoever names an Irish grid more likely mixed up the Irish ones.
    british_last = given.projected and given.code != BRITISH_GRID
    grids = sorted(_GRIDS, key=lambda grid: british_last and grid is _GRIDS[0])
    for grid in grids:
        if grid is not given and grid.holds(first, second):
            use = (
                f"use crs={grid.code}"
                if given.projected
                else "use easting= and northing="
            )
            return grid.code, f"looks like easting,northing in {grid.code}: {use}"
    for grid in _GRIDS:
        if grid.holds(second, first):
            return grid.code, f"looks like northing,easting in {grid.code}: swap them"
    # The range of Web Mercator is the world: only what is near the UK is meant by it.
    if _mercator_uk(first, second):
        return (
            WEB_MERCATOR,
            f"looks like Web Mercator metres ({WEB_MERCATOR}): use crs={WEB_MERCATOR} "
            "with easting= and northing=",
        )
    if _mercator_uk(second, first):
        return (
            WEB_MERCATOR,
            f"looks like northing,easting in {WEB_MERCATOR}: swap them",
        )
    return None


def _mercator_uk(easting: float, northing: float) -> bool:
    (west, east), (south, north) = _MERCATOR_UK
    return west <= easting <= east and south <= northing <= north


def _degrees(
    first: float, second: float, given: ReferenceSystem
) -> tuple[str, str] | None:
    lon_lat, lat_lon = SYSTEMS[CRS84], SYSTEMS[WGS84_LAT_LON]
    fits = [s for s in (lon_lat, lat_lon) if s.holds(first, second)]
    # A pair of degrees often fits both orders; the one that is in the UK is meant.
    fits.sort(key=lambda system: not _uk(system, first, second))
    fits = [system for system in fits if system is not given]
    if not fits:
        return None
    order = ",".join(fits[0].axes)
    advice = "use lon= and lat=" if given.projected else "swap them"
    return fits[0].code, f"looks like {order} ({fits[0].code}): {advice}"
