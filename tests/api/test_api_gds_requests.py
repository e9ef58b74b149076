"""Requests to the GDS v1 API: pages, formats, redirects, what there is not, and what is
withheld."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.app import create_app
from api.gds.paging import MAX_PAGE_SIZE
from tests.testclient import TestClient
from trigpoint.register import Registers

V1 = "/registers/country/v1"
PAGE = "text/html;charset=UTF-8"


@pytest.fixture(scope="module")
def demo_client(demo: Path) -> Iterator[TestClient]:
    """A client of the embedded sample; it follows no redirect by itself."""
    app = create_app(Registers.open(demo), workers=1)
    with TestClient(
        app, base_url="http://localhost:8000", follow_redirects=False
    ) as running:
        yield running


@pytest.mark.parametrize(
    ("query", "link"),
    [
        ("", '<?page-index=2&page-size=100>; rel="next"'),
        ("?page-size=199", None),
        ("?page-size=198", '<?page-index=2&page-size=198>; rel="next"'),
        (
            "?page-index=2&page-size=50",
            '<?page-index=3&page-size=50>; rel="next",'
            '<?page-index=1&page-size=50>; rel="previous"',
        ),
        ("?page-index=2", '<?page-index=1&page-size=100>; rel="previous"'),
        (f"?page-size={MAX_PAGE_SIZE}", None),
    ],
)
def test_links_between_pages_of_records(
    demo_client: TestClient, query: str, link: str | None
) -> None:
    """`Link` leads to the pages beside, in the spelling that clients parsed."""
    answer = demo_client.get(f"{V1}/records{query}")
    assert answer.headers.get("link") == link


@pytest.mark.parametrize(
    ("query", "link", "numbers"),
    [
        ("", '<?start=101&limit=100>; rel="next"', (1, 100)),
        ("?limit=210", None, (1, 210)),
        (
            "?start=101&limit=50",
            '<?start=151&limit=50>; rel="next",<?start=51&limit=50>; rel="previous"',
            (101, 150),
        ),
        (
            "?start=11",
            '<?start=111&limit=100>; rel="next",<?start=1&limit=10>; rel="previous"',
            (11, 110),
        ),
        ("?start=-49&limit=100", '<?start=51&limit=100>; rel="next"', (1, 50)),
        ("?start=0&limit=3", '<?start=3&limit=3>; rel="next"', (1, 2)),
    ],
)
def test_links_between_pages_of_entries(
    demo_client: TestClient, query: str, link: str | None, numbers: tuple[int, int]
) -> None:
    """`Link` leads to the entries beside; a page may begin before the first entry."""
    answer = demo_client.get(f"{V1}/entries{query}")
    assert answer.headers.get("link") == link
    found = [int(one["entry-number"]) for one in answer.json()]
    assert (found[0], found[-1]) == numbers


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("records?page-size=0", "page-size must be greater than 0."),
        ("records?page-size=-1", "page-size must be greater than 0."),
        ("records?page-index=0", "page-index must be greater than 0."),
        ("records?page-size=5001", "maximum page size can be 5000."),
        ("records?page-size=ten", "“ten” is not a number."),
        ("records?page-size=", "“” is not a number."),
        ("records.csv?page-index=1e3", "“1e3” is not a number."),
        (f"records?page-index={2**31}", "is not a number."),
        ("entries?limit=0", "limit must be greater than 0."),
        ("entries?limit=5001", "maximum page size can be 5000."),
        ("entries?start=x", "“x” is not a number."),
        ("entries?start=<b>", "“&lt;b&gt;” is not a number."),
        ("records/%FF", "is not percent-encoded UTF-8"),
    ],
)
def test_bad_requests(demo_client: TestClient, path: str, text: str) -> None:
    """What the old service refused is 400, and a page says why."""
    answer = demo_client.get(f"{V1}/{path}")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == PAGE
    assert "<h1>Bad request</h1>" in answer.text
    assert text in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "records/XX",
        "record/XX",
        "records/gb",
        "records/XX/entries",
        "records?page-index=3",
        "records/nothing/GB",
        "entries/0",
        "entries/-1",
        "entry/211",
        f"entries/{10**30}",
        "entries/two",
        f"items/sha-256:{'0' * 64}",
        "items/sha-256:xyz",
        "items/GB",
        "nothing",
        "nothing/GB",
        "records/GB/entries/1",
        "records/GB.xlsx",
        "index/x/records",
        "register/x",
        "download-rsf.json",
        "download-register.csv",
    ],
)
def test_what_there_is_not(demo_client: TestClient, path: str) -> None:
    """Whatever is not there is 404, with the page that the old service had."""
    answer = demo_client.get(f"{V1}/{path}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == PAGE
    assert "If you entered a web address please check it was correct." in answer.text
    assert demo_client.head(f"{V1}/{path}").status_code == 404


def test_a_register_that_there_is_not(demo_client: TestClient) -> None:
    """Every address of a register that is not held is 404."""
    for path in ("", "/", "/register", "/records", "/entries/1", "/download-rsf"):
        answer = demo_client.get(f"/registers/planet/v1{path}")
        assert answer.status_code == 404, path
        assert answer.headers["content-type"] == PAGE


@pytest.mark.parametrize(
    ("path", "accept", "kind"),
    [
        ("records", None, "application/json"),
        ("records", "*/*", "application/json"),
        ("records", "text/csv", "text/csv;charset=UTF-8"),
        ("records", "text/html, */*;q=0.1", "application/json"),
        ("records", "text/csv;q=0.2, text/yaml;q=0.5", "text/yaml;charset=UTF-8"),
        ("records.ttl", "application/json", "text/turtle;charset=UTF-8"),
        (
            "entries",
            "text/tab-separated-values",
            TSV := "text/tab-separated-values;charset=UTF-8",
        ),
        ("records/GB/entries.tsv", "text/csv", TSV),
        ("register", "text/yaml", "text/yaml;charset=UTF-8"),
    ],
)
def test_formats_by_suffix_and_accept(
    demo_client: TestClient, path: str, accept: str | None, kind: str
) -> None:
    """A suffix beats Accept, and without either the answer is JSON."""
    headers = {"Accept": accept} if accept else {}
    answer = demo_client.get(f"{V1}/{path}", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == kind


@pytest.mark.parametrize(
    ("path", "accept"),
    [
        ("records", "image/png"),
        ("records", "text/html"),
        ("register", "text/csv"),
        ("register.csv", "*/*"),
        ("register.ttl", None),
    ],
)
def test_formats_that_there_are_not(
    demo_client: TestClient, path: str, accept: str | None
) -> None:
    """What has none of the formats asked for is 406, with a page."""
    headers = {"Accept": accept} if accept else {}
    answer = demo_client.get(f"{V1}/{path}", headers=headers)
    assert answer.status_code == 406
    assert answer.headers["content-type"] == PAGE


def test_file_names(demo_client: TestClient) -> None:
    """A list asked for by suffix has a file name, one asked for by Accept has none."""
    for name in ("records", "entries"):
        answer = demo_client.get(f"{V1}/{name}.csv")
        wanted = f'inline; filename="country-{name}.csv"'
        assert answer.headers["content-disposition"] == wanted
        plain = demo_client.get(f"{V1}/{name}", headers={"Accept": "text/csv"})
        assert "content-disposition" not in plain.headers


def test_unknown_parameters_are_passed_over(demo_client: TestClient) -> None:
    """Clients sent all sorts of parameters, and still may."""
    for path in ("records", "entries/1", "register", "records/GB", "download-rsf/209"):
        plain = demo_client.get(f"{V1}/{path}")
        again = demo_client.get(f"{V1}/{path}?_=1234&api-key=x&_=5")
        assert again.status_code == 200
        assert again.content == plain.content
    first = demo_client.get(f"{V1}/records?page-size=2&page-size=3")
    assert len(first.json()) == 2


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("", "/register"),
        ("/", ""),
        ("/records/", "/records"),
        ("/records/?page-size=2", "/records?page-size=2"),
        ("/record/GB/", "/record/GB"),
        ("/country/GB", "/records/GB"),
        ("/country/GB.csv", "/records/GB.csv"),
        ("/name/C%C3%B4te%20d%27Ivoire", "/records/name/C%C3%B4te%20d'Ivoire"),
    ],
)
def test_redirects(demo_client: TestClient, path: str, target: str) -> None:
    """The root, a slash at the end, and a field with its value lead on."""
    answer = demo_client.get(f"{V1}{path}")
    assert answer.status_code == 301
    assert answer.headers["location"] == f"{V1}{target}"


def test_facets(demo_client: TestClient) -> None:
    """A facet gives the records with the value, newest first, or an empty object."""
    answer = demo_client.get(f"{V1}/records/citizen-names/Andorran")
    assert list(answer.json()) == ["AD"]
    assert demo_client.get(f"{V1}/records/name/Nowhere").json() == {}
    empty = demo_client.get(f"{V1}/records/name/Nowhere.csv")
    assert empty.text.count("\r\n") == 1
    assert empty.text.startswith("index-entry-number,entry-number,")
    councils = "/registers/local-authority-eng/v1/records/local-authority-type/NMD"
    many = demo_client.get(councils).json()
    assert len(many) == 100
    assert all(one["item"][0]["local-authority-type"] == "NMD" for one in many.values())
    numbers = [int(one["entry-number"]) for one in many.values()]
    assert numbers == sorted(numbers, reverse=True)


def test_facets_find_one_among_several(demo_client: TestClient) -> None:
    """A value that a field holds among several is found too."""
    door = "/registers/local-authority-eng/v1"
    found = demo_client.get(f"{door}/records/successors/BPC").json()
    assert "CHC" in found
    for one in found.values():
        assert "BPC" in one["item"][0]["successors"]


def test_version_history(demo_client: TestClient) -> None:
    """A record links to its entries."""
    answer = demo_client.get(f"{V1}/record/GB.yaml")
    path = f"{V1}/records/GB/entries"
    assert answer.links["version-history"]["url"] == path
    assert demo_client.get(path).status_code == 200


def test_head_and_conditions(demo_client: TestClient) -> None:
    """HEAD and If-None-Match work as at every door."""
    whole = demo_client.get(f"{V1}/records/GB")
    head = demo_client.head(f"{V1}/records/GB")
    assert head.content == b""
    assert head.headers["etag"] == whole.headers["etag"]
    again = demo_client.get(
        f"{V1}/records/GB", headers={"If-None-Match": whole.headers["etag"]}
    )
    assert again.status_code == 304
    assert whole.headers["trigpoint-log-size"] == "country=210"


def test_only_reading_is_allowed(demo_client: TestClient) -> None:
    """The old service's ways of writing are not here."""
    for path in ("records", "load-rsf", "delete-register-data"):
        assert demo_client.post(f"{V1}/{path}").status_code == 405, path


def test_hard_keys(client: TestClient) -> None:
    """Keys that are hard on paths, suffixes, YAML and Turtle are had in each format."""
    log = client.get("/registers/trap/v1/entries?limit=5000").json()
    keys = [one["key"] for one in log]
    assert "v1.csv" in keys
    for key in (one for one in keys if one != ".."):
        segment = "".join(f"%{byte:02X}" for byte in key.encode())
        for suffix in ("json", "csv", "tsv", "yaml", "ttl"):
            answer = client.get(f"/registers/trap/v1/records/{segment}.{suffix}")
            assert answer.status_code == 200, (key, suffix)
        plain = client.get(f"/registers/trap/v1/records/{segment}").json()
        assert list(plain) == [key]


@pytest.fixture
def withheld(demo: Path, tmp_path: Path) -> Iterator[tuple[TestClient, str]]:
    """A client of a sample in which the item of GB is withheld, and its hash."""
    data = tmp_path / "data"
    shutil.copytree(demo, data)
    registers = Registers.open(data, write=True)
    digest = registers.log.record("country", "GB").entry.item_hash
    registers.log.db.execute(
        "UPDATE item SET content = NULL, withheld = 'names a person', "
        "withheld_on = '2026-01-31' WHERE hash = ?",
        (digest,),
    )
    registers.log.close()
    with TestClient(create_app(Registers.open(data), workers=1)) as running:
        yield running, f"sha-256:{digest.hex()}"


def test_withheld_items(withheld: tuple[TestClient, str]) -> None:
    """What is withheld is 410 with reason and date, and its place stays empty."""
    client, name = withheld
    for path in (f"items/{name}", "records/GB", "record/GB.csv"):
        answer = client.get(f"{V1}/{path}")
        assert answer.status_code == 410, path
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["reason"] == "names a person"
        assert answer.json()["date"] == "2026-01-31"
    assert client.get(f"{V1}/register").json()["total-records"] == 199
    records = client.get(f"{V1}/records?page-size=199").json()
    assert len(records) == 198
    assert "GB" not in records
    assert client.get(f"{V1}/records/name/United%20Kingdom").json() == {}
    (entry,) = client.get(f"{V1}/entries/6").json()
    assert entry["item-hash"] == [name]
    assert len(client.get(f"{V1}/records/GB/entries").json()) == 1


def test_withheld_items_in_downloads(withheld: tuple[TestClient, str]) -> None:
    """Downloads leave out what is withheld and keep its entry."""
    client, name = withheld
    for path in ("download-rsf", "download-rsf/5", "download-rsf/5/6"):
        text = client.get(f"{V1}/{path}").text
        assert "United Kingdom" not in text
        assert f"append-entry\tuser\tGB\t2016-04-05T13:23:05Z\t{name}\n" in text
    packed = client.get(f"{V1}/download-register").content
    assert f"item/{name}.json".encode() not in packed
    assert b"entry/6.json" in packed


def test_a_key_that_was_entered_again(client: TestClient) -> None:
    """A key that was entered again is one record, at its last entry, and so first."""
    records = client.get("/registers/country/v1/records").json()
    assert list(records) == ["GB", "SS", "CZ", "CS"]
    assert records["GB"]["entry-number"] == "5"
    assert client.get("/registers/country/v1/register").json()["total-records"] == 4
