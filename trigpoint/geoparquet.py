"""GeoParquet 1.1 (OGC 23-124r2) of a register, written a batch at a time.

Besides the geometry there is a column `bbox` of the box of each (section “bounding box
columns”), by which a reader skips what is elsewhere. The same records give the same
bytes with the same version of Arrow.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from pyproj import CRS

from trigpoint.features import Features
from trigpoint.snapshot import Snapshot

_SIDES = ("xmin", "ymin", "xmax", "ymax")
_BOX = pa.struct([(side, pa.float64()) for side in _SIDES])


def write_geoparquet(registers: Snapshot, register: str, path: Path) -> None:
    """Write a register with geometry to a new file.

    The metadata of the file says title, licence, whom to name, log size and root hash.
    Raises InvalidInput as `Features` does.
    """
    features = Features(registers, register)
    columns = features.arrow_schema()
    box = _box_name(columns.names)
    schema = columns.append(pa.field(box, _BOX)).with_metadata(features.facts())
    whole = np.array([np.inf, np.inf, -np.inf, -np.inf])
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch, shapes in features.batches():
            sides = shapely.bounds(shapes)
            boxes = _boxes(sides)
            writer.write_batch(
                pa.RecordBatch.from_arrays([*batch.columns, boxes], schema=schema)
            )
            whole[:2] = np.fmin(whole[:2], np.fmin.reduce(sides[:, :2]))
            whole[2:] = np.fmax(whole[2:], np.fmax.reduce(sides[:, 2:]))
        writer.add_key_value_metadata({"geo": json.dumps(_geo(features, box, whole))})


def _geo(features: Features, box: str, whole: np.ndarray) -> dict[str, Any]:
    """The metadata that makes it GeoParquet."""
    column: dict[str, Any] = {
        "encoding": "WKB",
        "geometry_types": list(features.kept.kinds),
        "crs": CRS.from_user_input(features.kept.crs).to_json_dict(),
        "covering": {"bbox": {side: [box, side] for side in _SIDES}},
    }
    if np.isfinite(whole).all():
        column["bbox"] = whole.tolist()
    name = features.geometry.name
    return {"version": "1.1.0", "primary_column": name, "columns": {name: column}}


def _boxes(sides: np.ndarray) -> pa.StructArray:
    """Boxes, null where there is no geometry. Arrays of west, south, east, north."""
    none = np.isnan(sides[:, 0])
    columns = [pa.array(sides[:, n], pa.float64()) for n in range(4)]
    return pa.StructArray.from_arrays(columns, fields=list(_BOX), mask=pa.array(none))


def _box_name(names: list[str]) -> str:
    """`bbox`, unless a field of the register is called so."""
    return "bbox" if "bbox" not in names else "geometry-bbox"
