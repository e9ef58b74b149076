"""What the benchmarks run on: the sample in data/, postcodes, and rows made of it.

A clean checkout suffices. Where TRIGPOINT_REAL_DATA names the folder of real files,
the full outlines of the districts are there as well.
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count
from pathlib import Path

import numpy as np
import polars as pl
import shapely
from shapely.geometry.base import BaseGeometry

from bench.addresses import STREETS, street_rows
from loaders.code_point import CUT_DOWN, installed_files
from trigpoint.log.entry import Batch, Draft
from trigpoint.register import Registers
from trigpoint.schema.items import Item, canonical_json, item_hash
from trigpoint.schema.shape import Schema
from trigpoint.spatial.boundaries import BoundaryIndex
from trigpoint.spatial.boundary import Boundary
from trigpoint.spatial.geometry import Geometry, repair
from trigpoint.spatial.grids import CRS84, Floats, lon_lat_from_bng
from trigpoint.staging import Load

SAMPLE = Path(__file__).parents[1] / "data"
BATCH = Batch("bench", "Rows made for a benchmark")
_TIME = "2025-05-01T00:00:00Z"
_POSTCODES = 200_000
_OUTLINES = Path("boundaries") / "lad_2025.geojsonl.gz"
_WARDS = Path("boundaries") / "ward_2025.geojsonl.gz"
_SEED = 20_250_501
# Keys that are as long as real ones and that no sample record has.
_FIRST_KEYS = {"address": 900_000_000_000, "school-eng": 200_000}


@dataclass(frozen=True)
class Positions:
    """Postcodes with their positions in degrees (CRS84)."""

    keys: list[str]
    lons: Floats
    lats: Floats

    def first(self, count: int) -> Positions:
        """The first so many of them."""
        return Positions(self.keys[:count], self.lons[:count], self.lats[:count])

    def pairs(self) -> Iterator[tuple[float, float]]:
        return zip(self.lons.tolist(), self.lats.tolist(), strict=True)


@dataclass(frozen=True)
class Inputs:
    """Inputs of a run. `folder` is for its files and goes with it.

    `shrink` divides the sizes of all inputs; 1 is the run that is published.
    """

    folder: Path
    shrink: int = 1
    real: Path | None = None

    @classmethod
    def here(cls, folder: Path, shrink: int = 1) -> Inputs:
        """With the real files, if TRIGPOINT_REAL_DATA names their folder."""
        real = os.environ.get("TRIGPOINT_REAL_DATA")
        return cls(folder, shrink, Path(real) if real else None)

    def size(self, full: int) -> int:
        """How many to take where the whole run takes `full`."""
        return max(4, full // self.shrink)

    @cached_property
    def registers(self) -> Registers:
        """The sample, loaded and published; read only."""
        writer = Registers.open(self.folder / "sample", write=True)
        files = sorted(SAMPLE.glob("*.rsf*"))
        summary = writer.import_rsf(files, Batch("rsf", "The sample"))
        assert summary.appended, summary.report.table()
        writer.log.close()
        return Registers.open(self.folder / "sample")

    @cached_property
    def with_postcodes(self) -> Registers:
        """The sample and 200,000 postcodes, about a million triples; read only."""
        writer = Registers.open(self.folder / "postcodes", write=True)
        summary = writer.import_rsf(sorted(SAMPLE.glob("*.rsf*")), BATCH)
        assert summary.appended, summary.report.table()
        with writer.log.appending(BATCH) as appender:
            appender.append("postcode", self.postcode_drafts(_POSTCODES))
        writer.publish()
        writer.log.close()
        return Registers.open(self.folder / "postcodes")

    def postcode_drafts(self, full: int) -> list[Draft]:
        """Postcodes with their positions, as they are appended."""
        at = self.postcodes(full)
        return [
            draft({"postcode": key, "point": f"[{lon:.6f},{lat:.6f}]"})
            for key, (lon, lat) in zip(at.keys, at.pairs(), strict=True)
        ]

    @property
    def streets_log(self) -> Path:
        """The data directory of `with_streets`."""
        return self.folder / "streets"

    @cached_property
    def with_streets(self) -> Registers:
        """The sample and the streets that made-up addresses stand on; read only."""
        writer = Registers.open(self.streets_log, write=True)
        summary = writer.import_rsf(sorted(SAMPLE.glob("*.rsf*")), BATCH)
        assert summary.appended, summary.report.table()
        summary = writer.load([Load("street", street_rows(self.size(STREETS)))], BATCH)
        assert summary.appended, summary.report.table()
        writer.log.close()
        return Registers.open(self.streets_log)

    @property
    def districts(self) -> BoundaryIndex:
        """The sample's generalised outlines of the districts."""
        return self.registers.view().boundaries

    @cached_property
    def full_districts(self) -> BoundaryIndex | None:
        """The full outlines of the same districts, if the real files are there."""
        if self.real is None or not (self.real / _OUTLINES).is_file():
            return None
        drawn = {boundary.area: boundary for boundary in self.districts.boundaries}
        with gzip.open(self.real / _OUTLINES, "rt", encoding="utf-8") as lines:
            return BoundaryIndex.build(_full(line, drawn) for line in lines)

    @cached_property
    def full_wards(self) -> BoundaryIndex | None:
        """The full outlines of the wards, if the real files are there."""
        if self.real is None or not (self.real / _WARDS).is_file():
            return None
        with gzip.open(self.real / _WARDS, "rt", encoding="utf-8") as lines:
            return BoundaryIndex.build(map(_ward, lines))

    def postcodes(self, full: int) -> Positions:
        """Postcodes of Great Britain, picked at random but always the same."""
        wanted = min(self.size(full), len(self._postcodes))
        picked = self._postcodes.sample(wanted, seed=_SEED)
        lons, lats = lon_lat_from_bng(
            picked["easting"].to_numpy(), picked["northing"].to_numpy()
        )
        keys = picked["postcode"].to_list()
        placed = np.isfinite(lons)
        kept = [key for key, here in zip(keys, placed.tolist(), strict=True) if here]
        return Positions(kept, lons[placed], lats[placed])

    @cached_property
    def _postcodes(self) -> pl.DataFrame:
        """Postcode, easting and northing of those that have a position."""
        schema = {
            name: pl.Float64() if name in ("easting", "northing") else pl.String()
            for name in CUT_DOWN.columns
        }
        rows = pl.read_csv(installed_files(), has_header=False, schema=schema)
        placed = rows.filter(pl.col("positional-quality") != "90")
        return placed.select("postcode", "easting", "northing")

    def items(self, register: str, full: int) -> list[Item]:
        """The sample's items over and over, each with a key of its own."""
        schema = self.registers.schemas[register]
        sample = [record.item for record in self.registers.log.iter_records(register)]
        keys = count(_FIRST_KEYS[register])
        return [
            {**sample[n % len(sample)], schema.key: str(next(keys))}
            for n in range(self.size(full))
        ]


def draft(item: Item) -> Draft:
    """A postcode as it is appended."""
    text = canonical_json(item)
    return Draft(_TIME, str(item["postcode"]), text, item_hash(text))


def staged(items: list[Item], schema: Schema) -> pl.DataFrame:
    """Items as the rows that a loader would have staged."""
    types: dict[str, pl.DataType] = {
        name: pl.List(pl.String) if schema.field(name).many else pl.String()
        for name in schema.names
        if any(name in item for item in items)
    }
    frame = pl.DataFrame(items, schema=types)
    return frame.with_row_index("_row", offset=2)


def _full(line: str, drawn: Mapping[str, Boundary]) -> Boundary:
    """The boundary of the same area with the outline of a GeoJSON feature."""
    properties, shape = _read(line)
    return replace(drawn[properties["code"]], resolution="full", geometry=shape)


def _ward(line: str) -> Boundary:
    """The boundary of a ward, from a GeoJSON feature."""
    properties, shape = _read(line)
    code = properties["code"]
    return Boundary(
        key=f"{code}-2025-full",
        area_register="ward",
        area=code,
        name=properties["name"],
        layer="ward",
        vintage="2025",
        start=None,
        end=None,
        resolution="full",
        crs=CRS84,
        geometry=shape,
    )


def _read(line: str) -> tuple[dict[str, str], BaseGeometry]:
    """The properties of a GeoJSON feature, and its outline, mended."""
    feature = json.loads(line)
    shape = shapely.from_geojson(json.dumps(feature["geometry"]))
    return feature["properties"], repair(Geometry(CRS84, shape)).geometry.shape
