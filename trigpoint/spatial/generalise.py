"""Generalise a whole layer of areas so that neighbours keep sharing borders.

Visvalingam-Whyatt over the coverage (GEOS' coverage simplifier): a border shared by
two areas is one line and stays one, no ring vanishes, lines do not come to cross.
The work is done on the plane of UTM zone 30N on GRS80, EPSG:25830, which holds all
of the United Kingdom: without a grid of local shifts, and true to scale within
0.3 %, the same for Great Britain and Northern Ireland.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import Transformer
from shapely.geometry.base import BaseGeometry

from trigpoint.errors import InvalidInput
from trigpoint.spatial.grids import Floats

_POLYGON, _MULTIPOLYGON = 3, 6  # GEOS type numbers


def generalise(
    geometries: Sequence[BaseGeometry],
    tolerance_metres: float,
    *,
    decimals: int = 4,
    smallest_island_m2: float = 0.0,
    coast: bool = True,
) -> list[BaseGeometry]:
    """As many areas as given, in CRS84, with less detail.

    A vertex goes when the triangle that it makes with its neighbours is smaller
    than `tolerance_metres` squared. Coordinates are then rounded to `decimals`
    places of a degree and made valid. Parts below `smallest_island_m2` are left
    out first, except an area's largest; a part that touches another area stays.
    With `coast` false, lines that bound only one area keep their detail.

    Geometries are valid polygonal shapes in CRS84 that do not overlap. Raises
    InvalidInput when one is not, or when one would vanish.
    """
    shapes = np.array(geometries, dtype=object)
    _refuse(shapes, ~shapely.is_valid(shapes), "is not valid: repair it first")
    plane = shapely.transform(shapes, _to_plane)
    if smallest_island_m2 > 0:
        plane = _without_islets(plane, smallest_island_m2)
    simple = shapely.coverage_simplify(plane, tolerance_metres, simplify_boundary=coast)
    rounded = _rounded(shapely.transform(simple, _to_degrees), decimals)
    _refuse(rounded, shapely.is_empty(rounded), "vanishes: use a lower tolerance")
    _refuse(rounded, ~shapely.is_valid(rounded), "is not valid after rounding")
    kinds = shapely.get_type_id(rounded)
    _refuse(rounded, ~np.isin(kinds, (_POLYGON, _MULTIPOLYGON)), "is no longer an area")
    return [_single(shape) for shape in rounded]


def _single(shape: BaseGeometry) -> BaseGeometry:
    """A multipolygon of one part as that polygon."""
    parts = shapely.get_parts(shape)
    return parts[0] if len(parts) == 1 else shape


def _refuse(
    shapes: npt.NDArray[np.object_], bad: npt.NDArray[np.bool_], why: str
) -> None:
    for number in np.flatnonzero(bad)[:1].tolist():
        raise InvalidInput(f"area {number + 1} of {len(shapes)} {why}")


def _without_islets(
    plane: npt.NDArray[np.object_], smallest: float
) -> npt.NDArray[np.object_]:
    """Leave out small parts that stand alone and are not their area's largest."""
    parts, owners = shapely.get_parts(plane, return_index=True)
    areas = shapely.area(parts)
    largest = np.zeros(len(plane))
    np.maximum.at(largest, owners, areas)
    tree = shapely.STRtree(parts)
    small = np.flatnonzero((areas < smallest) & (areas < largest[owners]))
    asked, _ = tree.query(parts[small], predicate="intersects")
    # Each part meets itself; one that meets another is not an island.
    alone = small[np.bincount(asked, minlength=len(small)) == 1]
    kept = np.ones(len(parts), dtype=bool)
    kept[alone] = False
    result: npt.NDArray[np.object_] = shapely.multipolygons(
        parts[kept], indices=owners[kept]
    )
    return result


def _rounded(shapes: npt.NDArray[np.object_], decimals: int) -> npt.NDArray[np.object_]:
    snapped = shapely.set_precision(shapes, 10.0**-decimals, mode="valid_output")
    # The snapped numbers are multiples of the step only up to their last bit; what
    # is kept has to be what its decimal text reads back as.
    result: npt.NDArray[np.object_] = shapely.transform(
        shapely.set_precision(snapped, 0.0), lambda pairs: np.round(pairs, decimals)
    )
    return result


def _to_plane(pairs: Floats) -> Floats:
    return np.column_stack(_utm().transform(pairs[:, 0], pairs[:, 1]))


def _to_degrees(pairs: Floats) -> Floats:
    columns = _utm().transform(pairs[:, 0], pairs[:, 1], direction="INVERSE")
    return np.column_stack(columns)


@cache
def _utm() -> Transformer:
    return Transformer.from_pipeline(
        "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad"
        " +step +proj=utm +zone=30 +ellps=GRS80"
    )
