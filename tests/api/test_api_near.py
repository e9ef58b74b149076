"""What is near, over HTTP: the nearest records, and those within an area."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from api import regions
from api.app import create_app
from tests.api.test_api_lookup import withhold
from tests.testclient import TestClient
from trigpoint.register import Registers

# Addresses of the sample stand on the 51.5th parallel, west of the meridian; the keys
# go up with the distance from 0.1 degrees west.
NEAREST = "/lookup/nearest?lon=-0.1&lat=51.5&register=address"
WITHIN = "/lookup/within?register=address"
CIRCLE = f"{WITHIN}&lon=-0.1&lat=51.5"
POLYGON = {
    "type": "Polygon",
    "coordinates": [
        [[-0.2, 51.4], [0.2, 51.4], [0.2, 51.6], [-0.2, 51.6], [-0.2, 51.4]]
    ],
}
GEOJSON = {"Content-Type": "application/geo+json"}
TEXT = {"Content-Type": "text/plain; charset=utf-8"}


def keys(body: dict[str, Any]) -> list[str]:
    return [one["key"] for one in body["records"]]


def test_nearest_tells_places_and_how_exact_they_are(client: TestClient) -> None:
    """Each record says where it is, and the point what its transformation is worth."""
    body = client.get(f"{NEAREST}&limit=1&out-crs=EPSG:27700").json()
    assert body["point"]["crs"] == "OGC:CRS84"
    assert body["point"]["out"]["crs"] == "EPSG:27700"
    (record,) = body["records"]
    assert (record["lon"], record["lat"]) == (-0.1, 51.5)
    assert record["out"]["easting"] == pytest.approx(531_964, abs=100)


def test_place_beyond_the_reach_of_a_system_is_null(client: TestClient) -> None:
    """Where `out-crs` does not reach a record's place, the rest of it is answered."""
    url = f"{CIRCLE}&radius=10&out-crs=EPSG:2157"
    assert [one["out"] for one in client.get(url).json()["records"]] == [None, None]
    rows = list(csv.DictReader(client.get(url.replace("?", ".csv?")).text.splitlines()))
    assert {row["out-easting"] for row in rows} == {""}


def test_within_a_circle(client: TestClient) -> None:
    """Records within a radius come in the order of keys, with their distances."""
    body = client.get(f"{CIRCLE}&radius=10").json()
    assert keys(body) == ["10000", "10001"]
    assert body["total"] == 2
    assert [one["distance-metres"] for one in body["records"]] == [0.0, 6.9]
    assert [one["relation"] for one in body["records"]] == ["inside", "inside"]
    none = client.get(f"{WITHIN}&lon=-0.1&lat=51.5&radius=0").json()
    assert keys(none) == ["10000"]
    assert none["records"][0]["relation"] == "border"


def test_circle_on_a_grid_is_the_same(client: TestClient) -> None:
    """The middle may be given on a grid; distances are geodesic all the same."""
    place = client.get(f"{NEAREST}&limit=1&out-crs=EPSG:27700").json()["point"]["out"]
    url = f"{WITHIN}&easting={place['easting']}&northing={place['northing']}&radius=10"
    assert keys(client.get(url).json()) == ["10000", "10001"]


def test_within_a_box(client: TestClient) -> None:
    """A box is in degrees, or in the order of the axes of the system that is named."""
    body = client.get(f"{WITHIN}&bbox=-0.1001,51.4,-0.0999,51.6").json()
    assert body["area"] == {
        "type": "box",
        "crs": "OGC:CRS84",
        "bbox": [-0.1001, 51.4, -0.0999, 51.6],
    }
    found = keys(body)
    assert len(found) == body["total"] > 0
    swapped = client.get(f"{WITHIN}&bbox=51.4,-0.1001,51.6,-0.0999&crs=EPSG:4326")
    assert keys(swapped.json()) == found
    edge = client.get(f"{WITHIN}&bbox=-0.1,51.5,0,51.6").json()
    assert edge["records"][0]["relation"] == "border"
    grid = client.get(f"{WITHIN}&bbox=531000,179000,533000,181000&crs=EPSG:27700")
    assert set(found) <= set(keys(grid.json()))


def test_pages_follow_each_other(client: TestClient) -> None:
    """`Link` and `next` lead through all records, each once, in the order of keys."""
    url: str | None = f"{WITHIN}&bbox=-1,51,1,52&limit=3"
    found: list[str] = []
    total = 0
    while url:
        answer = client.get(url)
        body = answer.json()
        found, total, url = found + keys(body), body["total"], body.get("next")
        assert (url is not None) == ('rel="next"' in answer.headers.get("link", ""))
    assert len(found) == total > 6
    assert found == sorted(set(found))


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(POLYGON),
        json.dumps({"type": "Feature", "properties": {}, "geometry": POLYGON}),
        "\ufeff" + json.dumps(POLYGON),
    ],
)
def test_within_a_posted_polygon(client: TestClient, body: str) -> None:
    """A polygon in GeoJSON, or a feature of one, gives the records that it covers."""
    answer = client.post(WITHIN, content=body.encode(), headers=GEOJSON)
    box = client.get(f"{WITHIN}&bbox=-0.2,51.4,0.2,51.6").json()
    assert keys(answer.json()) == keys(box)
    assert answer.json()["area"] == {
        "type": "polygon",
        "crs": "OGC:CRS84",
        "vertices": 5,
    }
    assert answer.headers["trigpoint-log-size"].startswith("address=")


def test_within_well_known_text(client: TestClient) -> None:
    """A polygon as text names its system, and is straight there."""
    grid = "<http://www.opengis.net/def/crs/EPSG/0/27700>"
    for text in (
        "POLYGON((-0.2 51.4,0.2 51.4,0.2 51.6,-0.2 51.6,-0.2 51.4))",
        f"{grid} POLYGON((531000 179000,533000 179000,533000 181000,531000 181000,"
        "531000 179000))",
    ):
        answer = client.post(WITHIN, content=text, headers=TEXT)
        assert "10000" in keys(answer.json())


@pytest.mark.parametrize("kind", [GEOJSON, TEXT])
def test_heights_do_not_count(client: TestClient, kind: dict[str, str]) -> None:
    """A polygon whose corners have heights is the one without them."""
    ring = [[*corner, 7.5] for corner in POLYGON["coordinates"][0]]
    body = json.dumps({"type": "Polygon", "coordinates": [ring]})
    if kind == TEXT:
        corners = ",".join(" ".join(map(str, corner)) for corner in ring)
        body = f"POLYGON Z(({corners}))"
    plain = client.post(WITHIN, json=POLYGON)
    answer = client.post(WITHIN, content=body, headers=kind)
    assert answer.status_code == 200
    assert answer.json()["records"] == plain.json()["records"] != []


def test_posted_polygon_has_pages(client: TestClient) -> None:
    """The next page of a polygon is had by posting it again."""
    first = client.post(f"{WITHIN}&limit=2", json=POLYGON)
    second = client.post(first.json()["next"], json=POLYGON)
    assert keys(first.json()) == ["10000", "10001"]
    assert keys(second.json()) == ["10002", "10003"]
    page = client.post(
        f"{WITHIN}&limit=2", json=POLYGON, headers={"Accept": "text/html"}
    )
    assert "post the same polygon" in page.text


def test_formats_say_the_same(client: TestClient) -> None:
    """GeoJSON, CSV and a page have the records that the JSON has."""
    records = client.get(f"{CIRCLE}&radius=50").json()["records"]
    url = f"/lookup/within.geojson?{CIRCLE.partition('?')[2]}&radius=50"
    answer = client.get(url)
    assert answer.headers["content-type"] == "application/geo+json"
    features = answer.json()["features"]
    assert [one["id"] for one in features] == [one["@id"] for one in records]
    assert features[0]["geometry"] == {"type": "Point", "coordinates": [-0.1, 51.5]}
    assert features[0]["properties"]["relation"] == "inside"
    lines = client.get(url.replace("geojson", "csv")).text.splitlines()
    assert lines[0] == "key,name,lon,lat,relation,distance-metres"
    assert [row["key"] for row in csv.DictReader(lines)] == keys({"records": records})
    page = client.get(url.replace("geojson", "html")).text
    assert page.count("<circle ") == len(records)
    assert 'href="/doc/address/10000"' in page
    near = client.get(f"/lookup/nearest.csv?{NEAREST.partition('?')[2]}&limit=1").text
    assert near.splitlines()[0] == "key,name,lon,lat,distance-metres"


def test_register_that_is_no_area_may_be_asked_far_away(client: TestClient) -> None:
    """A box across the antimeridian and a circle round the globe are looked in."""
    assert keys(client.get(f"{WITHIN}&bbox=170,-50,-170,50").json()) == []
    whole = client.get(f"{CIRCLE}&radius=30000000&limit=5000").json()
    assert whole["total"] == len(whole["records"]) > 6
    for bbox in ("170,-50,-170,50", "-0.1,51.5,-0.1,51.5", "-180,-90,180,90"):
        assert client.get(
            f"/lookup/within.html?register=address&bbox={bbox}"
        ).is_success
    assert client.get(
        f"/lookup/within.html?{CIRCLE.partition('?')[2]}&radius=30000000"
    ).is_success


def test_withheld_records_are_left_out(data: Path, tmp_path: Path) -> None:
    """A record that was withheld is in no answer, and pages go on behind it."""
    copy = tmp_path / "data"
    shutil.copytree(data, copy)
    withhold(copy, "address", ["10000", "10002"])
    with TestClient(create_app(Registers.open(copy), workers=1)) as client:
        body = client.get(f"{WITHIN}&bbox=-0.2,51.4,0.2,51.6&limit=2").json()
        assert keys(body) == ["10001", "10003"]


@pytest.mark.parametrize(
    ("query", "status", "parameter"),
    [
        ("register=address", 400, "bbox"),
        ("register=address&lon=0&lat=51.5", 400, "radius"),
        ("register=address&radius=5", 400, "lon"),
        ("register=address&lon=0&lat=51.5&radius=-1", 400, "radius"),
        ("register=address&lon=0&lat=51.5&radius=inf", 400, "radius"),
        ("register=address&lon=51.5&lat=0&radius=5", 400, "lon"),
        ("register=address&bbox=1,2,3", 400, "bbox"),
        ("register=address&bbox=1,2,3,a", 400, "bbox"),
        ("register=address&bbox=0,52,1,51", 400, "bbox"),
        ("register=address&bbox=0,51,1,52&radius=3", 400, "radius"),
        ("register=address&bbox=0,51,1,52&crs=EPSG:9", 400, "crs"),
        ("register=address&bbox=0,51,1,52&out-crs=EPSG:9", 400, "out-crs"),
        ("register=address&bbox=0,51,1,52&size=1", 400, "size"),
        ("register=country&bbox=0,51,1,52", 400, "register"),
        ("register=nothing&bbox=0,51,1,52", 404, "register"),
        ("register=address&bbox=0,51,1,52&limit=5001", 422, None),
        ("bbox=0,51,1,52", 422, None),
    ],
)
def test_bad_areas_are_refused(
    client: TestClient, query: str, status: int, parameter: str | None
) -> None:
    """What cannot be looked in is a problem that names the parameter."""
    answer = client.get(f"/lookup/within?{query}")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert (body.get("parameter") or ("register" in body and "register") or None) == (
        parameter
    )


@pytest.mark.parametrize(
    ("body", "kind", "status", "words"),
    [
        (b"", "application/geo+json", 400, "not JSON"),
        (b"\xff", "application/json", 400, "not UTF-8"),
        (b"POLYGON((0 51", "text/plain", 400, "not well-known text"),
        (b"POINT(0 51)", "text/plain", 400, "covers no area"),
        (b"POLYGON((0 51,1 52,1 51,0 52,0 51))", "text/plain", 400, "at 0.5 51.5"),
        (b"{}", "application/json", 400, "of type"),
        (b"[" * 9_999, "application/json", 400, "nested too deep"),
        (b"{}", "application/xml", 415, "expected application/geo+json"),
        (b"", "", 415, "expected application/geo+json"),
    ],
)
def test_bad_polygons_are_refused(
    client: TestClient, body: bytes, kind: str, status: int, words: str
) -> None:
    """A body that is no valid polygon is a problem that says what is wrong with it."""
    headers = {"Content-Type": kind} if kind else {}
    answer = client.post(WITHIN, content=body, headers=headers)
    assert answer.status_code == status
    assert words in answer.json()["detail"]


def test_compressed_polygons_are_refused(client: TestClient) -> None:
    """A body with a content coding is of a type that is not read, and named."""
    headers = GEOJSON | {"Content-Encoding": "gzip"}
    answer = client.post(WITHIN, content=b"\x1f\x8b", headers=headers)
    assert answer.status_code == 415
    assert "“gzip”: send it without" in answer.json()["detail"]


def test_polygon_has_a_bound(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A body of more bytes than are read is refused."""
    monkeypatch.setattr(regions, "MAX_POLYGON_BODY", 50)
    assert client.post(WITHIN, json=POLYGON).status_code == 413
