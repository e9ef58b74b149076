"""Identifiers: 303 to documents, 301 from other spellings, 404 and 410."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from api.app import create_app
from tests.api.sample import BOROUGH
from tests.testclient import TestClient
from trigpoint.register import LOG_FILE, Registers


@pytest.mark.parametrize("suffix", ["", ".ttl", ".json", ".html"])
def test_a_thing_sends_on_to_its_document(client: TestClient, suffix: str) -> None:
    """An identifier answers 303 with its document, the suffix carried over."""
    answer = client.get(f"/id/postcode/SW1A%201AA{suffix}")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/doc/postcode/SW1A%201AA{suffix}"
    assert client.get(answer.headers["location"]).status_code == 200


@pytest.mark.parametrize(
    "door", ["/id/{}/{}", "/doc/{}/{}", "/registers/{}/records/{}"]
)
@pytest.mark.parametrize(
    ("register", "spelling", "canonical"),
    [
        ("address", "000000010001", "10001"),
        ("address", "010001.csv", "10001.csv"),
        ("postcode", "sw1a1aa", "SW1A%201AA"),
        ("postcode", "SW1A1AA.json", "SW1A%201AA.json"),
        ("postcode", "sw1a%20%201aa", "SW1A%201AA"),
        (BOROUGH, "e09000033", "E09000033"),
        (BOROUGH, "e09000033.ttl", "E09000033.ttl"),
    ],
)
def test_other_spellings_are_moved(
    client: TestClient, door: str, register: str, spelling: str, canonical: str
) -> None:
    """A key spelt otherwise is sent on for good to the one spelling, suffix and all."""
    answer = client.get(door.format(register, spelling))
    assert answer.status_code == 301
    assert answer.headers["location"] == door.format(register, canonical)


@pytest.mark.parametrize("suffix", ["", ".json", ".html"])
def test_entries_of_other_spellings_are_moved(client: TestClient, suffix: str) -> None:
    """The entries of a key spelt otherwise are where those of its one spelling are."""
    answer = client.get(f"/registers/postcode/records/sw1a1aa/entries{suffix}")
    assert answer.status_code == 301
    target = f"/registers/postcode/records/SW1A%201AA/entries{suffix}"
    assert answer.headers["location"] == target
    assert client.get(target).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/id/postcode/sw1a1aa",
        "/id/postcode/SW1A%201AA",
        "/doc/postcode/sw1a1aa",
        "/registers/postcode/records/sw1a1aa",
        "/registers/postcode/records/sw1a1aa/entries",
    ],
)
def test_no_parameter_is_lost_on_the_way(client: TestClient, path: str) -> None:
    """Doors that take no parameters refuse one before they send on without it."""
    assert client.get(path).status_code in (301, 303)
    answer = client.get(f"{path}?at=2010")
    assert (answer.status_code, answer.json()["parameter"]) == (400, "at")


@pytest.mark.parametrize(
    "path",
    [
        "/id/country/XX",
        "/id/country/gb",
        "/id/postcode/EC1A%201BB",
        "/id/postcode/not-a-postcode",
        "/id/address/0",
        "/doc/country/XX.ttl",
        "/id/nothing/GB",
        "/id/country/GB/geometry",
    ],
)
def test_what_was_never_held_is_not_found(client: TestClient, path: str) -> None:
    """A key never held is 404, also one that could not be a key of that register."""
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_key_that_cannot_be_says_what_one_looks_like(client: TestClient) -> None:
    """The 404 of a misspelt identifier says what was expected."""
    detail = client.get("/id/postcode/not-a-postcode").json()["detail"]
    assert "expected one such as SW1A 1AA" in detail


def test_document_names_itself_and_its_thing(client: TestClient) -> None:
    """A document says where this format of it is, and what it describes."""
    answer = client.get("/doc/country/GB", headers={"Accept": "text/turtle"})
    assert answer.headers["content-location"] == "/doc/country/GB.ttl"
    assert answer.links["canonical"]["url"] == "/doc/country/GB"
    assert answer.links["describes"]["url"] == "/id/country/GB"


def test_ended_record_says_when_and_what_replaced_it(client: TestClient) -> None:
    """A record that ended still answers, with its end and a link to its successor."""
    answer = client.get("/doc/local-authority-eng/CHC")
    assert answer.status_code == 200
    assert answer.json()["end-date"] == "2019-03-31"
    assert answer.links["successor-version"]["url"] == "/id/local-authority-eng/BPC"
    page = client.get("/doc/local-authority-eng/CHC.html").text
    assert "This record ended: 2019-03-31." in page
    assert 'replaced by\n<a href="/id/local-authority-eng/BPC">BPC</a>' in page


def test_withheld_content_is_gone(data: Path, tmp_path: Path) -> None:
    """The identifier, document and item of withheld content are 410; others stay."""
    copy = tmp_path / "data"
    shutil.copytree(data, copy)
    reason = "personal data, 2026-01-01"
    with sqlite3.connect(copy / LOG_FILE) as log:
        log.execute(
            "UPDATE item SET content = NULL, withheld = ? "
            "WHERE content LIKE '%Czechia%'",
            (reason,),
        )
    log.close()
    entry = Registers.open(copy).log.trail("country", "CZ")[0]
    app = create_app(Registers.open(copy), workers=1)
    with TestClient(app, follow_redirects=False) as client:
        for path in ("/id/country/CZ", "/doc/country/CZ.ttl"):
            answer = client.get(path)
            assert answer.status_code == 410, path
            assert reason in answer.json()["detail"]
        item = client.get(f"/items/sha-256:{entry.item_hash.hex()}")
        assert item.json()["type"] == "/problems/withheld"
        assert client.get("/id/country/GB").status_code == 303
        assert len(client.get("/registers/country/records").json()["records"]) == 3


@pytest.mark.parametrize(
    "path",
    [
        "/id/country/..%2f..%2fetc%2fpasswd",
        "/doc/..%2f..%2fcountry/GB",
        "/registers/..%2f..%2f..%2fetc/records",
        "/registers/country/records/..%2F..%2Fetc%2Fpasswd",
        "/dumps/..%2f..%2flog.sqlite",
        "/dumps/..%2flog.sqlite",
        "/dumps/country.csv%2f..%2f..%2f..%2flog.sqlite",
        "/dumps/country.nt%00",
        "/problems/..%2fREADME",
        "/items/..%2f..%2flog.sqlite",
        "/registers/%00/records",
    ],
)
def test_paths_stay_inside(client: TestClient, path: str) -> None:
    """Dots, slashes and nulls in a path name nothing, and never a file."""
    answer = client.get(path)
    assert answer.status_code in (400, 404)
    assert answer.headers["content-type"] == "application/problem+json"


def test_path_that_is_not_utf8_is_refused(client: TestClient) -> None:
    """Bytes that are no text are a problem of the request."""
    answer = client.get("/id/trap/%ff%fe")
    assert answer.status_code == 400
    assert answer.json()["type"] == "/problems/invalid-identifier"
