"""Functions beyond those of SPARQL 1.1 that a query may call.

The engine brings these functions of GeoSPARQL (OGC 22-047r1, section 10) for WKT in
CRS84, without a spatial index.
"""

from __future__ import annotations

from typing import Final

GEOF: Final = "http://www.opengis.net/def/function/geosparql/"
_SIMPLE_FEATURES: Final = (
    "Contains Crosses Disjoint Equals Intersects Overlaps Touches Within"
)
_EGENHOFER: Final = "Contains CoveredBy Covers Disjoint Equals Inside Meet Overlap"
_RCC8: Final = "dc ec eq ntpp ntppi po tpp tppi"
_OTHERS: Final = (
    "asGeoJSON convexHull coordinateDimension dimension distance envelope getSRID "
    "isEmpty isSimple spatialDimension"
)

EXTENSION_FUNCTIONS: Final = tuple(
    f"{GEOF}{family}{name}"
    for family, names in (
        ("sf", _SIMPLE_FEATURES),
        ("eh", _EGENHOFER),
        ("rcc8", _RCC8),
        ("", _OTHERS),
    )
    for name in names.split()
)
