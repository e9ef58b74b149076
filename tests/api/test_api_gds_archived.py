"""The GDS v1 API over every archived register: each record, entry, item and root."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from rdflib import Graph

from api.app import create_app
from tests.api.gds import ENTRY, Archived, compact, hashes_of, read, root_of
from tests.testclient import TestClient
from trigpoint.log.proof import verify_consistency, verify_entry_proof
from trigpoint.register import Registers

SUFFIXES = ("json", "csv", "tsv", "yaml", "ttl")
MERKLE = "merkle:sha-256"


@pytest.fixture(scope="module")
def old(archived: Path) -> Iterator[TestClient]:
    """A client of all archived registers."""
    app = create_app(Registers.open(archived), workers=1)
    with TestClient(app, base_url="http://localhost:8000") as running:
        yield running


@pytest.fixture(scope="module")
def files(rsf_files: list[Path]) -> dict[str, Archived]:
    """Each archived register as its file says, read without trigpoint."""
    return {path.stem: read(path) for path in rsf_files}


def pages(client: TestClient, path: str) -> Iterator[Any]:
    """What each page says, from the first on."""
    answer = client.get(path)
    yield answer
    while "next" in answer.links:
        answer = client.get(path.partition("?")[0] + answer.links["next"]["url"])
        yield answer


def test_all_records_and_entries(old: TestClient, files: dict[str, Archived]) -> None:
    """Every page of every register has just what the file has, in order."""
    assert len(files) == 51
    for name, file in files.items():
        door = f"/registers/{name}/v1"
        records: dict[str, Any] = {}
        for page in pages(old, f"{door}/records?page-size=1000"):
            records |= page.json()
        wanted = {key: file.record(key) for key in file.newest()}
        assert compact(records) == compact(wanted), name
        entries = []
        for page in pages(old, f"{door}/entries?limit=1000"):
            entries += page.json()
        assert entries == file.entries, name


def test_all_registers(old: TestClient, files: dict[str, Archived]) -> None:
    """Totals and roots are those of the files, and no custodian is a person's name."""
    people = {
        text
        for file in files.values()
        for item in file.items.values()
        if isinstance(text := item.get("custodian"), str) and set(item) == {"custodian"}
    }
    assert people
    for name, file in files.items():
        body = old.get(f"/registers/{name}/v1/register").json()
        assert body["total-records"] == len(file.latest), name
        assert body["total-entries"] == len(file.entries), name
        assert body["last-updated"] == file.entries[-1]["entry-timestamp"], name
        assert body["custodian"] not in people, name
        proof = old.get(f"/registers/{name}/v1/proof/register/{MERKLE}").json()
        assert proof["root-hash"] == file.root(), name
        assert proof["total-entries"] == len(file.entries), name
        for size, root in file.asserted.items():
            assert file.root(size) == root, name


def test_every_format_of_everything(
    old: TestClient, files: dict[str, Archived]
) -> None:
    """Each route of each register answers in each format, and each says as much."""
    for name, file in files.items():
        first, key = file.entries[0], file.newest()[-1]
        for path, much in (
            ("records", min(len(file.latest), 20)),
            (f"records/{key}", 1),
            ("entries", min(len(file.entries), 20)),
            ("entries/1", 1),
            (f"items/{first['item-hash'][0]}", 1),
            (f"records/{name}/{key}", 1),
        ):
            for suffix in SUFFIXES:
                page = {"page-size": "20", "limit": "20"}
                address = f"/registers/{name}/v1/{path}.{suffix}"
                answer = old.get(address, params=page)
                assert answer.status_code == 200, (name, path, suffix)
                assert amount(answer.text, suffix, path) == much, (name, path, suffix)


def amount(text: str, suffix: str, path: str) -> int:
    """How many things an answer is about."""
    if suffix == "ttl":
        return len(set(Graph().parse(data=text).subjects()))
    if suffix == "tsv":
        return text.count("\n") - 1
    if suffix == "csv":
        return len(list(csv.reader(io.StringIO(text, newline="")))) - 1
    body = yaml.safe_load(text)
    return 1 if path.startswith("items") else len(body)


def test_tables_have_every_value(old: TestClient, files: dict[str, Archived]) -> None:
    """No field of any record is lost in CSV."""
    for name, file in files.items():
        rows = [
            row
            for page in pages(old, f"/registers/{name}/v1/records.csv?page-size=5000")
            for row in csv.DictReader(io.StringIO(page.text, newline=""))
        ]
        for key, row in zip(file.newest(), rows, strict=True):
            record = file.record(key)
            assert {one: row[one] for one in ENTRY} == {
                one: record[one] for one in ENTRY
            }
            cells = {n: v for n, v in list(row.items())[len(ENTRY) :] if v}
            (item,) = record["item"]
            assert cells == {
                n: ";".join(v) if isinstance(v, list) else v
                for n, v in item.items()
                if v not in ("", [])
            }, (name, key)


def test_proofs_of_all_registers(old: TestClient, files: dict[str, Archived]) -> None:
    """An entry proof and a consistency proof of each register verify."""
    for name, file in files.items():
        leaves = file.leaves()
        size, half = len(leaves), (len(leaves) + 1) // 2
        root = root_of(leaves)
        door = f"/registers/{name}/v1/proof"
        body = old.get(f"{door}/entry/{half}/{size}/{MERKLE}").json()
        path = hashes_of(body["merkle-audit-path"])
        verify_entry_proof(leaves[half - 1], half - 1, size, path, root)
        body = old.get(f"{door}/consistency/{half}/{size}/{MERKLE}").json()
        nodes = hashes_of(body["merkle-consistency-nodes"])
        verify_consistency(half, root_of(leaves[:half]), size, root, nodes)


def test_downloads_of_all_registers(
    old: TestClient, files: dict[str, Archived], tmp_path: Path
) -> None:
    """The whole of each register reads back to its entries and root; no person is in
    it; and each has an archive."""
    for name, file in files.items():
        path = tmp_path / f"{name}.rsf"
        path.write_bytes(old.get(f"/registers/{name}/v1/download-rsf").content)
        back = read(path)
        assert back.entries == file.entries, name
        assert back.asserted == {0: file.root(0), len(file.entries): file.root()}
        assert "custodian" not in back.system
        packed = old.get(f"/registers/{name}/v1/download-register")
        assert packed.content[:2] == b"PK", name
