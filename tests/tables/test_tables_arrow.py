"""Tables of positions as Arrow, and what holds for every format."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.ipc as ipc
import pytest

from tests.tables.reading import Read, arrow_of, positions, problems, written
from trigpoint.errors import InvalidTable
from trigpoint.located import Answers, Located
from trigpoint.tables.batch import dumps
from trigpoint.tables.formats import (
    ARROW_FILE,
    ARROW_STREAM,
    CSV,
    GEOJSON,
    LINES,
    TableFormat,
)

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
