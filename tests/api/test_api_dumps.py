"""Dumps: complete, checked, in ranges, and named with their log size."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from pathlib import Path

import pyoxigraph
import pytest
from rdflib import Graph
from rdflib.compare import to_isomorphic

from api.app import create_app
from api.files import MEDIA_TYPES
from tests.testclient import TestClient
from trigpoint.register import Registers


def test_index_has_every_dump(client: TestClient) -> None:
    """The index lists each register in each format, and the TriG of everything."""
    client.get("/dumps/country.nt")
    found = {one["url"]: one for one in client.get("/dumps").json()["dumps"]}
    base = "http://localhost:8000/dumps"
    assert f"{base}/everything.trig" in found
    assert f"{base}/address.geojson" in found
    assert f"{base}/country.geojson" not in found
    made = found[f"{base}/country.nt"]
    assert made["log-size"] == 5
    assert (
        made["sha-256"]
        == hashlib.sha256(client.get("/dumps/country.nt").content).hexdigest()
    )
    assert made["licence"].startswith("http://www.nationalarchives.gov.uk/")


@pytest.mark.parametrize(
    "suffix", [suffix for suffix in MEDIA_TYPES if suffix != "trig"]
)
def test_checksum_size_and_type_are_in_the_headers(
    client: TestClient, suffix: str
) -> None:
    """Each format carries its SHA-256, its length, its log size and its licence."""
    answer = client.get(f"/dumps/address.{suffix}")
    digest = hashlib.sha256(answer.content)
    encoded = base64.b64encode(digest.digest()).decode()
    assert answer.headers["repr-digest"] == f"sha-256=:{encoded}:"
    assert answer.headers["etag"] == f'"{digest.hexdigest()}"'
    assert answer.headers["content-type"] == MEDIA_TYPES[suffix]
    assert answer.headers["content-length"] == str(len(answer.content))
    assert answer.headers["trigpoint-log-size"] == "address=250"
    assert 'rel="license"' in answer.headers["link"]


def test_dumps_are_one_graph(client: TestClient) -> None:
    """N-Triples and Turtle of a register are the same triples; TriG has them too."""
    lines = Graph().parse(data=client.get("/dumps/country.nt").text, format="nt")
    turtle = Graph().parse(data=client.get("/dumps/country.ttl").text, format="turtle")
    everything = pyoxigraph.parse(
        client.get("/dumps/everything.trig").content, pyoxigraph.RdfFormat.TRIG
    )
    named = {f"{quad.triple} ." for quad in everything}
    assert to_isomorphic(lines) == to_isomorphic(turtle)
    assert len(lines) == 17
    assert set(client.get("/dumps/country.nt").text.splitlines()) <= named


def test_csv_names_its_metadata(client: TestClient) -> None:
    """The CSV links to CSVW metadata, which names the CSV and its columns."""
    answer = client.get("/dumps/country.csv")
    metadata = client.get(answer.links["describedby"]["url"]).json()
    assert metadata["url"] == "country.csv"
    titles = [c["titles"] for c in metadata["tableSchema"]["columns"] if "titles" in c]
    assert answer.text.splitlines()[0].split(",") == titles


@pytest.mark.parametrize(
    ("asked", "status", "part"),
    [
        ("bytes=0-6", 206, slice(0, 7)),
        ("bytes=7-", 206, slice(7, None)),
        ("bytes=-5", 206, slice(-5, None)),
        ("bytes=0-999999", 206, slice(0, None)),
        ("bytes=-999999", 206, slice(0, None)),
        ("bytes=5-2", 200, slice(0, None)),
        ("bytes=0-1,3-4", 200, slice(0, None)),
        ("bytes=-", 200, slice(0, None)),
        ("lines=1-2", 200, slice(0, None)),
        ("bytes=x-y", 200, slice(0, None)),
    ],
)
def test_ranges(client: TestClient, asked: str, status: int, part: slice) -> None:
    """One range is answered with 206; what is no single range with the whole."""
    whole = client.get("/dumps/country.csv").content
    answer = client.get("/dumps/country.csv", headers={"Range": asked})
    assert (answer.status_code, answer.content) == (status, whole[part])


def test_range_beyond_the_end(client: TestClient) -> None:
    """A range past the end is 416, with the length of the file."""
    size = len(client.get("/dumps/country.csv").content)
    answer = client.get("/dumps/country.csv", headers={"Range": f"bytes={size}-"})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{size}"
    assert answer.json()["type"] == "/problems/range-not-satisfiable"


def test_range_of_another_state_gives_the_whole(client: TestClient) -> None:
    """`If-Range` with another ETag gives the whole, so parts never mix."""
    headers = {"Range": "bytes=0-3", "If-Range": '"other"'}
    assert client.get("/dumps/country.csv", headers=headers).status_code == 200
    headers["If-Range"] = client.get("/dumps/country.csv").headers["etag"]
    assert client.get("/dumps/country.csv", headers=headers).status_code == 206


def test_files_are_not_compressed_and_have_304_and_head(client: TestClient) -> None:
    """Files go as they are; a client that has one gets 304, and HEAD no body."""
    answer = client.get("/dumps/address.nt", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in answer.headers
    etag = answer.headers["etag"]
    again = client.get("/dumps/address.nt", headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    head = client.head("/dumps/address.nt")
    assert head.headers["content-length"] == str(len(answer.content))
    assert head.content == b""


def test_dump_that_there_is_not(client: TestClient) -> None:
    """A format or register that there is not is 404, with those that there are."""
    answer = client.get("/dumps/country.geojson")
    assert answer.status_code == 404
    assert "csv-metadata.json" in answer.json()["detail"]
    assert client.get("/dumps/nothing.csv").status_code == 404
    assert client.get("/dumps/everything.csv").status_code == 404
    assert client.get("/dumps/country").status_code == 404


@pytest.mark.parametrize("facts", ["", "{", "null", "[]", "{}", '{"bytes": 5}'])
def test_a_torn_fact_file_costs_a_dump_its_facts_and_no_more(
    data: Path, tmp_path: Path, facts: str
) -> None:
    """What says how long a dump is may be torn: indexes answer, and it is made anew."""
    copy = tmp_path / "data"
    shutil.copytree(data, copy, ignore=shutil.ignore_patterns("dumps"))
    with TestClient(create_app(Registers.open(copy), workers=1)) as client:
        whole = client.get("/dumps/country.csv").content
        (file,) = (copy / "dumps" / "csv" / "country").glob("*.json")
        file.write_text(facts)
        assert client.get("/registers").status_code == 200
        listed = client.get("/dumps").json()["dumps"]
        (about,) = [one for one in listed if one["url"].endswith("/country.csv")]
        assert "sha-256" not in about
        assert client.get("/dumps/country.csv").content == whole
        assert (
            "sha-256"
            in json.loads(client.get("/dumps").text)["dumps"][listed.index(about)]
        )


def test_jsonld_dump_stands_alone(client: TestClient) -> None:
    """The JSON-LD dump carries its context and has every record."""
    body = json.loads(client.get("/dumps/country.jsonld").content)
    assert isinstance(body["@context"], dict)
    assert len(body["@graph"]) == 4
