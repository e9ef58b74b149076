"""GDS dates of any precision: the days they name, and what held on a day.

Registers Specification (GDS), datatype `datetime`: `1905`, `1993-01`, `2018-10-09`, or
with a time. Such a date is the span of days it names: a start holds from the first of
them, an end to the last. Days are compared as ISO text, which sorts by time.
"""

from __future__ import annotations

import calendar
import re
from datetime import UTC, date, datetime

from trigpoint.errors import InvalidParameter

_DATE = re.compile(
    r"(\d{4})(?:-(\d{2})(?:-(\d{2})"
    r"(?:T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})?)?)?)?",
    re.ASCII,
)
_ALWAYS, _NEVER = "0000-00-00", "9999-99-99"


def days_of(text: str, parameter: str = "at") -> tuple[str, str]:
    """The first and the last day (`YYYY-MM-DD`) of a date of any precision.

    Raises InvalidParameter, naming `parameter`, for text that is no such date or no
    real day.
    """
    match = _DATE.fullmatch(text)
    try:
        if match is None:
            raise ValueError
        year, month, day = match.groups()
        first = date(int(year), int(month or 1), int(day or 1))
    except ValueError as error:
        raise InvalidParameter(
            f"{parameter} is “{text[:40]}”: expected 2019, 2019-04 or 2019-04-01",
            parameter=parameter,
        ) from error
    last = first if day else _end_of(first, of_month=month is not None)
    return first.isoformat(), last.isoformat()


def _end_of(first: date, *, of_month: bool) -> date:
    if not of_month:
        return first.replace(month=12, day=31)
    return first.replace(day=calendar.monthrange(first.year, first.month)[1])


def held_span(start: str | None, end: str | None) -> tuple[str, str]:
    """The first and last day on which something held; open ends sort outermost.

    Raises InvalidParameter naming `start` or `end` when it is not a date.
    """
    first = days_of(start, "start")[0] if start else _ALWAYS
    last = days_of(end, "end")[1] if end else _NEVER
    return first, last


def today() -> str:
    """Today in UTC, `YYYY-MM-DD`."""
    return datetime.now(UTC).date().isoformat()


def now() -> str:
    """The time of an entry: UTC to the second, as GDS wrote it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
