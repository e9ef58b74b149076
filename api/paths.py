"""Paths as they were sent, suffixes, and HEAD wherever there is GET.

A server decodes the path before it is routed, so `%2F` in a key would become a
separator. `RawPath` puts the path back as it was sent, normalised as RFC 3986 section
6.2.2 allows, and `Key` decodes one segment. `Suffixed` lets a route answer with a
format's suffix after its last segment (`…/records/GB.ttl`).
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Path, Request
from fastapi.routing import APIRoute
from pydantic import AfterValidator
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send

from api.negotiation import SUFFIXES
from api.solving import Plan
from trigpoint.errors import InvalidIdentifier
from trigpoint.iris import decode_key

MAX_KEY = 400  # characters; the longest key of the archived registers has 91

_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = re.compile(r"[A-Za-z0-9\-._~]")
_SUFFIX = re.compile(r"(.*[^/])\.([a-z]+)", re.DOTALL)


class RawPath:
    """Middleware: routes see the path as it was sent."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            raw = scope.get("raw_path") or quote(scope["path"]).encode()
            path = _ESCAPE.sub(_normal, raw.decode("latin-1"))
            scope = {**scope, "path": scope.get("root_path", "") + path}
        await self._app(scope, receive, send)


def _normal(escape: re.Match[str]) -> str:
    character = chr(int(escape[1], 16))
    return character if _UNRESERVED.fullmatch(character) else escape[0].upper()


def _decoded(segment: str) -> str:
    text = decode_key(segment)
    if len(text) > MAX_KEY:
        raise InvalidIdentifier(
            f"“{text[:20]}…” has {len(text)} characters: no key has over {MAX_KEY}",
            parameter="path",
        )
    return text


Decoded = AfterValidator(_decoded)
RegisterName = Annotated[
    str, Path(description="Name of a register, such as `country`."), Decoded
]
Key = Annotated[str, Path(description="Key of a record, percent-encoded."), Decoded]


class ReadRoute(APIRoute):
    """A route that answers HEAD as it answers GET, without the body (see replies).

    What its function is called with is worked out by a plan (see solving).
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **rest: Any) -> None:
        super().__init__(path, endpoint, **rest)
        self.parameters = Plan(self.dependant).parameters
        self._start = self.path_format.partition("{")[0]
        self.app = _answering(self.get_route_handler())

    def get_route_handler(
        self,
    ) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        return Plan(self.dependant).answer

    def may_match(self, scope: Scope) -> bool:
        """Whether a path begins as this route's do; most routes are told apart so."""
        path: str = scope["path"]
        return path.startswith(self._start) or bool(scope.get("root_path"))

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if not self.may_match(scope):
            return Match.NONE, {}
        return super().matches(_as_get(scope))

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await super().handle(_as_get(scope), receive, send)


class Suffixed(ReadRoute):
    """A route that also answers with a known suffix after its last segment.

    What was cut off is in `scope["suffix"]`; the route's own formats are judged later.
    """

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if not self.may_match(scope):
            return Match.NONE, {}
        cut = _SUFFIX.fullmatch(scope["path"]) if scope["type"] == "http" else None
        if cut is None or cut[2] not in SUFFIXES:
            return super().matches(scope)
        match, child = super().matches({**scope, "path": cut[1]})
        if match is Match.NONE:
            return match, child
        return match, {**child, "suffix": cut[2]}


def _answering(handle: Callable[[Request], Awaitable[Response]]) -> ASGIApp:
    """An application that sends what `handle` says. Errors go on, to the handlers that
    the whole application has."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        response = await handle(Request(scope, receive, send))
        await response(scope, receive, send)

    return app


def _as_get(scope: Scope) -> Scope:
    if scope["type"] == "http" and scope["method"] == "HEAD":
        return {**scope, "method": "GET", "head": True}
    return scope


def is_head(scope: Mapping[str, Any]) -> bool:
    """Whether the client wants no body."""
    return scope["method"] == "HEAD" or bool(scope.get("head"))
