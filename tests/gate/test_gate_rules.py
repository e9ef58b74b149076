"""Rules that SHACL cannot say: each broken on its own is that one finding."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.gate.rows import (
    BASE,
    SOURCE_DATE,
    Check,
    Row,
    held,
    places,
    site,
    staged_frame,
)
from trigpoint.gate import check, split, terms
from trigpoint.gate.dates import earlier, is_before
from trigpoint.iris import ONTOLOGY
from trigpoint.schema.catalogue import Schemas


@pytest.mark.parametrize(
    ("values", "component", "said"),
    [
        ({"name": "=1+1"}, terms.FORMULA_CELL, "spreadsheets run it"),
        ({"name": "\uff1dSUM(A1)"}, terms.FORMULA_CELL, "remove the sign"),
        ({"name": "\tcmd"}, terms.FORMULA_CELL, "begins with a sign"),
        ({"name": "\rcmd"}, terms.FORMULA_CELL, "begins with a sign"),
        ({"name": "St\x92 John"}, terms.CONTROL_CHARACTER, "control character"),
        ({"name": "two\nlines"}, terms.CONTROL_CHARACTER, "control character"),
        ({"name": "a\tb"}, terms.CONTROL_CHARACTER, "control character"),
        ({"name": "nul\x00"}, terms.CONTROL_CHARACTER, "control character"),
        ({"name": "\u202egnp.exe"}, terms.CONTROL_CHARACTER, "control character"),
        ({"name": "none\ufffe"}, terms.CONTROL_CHARACTER, "control character"),
        ({"name-cy": ""}, terms.EMPTY_VALUE, "leave it out"),
        ({"name": "Ask a.b@example.org"}, terms.PERSONAL_DATA, "e-mail address"),
        ({"point": "[51.48,-3.18]"}, terms.INVALID_GEOMETRY, "swap them"),
        ({"point": "[318000,176000]"}, terms.INVALID_GEOMETRY, "EPSG:27700"),
        ({"start-date": "2001", "end-date": "1999-01"}, terms.END_BEFORE_START, "2001"),
        ({"owner": "old"}, terms.ENDED_LINK, "ended on 2015, before 2020-06-01"),
    ],
)
def test_each_rule_broken_is_that_finding_only(
    check_sites: Check, values: dict[str, str], component: str, said: str
) -> None:
    """One defect gives one violation, which names row, key, field and shape."""
    field = list(values)[-1]
    report = check_sites([site("7"), {**site("8"), **values}, site("9")])
    (found,) = report.violations
    assert (found.row, found.key, found.field) == (3, "8", field)
    assert found.component == component
    assert found.shape == f"https://w3id.org/trigpoint/shapes#site-{field}"
    assert said in found.message
    assert not report.conforms


@pytest.mark.parametrize(
    "name",
    [
        "@ Home Nursery",
        "+ve Start",
        "-",
        "a = b",
        "St. John's @ the Hill",
        "Ysgol Gyfun Gŵyr",
        "Schoolroom @",
        "zero\u200bwidth \u200f",
    ],
)
def test_honest_text_is_not_taken_for_a_defect(check_sites: Check, name: str) -> None:
    """Signs that look odd but harm nobody pass."""
    assert check_sites([site(name=f"{name} x")]).violations == ()


def test_a_web_address_may_hold_an_e_mail_address(check_sites: Check) -> None:
    """A field of xsd:anyURI is meant to lead to someone."""
    assert check_sites([site(website="mailto:desk@example.org")]).conforms


def test_an_e_mail_address_is_not_repeated(check_sites: Check) -> None:
    """A report of personal data does not hold it."""
    report = check_sites([site(name="a.b@example.org")])
    assert "a.b@example.org" not in report.table()
    assert "a.b@example.org" not in str(report.as_json(BASE))


@pytest.mark.parametrize("value", ["[null,1]", "[NaN,51]", "[1e400,1]", "[" * 100_000])
def test_a_point_that_is_no_pair_of_numbers_is_refused(
    check_sites: Check, value: str
) -> None:
    """The shape refuses it, and says what a point looks like or what is wrong."""
    (found,) = check_sites([site(point=value)]).violations
    assert (found.field, found.component) == ("point", terms.NODE)
    assert "[lon,lat]" in found.message or "finite" in found.message


def test_a_point_in_powers_of_ten_is_told_how_to_be_written(
    check_sites: Check,
) -> None:
    """JSON allows 5e1, the register does not."""
    (found,) = check_sites([site(point="[-3e0,51]")]).violations
    assert "plain decimals" in found.message


@pytest.mark.parametrize(
    ("wkt", "said"),
    [
        ("POLYGON((0 50, 1 51, 1 50, 0 51, 0 50))", "not valid"),
        ("POLYGON EMPTY", "empty"),
        ("POLYGON((0 50, 1 51", "not well-known text"),
    ],
)
def test_a_geometry_that_is_no_area_is_refused(
    schemas: Schemas, wkt: str, said: str
) -> None:
    """WKT is read: what crosses itself, is empty or breaks off is refused."""
    schema = schemas["owner"]
    frame = staged_frame(schema, [{"owner": "A", "outline": wkt}])
    report = check(
        frame, schema, schemas, held=held, source_date=SOURCE_DATE, base=BASE
    )
    (found,) = report.violations
    assert (found.component, found.field) == (terms.INVALID_GEOMETRY, "outline")
    assert said in found.message


def test_all_rows_of_a_doubled_key_are_named(check_sites: Check) -> None:
    """Neither of two rows with one key is the right one."""
    report = check_sites([site("7"), site("8"), site("7")])
    assert places(report) == [
        (2, "site", terms.DUPLICATE_KEY),
        (4, "site", terms.DUPLICATE_KEY),
    ]
    assert "(2, 4)" in report.violations[0].message


def test_a_key_in_another_spelling_is_refused(check_sites: Check) -> None:
    """A key with leading zeros would name a second record for one thing."""
    (found,) = check_sites([site("007")]).violations
    assert (found.field, found.component) == ("site", terms.NOT_CANONICAL_KEY)
    assert "“7”" in found.message


def test_a_key_that_cannot_be_read_is_refused_once(check_sites: Check) -> None:
    """What the pattern refuses is not refused for its spelling again."""
    assert places(check_sites([site("A7!")])) == [(2, "site", terms.PATTERN)]
    (found,) = check_sites([site("A7")]).violations
    usrn = terms.INVALID_IDENTIFIER[f"{ONTOLOGY}Usrn"]
    assert (found.component, found.field) == (usrn, "site")
    assert "USRN" in found.message


def test_a_row_with_a_problem_is_refused_with_its_reason(check_sites: Check) -> None:
    """What a loader could not resolve is passed on."""
    report = check_sites([{**site("7"), "_problem": "BNE may be Bath or Barnet"}])
    assert places(report) == [(2, None, terms.UNRESOLVED)]
    assert report.violations[0].message == "BNE may be Bath or Barnet"


def test_an_empty_member_of_an_array_is_refused(check_sites: Check) -> None:
    """Null among the values of a field is no value."""
    report = check_sites([site(tags=["old", None])])
    assert places(report) == [(2, "tags", terms.EMPTY_VALUE)]


# ---- links and dates ---------------------------------------------------------


def test_an_ended_row_may_link_to_what_held_while_it_did(check_sites: Check) -> None:
    """The row's own end is its reference date, if earlier than the release."""
    assert check_sites([site(owner="old", end_date="2014-05")]).conforms
    assert check_sites([site(owner="old", end_date="2015-12-31")]).conforms
    assert not check_sites([site(owner="old", end_date="2016")]).conforms


def test_a_target_that_ends_on_the_day_still_holds(check_sites: Check) -> None:
    """An end on the reference date itself is not before it."""
    assert check_sites([site(owner="late")]).conforms
    assert not check_sites([site(owner="late")], source_date="2020-06-02").conforms


def test_successors_are_named(check_sites: Check) -> None:
    """Whoever can tell what replaced a record gets it into the message."""
    report = check_sites([site(owner="old")], successors=lambda register, key: ["A1"])
    assert "use what replaced it (A1)" in report.violations[0].message


def test_rows_that_link_to_a_refused_row_are_refused(check_sites: Check) -> None:
    """To accept the rest alone must not leave links that lead nowhere."""
    rows = [
        site("1", name="x"),
        site("2", parent_site="1"),
        site("3", parent_site="2"),
        site("4", parent_site="4"),
        site("900", name="x"),
        site("5", parent_site="900"),
    ]
    report = check_sites(rows)
    assert places(report) == [
        (2, "name", terms.MIN_LENGTH),
        (6, "name", terms.MIN_LENGTH),
        (3, "parent-site", terms.LINK_TO_REFUSED),
        (4, "parent-site", terms.LINK_TO_REFUSED),
    ]


def test_split_parts_accepted_rows_from_refused(
    schemas: Schemas, check_sites: Check
) -> None:
    """Every row that is judged is on one side, in its order."""
    rows: list[Row] = [site("7"), site("8", name="x"), site("10")]
    accepted, refused = split(
        staged_frame(schemas["site"], rows), check_sites(rows), "site"
    )
    assert accepted["site"].to_list() == ["7", "10"]
    assert refused["_row"].to_list() == [3]


@pytest.mark.parametrize(
    ("one", "other", "before"),
    [
        ("1905", "1906", True),
        ("1905", "1905-12", False),
        ("1905-11", "1905", False),
        ("2018-10-08", "2018-10-09", True),
        ("2018-10", "2018-10-09", False),
        ("2018-09", "2018-10-09", True),
        ("2018-10-09", "2018-10-09T13:00:00Z", False),
        ("2018-10-09T12:59:59Z", "2018-10-09T13:00:00Z", True),
        ("2018-10-09T13:30:00+01:00", "2018-10-09T13:00:00Z", True),
        ("2018-10-09T13:30:00", "2018-10-09T13:00:00Z", False),
        ("2018-02-30", "2019", False),
        ("x", "2019", False),
    ],
)
def test_dates_of_any_precision_compare_without_guessing(
    one: str, other: str, before: bool
) -> None:
    """A date is before another only if all of it is."""
    assert is_before(one, other) is before
    assert earlier(one, other) == (one if before else other)


@given(
    st.lists(st.dates().map(str), min_size=2, max_size=2),
    st.sampled_from([4, 7, 10]),
    st.sampled_from([4, 7, 10]),
)
def test_cut_dates_never_turn_round(dates: list[str], one: int, other: int) -> None:
    """Whatever precision is lost, the later day is never before the earlier."""
    first, second = sorted(dates)
    assert not is_before(second[:other], first[:one])


def test_a_column_of_another_type_is_the_loaders_mistake(schemas: Schemas) -> None:
    """Numbers are no text: the caller is told which column."""
    frame = pl.DataFrame({"_row": [2], "site": ["7"], "size": [12]})
    arguments: dict[str, Any] = {
        "held": held,
        "source_date": SOURCE_DATE,
        "base": BASE,
    }
    with pytest.raises(TypeError, match="column size of site is Int64"):
        check(frame, schemas["site"], schemas, **arguments)
    with pytest.raises(TypeError, match="_row"):
        check(frame.drop("_row"), schemas["site"], schemas, **arguments)
