"""Downloads of the GDS v1 API: the archive, and RSF of the whole or of a part."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.app import create_app
from api.gds import archive
from tests.api.gds import Archived, compact, read, root_of
from tests.demo import ROOT
from tests.testclient import TestClient
from trigpoint.register import Registers

V1 = "/registers/country/v1"


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


def test_archive(old: TestClient, country: Archived) -> None:
    """The ZIP has the register, each item and each entry, as the routes show them."""
    answer = old.get(f"{V1}/download-register")
    assert answer.headers["content-type"] == "application/octet-stream"
    name = "attachment; filename=country-210.zip"
    assert answer.headers["content-disposition"] == name
    assert answer.headers["content-transfer-encoding"] == "binary"
    packed = zipfile.ZipFile(io.BytesIO(answer.content))
    assert packed.testzip() is None
    used = {one["item-hash"][0] for one in country.entries}
    assert set(packed.namelist()) == {
        "register.json",
        *(f"item/{name}.json" for name in used),
        *(f"entry/{number}.json" for number in range(1, 211)),
    }
    assert packed.read("register.json") == old.get(f"{V1}/register").content
    for name in used:
        data = packed.read(f"item/{name}.json")
        assert f"sha-256:{hashlib.sha256(data).hexdigest()}" == name
    for number in (1, 100, 210):
        text = packed.read(f"entry/{number}.json").decode()
        assert text == compact(country.entries[number - 1])


@pytest.mark.parametrize(("name", "limit"), [("MAX_ENTRIES", 209), ("MAX_TEXT", 9999)])
def test_a_register_that_is_too_large_for_an_archive(
    old: TestClient, monkeypatch: pytest.MonkeyPatch, name: str, limit: int
) -> None:
    """A register beyond a limit has no archive, and the answer says what it has."""
    monkeypatch.setattr(archive, name, limit)
    answer = old.get(f"{V1}/download-register")
    assert answer.status_code == 501
    assert f"http://localhost:8000{V1}/download-rsf" in answer.text


def test_whole_rsf(old: TestClient) -> None:
    """The whole register is the file that the dump is, as an attachment."""
    answer = old.get(f"{V1}/download-rsf")
    assert answer.headers["content-type"] == "application/uk-gov-rsf"
    name = "attachment; filename=rsf-210.rsf"
    assert answer.headers["content-disposition"] == name
    assert answer.content == old.get("/registers/country/download.rsf").content
    assert answer.headers["cache-control"] == "public, no-cache"
    followed = old.get(f"{V1}/download-rsf/0")
    assert followed.content == answer.content
    assert followed.headers["cache-control"] == "public, no-cache"
    assert old.get(f"{V1}/download-rsf/0/210").content == answer.content


@pytest.mark.parametrize(
    ("first", "second"), [(0, 1), (0, 100), (1, 2), (100, 210), (198, 205), (209, 210)]
)
def test_parts_of_rsf(
    old: TestClient, country: Archived, tmp_path: Path, first: int, second: int
) -> None:
    """A part has the roots at both sizes, the entries between and just their items."""
    answer = old.get(f"{V1}/download-rsf/{first}/{second}")
    file = tmp_path / "part.rsf"
    file.write_bytes(answer.content)
    part = read(file)
    between = country.entries[first:second]
    keys = ("entry-timestamp", "key", "item-hash")
    assert [[one[k] for k in keys] for one in part.entries] == [
        [one[k] for k in keys] for one in between
    ]
    assert bool(part.system) == (first == 0)
    lines = answer.text.splitlines()
    leaves = country.leaves()
    for line, size in ((lines[0], first), (lines[-1], second)):
        assert line == f"assert-root-hash\tsha-256:{root_of(leaves[:size]).hex()}"
    if first:
        assert set(part.items) == {one["item-hash"][0] for one in between}


def test_the_parts_together_are_the_whole(
    old: TestClient, country: Archived, tmp_path: Path
) -> None:
    """A client that starts from nothing and asks for what followed has everything."""
    found: list[object] = []
    for first, second in ((0, 50), (50, 120), (120, None)):
        last = "" if second is None else f"/{second}"
        answer = old.get(f"{V1}/download-rsf/{first}{last}")
        file = tmp_path / "part.rsf"
        file.write_bytes(answer.content)
        found += [(one["key"], one["item-hash"]) for one in read(file).entries]
    assert found == [(one["key"], one["item-hash"]) for one in country.entries]


def test_nothing_between_equal_sizes(old: TestClient, country: Archived) -> None:
    """Between equal sizes there is the root hash and no more."""
    for size in (0, 1, 210):
        root = root_of(country.leaves()[:size]).hex()
        text = old.get(f"{V1}/download-rsf/{size}/{size}").text
        assert text == f"assert-root-hash\tsha-256:{root}\n"
    assert old.get(f"{V1}/download-rsf/210").text == text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("5/4", 400),
        ("-1/4", 400),
        ("0/211", 400),
        ("211", 400),
        ("a/b", 404),
        ("x", 404),
    ],
)
def test_parts_that_there_are_not(old: TestClient, path: str, status: int) -> None:
    """Sizes that the log has not, and what is no size, are refused."""
    answer = old.get(f"{V1}/download-rsf/{path}")
    assert answer.status_code == status
    assert "<h1>" in answer.text


@pytest.mark.parametrize(
    "path", ["download-register", "download-rsf", "download-rsf/9"]
)
def test_head_of_downloads(old: TestClient, path: str) -> None:
    """HEAD sends nothing of the file, and says what it is and how long if that is
    known before."""
    whole, head = old.get(f"{V1}/{path}"), old.head(f"{V1}/{path}")
    assert head.status_code == 200
    assert head.content == b""
    for name in ("content-type", "content-disposition", "trigpoint-log-size"):
        assert head.headers[name] == whole.headers[name]
    if path != "download-rsf/9":
        assert int(head.headers["content-length"]) == len(whole.content)


def test_downloads_are_not_packed_again(old: TestClient) -> None:
    """A file is sent as it is, so that its length and ranges hold."""
    part = old.get(f"{V1}/download-rsf", headers={"Range": "bytes=0-15"})
    assert part.status_code == 206
    assert part.content == b"assert-root-hash"
    for path in ("download-register", "download-rsf", "download-rsf/9"):
        answer = old.get(f"{V1}/{path}", headers={"Accept-Encoding": "gzip"})
        assert "content-encoding" not in answer.headers


def test_the_archive_says_what_the_register_says(old: TestClient) -> None:
    """`register.json` in the archive names no person."""
    answer = old.get("/registers/territory/v1/download-register")
    packed = zipfile.ZipFile(io.BytesIO(answer.content))
    body = json.loads(packed.read("register.json"))
    assert body["custodian"] == old.get("/registers/territory").json()["custodian"]
