"""A register with geometry as a table of features: what GIS programs read.

The columns are those of the CSV, in the same order, as text; several values stand in
one cell, joined by semicolons, and a cell that is empty there is null here. The
geometry stands in the column of its field, as two-dimensional WKB (OGC 06-103r4,
section 8.2), eastward axis first. A field of dates is a column of dates where all its
values are whole days; one year among them makes it text, or it would say more than
the register does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import shapely

from trigpoint.catalogue import register_iri
from trigpoint.errors import InvalidInput
from trigpoint.schema.columns import wkt_of
from trigpoint.schema.csvw import SEPARATOR
from trigpoint.schema.items import format_hash
from trigpoint.schema.rdf import WKT_NAMES
from trigpoint.schema.shape import Field, Schema
from trigpoint.snapshot import Snapshot
from trigpoint.spatial.geometry import parse_wkt_literal, to_crs84
from trigpoint.spatial.grids import CRS84, WGS84_LAT_LON, reference_system

Shapes: TypeAlias = npt.NDArray[np.object_]

_POINTS = 65_536  # records of points in hand at once
_OUTLINES = 500  # of anything else, which may have any number of vertices
_LON_LAT = r"^POINT\((\S+) (\S+)\)$"
_SYSTEM = r"^\s*<([^>]*)>"
_KEYWORD = r"^\s*(?:<[^>]*>)?\s*([A-Za-z]+)"
_DAY, _FORM = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "%Y-%m-%d"


@dataclass(frozen=True)
class Kept:
    """What has to be known of all records before the first is written.

    `crs` is the system that all geometries are drawn in; OGC:CRS84 where there are
    several, and all are brought to it. `kinds` are their types as GeoJSON names them,
    in order; `days` the fields of which every value is a whole day; `placed` counts
    the records that have a geometry.
    """

    crs: str
    kinds: tuple[str, ...]
    days: frozenset[str]
    records: int
    placed: int


class Features:
    """The records of one register as Arrow batches, read a batch at a time.

    The register has to have a geometry field. Raises InvalidInput, when batches are
    read, for a geometry that cannot be read or has no transformation.
    """

    def __init__(self, registers: Snapshot, register: str) -> None:
        self._registers = registers
        self.schema: Schema = registers.schema(register)
        if self.schema.geometry is None:
            raise InvalidInput(f"{register} has no geometry: take its CSV")
        self.geometry: Field = self.schema.field(self.schema.geometry)
        self._rows = _POINTS if self.geometry.encoding == "lon-lat" else _OUTLINES

    @cached_property
    def kept(self) -> Kept:
        """What all records have in common; reads each once."""
        dates = [field.name for field in self.schema.fields if field.kind == "date"]
        systems, words, days = set[str](), set[str](), dict.fromkeys(dates, (0, 0))
        records = placed = 0
        for frame in self._frames([*dates, self.geometry.name]):
            text = frame[self.geometry.name].drop_nulls()
            records, placed = records + len(frame), placed + len(text)
            # Of a keyword that is no type there is an error when it is read.
            systems.update(text.str.extract(_SYSTEM).fill_null(CRS84).unique())
            words.update(text.str.extract(_KEYWORD).str.to_uppercase().unique())
            for name, (filled, whole) in days.items():
                values = frame[name].drop_nulls()
                whole_days = values.filter(values.str.contains(_DAY))
                good = whole_days.str.to_date(_FORM, strict=False).count()
                days[name] = (filled + len(values), whole + good)
        codes = {reference_system(name).code for name in systems} or {CRS84}
        codes = {CRS84 if code == WGS84_LAT_LON else code for code in codes}
        return Kept(
            crs=codes.pop() if len(codes) == 1 else CRS84,
            kinds=tuple(sorted(WKT_NAMES[word] for word in words & WKT_NAMES.keys())),
            days=frozenset(n for n, (all_, good) in days.items() if 0 < all_ == good),
            records=records,
            placed=placed,
        )

    def facts(self) -> dict[str, str]:
        """What a file says of itself: title, licence, whom to name, and the state of
        the log that it was cut from."""
        schema, log = self.schema, self._registers.log
        said = [
            one.batch.attribution
            for one in log.batches()
            if schema.register in one.ranges and one.batch.attribution
        ]
        attribution = " ".join(dict.fromkeys([schema.copyright, *said])).strip()
        return {
            "title": schema.title,
            "description": schema.description,
            "licence": schema.licence,
            "attribution": attribution,
            "custodian": schema.custodian,
            "register": register_iri(self._registers.base, schema.register),
            "log-size": str(log.size(schema.register)),
            "root-hash": format_hash(log.root(schema.register)),
        }

    def changed(self) -> str | None:
        """When the newest entry was made (ISO 8601, UTC); None without entries."""
        log, register = self._registers.log, self.schema.register
        newest = log.entries(register, log.size(register), 1)
        return newest[0].timestamp if newest else None

    def arrow_schema(self, *, days: bool = True) -> pa.Schema:
        """The columns; without `days` dates are text, too."""
        whole = self.kept.days if days else frozenset()
        return pa.schema(
            pa.field(name, self._type(name, name in whole))
            for name in self.schema.names
        )

    def batches(self, *, days: bool = True) -> Iterator[tuple[pa.RecordBatch, Shapes]]:
        """Batches in order of key with their geometries (shapely, None for none), which
        stand in the batch as WKB; columns are as `arrow_schema` has them."""
        wanted = self.arrow_schema(days=days)
        for frame in self._frames(self.schema.names):
            shapes = self._shapes(frame[self.geometry.name])
            columns = []
            for field in wanted:
                if field.name == self.geometry.name:
                    wkb = shapely.to_wkb(shapes, output_dimension=2)
                    columns.append(pa.array(wkb, pa.binary()))
                else:
                    columns.append(_column(frame[field.name], field.type))
            yield pa.RecordBatch.from_arrays(columns, schema=wanted), shapes

    def _type(self, name: str, day: bool) -> pa.DataType:
        if name == self.geometry.name:
            return pa.binary()
        return pa.date32() if day else pa.string()

    def _frames(self, names: list[str] | tuple[str, ...]) -> Iterator[pl.DataFrame]:
        """Some fields of all records, those of several values joined."""
        fields = [self.schema.field(name) for name in names]
        types = {
            field.name: pl.List(pl.String) if field.many else pl.String()
            for field in fields
        }
        read = pl.col("item").str.json_decode(pl.Struct(types))
        many = [pl.col(f.name).list.join(SEPARATOR) for f in fields if f.many]
        log, register = self._registers.log, self.schema.register
        for frame in log.iter_current(register, self._rows):
            yield frame.select(read).unnest("item").with_columns(many)

    def _shapes(self, texts: pl.Series) -> Shapes:
        if self.geometry.encoding == "lon-lat":
            return _points(texts, self.geometry)
        shapes = np.full(len(texts), None, dtype=object)
        for row, text in enumerate(texts):
            if text is not None:
                drawn = parse_wkt_literal(text)
                same = drawn.crs == self.kept.crs
                shapes[row] = drawn.shape if same else to_crs84(drawn)
        return shapes


def _points(texts: pl.Series, field: Field) -> Shapes:
    """Points of the GDS form `[lon,lat]`."""
    wkt = texts.to_frame("text").select(wkt_of(pl.col("text"), field)).to_series()
    pairs = wkt.str.extract_groups(_LON_LAT).struct.unnest().cast(pl.Float64)
    lons, lats = pairs.to_numpy().T
    unread = np.isnan(lons) & wkt.is_not_null().to_numpy()
    if unread.any():
        value = texts[int(np.flatnonzero(unread)[0])]
        raise InvalidInput(f"not a point: expected [lon,lat], but got {value[:40]!r}")
    shapes = shapely.points(lons, lats)
    shapes[np.isnan(lons)] = None
    return np.asarray(shapes)


def _column(values: pl.Series, kind: pa.DataType) -> pa.Array:
    if kind == pa.date32():
        return values.str.to_date(_FORM).to_arrow()
    return values.to_arrow().cast(kind)
