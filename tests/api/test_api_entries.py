"""The log over HTTP: entries, items, the whole register as RSF."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tests.testclient import TestClient
from trigpoint.log.rsf import read_rsf
from trigpoint.register import Registers


def test_entries_page_to_the_end(client: TestClient) -> None:
    """Following `next` gives every entry once, in order."""
    url, numbers = "/registers/address/entries?limit=60", []
    while url:
        answer = client.get(url)
        numbers += [int(one["entry-number"]) for one in answer.json()["entries"]]
        url = answer.links["next"]["url"] if "next" in answer.links else ""
    assert numbers == list(range(1, 251))


def test_full_ranges_are_immutable(client: TestClient) -> None:
    """A range that is full never changes; one that can grow is revalidated."""
    full = client.get("/registers/country/entries?start=1&limit=5")
    open_ended = client.get("/registers/country/entries?start=1&limit=6")
    assert "immutable" in full.headers["cache-control"]
    assert open_ended.headers["cache-control"] == "public, no-cache"


def test_entry_and_its_item(client: TestClient) -> None:
    """An entry names its item, and the item's bytes have that hash."""
    entry = client.get("/registers/country/entries/2").json()
    assert entry["key"] == "CZ"
    item = client.get(f"/items/{entry['item-hash']}")
    assert f"sha-256:{hashlib.sha256(item.content).hexdigest()}" == entry["item-hash"]
    assert item.headers["content-type"] == "application/json"


def test_trail_has_all_entries_of_a_key(client: TestClient) -> None:
    """A key that was changed has two entries, oldest first."""
    trail = client.get("/registers/country/records/GB/entries").json()
    assert [one["entry-number"] for one in trail["entries"]] == ["3", "5"]
    answer = client.get("/registers/country/records/NO/entries")
    assert answer.json()["type"] == "/problems/no-such-record"


def test_what_the_log_does_not_have(client: TestClient) -> None:
    """Numbers and hashes that are none are refused, those of nothing are not found."""
    for path, status in (
        ("/registers/country/entries/0", 404),
        ("/registers/country/entries/-1", 404),
        ("/registers/country/entries/6", 404),
        (f"/registers/country/entries/{10**30}", 404),
        ("/registers/country/entries/two", 422),
        ("/registers/country/entries?start=0", 422),
        ("/registers/country/entries?limit=5001", 422),
        ("/registers/country/entries?limit=", 422),
        (f"/items/sha-256:{'0' * 64}", 404),
        ("/items/sha-256:xyz", 400),
        (f"/items/sha-256:{'A' * 64}", 400),
    ):
        answer = client.get(path)
        assert answer.status_code == status, path
        assert answer.headers["content-type"] == "application/problem+json"


def test_download_reads_back(
    client: TestClient, registers: Registers, tmp_path: Path
) -> None:
    """The RSF of a register reads back to the same entries and root."""
    answer = client.get("/registers/country/download.rsf")
    file = tmp_path / "country.rsf"
    file.write_bytes(answer.content)
    archive = read_rsf(file)
    held = registers.log.entries("country")
    assert [draft.item_hash for draft in archive.entries] == [e.item_hash for e in held]
    assert archive.assertions == 2
