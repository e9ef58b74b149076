"""The positions of records, and what they declare of their areas, as columns.

Read from the items of the log, in frames: `key`, `lon`, `lat` (CRS84 degrees, null for
a record without a position) and a column for each field that declares an area or a
council, or leads to a record that does.
"""

from __future__ import annotations

import polars as pl

from trigpoint.log.reader import LogReader
from trigpoint.schema.catalogue import Schemas
from trigpoint.schema.declared import Declarations
from trigpoint.schema.shape import Encoding, Schema
from trigpoint.spatial.links import DECLARED, KEY, LAT, LON
from trigpoint.spatial.position import position_of

_ITEM = "item"
_SPACE = r"[\t-\r ]*"
_NUMBER = r"(-?[0-9]+(?:\.[0-9]+)?)"
# As `lon_lat_of` reads it, and a test holds the two together.
_POINT = rf"^\[{_SPACE}{_NUMBER}{_SPACE},{_SPACE}{_NUMBER}{_SPACE}\]$"


class Places:
    """The places of records, from a log and the schemas of its registers."""

    def __init__(self, log: LogReader, schemas: Schemas) -> None:
        self._log = log
        self._schemas = schemas
        self._declarations = Declarations(schemas)

    def since(self, register: str, size: int) -> pl.DataFrame:
        """Of the records with entries after number `size`, in no order; after 0 of all.
        Those whose content is withheld are left out."""
        schema = self._schemas[register]
        none = pl.DataFrame(schema={KEY: pl.String, _ITEM: pl.String})
        frames = (
            frame.filter(pl.col("new").is_not_null()).select(
                KEY, pl.col("new").alias(_ITEM)
            )
            for frame in self._log.changed(register, size)
        )
        return pl.concat([self._read(frame, schema) for frame in (none, *frames)])

    def _read(self, frame: pl.DataFrame, schema: Schema) -> pl.DataFrame:
        """The columns of a frame of keys and items."""
        fields = {one.own for one in self._declarations.of(schema)}
        names = sorted({*fields, schema.geometry or ""})
        item = pl.col(_ITEM).str.json_decode(pl.Struct(dict.fromkeys(names, pl.String)))
        read = frame.select(KEY, item)
        geometry = schema.field(schema.geometry or "")
        text = pl.col(_ITEM).struct.field(geometry.name)
        return read.select(
            KEY,
            *position_columns(text, geometry.encoding),
            *(
                pl.col(_ITEM).struct.field(name).alias(DECLARED + name)
                for name in sorted(fields)
            ),
        )


def position_columns(
    text: pl.Expr, encoding: Encoding | None
) -> tuple[pl.Expr, pl.Expr]:
    """Longitude and latitude of the values of a geometry field, as `position_of` has
    them of one: columns `lon` and `lat`."""
    if encoding == "wkt":
        pair = text.map_elements(
            lambda value: position_of(value, encoding),
            return_dtype=pl.List(pl.Float64),
        )
        return pair.list.get(0).alias(LON), pair.list.get(1).alias(LAT)
    lon, lat = (text.str.extract(_POINT, n).cast(pl.Float64) for n in (1, 2))
    ranged = (lon.abs() <= 180) & (lat.abs() < 90)
    return pl.when(ranged).then(lon).alias(LON), pl.when(ranged).then(lat).alias(LAT)
