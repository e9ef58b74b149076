"""The formats of the old API, and the routes that answer in them.

A suffix of the last segment beats `Accept`, as it did. Its formats are its own, so a
suffix that only it knows means nothing elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope

from api.gds.errors import old_page
from api.negotiation import Choice, Format, accept_of, choose
from api.paths import ReadRoute, is_head
from trigpoint.errors import TrigpointError

_SUFFIX = re.compile(r"(.*[^/])\.(json|csv|tsv|yaml|ttl)", re.DOTALL)


@dataclass(frozen=True)
class OldFormat(Format):
    """A format with its `Content-Type` in the spelling of the old service."""

    @property
    def content_type(self) -> str:
        text = self.media_type.startswith("text/")
        return f"{self.media_type};charset=UTF-8" if text else self.media_type


JSON = OldFormat("json", "application/json")
CSV = OldFormat("csv", "text/csv")
TSV = OldFormat("tsv", "text/tab-separated-values")
YAML = OldFormat("yaml", "text/yaml")
TTL = OldFormat("ttl", "text/turtle")


class Offers:
    """The formats of a route, best first: a dependency that gives the `Choice`."""

    def __init__(self, *formats: OldFormat) -> None:
        self.formats = formats

    async def __call__(self, request: Request) -> Choice:
        return choose(self.formats, request.scope.get("suffix"), accept_of(request))

    def documented(
        self, description: str, schema: dict[str, Any]
    ) -> dict[int | str, dict[str, Any]]:
        """What OpenAPI says of an answer and of errors; `schema` is of the JSON."""
        content: dict[str, Any] = {form.media_type: {} for form in self.formats}
        content[JSON.media_type] = {"schema": schema}
        return {200: {"description": description, "content": content}, **PAGES}


# The errors that have the old service's pages.
PAGES: dict[int | str, dict[str, Any]] = {
    status: {"description": description, "content": {"text/html": {}}}
    for status, description in (
        (400, "A parameter cannot be used; a page says which."),
        (404, "There is no such thing; a page says so."),
        (406, "None of the formats asked for is available; a page says so."),
    )
}
DATA = Offers(JSON, CSV, TSV, YAML, TTL)
SUMMARY = Offers(JSON, YAML)
PROOF = Offers(JSON)


class OldRoute(ReadRoute):
    """A route of the old API: with HEAD, and errors as pages."""

    def get_route_handler(
        self,
    ) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_with_pages(request: Request) -> Response:
            try:
                return await handle(request)
            except TrigpointError as error:
                page = old_page(error)
                if page is None:
                    raise
                return _bare(page) if is_head(request.scope) else page

        return handle_with_pages


class OldSuffixed(OldRoute):
    """A route of the old API that answers in its formats, by suffix too."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        cut = _SUFFIX.fullmatch(scope["path"]) if scope["type"] == "http" else None
        if cut is None:
            return super().matches(scope)
        match, child = super().matches({**scope, "path": cut[1]})
        if match is Match.NONE:
            return match, child
        return match, {**child, "suffix": cut[2]}


def _bare(response: Response) -> Response:
    """The response without its body."""
    bare = Response(status_code=response.status_code)
    bare.raw_headers = response.raw_headers
    return bare
