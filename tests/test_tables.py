"""Tables of positions in each format: what is carried, what is refused, and how."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.ipc as ipc
import pytest

from trigpoint.errors import InvalidTable, TableTooLong
from trigpoint.located import Answers, Located
from trigpoint.tables import batch, csv, geojson, lines
from trigpoint.tables.batch import Batch, dumps
from trigpoint.tables.formats import (
    ARROW_FILE,
    ARROW_STREAM,
    CSV,
    FORMATS,
    GEOJSON,
    LINES,
    TableFormat,
)

Read = Callable[[TableFormat, bytes], list[Batch]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """All batches of a table of some format."""

    def read(form: TableFormat, body: bytes) -> list[Batch]:
        path = tmp_path / "table"
        path.write_bytes(body)
        return list(form.open(path).batches())

    return read


def problems(batches: list[Batch]) -> dict[int, str]:
    """What is wrong with rows, by their numbers."""
    return {
        one.number + row: wrong
        for one in batches
        for row, wrong in sorted(one.problems.items())
    }


def positions(batches: list[Batch]) -> list[tuple[float, float] | None]:
    """The pair of each row; None where there is none."""
    return [
        None if math.isnan(first) or math.isnan(second) else (first, second)
        for one in batches
        for first, second in zip(one.firsts.tolist(), one.seconds.tolist(), strict=True)
    ]


def written(form: TableFormat, batches: list[Batch]) -> bytes:
    """The table again in some format, with answers that say nothing."""
    writer, answers = form.writer(), Answers({})
    parts = []
    for one in batches:
        lon_lat = (one.firsts, one.seconds)
        rows = np.zeros(len(one), np.int64)
        parts.append(writer.write(one, Located(answers, *lon_lat, rows, {})))
    return b"".join([*parts, writer.end()])


def arrow_of(table: pa.Table, form: TableFormat = ARROW_STREAM, **how: object) -> bytes:
    """A table as Arrow IPC."""
    sink = pa.BufferOutputStream()
    start = ipc.new_stream if form is ARROW_STREAM else ipc.new_file
    with start(sink, table.schema, **how) as writer:
        writer.write_table(table, max_chunksize=2)
    return bytes(sink.getvalue())


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


TABLE = pa.table(
    {
        "lon": pa.array([0.0, None, 2.0]),
        "kind": pa.array(["a", "b", "a"]).dictionary_encode(),
        "parts": pa.array([[1], [], None]),
        "lat": pa.array([51, 52, 53], pa.int32()),
    }
)


@pytest.mark.parametrize("form", [ARROW_STREAM, ARROW_FILE])
def test_arrow_carries_columns_of_any_type(read: Read, form: TableFormat) -> None:
    """Lists and dictionaries come out as they went in, in a stream and in a file."""
    batches = read(form, arrow_of(TABLE, form))
    assert positions(batches) == [(0.0, 51.0), None, (2.0, 53.0)]
    assert problems(batches) == {2: "lon is missing"}
    body = written(form, batches)
    opened = ipc.open_stream if form is ARROW_STREAM else ipc.open_file
    assert opened(body).read_all().select(TABLE.column_names).equals(TABLE)


def test_arrow_as_text_has_flat_columns_only(read: Read) -> None:
    """Nested columns are refused for text; dates, decimals and truths are written."""
    with pytest.raises(InvalidTable, match="“parts” is of type list"):
        written(CSV, read(ARROW_STREAM, arrow_of(TABLE)))
    flat = pa.table(
        {
            "lon": [0.5],
            "lat": [51.5],
            "day": pa.array([17000], pa.date32()),
            "cost": pa.array([1.25]).cast(pa.decimal128(5, 2)),
            "good": [True],
            "none": pa.nulls(1),
        }
    )
    batches = read(ARROW_STREAM, arrow_of(flat))
    assert written(CSV, batches).splitlines()[1] == (
        b"0.5,51.5,2016-07-18,1.25,true,,,"
    )


def test_few_bytes_of_arrow_do_not_become_many(read: Read) -> None:
    """Compressed buffers are refused, and so is a text for more rows than fit."""
    table = pa.table({"lon": [0.0] * 2000, "lat": [51.0] * 2000})
    for kind in ("lz4", "zstd"):
        options = ipc.IpcWriteOptions(compression=kind)
        with pytest.raises(InvalidTable, match="compressed"):
            read(ARROW_STREAM, arrow_of(table, options=options))
    coded = pa.DictionaryArray.from_arrays(
        pa.array([0] * 2000, pa.int8()), pa.array(["x" * 25_000])
    )
    bomb = table.append_column("note", coded)
    sink = pa.BufferOutputStream()
    with ipc.new_stream(sink, bomb.schema) as writer:
        writer.write_table(bomb)
    batches = read(ARROW_STREAM, bytes(sink.getvalue()))
    with pytest.raises(InvalidTable, match="dictionary columns take more than"):
        written(CSV, batches)
    assert [len(part) for part in batches[0].parts()] == [639, 639, 639, 83]


@pytest.mark.parametrize(
    ("form", "body"),
    [
        (CSV, b"lon,lat,%b\n" % (b"n" * 22_500) + b"0,51,\n" * 750 + b"0\n0,51,\n"),
        (
            LINES,
            b'{"lon":0,"lat":51,"%b":1}\n' % (b"n" * 22_500)
            + b'{"lon":0,"lat":51}\n' * 749
            + b'0\n{"lon":0,"lat":51}\n',
        ),
    ],
    ids=["a name in the header", "a name in the first line"],
)
def test_rows_are_written_few_at_once_where_names_are_long(
    read: Read, form: TableFormat, body: bytes
) -> None:
    """The rows of a batch come in parts, with their numbers and problems, in which
    the names that a format repeats take a bounded memory."""
    batch = read(form, body)[0]
    parts = list(batch.parts())
    assert [len(part) for part in parts] == [710, 42]
    assert [part.number for part in parts] == [batch.number, batch.number + 710]
    assert list(parts[1].problems) == [40]
    assert parts[1].columns().num_rows == 42
    assert len(parts[1].objects([""] * 42)) == 42


def test_columns_have_names_of_some_length(read: Read) -> None:
    """Names that are repeated in every row are not of any length."""
    table = pa.table({"lon": [0.0], "lat": [51.0], "n" * 100_000: [1]})
    with pytest.raises(InvalidTable, match="more than 100000 characters"):
        read(ARROW_STREAM, arrow_of(table))


@pytest.mark.parametrize(
    ("column", "why"),
    [
        (
            pa.DictionaryArray.from_arrays(pa.array([0], pa.int8()), [b"x"]),
            "of type binary",
        ),
        (pa.array([0], pa.timestamp("s", "No/Where")), "cannot be written as text"),
    ],
    ids=["a dictionary of bytes", "a moment in a time zone that is none"],
)
def test_arrow_that_is_no_text(read: Read, column: pa.Array, why: str) -> None:
    """What cannot be said as text is refused by the name of its column."""
    table = pa.table({"lon": [0.0], "lat": [51.0], "odd": column})
    with pytest.raises(InvalidTable, match=f"“odd”.*{why}"):
        written(CSV, read(ARROW_STREAM, arrow_of(table)))


def test_a_value_that_is_too_deep_to_be_written() -> None:
    """What is read in one place may be too deep for another: it is refused as such."""
    deep: list[object] = []
    for _ in range(2_000):
        deep = [deep]
    with pytest.raises(InvalidTable, match="nested too deeply"):
        dumps(deep)


def test_arrow_cut_anywhere_is_refused_or_shorter(read: Read) -> None:
    """A stream that breaks off within a message is refused; nothing else happens."""
    whole = arrow_of(TABLE)
    rows = set()
    for end in range(0, len(whole), 5):
        try:
            rows.add(sum(map(len, read(ARROW_STREAM, whole[:end]))))
        except InvalidTable:
            continue
    assert rows <= {0, 2, 3}
    file = arrow_of(TABLE, ARROW_FILE)
    for end in range(6, len(file), 7):
        with pytest.raises(InvalidTable):
            read(ARROW_FILE, file[:end])


def test_arrow_with_any_byte_changed_harms_nothing(read: Read) -> None:
    """Wrong lengths and offsets are refused before anything follows them."""
    table = pa.table({"lon": [0.0, 1.0], "lat": [51.0, 52.0], "note": ["ab", "cdé"]})
    whole = arrow_of(table)
    refused = 0
    for place in range(len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 0xFF
        try:
            written(CSV, read(ARROW_STREAM, bytes(changed)))
        except InvalidTable:
            refused += 1
    assert refused > 50


@pytest.mark.parametrize(
    ("table", "why"),
    [
        (pa.table({"lon": [[1.0]], "lat": [1.0]}), "lon is of type list"),
        (pa.table({"lon": [True], "lat": [1.0]}), "lon is of type bool"),
        (pa.table({"x": [1.0]}), "has: x"),
        (
            pa.Table.from_arrays([pa.array([1.0])] * 3, names=["lon", "lat", "lat"]),
            "there twice",
        ),
    ],
)
def test_arrow_without_a_position(read: Read, table: pa.Table, why: str) -> None:
    """Columns that cannot be a position are refused by name and type."""
    with pytest.raises(InvalidTable, match=why):
        read(ARROW_STREAM, arrow_of(table))


@pytest.mark.parametrize("form", [CSV, LINES, GEOJSON, ARROW_STREAM])
def test_an_answer_that_breaks_off_says_so(read: Read, form: TableFormat) -> None:
    """The last row of a broken answer has the error, and what the format ends with is
    missing."""
    (one,) = read(CSV, b"id,lon,lat\n1,0,51\n")
    writer = form.writer()
    rows = np.zeros(len(one), np.int64)
    found = Located(Answers({}), one.firsts, one.seconds, rows, {})
    body = writer.write(one, found) + writer.broken("it, “ends” here")
    if form is ARROW_STREAM:
        last = ipc.open_stream(body).read_all().to_pylist()[-1]
        assert last["error"] == "it, “ends” here"
    else:
        assert "it, “ends” here" in body.decode().splitlines()[-1]
    if form is GEOJSON:
        with pytest.raises(ValueError, match="Expecting"):
            json.loads(body)


def test_objects_of_columns_have_numbers_for_positions(read: Read) -> None:
    """A table in columns becomes features whose properties are its cells."""
    (one,) = read(CSV, b"id,lon,lat\n1,0.5,51\n2,x,51\n")
    found = json.loads(written(GEOJSON, [one]))["features"]
    assert found[0]["geometry"] == {"type": "Point", "coordinates": [0.5, 51.0]}
    assert found[0]["properties"] == {"id": "1", "lon": 0.5, "lat": 51.0}
    assert found[1]["geometry"] is None
