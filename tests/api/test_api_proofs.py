"""Proofs and record bundles over HTTP."""

from __future__ import annotations

import pytest

from tests.testclient import TestClient
from trigpoint.log.bundle import verify_bundle
from trigpoint.log.entry import leaf
from trigpoint.log.keys import parse_keys
from trigpoint.log.merkle import leaf_hash
from trigpoint.log.proof import verify_consistency, verify_entry_proof
from trigpoint.register import Registers
from trigpoint.schema.items import format_hash, parse_hash

ENTRY = "/registers/address/proofs/entry"
CONSISTENCY = "/registers/address/proofs/consistency"


@pytest.mark.parametrize("size", [None, 250, 200, 57])
def test_an_entry_is_proved(
    client: TestClient, registers: Registers, size: int | None
) -> None:
    """The hashes lead from the entry's leaf to the root at the size asked for, or at
    that of the checkpoint."""
    query = "" if size is None else f"?size={size}"
    answer = client.get(f"{ENTRY}/57{query}")
    body, at = answer.json(), size or 250
    leaf_ = leaf_hash(leaf(registers.log.entry("address", 57)))
    assert body["register"] == "address"
    assert (body["entry-number"], body["leaf-index"], body["size"]) == (57, 56, at)
    assert body["leaf-hash"] == format_hash(leaf_)
    root = registers.log.root("address", at)
    assert body["root-hash"] == format_hash(root)
    verify_entry_proof(leaf_, 56, at, [parse_hash(one) for one in body["proof"]], root)
    assert answer.headers["trigpoint-log-size"] == f"address={at}"
    assert ("immutable" in answer.headers["cache-control"]) == (size is not None)


@pytest.mark.parametrize(("first", "second"), [(1, 250), (57, 200), (250, 250)])
def test_a_size_extends_another(
    client: TestClient, registers: Registers, first: int, second: int
) -> None:
    """The hashes lead to both roots."""
    answer = client.get(f"{CONSISTENCY}/{first}/{second}")
    body = answer.json()
    roots = [registers.log.root("address", size) for size in (first, second)]
    assert (body["first"], body["second"]) == (first, second)
    assert body["first-root-hash"] == format_hash(roots[0])
    assert body["second-root-hash"] == format_hash(roots[1])
    hashes = [parse_hash(one) for one in body["proof"]]
    verify_consistency(first, roots[0], second, roots[1], hashes)
    assert "immutable" in answer.headers["cache-control"]


@pytest.mark.parametrize(
    ("path", "status", "slug"),
    [
        (f"{ENTRY}/0", 404, "no-such-entry"),
        (f"{ENTRY}/251", 404, "no-such-entry"),
        (f"{ENTRY}/58?size=57", 404, "no-such-entry"),
        (f"{ENTRY}/1?size=0", 404, "no-such-entry"),
        (f"{ENTRY}/1?size=251", 404, "no-such-entry"),
        (f"{ENTRY}/-1", 422, "invalid-request"),
        (f"{ENTRY}/+1", 422, "invalid-request"),
        (f"{ENTRY}/1_0", 422, "invalid-request"),
        (f"{ENTRY}/1.0", 422, "invalid-request"),
        (f"{ENTRY}/%D9%A1", 422, "invalid-request"),
        (f"{ENTRY}/{'9' * 19}", 422, "invalid-request"),
        (f"{ENTRY}/{'9' * 18}", 404, "no-such-entry"),
        (f"{ENTRY}/one", 422, "invalid-request"),
        (f"{ENTRY}/1?size=", 422, "invalid-request"),
        (f"{ENTRY}/1?size=-1", 422, "invalid-request"),
        (f"{ENTRY}/1?size=5&size=5", 400, "invalid-parameter"),
        (f"{ENTRY}/1?sise=5", 400, "invalid-parameter"),
        (f"{ENTRY}/1.ttl", 406, "not-acceptable"),
        (f"{CONSISTENCY}/0/250", 400, "invalid-parameter"),
        (f"{CONSISTENCY}/5/4", 400, "invalid-parameter"),
        (f"{CONSISTENCY}/5/251", 404, "no-such-entry"),
        (f"{CONSISTENCY}/5", 404, "no-such-page"),
        (f"{CONSISTENCY}/5/six", 422, "invalid-request"),
        ("/registers/nowhere/proofs/entry/1", 404, "no-such-register"),
        ("/registers/nowhere/proofs/consistency/1/2", 404, "no-such-register"),
        ("/registers/nowhere/records/1/bundle", 404, "no-such-register"),
        ("/registers/country/records/XX/bundle", 404, "no-such-record"),
        ("/registers/country/records/GB/bundle?entry=1", 404, "no-such-entry"),
        ("/registers/country/records/GB/bundle?entry=99", 404, "no-such-entry"),
        ("/registers/country/records/GB/bundle?entry=x", 422, "invalid-request"),
        ("/registers/country/records/GB/bundle?size=4", 400, "invalid-parameter"),
    ],
)
def test_what_cannot_be_proved(
    client: TestClient, path: str, status: int, slug: str
) -> None:
    """Sizes and entries that are not there, or are no numbers, are named as such."""
    answer = client.get(path)
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{slug}")


def test_what_is_no_number_is_told_what_was_expected(client: TestClient) -> None:
    """The detail begins with what we say of it, after the place."""
    said = client.get(f"{ENTRY}/one").json()["detail"]
    assert said.startswith("path/number: expected a whole number")


def test_pages_for_people(client: TestClient) -> None:
    """A browser gets the same hashes as a page."""
    for path in (f"{ENTRY}/57", f"{CONSISTENCY}/57/200"):
        body = client.get(path).json()
        page = client.get(path, headers={"Accept": "text/html"})
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert "Accept" in page.headers["vary"].split(", ")
        assert all(one in page.text for one in body["proof"])
    assert "None is needed" in client.get(f"{CONSISTENCY}/9/9.html").text


def test_head(client: TestClient) -> None:
    """HEAD has the headers alone."""
    for path in (f"{ENTRY}/57", "/registers/country/records/GB/bundle"):
        head, whole = client.head(path), client.get(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["etag"] == whole.headers["etag"]


def test_a_bundle_verifies_offline(client: TestClient, registers: Registers) -> None:
    """A file of its own proves the record to whoever trusts the key."""
    answer = client.get("/registers/country/records/GB/bundle")
    keys = parse_keys(client.get("/keys.json").content).keys
    proved = verify_bundle(answer.content, keys)
    assert proved.entry == registers.log.entry("country", 5)
    assert proved.item == registers.log.item(proved.entry.item_hash)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-disposition"] == (
        'attachment; filename="country-GB.bundle.json"'
    )
    assert answer.headers["trigpoint-log-size"] == "country=5"


def test_a_bundle_of_an_older_entry(client: TestClient) -> None:
    """`entry` picks another entry of the same key."""
    answer = client.get("/registers/country/records/GB/bundle?entry=3")
    assert verify_bundle(answer.content).entry.number == 3


def test_a_bundle_of_another_spelling(client: TestClient) -> None:
    """The key has one address, and what was asked goes on to it."""
    answer = client.get("/registers/postcode/records/sw1a1aa/bundle?entry=2")
    assert answer.status_code == 301
    assert answer.headers["location"] == (
        "/registers/postcode/records/SW1A%201AA/bundle?entry=2"
    )
    assert client.get(answer.headers["location"]).status_code == 200


def test_hard_keys_have_bundles(client: TestClient, registers: Registers) -> None:
    """A key that is hard on paths and file names has a bundle of its own."""
    for record in registers.log.records("trap"):
        path = client.get(f"/registers/trap/entries/{record.entry.number}").json()
        assert path["key"] == record.entry.key
        if record.entry.key == "..":
            continue  # clients resolve it as a step in the path
        url = str(client.get("/").json()["doors"]["bundle"]).format(
            register="trap", key=quoted(record.entry.key)
        )
        answer = client.get(url)
        assert verify_bundle(answer.content).entry == record.entry
        name = answer.headers["content-disposition"].partition("filename=")[2]
        assert name.isascii()
        assert not set(name.strip('"')) & set("/\\\"'\n")


def quoted(key: str) -> str:
    """A key as one segment of a path."""
    return "".join(f"%{byte:02X}" for byte in key.encode())


def test_the_page_of_a_record_leads_to_its_proof(client: TestClient) -> None:
    """The page links to the bundle of the very entry that it shows."""
    page = client.get("/doc/country/GB.html").text
    assert "/registers/country/records/GB/bundle?entry=5" in page
