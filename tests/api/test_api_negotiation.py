"""Which format is chosen, by suffix and by `Accept`, however odd."""

from __future__ import annotations

import time

import pytest

from api.negotiation import (
    CSV,
    HTML,
    JSON,
    MAX_ACCEPT,
    TTL,
    NotAcceptable,
    choose,
    parse_accept,
    quality_of,
)
from tests.testclient import TestClient

OFFERED = (JSON, TTL, CSV, HTML)
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("text/turtle", TTL),
        ("TEXT/Turtle", TTL),
        ("text/turtle;charset=UTF-8", TTL),
        ('text/turtle;charset="utf-8"', TTL),
        ("text/turtle; q=0.5, text/csv", CSV),
        ("text/*", TTL),
        ("text/*;q=0.9, text/turtle;q=0.1, application/json;q=0.5", CSV),
        ("application/json;q=0.5, text/turtle;q=0.5", JSON),
        ("*/*, application/json;q=0", TTL),
        ("application/json;q=0.000, */*;q=0.001", TTL),
        (BROWSER, HTML),
        ("text/csv;q=1.000;ext=1", CSV),
        ('text/turtle;profile="a,b;c", text/csv;q=0.1', TTL),
        # Elements that are no media ranges are passed over.
        ("json", JSON),
        ("garbage, text/turtle", TTL),
        ("text/turtle;q=2, text/csv", CSV),
        ("text/turtle;q=0.1234, text/csv", CSV),
        ("*/turtle, text/csv", CSV),
        (",,, ,text/csv,,", CSV),
        ("text/turtle;;q=0.1, text/csv;q=0.2", CSV),
        ('text/turtle;a="unfinished, text/csv', CSV),
    ],
)
def test_accept_chooses_as_rfc_9110_says(accept: str | None, chosen: object) -> None:
    """The most specific range gives the quality, and the best quality wins."""
    assert choose(OFFERED, None, accept).format == chosen


@pytest.mark.parametrize(
    "accept",
    [
        "image/png",
        "text/turtle;q=0",
        "*/*;q=0",
        "application/*;q=0, image/*",
        "text/html;level=1",
        "text/turtle;charset=iso-8859-1",
    ],
)
def test_what_is_not_available_is_refused(accept: str) -> None:
    """A header that names nothing available is refused with what there is."""
    with pytest.raises(NotAcceptable) as refused:
        choose(OFFERED, None, accept)
    assert "text/turtle" in str(refused.value)


def test_suffix_beats_accept() -> None:
    """With a suffix `Accept` is not looked at, even when it names something else."""
    choice = choose(OFFERED, "csv", "text/turtle")
    assert (choice.format, choice.by_suffix) == (CSV, True)


def test_suffix_that_is_not_offered_is_refused() -> None:
    """A known suffix that the door does not have is refused, not passed over."""
    with pytest.raises(NotAcceptable, match=r"“\.nt” is not a format"):
        choose(OFFERED, "nt", None)


def test_quality_of_a_type_that_nothing_fits_is_zero() -> None:
    """A type outside all ranges has quality 0, one inside has that of its range."""
    ranges = parse_accept("text/*;q=0.3, text/csv;q=0.7")
    found = [
        quality_of(kind, ranges) for kind in ("text/csv", "text/html", "image/png")
    ]
    assert found == [0.7, 0.3, 0.0]


def test_a_long_header_is_read_whole() -> None:
    """Of thousands of elements each is read, and of open quotes none."""
    assert len(parse_accept("text/csv;q=0.1," * 1000)) == 1000
    assert parse_accept('"' * 10_000) == []
    assert parse_accept("a/b;" + "c=d;" * 3_000) != []


HOSTILE = {
    "escaped quotes": ('"', '\\"'),
    "escaped quotes in a parameter": ('a/b;c="', '\\"'),
    "backslashes": ('"', "\\"),
    "quotes": ("", '"'),
    "strings": ("", '"a"'),
    "strings that end open": ("", '"a",'),
    "spaces": ("a/b", " "),
    "spaces and semicolons": ("a/b", " ; "),
    "a long token": ("", "a"),
    "a long name of a parameter": ("a/b;", "c"),
    "names without values": ("a/b", ";c="),
    "ranges": ("", "a/b;c=d,"),
}


def seconds(header: str) -> float:
    """Processor time that reading a header takes; the least of several tries."""
    tries = []
    for _ in range(7):
        start = time.process_time()
        for _ in range(5):
            parse_accept(header)
        tries.append(time.process_time() - start)
    return min(tries)


@pytest.mark.parametrize("kind", HOSTILE)
def test_work_grows_with_the_length_of_the_header_and_no_faster(kind: str) -> None:
    """Eight times the length takes some eight times the work, and not its square."""
    head, part = HOSTILE[kind]
    short, long = (head + part * (size // len(part)) for size in (2_048, 16_384))
    # The square would be 64; what one call takes at any length counts for little.
    assert seconds(long) < 24 * (seconds(short) + 1e-4)


def test_an_endless_accept_is_refused(client: TestClient) -> None:
    """All lines of `Accept` together are read up to a limit, and refused beyond it."""
    fits = {"Accept": "text/csv".ljust(MAX_ACCEPT)}
    assert client.get("/registers/country/records/GB", headers=fits).status_code == 200
    lines = [("Accept", "text/csv".ljust(MAX_ACCEPT // 2))] * 2
    refused = client.get("/registers/country/records/GB.json", headers=lines)
    assert refused.status_code == 431
    assert refused.json()["type"] == "/problems/headers-too-large"
    assert refused.json()["limit"] == MAX_ACCEPT


def test_answers_vary_by_accept_unless_a_suffix_chose(client: TestClient) -> None:
    """Caches are told that the answer depends on `Accept` only where it does."""
    negotiated = client.get("/registers/country/records/GB")
    by_suffix = client.get("/registers/country/records/GB.json")
    assert "Accept" in negotiated.headers["vary"].split(", ")
    assert "Accept" not in by_suffix.headers.get("vary", "").split(", ")
    assert negotiated.json() == by_suffix.json()


def test_refusal_lists_what_is_available(client: TestClient) -> None:
    """A 406 says which media types and suffixes there are, and varies by Accept."""
    answer = client.get("/registers", headers={"Accept": "image/png"})
    assert answer.status_code == 406
    assert answer.headers["vary"] == "Accept"
    kinds = [one["mediaType"] for one in answer.json()["available"]]
    assert kinds == ["application/json", "text/html"]
    assert client.get("/registers/country.ttl").status_code == 406
