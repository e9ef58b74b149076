"""Tables of positions as CSV, lines of JSON and GeoJSON: what is carried, or not."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest

from tests.tables.reading import Read, arrow_of, positions, problems, written
from trigpoint.errors import InvalidTable, TableTooLong
from trigpoint.tables import batch, csv, geojson, lines
from trigpoint.tables.formats import (
    ARROW_FILE,
    ARROW_STREAM,
    CSV,
    FORMATS,
    GEOJSON,
    LINES,
)


def test_csv_carries_cells_as_they_are(read: Read) -> None:
    """Quotes, line ends, spaces, zeros and letters of other scripts come out again."""
    body = 'id,lon,lat,note\n007,-0.10,51.50,"a, ""b""\nc"\n=1,0,51.5, é \n'.encode()
    batches = read(CSV, body)
    assert positions(batches) == [(-0.1, 51.5), (0.0, 51.5)]
    assert written(CSV, batches) == body.replace(
        b"note\n", b"note,councils,error\n", 1
    ).replace(b'c"\n', b'c",,\n').replace(" é \n".encode(), " é ,,\n".encode())


def test_csv_rows_that_are_wrong_stay_in_their_places(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ragged rows and cells that are no numbers are named by their rows, however the
    blocks that are read fall."""
    rows = ["1,0,51", "2,abc,51", "3,1", "4,1,1,1", "5,,51", "6,1_0,51", "7,0,51", "8"]
    body = ("id,lon,lat\r\n" + "\r\n".join(rows) + "\r\n\r\n").encode()
    whole = read(CSV, body)
    wrong = problems(whole)
    assert list(wrong) == [3, 4, 5, 6, 7, 9]
    assert "“abc”: expected a number" in wrong[3]
    assert "the number of cells is 2, not 3" in wrong[4]
    assert "lon is missing" in wrong[6]
    monkeypatch.setattr(csv, "MAX_ROW", 16)
    parts = read(CSV, body)
    assert len(parts) > 2
    assert problems(parts) == wrong
    assert positions(parts) == positions(whole)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        (b"lon,lat,lon\n1,2,3\n", "“lon” is there twice"),
        (b"x,y\n1,2\n", "has: x, y"),
        (b"lon,y\n1,2\n", "expected columns lon and lat"),
        (b"lon,lat,easting\n1,2,3\n", "both kinds"),
        (b"lon,lat,easting,northing\n1,2,3,4\n", "both kinds"),
        ("lon,lat\n1,2\n".encode("utf-16"), "NUL"),
        (b'lon,lat\n1,2\n1,"2\n3,4\n', "never closed"),
        (b"lon,lat,note\n1,2,\xe9\n", "UTF-8"),
        (b"lon,lat," + b"x" * 200_000, "more than 100000 bytes"),
        (b'lon,lat\n1,"' + b"x" * 9_000_000 + b'"\n', "more than 4000000 bytes"),
        (b"lon,lat\n" + b"1\n" * 10_002, "more than 10000 rows have other cells"),
    ],
)
def test_csv_that_cannot_be_read(read: Read, body: bytes, why: str) -> None:
    """A table that is no CSV, or has no position, is refused, saying why."""
    with pytest.raises(InvalidTable, match=why):
        read(CSV, body)


def test_csv_with_a_byte_order_mark_and_nothing_else(read: Read) -> None:
    """A mark before the header is no part of a name; a header alone is a table."""
    batches = read(CSV, b"\xef\xbb\xbflon,lat")
    assert [len(one) for one in batches] == [0]
    assert written(CSV, batches) == b"lon,lat,councils,error\n"


def test_csv_after_empty_lines(read: Read) -> None:
    """Empty lines before the header and between rows do not count."""
    (one,) = read(CSV, b"\xef\xbb\xbf\r\n\nid,lon,lat\n\n1,0,51\n\n2,x,51\n")
    assert one.table.column("id").to_pylist() == ["1", "2"]  # type: ignore[attr-defined]  # a batch of columns
    assert list(problems([one])) == [3]


def test_a_table_has_a_last_row(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    """More rows than are answered are refused, in every format."""
    monkeypatch.setattr(batch, "MAX_ROWS", 2)
    row = b'{"lon":0,"lat":51}'
    feature = b'{"type":"Feature","geometry":{"type":"Point","coordinates":[0,51]}}'
    table = pa.table({"lon": [0.0] * 3, "lat": [51.0] * 3})
    bodies = {
        CSV: b"lon,lat\n" + b"0,51\n" * 3,
        LINES: (row + b"\n") * 3,
        GEOJSON: b'{"type":"FeatureCollection","features":['
        + b",".join([feature] * 3)
        + b"]}",
        ARROW_STREAM: arrow_of(table),
        ARROW_FILE: arrow_of(table, ARROW_FILE),
    }
    assert list(bodies) == list(FORMATS)
    for form, body in bodies.items():
        with pytest.raises(TableTooLong):
            read(form, body)


def test_lines_come_out_as_the_text_that_went_in(read: Read) -> None:
    """Numbers of any length and members of any kind are carried to the letter."""
    line = '{"lon":0.10, "lat":51, "n":123456789012345678901234567890, "z":1e999}'
    body = f"\n{line}\r\n\n".encode()
    assert written(LINES, read(LINES, body)) == f"{line}\n".encode()


def test_lines_that_are_wrong_stay_in_their_places(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines that are no JSON objects, and members that are no numbers, are named."""
    rows = [
        b'{"lon":0,"lat":51}',
        b'{"lon":"0","lat":51}',
        b'{"lon":0}',
        b'{"lon":true,"lat":51}',
        b'{"lon":NaN,"lat":51}',
        b'{"lon":0,"lon":1,"lat":51}',
        b"[0,51]",
        b'{"lon":0,',
        b'{"lon":0,"lat":51,"note":"\xe9"}',
        b'{"lon":0,"lat":51,"note":"\\ud800"}',
        b"[" * 100_000,
        b'{"lon":' + b"9" * 5_000 + b',"lat":51}',
        b'{"lon":0,"lat":51}',
    ]
    wrong = problems(read(LINES, b"\n".join(rows)))
    assert list(wrong) == list(range(2, 13))
    for number, why in (
        (2, "expected a JSON number"),
        (3, "lat is missing"),
        (5, "NaN is no JSON number"),
        (6, "names a member twice"),
        (7, "expected a JSON object"),
        (9, "not UTF-8"),
        (10, "surrogate"),
    ):
        assert why in wrong[number]
    assert max(map(len, wrong.values())) < 300
    monkeypatch.setattr(lines, "_BLOCK", 7)
    assert problems(read(LINES, b"\n".join(rows))) == wrong


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "none is there"),
        (b"[]\n[]\n", "none is there"),
        (b'{"x":1}\n', "has: x"),
        (b'{"lon":0,"lat":51}\n' + b"x" * 6_000_000, "more than 4000000 bytes"),
    ],
)
def test_lines_that_cannot_be_read(read: Read, body: bytes, why: str) -> None:
    """Lines without any position, or without end, are refused."""
    with pytest.raises(InvalidTable, match=why):
        read(LINES, body)


def test_lines_as_columns_have_those_of_the_first(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Members become columns of text; one that comes late is refused."""
    first = b'{"lon":0,"lat":51,"a":[1,"b"],"t":true}\n{"lon":0,"lat":51,"s":"x"}\n'
    assert written(CSV, read(LINES, first)) == (
        b'lon,lat,a,t,s,councils,error\n0.0,51.0,"[1,""b""]",true,,,\n0.0,51.0,,,x,,\n'
    )
    monkeypatch.setattr(lines, "_BLOCK", 20)
    with pytest.raises(InvalidTable, match="row 2 has “s”"):
        written(CSV, read(LINES, first))


FEATURE = {
    "type": "Feature",
    "id": 7,
    "geometry": {"type": "Point", "coordinates": [-0.1, 51.5, 12]},
    "properties": {"name": "é", "deep": {"a": [1]}},
    "bbox": [0, 1, 2, 3],
}


def collection(*features: object, **members: object) -> bytes:
    """A FeatureCollection; its features come first."""
    body = {"features": list(features), "type": "FeatureCollection", **members}
    return json.dumps(body).encode()


def test_features_come_out_as_they_went_in(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ids, heights, boxes and properties are carried, however the text is cut."""
    monkeypatch.setattr(geojson, "_BLOCK", 5)
    monkeypatch.setattr(geojson, "_IN_BATCH", 2)
    batches = read(GEOJSON, collection(FEATURE, FEATURE, FEATURE, name="n", bbox=[1.5]))
    assert [len(one) for one in batches] == [2, 1]
    assert positions(batches) == [(-0.1, 51.5)] * 3
    again = json.loads(written(GEOJSON, batches))
    assert again == {"type": "FeatureCollection", "features": [FEATURE] * 3}
    row = written(CSV, read(GEOJSON, collection(FEATURE))).decode()
    assert row.splitlines()[1] == '7,-0.1,51.5,é,"{""a"":[1]}",,'


def test_features_a_line(read: Read) -> None:
    """Newline-delimited features, with or without record separators, stay features."""
    body = b"\x1e" + json.dumps(FEATURE).encode() + b"\n"
    found = written(LINES, read(LINES, body))
    assert json.loads(found) == FEATURE


def test_features_that_are_wrong_stay_in_their_places(read: Read) -> None:
    """What is no Feature, no Point or no pair of numbers is named by its place."""
    wrong = [
        4,
        {"type": "Point", "coordinates": [0, 51]},
        {**FEATURE, "geometry": None},
        {**FEATURE, "geometry": {"type": "LineString", "coordinates": []}},
        {**FEATURE, "geometry": {"type": "Point", "coordinates": []}},
        {**FEATURE, "geometry": {"type": "Point", "coordinates": ["0", 51]}},
        {**FEATURE, "properties": [1]},
    ]
    batches = read(GEOJSON, collection(*wrong, FEATURE))
    assert list(problems(batches)) == [1, 2, 3, 4, 5, 6, 7]
    assert len(json.loads(written(GEOJSON, batches))["features"]) == 8


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "not the end"),
        (b"[]", "not “\\[”"),
        (b"{}", "expected a FeatureCollection"),
        (json.dumps(FEATURE).encode(), "expected a FeatureCollection"),
        (collection(FEATURE)[:-30], "not GeoJSON"),
        (collection(FEATURE) + b"x", "stands after"),
        (collection(type="Features"), "expected a FeatureCollection"),
        (b'{"features":[],"features":[]}', "twice"),
        (b'{"features":[{"a":1,"a":2}]}', "twice"),
        (b'{"features":["\\ud800"]}', "surrogate"),
        (b'{"features":[1 2]}', "was expected"),
        (b'{"features":[' + b"[" * 100_000, "not GeoJSON"),
        (b'{"features":["\xff"]}', "UTF-8"),
        (
            collection(crs={"type": "name", "properties": {"name": "EPSG:27700"}}),
            "longitude and latitude",
        ),
    ],
)
def test_collections_that_cannot_be_read(read: Read, body: bytes, why: str) -> None:
    """What is no FeatureCollection in longitude and latitude is refused."""
    with pytest.raises(InvalidTable, match=why):
        read(GEOJSON, body)


def test_a_collection_may_name_the_system_of_geojson(read: Read) -> None:
    """The member crs that GDAL writes for longitude and latitude is passed over."""
    name = {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}
    assert len(read(GEOJSON, collection(FEATURE, crs=name))[0]) == 1
