"""Outlines: digits kept, codes linked, broken ones refused or repaired and said so."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest
import shapely

from loaders.boundaries import BOUNDARY, SOURCE
from loaders.columns import AREA_REGISTERS
from tests.loaders.conftest import Load
from tests.loaders.reading import one, read_rows, reasons, records_of, staged
from trigpoint.errors import BadRelease, InvalidParameter

SQUARE = "[[[-1.10,52.00],[-1.00,52.0],[-1,52.10],[-1.10,52.00]]]"
BOW_TIE = "[[[-1,52],[-1.1,52.1],[-1,52.1],[-1.1,52],[-1,52]]]"


def outline(
    coordinates: str, code: str = "E06000001", kind: str = "Polygon", **properties: Any
) -> str:
    names = json.dumps({"code": code, "name": "Here"} | properties)
    geometry = f'{{"type": "{kind}", "coordinates": {coordinates}}}'
    return f'{{"type":"Feature","properties":{names},"geometry":{geometry}}}\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "outlines.geojsonl"


@pytest.mark.parametrize(
    ("name", "vintage", "count"),
    [("lad_2025", "2025", 361), ("lad_2020", "2020", 379), ("ward_2025", "2025", 8405)],
)
def test_the_real_sets_are_read_whole(
    real_data: Path, name: str, vintage: str, count: int
) -> None:
    """Both layouts of properties, and as many outlines as the set has."""
    path = real_data / "boundaries" / f"{name}.geojsonl.gz"
    read = read_rows(SOURCE, [path], f"--vintage {vintage}")[BOUNDARY]
    assert len(staged(read)) == read[BOUNDARY].n_unique() == count
    assert set(read["area"].str.split(":").list.first()) <= set(AREA_REGISTERS.values())
    assert set(read["crs"]) == {"http://www.opengis.net/def/crs/OGC/1.3/CRS84"}


def test_coordinates_keep_the_digits_of_the_file(real_data: Path) -> None:
    """Every number of every outline stands in the WKT as in the GeoJSON."""
    path = real_data / "boundaries" / "lad_2025.geojsonl.gz"
    read = read_rows(SOURCE, [path], "--vintage 2025")[BOUNDARY]
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line, wkt in zip(lines, read["geometry"], strict=True):
            numbers = line[line.index('"coordinates"') :]
            assert re.findall(r"-?\d+\.?\d*", wkt) == re.findall(
                r"-?\d+\.?\d*", numbers
            )


def test_a_polygon_becomes_wkt(file: Path) -> None:
    """Longitude first, trailing zeros kept, key from code, vintage and resolution."""
    file.write_text(outline(SQUARE), encoding="utf-8")
    arguments = "--vintage 2025 --resolution 20m --start-date 2025-04-01"
    read = read_rows(SOURCE, [file], arguments)[BOUNDARY]
    assert one(read, boundary="E06000001-2025-20m") == {
        "_row": 1,
        "boundary": "E06000001-2025-20m",
        "area": "statistical-geography-unitary-authority-eng:E06000001",
        "name": "Here",
        "vintage": "2025",
        "resolution": "20m",
        "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
        "geometry": "POLYGON ((-1.10 52.00,-1.00 52.0,-1 52.10,-1.10 52.00))",
        "start-date": "2025-04-01",
    }


def test_heights_are_dropped_and_spaces_do_not_matter(file: Path) -> None:
    """A third coordinate goes; white space inside the coordinates is no matter."""
    raised = SQUARE.replace("]", " , 12.5 ]", 1).replace(",[", ", [")
    file.write_text(outline(raised), encoding="utf-8")
    wkt = read_rows(SOURCE, [file], "--vintage 2025")[BOUNDARY]["geometry"].item()
    assert wkt == "POLYGON ((-1.10 52.00,-1.00 52.0,-1 52.10,-1.10 52.00))"


def test_a_grid_is_named_in_the_text(file: Path) -> None:
    """An outline drawn on the National Grid says so before its WKT."""
    file.write_text(outline("[[[0,0],[9,0],[9,9],[0,0]]]"), encoding="utf-8")
    read = read_rows(SOURCE, [file], "--vintage 2025 --crs EPSG:27700")[BOUNDARY]
    iri = "http://www.opengis.net/def/crs/EPSG/0/27700"
    assert read["geometry"].item() == f"<{iri}> POLYGON ((0 0,9 0,9 9,0 0))"
    assert read["crs"].item() == iri


def test_latitude_first_is_refused(file: Path) -> None:
    """GeoJSON has longitude first, so EPSG:4326 cannot be meant."""
    file.write_text(outline(SQUARE), encoding="utf-8")
    with pytest.raises(InvalidParameter, match="--crs OGC:CRS84"):
        read_rows(SOURCE, [file], "--vintage 2025 --crs EPSG:4326")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (outline("[]"), "the geometry is empty"),
        (outline("[[[]]]", kind="MultiPolygon"), "the geometry is empty"),
        (outline(SQUARE, kind="LineString"), "the geometry is a LineString"),
        (outline(SQUARE, code=""), "the feature has no code"),
        (outline(SQUARE, code="E61000001"), "no register holds areas with a code such"),
        (
            '{"type":"Feature","properties":{"code":"E06000001","name":"x"},'
            '"geometry":null}\n',
            "the feature has no geometry",
        ),
    ],
    ids=["empty", "empty-parts", "line", "no-code", "unknown-kind-of-area", "null"],
)
def test_an_outline_that_is_none_is_refused(line: str, reason: str, file: Path) -> None:
    """Without an area or a code that a register holds, the row says why."""
    file.write_text(line, encoding="utf-8")
    read = read_rows(SOURCE, [file], "--vintage 2025")[BOUNDARY]
    (said,) = reasons(read, "_problem")
    assert said.startswith(reason)


DECOY = {"type": "Polygon", "coordinates": [[[7, 8], [8, 8], [8, 9], [7, 8]]]}


@pytest.mark.parametrize("first", ["properties", "geometry"])
@pytest.mark.parametrize(
    "decoy",
    [
        {"coordinates": DECOY["coordinates"]},
        {"geometry": DECOY},
        {"deep": {"geometry": DECOY}},
        {"note": json.dumps({"geometry": DECOY})},
        {"note": '"},"geometry":{"coordinates":[[[7,8]]]},"x":{"'},
    ],
    ids=["coordinates", "geometry", "deep", "text", "text-that-breaks-out"],
)
def test_only_the_geometry_of_the_feature_is_its_outline(
    first: str, decoy: dict[str, Any], file: Path
) -> None:
    """Properties may be called as they like, and stand before or after the geometry."""
    names = json.dumps(decoy | {"code": "E06000001", "name": "Here"})
    geometry = f'{{ "\\u0063oordinates" :{SQUARE}, "bbox":[1,2], "type":"Polygon"}}'
    parts = [f'"properties" : {names}', f'"geo\\u006detry":{geometry}']
    if first == "geometry":
        parts.reverse()
    foreign = json.dumps({"coordinates": [[[5, 6]]]})
    file.write_text(
        f'{{"id": 1, "x": {foreign}, {", ".join(parts)}, "type":"Feature"}}\n',
        encoding="utf-8",
    )
    read = read_rows(SOURCE, [file], "--vintage 2025")[BOUNDARY]
    assert reasons(read, "_problem") == {}
    assert one(read, name="Here")["geometry"] == (
        "POLYGON ((-1.10 52.00,-1.00 52.0,-1 52.10,-1.10 52.00))"
    )


@pytest.mark.parametrize("name", ["geometry", "coordinates", "code"])
def test_a_member_that_stands_twice_is_refused(name: str, file: Path) -> None:
    """Nobody can say which of the two was meant."""
    twice = outline(SQUARE).replace(f'"{name}":', f'"{name}":[],"{name}":', 1)
    file.write_text(twice, encoding="utf-8")
    with pytest.raises(BadRelease, match=f"the name “{name}” stands twice"):
        read_rows(SOURCE, [file], "--vintage 2025")


def test_properties_can_be_named(file: Path) -> None:
    """Properties of other names are taken as told, ONS's are found."""
    line = outline(SQUARE).replace('"code"', '"gss"').replace('"name"', '"called"')
    file.write_text(line, encoding="utf-8")
    named = "--vintage 2025 --code-property gss --name-property called"
    assert read_rows(SOURCE, [file], named)[BOUNDARY]["name"].item() == "Here"
    with pytest.raises(BadRelease, match="the features have the properties gss, call"):
        read_rows(SOURCE, [file], "--vintage 2025")
    ons = outline(SQUARE).replace('"code"', '"LAD23CD"').replace('"name"', '"LAD23NM"')
    file.write_text(ons, encoding="utf-8")
    assert (
        read_rows(SOURCE, [file], "--vintage 2023")[BOUNDARY]["name"].item() == "Here"
    )


def test_repair_says_what_it_did(real_data: Path) -> None:
    """48 districts of 2025 cross themselves; repaired ones are valid and say so, and
    the others keep their bytes."""
    path = real_data / "boundaries" / "lad_2025.geojsonl.gz"
    before = read_rows(SOURCE, [path], "--vintage 2025")[BOUNDARY]
    after = read_rows(SOURCE, [path], "--vintage 2025 --repair")[BOUNDARY]
    mended = after["generalisation"].is_not_null()
    assert mended.sum() == 48
    assert after["generalisation"].drop_nulls().str.starts_with("repaired: ").all()
    assert (before["geometry"] == after["geometry"]).to_list() == (~mended).to_list()
    assert shapely.is_valid(shapely.from_wkt(after["geometry"].to_numpy())).all()


def test_a_crossing_outline_is_refused_or_repaired(
    load: Load, data: Path, file: Path
) -> None:
    """Without --repair nothing is written and the reason said; with it the record
    says what was done."""
    file.write_text(outline(BOW_TIE), encoding="utf-8")
    command = ("boundaries", file, "--vintage", "2025", "--data", data)
    code, out, _ = load(*command)
    assert code == 1
    assert "Self-intersection at -1.05 52.05" in out
    assert "E06000001-2025-full" not in records_of(data, BOUNDARY)
    code, out, _ = load(*command, "--repair")
    assert code == 0
    assert "boundary: 1 rows — outlines repaired" in out
    record = records_of(data, BOUNDARY)["E06000001-2025-full"]
    assert str(record["generalisation"]).startswith("repaired: Self-intersection")


@pytest.mark.parametrize(
    ("coordinates", "said"),
    [
        ("[[[52,-1],[52.1,-1],[52.1,-1.1],[52,-1]]]", "looks like lat,lon"),
        ("[[[5e5,2e5],[5.1e5,2e5],[5.1e5,2.1e5],[5e5,2e5]]]", "easting,northing"),
    ],
    ids=["swapped", "metres"],
)
def test_coordinates_of_another_system_are_refused(
    coordinates: str, said: str, load: Load, data: Path, file: Path
) -> None:
    """The gate says what swapped degrees and metres look like."""
    file.write_text(outline(coordinates), encoding="utf-8")
    code, out, _ = load("boundaries", file, "--vintage", "2025", "--data", data)
    assert code == 1
    assert said in " ".join(out.split())


def test_an_outline_of_an_area_that_had_ended_is_refused(
    load: Load, data: Path, file: Path
) -> None:
    """Allerdale ended with March 2023: it has an outline of 2020, and none of 2025."""
    file.write_text(outline(SQUARE, code="E07000026"), encoding="utf-8")
    common = ("boundaries", file, "--data", data, "--vintage")
    code, out, _ = load(*common, "2025", "--start-date", "2025-04-01")
    assert code == 1
    assert "ended on 2023-03-31" in " ".join(out.split())
    assert load(*common, "2020", "--end-date", "2021-03-31")[0] == 0
