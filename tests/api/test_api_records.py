"""Records: every format the same graph, hard keys, pages, filters, dates, caching."""

from __future__ import annotations

import csv
import html
import io
import json
from typing import Any
from urllib.parse import quote

import pytest
from pyld import jsonld
from rdflib import Graph
from rdflib.compare import to_isomorphic

from tests.api.sample import BOROUGH, SCRIPT, TRAPS
from tests.testclient import TestClient
from trigpoint.iris import encode_key
from trigpoint.register import Registers

RECORDS = "/registers/{}/records"
SAMPLES = (
    ("country", "SS"),
    ("local-authority-eng", "CHC"),
    (BOROUGH, "E09000033"),
    ("boundary", "E09000033-2025-full"),
    ("school-eng", "100000"),
    ("address", "10000"),
    ("postcode", "SW1A 1AA"),
    *(("trap", key) for key in TRAPS if key != ".."),
)


def path_of(register: str, key: str, suffix: str = "") -> str:
    return f"{RECORDS.format(register)}/{encode_key(key)}{suffix}"


def graph_of_jsonld(client: TestClient, document: dict[str, Any]) -> Graph:
    """What pyld makes of a document, with our contexts from the server itself."""

    def load(url: str, _options: object) -> dict[str, Any]:
        context = client.get(url.removeprefix("http://localhost:8000")).json()
        return {"documentUrl": url, "document": context, "contextUrl": None}

    lines = jsonld.to_rdf(
        document, {"format": "application/n-quads", "documentLoader": load}
    )
    return Graph().parse(data=lines, format="nt")


@pytest.mark.parametrize(("register", "key"), SAMPLES)
def test_all_formats_are_one_graph(client: TestClient, register: str, key: str) -> None:
    """N-Triples, Turtle and typed JSON-LD of a record are the same triples."""
    lines = Graph().parse(
        data=client.get(path_of(register, key, ".nt")).text, format="nt"
    )
    turtle = Graph().parse(
        data=client.get(path_of(register, key, ".ttl")).text, format="turtle"
    )
    document = client.get(path_of(register, key, ".jsonld")).json()
    expected = to_isomorphic(lines)
    assert len(lines) > 2
    assert to_isomorphic(turtle) == expected
    assert to_isomorphic(graph_of_jsonld(client, document)) == expected


@pytest.mark.parametrize(("register", "key"), SAMPLES[:7])
def test_plain_json_is_linked_data_too(
    client: TestClient, register: str, key: str
) -> None:
    """For usual values, the plain JSON is the same triples as everything else."""
    if register in ("country", "school-eng"):
        key = {"country": "CZ", "school-eng": "100001"}[register]
    lines = Graph().parse(
        data=client.get(path_of(register, key, ".nt")).text, format="nt"
    )
    plain = client.get(path_of(register, key)).json()
    assert to_isomorphic(graph_of_jsonld(client, plain)) == to_isomorphic(lines)


@pytest.mark.parametrize("key", TRAPS)
def test_hard_keys_are_found(client: TestClient, key: str) -> None:
    """A record answers under its key, whatever letters, dots or suffix it has."""
    url = f"http://localhost:8000{RECORDS.format('trap')}/"
    percent = "".join(f"%{byte:02X}" for byte in key.encode())
    for spelling in {encode_key(key), quote(key, safe=""), percent} - {".."}:
        record = client.get(url + spelling).json()
        assert record["trap"] == key
        assert record["@id"] == f"http://localhost:8000/id/trap/{encode_key(key)}"


def test_exact_key_wins_over_suffix(client: TestClient) -> None:
    """`v1.csv` is the record of that key; a second suffix gives its CSV."""
    assert client.get(path_of("trap", "v1.csv")).json()["trap"] == "v1.csv"
    as_csv = client.get(path_of("trap", "v1.csv", ".csv"))
    assert as_csv.text.splitlines()[1].startswith("v1.csv,")
    assert client.get(path_of("trap", "v1", ".ttl")).headers["content-type"] == (
        "text/turtle; charset=utf-8"
    )


def test_plain_record_keeps_the_item(client: TestClient, registers: Registers) -> None:
    """The fields of the plain JSON are the item's, and `_entry` names its hash."""
    record = client.get(path_of("school-eng", "100000")).json()
    item = registers.log.record("school-eng", "100000").item
    assert {name: record[name] for name in item} == item
    assert record["_entry"]["entry-number"] == "1"
    assert record["_entry"]["item-hash"].startswith("sha-256:")


def test_csv_has_the_fields_in_order(client: TestClient) -> None:
    """CSV is header and row, several values joined, lines ended as RFC 4180 has it."""
    answer = client.get(path_of("local-authority-eng", "CHC", ".csv"))
    assert answer.text.endswith("\r\n")
    (row,) = csv.DictReader(io.StringIO(answer.text, newline=""))
    assert list(row)[:3] == ["local-authority-eng", "local-authority-type", "name"]
    assert row["successors"] == "BPC"


def test_geojson_is_a_feature_in_lon_lat(client: TestClient) -> None:
    """GeoJSON has the position in degrees, or null for a record without one."""
    feature = client.get(path_of("postcode", "SW1A 1AA", ".geojson")).json()
    assert feature["geometry"] == {"type": "Point", "coordinates": [-0.1276, 51.5072]}
    assert client.get(path_of("country", "GB", ".geojson")).json()["geometry"] is None
    page = client.get("/registers/postcode/records.geojson").json()
    assert (page["type"], len(page["features"])) == ("FeatureCollection", 3)


def test_page_escapes_hostile_values(client: TestClient) -> None:
    """A script in a value is text on every page, and no value becomes a script link."""
    for url in (path_of("trap", SCRIPT, ".html"), "/registers/trap/records.html"):
        answer = client.get(url)
        assert answer.headers["content-type"].startswith("text/html")
        assert "<script" not in answer.text
        assert html.escape(SCRIPT) in answer.text
        assert 'href="javascript' not in answer.text
        assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_page_of_a_record_follows_links_and_draws_areas(client: TestClient) -> None:
    """A page links to linked records and outlines an area."""
    page = client.get(path_of("local-authority-eng", "CHC", ".html")).text
    assert 'href="/id/local-authority-type/NMD"' in page
    area = client.get(path_of("boundary", "E09000033-2025-full", ".html")).text
    assert '<path d="M' in area


@pytest.mark.parametrize("suffix", ["", ".jsonld", ".nt", ".csv", ".geojson"])
def test_paging_neither_loses_nor_repeats(client: TestClient, suffix: str) -> None:
    """Following `next` to the end gives every record once, in any format."""
    url, seen = f"/registers/address/records{suffix}?limit=77", []
    while url:
        answer = client.get(url)
        seen += keys_on(answer.text, suffix)
        url = answer.links["next"]["url"] if "next" in answer.links else ""
    assert len(seen) == 250
    assert sorted(set(seen)) == sorted(seen)


def keys_on(text: str, suffix: str) -> list[str]:
    """The keys of a page of addresses."""
    if suffix == ".csv":
        return [row["address"] for row in csv.DictReader(io.StringIO(text))]
    if suffix == ".nt":
        notation = "<http://www.w3.org/2004/02/skos/core#notation>"
        return [line.split('"')[1] for line in text.splitlines() if notation in line]
    body = json.loads(text)
    if suffix == ".geojson":
        return [one["properties"]["address"] for one in body["features"]]
    return [one["address"] for one in body.get("records") or body["@graph"]]


def test_page_as_jsonld_is_the_same_graph(client: TestClient) -> None:
    """A page of records as JSON-LD is the graph of its N-Triples."""
    url = "/registers/trap/records"
    lines = Graph().parse(data=client.get(f"{url}.nt").text, format="nt")
    document = client.get(f"{url}.jsonld").json()
    without = graph_of_jsonld(client, document)
    assert len(to_isomorphic(lines)) == len(to_isomorphic(without))
    assert to_isomorphic(lines) == to_isomorphic(without)


def test_a_hundred_records_unless_asked(client: TestClient) -> None:
    """A page has 100 records by default and 5000 at most."""
    url = "/registers/address/records"
    assert len(client.get(url).json()["records"]) == 100
    assert len(client.get(f"{url}?limit=5000").json()["records"]) == 250
    for bad in ("0", "5001", "-1", "ten", "1e2", ""):
        assert client.get(f"{url}?limit={bad}").status_code == 422, bad


def test_filters_keep_what_fits(client: TestClient) -> None:
    """A filter keeps records whose field has the value, or holds it among several."""
    url = "/registers/local-authority-eng/records"
    by_type = client.get(f"{url}?local-authority-type=LBO").json()["records"]
    assert [one["local-authority-eng"] for one in by_type] == ["LND", "WSM"]
    by_link = client.get(f"{url}?successors=BPC").json()["records"]
    assert [one["name"] for one in by_link] == ["Christchurch"]
    both = client.get(f"{url}?local-authority-type=LBO&name=Westminster").json()
    assert len(both["records"]) == 1
    none = client.get(f"{url}?name=' OR 1=1 --").json()
    assert none["records"] == []


def test_filters_go_on_to_the_next_page(client: TestClient) -> None:
    """The next page has the same filter."""
    answer = client.get("/registers/address/records?town=Leeds&limit=100")
    following = client.get(answer.links["next"]["url"]).json()["records"]
    assert len(following) == 25
    assert {one["town"] for one in following} == {"Leeds"}


def test_unknown_field_is_refused_with_those_there_are(client: TestClient) -> None:
    """A filter on a field that is none is a problem that names the fields."""
    answer = client.get("/registers/country/records?nmae=x")
    assert answer.status_code == 400
    assert answer.json()["fields"][:2] == ["country", "name"]
    twice = client.get("/registers/country/records?name=x&name=y")
    assert "2 times" in twice.json()["detail"]
    many = "&".join(f"{name}=x" for name in ("town", "name", "street", "postcode"))
    many += "&locality=x&address=x&address-text=x&point=x&parent-address=x"
    assert client.get(f"/registers/address/records?{many}").status_code == 400


@pytest.mark.parametrize(
    ("at", "held"),
    [
        ("1990", ["CS", "GB"]),
        ("1992-12-31", ["CS", "GB"]),
        ("1993-01-01", ["CZ", "GB"]),
        ("2011-07", ["CZ", "GB", "SS"]),
        ("2011-06-30", ["CZ", "GB"]),
    ],
)
def test_at_keeps_what_held_that_day(
    client: TestClient, at: str, held: list[str]
) -> None:
    """`at` keeps the records that held on a day, at any precision of their dates."""
    found = client.get(f"/registers/country/records?at={at}").json()["records"]
    assert [one["country"] for one in found] == held


def test_at_must_be_a_date(client: TestClient) -> None:
    """A date that is none is refused."""
    for bad in ("yesterday", "2019-13", "2019-02-30", "20190401"):
        answer = client.get(f"/registers/country/records?at={bad}")
        assert answer.status_code == 400, bad
        assert answer.json()["parameter"] == "at"
    assert client.get("/registers/country/records?at=").status_code == 422


def test_etag_spares_the_body(client: TestClient) -> None:
    """A client that has the answer gets 304 with the same ETag and log size."""
    url = path_of("country", "GB")
    first = client.get(url)
    again = client.get(url, headers={"If-None-Match": f'"x", {first.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    for name in ("etag", "cache-control", "trigpoint-log-size", "vary"):
        assert again.headers[name] == first.headers[name]
    other = client.get(f"{url}.ttl", headers={"If-None-Match": first.headers["etag"]})
    assert other.status_code == 200
    assert client.get(url, headers={"If-None-Match": "*"}).status_code == 304


def test_head_is_get_without_body(client: TestClient) -> None:
    """HEAD has the headers that GET has, and no body, also for what is not found."""
    for url in (path_of("country", "GB"), path_of("country", "NO"), "/registers"):
        head, get = client.head(url), client.get(url)
        assert (head.status_code, head.content) == (get.status_code, b"")
        kept = ("content-type", "etag", "trigpoint-log-size", "link")
        for name in kept:
            assert head.headers.get(name) == get.headers.get(name), (url, name)


def test_answers_name_their_log_size(client: TestClient) -> None:
    """Records and pages say which size of the log they speak for."""
    for url in (path_of("country", "GB", ".nt"), "/registers/country/records.csv"):
        assert client.get(url).headers["trigpoint-log-size"] == "country=5"


def test_one_record_takes_no_parameter(client: TestClient) -> None:
    """A parameter that would be passed over is refused."""
    answer = client.get(f"{path_of('country', 'GB')}?at=2019")
    assert (answer.status_code, answer.json()["parameter"]) == (400, "at")
