"""The report on boundaries, as it is served."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import polars as pl
import pytest
from shapely.geometry import box

from api.app import create_app
from tests.api.sample import BASE, BOROUGH, build
from tests.testclient import TestClient
from trigpoint.log.entry import Batch
from trigpoint.staging import Load

WEST, EAST = "E09000033-2030-full", "E09000001-2030-full"
OUTLINES = {WEST: box(-0.2, 51.4, 0.001, 51.6), EAST: box(0.0, 51.4, 0.2, 51.6)}


@pytest.fixture(scope="module")
def overlapping(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A client of registers with two sets: one that fits, and one that overlaps."""
    registers = build(tmp_path_factory.mktemp("overlapping") / "data")
    rows = [
        {
            "boundary": key,
            "area": f"{BOROUGH}:{key[:9]}",
            "vintage": "2030",
            "resolution": "full",
            "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
            "geometry": outline.wkt,
        }
        for key, outline in OUTLINES.items()
    ]
    load = Load("boundary", pl.DataFrame(rows), whole=False)
    summary = registers.load([load], Batch("test", "A set", release_date="2026-01-01"))
    assert summary.appended, summary.report.table()
    with TestClient(
        create_app(registers, workers=1), base_url=BASE, follow_redirects=False
    ) as running:
        yield running


def test_each_set_is_reported(overlapping: TestClient) -> None:
    """Counts and square metres of each kind, the largest by place and boundaries."""
    answer = overlapping.get("/quality/boundaries")
    fits, overlaps = answer.json()["sets"]
    assert (fits["vintage"], fits["areas"], fits["overlaps"]["count"]) == ("2025", 2, 0)
    assert (overlaps["layer"], overlaps["crs"]) == ("district", "OGC:CRS84")
    found = overlaps["overlaps"]
    (largest,) = found["largest"]
    assert found["count"] == 1
    assert found["square-metres"] == largest["square-metres"]
    assert largest["square-metres"] == pytest.approx(1_545_000, rel=0.01)
    assert largest["mean-width-metres"] == pytest.approx(69, abs=1)
    assert [one["key"] for one in largest["boundaries"]] == [EAST, WEST]
    assert largest["boundaries"][0]["@id"] == f"{BASE}/id/boundary/{EAST}"
    assert (largest["lon"], largest["lat"]) == pytest.approx((0.0005, 51.5))
    assert answer.headers["trigpoint-log-size"].startswith("boundary=")


def test_the_report_as_csv(overlapping: TestClient) -> None:
    """A line for each that is listed, with the keys joined by semicolons."""
    answer = overlapping.get("/quality/boundaries.csv")
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert (row["layer"], row["vintage"], row["kind"]) == (
        "district",
        "2030",
        "overlap",
    )
    assert row["boundaries"] == f"{EAST};{WEST}"
    assert float(row["square-metres"]) > 1_000_000


def test_the_report_as_a_page(overlapping: TestClient) -> None:
    """People see each set, a map, and links to the boundaries."""
    page = overlapping.get("/quality/boundaries.html").text
    assert "district 2030 full" in page
    assert f"/id/boundary/{EAST}" in page
    assert "<circle" in page
    none = overlapping.get("/quality/boundaries.html?layer=district&limit=1").text
    assert "The largest overlaps" in none


@pytest.mark.parametrize(
    ("query", "status", "problem"),
    [
        ("layer=parish", 400, "invalid-parameter"),
        ("limit=0", 422, "invalid-request"),
        ("limit=1001", 422, "invalid-request"),
        ("register=boundary", 400, "invalid-parameter"),
    ],
)
def test_what_cannot_be_asked(
    overlapping: TestClient, query: str, status: int, problem: str
) -> None:
    """A layer that is not held, a limit out of range, an unknown parameter."""
    answer = overlapping.get(f"/quality/boundaries?{query}")
    assert answer.status_code == status
    assert answer.json()["type"] == f"/problems/{problem}"
