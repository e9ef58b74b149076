"""Releases that lose far more than usual."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from tests.gate.rows import Check, Row, places, site, staged_frame
from trigpoint.gate import Standing, terms
from trigpoint.schema.catalogue import Schemas


@pytest.fixture
def current(schemas: Schemas) -> Standing:
    """A hundred sites that stand, and ten that ended."""
    rows: list[Row] = [site(str(key)) for key in range(1, 101)]
    rows += [site(str(key), end_date="1999") for key in range(101, 111)]
    return Standing.of_frame(staged_frame(schemas["site"], rows), schemas["site"])


def release(keys: range, **values: Any) -> list[Row]:
    return [site(str(key), **values) for key in keys]


def test_the_standing_records_are_those_that_have_not_ended(
    schemas: Schemas, current: Standing
) -> None:
    """From a frame or from items, the same keys and counts."""
    schema = schemas["site"]
    items: list[Any] = [
        {name: value for name, value in row.items() if value is not None}
        for row in [*release(range(1, 101)), *release(range(101, 111), end_date="1999")]
    ]
    same = Standing.of_items(items, schema)
    assert current.keys.to_list() == same.keys.to_list()
    assert len(same.keys) == 100
    assert current.filled["name"] == same.filled["name"] == 100


def test_a_release_as_usual_passes(check_sites: Check, current: Standing) -> None:
    """A fifth fewer records is within the shape's default."""
    report = check_sites(release(range(21, 150)), current=current)
    assert report.conforms


def test_a_release_that_lost_a_part_is_refused(
    check_sites: Check, current: Standing
) -> None:
    """A file that was cut off is refused as a whole, and says how much is missing."""
    report = check_sites(release(range(1, 70)), current=current)
    assert places(report) == [(None, None, terms.SUSPICIOUS_DROP)]
    assert "69 of 100 current records" in report.violations[0].message
    assert report.rejects_all("site")


def test_a_blanked_column_is_refused(check_sites: Check, current: Standing) -> None:
    """A field that was filled and is no longer names itself; the shape says how much
    may be lost (here half)."""
    rows = [*release(range(1, 41)), *release(range(41, 101), size=None)]
    (found,) = check_sites(rows, current=current).violations
    assert (found.field, found.component) == ("size", terms.SUSPICIOUS_DROP)
    assert "40% of the rows" in found.message
    rows = [*release(range(1, 51)), *release(range(51, 101), size=None)]
    assert check_sites(rows, current=current).conforms


def test_a_column_that_is_gone_is_refused(
    check_sites: Check, current: Standing
) -> None:
    """A full release without a column blanks it."""
    rows: list[Row] = [
        {name: value for name, value in row.items() if name != "size"}
        for row in release(range(1, 101))
    ]
    assert places(check_sites(rows, current=current)) == [
        (None, "size", terms.SUSPICIOUS_DROP)
    ]


def test_force_makes_it_a_warning(check_sites: Check, current: Standing) -> None:
    """Forced, the drop stays in the report and refuses nothing."""
    report = check_sites(release(range(1, 30)), current=current, force=True)
    assert report.conforms
    assert report.warnings == 1


def test_a_small_register_has_no_usual(check_sites: Check, schemas: Schemas) -> None:
    """Shares of a handful of records say nothing."""
    frame = staged_frame(schemas["site"], release(range(1, 10)))
    few = Standing.of_frame(frame, schemas["site"])
    assert check_sites(release(range(1, 3)), current=few).conforms


def test_an_empty_release_is_refused(
    schemas: Schemas, check_sites: Check, current: Standing
) -> None:
    """No rows at all is the largest drop."""
    report = check_sites([], current=current)
    assert places(report) == [(None, None, terms.SUSPICIOUS_DROP)]
    assert isinstance(current.keys, pl.Series)
