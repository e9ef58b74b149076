"""Releases that lose far more than usual."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from tests.gate.rows import Check, Row, places, site, staged_frame
from trigpoint.gate import Standing, terms
from trigpoint.schema.catalogue import Schemas
from trigpoint.schema.items import items_of
from trigpoint.schema.shape import Schema


def entries(schema: Schema, rows: list[Row]) -> pl.DataFrame:
    """Rows as the log has them: keys and items, in the order of the entries."""
    frame = staged_frame(schema, rows)
    return pl.DataFrame({"key": frame[schema.key], "item": items_of(frame, schema)})


@pytest.fixture
def current(schemas: Schemas) -> Standing:
    """A hundred sites that stand, and ten that ended."""
    rows: list[Row] = [site(str(key)) for key in range(1, 101)]
    rows += [site(str(key), end_date="1999") for key in range(101, 111)]
    schema = schemas["site"]
    return Standing.of_entries([entries(schema, rows)], schema)


def release(keys: range, **values: Any) -> list[Row]:
    return [site(str(key), **values) for key in keys]


def test_the_standing_records_are_the_newest_that_have_not_ended(
    schemas: Schemas,
) -> None:
    """The last entry of a key counts, whatever frame it comes in; one that ended or is
    withheld takes its record out, and what an item only mentions is no field of it."""
    schema = schemas["site"]
    first = [*release(range(1, 6)), site("6", end_date="1999"), site("7", size=None)]
    frames = [
        entries(schema, [*first, site("1", size=None)]),
        entries(schema, [site("2", end_date="2001"), site("6", name='"size":"1"')]),
        entries(schema, [site("3")]).with_columns(item=pl.lit(None, pl.String)),
    ]
    standing = Standing.of_entries(iter(frames), schema)
    assert len(standing.keys) == standing.keys.n_unique() == 5  # 1, 4, 5, 6, 7
    assert set(standing.filled) == set(schema.names)
    counts = ("site", "name", "size", "tags", "end-date", "note")
    assert [standing.filled[name] for name in counts] == [5, 5, 3, 5, 0, 0]
    assert len(Standing.of_entries([], schema).keys) == 0


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
    schema = schemas["site"]
    few = Standing.of_entries([entries(schema, release(range(1, 10)))], schema)
    assert check_sites(release(range(1, 3)), current=few).conforms


def test_an_empty_release_is_refused(check_sites: Check, current: Standing) -> None:
    """No rows at all is the largest drop."""
    report = check_sites([], current=current)
    assert places(report) == [(None, None, terms.SUSPICIOUS_DROP)]
