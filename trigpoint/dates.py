"""GDS dates of any precision, compared.

Registers Specification (GDS), "datetime": `1905`, `1993-01`, `2018-10-09`, or with a
time. A start holds from the first instant of what it says, an end to the last.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

from trigpoint.errors import InvalidParameter

_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)


def parse_date(text: str) -> str:
    """A GDS date without a time, checked; raises InvalidParameter."""
    match = _DATE.fullmatch(text)
    try:
        if match is None:
            raise ValueError
        date(int(match[1]), int(match[2] or 1), int(match[3] or 1))
    except ValueError as error:
        raise InvalidParameter(
            f"“{text}” is not a date: expected YYYY, YYYY-MM or YYYY-MM-DD",
            parameter="at",
        ) from error
    return text


def today() -> str:
    return datetime.now(UTC).date().isoformat()


def now() -> str:
    """The time of an entry: UTC to the second, as GDS wrote it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def has_begun(start: str | None, at: str) -> bool:
    """Whether a start date is on or before `at`; a missing one always is."""
    return start is None or start[:10] <= at


def has_ended(end: str | None, at: str) -> bool:
    """Whether an end date is over before `at`; a missing one never is."""
    return end is not None and end[:10] < at[: len(end[:10])]


def holds(start: str | None, end: str | None, at: str) -> bool:
    return has_begun(start, at) and not has_ended(end, at)
