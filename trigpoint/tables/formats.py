"""The formats of tables: their names, and what reads and writes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pyarrow import ipc

from trigpoint.tables.arrow import ArrowReader, ArrowWriter
from trigpoint.tables.batch import Reader, Writer
from trigpoint.tables.csv import CsvReader, CsvWriter
from trigpoint.tables.geojson import GeoJsonReader, GeoJsonWriter
from trigpoint.tables.lines import LinesReader, LinesWriter


@dataclass(frozen=True)
class TableFormat:
    """One format: `suffix` without a dot, `media_type`, and `aliases` that are read as
    it. `open` reads a file, which must stay as it is meanwhile."""

    suffix: str
    media_type: str
    open: Callable[[Path], Reader]
    writer: Callable[[], Writer]
    aliases: tuple[str, ...] = ()


CSV = TableFormat("csv", "text/csv", CsvReader, CsvWriter)
LINES = TableFormat(
    "ndjson",
    "application/x-ndjson",
    LinesReader,
    LinesWriter,
    ("application/ndjson", "application/jsonl", "application/geo+json-seq"),
)
GEOJSON = TableFormat("geojson", "application/geo+json", GeoJsonReader, GeoJsonWriter)
ARROW_STREAM = TableFormat(
    "arrows",
    "application/vnd.apache.arrow.stream",
    ArrowReader,
    partial(ArrowWriter, ipc.new_stream),
)
ARROW_FILE = TableFormat(
    "arrow",
    "application/vnd.apache.arrow.file",
    ArrowReader,
    partial(ArrowWriter, ipc.new_file),
)
FORMATS = (CSV, LINES, GEOJSON, ARROW_STREAM, ARROW_FILE)
