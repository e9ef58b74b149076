"""The façade: rows are staged, gated and appended, everything or nothing."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from trigpoint.errors import (
    BadRelease,
    InvalidIdentifier,
    NoData,
    NoSuchRecord,
    NoSuchRegister,
    ViewsBehind,
)
from trigpoint.loading import Summary
from trigpoint.log.entry import Batch
from trigpoint.register import Registers
from trigpoint.staging import Load

BATCH = Batch("test", "A test", release_date="2019-04-01")
LONG = "The United Kingdom of Great Britain and Northern Ireland"
TYPE, ENG = "local-authority-type", "local-authority-eng"

Row = dict[str, Any]


def country(key: str, **fields: str) -> Row:
    return {"country": key, **{name.replace("_", "-"): v for name, v in fields.items()}}


def frame(rows: Iterable[Row]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), infer_schema_length=None)


def load(
    registers: Registers, register: str, rows: Iterable[Row], **options: Any
) -> Summary:
    partial = options.pop("partial", False)
    loads = [Load(register, frame(rows), partial)]
    return registers.load(loads, BATCH, **options)


@pytest.fixture
def registers(tmp_path: Path) -> Registers:
    """A new data directory with two countries."""
    registers = Registers.open(tmp_path / "data", write=True)
    rows = [
        country("GB", name="United Kingdom", official_name=LONG),
        country("CS", name="Czechoslovakia", end_date="1992-12-31"),
    ]
    assert load(registers, "country", rows).appended
    return registers


def counts(summary: Summary, register: str = "country") -> tuple[int, int, int, int]:
    found = summary.counts[register]
    return found.added, found.changed, found.unchanged, found.rejected


def test_a_load_says_what_it_added_changed_and_left(registers: Registers) -> None:
    """Rows are compared with the current records by item."""
    summary = load(
        registers,
        "country",
        [
            country("GB", name="United Kingdom", official_name=LONG),
            country("CS", name="Czechoslovakia", end_date="1993"),
            country("FR", name="France"),
        ],
    )
    assert counts(summary) == (1, 1, 1, 0)
    assert summary.appended
    assert summary.rejected == 0
    assert registers.log.size("country") == 4
    assert registers.log.record("country", "CS").item["end-date"] == "1993"


def test_the_same_load_twice_appends_nothing(registers: Registers) -> None:
    """A second load of the same rows adds no entry, no batch and no view."""
    rows = [country("FR", name="France"), country("DE", name="Germany")]
    load(registers, "country", rows)
    before = (registers.log.sizes(), registers.log.batches(), registers.view().version)
    summary = load(registers, "country", rows)
    assert counts(summary) == (0, 0, 2, 0)
    assert (
        registers.log.sizes(),
        registers.log.batches(),
        registers.view().version,
    ) == before


def test_a_dry_run_tells_all_and_writes_nothing(registers: Registers) -> None:
    """The counts are those of the real load, and the log stays as it was."""
    before = (registers.log.sizes(), registers.log.root("country"))
    rows = [country("FR", name="France")]
    dry = load(registers, "country", rows, dry_run=True)
    assert not dry.appended
    assert (registers.log.sizes(), registers.log.root("country")) == before
    assert counts(load(registers, "country", rows)) == counts(dry) == (1, 0, 0, 0)


def test_a_refused_row_keeps_the_whole_load_out(registers: Registers) -> None:
    """All or nothing: one bad row of one register, and no register gets any."""
    loads = [
        Load(TYPE, frame([{TYPE: "UA", "name": "Unitary authority"}])),
        Load(
            "country",
            frame([country("FR", name="France"), country("Germany", name="Germany")]),
        ),
    ]
    summary = registers.load(loads, BATCH)
    assert not summary.appended
    assert counts(summary) == (1, 0, 0, 1)
    assert registers.log.sizes() == {"country": 2}
    (rejects,) = summary.rejects["country"].batches()
    assert rejects["country"].to_list() == ["Germany"]
    (violation,) = summary.report.violations
    assert (violation.row, violation.key, violation.field) == (2, "Germany", "country")


def test_the_good_rows_can_be_accepted_alone(registers: Registers) -> None:
    """With accept_partial the refused rows stay out and the others go in."""
    rows = [country("FR", name="France"), country("Germany", name="Germany")]
    summary = load(registers, "country", rows, accept_partial=True)
    assert summary.appended
    assert counts(summary) == (1, 0, 0, 1)
    assert registers.log.record("country", "FR").item["name"] == "France"
    with pytest.raises(NoSuchRecord):
        registers.log.record("country", "Germany")


def test_columns_that_a_source_lacks_are_kept(registers: Registers) -> None:
    """A source speaks only for the columns that it has; nulls of its own do blank."""
    load(registers, "country", [country("GB", name="UK")])
    item = registers.log.record("country", "GB").item
    assert item["official-name"] == LONG
    assert item["name"] == "UK"
    rows = pl.DataFrame(
        [country("GB", name="UK"), country("CS", name="Czechoslovakia")]
    ).with_columns(pl.lit(None, pl.String).alias("official-name"))
    registers.load([Load("country", rows)], BATCH)
    assert "official-name" not in registers.log.record("country", "GB").item
    assert registers.log.record("country", "CS").item["end-date"] == "1992-12-31"


def test_a_partial_load_amends_what_is_held_and_blanks_nothing(
    registers: Registers,
) -> None:
    """Known keys are completed from their records, unknown ones are refused."""
    rows = [country("GB", official_name="The UK"), country("FR", official_name="…")]
    summary = load(registers, "country", rows, partial=True)
    assert not summary.appended
    assert counts(summary) == (0, 1, 0, 1)
    said = [violation.message for violation in summary.report.violations]
    assert any("no record of this key to amend" in message for message in said)
    summary = load(registers, "country", rows[:1], partial=True)
    assert summary.appended
    assert registers.log.record("country", "GB").item == {
        "country": "GB",
        "name": "United Kingdom",
        "official-name": "The UK",
    }


def test_later_loads_of_a_batch_may_link_to_earlier_ones(tmp_path: Path) -> None:
    """Registers of one batch see each other's rows, but not those of a later load."""
    types = Load(TYPE, frame([{TYPE: "UA", "name": "Unitary authority"}]))
    councils = Load(
        ENG,
        frame(
            [{ENG: "BST", "name": "Bristol", TYPE: "UA", "official-name": "Bristol CC"}]
        ),
    )
    registers = Registers.open(tmp_path, write=True)
    summary = registers.load([councils, types], BATCH)
    assert not summary.appended
    assert registers.log.sizes() == {}
    assert registers.load([types, councils], BATCH).appended
    assert registers.log.sizes() == {ENG: 1, TYPE: 1}


def test_rows_that_are_none_of_its_business_are_counted(registers: Registers) -> None:
    """Left-out rows are told by reason; problem rows are refused with theirs."""
    rows = [
        {**country("FR", name="France"), "_row": 2, "_left_out": None},
        {**country("X1", name="Narnia"), "_row": 3, "_left_out": "not on Earth"},
        {**country("X2", name="Oz"), "_row": 4, "_left_out": "not on Earth"},
    ]
    summary = load(registers, "country", rows)
    assert summary.counts["country"].left_out == {"not on Earth": 2}
    assert counts(summary) == (1, 0, 0, 0)
    bad = [{**country("DE", name="Germany"), "_row": 7, "_problem": "smudged"}]
    summary = load(registers, "country", bad)
    assert [(v.row, v.message) for v in summary.report.violations] == [(7, "smudged")]


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (
            [{**country("FR", name="France"), "fax": "1"}],
            "undeclared columns fax",
        ),
        ([{"name": "France"}], "no key column"),
    ],
)
def test_wrong_columns_are_refused_before_anything(
    registers: Registers, rows: list[Row], says: str
) -> None:
    """A column that nobody declared, or no key, is a bad release."""
    before = registers.log.sizes()
    with pytest.raises(BadRelease, match=says):
        load(registers, "country", rows)
    assert registers.log.sizes() == before


def test_a_release_that_loses_far_more_than_usual_is_refused(
    registers: Registers,
) -> None:
    """Unless it is forced, and then it is said all the same."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    many = [country(f"A{x}", name=f"Land {x}") for x in letters]
    assert load(registers, "country", many).appended
    few = [country(f"A{x}", name=f"Land of {x}") for x in letters[:5]]
    summary = load(registers, "country", few)
    assert not summary.appended
    assert "are missing" in summary.report.violations[0].message
    forced = load(registers, "country", few, force=True)
    assert forced.appended
    assert forced.report.warnings == 1


def test_an_unknown_register_is_refused(registers: Registers) -> None:
    """There is no loading into a register without a shape."""
    with pytest.raises(NoSuchRegister, match="atlantis"):
        load(registers, "atlantis", [{"atlantis": "1"}])
    with pytest.raises(NoSuchRegister):
        registers.schema("territory")
    assert registers.schema("country").key == "country"


def test_a_folder_without_registers_is_not_opened(tmp_path: Path) -> None:
    """Reading a folder where nothing was loaded says so, and makes nothing."""
    with pytest.raises(NoData, match="load one first"):
        Registers.open(tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()


def test_keys_are_spelt_as_the_register_spells_them(registers: Registers) -> None:
    """Other spellings of a key become the canonical one, and nonsense is refused."""
    assert registers.canonical_key("postcode", "sw1a1aa") == "SW1A 1AA"
    assert registers.canonical_key("country", "gb") == "gb"
    with pytest.raises(InvalidIdentifier):
        registers.canonical_key("address", "x")


def test_a_document_names_its_entry_and_log_size(registers: Registers) -> None:
    """`_entry` has what the log says of the record, as text."""
    record = registers.log.record("country", "CS")
    entry = registers.document(record)["_entry"]
    assert entry == {
        "register": "country",
        "entry-number": "2",
        "entry-timestamp": record.entry.timestamp,
        "key": "CS",
        "item-hash": "sha-256:" + record.entry.item_hash.hex(),
        "log-size": "2",
    }


def test_a_publish_that_fails_says_that_the_entries_are_in(
    registers: Registers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a full disk the log has the entries, the error says so, and a rebuild
    brings the views up."""

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("trigpoint.views._sync", full)
        with pytest.raises(ViewsBehind, match=r"entries are in the log.*rebuild"):
            load(registers, "country", [country("FR", name="France")])
    assert registers.log.size("country") == 3
    assert registers.publish().sizes == {"country": 3}


def test_entries_never_go_back_in_time(
    registers: Registers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the clock is behind the newest entry, new ones take its time: an RSF copy
    of the register can still be read."""
    monkeypatch.setattr("trigpoint.loading.now", lambda: "2001-01-01T00:00:00Z")
    before = registers.log.entry("country", 2).timestamp
    row = country("FR", name="France", official_name="The French Republic")
    assert load(registers, "country", [row], partial=False).appended
    assert registers.log.entry("country", 3).timestamp == before
