"""Where is it: coordinates, boundaries, and what lies nearest.

Coordinates are `lon, lat` in degrees (CRS84) or `easting, northing` in metres, never
x and y. The indexes here are views: they are built from the log's records, never
trusted, and rebuilt at will.
"""
