"""Records with the newest first, against a plain walk through the entries."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.log.drafts import append, by_hand, draft
from trigpoint.errors import NoSuchRegister, QueryTimedOut
from trigpoint.log import records
from trigpoint.log.newest import newest_records
from trigpoint.log.store import Log

KEYS = "abacabadabacabaeabacabadabacabafcb"


@pytest.fixture(scope="module")
def towns(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Log]:
    """A log in which keys come again at different times, and another register."""
    log = Log(tmp_path_factory.mktemp("newest") / "log.sqlite")
    append(log, [draft("z", name="elsewhere")], "village")
    append(log, [draft(key, name=f"{key}{n}") for n, key in enumerate(KEYS)])
    yield log
    log.close()


def expected(size: int) -> list[tuple[int, str]]:
    """Number and key of each record at a size, newest first."""
    latest = {key: number for number, key in enumerate(KEYS[:size], start=1)}
    return sorted(((n, key) for key, n in latest.items()), reverse=True)


@given(
    size=st.integers(0, len(KEYS)), limit=st.integers(0, 9), offset=st.integers(0, 9)
)
def test_pages_at_any_size(towns: Log, size: int, limit: int, offset: int) -> None:
    """Each page has the records that it should, as the log was at each size."""
    then = towns.as_of({"town": size})
    found = newest_records(then, "town", limit, offset)
    wanted = expected(size)[offset : offset + limit]
    assert [(one.entry.number, one.entry.key) for one in found] == wanted
    for one in found:
        assert one.item["name"] == f"{one.entry.key}{one.entry.number - 1}"


def test_a_withheld_record_keeps_its_place(log: Log) -> None:
    """Pages do not shift when a record is withheld: one of them is shorter."""
    assert [one.entry.key for one in newest_records(log, "town", 2, 0)] == ["b", "c"]
    by_hand(
        log,
        "UPDATE item SET content = NULL, withheld = 'personal data', "
        "withheld_on = '2020-01-01' WHERE hash = ?",
        log.record("town", "c").entry.item_hash,
    )
    assert [one.entry.key for one in newest_records(log, "town", 2, 0)] == ["b"]
    assert [one.entry.key for one in newest_records(log, "town", 2, 2)] == ["a"]


def test_an_unknown_register(log: Log) -> None:
    """A register that is not in the log has no pages."""
    with pytest.raises(NoSuchRegister):
        newest_records(log, "planet", 1, 0)


def test_a_page_too_far_down_is_refused(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page for which too much would be read ends in an error of ours, and the log
    goes on answering."""
    append(log, [draft(f"k{n}", name=str(n)) for n in range(30_000)])
    monkeypatch.setattr(records, "_SCAN_STEPS", 2)
    with pytest.raises(QueryTimedOut):
        newest_records(log, "town", 1, 29_000)
    assert newest_records(log, "town", 1, 0)[0].entry.key == "k29999"
