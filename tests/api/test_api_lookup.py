"""Look-ups: the areas of a point or postcode, the nearest records, bad positions."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from api.app import create_app
from tests.api.sample import BASE, BOROUGH, BOUNDARIES
from tests.testclient import TestClient
from trigpoint.dates import now
from trigpoint.log.entry import Batch, Draft
from trigpoint.register import LOG_FILE, Registers
from trigpoint.schema.items import canonical_json, item_hash
from trigpoint.spatial.grids import SYSTEMS

IRISH = ("EPSG:2157", "EPSG:29902", "EPSG:29903")


def areas(body: dict[str, Any]) -> list[tuple[str, str]]:
    return [(area["code"], area["relation"]) for area in body["areas"]]


def test_point_in_an_area(client: TestClient) -> None:
    """A point inside gives its area, the council that governs it and the log sizes."""
    answer = client.get("/lookup/point?lon=-0.1276&lat=51.5072")
    body = answer.json()
    assert areas(body) == [("E09000033", "inside")]
    assert [council["name"] for council in body["councils"]] == ["Westminster"]
    assert body["areas"][0]["boundary"].endswith("/id/boundary/E09000033-2025-full")
    assert answer.headers["trigpoint-log-size"] == (
        f"boundary=2, local-authority-eng=4, {BOROUGH}=2"
    )


def test_point_on_a_border_is_in_both(client: TestClient) -> None:
    """A point on a shared border is in both areas; the lowest code is the council."""
    body = client.get("/lookup/point?lon=0&lat=51.5").json()
    assert areas(body) == [("E09000001", "border"), ("E09000033", "border")]
    assert [council["name"] for council in body["councils"]] == ["City of London"]


def test_point_outside_says_what_is_nearest(client: TestClient) -> None:
    """A point outside every area says so, with the nearest one, its distance
    and the log sizes."""
    answer = client.get("/lookup/point?lon=-0.3&lat=51.5")
    body = answer.json()
    assert body["areas"] == []
    assert body["nearest"]["code"] == "E09000033"
    assert 6_500 < body["nearest"]["distance-metres"] < 7_500
    assert answer.headers["trigpoint-log-size"] == (
        f"boundary=2, local-authority-eng=4, {BOROUGH}=2"
    )


def test_point_on_the_british_grid(client: TestClient) -> None:
    """Eastings and northings give the same area as degrees, and say how accurate."""
    body = client.get("/lookup/point?easting=530000&northing=180000").json()
    assert areas(body) == [("E09000033", "inside")]
    assert body["point"]["crs"] == "EPSG:27700"
    assert abs(body["point"]["lon"] - -0.12832889) < 1e-6


def test_point_in_a_named_system(client: TestClient) -> None:
    """`crs` names the system of the pair, whatever the order of the parameters."""
    body = client.get("/lookup/point?lat=51.5072&lon=-0.1276&crs=EPSG:4326").json()
    assert areas(body) == [("E09000033", "inside")]
    irish = client.get("/lookup/point?easting=334000&northing=374000&crs=EPSG:29903")
    assert irish.json()["areas"] == []
    assert abs(irish.json()["point"]["lat"] - 54.6) < 0.1


def test_point_in_web_mercator(client: TestClient) -> None:
    """Web Mercator is named like the grids; its numbers alone are not guessed at."""
    pair = "easting=-14204.37&northing=6711542.48"
    body = client.get(f"/lookup/point?{pair}&crs=EPSG:3857").json()
    assert areas(body) == [("E09000033", "inside")]
    refused = client.get(f"/lookup/point?{pair}").json()
    assert refused["looks_like"] == "EPSG:3857"
    assert "use crs=EPSG:3857" in refused["detail"]


@pytest.mark.parametrize("door", ["point?lon=-0.1276&lat=51.5072&", "SW1A%201AA?"])
def test_point_is_said_in_another_system(client: TestClient, door: str) -> None:
    """`out-crs` adds the pair in that system, by the names of its axes."""
    url = f"/lookup/{door}" if door.startswith("point") else f"/lookup/postcode/{door}"
    point = client.get(f"{url}out-crs=EPSG:27700").json()["point"]
    assert list(point["out"]) == ["crs", "easting", "northing", "accuracy-metres"]
    assert point["out"]["crs"] == "EPSG:27700"
    place = f"easting={point['out']['easting']}&northing={point['out']['northing']}"
    again = client.get(f"/lookup/point?{place}&out-crs=EPSG:4326").json()["point"]
    assert again["out"]["lat"] == pytest.approx(point["lat"], abs=1e-8)
    assert again["accuracy-metres"] == again["out"]["accuracy-metres"] == 0.001
    assert "out" not in client.get(url).json()["point"]
    page = client.get(f"{url}out-crs=EPSG:27700", headers={"accept": "text/html"}).text
    assert f"northing {point['out']['northing']}" in page


@pytest.mark.parametrize("crs", sorted(SYSTEMS))
@pytest.mark.parametrize("door", ["point?", "nearest?register=address&"])
def test_every_system_goes_in_and_out(client: TestClient, door: str, crs: str) -> None:
    """What a door says of a point in a system is read there as the same point."""
    place = "lon=-5.93&lat=54.6" if crs in IRISH else "lon=-0.1276&lat=51.5072"
    said = client.get(f"/lookup/{door}{place}&out-crs={crs}").json()
    out = said["point"]["out"]
    pair = "&".join(f"{axis}={out[axis]}" for axis in SYSTEMS[crs].axes)
    again = client.get(f"/lookup/{door}{pair}&crs={crs}").json()
    for axis in ("lon", "lat"):
        # A millimetre is 1.6e-8 degrees of longitude there.
        assert again["point"][axis] == pytest.approx(said["point"][axis], abs=3e-8)
    assert again["point"]["crs"] == crs
    assert again["point"]["accuracy-metres"] == SYSTEMS[crs].accuracy
    for name in ("areas", "records"):
        codes = [
            [one.get("code", one.get("key")) for one in body.get(name, [])]
            for body in (said, again)
        ]
        assert codes[0] == codes[1]


@pytest.mark.parametrize(
    ("query", "kind", "words"),
    [
        ("out-crs=EPSG:1", "invalid-input", "not read here"),
        ("out-crs=", "invalid-input", "not read here"),
        ("out-crs=EPSG:2157", "invalid-point", "beyond the reach of EPSG:2157"),
    ],
)
def test_a_system_that_cannot_be_answered_in(
    client: TestClient, query: str, kind: str, words: str
) -> None:
    """A system that is not known, or does not reach the point, is refused by name."""
    answer = client.get(f"/lookup/point?lon=1.5&lat=52.5&{query}")
    body = answer.json()
    assert (answer.status_code, body["parameter"]) == (400, "out-crs")
    assert body["type"] == f"/problems/{kind}"
    assert words in body["detail"]


def test_point_on_a_day_before_there_were_boundaries(client: TestClient) -> None:
    """`at` picks the boundaries that held that day: here, none."""
    assert client.get("/lookup/point?lon=0&lat=51.5&at=2019").json()["areas"] == []


def test_point_in_one_register(client: TestClient) -> None:
    """`register` keeps the areas of that register; one without areas is refused."""
    url = "/lookup/point?lon=-0.1276&lat=51.5072&register="
    assert areas(client.get(url + BOROUGH).json()) == [("E09000033", "inside")]
    refused = client.get(url + "country")
    assert (refused.status_code, refused.json()["parameter"]) == (400, "register")
    assert client.get(url + "nothing").status_code == 404


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("", "lon"),
        ("lon=0", "lon"),
        ("lat=51.5", "lat"),
        ("lon=0&lat=51.5&easting=1&northing=2", "lon"),
        ("lon=0&northing=180000", "lon"),
        ("lon=nan&lat=51.5", "lon"),
        ("lon=0&lat=NaN", "lat"),
        ("lon=inf&lat=51.5", "lon"),
        ("lon=-Infinity&lat=51.5", "lon"),
        ("lon=1e999&lat=51.5", "lon"),
        ("lon=&lat=51.5", "lon"),
        ("lon=0x1&lat=51.5", "lon"),
        ("lon=1_0&lat=51.5", "lon"),
        ("lon=0,1&lat=51.5", "lon"),
        ("lon=%D9%A1&lat=51.5", "lon"),
        ("lon=+1&lat=51.5", "lon"),
        ("lon=" + "1" * 5000 + "&lat=51.5", "lon"),
        ("lon=0&lon=1&lat=51.5", "lon"),
        ("lon=181&lat=51.5", "lon"),
        ("lon=0&lat=90", "lat"),
        ("lon=0&lat=51.5&at=never", "at"),
        ("lon=0&lat=51.5&crs=EPSG:27700", "crs"),
        ("lon=0&lat=51.5&long=1", "long"),
        ("easting=530000&northing=180000&crs=CRS84", "crs"),
    ],
)
def test_bad_positions_are_refused(
    client: TestClient, query: str, parameter: str
) -> None:
    """What is no single finite position is refused, naming the parameter."""
    answer = client.get(f"/lookup/point?{query}")
    assert answer.status_code == 400
    assert answer.json()["parameter"] == parameter
    assert len(answer.content) < 1000


@pytest.mark.parametrize(
    ("query", "looks_like"),
    [
        ("lon=51.5072&lat=-0.1276", "EPSG:4326"),
        ("lon=530000&lat=180000", "EPSG:27700"),
        ("easting=-0.1276&northing=51.5072", "OGC:CRS84"),
        ("easting=1030000&northing=180000", "EPSG:27700"),
    ],
)
def test_mixed_up_positions_say_what_they_look_like(
    client: TestClient, query: str, looks_like: str
) -> None:
    """Swapped axes and numbers of another system are named as what they are."""
    body = client.get(f"/lookup/point?{query}").json()
    assert body["type"] == "/problems/invalid-point"
    assert body["looks_like"] == looks_like


def test_boundaries_without_records_of_their_areas(tmp_path: Path) -> None:
    """Boundaries held alone still say what area a point is in, and speak for it."""
    registers = Registers.open(tmp_path / "data", base=BASE, write=True)
    texts = {str(row["boundary"]): canonical_json(row) for row in BOUNDARIES}
    with registers.log.appending(Batch("test", "Outlines")) as appender:
        drafts = [Draft(now(), k, text, item_hash(text)) for k, text in texts.items()]
        appender.append("boundary", drafts)
    with TestClient(create_app(registers, workers=1)) as client:
        answer = client.get("/lookup/point?lon=-0.1276&lat=51.5072")
    assert areas(answer.json()) == [("E09000033", "inside")]
    assert answer.json()["councils"] == []
    assert answer.headers["trigpoint-log-size"] == "boundary=2"


def test_postcode_gives_record_and_areas(client: TestClient) -> None:
    """A postcode answers with its record and what a look-up of its position says."""
    body = client.get("/lookup/postcode/SW1A%201AA").json()
    assert body["record"]["@id"].endswith("/id/postcode/SW1A%201AA")
    assert areas(body) == [("E09000033", "inside")]
    assert [council["name"] for council in body["councils"]] == ["Westminster"]


def test_postcode_without_position(client: TestClient) -> None:
    """A postcode that the source gives no position has none here, and no areas."""
    body = client.get("/lookup/postcode/SW1A%202AA").json()
    assert (body["point"], body["areas"]) == (None, [])
    page = client.get("/lookup/postcode/SW1A%202AA.html").text
    assert "no position" in page


@pytest.mark.parametrize(
    ("spelling", "status", "where"),
    [
        ("sw1a1aa", 301, "/lookup/postcode/SW1A%201AA"),
        ("SW1A1AA.html", 301, "/lookup/postcode/SW1A%201AA.html"),
        ("%20sw1a%201aa", 301, "/lookup/postcode/SW1A%201AA"),
        ("sw1a1aa?at=2010-01-01", 301, "/lookup/postcode/SW1A%201AA?at=2010-01-01"),
        ("sw1a1aa.csv?at=2010", 406, None),
        ("sw1a1aa.html?at=%32010", 301, "/lookup/postcode/SW1A%201AA.html?at=%32010"),
        ("sw1a1aa?since=2010", 400, None),
        ("EC1A%201BB", 404, None),
        ("nonsense", 400, None),
        ("%3Cscript%3E", 400, None),
    ],
)
def test_postcode_spellings(
    client: TestClient, spelling: str, status: int, where: str | None
) -> None:
    """Other spellings are sent on; what is no postcode, or not held, is refused."""
    answer = client.get(f"/lookup/postcode/{spelling}")
    assert (answer.status_code, answer.headers.get("location")) == (status, where)


def test_form_leads_to_the_postcode(client: TestClient) -> None:
    """The form on the home page sends a browser to the postcode's own address."""
    refused = client.get("/lookup/postcode?postcode=sw1a+1aa&at=2010")
    assert refused.json()["parameter"] == "at"
    answer = client.get("/lookup/postcode?postcode=sw1a+1aa")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/lookup/postcode/SW1A%201AA"
    assert client.get("/lookup/postcode").status_code == 422


def test_nearest_in_order_of_distance(client: TestClient) -> None:
    """The nearest records come nearest first, as many as asked, none beyond."""
    url = "/lookup/nearest?lon=-0.1&lat=51.5&register=address"
    body = client.get(f"{url}&limit=3").json()
    assert [one["key"] for one in body["records"]] == ["10000", "10001", "10002"]
    assert body["records"][1]["distance-metres"] == pytest.approx(6.9, abs=0.1)
    close = client.get(f"{url}&limit=100&max-distance=10").json()
    assert [one["key"] for one in close["records"]] == ["10000", "10001"]


def test_nearest_passes_over_what_is_withheld(data: Path, tmp_path: Path) -> None:
    """Withheld records are left out, and others come in until the limit is filled."""
    copy = tmp_path / "data"
    shutil.copytree(data, copy)
    withhold(copy, "address", [str(10000 + number) for number in range(7)])
    url = "/lookup/nearest?lon=-0.1&lat=51.5&register=address&limit="
    with TestClient(create_app(Registers.open(copy), workers=1)) as client:
        keys = [one["key"] for one in client.get(f"{url}2").json()["records"]]
        close = client.get(f"{url}9&max-distance=50").json()["records"]
        schools = "/lookup/nearest?lon=0&lat=51.5&register=school-eng"
        assert len(client.get(schools).json()["records"]) == 2
    assert keys == ["10007", "10008"]
    assert [one["key"] for one in close] == ["10007"]


def withhold(data: Path, register: str, keys: list[str]) -> None:
    """Take the content of records out of the log, as is done for personal data."""
    hashes = [
        Registers.open(data).log.record(register, key).entry.item_hash for key in keys
    ]
    with sqlite3.connect(data / LOG_FILE) as log:
        log.executemany(
            "UPDATE item SET content = NULL, withheld = 'personal data' WHERE hash = ?",
            [(digest,) for digest in hashes],
        )
    log.close()


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("lon=0&lat=51.5", 422),
        ("lon=0&lat=51.5&register=address&limit=0", 422),
        ("lon=0&lat=51.5&register=address&limit=101", 422),
        ("lon=0&lat=51.5&register=address&max-distance=-1", 400),
        ("lon=0&lat=51.5&register=address&max-distance=nan", 400),
        ("lon=0&lat=51.5&register=country", 400),
        ("lon=0&lat=51.5&register=nothing", 404),
        ("lat=51.5&register=address", 400),
        ("lon=0&lat=51.5&register=address&max_distance=3", 400),
    ],
)
def test_bad_nearest_is_refused(client: TestClient, query: str, status: int) -> None:
    """Limits, distances and registers that cannot be used are refused."""
    answer = client.get(f"/lookup/nearest?{query}")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_pages_for_people(client: TestClient) -> None:
    """Look-ups have pages that link to councils and records."""
    point = client.get("/lookup/point.html?lon=0&lat=51.5").text
    assert 'href="/id/local-authority-eng/LND"' in point
    assert "on the border" in point
    outside = client.get("/lookup/point.html?lon=-0.3&lat=51.5").text
    assert "The nearest is Westminster" in outside
    nearest = client.get("/lookup/nearest.html?lon=0&lat=51.5&register=school-eng").text
    assert 'href="/doc/school-eng/100000"' in nearest
