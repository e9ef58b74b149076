"""`size=`: each door answers as a server did whose log ended there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from api.app import create_app
from api.drawn import KEPT, DrawnBoundaries
from tests.api.sample import (
    BASE,
    BOROUGH,
    BOROUGHS,
    BOUNDARIES,
    COUNCILS,
    POSTCODES,
    TYPES,
    Row,
    frame,
)
from tests.testclient import TestClient
from trigpoint.log.entry import Batch
from trigpoint.register import Registers
from trigpoint.staging import Load

BATCH = Batch("test", "As known then", release_date="2026-01-01")
FIRST: Mapping[str, Sequence[Row]] = {
    "local-authority-type": TYPES,
    "local-authority-eng": COUNCILS[:3],
    BOROUGH: [{**BOROUGHS[0]}, {**BOROUGHS[1], "local-authority-eng": "LND"}],
    "boundary": BOUNDARIES[:1],
    "postcode": POSTCODES[:1],
}
SECOND: Mapping[str, Sequence[Row]] = {
    "local-authority-eng": COUNCILS[3:],
    BOROUGH: BOROUGHS[1:],
    "boundary": BOUNDARIES[1:],
    "postcode": POSTCODES[1:],
}
TOTAL = sum(map(len, FIRST.values()))
ITEM = "public, max-age=86400, immutable"
FORMATS = ("json", "jsonld", "ttl", "nt", "csv", "geojson")


def serve(data: Path, *batches: Mapping[str, Sequence[Row]]) -> TestClient:
    """A server over a data directory into which these were loaded."""
    registers = Registers.open(data, base=BASE, write=True)
    for rows in batches:
        loads = [Load(name, frame(some), whole=False) for name, some in rows.items()]
        assert registers.load(loads, BATCH).appended
    return TestClient(
        create_app(registers, workers=1),
        base_url=BASE,
        follow_redirects=False,
        raise_server_exceptions=False,
    )


@pytest.fixture(scope="module")
def then(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A server that knows the first load only."""
    with serve(tmp_path_factory.mktemp("then") / "data", FIRST) as client:
        yield client


@pytest.fixture(scope="module")
def now(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A server that knows both loads."""
    with serve(tmp_path_factory.mktemp("now") / "data", FIRST, SECOND) as client:
        yield client


def alike(now: TestClient, then: TestClient, path: str, size: int) -> str:
    """What both say of a path, the one at a size and the other as it is, but for the
    times of their entries; fails unless it is the same, and not what is said now."""
    joint = "&" if "?" in path else "?"
    past, alone = now.get(f"{path}{joint}size={size}"), then.get(path)
    assert (past.status_code, alone.status_code) == (200, 200), past.text
    asked = f"{joint}size={size}"
    texts = [_timeless(one.text).replace(asked, "") for one in (past, alone)]
    assert texts[0] == texts[1]
    names = ("trigpoint-log-size", "content-type")
    assert [past.headers[n] for n in names] == [alone.headers[n] for n in names]
    assert _timeless(now.get(path).text) != texts[1], "the answer of now is another"
    return texts[1]


def _timeless(text: str) -> str:
    """A text without the lines that say when an entry was made."""
    lines = text.splitlines()
    return "\n".join(line for line in lines if "entry-timestamp" not in line)


@pytest.mark.parametrize("form", FORMATS)
def test_a_record_as_of_a_size(now: TestClient, then: TestClient, form: str) -> None:
    """In each format, the record is the one of then."""
    path = f"/registers/{BOROUGH}/records/E09000033.{form}"
    past = now.get(f"{path}?size=2")
    assert _timeless(past.text) == _timeless(then.get(path).text)
    assert past.headers["trigpoint-log-size"] == f"{BOROUGH}=2"
    assert past.headers["cache-control"] == ITEM
    assert past.headers["content-location"] == (
        f"/doc/{BOROUGH}/E09000033.{form}?size=2"
    )
    again = now.get(past.headers["content-location"])
    assert again.content == past.content
    if form in ("json", "jsonld"):
        assert past.json()["local-authority-eng"] == "LND" or form == "jsonld"
        assert past.json()["_entry"]["log-size"] == "2"


@pytest.mark.parametrize(
    ("path", "size"),
    [
        ("/registers/local-authority-eng/records", 3),
        ("/registers/local-authority-eng/records.csv?at=2020", 3),
        ("/registers/local-authority-eng/records.ttl?limit=3&after=BPC", 3),
        (f"/registers/{BOROUGH}/records?local-authority-eng=LND", 2),
        *((f"/dumps/boundary.{suffix}", 1) for suffix in ("nt", "csv", "geojson")),
        ("/lookup/point?lon=-0.1276&lat=51.5072&at=2026-01-01", TOTAL),
        ("/lookup/point?lon=0&lat=51.5&at=2026-01-01", TOTAL),
    ],
)
def test_what_was_known_then(
    now: TestClient, then: TestClient, path: str, size: int
) -> None:
    """Pages, filters, dumps and look-ups are those of a log that ended there."""
    alike(now, then, path, size)


def test_roots_and_trails_of_then(now: TestClient) -> None:
    """A register says its size, records and root of then; RSF asserts that root."""
    url = "/registers/local-authority-eng"
    past, present = now.get(f"{url}?size=3").json(), now.get(url).json()
    assert (past["size"], past["records"]) == (3, 3)
    assert (present["size"], present["records"]) == (4, 4)
    assert past["links"]["records"] == f"{BASE}{url}/records?size=3"
    rsf = now.get(f"{url}/download.rsf?size=3").text.splitlines()
    assert rsf[-1] == f"assert-root-hash\t{past['root']}" != present["root"]
    entries = f"/registers/{BOROUGH}/records/E09000033/entries"
    numbers = [
        [one["entry-number"] for one in now.get(entries + query).json()["entries"]]
        for query in ("?size=2", "?size=3", "")
    ]
    assert numbers == [["2"], ["2", "3"], ["2", "3"]]
    listed = now.get(f"/registers?size={TOTAL}").json()["registers"]
    assert sum(one["size"] for one in listed) == TOTAL
    links = {one["register"]: one["links"]["rsf"] for one in listed}
    assert links["boundary"].endswith("/registers/boundary/download.rsf?size=1")


def test_pages_lead_on_at_the_same_size(now: TestClient) -> None:
    """The link to the next page keeps the size, to the last record of then."""
    url, keys = "/registers/local-authority-eng/records?size=3&limit=1", []
    while url:
        answer = now.get(url)
        keys += [record["_entry"]["key"] for record in answer.json()["records"]]
        url = answer.json().get("next")
        assert url is None or "size=3" in url
    assert keys == ["BPC", "CHC", "LND"]


def test_redirects_keep_the_size(now: TestClient) -> None:
    """A thing leads to its document of then, another spelling to the key of then."""
    moves = {
        f"/id/{BOROUGH}/E09000033.ttl": (303, f"/doc/{BOROUGH}/E09000033.ttl"),
        f"/id/{BOROUGH}/e09000033": (301, f"/id/{BOROUGH}/E09000033"),
        f"/doc/{BOROUGH}/e09000033": (301, f"/doc/{BOROUGH}/E09000033"),
        f"/registers/{BOROUGH}/records/e09000033/entries": (
            *(301, f"/registers/{BOROUGH}/records/E09000033/entries"),
        ),
        "/lookup/postcode/ec3a5de": (301, "/lookup/postcode/EC3A%205DE"),
    }
    for path, (status, target) in moves.items():
        answer = now.get(f"{path}?size=2")
        assert (answer.status_code, answer.headers["location"]) == (
            *(status, f"{target}?size=2"),
        )


def test_a_page_for_people_says_of_when_it_is(now: TestClient) -> None:
    """The page of a record of then says so, and its links stay there or lead to now."""
    page = now.get(f"/doc/{BOROUGH}/E09000033.html?size=2").text
    assert "when it had 2 entries" in page
    assert f'href="/doc/{BOROUGH}/E09000033"' in page
    assert f'href="/doc/{BOROUGH}/E09000033.ttl?size=2"' in page
    assert "when it had" not in now.get(f"/doc/{BOROUGH}/E09000033.html").text
    for path in (f"/registers/{BOROUGH}", f"/registers/{BOROUGH}/records"):
        assert "when it had 2 entries" in now.get(f"{path}.html?size=2").text
    assert "when it had 11 entries" in now.get("/registers.html?size=11").text
    place = "/lookup/point.html?lon=0&lat=51.5&size=11"
    assert "at the size 11" in now.get(place).text


def test_a_key_that_came_later(now: TestClient) -> None:
    """A record that was not there yet is 404, and the problem says when it came."""
    answer = now.get("/registers/local-authority-eng/records/WSM?size=3")
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (404, "/problems/no-such-record")
    assert "when it had 3 entries: it came with entry 4" in problem["detail"]
    assert problem["entry"] == 4
    for path in (
        "/id/local-authority-eng/WSM",
        "/doc/local-authority-eng/WSM.csv",
        "/registers/local-authority-eng/records/WSM/entries",
    ):
        assert "came with entry 4" in now.get(f"{path}?size=3").json()["detail"]
    late = now.get("/lookup/postcode/SW1A%201AA", params={"size": TOTAL}).json()
    assert "when it had 1 entries: it came with entry 2" in late["detail"]
    never = now.get("/doc/local-authority-eng/XXX?size=3").json()
    assert never["detail"] == "local-authority-eng holds no record “XXX”"


def test_an_empty_register(now: TestClient) -> None:
    """At size 0 a register is there and holds nothing; so is a place to look up."""
    assert now.get("/registers/boundary/records?size=0").json()["records"] == []
    about = now.get("/registers/boundary?size=0").json()
    assert (about["size"], about["records"]) == (0, 0)
    assert now.get("/dumps/boundary.csv?size=0").text.count("\n") == 1
    body = now.get("/lookup/point?lon=0&lat=51.5&size=0").json()
    assert (body["areas"], body["councils"], body["nearest"]) == ([], [], None)


@pytest.mark.parametrize(
    "path",
    [
        "/registers/boundary",
        "/registers/boundary/records",
        "/registers/boundary/records/x",
        "/registers/boundary/records/x/entries",
        "/registers/boundary/download.rsf",
        "/id/boundary/x",
        "/doc/boundary/x",
        "/dumps/boundary.csv",
        "/dumps/everything.trig",
        "/lookup/point?lon=0&lat=51.5",
        "/lookup/postcode/EC3A%205DE",
        "/registers",
    ],
)
def test_sizes_that_there_are_not(now: TestClient, path: str) -> None:
    """A size beyond the log is 404 and says what there is; no number at all is 400."""
    joint = "&" if "?" in path else "?"
    beyond = now.get(f"{path}{joint}size=1000")
    assert (beyond.status_code, beyond.json()["type"]) == (
        *(404, "/problems/no-such-entry"),
    )
    assert beyond.json()["number"] == 1000
    for bad in ("-1", "x", "", "1.5", "9" * 40):
        refused = now.get(f"{path}{joint}size={bad}")
        assert (refused.status_code, refused.json()["parameter"]) == (400, "size")
    assert now.get(f"{path}{joint}size=1&size=2").status_code == 400


def test_nearest_is_of_now_only(now: TestClient) -> None:
    """The nearest records are refused as of a size, with what there is instead."""
    answer = now.get("/lookup/nearest?lon=0&lat=51.5&register=postcode&size=1")
    assert answer.status_code == 400
    assert "/dumps/postcode.csv?size=1" in answer.json()["detail"]


def test_a_look_up_takes_the_sizes_that_an_answer_named(
    now: TestClient, then: TestClient
) -> None:
    """What the header of an earlier answer said may be asked of again, for the same
    answer; a register that is not named is as it is now."""
    path = "/lookup/point?lon=0&lat=51.5&at=2026-01-01"
    before = then.get(path)
    header = before.headers["trigpoint-log-size"]
    assert header == f"boundary=1, local-authority-eng=3, {BOROUGH}=2"
    again = now.get(path, params={**_query(path), "size": header})
    assert again.json() == before.json()
    assert again.headers["trigpoint-log-size"] == header
    some = now.get(path, params={**_query(path), "size": "boundary=1"})
    assert [area["code"] for area in some.json()["areas"]] == ["E09000001"]
    assert some.headers["cache-control"] == "public, no-cache"
    for wrong, status in (("hamlet=1", 404), ("boundary=9", 404), ("boundary=", 400)):
        answer = now.get(path, params={**_query(path), "size": wrong})
        assert answer.status_code == status


def _query(path: str) -> dict[str, str]:
    return dict(pair.split("=") for pair in path.partition("?")[2].split("&"))


def test_only_what_never_changes_is_kept_by_caches(now: TestClient) -> None:
    """An answer of a size may be kept as an item may; one that depends on what day it
    is, or on registers as they are now, may not."""
    place = "/lookup/point?lon=0&lat=51.5"
    lifetimes = {
        f"/registers/{BOROUGH}/records?size=2": ITEM,
        f"/registers/{BOROUGH}/records": "public, no-cache",
        "/dumps/everything.trig?size=5": ITEM,
        "/dumps/boundary.nt?size=1": ITEM,
        "/dumps/boundary.nt": "public, no-cache",
        f"{place}&size={TOTAL}": "public, no-cache",
        f"{place}&size={TOTAL}&at=2026-01-01": ITEM,
        f"{place}&at=2026-01-01": "public, no-cache",
    }
    assert lifetimes == {
        path: now.get(path).headers["cache-control"] for path in lifetimes
    }


def test_boundaries_of_few_sizes_are_kept(tmp_path: Path) -> None:
    """The last sizes asked for are at hand; asked again they are not built again."""
    with serve(tmp_path / "data", FIRST, SECOND):
        registers, drawn = Registers.open(tmp_path / "data"), DrawnBoundaries()
        sizes = [registers.as_of({"boundary": size}) for size in (0, 1, 2)]
        built = [drawn.build(one) for one in sizes]
        assert [len(one.boundaries) for one in built] == [0, 1, 2]
        assert [drawn.held(one) for one in sizes] == [None, *built[1:]]
        assert drawn.build(sizes[1]) is built[1]
        assert drawn.build(sizes[0]) is not built[0]
        assert sum(drawn.held(one) is not None for one in sizes) == KEPT
        assert drawn.held(sizes[1]) is built[1], "it was asked for last"


def test_the_published_boundaries_serve_when_they_are_those_of_then(
    now: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With all boundaries there already, nothing is built, whatever else was later."""

    def fail(*_: object) -> None:
        raise AssertionError("it was built")

    monkeypatch.setattr(DrawnBoundaries, "build", fail)
    place = f"/lookup/point?lon=0&lat=51.5&size={BOROUGH}%3D2"
    body = now.get(place).json()
    assert {area["code"] for area in body["areas"]} == {"E09000001", "E09000033"}
