"""GDS dates of any precision, as spans of days."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trigpoint.dates import days_of, held_span, now, today
from trigpoint.errors import InvalidParameter
from trigpoint.log.entry import TIMESTAMP


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2018-10-09", "2018-10-09", "2018-10-09"),
        ("1993-01", "1993-01-01", "1993-01-31"),
        ("2016-02", "2016-02-01", "2016-02-29"),
        ("1900-02", "1900-02-01", "1900-02-28"),
        ("1905", "1905-01-01", "1905-12-31"),
        ("0001", "0001-01-01", "0001-12-31"),
        ("9999-12", "9999-12-01", "9999-12-31"),
        ("2016-04-05T13:23:05Z", "2016-04-05", "2016-04-05"),
        ("2016-04-05T13:23:05.5+01:00", "2016-04-05", "2016-04-05"),
    ],
)
def test_a_date_names_its_days(text: str, first: str, last: str) -> None:
    """A year and a month are all their days, a time is its day."""
    assert days_of(text) == (first, last)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0000",
        "19",
        "2018-13",
        "2018-00",
        "2018-10-00",
        "2018-02-29",
        "2018-10-9",
        "09/10/2018",
        "2018-10-09T",
        "2018-10-09 ",
        "２０１８",
        "+2018",
        "2018-10-09T13:23",
        "x" * 1_000_000,
    ],
    ids=lambda text: text[:12] or "empty",
)
def test_text_that_is_no_date_is_refused(text: str) -> None:
    """The error names the parameter and shows only the beginning of a long text."""
    with pytest.raises(InvalidParameter, match="at is") as caught:
        days_of(text)
    assert caught.value.members == {"parameter": "at"}
    assert len(str(caught.value)) < 200


@given(st.dates(), st.sampled_from(["%Y", "%Y-%m", "%Y-%m-%d"]))
def test_a_day_lies_in_every_span_that_names_it(day: date, form: str) -> None:
    """Whatever the precision, the span holds the day; text sorts as time does."""
    text = day.isoformat()[: {"%Y": 4, "%Y-%m": 7, "%Y-%m-%d": 10}[form]]
    first, last = days_of(text)
    assert first <= day.isoformat() <= last
    assert date.fromisoformat(first) <= day <= date.fromisoformat(last)


def test_an_open_end_sorts_outermost() -> None:
    """What has no start held always, what has no end holds for ever."""
    first, last = held_span(None, None)
    assert first < "0001-01-01"
    assert last > "9999-12-30"
    assert held_span("1974-04", "1986") == ("1974-04-01", "1986-12-31")
    with pytest.raises(InvalidParameter, match="end is"):
        held_span("1974", "soon")


def test_now_is_a_time_of_an_entry_and_today_its_day() -> None:
    """The clock is written as entries have it."""
    before = today()
    moment = now()
    assert TIMESTAMP.fullmatch(moment)
    assert before <= moment[:10] <= today()
