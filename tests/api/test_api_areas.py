"""The areas of a record, and the report on areas, as they are served."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import pytest
from httpx import Response

from api.app import create_app
from tests.api.sample import BASE, BOROUGH
from tests.declaring import build
from tests.testclient import TestClient
from trigpoint.iris import areas_graph_iri
from trigpoint.schema.shape import GEO

DAY = "at=2026-01-01"
DIFFERENT = ("108", "109", "110", "111", "112", "113")


@pytest.fixture(scope="module")
def declared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A client of registers whose records agree and disagree with geometry."""
    registers = build(tmp_path_factory.mktemp("declared") / "data")
    with TestClient(
        create_app(registers, workers=1), base_url=BASE, follow_redirects=False
    ) as running:
        yield running


def areas(client: TestClient, key: str, rest: str = f"?{DAY}") -> Response:
    answer: Response = client.get(f"/registers/address/records/{key}/areas{rest}")
    return answer


def test_the_areas_of_a_record(declared: TestClient) -> None:
    """Area, relation, council and the set of boundaries; and whether what the record
    declares agrees."""
    body = areas(declared, "112").json()
    (area,) = body["areas"]
    assert (area["code"], area["relation"]) == ("E09000033", "inside")
    assert area["set"] == {
        "graph": areas_graph_iri(BASE, "district", "2025", "200m"),
        "vintage": "2025",
        "resolution": "200m",
    }
    assert [one["key"] for one in body["councils"]] == ["WSM"]
    assert body["declared"] == [
        {
            "@id": f"{BASE}/id/local-authority-eng/LND",
            "field": "local-authority",
            "register": "local-authority-eng",
            "key": "LND",
            "agrees": False,
        }
    ]
    assert areas(declared, "101").json()["declared"][0]["agrees"] is True


def test_on_a_border_a_record_touches(declared: TestClient) -> None:
    """Both areas are answered; the triples say sfTouches, as in the named graphs."""
    body = areas(declared, "102").json()
    assert [(one["code"], one["relation"]) for one in body["areas"]] == [
        ("E09000001", "border"),
        ("E09000033", "border"),
    ]
    answer = areas(declared, "102", f".nt?{DAY}")
    assert answer.headers["content-type"] == "application/n-triples"
    assert answer.text.splitlines() == [
        f"<{BASE}/id/address/102> <{GEO}sfTouches> <{BASE}/id/{BOROUGH}/{code}> ."
        for code in ("E09000001", "E09000033")
    ]
    assert "geo:sfWithin" in areas(declared, "101", f".ttl?{DAY}").text


def test_the_store_says_the_same(declared: TestClient) -> None:
    """SPARQL finds the link in the graph that the answer names."""
    body = areas(declared, "101").json()
    graph = body["areas"][0]["set"]["graph"]
    query = f"ASK {{ GRAPH <{graph}> {{ <{body['@id']}> <{GEO}sfWithin> ?area }} }}"
    answer = declared.get("/sparql", params={"query": query})
    assert answer.json()["boolean"] is True


def test_a_record_without_a_position(declared: TestClient) -> None:
    """It has no areas, and nothing is said of what it declares."""
    body = areas(declared, "104").json()
    assert (body["point"], body["areas"], body["councils"]) == (None, [], [])
    assert body["declared"][0]["agrees"] is None


def test_pages_for_people(declared: TestClient) -> None:
    """The page names area, set and outcome, and the record's page leads to it."""
    page = areas(declared, "112", f".html?{DAY}").text
    assert "E09000033" in page
    assert "2025, 200m" in page
    assert "differs" in page
    record = declared.get("/doc/address/112.html").text
    assert "/registers/address/records/112/areas" in record
    assert "no position" in areas(declared, "104", ".html").text


@pytest.mark.parametrize(
    ("path", "status", "where"),
    [
        ("/registers/address/records/0000112/areas.nt?at=2026", 301, "112/areas.nt?"),
        ("/registers/address/records/999/areas", 404, "no-such-record"),
        ("/registers/local-authority-eng/records/WSM/areas", 404, "not-found"),
        ("/registers/address/records/112/areas?at=soon", 400, "invalid-parameter"),
        ("/registers/address/records/112/areas.csv", 406, "not-acceptable"),
        ("/quality/areas?register=country", 400, "invalid-parameter"),
        ("/quality/areas?after=address", 400, "invalid-parameter"),
        ("/quality/areas?limit=0", 422, "invalid-request"),
        ("/quality/areas?at=2026-13", 400, "invalid-parameter"),
    ],
)
def test_what_cannot_be_answered(
    declared: TestClient, path: str, status: int, where: str
) -> None:
    """Other spellings lead on, and errors name their kind."""
    answer = declared.get(path)
    assert answer.status_code == status
    said = answer.headers["location"] if status == 301 else answer.json()["type"]
    assert where in said


def test_a_redirect_has_the_query_as_it_was_sent(declared: TestClient) -> None:
    """What is encoded in a query stays so: a line end would begin another header."""
    query = "at=2026%0d%0aX-Header:%20x"
    answer = declared.get(f"/registers/address/records/0112/areas?{query}")
    assert answer.status_code == 301
    assert answer.headers["location"].endswith(f"/112/areas?{query}")


def test_the_report(declared: TestClient) -> None:
    """Counts of each register, the reasons in words, and the findings."""
    body = declared.get(f"/quality/areas?{DAY}").json()
    (address,) = (one for one in body["registers"] if one["register"] == "address")
    assert (address["records"], address["positions"]) == (13, 12)
    assert address["layers"] == {"district": {"inside": 9, "border": 2, "outside": 1}}
    own = address["declared"][0]
    assert (own["field"], own["agrees"]) == ("local-authority", 3)
    assert set(own["differs"]) == {"ended", "open", "replaced", "rounding", "tolerance"}
    assert set(own["differs"]) <= set(body["reasons"])
    listed = {one["key"] for one in body["findings"] if one["register"] == "address"}
    assert listed == {*DIFFERENT, "105"}


def test_one_register_in_pages(declared: TestClient) -> None:
    """`register` narrows, and following `next` meets every finding once, as JSON and as
    CSV."""
    for suffix in ("", ".csv"):
        keys, url = [], f"/quality/areas{suffix}?{DAY}&register=address&limit=3"
        while url:
            answer = declared.get(url)
            if suffix:
                keys += [row["key"] for row in csv.DictReader(io.StringIO(answer.text))]
            else:
                keys += [one["key"] for one in answer.json()["findings"]]
            following = answer.links.get("next")
            url = following["url"] if following else ""
        assert keys == ["105", *DIFFERENT]


def test_the_report_as_csv(declared: TestClient) -> None:
    """A finding a row, with register and key of what is declared and what is found."""
    answer = declared.get(f"/quality/areas.csv?{DAY}&register=school-eng")
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert row["declared"] == "local-authority-eng:LND"
    assert row["found"] == "local-authority-eng:WSM"
    assert row["reason"] == "shared-position"
    assert float(row["distance-metres"]) == pytest.approx(6_945, abs=5)


def test_the_report_as_a_page(declared: TestClient) -> None:
    """Counts, a map of the places, and each finding with a link to its record."""
    page = declared.get(f"/quality/areas.html?{DAY}&register=address").text
    assert page.count("<circle") == 7
    assert "/registers/address/records/112/areas" in page
    assert "nothing that replaced it is there" in page
    assert "Nothing differs" in declared.get("/quality/areas.html?register=street").text


def test_the_report_says_what_it_speaks_for(declared: TestClient) -> None:
    """The log sizes of the registers shown, and of the boundaries."""
    answer = declared.get("/quality/areas?register=street")
    assert answer.headers["trigpoint-log-size"] == "boundary=3, street=1"
