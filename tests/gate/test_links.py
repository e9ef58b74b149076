"""Links to records that had ended, and to rows of the load that are refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from tests.gate.rows import BASE, SOURCE_DATE, Row, holding, staged_frame
from trigpoint.gate import terms
from trigpoint.gate.checks import run
from trigpoint.gate.links import link_checks
from trigpoint.gate.refused import links_to_refused
from trigpoint.gate.shacl.batch import Brief, brief
from trigpoint.gate.staged import Staged
from trigpoint.gate.survey import survey
from trigpoint.gate.targets import Held
from trigpoint.gate.violation import Violation
from trigpoint.schema.catalogue import Schemas

NOTHING = holding({})
OWNERS = holding(
    {"owner": {"A1": None, "old": "2015", "late": "2020-06-01", "odd": "some day"}}
)


@pytest.fixture
def known(schemas: Schemas) -> Brief:
    return brief(schemas["site"], schemas, BASE)


def ended(
    known: Brief, rows: list[Row], held: Held = OWNERS, **options: Any
) -> list[Violation]:
    """What the checks of links find in rows."""
    frame = staged_frame(known.schema, rows)
    targets = survey(Staged(frame), known, held).targets
    return list(run(frame, link_checks(known.schema, targets, SOURCE_DATE, **options)))


def test_a_link_to_what_had_ended_is_refused(known: Brief) -> None:
    """A row that has not ended needs targets that hold at the release's date; dates
    that touch, or are none, say nothing."""
    owners = ["A1", "old", "late", "odd", "nobody", None]
    found = ended(
        known, [{"site": str(n), "owner": one} for n, one in enumerate(owners)]
    )
    assert [(one.row, one.key, one.field, one.value) for one in found] == [
        (3, "1", "owner", "old")
    ]
    assert found[0].component == terms.ENDED_LINK
    assert found[0].message == (
        "the record “old” of owner ended on 2015, before 2020-06-01: link to the "
        "record that held then"
    )


def test_a_row_that_ended_needs_what_held_until_then(known: Brief) -> None:
    """Its own end is its reference date, if it lies before the release's."""
    ends = ["2014", "2015-06", "2016", "2021", "never"]
    found = ended(
        known,
        [
            {"site": str(n), "owner": "old", "end-date": one}
            for n, one in enumerate(ends)
        ],
    )
    assert [(one.key, "before 2016" in one.message) for one in found] == [
        ("2", True),
        ("3", False),
        ("4", False),
    ]


def test_what_replaced_the_target_is_named(known: Brief) -> None:
    """Whoever mends the row is told what to link to."""

    def after(register: str, key: str) -> Sequence[str]:
        return [f"{register}-{key}-1", "new"]

    (found,) = ended(known, [{"site": "1", "owner": "old"}], successors=after)
    assert found.message.endswith("use what replaced it (owner-old-1, new)")


def test_links_without_dates_to_keep_are_not_checked(known: Brief) -> None:
    """Only fields that say so (`tp:holds`) need targets that hold, and no check is made
    where no target has ended."""
    frame = staged_frame(known.schema, [{"site": "1", "parent-site": "9"}])
    held = holding({"site": {"9": "1999"}})
    targets = survey(Staged(frame), known, held).targets
    assert link_checks(known.schema, targets, SOURCE_DATE) == []
    frame = staged_frame(known.schema, [{"site": "1", "owner": "late"}])
    targets = survey(Staged(frame), known, OWNERS).targets
    assert link_checks(known.schema, targets, SOURCE_DATE) == []


def test_each_of_many_links_is_checked(known: Brief) -> None:
    """A field of many values is suspect for any, and each that had ended is named."""
    fields = tuple(
        replace(field, many=True) if field.name == "owner" else field
        for field in known.schema.fields
    )
    many = replace(known, schema=replace(known.schema, fields=fields))
    rows: list[Row] = [
        {"site": "1", "owner": ["A1", None]},
        {"site": "2", "owner": ["old", "A1", "older"]},
        {"site": "3", "owner": None},
        {"site": "4", "owner": []},
    ]
    held = holding({"owner": {"A1": None, "old": "2015", "older": "2001"}})
    assert [(one.key, one.value) for one in ended(many, rows, held)] == [
        ("2", "old"),
        ("2", "older"),
    ]


def lost(
    known: Brief, rows: list[Row], refused: list[int], held: Held = NOTHING
) -> list[tuple[int | None, str | None, str | None]]:
    """Row, field and value of the links to refused rows."""
    staged = Staged(staged_frame(known.schema, rows), 2)
    targets = survey(staged, known, held).targets
    numbers = pl.Series(refused, dtype=pl.UInt32)
    found = list(links_to_refused(staged, known.schema, targets, numbers))
    assert {one.component for one in found} <= {terms.LINK_TO_REFUSED}
    return [(one.row, one.field, one.value) for one in found]


def test_links_to_a_refused_row_are_followed_to_the_end(known: Brief) -> None:
    """Rows that lead to it, by whatever field and in whatever order, are lost with it;
    others stay."""
    rows: list[Row] = [
        {"site": "1"},
        {"site": "4", "parent-site": "3"},
        {"site": "2", "parent-site": "1"},
        {"site": "3", "authority": "site:2"},
        {"site": "5", "parent-site": "6"},
        {"site": "6", "authority": "owner:1"},
    ]
    assert lost(known, rows, [2]) == [
        (3, "parent-site", "3"),
        (4, "parent-site", "1"),
        (5, "authority", "site:2"),
    ]
    assert lost(known, rows, [7]) == [(6, "parent-site", "6")]
    assert lost(known, rows, [3]) == []
    assert lost(known, rows, []) == []


def test_a_link_to_a_refused_row_says_which(known: Brief) -> None:
    """The finding carries the row's key and the value that leads nowhere."""
    rows = Staged(
        staged_frame(known.schema, [{"site": "1"}, {"site": "2", "parent-site": "1"}])
    )
    targets = survey(rows, known, NOTHING).targets
    (found,) = links_to_refused(rows, known.schema, targets, pl.Series([2]))
    assert (found.key, found.value, found.path) == (
        "2",
        "1",
        known.schema.field("parent-site").path,
    )
    assert found.message == "the row of “1”, to which this one links, is refused"


def test_what_was_held_before_is_not_lost(known: Brief) -> None:
    """A record that the register has stays when its new row is refused, and so do the
    rows that link to it."""
    rows: list[Row] = [{"site": "1"}, {"site": "2", "parent-site": "1"}]
    assert lost(known, rows, [2], holding({"site": {"1": None}})) == []
    assert lost(known, rows, [2]) == [(3, "parent-site", "1")]


def test_a_key_is_lost_with_the_last_row_that_brings_it(known: Brief) -> None:
    """While another row of the same key is accepted, links to it lead somewhere."""
    rows: list[Row] = [
        {"site": "1"},
        {"site": "1", "parent-site": "9"},
        {"site": "2", "parent-site": "1"},
        {"site": "9"},
    ]
    assert lost(known, rows, [2]) == []
    assert lost(known, rows, [2, 5]) == [
        (3, "parent-site", "9"),
        (4, "parent-site", "1"),
    ]


def test_rows_that_link_in_a_circle_are_lost_once(known: Brief) -> None:
    """Each is named once, by one link, and a row that links to itself is no news."""
    rows: list[Row] = [
        {"site": "1", "parent-site": "1", "authority": "site:3"},
        {"site": "2", "parent-site": "1", "authority": "site:3"},
        {"site": "3", "parent-site": "2"},
        {"site": "4", "parent-site": "4"},
    ]
    found = lost(known, rows, [2])
    assert found == [(3, "parent-site", "1"), (4, "parent-site", "2")]
