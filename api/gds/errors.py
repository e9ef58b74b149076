"""What the old service said of errors: a page, whatever was asked for.

400, 404 and 406 were HTML with a heading and a sentence, and clients looked at the
status alone. Other errors had no form that clients knew, so they are problems as
everywhere else (api.problems).
"""

from __future__ import annotations

from html import escape
from typing import ClassVar

from starlette.responses import Response

from api.negotiation import NotAcceptable
from trigpoint.errors import InvalidInput, NotFound, TrigpointError

CONTENT_TYPE = "text/html;charset=UTF-8"
NOT_FOUND = "If you entered a web address please check it was correct."


class BadRequest(InvalidInput):
    """A parameter that the old service refused."""

    slug: ClassVar[str] = "invalid-parameter"


class NoSuchPage(NotFound):
    """An address that the old service did not have."""


class TooLarge(TrigpointError):
    """A register has more than an archive is made of."""


def old_page(error: TrigpointError) -> Response | None:
    """The page for an error; None for one that had no page of its own."""
    if isinstance(error, NotAcceptable):
        return _page(406, "Page not found", NOT_FOUND, str(error))
    if isinstance(error, NotFound):
        return _page(404, "Page not found", NOT_FOUND, str(error))
    if isinstance(error, InvalidInput):
        return _page(400, "Bad request", str(error))
    if isinstance(error, TooLarge):
        return _page(501, "Not implemented", str(error))
    return None


def _page(status: int, heading: str, *sentences: str) -> Response:
    paragraphs = "".join(f"<p>{escape(text)}</p>\n" for text in sentences if text)
    body = (
        '<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8">'
        f"<title>{heading}</title></head>\n"
        f"<body>\n<h1>{heading}</h1>\n{paragraphs}</body>\n</html>\n"
    )
    headers = {"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store"}
    return Response(body, status, headers)
