"""Bounds on what a request may bring and on how much hard work runs at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ClassVar, TypeVar

import anyio.to_thread
from anyio import CapacityLimiter
from fastapi import Request
from starlette.types import Scope

from trigpoint.errors import TooBusy, TrigpointError

MAX_PATH = 2_048  # bytes
MAX_QUERY = 24_576  # bytes; a SPARQL query in a URL, percent-encoded
MAX_HEADERS = 16_384  # bytes of names and values together
MAX_BODY = 400_000  # bytes; 100,000 characters of SPARQL, four bytes each
BODY_SECONDS = 60.0  # that a body may take to come

Result = TypeVar("Result")


class PathTooLong(TrigpointError):
    """The path or query string is longer than anything served here."""

    slug: ClassVar[str] = "address-too-long"


class HeadersTooLarge(TrigpointError):
    slug: ClassVar[str] = "headers-too-large"


class BodyTooLarge(TrigpointError):
    slug: ClassVar[str] = "body-too-large"


class BodyTooSlow(TrigpointError):
    """The body did not come within the time that it may take."""

    slug: ClassVar[str] = "body-too-slow"


class UnsupportedMediaType(TrigpointError):
    """The body of a request is not of a type that the door reads."""

    slug: ClassVar[str] = "unsupported-media-type"


def check_request(scope: Scope) -> None:
    """Refuse a request that is too long before anything reads it.

    Raises PathTooLong or HeadersTooLarge.
    """
    path = len(scope.get("raw_path") or scope["path"])
    for what, length, limit in (
        ("path", path, MAX_PATH),
        ("query string", len(scope["query_string"]), MAX_QUERY),
    ):
        if length > limit:
            raise PathTooLong(
                f"the {what} has {length} bytes: at most {limit} are read", limit=limit
            )
    headers = sum(len(name) + len(value) for name, value in scope["headers"])
    if headers > MAX_HEADERS:
        raise HeadersTooLarge(
            f"the headers have {headers} bytes: at most {MAX_HEADERS} are read",
            limit=MAX_HEADERS,
        )


def check_coding(request: Request) -> None:
    """Refuse a body with a content coding, by UnsupportedMediaType.

    A body must be as it is: a few bytes of a compressed one may hold any length.
    """
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding != "identity":
        raise UnsupportedMediaType(
            f"the body has the content encoding “{coding[:60]}”: send it without"
        )


async def read_body(request: Request, limit: int = MAX_BODY) -> bytes:
    """The body of a request; raises UnsupportedMediaType for one with a content coding,
    BodyTooLarge when it says that it is past the limit, before any is read, or once it
    is, and BodyTooSlow when it is not there in time."""
    check_coding(request)
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > limit:
        raise _too_large(limit)
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise _too_large(limit)
    except TimeoutError as error:
        raise BodyTooSlow(
            f"the body took more than {BODY_SECONDS:.0f} seconds: send less",
            limit=BODY_SECONDS,
        ) from error
    return bytes(body)


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"the body has more than {limit} bytes: send less", limit=limit)


class Bench:
    """A few threads for hard work, so that it never takes those that look things up.

    `places` run at once and `waiting` more may wait; the next raises TooBusy.
    """

    def __init__(self, places: int, waiting: int) -> None:
        self._limiter = CapacityLimiter(places)
        self._waiting = waiting

    async def run(self, work: Callable[[], Result]) -> Result:
        """Do `work` in one of the threads, when one is free."""
        if self._limiter.statistics().tasks_waiting >= self._waiting:
            raise TooBusy(
                f"{self._waiting} such requests are waiting already: try again later",
                limit=self._waiting,
            )
        return await anyio.to_thread.run_sync(work, limiter=self._limiter)
