"""GDS dates, which come at any precision, compared without guessing.

Each stands for a span of days (trigpoint.dates). One is before another only if its
whole span is; two with a time are compared to the second, one without zone as UTC.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

import polars as pl

from trigpoint.dates import days_of
from trigpoint.errors import InvalidParameter

_DAY = len("2018-10-09")
_UTC = len("2018-10-09T13:00:00Z")


def is_date(text: str) -> bool:
    """Whether text is a date of a GDS precision, and of a day that there was."""
    return _days(text) is not None and ("T" not in text or _instant(text) is not None)


def is_before(one: str, other: str) -> bool:
    """Whether date `one` certainly lies before date `other`; False when their spans
    touch or either is not a date."""
    days, others = _days(one), _days(other)
    if days is None or others is None:
        return False
    instant, another = _instant(one), _instant(other)
    if instant is not None and another is not None:
        return instant < another
    return days[1] < others[0]


def may_be_before(one: pl.Expr, other: pl.Expr) -> pl.Expr:
    """False for pairs of texts that `is_before` certainly denies; never null. Null is
    before nothing."""
    # ISO text sorts by time. A date that begins another holds it; and two with a time
    # sort only if both are written in UTC to the second.
    day_first = (one < other) & ~other.str.starts_with(one)
    times = (one.str.len_bytes() > _DAY) & (other.str.len_bytes() > _DAY)
    return (day_first | (times & ~(_is_utc(one) & _is_utc(other)))).fill_null(False)


def _is_utc(date: pl.Expr) -> pl.Expr:
    return (date.str.len_bytes() == _UTC) & date.str.ends_with("Z")


def earlier(one: str | None, other: str) -> str:
    """The earlier of two dates; `other` when `one` is absent or cannot be told."""
    return one if one is not None and is_before(one, other) else other


@lru_cache(maxsize=65_536)
def _days(text: str) -> tuple[str, str] | None:
    try:
        return days_of(text)
    except InvalidParameter:
        return None


@lru_cache(maxsize=65_536)
def _instant(text: str) -> datetime | None:
    """The instant that a date with a time names."""
    if "T" not in text:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
