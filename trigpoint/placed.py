"""The positions of records, and what they declare of their areas, as columns.

Read from the items of the log, in frames: `key`, `lon`, `lat` (CRS84 degrees, null for
a record without a position) and a column for each field that declares an area or a
council, or leads to a record that does.
"""

from __future__ import annotations

import json

import polars as pl

from trigpoint.log.reader import LogReader
from trigpoint.schema.catalogue import Schemas
from trigpoint.schema.declared import Declarations
from trigpoint.schema.rdf import key_of
from trigpoint.schema.shape import Schema
from trigpoint.spatial.links import DECLARED, KEY, LAT, LON
from trigpoint.spatial.position import position_of

_ITEM, _GEOMETRY, _PAIR = "item", "geometry", "pair"
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

    def all(self, register: str) -> pl.DataFrame:
        """Of every record that the register holds; the withheld are left out."""
        schema = self._schemas[register]
        none = self._read(
            pl.DataFrame(schema={KEY: pl.String, _ITEM: pl.String}), schema
        )
        read = [self._read(frame, schema) for frame in self._log.iter_items(register)]
        # Of the entries of a key, the last one is its record.
        latest = pl.concat([none, *read]).unique(KEY, keep="last")
        return latest.filter("held").drop("held")

    def since(self, register: str, size: int) -> pl.DataFrame:
        """Of the records with entries after number `size`."""
        schema = self._schemas[register]
        items = [new for _, new in self._log.changes(register, size) if new]
        frame = pl.DataFrame(
            {
                KEY: [key_of(item, schema) for item in items],
                _ITEM: [json.dumps(item) for item in items],
            },
            schema={KEY: pl.String, _ITEM: pl.String},
        )
        return self._read(frame, schema).drop("held")

    def _read(self, frame: pl.DataFrame, schema: Schema) -> pl.DataFrame:
        """The columns of a frame of keys and items, and whether each is `held`."""
        fields = {one.own for one in self._declarations.of(schema)}
        names = sorted(fields | ({schema.geometry} if schema.geometry else set()))
        item = pl.col(_ITEM).str.json_decode(pl.Struct(dict.fromkeys(names, pl.String)))
        read = frame.select(KEY, item, held=pl.col(_ITEM).is_not_null())
        lon, lat = _position(pl.col(_ITEM).struct.field(schema.geometry or ""), schema)
        return read.select(
            KEY,
            lon.alias(LON),
            lat.alias(LAT),
            *(
                pl.col(_ITEM).struct.field(name).alias(DECLARED + name)
                for name in sorted(fields)
            ),
            "held",
        )


def _position(text: pl.Expr, schema: Schema) -> tuple[pl.Expr, pl.Expr]:
    """Longitude and latitude of the values of a geometry field."""
    encoding = schema.field(schema.geometry or "").encoding
    if encoding == "wkt":
        pair = text.map_elements(
            lambda value: position_of(value, encoding),
            return_dtype=pl.List(pl.Float64),
        )
        return pair.list.get(0), pair.list.get(1)
    lon, lat = (text.str.extract(_POINT, n).cast(pl.Float64) for n in (1, 2))
    ranged = (lon.abs() <= 180) & (lat.abs() < 90)
    return pl.when(ranged).then(lon), pl.when(ranged).then(lat)
