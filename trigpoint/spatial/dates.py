"""Days that a date of any GDS precision stands for, and what held on them.

GDS field dates (Registers specification, datatype `datetime`) are written as
`2019`, `2019-04`, `2019-04-01` or with a time. Such a date is taken as the span
of days it names. Days are compared as ISO text, which sorts by time.
"""

from __future__ import annotations

import calendar
import datetime
import re

from trigpoint.errors import InvalidParameter

_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T\S*)?)?)?")
_ALWAYS, _NEVER = "0000-00-00", "9999-99-99"


def days_of(text: str, parameter: str = "at") -> tuple[str, str]:
    """The first and the last day (`YYYY-MM-DD`) of a date of any precision.

    Raises InvalidParameter for text that is not such a date or no real day.
    """
    match = _DATE.fullmatch(text.strip())
    if match is None:
        raise _not_a_date(text, parameter)
    year, month, day = (int(part) if part else None for part in match.groups())
    try:
        first = datetime.date(year or 0, month or 1, day or 1)
    except ValueError as error:
        raise _not_a_date(text, parameter) from error
    if month is None:
        return first.isoformat(), f"{first.year:04}-12-31"
    if day is None:
        return first.isoformat(), first.replace(day=_length(first)).isoformat()
    return first.isoformat(), first.isoformat()


def held_span(start: str | None, end: str | None) -> tuple[str, str]:
    """The first and last day on which something held; open ends sort outermost.

    Raises InvalidParameter naming `start` or `end` when it is not a date.
    """
    first = days_of(start, "start")[0] if start else _ALWAYS
    last = days_of(end, "end")[1] if end else _NEVER
    return first, last


def today() -> str:
    """Today in UTC, `YYYY-MM-DD`."""
    return datetime.datetime.now(datetime.UTC).date().isoformat()


def _length(month: datetime.date) -> int:
    return calendar.monthrange(month.year, month.month)[1]


def _not_a_date(text: str, parameter: str) -> InvalidParameter:
    return InvalidParameter(
        f"{parameter} is {text[:40]!r}: expected a date as 2019, 2019-04 or 2019-04-01",
        parameter=parameter,
    )
