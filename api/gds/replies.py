"""Answers of the old API: a view in the format asked for, with its headers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends, Path, Request
from starlette.responses import Response

from api.gds.formats import DATA
from api.gds.turtle import Names
from api.gds.views import View, written
from api.negotiation import Choice
from api.paths import Decoded
from api.replies import REVALIDATE, Reply
from api.service import Service

V1 = "/registers/{register}/v1"

# JSON as OpenAPI has it: each value of an entry or an item is text.
LIST = {"type": "array", "items": {"type": "object"}}
OBJECT = {"type": "object"}

Chosen = Annotated[Choice, Depends(DATA)]
Segment = Annotated[str, Path(description="As it is called, encoded."), Decoded]


def names_of(here: Service, register: str) -> Names:
    """The IRIs of a register's old API here."""
    return Names(here.base, register)


def reply(
    here: Service,
    register: str,
    view: View,
    choice: Choice,
    headers: Mapping[str, str] | None = None,
    cache: str = REVALIDATE,
) -> Response:
    """A view in the chosen format."""
    sizes = here.size_of(register)
    text = written(view, choice.format)
    return Reply(text, choice, sizes=sizes, headers=headers, cache=cache)


def page_headers(request: Request, name: str, links: str) -> dict[str, str]:
    """Links to the pages beside, and a file name for what a suffix asked for."""
    headers = {"Link": links} if links else {}
    if suffix := request.scope.get("suffix"):
        headers["Content-Disposition"] = f'inline; filename="{name}.{suffix}"'
    return headers


def numbers(*parameters: tuple[str, str, int]) -> dict[str, Any]:
    """What OpenAPI says of query parameters that the routes read by themselves."""
    return {
        "parameters": [
            {
                "name": name,
                "in": "query",
                "description": text,
                "schema": {"type": "integer", "default": default},
            }
            for name, text, default in parameters
        ]
    }
