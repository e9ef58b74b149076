"""Answers as sent: ETag, caching, links, log sizes, ranges, HEAD and 304.

RFC 9110 sections 8.8 (validators), 13 (conditional requests) and 14 (ranges); RFC 8288
for `Link`. Answers made in memory have weak validators, but for resources of the log
that never change: those are strong, and weak once they are compressed on the way. Files
have strong ones and are never compressed, so that ranges work.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlencode

import anyio
from fastapi import Request
from starlette.datastructures import Headers
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from api.negotiation import Choice, Format
from api.paths import is_head
from trigpoint.errors import TrigpointError
from trigpoint.log.sizes import format_sizes

LOG_SIZE_HEADER = "Trigpoint-Log-Size"
REVALIDATE = "public, no-cache"
IMMUTABLE = "public, max-age=31536000, immutable"
# An item may be withheld one day; copies of it must not outlive that by long.
ITEM = "public, max-age=86400, immutable"

_KEPT_IN_304 = (
    "cache-control",
    "content-location",
    "etag",
    "link",
    LOG_SIZE_HEADER.lower(),
    "vary",
)
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)
_CHUNK = 1 << 16


class RangeNotSatisfiable(TrigpointError):
    """The bytes asked for lie beyond the end of the file."""

    slug: ClassVar[str] = "range-not-satisfiable"


@dataclass(frozen=True)
class Link:
    """One value of a `Link` header; `target` is a URI reference."""

    target: str
    rel: str
    media_type: str | None = None

    def __str__(self) -> str:
        kind = f'; type="{self.media_type}"' if self.media_type else ""
        return f'<{self.target}>; rel="{self.rel}"{kind}'


def headers_of(
    choice: Choice | None,
    etag: str,
    cache: str,
    sizes: Mapping[str, int] | None,
    links: Iterable[Link],
) -> dict[str, str]:
    """The headers that every good answer has."""
    headers = {"ETag": etag, "Cache-Control": cache}
    if sizes:
        headers[LOG_SIZE_HEADER] = format_sizes(sizes)
    if choice is not None and not choice.by_suffix:
        headers["Vary"] = "Accept"
    if text := ", ".join(map(str, links)):
        headers["Link"] = text
    return headers


class Reply(Response):
    """An answer made in memory. `sizes` are the log sizes that it speaks for; `strong`
    says that the same bytes are sent whenever it is asked for."""

    def __init__(
        self,
        body: str | bytes,
        form: Choice | Format,
        *,
        sizes: Mapping[str, int] | None = None,
        cache: str = REVALIDATE,
        links: Iterable[Link] = (),
        headers: Mapping[str, str] | None = None,
        strong: bool = False,
    ) -> None:
        content = body.encode() if isinstance(body, str) else body
        choice = form if isinstance(form, Choice) else None
        chosen = form.format if isinstance(form, Choice) else form
        tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
        etag = tag if strong else f"W/{tag}"
        standard = headers_of(choice, etag, cache, sizes, links)
        super().__init__(content, 200, {**standard, **(headers or {})})
        self.headers["Content-Type"] = chosen.content_type

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        short = _shortened(self, scope)
        if short is not None:
            await short(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


class FileReply(Response):
    """A file that never changes, whole or one range of it.

    Several ranges in one request are answered with the whole, as RFC 9110 section
    14.2 allows. Raises RangeNotSatisfiable.
    """

    def __init__(
        self,
        path: Path,
        size: int,
        media_type: str,
        *,
        etag: str,
        sizes: Mapping[str, int],
        links: Iterable[Link],
        headers: Mapping[str, str],
        cache: str = REVALIDATE,
    ) -> None:
        standard = headers_of(None, f'"{etag}"', cache, sizes, links)
        super().__init__(None, 200, {**standard, **headers})
        self.headers["Content-Type"] = media_type
        self.headers["Content-Length"] = str(size)
        self.headers["Accept-Ranges"] = "bytes"
        self._path = path
        self._size = size

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        short = _shortened(self, scope)
        if short is not None:
            await short(scope, receive, send)
            return
        start, stop = self._bounds(Headers(scope=scope))
        # Opened before anything is sent: a file that was replaced is then an error,
        # and one that is replaced later is still sent whole.
        async with await anyio.open_file(self._path, "rb") as file:
            part = StreamingResponse(_chunks(file, start, stop), self.status_code)
            part.raw_headers = self.raw_headers
            await part(scope, receive, send)

    def _bounds(self, headers: Headers) -> tuple[int, int]:
        """First byte and the one after the last; sets 206 for a part."""
        known = headers.get("if-range") in (None, self.headers["etag"])
        match = _RANGE.fullmatch(headers.get("range", "").strip())
        if match is None or not known or match[0] == "bytes=-":
            return 0, self._size
        if not match[1]:
            start, stop = max(0, self._size - int(match[2])), self._size
        else:
            last = int(match[2]) if match[2] else self._size
            start, stop = int(match[1]), min(self._size, last + 1)
        if match[1] and match[2] and int(match[2]) < int(match[1]):
            return 0, self._size  # not a valid range: as if it were not there
        if start >= stop:
            raise RangeNotSatisfiable(
                f"the file has {self._size} bytes: {match[0]} lies beyond its end",
                size=self._size,
            )
        self.status_code = 206
        self.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{self._size}"
        self.headers["Content-Length"] = str(stop - start)
        return start, stop


async def _chunks(
    file: anyio.AsyncFile[bytes], start: int, stop: int
) -> AsyncIterator[bytes]:
    await file.seek(start)
    while start < stop:
        chunk = await file.read(min(_CHUNK, stop - start))
        start += len(chunk)
        yield chunk


def _shortened(response: Response, scope: Scope) -> Response | None:
    """What is sent instead of the whole: 304 to a client that has it, headers only
    for HEAD, None when the whole is due."""
    known = Headers(scope=scope).get("if-none-match")
    reads = scope["method"] in ("GET", "HEAD")
    if known is not None and reads and _names(known, response.headers["etag"]):
        kept = {n: v for n, v in response.headers.items() if n in _KEPT_IN_304}
        return Response(status_code=304, headers=kept)
    if is_head(scope):
        bare = Response(status_code=response.status_code)
        bare.raw_headers = response.raw_headers
        return bare
    return None


def _names(header: str, etag: str) -> bool:
    """Whether `If-None-Match` names an entity tag, by weak comparison."""
    tags = {tag.strip().removeprefix("W/") for tag in header.split(",")}
    return "*" in tags or etag.removeprefix("W/") in tags


def next_page(request: Request, prefix: str, key: str) -> str:
    """The URL of the page that starts after `key`, with the same parameters; `prefix`
    is the path that the installation is served under."""
    given = [(n, v) for n, v in request.query_params.items() if n != "after"]
    return f"{prefix}{request.scope['path']}?{urlencode([*given, ('after', key)])}"


def see_other(target: str, status: int, query: str = "") -> Response:
    """A redirect; `target` is a URI reference and `query` goes on, both as encoded."""
    location = f"{target}?{query}" if query else target
    headers = {"Location": location, "Cache-Control": REVALIDATE}
    return Response(status_code=status, headers=headers)
