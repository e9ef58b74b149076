"""The GDS v1 API says in each format what the RSF file of a register says."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from rdflib import Graph, Literal, URIRef

from api.app import create_app
from tests.api.gds import ENTRY, Archived, compact, read
from tests.demo import ROOT
from tests.testclient import TestClient
from trigpoint.register import Registers

REGISTERS = (
    "country",
    "local-authority-eng",
    "school-type-eng",
    "statistical-geography",
    "territory",
)
TYPES = {
    "json": "application/json",
    "csv": "text/csv;charset=UTF-8",
    "tsv": "text/tab-separated-values;charset=UTF-8",
    "yaml": "text/yaml;charset=UTF-8",
    "ttl": "text/turtle;charset=UTF-8",
}
SPEC = "https://openregister.github.io/specification/#"
BASE = "http://localhost:8000/registers"


@pytest.fixture(scope="module")
def old(demo: Path) -> Iterator[TestClient]:
    """A client of the embedded sample; it follows no redirect by itself."""
    app = create_app(Registers.open(demo), workers=1)
    with TestClient(
        app, base_url="http://localhost:8000", follow_redirects=False
    ) as running:
        yield running


@pytest.fixture(scope="module", params=REGISTERS)
def register(request: pytest.FixtureRequest) -> str:
    """A register of the sample that is also an archived one."""
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def archived(register: str) -> Archived:
    """The RSF file of the register, read without trigpoint."""
    return read(ROOT / "data" / f"{register}.rsf")


def ask(client: TestClient, register: str, path: str, suffix: str) -> str:
    """The text of a good answer in a format, and that its type is the old one."""
    address = f"/registers/{register}/v1/{path}"
    where, _, query = address.partition("?")
    answer = client.get(f"{where}.{suffix}" + (f"?{query}" if query else ""))
    assert answer.status_code == 200, (path, suffix, answer.text)
    assert answer.headers["content-type"] == TYPES[suffix]
    return str(answer.text)


def table(text: str, suffix: str) -> list[dict[str, str]]:
    """Rows of CSV or TSV by the names in the header."""
    if suffix == "csv":
        assert text.endswith("\r\n")
        return list(csv.DictReader(io.StringIO(text, newline="")))
    assert text.endswith("\n")
    assert "\r" not in text
    rows = [line.split("\t") for line in text.split("\n")[:-1]]
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


def flat(value: str | list[str] | None) -> str:
    return ";".join(value) if isinstance(value, list) else value or ""


def entry_row(entry: dict[str, Any]) -> dict[str, str]:
    return {name: flat(value) for name, value in entry.items()}


def record_row(record: dict[str, Any], columns: list[str]) -> dict[str, str]:
    (item,) = record["item"]
    return {
        **{name: record[name] for name in ENTRY},
        **{name: flat(item.get(name)) for name in columns[len(ENTRY) :]},
    }


def same(text: str, suffix: str, expected: object) -> None:
    """JSON or YAML says this, and JSON in these bytes."""
    if suffix == "json":
        assert text == compact(expected)
    else:
        assert text.startswith("---\n")
        assert yaml.safe_load(text) == expected


@pytest.mark.parametrize("suffix", ["json", "yaml"])
def test_entries_as_objects(
    old: TestClient, register: str, archived: Archived, suffix: str
) -> None:
    """Entries are a list in the order of the log, one alone a list of one."""
    last = len(archived.entries)
    wanted = archived.entries[2:7]
    same(ask(old, register, "entries?start=3&limit=5", suffix), suffix, wanted)
    for number in (1, last):
        for path in (f"entries/{number}", f"entry/{number}"):
            one = [archived.entries[number - 1]]
            same(ask(old, register, path, suffix), suffix, one)


@pytest.mark.parametrize("suffix", ["csv", "tsv"])
def test_entries_as_tables(
    old: TestClient, register: str, archived: Archived, suffix: str
) -> None:
    """Tables of entries have the five columns in the old order, and the same values."""
    text = ask(old, register, "entries?start=3&limit=5", suffix)
    rows = table(text, suffix)
    assert list(rows[0]) == [*ENTRY, "item-hash"]
    assert rows == [entry_row(one) for one in archived.entries[2:7]]
    alone = table(ask(old, register, "entries/1", suffix), suffix)
    assert alone == [entry_row(archived.entries[0])]


@pytest.mark.parametrize("suffix", ["json", "yaml"])
def test_records_as_objects(
    old: TestClient, register: str, archived: Archived, suffix: str
) -> None:
    """Records are an object by key, one alone an object of one, newest first."""
    keys = archived.newest()[:7]
    expected = {key: archived.record(key) for key in keys}
    same(ask(old, register, "records?page-size=7", suffix), suffix, expected)
    for key in keys[:3]:
        for door in ("records", "record"):
            text = ask(old, register, f"{door}/{key}", suffix)
            same(text, suffix, {key: archived.record(key)})


@pytest.mark.parametrize("suffix", ["csv", "tsv"])
def test_records_as_tables(
    old: TestClient, register: str, archived: Archived, suffix: str
) -> None:
    """Tables of records have the entry's columns, then the fields as declared."""
    keys = archived.newest()[:7]
    rows = table(ask(old, register, "records?page-size=7", suffix), suffix)
    columns = list(rows[0])
    declared = archived.fields(register)
    assert columns[: len(ENTRY) + len(declared)] == [*ENTRY, *declared]
    assert rows == [record_row(archived.record(key), columns) for key in keys]
    alone = table(ask(old, register, f"record/{keys[0]}", suffix), suffix)
    assert alone == rows[:1]


def test_every_record_is_on_one_page(
    old: TestClient, register: str, archived: Archived
) -> None:
    """Following `next` gives every record once, and `previous` leads back."""
    path: str | None = f"/registers/{register}/v1/records?page-size=40"
    found: list[str] = []
    pages = []
    while path:
        answer = old.get(path)
        pages.append((path.partition("?")[2], list(answer.json())))
        found += answer.json()
        following = answer.links.get("next", {}).get("url")
        if len(pages) > 1:
            back = answer.links["previous"]["url"]
            again = old.get(f"/registers/{register}/v1/records{back}")
            assert list(again.json()) == pages[-2][1]
        path = following and f"/registers/{register}/v1/records{following}"
    assert found == archived.newest()


def test_every_entry_is_on_one_page(
    old: TestClient, register: str, archived: Archived
) -> None:
    """Following `next` gives every entry once, in order, and `previous` leads back."""
    door = f"/registers/{register}/v1/entries"
    answer, found = old.get(f"{door}?start=1&limit=25"), []
    while True:
        found += answer.json()
        if "next" not in answer.links:
            break
        answer = old.get(door + answer.links["next"]["url"])
    assert found == archived.entries
    back: list[Any] = answer.json()
    while "previous" in answer.links:
        answer = old.get(door + answer.links["previous"]["url"])
        back = answer.json() + back
    assert back == archived.entries


def test_trails(old: TestClient, register: str, archived: Archived) -> None:
    """The trail of each key is its entries, oldest first, in plural and singular."""
    keys = [one["key"] for one in archived.entries]
    often = max(set(keys), key=keys.count)
    expected = [one for one in archived.entries if one["key"] == often]
    for door in ("records", "record"):
        text = ask(old, register, f"{door}/{often}/entries", "json")
        assert text == compact(expected)
    rows = table(ask(old, register, f"records/{often}/entries", "csv"), "csv")
    assert rows == [entry_row(one) for one in expected]
    same(ask(old, register, f"record/{often}/entries", "yaml"), "yaml", expected)
    graph = Graph().parse(data=ask(old, register, f"record/{often}/entries", "ttl"))
    assert set(graph.objects(None, URIRef(f"{SPEC}key-field"))) == {Literal(often)}
    assert len(set(graph.subjects())) == len(expected)


def test_items_are_the_bytes_that_were_hashed(
    old: TestClient, register: str, archived: Archived
) -> None:
    """Each item is had by its hash, in JSON byte for byte, and in all formats."""
    columns = list(table(ask(old, register, "records?page-size=1", "csv"), "csv")[0])
    for entry in (archived.entries[0], archived.entries[-1]):
        (name,) = entry["item-hash"]
        item = archived.items[name]
        for door in ("items", "item"):
            text = ask(old, register, f"{door}/{name}", "json")
            assert text == archived.texts[name]
        assert yaml.safe_load(ask(old, register, f"items/{name}", "yaml")) == item
        for suffix in ("csv", "tsv"):
            (row,) = table(ask(old, register, f"items/{name}", suffix), suffix)
            assert row == {one: flat(item.get(one)) for one in columns[len(ENTRY) :]}
        graph = Graph().parse(data=ask(old, register, f"items/{name}", "ttl"))
        subject = URIRef(f"{BASE}/{register}/v1/items/{name}")
        said = {str(p).rpartition("/")[2] for p in graph.predicates(subject)}
        assert said == set(item)


def test_items_of_metadata(old: TestClient, register: str, archived: Archived) -> None:
    """What a system entry names is an item too; another register's item is not."""
    definition = archived.system[f"register:{register}"]
    name = next(n for n, one in archived.items.items() if one == definition)
    assert ask(old, register, f"items/{name}", "json") == archived.texts[name]
    (row,) = table(ask(old, register, f"items/{name}", "csv"), "csv")
    assert row["fields"] == ";".join(definition["fields"])
    other = "territory" if register != "territory" else "country"
    assert old.get(f"/registers/{other}/v1/items/{name}").status_code == 404
    user = archived.entries[0]["item-hash"][0]
    assert old.get(f"/registers/{other}/v1/items/{user}").status_code == 404


def test_the_register_itself(
    old: TestClient, register: str, archived: Archived
) -> None:
    """`register` has its members in the old order, totals as numbers, no person."""
    text = ask(old, register, "register", "json")
    body = json.loads(text)
    assert text == compact(body)
    assert list(body) == [
        "domain",
        "total-records",
        "total-entries",
        "register-record",
        "custodian",
        "last-updated",
    ]
    assert body["domain"] == "localhost:8000"
    assert body["total-records"] == len(archived.latest)
    assert body["total-entries"] == len(archived.entries)
    assert body["last-updated"] == archived.entries[-1]["entry-timestamp"]
    definition = archived.system[f"register:{register}"]
    record = body["register-record"]
    assert list(record) == ["fields", "registry", "text", "phase", "register"]
    assert record["fields"][: len(definition["fields"])] == definition["fields"]
    for name in ("registry", "text", "phase", "register"):
        assert record[name] == definition[name]
    assert " " in body["custodian"]
    assert yaml.safe_load(ask(old, register, "register", "yaml")) == body


def test_records_as_turtle(old: TestClient, register: str, archived: Archived) -> None:
    """A record's graph has its entry and every value of its item, and no more."""
    keys = archived.newest()[:5]
    graph = Graph().parse(data=ask(old, register, "records?page-size=5", "ttl"))
    subjects = {f"{BASE}/{register}/v1/records/{key}" for key in keys}
    assert {str(subject) for subject in graph.subjects()} == subjects
    for key in keys:
        record, subject = (
            archived.record(key),
            URIRef(f"{BASE}/{register}/v1/records/{key}"),
        )
        number = Literal(record["entry-number"])
        said = dict(graph.predicate_objects(subject))
        assert said[URIRef(f"{SPEC}entry-number-field")] == number
        assert said[URIRef(f"{SPEC}index-entry-number-field")] == number
        time = Literal(record["entry-timestamp"])
        assert said[URIRef(f"{SPEC}entry-timestamp-field")] == time
        (name,) = archived.latest[key]["item-hash"]
        item = URIRef(f"{BASE}/{register}/v1/items/{name}")
        assert said[URIRef(f"{SPEC}item-resource")] == item
        for field, value in record["item"][0].items():
            found = graph.objects(subject, URIRef(f"{BASE}/field/v1/records/{field}"))
            values = value if isinstance(value, list) else [value]
            assert {str(one).rpartition("/")[2] for one in found} == {
                one.rpartition(":")[2].rpartition("/")[2] for one in values
            }


def test_links_in_turtle_are_records(old: TestClient) -> None:
    """A value that names a record, plainly or as register:key, is that record's IRI."""
    text = ask(old, "local-authority-eng", "records/BPC", "ttl")
    types = URIRef(f"{BASE}/field/v1/records/local-authority-type")
    graph = Graph().parse(data=text)
    assert list(graph.objects(None, types)) == [
        URIRef(f"{BASE}/local-authority-type/v1/records/UA")
    ]
