"""IRIs of records: made, taken apart, and refused when they are none."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trigpoint.errors import InvalidIdentifier, InvalidParameter
from trigpoint.iris import (
    decode_key,
    encode_key,
    geometry_iri,
    graph_iri,
    parse_base,
    parse_record_iri,
    record_iri,
)

BASE = "https://registers.example.org/r"
# RFC 3986, section 3.3: pchar.
SEGMENT = re.compile(r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-F]{2})*")


@given(st.text())
def test_a_key_survives_its_path_segment(key: str) -> None:
    """decode after encode is the identity, and the segment is one by RFC 3986."""
    segment = encode_key(key)
    assert SEGMENT.fullmatch(segment)
    assert decode_key(segment) == key


@given(st.text(min_size=1))
def test_a_record_survives_its_iri(key: str) -> None:
    """Register and key are found again in a record's IRI."""
    iri = record_iri(BASE, "school-eng", key)
    assert parse_record_iri(BASE, iri) == ("school-eng", key)


@given(st.text(min_size=1), st.text(min_size=1))
def test_different_keys_have_different_iris(one: str, other: str) -> None:
    """No two keys share an IRI, and no record's IRI goes on from another's."""
    first, second = (record_iri(BASE, "uk", key) for key in (one, other))
    assert (first == second) == (one == other)
    assert not second.startswith(f"{first}/")


@pytest.mark.parametrize(
    ("key", "segment"),
    [
        ("GB", "GB"),
        ("local-authority-eng:LND", "local-authority-eng:LND"),
        ("SW1A 1AA", "SW1A%201AA"),
        ("a/b?c#d%e", "a%2Fb%3Fc%23d%25e"),
        ("Môn", "M%C3%B4n"),
        ('<>"{}|\\^`', "%3C%3E%22%7B%7D%7C%5C%5E%60"),
        ("!$&'()*+,;=:@-._~", "!$&'()*+,;=:@-._~"),
    ],
)
def test_what_a_segment_may_hold_is_left_as_it_is(key: str, segment: str) -> None:
    """Only characters that RFC 3986 does not allow in a segment are encoded."""
    assert encode_key(key) == segment


@pytest.mark.parametrize(
    "iri",
    [
        "",
        BASE,
        f"{BASE}/id/",
        f"{BASE}/id/school-eng",
        f"{BASE}/id/school-eng/",
        f"{BASE}/id/school-eng/100000/geometry",
        f"{BASE}/doc/school-eng/100000",
        "https://other.example.org/r/id/school-eng/100000",
        f"{BASE}/id/school-eng/%FF",
    ],
)
def test_what_is_no_records_iri_is_refused(iri: str) -> None:
    """Another base, another path, a part of a record or bad UTF-8 is no record."""
    with pytest.raises(InvalidIdentifier):
        parse_record_iri(BASE, iri)


def test_parts_and_graphs_have_iris_of_their_own() -> None:
    """A geometry goes on from its record, a named graph from the base."""
    record = record_iri(BASE, "uk", "W")
    assert geometry_iri(record) == f"{BASE}/id/uk/W/geometry"
    assert graph_iri(BASE, "catalogue") == f"{BASE}/graph/catalogue"


@pytest.mark.parametrize(
    "text",
    [
        "http://localhost:8000",
        "https://example.org/a/b",
        "http://[::1]:8000/",
        "http://x",
    ],
)
def test_a_base_is_kept_without_its_last_slash(text: str) -> None:
    """A host and perhaps a path are the base of records."""
    assert parse_base(text) == text.rstrip("/")


@pytest.mark.parametrize(
    "text",
    [
        "foo bar",
        "http://x/<y>",
        "ftp://x",
        "localhost:9000",
        "http://",
        "http://x?q",
        "http://x#f",
    ],
)
def test_what_records_cannot_be_named_under_is_refused(text: str) -> None:
    """A base that would make IRIs that are none, or lead nowhere, is refused."""
    with pytest.raises(InvalidParameter, match="base"):
        parse_base(text)
