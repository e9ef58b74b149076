"""Archived logs: what the shape refuses is refused, the rest is warned of."""

from __future__ import annotations

from typing import Any

from tests.gate.rows import BASE, SOURCE_DATE, held, places
from trigpoint.gate import Report, check_items, terms
from trigpoint.schema.catalogue import Schemas

ITEM: dict[str, Any] = {"site": "7", "name": "Castle", "tags": ["old"]}


def judge(schemas: Schemas, items: list[dict[str, Any]], **options: Any) -> Report:
    numbered = [(i, str(item["site"]), item) for i, item in enumerate(items, start=40)]
    return check_items(
        numbered,
        schemas["site"],
        schemas,
        held=held,
        source_date=SOURCE_DATE,
        base=BASE,
        **options,
    )


def test_a_trail_of_one_key_is_no_duplicate(schemas: Schemas) -> None:
    """Entries of one key follow each other, and each is judged by itself."""
    report = judge(schemas, [ITEM, {**ITEM, "name": "x"}, ITEM])
    assert places(report) == [(41, "name", terms.MIN_LENGTH)]
    assert not report.conforms


def test_links_are_warned_of(schemas: Schemas) -> None:
    """Where a link leads nowhere or to the past, history still stands."""
    items = [{**ITEM, "owner": "A2"}, {**ITEM, "owner": "old"}]
    report = judge(schemas, items)
    assert report.conforms
    assert set(places(report)) == {
        (40, "owner", terms.CLASS),
        (41, "owner", terms.ENDED_LINK),
    }
    assert not judge(schemas, items, links_as="refuse").conforms
    assert judge(schemas, items, links_as="skip").violations == ()


def test_odd_text_is_warned_of(schemas: Schemas) -> None:
    """Formulas, controls and addresses in history cannot be taken back."""
    items = [
        {**ITEM, "name": "=1+1"},
        {**ITEM, "name": "a\tb"},
        {**ITEM, "name": "a@example.org"},
        {**ITEM, "name": "half \ud800 pair"},
    ]
    report = judge(schemas, items)
    assert report.conforms
    assert sorted(places(report), key=str) == [
        (40, "name", terms.FORMULA_CELL),
        (41, "name", terms.CONTROL_CHARACTER),
        (42, "name", terms.PERSONAL_DATA),
        (43, "name", terms.CONTROL_CHARACTER),
    ]


def test_a_geometry_that_no_view_could_hold_is_refused(schemas: Schemas) -> None:
    """Views are built of the log: what would break them may not get in."""
    report = judge(schemas, [{**ITEM, "point": "[51.48,-3.18]"}])
    assert places(report) == [(40, "point", terms.INVALID_GEOMETRY)]
    assert not report.conforms


def test_what_an_item_must_not_be_is_refused(schemas: Schemas) -> None:
    """Undeclared fields, wrong cardinality and an item under another's key."""
    items = [
        {**ITEM, "head-teacher": "Example"},
        {**ITEM, "tags": "old"},
        {**ITEM, "name": ["Castle", "Keep"]},
    ]
    report = judge(schemas, items)
    assert places(report) == [
        (40, "head-teacher", terms.CLOSED),
        (41, "tags", terms.WRONG_CARDINALITY),
        (42, "name", terms.WRONG_CARDINALITY),
    ]
    report = check_items(
        [(9, "8", ITEM)],
        schemas["site"],
        schemas,
        held=held,
        source_date=SOURCE_DATE,
        base=BASE,
    )
    assert places(report) == [(9, "site", terms.KEY_MISMATCH)]
    assert not report.conforms
