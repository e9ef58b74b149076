"""GeoParquet, GeoPackage and FlatGeobuf: what other programs read is what is held."""

from __future__ import annotations

import csv
import hashlib
import json
import sqlite3
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import geopandas
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely

from tests.schema.museum import PREFIXES
from trigpoint.dump import FILE_WRITERS, Dumps
from trigpoint.errors import DumpNotWritten, InvalidInput, InvalidParameter
from trigpoint.features import Features
from trigpoint.geofiles import write_flatgeobuf, write_geopackage
from trigpoint.log.entry import Batch, Draft
from trigpoint.register import Registers
from trigpoint.schema.items import item_hash
from trigpoint.schema.rdf import wkt_of
from trigpoint.snapshot import Snapshot
from trigpoint.spatial.geometry import parse_wkt_literal
from trigpoint.staging import Load

SPATIAL = ("address", "boundary", "postcode", "school-eng")
BATCH = Batch("test", "Plots", attribution="Drawn by hand.")
LATER = "2100-01-01T00:00:00Z"
PLOT = """
shape:plot a sh:NodeShape ;
    sh:targetClass tp:Plot ;
    sh:closed true ;
    sh:ignoredProperties ( rdf:type ) ;
    tp:register "plot" ;
    rdfs:label "Plots"@en ;
    dcterms:description "Plots of land."@en ;
    tp:custodian "Parish" ;
    dcterms:license <http://example.org/licence> ;
    tp:copyright "© Parish" ;
    tp:phase "beta" ;
    tp:keyField "plot" ;
    tp:geometryField "outline" ;
    tp:startField "start-date" ;
    sh:property shape:plot-plot, shape:plot-crops, shape:plot-outline,
        shape:plot-start-date, shape:plot-sown, shape:plot-bbox, shape:plot-fid .
shape:plot-plot sh:name "plot" ; sh:path skos:notation ; sh:order 1 ;
    sh:datatype xsd:string ; sh:minCount 1 ; sh:maxCount 1 .
shape:plot-crops sh:name "crops" ; sh:path tp:crops ; sh:order 2 ;
    sh:datatype xsd:string .
shape:plot-outline sh:name "outline" ; sh:path geo:hasGeometry ; sh:order 3 ;
    tp:geometryEncoding tp:WKT ; sh:maxCount 1 .
shape:plot-start-date sh:name "start-date" ; sh:path tp:begun ; sh:order 4 ;
    sh:or ( [ sh:datatype xsd:date ] [ sh:datatype xsd:gYear ] ) ; sh:maxCount 1 .
shape:plot-sown sh:name "sown" ; sh:path tp:sown ; sh:order 5 ;
    sh:or ( [ sh:datatype xsd:date ] [ sh:datatype xsd:gYear ] ) ; sh:maxCount 1 .
shape:plot-bbox sh:name "bbox" ; sh:path tp:box ; sh:order 6 ;
    sh:datatype xsd:string ; sh:maxCount 1 .
shape:plot-fid sh:name "fid" ; sh:path tp:row ; sh:order 7 ;
    sh:datatype xsd:string ; sh:maxCount 1 .
"""
GRID = "<http://www.opengis.net/def/crs/EPSG/0/27700>"
ONE = f"{GRID} POLYGON ((400000 300000, 400100 300000, 400100 300100, 400000 300000))"
TWO = (
    f"{GRID} MULTIPOLYGON (((400100 300000, 400200 300000, 400200 300100, 400100 "
    "300000)), ((400300 300000, 400400 300000, 400400 300100, 400300 300000)))"
)
DEGREES = "POLYGON ((-2 52.5, -1.9 52.5, -1.9 52.6, -2 52.5))"
PLOTS: tuple[Mapping[str, Any], ...] = (
    {
        "plot": "1",
        "crops": ["oats", "rye"],
        "outline": ONE,
        "start-date": "2019-04-01",
        "sown": "2019-04-02",
        "bbox": "b",
        "fid": "1",
    },
    {"plot": "2", "outline": TWO, "start-date": "2020-01-31", "sown": "2020"},
    {"plot": "3"},
)


def plots(folder: Path, rows: tuple[Mapping[str, Any], ...] = PLOTS) -> Registers:
    """A data directory with a register of outlines, made from a shape."""
    (folder / "shapes").mkdir(parents=True)
    (folder / "shapes" / "plot.ttl").write_text(PREFIXES + PLOT, encoding="utf-8")
    registers = Registers.open(folder, write=True)
    frame = pl.DataFrame(list(rows), infer_schema_length=None)
    summary = registers.load([Load("plot", frame)], BATCH)
    assert summary.appended, summary.report.table()
    return registers


def read(path: Path) -> geopandas.GeoDataFrame:
    """A dump as geopandas reads it, in order of its first column."""
    table = (
        geopandas.read_parquet(path)
        if path.suffix == ".parquet"
        else geopandas.read_file(path)
    )
    return table.sort_values(table.columns[0], ignore_index=True)


@pytest.mark.parametrize("suffix", FILE_WRITERS)
@pytest.mark.parametrize("register", SPATIAL)
def test_geopandas_reads_the_records(demo: Path, register: str, suffix: str) -> None:
    """Every record with the columns and texts of its item, and its geometry to the
    last digit; FlatGeobuf has those that have a geometry."""
    registers = Registers.open(demo)
    schema = registers.schema(register)
    place = schema.geometry or ""
    items = [record.item for record in registers.log.iter_records(register)]
    if suffix == "fgb":
        items = [item for item in items if place in item]
    items.sort(key=lambda item: str(item[schema.key]))
    table = read(Dumps(registers).file(register, suffix).path)
    assert len(table) == len(items) > 300
    geometries = list(table.geometry)
    texts = table.drop(columns=table.geometry.name)
    names = [name for name in schema.names if name != place]
    assert list(texts.columns) == names
    for row, item in enumerate(items):
        filled = {name: text for name, text in texts.loc[row].items() if pd.notna(text)}
        values = {n: v for n, v in item.items() if n != place}
        assert {n: _text(v) for n, v in filled.items()} == {
            n: v if isinstance(v, str) else ";".join(v) for n, v in values.items()
        }
        value = item.get(place)
        if not isinstance(value, str):
            assert geometries[row] is None
            continue
        drawn = parse_wkt_literal(wkt_of(value, schema.field(place))).shape
        drawn = drawn if suffix == "parquet" else _like(drawn, geometries[row])
        assert shapely.equals_exact(geometries[row], drawn)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value)[:10]


def _like(drawn: Any, found: Any) -> Any:
    """A polygon as one of several, where the layer has them all so."""
    return (
        shapely.MultiPolygon([drawn])
        if (drawn.geom_type, found.geom_type) == ("Polygon", "MultiPolygon")
        else drawn
    )


@pytest.mark.parametrize("suffix", ["gpkg", "fgb"])
@pytest.mark.parametrize("register", SPATIAL)
def test_ogr2ogr_reads_the_records(
    demo: Path, tmp_path: Path, ogr2ogr: str, register: str, suffix: str
) -> None:
    """GDAL of another build makes CSV of it: the cells of our own CSV, and places."""
    registers = Registers.open(demo)
    schema = registers.schema(register)
    dump = Dumps(registers).file(register, suffix)
    out = tmp_path / "out.csv"
    options = ["-f", "CSV", "-lco", "GEOMETRY=AS_WKT"]
    subprocess.run([ogr2ogr, *options, str(out), str(dump.path)], check=True)
    csv.field_size_limit(10_000_000)
    with out.open(encoding="utf-8", newline="") as file:
        rows = {row[schema.key]: row for row in csv.DictReader(file)}
    place, placed = schema.geometry or "", 0
    for record in registers.log.iter_records(register):
        value = record.item.get(place)
        if suffix == "fgb" and value is None:
            assert record.entry.key not in rows
            continue
        row = rows.pop(record.entry.key)
        for name in set(schema.names) - {place}:
            cell = record.item.get(name, "")
            text = cell if isinstance(cell, str) else ";".join(cell)
            assert row[name].replace("/", "-") == text.replace("/", "-")
        if isinstance(value, str):
            drawn = parse_wkt_literal(wkt_of(value, schema.field(place))).shape
            found = shapely.from_wkt(row["WKT"])
            assert shapely.equals_exact(found, _like(drawn, found), 1e-9)
            placed += 1
    assert not rows
    assert placed > 300


@pytest.mark.parametrize("suffix", FILE_WRITERS)
def test_a_register_keeps_the_system_it_was_drawn_in(
    tmp_path: Path, suffix: str
) -> None:
    """Outlines on one grid stay on it, with the digits that they have."""
    registers = plots(tmp_path / "data")
    table = read(Dumps(registers).file("plot", suffix).path)
    assert table.crs.to_epsg() == 27700
    assert table.geometry[0].bounds == (400000, 300000, 400100, 300100)
    assert len(table.geometry[1].geoms) == 2


@pytest.mark.parametrize("suffix", FILE_WRITERS)
def test_a_register_in_several_systems_is_brought_to_degrees(
    tmp_path: Path, suffix: str
) -> None:
    """Outlines on a grid and in degrees are all in degrees, longitude first."""
    rows = (*PLOTS, {"plot": "4", "outline": DEGREES})
    table = read(Dumps(plots(tmp_path / "data", rows)).file("plot", suffix).path)
    assert table.crs.to_string() == (
        "OGC:CRS84" if suffix == "parquet" else "EPSG:4326"
    )
    last = table.geometry[len(table) - 1]
    assert last.bounds == (-2, 52.5, -1.9, 52.6)
    first = table.geometry[0].bounds
    assert first == pytest.approx((-2.0, 52.597, -1.998, 52.598), abs=0.002)


def test_degrees_are_longitude_first_in_every_format(demo: Path) -> None:
    """Eastward first, whatever the order that the system's name implies."""
    dumps = Dumps(Registers.open(demo))
    for suffix in FILE_WRITERS:
        table = read(dumps.file("boundary", suffix).path)
        west, south, east, north = table.total_bounds
        assert (-9 < west < east < 2, 49 < south < north < 61) == (True, True)


def test_dates_are_dates_where_all_are_whole_days(tmp_path: Path) -> None:
    """A year among days makes the column text; FlatGeobuf, which has no days, text."""
    registers = plots(tmp_path / "data")
    dumps = Dumps(registers)
    schema = pq.read_schema(dumps.file("plot", "parquet").path)
    assert schema.field("start-date").type == pa.date32()
    assert schema.field("sown").type == pa.string()
    package = pyogrio.read_info(dumps.file("plot", "gpkg").path)
    types = dict(zip(package["fields"], package["ogr_types"], strict=True))
    assert (types["start-date"], types["sown"]) == ("OFTDate", "OFTString")
    buffer = read(dumps.file("plot", "fgb").path)
    assert list(buffer["start-date"]) == ["2019-04-01", "2020-01-31"]
    assert list(buffer["sown"]) == ["2019-04-02", "2020"]


def held(registers: Registers, *items: str) -> Registers:
    """Entries that no gate has seen, as an archive may hold them."""
    with registers.log.appending(BATCH) as appender:
        for item in items:
            key = json.loads(item)["plot"]
            appender.append("plot", [Draft(LATER, key, item, item_hash(item))])
    return registers


def test_a_day_that_there_is_not_makes_dates_text(tmp_path: Path) -> None:
    """The 31st of February is no day, so the column says it as text."""
    registers = plots(tmp_path / "data")
    assert Features(registers, "plot").kept.days == {"start-date"}
    held(registers, '{"plot":"9","start-date":"2019-02-31"}')
    assert Features(registers, "plot").kept.days == frozenset()
    path = Dumps(registers).file("plot", "parquet").path
    assert read(path)["start-date"][3] == "2019-02-31"


@pytest.mark.parametrize("suffix", FILE_WRITERS)
def test_a_geometry_that_cannot_be_read_is_named(tmp_path: Path, suffix: str) -> None:
    """What is wrong with the text is said, even where GDAL stands between; and no
    half of a file is left."""
    registers = held(plots(tmp_path / "data"), '{"outline":"POLYGON (0)","plot":"9"}')
    with pytest.raises(InvalidInput, match="not well-known text"):
        Dumps(registers).file("plot", suffix)
    assert list((tmp_path / "data" / "dumps" / suffix / "plot").iterdir()) == []


@pytest.mark.parametrize("write", [write_geopackage, write_flatgeobuf])
def test_a_place_that_cannot_be_written_to(
    tmp_path: Path, write: Callable[[Snapshot, str, Path], None]
) -> None:
    """A folder that is not there is an error of ours, with what to do."""
    registers = plots(tmp_path / "data")
    suffix = "gpkg" if write is write_geopackage else "fgb"
    with pytest.raises(DumpNotWritten, match="take another format"):
        write(registers, "plot", tmp_path / "none" / f"plot.{suffix}")


@pytest.mark.parametrize("suffix", FILE_WRITERS)
def test_the_same_records_give_the_same_bytes(tmp_path: Path, suffix: str) -> None:
    """A dump that is made again a second later has the same checksum."""
    registers = plots(tmp_path / "data")
    dumps = Dumps(registers)
    first = dumps.file("plot", suffix)
    first.path.unlink()
    time.sleep(1.1)  # GeoPackage knows seconds, and would show them
    again = dumps.file("plot", suffix)
    assert (again.sha256, again.bytes) == (first.sha256, first.path.stat().st_size)
    digest = hashlib.sha256(again.path.read_bytes()).hexdigest()
    assert digest == again.sha256


def test_files_say_licence_source_and_state(tmp_path: Path) -> None:
    """Whose it is, on what terms, and what the log said, in each format's own way."""
    registers = plots(tmp_path / "data")
    dumps = Dumps(registers)
    wanted = {
        "title": "Plots",
        "licence": "http://example.org/licence",
        "attribution": "© Parish Drawn by hand.",
        "custodian": "Parish",
        "log-size": "3",
        "root-hash": f"sha-256:{registers.log.root('plot').hex()}",
    }
    parquet = pq.read_schema(dumps.file("plot", "parquet").path).metadata
    said = {name.decode(): text.decode() for name, text in parquet.items()}
    assert wanted.items() <= said.items()
    rest = {name: text for name, text in wanted.items() if name != "title"}
    for suffix in ("gpkg", "fgb"):
        layer = pyogrio.read_info(dumps.file("plot", suffix).path)["layer_metadata"]
        title = {"TITLE" if suffix == "fgb" else "IDENTIFIER": wanted["title"]}
        assert (rest | title).items() <= layer.items()
    assert layer["records-without-geometry"] == "1"
    assert layer["DESCRIPTION"] == (
        "Plots of land. 2 records of 3: those that have a geometry."
    )
    with closing(sqlite3.connect(dumps.file("plot", "gpkg").path)) as package:
        contents = package.execute(
            "SELECT table_name, identifier, description, srs_id FROM gpkg_contents"
        ).fetchall()
    assert contents == [("plot", "Plots", "Plots of land.", 27700)]


def test_geoparquet_has_its_metadata_and_boxes(tmp_path: Path) -> None:
    """Version 1.1 with types, system, extent and a column of boxes by which a reader
    takes a part; a field of that column's usual name keeps it."""
    path = Dumps(plots(tmp_path / "data")).file("plot", "parquet").path
    geo = json.loads(pq.read_metadata(path).metadata[b"geo"])
    assert (geo["version"], geo["primary_column"]) == ("1.1.0", "outline")
    column = geo["columns"]["outline"]
    assert column["geometry_types"] == ["MultiPolygon", "Polygon"]
    assert column["crs"]["id"] == {"authority": "EPSG", "code": 27700}
    assert column["bbox"] == [400000, 300000, 400400, 300100]
    boxes = pq.read_table(path).column("geometry-bbox").to_pylist()
    assert list(boxes[0].values()) == [400000, 300000, 400100, 300100]
    assert boxes[2] is None
    part = geopandas.read_parquet(path, bbox=(400250, 300000, 400260, 300100))
    assert list(part["plot"]) == ["2"]
    assert "bbox" in part.columns


@pytest.mark.parametrize("suffix", FILE_WRITERS)
def test_dumps_as_of_a_size(tmp_path: Path, suffix: str) -> None:
    """A dump of then has the records of then, and none is made of no records."""
    dumps = Dumps(plots(tmp_path / "data"))
    then = dumps.as_of({"plot": 1}).file("plot", suffix)
    assert then.size == 1
    assert list(read(then.path)["crops"]) == ["oats;rye"]
    none = geopandas.read_parquet if suffix == "parquet" else geopandas.read_file
    assert len(none(dumps.as_of({"plot": 0}).file("plot", suffix).path)) == 0


def test_a_register_without_geometry_has_no_such_dump(demo: Path) -> None:
    """Countries come as text only, and the error says as what."""
    dumps = Dumps(Registers.open(demo))
    assert not set(FILE_WRITERS) & set(dumps.formats("country"))
    with pytest.raises(InvalidParameter, match=r"country does not come as \.parquet"):
        dumps.file("country", "parquet")
    with pytest.raises(InvalidInput, match="country has no geometry"):
        Features(Registers.open(demo), "country")
