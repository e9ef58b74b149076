"""A running server follows what other processes load, without dropping a request."""

from __future__ import annotations

import json
import shutil
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from api.app import create_app
from tests.api.sample import frame
from tests.copies import copy_data, keys_of
from tests.testclient import TestClient
from trigpoint.errors import ViewDamaged
from trigpoint.log.entry import Batch, Draft, SystemEntry
from trigpoint.log.keys import trusted_keys
from trigpoint.log.note import parse_note
from trigpoint.log.rsf import format_rsf
from trigpoint.log.store import Log
from trigpoint.register import LOG_FILE, Registers
from trigpoint.schema.items import canonical_json, item_hash
from trigpoint.staging import Load
from trigpoint.view import View

BATCH = Batch("test", "A later release", release_date="2025-06-02")
COUNT = "SELECT (COUNT(*) AS ?n) { ?c a <https://w3id.org/trigpoint/def#Country> }"


@pytest.fixture
def copy(data: Path, tmp_path: Path) -> Path:
    """A copy of the sample registers that may be loaded into."""
    return copy_data(data, tmp_path / "data")


def until(true: Callable[[], bool]) -> None:
    """Wait for something that happens within a few seconds."""
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end
        time.sleep(0.1)


def count(client: TestClient) -> str:
    rows = client.get("/sparql", params={"query": COUNT}).json()["results"]["bindings"]
    return str(rows[0]["n"]["value"])


def test_a_load_is_served_at_once(copy: Path) -> None:
    """What another opening of the data loads is in records, SPARQL and dumps."""
    with TestClient(create_app(Registers.open(copy), workers=1)) as client:
        assert count(client) == "4"
        before = client.get("/dumps/country.csv")
        rows = frame([{"country": "FR", "name": "France"}])
        Registers.open(copy, write=True).load(
            [Load("country", rows, partial=False)], BATCH, force=True
        )
        assert client.get("/doc/country/FR.json").json()["name"] == "France"
        assert count(client) == "5"
        after = client.get("/dumps/country.csv")
        assert after.headers["trigpoint-log-size"] == "country=6"
        assert after.headers["etag"] != before.headers["etag"]
        assert client.get("/health").json()["entries-not-yet-in-views"] == 0


def test_a_register_that_is_new_is_served(copy: Path, tmp_path: Path) -> None:
    """A register that comes with a shape of its own is served without a restart."""
    file = tmp_path / "colour.rsf"
    file.write_text(archive_of_colours(copy))
    with TestClient(create_app(Registers.open(copy), workers=1)) as client:
        assert client.get("/registers/colour").status_code == 404
        writer = Registers.open(copy, write=True)
        assert writer.import_rsf([file], BATCH).appended
        until(lambda: client.get("/registers/colour").status_code == 200)
        assert client.get("/registers").status_code == 200
        assert client.get("/id/colour/red").status_code == 200  # the page, redirected
        assert "colour=1" in client.get("/").headers["trigpoint-log-size"]


FAULTS = (
    ViewDamaged("not what was written"),
    OSError("no space left on device"),
    sqlite3.OperationalError("disk I/O error"),
    RuntimeError("Corruption"),
    ValueError("no such vintage"),
    TypeError("missing 1 required argument"),
    KeyError("sizes"),
)


def test_a_server_goes_on_after_the_views_were_withdrawn(copy: Path) -> None:
    """Once whoever withholds something has removed all views, the server builds others
    and answers from them, though it had the very first open."""
    shutil.rmtree(copy / "views")
    other = Registers.open(copy, write=True)
    assert other.view().version == 1
    with TestClient(create_app(Registers.open(copy), workers=1)) as client:
        near = "/lookup/nearest?lon=0&lat=51.5&register=address"
        known = client.get(near).json()["records"]
        digest = other.log.record("address", known[0]["key"]).entry.item_hash
        other.log.withhold(digest, "a test", "2026-01-01")
        other.views.withdraw(other.log.withheld_count())
        until(lambda: client.get(near).status_code == 200)
        assert client.get(near).json()["records"][:9] == known[1:]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_the_last_good_view_is_served_while_a_newer_one_cannot_be_opened(
    copy: Path,
    fault: Exception,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Look-ups and queries go on, and one line says why; a mended view is served."""
    tried: list[int] = []

    def broken(_registers: Registers) -> View:
        tried.append(1)
        raise fault

    with TestClient(create_app(Registers.open(copy), workers=1)) as client:
        monkeypatch.setattr(Registers, "view", broken)
        monkeypatch.setattr("api.service._LOOK_EVERY", 0.05)
        rows = frame([{"country": "FR", "name": "France"}])
        Registers.open(copy, write=True).load([Load("country", rows)], BATCH)
        until(lambda: len(tried) > 3)
        assert count(client) == "4"
        point = client.get("/lookup/point?lon=-0.1276&lat=51.5072").json()
        assert [area["name"] for area in point["areas"]] == ["Westminster"]
        assert client.get("/health").json()["entries-not-yet-in-views"] == 1
        assert [type(fault).__name__ in one.message for one in caplog.records] == [True]
        monkeypatch.undo()
        until(lambda: count(client) == "5")


def cosigned(copy: Path) -> int:
    """When the newest checkpoint of `country` was last cosigned."""
    text = (copy / "keys.json").read_text("utf-8")
    ring = trusted_keys(text, json.loads(text)["keys"][-1])
    return ring.cosigned_at(parse_note(Registers.open(copy).log.checkpoint("country")))


def test_a_running_server_renews_signatures(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that are older than a day are made anew, and served."""
    before = cosigned(copy)
    monkeypatch.setattr("api.service._SIGN_EVERY", 0.05)
    with TestClient(create_app(Registers.open(copy), workers=1)):
        time.sleep(0.3)
        assert cosigned(copy) == before
        monkeypatch.setattr("api.service._FRESH_FOR", -10)
        until(lambda: cosigned(copy) > before)


def test_a_server_that_may_not_use_the_key_says_so_once(
    copy: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It goes on serving; a server that has no keys has nothing to say."""
    monkeypatch.setattr("api.service._SIGN_EVERY", 0.02)
    keys_of(copy).chmod(0o755)
    with TestClient(create_app(Registers.open(copy), workers=1)) as client:
        until(lambda: len(caplog.records) > 0)
        time.sleep(0.3)
        assert client.get("/doc/country/GB.json").status_code == 200
    (said,) = caplog.messages
    assert f"chmod 700 {keys_of(copy)}" in said
    keys_of(copy).rename(copy.with_name("away"))
    with TestClient(create_app(Registers.open(copy), workers=1)) as client:
        time.sleep(0.3)
        assert client.get("/doc/country/GB.json").status_code == 200
    assert len(caplog.messages) == 1


def test_views_of_another_base_are_not_served(copy: Path) -> None:
    """A view that another process published under another base is not taken on."""
    with TestClient(create_app(Registers.open(copy), workers=1)) as client:
        before = client.get("/health").json()["view"]
        other = Registers.open(copy, base="http://other.example").publish()
        assert other.version == before + 1
        assert client.get("/health").json()["view"] == before
        query = {"query": "ASK { <http://localhost:8000/id/country/GB> ?p ?o }"}
        assert client.get("/sparql", params=query).json()["boolean"] is True
        point = client.get("/lookup/point?lon=-0.1276&lat=51.5072").json()
        assert point["areas"][0]["@id"].startswith("http://localhost:8000/")


def archive_of_colours(data: Path) -> str:
    """A register in RSF with its own field definitions, as GDS archived them."""
    stamp = "2018-01-01T00:00:00Z"
    fields = ["colour", "name"]
    system = [SystemEntry("name", stamp, canonical_json({"name": "colour"}))]
    for name in fields:
        definition = canonical_json(
            {
                "cardinality": "1",
                "datatype": "string",
                "field": name,
                "phase": "beta",
                "text": f"The {name}.",
            }
        )
        system.append(SystemEntry(f"field:{name}", stamp, definition))
    register = canonical_json(
        {
            "fields": fields,
            "phase": "beta",
            "register": "colour",
            "registry": "cabinet-office",
            "text": "Colours",
        }
    )
    system.append(SystemEntry("register:colour", stamp, register))
    item = canonical_json({"colour": "red", "name": "Red"})
    log = Log(data.parent / "colours" / LOG_FILE)
    with log.appending(BATCH) as appender:
        appender.append("colour", [Draft(stamp, "red", item, item_hash(item))])
    entries, root = log.entries("colour"), log.root("colour")
    log.close()
    return "".join(format_rsf("colour", system, entries, [item], root))
