"""The signed log over HTTP: checkpoints, tiles, bundles, keys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.app import create_app
from tests.log.naive import Leaves, tiles
from tests.log.test_served import GARBAGE
from tests.testclient import TestClient
from trigpoint.log.checkpoint import parse_checkpoint
from trigpoint.log.keys import Keyring, parse_keys, trusted_keys
from trigpoint.log.note import parse_note
from trigpoint.register import Registers
from trigpoint.replica.export import export_static

ADDRESS = "/registers/address"


@pytest.fixture(scope="module")
def keyring(client: TestClient) -> Keyring:
    """The keys that the server shows, as somebody who pinned the first would trust."""
    text = client.get("/keys.json").text
    return trusted_keys(text, str(parse_keys(text).keys[0]))


def test_the_checkpoint_is_signed_and_says_size_and_root(
    client: TestClient, keyring: Keyring, registers: Registers
) -> None:
    """The keys of `/keys.json` signed it, as plain text that is not kept for long."""
    answer = client.get(f"{ADDRESS}/checkpoint")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["cache-control"] == "public, no-cache"
    assert answer.headers["trigpoint-log-size"] == "address=250"
    assert answer.headers["access-control-allow-origin"] == "*"
    found = keyring.check(parse_note(answer.content))
    assert found.origin == "localhost:8000/registers/address"
    assert (found.size, found.root) == (250, registers.log.root("address"))


def test_an_older_checkpoint_stays(client: TestClient, keyring: Keyring) -> None:
    """Every size that was signed has its checkpoint, other sizes have none."""
    older = parse_note(client.get("/registers/country/checkpoint/4").content)
    assert keyring.check(older).size == 4
    latest = client.get("/registers/country/checkpoint").content
    assert client.get("/registers/country/checkpoint/5").content == latest
    missing = client.get("/registers/country/checkpoint/3")
    assert missing.status_code == 404
    assert missing.json()["type"] == "/problems/not-signed"


def test_the_statement_is_signed(client: TestClient, keyring: Keyring) -> None:
    """What stands beside the tree is a note of the same key."""
    answer = client.get(f"{ADDRESS}/about")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    note = parse_note(answer.content)
    keyring.check_signed(note, "address", 250)
    assert note.text.startswith("localhost:8000/registers/address/about\n")


def test_tiles_are_immutable_bytes(client: TestClient, registers: Registers) -> None:
    """Tiles and bundles have the bytes that the entries make, and headers to keep
    them by; a bundle of items for a day only, since one may be withheld."""
    year, day = (
        "public, max-age=31536000, immutable",
        "public, max-age=86400, immutable",
    )
    for path, body in tiles(Leaves.of(registers.log, "address"), 250):
        answer = client.get(f"{ADDRESS}/{path}")
        assert answer.content == body
        assert answer.headers["content-type"] == "application/octet-stream"
        items = path.startswith("tile/items")
        assert answer.headers["cache-control"] == (day if items else year)
        assert answer.headers["trigpoint-log-size"] == "address=250"


def test_narrower_tiles_are_prefixes(client: TestClient) -> None:
    """The tile of any earlier size is there, and none that is wider than the log."""
    whole = client.get(f"{ADDRESS}/tile/0/000.p/250").content
    for width in (1, 2, 128, 249):
        answer = client.get(f"{ADDRESS}/tile/0/000.p/{width}")
        assert answer.content == whole[: 32 * width]
        assert answer.headers["trigpoint-log-size"] == f"address={width}"
    for path in ("tile/0/000.p/251", "tile/0/000", "tile/0/001.p/1", "tile/1/000.p/1"):
        assert client.get(f"{ADDRESS}/{path}").status_code == 404


@pytest.mark.parametrize("path", [one for one in GARBAGE if one.startswith("tile/")])
def test_garbage_is_not_found(client: TestClient, path: str) -> None:
    """Whatever is no tile's path is a problem of 404, and never an error of ours."""
    url = f"{ADDRESS}/{path}".replace("\n", "%0A")
    answer = client.get(url)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "path",
    [
        "/registers/address/tile/0/%2e%2e/0/000.p/1",
        "/registers/address/tile/%30/000.p%2F1",
        "/registers/address/tile/0%2F000.p/1",
        "/registers/address/tile/0/000.p/1%00",
        "/registers/address/tile/0/000.p/%D9%A1",
        "/registers/address/tile/0/000.p/1.json",
        "/registers/address/tile/0/000.p/1/",
        "/registers/address/checkpoint/%32%35%30/",
        "/registers/address/checkpoint.json",
        "/registers/address/checkpoint/-1",
        "/registers/address/checkpoint/" + "9" * 100,
        "/registers/nowhere/checkpoint",
        "/registers/nowhere/tile/0/000.p/1",
        "/registers/..%2Faddress/checkpoint",
    ],
)
def test_other_addresses_are_not_found(client: TestClient, path: str) -> None:
    """Encoded slashes, dots and digits lead nowhere else."""
    answer = client.get(path)
    assert answer.status_code == 404, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_an_escaped_digit_is_the_digit(client: TestClient) -> None:
    """An unreserved character means the same when it is escaped (RFC 3986, 6.2.2)."""
    plain = client.get(f"{ADDRESS}/tile/0/000.p/1")
    assert client.get(f"{ADDRESS}/tile/%30/000.p/%31").content == plain.content


def test_parameters_are_refused(client: TestClient) -> None:
    """These doors take none."""
    for path in ("checkpoint", "about", "tile/0/000.p/1", "checkpoint/250"):
        answer = client.get(f"{ADDRESS}/{path}?size=5")
        assert answer.status_code == 400
        assert answer.json()["type"] == "/problems/invalid-parameter"


@pytest.mark.parametrize(
    "path", ["checkpoint", "about", "tile/0/000.p/250", "tile/items/000.p/250"]
)
def test_head_and_revalidation(client: TestClient, path: str) -> None:
    """HEAD has the headers alone, and a client that has the bytes gets none again."""
    whole = client.get(f"{ADDRESS}/{path}", headers={"Accept-Encoding": "identity"})
    head = client.head(f"{ADDRESS}/{path}", headers={"Accept-Encoding": "identity"})
    assert (head.status_code, head.content) == (200, b"")
    for name in ("etag", "content-type", "content-length", "cache-control"):
        assert head.headers[name] == whole.headers[name]
    known = {"If-None-Match": whole.headers["etag"]}
    assert client.get(f"{ADDRESS}/{path}", headers=known).status_code == 304
    assert client.post(f"{ADDRESS}/{path}").status_code == 405


def test_validators_and_compression(client: TestClient) -> None:
    """What never changes has a strong validator, which is weak once it is compressed;
    hashes are not compressed at all."""
    entries = f"{ADDRESS}/tile/entries/000.p/250"
    plain = client.get(entries, headers={"Accept-Encoding": "identity"})
    packed = client.get(entries, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(plain.content) / 2
    assert packed.content == plain.content
    assert plain.headers["etag"].startswith('"')
    assert packed.headers["etag"] == f"W/{plain.headers['etag']}"
    hashes = client.get(
        f"{ADDRESS}/tile/0/000.p/250", headers={"Accept-Encoding": "gzip"}
    )
    assert "content-encoding" not in hashes.headers
    assert hashes.headers["etag"].startswith('"')
    moving = client.get(f"{ADDRESS}/checkpoint")
    assert moving.headers["etag"].startswith("W/")


def test_links_lead_here(client: TestClient) -> None:
    """The register's document and page, and the index, name these doors."""
    links = client.get(ADDRESS).json()["links"]
    assert client.get(links["checkpoint"]).status_code == 200
    assert client.get(links["about"]).status_code == 200
    assert "/checkpoint" in client.get(f"{ADDRESS}.html").text
    doors = client.get("/").json()["doors"]
    assert client.get(doors["keys"]).status_code == 200
    for name, values in {
        "checkpoint": {"register": "address"},
        "tile": {"register": "address", "level": "0", "index": "000.p/3"},
        "entry-proof": {"register": "address", "number": "7"},
        "consistency-proof": {"register": "address", "old": "7", "new": "9"},
        "bundle": {"register": "address", "key": "10007"},
    }.items():
        assert client.get(doors[name].format(**values)).status_code == 200, name


def test_files_of_the_sample_are_what_is_served(demo: Path, tmp_path: Path) -> None:
    """Each file of a static export of the embedded sample has the bytes of the door at
    its path."""
    check_export(demo, tmp_path / "out")


def test_files_of_the_archive_are_what_is_served(
    archived: Path, tmp_path: Path
) -> None:
    """So has each file of the archived registers."""
    check_export(archived, tmp_path / "out")


def check_export(data: Path, out: Path) -> None:
    """Files and doors have the same bytes, which are what the entries make; there is
    no other file but the page for people."""
    registers = Registers.open(data)
    export_static(registers.log, out)
    files = {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in out.rglob("*")
        if path.is_file() and path.name not in ("index.html", ".lock")
    }
    with TestClient(create_app(registers, workers=1)) as served:
        listed = served.get("/registers.json").json()["registers"]
        names = [{"register": one["register"]} for one in listed]
        assert served.get("/registers").json()["registers"] == listed
        assert f'"{names[0]["register"]}"'.encode() in files.pop("registers.json")
        for path, body in files.items():
            assert served.get(f"/{path}").content == body, path
    assert set(dict(expected(registers, names))) == set(files) - {"keys.json"}
    for path, made in expected(registers, names):
        assert made in (None, files[path]), path


def expected(
    registers: Registers, names: list[dict[str, str]]
) -> Iterator[tuple[str, bytes | None]]:
    """The files that registers make, notes without their bytes."""
    for register in (one["register"] for one in names):
        under = f"registers/{register}"
        log = registers.log
        note = parse_checkpoint(parse_note(log.checkpoint(register)).text)
        held = Leaves.of(log, register)
        assert (note.size, note.root) == (len(held.data), log.root(register))
        for path, body in tiles(held, note.size):
            yield f"{under}/{path}", body
        yield f"{under}/checkpoint", None
        yield f"{under}/about", None
