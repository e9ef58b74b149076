"""The bytes of a leaf are the entry as GDS wrote it."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from trigpoint.log.entry import TIMESTAMP, Entry, leaf, leaf_hashes
from trigpoint.log.merkle import leaf_hash
from trigpoint.schema.items import item_hash


def test_leaf_bytes_are_the_gds_v1_entry() -> None:
    """Compact JSON, keys in GDS's order, the number twice and as text."""
    digest = item_hash("{}")
    entry = Entry(1, "2016-04-05T13:23:05Z", "GB", digest)
    assert leaf(entry) == (
        b'{"index-entry-number":"1","entry-number":"1",'
        b'"entry-timestamp":"2016-04-05T13:23:05Z","key":"GB",'
        b'"item-hash":["sha-256:' + digest.hex().encode() + b'"]}'
    )


def test_leaf_bytes_keep_letters_and_escape_quotes() -> None:
    """A key is written in UTF-8, with JSON's escapes and no others."""
    entry = Entry(12, "2016-04-05T13:23:05Z", 'Môn "x"', bytes(32))
    assert '"key":"Môn \\"x\\""'.encode() in leaf(entry)


@given(
    number=st.integers(min_value=1, max_value=2**63),
    timestamp=st.text(max_size=30),
    key=st.text(max_size=50),
    digest=st.binary(min_size=32, max_size=32),
)
def test_leaf_bytes_are_those_of_a_json_writer(
    number: int, timestamp: str, key: str, digest: bytes
) -> None:
    """Whatever the key and the time, a general JSON writer would say the same."""
    members = {
        "index-entry-number": str(number),
        "entry-number": str(number),
        "entry-timestamp": timestamp,
        "key": key,
        "item-hash": [f"sha-256:{digest.hex()}"],
    }
    text = json.dumps(members, ensure_ascii=False, separators=(",", ":"))
    entry = Entry(number, timestamp, key, digest)
    assert leaf(entry) == text.encode()
    plain = Entry(1, "2019-04-01T12:00:00Z", "Môn", digest)
    for page in ([entry, plain], [plain]):
        assert leaf_hashes(*zip(*page, strict=True)) == [
            leaf_hash(leaf(one)) for one in page
        ]


def test_leaf_index_counts_from_nought() -> None:
    """Entry 1 is leaf 0."""
    assert Entry(1, "", "", b"").leaf_index == 0


def test_an_entrys_time_is_utc_to_the_second() -> None:
    """Nothing else is the time of an entry."""
    assert TIMESTAMP.fullmatch("2016-04-05T13:23:05Z")
    for text in (
        "2016-04-05T13:23:05",
        "2016-04-05T13:23:05.0Z",
        "2016-04-05T13:23:05+00:00",
        "2016-04-05",
        "２016-04-05T13:23:05Z",
    ):
        assert not TIMESTAMP.fullmatch(text)
