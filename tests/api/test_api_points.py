"""Tables of points through the door: formats, answers, limits, and broken answers."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.ipc as ipc
import pytest

from api import streaming
from api.app import create_app
from tests.api.sample import BASE, BOROUGH
from tests.testclient import TestClient
from trigpoint.register import Registers

DOOR = "/lookup/points"
ROWS = b"id,lon,lat\n1,-0.1,51.5\n2,0,51.5\n3,-0.3,51.5\n4,51.5,-0.1\n"
CSV = {"Content-Type": "text/csv"}
STREAM = "application/vnd.apache.arrow.stream"


def cells(text: str) -> list[dict[str, str]]:
    """The rows of a CSV table."""
    return list(csv.DictReader(io.StringIO(text)))


def test_csv_gives_the_same_rows_with_areas(client: TestClient) -> None:
    """Each row says which area holds it, how, and which council governs it, or why
    it is refused."""
    answer = client.post(DOOR, content=ROWS, headers=CSV)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["trigpoint-log-size"] == (
        f"boundary=2, local-authority-eng=4, {BOROUGH}=2"
    )
    one, border, outside, swapped = cells(answer.text)
    assert one == {
        "id": "1",
        "lon": "-0.1",
        "lat": "51.5",
        "district": "E09000033",
        "district-relation": "inside",
        "district-others": "",
        "councils": "local-authority-eng:WSM",
        "error": "",
    }
    assert (border["district"], border["district-others"]) == ("E09000001", "E09000033")
    assert border["district-relation"] == "border"
    assert border["councils"] == "local-authority-eng:LND"
    assert (outside["district"], outside["district-relation"]) == ("", "outside")
    assert swapped["error"].startswith("row 5: lon,lat is 51.5,-0.1, which looks like")
    assert swapped["district-relation"] == ""


@pytest.mark.parametrize(
    "query", ["", "?at=2026-01-01", "?at=2019", f"?register={BOROUGH}"]
)
def test_rows_say_what_the_look_up_of_a_point_says(
    client: TestClient, query: str
) -> None:
    """Codes, relations and councils are those of GET /lookup/point."""
    table = client.post(DOOR + query, content=ROWS, headers=CSV)
    more = query.replace("?", "&")
    for row in cells(table.text)[:3]:
        point = f"/lookup/point?lon={row['lon']}&lat={row['lat']}{more}"
        body = client.get(point).json()
        areas = [(area["code"], area["relation"]) for area in body["areas"]]
        others = [code for code in row.get("district-others", "").split(";") if code]
        shown = [row["district"], *others] if row.get("district") else []
        assert shown == [code for code, _ in areas]
        if areas:
            assert row["district-relation"] == areas[0][1]
        councils = [f"{one['register']}:{one['key']}" for one in body["councils"]]
        assert row["councils"].split(";") == (councils or [""])


@pytest.mark.parametrize(
    ("suffix", "accept", "kind"),
    [
        ("", None, "text/csv; charset=utf-8"),
        ("", "*/*", "text/csv; charset=utf-8"),
        ("", "application/geo+json", "application/geo+json"),
        (".ndjson", "text/csv", "application/x-ndjson"),
        (".geojson", None, "application/geo+json"),
        (".arrow", None, "application/vnd.apache.arrow.file"),
        (".arrows", None, STREAM),
    ],
)
def test_the_format_is_that_of_the_suffix_or_accept_or_body(
    client: TestClient, suffix: str, accept: str | None, kind: str
) -> None:
    """The answer comes in any of the formats; by default in that of the body."""
    headers = CSV | ({"Accept": accept} if accept else {"Accept": ""})
    answer = client.post(DOOR + suffix, content=ROWS, headers=headers)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == kind
    assert ("accept" in answer.headers.get("vary", "").lower()) == (not suffix)
    rows = rows_of(kind, answer.content)
    assert [row.get("district") or None for row in rows] == [
        "E09000033",
        "E09000001",
        None,
        None,
    ]
    assert [bool(row.get("error")) for row in rows] == [False, False, False, True]


def rows_of(kind: str, body: bytes) -> list[dict[str, Any]]:
    """The rows of an answer in any format."""
    if kind.startswith("text/csv"):
        return list(cells(body.decode()))
    if kind == "application/x-ndjson":
        return [json.loads(line) for line in body.splitlines()]
    if kind == "application/geo+json":
        return [one["properties"] for one in json.loads(body)["features"]]
    opened = ipc.open_stream if kind == STREAM else ipc.open_file
    found: list[dict[str, Any]] = opened(body).read_all().to_pylist()
    return found


def test_arrow_in_is_arrow_out(client: TestClient) -> None:
    """A stream of Arrow comes back with its columns and those of the answer."""
    table = pa.table({"id": [1, 2], "lon": [-0.1, 0.1], "lat": [51.5, 51.5]})
    sink = pa.BufferOutputStream()
    with ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    body = bytes(sink.getvalue())
    answer = client.post(DOOR, content=body, headers={"Content-Type": STREAM})
    found = ipc.open_stream(answer.content).read_all()
    assert found.select(["id", "lon", "lat"]).equals(table)
    assert found["district"].to_pylist() == ["E09000033", "E09000001"]
    assert found["district"].type == pa.dictionary(pa.int8(), pa.string())


def test_grids_in_and_out(client: TestClient) -> None:
    """Eastings and northings are British unless a system is named; `out-crs` gives the
    position in another one, and refuses rows beyond its reach."""
    rows = b"easting,northing\n530000,180000\n"
    url = f"{DOOR}?out-crs=EPSG:4326"
    (row,) = cells(client.post(url, content=rows, headers=CSV).text)
    assert row["district"] == "E09000033"
    assert abs(float(row["out-lon"]) - -0.12832889) < 1e-6
    irish = f"{DOOR}?crs=EPSG:29903&out-crs=OGC:CRS84"
    rows = b"easting,northing\n334000,374000\n"
    (row,) = cells(client.post(irish, content=rows, headers=CSV).text)
    assert abs(float(row["out-lat"]) - 54.6) < 0.1
    far = client.post(
        f"{DOOR}?out-crs=EPSG:27700", content=b"lon,lat\n9,9\n", headers=CSV
    )
    (row,) = cells(far.text)
    assert "beyond the reach of EPSG:27700" in row["error"]
    assert row["out-easting"] == ""


def test_layers(client: TestClient) -> None:
    """`layer` keeps the columns of those layers."""
    answer = client.post(f"{DOOR}?layer=region,district", content=ROWS, headers=CSV)
    row = cells(answer.text)[0]
    assert (row["region"], row["district"]) == ("", "E09000033")
    assert (row["region-relation"], row["district-relation"]) == ("", "inside")
    assert "country" not in row


def test_as_known_then(client: TestClient) -> None:
    """`size` answers from the log as it was: before there were boundaries, nothing."""
    answer = client.post(f"{DOOR}?size=boundary%3D0", content=ROWS, headers=CSV)
    assert answer.status_code == 200
    assert "district" not in cells(answer.text)[0]


@pytest.mark.parametrize(
    ("query", "body", "headers", "status", "slug"),
    [
        ("", b"", CSV, 422, "invalid-table"),
        ("", b"x,y\n1,2\n", CSV, 422, "invalid-table"),
        ("", b"lon,lat,error\n1,2,3\n", CSV, 422, "invalid-table"),
        ("", b"lon,lat,easting\n1,2,3\n", CSV, 422, "invalid-table"),
        ("", b"{}", {"Content-Type": "application/json"}, 415, None),
        ("", ROWS, {}, 415, None),
        ("", ROWS, CSV | {"Content-Encoding": "gzip"}, 415, None),
        ("", ROWS, {"Content-Type": "text/csv; charset=cp1252"}, 415, None),
        ("", ROWS, CSV | {"Accept": "text/html"}, 406, "not-acceptable"),
        (".ttl", ROWS, CSV, 406, "not-acceptable"),
        ("", b"ARROW1", {"Content-Type": STREAM}, 422, "invalid-table"),
        ("?at=never", ROWS, CSV, 400, "invalid-parameter"),
        ("?layer=planet", ROWS, CSV, 400, "invalid-parameter"),
        (f"?layer=ward&register={BOROUGH}", ROWS, CSV, 400, "invalid-parameter"),
        ("?register=country", ROWS, CSV, 400, "invalid-parameter"),
        ("?register=nothing", ROWS, CSV, 404, "no-such-register"),
        ("?crs=EPSG:27700", ROWS, CSV, 400, "invalid-point"),
        ("?crs=EPSG:1", ROWS, CSV, 400, "invalid-input"),
        ("?out-crs=EPSG:1", ROWS, CSV, 400, "invalid-input"),
        ("?limit=1", ROWS, CSV, 400, "invalid-parameter"),
    ],
)
def test_what_cannot_be_answered(
    client: TestClient,
    query: str,
    body: bytes,
    headers: dict[str, str],
    status: int,
    slug: str | None,
) -> None:
    """Bodies, formats and parameters that cannot be used are problems, and no bytes of
    an answer come with them."""
    answer = client.post(DOOR + query, content=body, headers=headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == f"/problems/{slug or 'unsupported-media-type'}"


def test_a_body_that_is_too_large(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A length that is known is refused at once, another when it is passed."""
    monkeypatch.setattr(streaming, "MAX_TABLE", 50)

    def chunks() -> Iterator[bytes]:
        yield ROWS[:30]
        yield ROWS[30:]

    for content in (ROWS, chunks()):
        answer = client.post(DOOR, content=content, headers=CSV)
        assert answer.status_code == 413
        assert answer.json()["limit"] == 50


def test_as_many_tables_as_there_is_room_for(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A table beyond those in work is sent away; each that is done, well or not, gives
    its place and its file back."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for body in (ROWS, b"", *[ROWS] * streaming.MAX_TABLES):
        client.post(DOOR, content=body, headers=CSV)
    assert list(tmp_path.iterdir()) == []
    door = client.app.state.tables  # type: ignore[attr-defined]  # ours, of FastAPI
    monkeypatch.setattr(door, "_places", 0)
    answer = client.post(DOOR, content=ROWS, headers=CSV)
    assert answer.status_code == 503
    assert answer.json()["type"] == "/problems/too-busy"
    monkeypatch.setattr(door, "_places", 1)
    assert client.post(DOOR, content=ROWS, headers=CSV).status_code == 200
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "is-not-there"))
    assert client.post(DOOR, content=ROWS, headers=CSV).status_code == 500
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert client.post(DOOR, content=ROWS, headers=CSV).status_code == 200


def test_a_long_answer_is_streamed(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that is not held back whole comes in parts, and is the same."""
    whole = client.post(DOOR, content=ROWS, headers=CSV)
    monkeypatch.setattr(streaming, "HELD", 1)
    monkeypatch.setattr(streaming, "_SENT", 10)
    parts = client.post(DOOR, content=ROWS, headers=CSV)
    assert parts.content == whole.content
    assert "content-length" in whole.headers
    assert "content-length" not in parts.headers


def test_an_answer_that_breaks_off_is_no_success(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the rest of a table cannot be read after the answer has begun, the last row
    has the error, and the end of the body is never sent."""
    monkeypatch.setattr(streaming, "HELD", 1)
    feature = '{"type":"Feature","geometry":{"type":"Point","coordinates":[0,51.5]}}'
    features = ",".join([feature] * 10_001)
    body = f'{{"type":"FeatureCollection","features":[{features},'.encode()
    sent = asyncio.run(posted(data, body, b"application/geo+json"))
    assert sent[0]["status"] == 200
    assert all(message["more_body"] for message in sent[1:])
    text = b"".join(message["body"] for message in sent[1:]).decode()
    with pytest.raises(ValueError, match="Expecting"):
        json.loads(text)
    assert "the answer breaks off here: the body is not GeoJSON" in text
    assert text.count('"E09000001"') == 10_000


async def posted(data: Path, body: bytes, kind: bytes) -> list[dict[str, Any]]:
    """The messages that the application sends for a table."""
    app = create_app(Registers.open(data), workers=1)
    sent: list[dict[str, Any]] = []
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        if waiting:
            return waiting.pop()
        await asyncio.sleep(60)
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "method": "POST",
        "path": DOOR,
        "raw_path": DOOR.encode(),
        "query_string": b"",
        "headers": [(b"content-type", kind), (b"host", b"localhost:8000")],
    }
    async with app.router.lifespan_context(app):
        await app(scope, receive, send)
    return sent


def test_the_place_of_the_installation_is_no_part_of_an_answer(
    client: TestClient,
) -> None:
    """Councils are named by register and key, which hold wherever it is served."""
    answer = client.post(DOOR, content=ROWS, headers=CSV)
    assert BASE not in answer.text


def test_other_methods_are_not_allowed(client: TestClient) -> None:
    """There is nothing to read at the door: GET is refused and told of POST."""
    answer = client.get(DOOR)
    assert answer.status_code == 405
    assert "POST" in answer.headers["allow"]
