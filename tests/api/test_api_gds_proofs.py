"""Proofs of the GDS v1 API: they verify against roots worked out from the RSF file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.app import create_app
from tests.api.gds import Archived, hashes_of, read, root_of
from tests.demo import ROOT
from tests.testclient import TestClient
from trigpoint.log.proof import verify_consistency, verify_entry_proof
from trigpoint.register import Registers

V1 = "/registers/country/v1"
MERKLE = "merkle:sha-256"
SIZES = (1, 2, 3, 7, 8, 100, 128, 129, 200, 209, 210)


@pytest.fixture(scope="module")
def old(demo: Path) -> Iterator[TestClient]:
    """A client of the embedded sample."""
    app = create_app(Registers.open(demo), workers=1)
    with TestClient(app, base_url="http://localhost:8000") as running:
        yield running


@pytest.fixture(scope="module")
def country() -> Archived:
    """The RSF file of the register, read without trigpoint."""
    return read(ROOT / "data" / "country.rsf")


def test_register_proof(old: TestClient, country: Archived) -> None:
    """The register's proof is its root hash, as the file asserts it, and its size."""
    body = old.get(f"{V1}/proof/register/{MERKLE}").json()
    assert list(body.items()) == [
        ("proof-identifier", MERKLE),
        ("root-hash", country.asserted[210]),
        ("total-entries", len(country.entries)),
    ]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("door", ["entry", "entries"])
def test_entry_proofs(old: TestClient, country: Archived, size: int, door: str) -> None:
    """Each proof leads from the entry's leaf to the root at its size."""
    leaves = country.leaves()
    root = root_of(leaves[:size])
    for number in {1, 2, size // 2 + 1, size}:
        if number > size:
            continue
        body = old.get(f"{V1}/proof/{door}/{number}/{size}/{MERKLE}").json()
        names = ["proof-identifier", "entry-number", "merkle-audit-path"]
        assert list(body) == names
        assert body["entry-number"] == str(number)
        path = hashes_of(body["merkle-audit-path"])
        verify_entry_proof(leaves[number - 1], number - 1, size, path, root)


@pytest.mark.parametrize("old_size", SIZES)
def test_consistency_proofs(old: TestClient, country: Archived, old_size: int) -> None:
    """Each proof shows the later root to extend the earlier one."""
    leaves = country.leaves()
    for new_size in (size for size in SIZES if size >= old_size):
        address = f"{V1}/proof/consistency/{old_size}/{new_size}/{MERKLE}"
        body = old.get(address).json()
        assert list(body) == ["proof-identifier", "merkle-consistency-nodes"]
        roots = root_of(leaves[:old_size]), root_of(leaves[:new_size])
        nodes = hashes_of(body["merkle-consistency-nodes"])
        verify_consistency(old_size, roots[0], new_size, roots[1], nodes)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"entry/0/210/{MERKLE}", 400),
        (f"entry/211/211/{MERKLE}", 400),
        (f"entry/5/4/{MERKLE}", 400),
        (f"entries/-1/4/{MERKLE}", 400),
        (f"entry/one/4/{MERKLE}", 404),
        (f"entry/1/{10**30}/{MERKLE}", 404),
        (f"consistency/0/4/{MERKLE}", 400),
        (f"consistency/5/4/{MERKLE}", 400),
        (f"consistency/5/211/{MERKLE}", 400),
        (f"consistency/a/b/{MERKLE}", 404),
        ("register/merkle:sha-1", 404),
        ("register/pgp", 404),
        ("entry/1/4/x", 404),
        (f"register/{MERKLE}.csv", 406),
        (f"nothing/{MERKLE}", 404),
    ],
)
def test_proofs_that_cannot_be_given(old: TestClient, path: str, status: int) -> None:
    """Sizes that are none, other kinds of proof and other formats are refused."""
    answer = old.get(f"{V1}/proof/{path}")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "text/html;charset=UTF-8"


def test_an_encoded_identifier_is_understood(old: TestClient) -> None:
    """A client that encodes the colon gets the same proof."""
    plain = old.get(f"{V1}/proof/register/{MERKLE}")
    encoded = old.get(f"{V1}/proof/register/merkle%3Asha-256.json")
    assert encoded.status_code == 200
    assert encoded.content == plain.content
