"""Pages as the old API counted them: records by index and size, entries by number.

Parameters that it did not know it passed over, and so does this.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from fastapi import Request

from api.gds.errors import BadRequest, NoSuchPage

PAGE_SIZE = 100
MAX_PAGE_SIZE = 5000
_NUMBER = re.compile(r"[+-]?\d{1,10}", re.ASCII)
_LARGEST = 2**31 - 1  # of the old service's numbers


@dataclass(frozen=True)
class Page:
    """A part of a list, and the queries that lead to the parts beside it."""

    limit: int
    offset: int
    following: str | None
    previous: str | None

    @property
    def links(self) -> str:
        """The `Link` header, as the old service wrote it; empty without neighbours."""
        return ",".join(self._links())

    def _links(self) -> Iterator[str]:
        if self.following:
            yield f'<{self.following}>; rel="next"'
        if self.previous:
            yield f'<{self.previous}>; rel="previous"'


def records_page(request: Request, total: int) -> Page:
    """Which of `total` records; raises BadRequest, or NoSuchPage beyond the end."""
    index = _parameter(request, "page-index", 1)
    size = _parameter(request, "page-size", PAGE_SIZE)
    _check("page-size", size)
    if index < 1:
        raise BadRequest("page-index must be greater than 0.")
    offset = (index - 1) * size
    if index > 1 and offset >= total:
        raise NoSuchPage(f"there are {total} records: page {index} is beyond them")
    return Page(
        limit=size,
        offset=offset,
        following=_records_query(index + 1, size) if offset + size < total else None,
        previous=_records_query(index - 1, size) if index > 1 else None,
    )


def entries_page(request: Request, total: int) -> Page:
    """Which of `total` entries; `offset` is the number before the first one.

    A page may begin before entry 1, as pages before another did, and has then only
    what is left of it. Raises BadRequest.
    """
    start = _parameter(request, "start", 1)
    limit = _parameter(request, "limit", PAGE_SIZE)
    _check("limit", limit)
    end = start + limit
    before = max(1, start - limit)
    return Page(
        limit=max(0, end - max(1, start)),
        offset=max(1, start) - 1,
        following=_entries_query(end, limit) if end <= total else None,
        previous=_entries_query(before, start - before) if start > 1 else None,
    )


def whole_number(text: str) -> int | None:
    """A number of the old service; None for what it would not have read as one."""
    if not _NUMBER.fullmatch(text):
        return None
    value = int(text)
    return value if -_LARGEST <= value <= _LARGEST else None


def _parameter(request: Request, name: str, default: int) -> int:
    given = request.query_params.getlist(name)
    if not given:
        return default
    value = whole_number(given[0])
    if value is None:
        raise BadRequest(f"{name} “{given[0][:20]}” is not a number.")
    return value


def _check(name: str, value: int) -> None:
    if value < 1:
        raise BadRequest(f"{name} must be greater than 0.")
    if value > MAX_PAGE_SIZE:
        raise BadRequest(f"{name} too big, maximum page size can be {MAX_PAGE_SIZE}.")


def _records_query(index: int, size: int) -> str:
    return f"?page-index={index}&page-size={size}"


def _entries_query(start: int, limit: int) -> str:
    return f"?start={start}&limit={limit}"
