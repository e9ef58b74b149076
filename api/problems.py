"""Every error as application/problem+json (RFC 9457), from one table.

The type of a problem is `/problems/{slug}`; docs/problems.md has a heading for each. An
error that is not in the table is ours: 500, `about:blank`, and its cause in the log.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Match

from api.limits import (
    BodyTooLarge,
    BodyTooSlow,
    HeadersTooLarge,
    PathTooLong,
    UnsupportedMediaType,
)
from api.negotiation import NotAcceptable
from api.paths import is_head
from api.replies import RangeNotSatisfiable
from api.rows import InvalidRows
from api.sandbox.loopback import ForeignOrigin, NotLoopback
from trigpoint import errors

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = "5"

_log = logging.getLogger("api")


@dataclass(frozen=True)
class Kind:
    """How one kind of problem is shown: HTTP status and a title that never varies."""

    status: int
    title: str


TABLE: dict[type[errors.TrigpointError], Kind] = {
    errors.NotFound: Kind(404, "There is no such thing here"),
    errors.NoSuchRegister: Kind(404, "There is no such register"),
    errors.NoSuchRecord: Kind(404, "The register holds no such record"),
    errors.NoSuchEntry: Kind(404, "The register has no such entry"),
    errors.NoSuchItem: Kind(404, "There is no such item"),
    errors.NoSuchGraph: Kind(404, "There is no such graph"),
    errors.Withheld: Kind(410, "The content is withheld"),
    errors.InvalidInput: Kind(400, "A value cannot be read"),
    errors.InvalidIdentifier: Kind(400, "An identifier cannot be read"),
    errors.InvalidPoint: Kind(400, "A position cannot be read"),
    errors.InvalidParameter: Kind(400, "A parameter cannot be used"),
    errors.InvalidGraph: Kind(400, "The body is not the RDF that it is said to be"),
    errors.InvalidTable: Kind(422, "The body is no table that can be answered"),
    errors.TableTooLong: Kind(413, "The table has too many rows"),
    errors.QueryRejected: Kind(400, "The query is not offered here"),
    errors.QueryTooLarge: Kind(400, "The query or its answer is too large"),
    errors.QueryTimedOut: Kind(503, "The query took too long"),
    errors.QueryFailed: Kind(503, "The query was not answered"),
    errors.TooManyQueries: Kind(429, "Too many queries of yours are under way"),
    errors.QueryBusy: Kind(503, "Too many queries are waiting"),
    errors.RemoteUnavailable: Kind(503, "The SPARQL server does not answer"),
    errors.RemoteBehind: Kind(503, "The SPARQL server is being brought up to date"),
    errors.DataBusy: Kind(503, "The registers are being written to"),
    errors.ViewsBehind: Kind(503, "The views are being built anew"),
    errors.NotSigned: Kind(404, "No checkpoint was signed of that"),
    errors.KeyRequired: Kind(401, "A custodian's key is required"),
    errors.NotPermitted: Kind(403, "The key does not permit that"),
    errors.ItemRejected: Kind(422, "The row does not conform to the register's shape"),
    errors.ReleaseRejected: Kind(422, "Rows do not conform to the register's shape"),
    InvalidRows: Kind(422, "The body does not hold rows of the register"),
    NotLoopback: Kind(421, "The sandbox answers to loopback only"),
    ForeignOrigin: Kind(403, "Pages of other sites may not write here"),
    BodyTooSlow: Kind(408, "The request's body came too slowly"),
    NotAcceptable: Kind(406, "None of the formats asked for is available"),
    RangeNotSatisfiable: Kind(416, "The range lies beyond the end"),
    PathTooLong: Kind(414, "The address is too long"),
    HeadersTooLarge: Kind(431, "The request's headers are too large"),
    UnsupportedMediaType: Kind(415, "The body is of a type that is not read here"),
    BodyTooLarge: Kind(413, "The request's body is too large"),
    errors.TooBusy: Kind(503, "Too much expensive work is waiting"),
}
# Problems that no core error stands behind.
NO_SUCH_PAGE = ("no-such-page", Kind(404, "There is no such page"))
METHOD_NOT_ALLOWED = (
    "method-not-allowed",
    Kind(405, "The method is not allowed here"),
)
INVALID_REQUEST = ("invalid-request", Kind(422, "The request is not valid"))

KINDS: dict[str, Kind] = {
    **{error.slug: kind for error, kind in TABLE.items()},
    **dict((NO_SUCH_PAGE, METHOD_NOT_ALLOWED, INVALID_REQUEST)),
}


def problem(
    slug: str | None,
    status: int,
    title: str,
    detail: str | None = None,
    members: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem document; `slug` None is `about:blank`."""
    body: dict[str, Any] = {
        "type": f"/problems/{slug}" if slug else "about:blank",
        "title": title,
        "status": status,
    }
    if detail:
        body["detail"] = detail
    more = {name: v for name, v in (members or {}).items() if name not in body}
    content = json.dumps({**body, **more}, ensure_ascii=False)
    standard = {"Cache-Control": "no-store", "Content-Type": MEDIA_TYPE}
    return Response(content, status, {**standard, **(headers or {})})


def of_error(error: errors.TrigpointError) -> Response:
    """The problem that a core error is shown as."""
    for cls in type(error).__mro__:
        if issubclass(cls, errors.TrigpointError) and cls in TABLE:
            kind = TABLE[cls]
            headers = _headers(error, kind.status)
            text = str(error)
            return problem(
                cls.slug, kind.status, kind.title, text, error.members, headers
            )
    _log.error("unexpected error", exc_info=error)
    return internal()


def internal() -> Response:
    """The problem for what should not happen; it says nothing of the cause."""
    return problem(
        None, 500, "Internal Server Error", "Something went wrong on our side."
    )


def _headers(error: errors.TrigpointError, status: int) -> dict[str, str]:
    if status == 406:
        return {"Vary": "Accept"}
    if isinstance(error, RangeNotSatisfiable):
        return {"Content-Range": f"bytes */{error.members['size']}"}
    if isinstance(error, errors.KeyRequired):
        return {"WWW-Authenticate": 'Bearer realm="trigpoint"'}
    if isinstance(error, errors.NotPermitted):
        scope = 'Bearer realm="trigpoint", error="insufficient_scope"'
        return {"WWW-Authenticate": scope}
    busy = (
        errors.QueryBusy,
        errors.DataBusy,
        errors.TooBusy,
        errors.ViewsBehind,
        errors.RemoteBehind,
    )
    return {"Retry-After": RETRY_SECONDS} if isinstance(error, busy) else {}


def add_handlers(app: FastAPI) -> None:
    """Have `app` answer every error with a problem."""

    async def on_core_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, errors.TrigpointError)  # noqa: S101  as registered
        return _for(request, of_error(error))

    async def on_unexpected(request: Request, _error: Exception) -> Response:
        return _for(request, internal())  # the server logs what is raised

    async def on_http_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101
        return _for(request, _of_http_error(request, error))

    async def on_invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101
        return _for(request, _of_invalid(error))

    async def on_disconnect(request: Request, error: Exception) -> Response:
        # Nobody is there to read it, and a client that leaves is no fault of ours.
        return Response(status_code=400)

    app.add_exception_handler(errors.TrigpointError, on_core_error)
    app.add_exception_handler(ClientDisconnect, on_disconnect)
    app.add_exception_handler(HTTPException, on_http_error)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(Exception, on_unexpected)


def _for(request: Request, response: Response) -> Response:
    """The response, without its body for HEAD."""
    if not is_head(request.scope):
        return response
    bare = Response(status_code=response.status_code)
    bare.raw_headers = response.raw_headers
    return bare


def _of_http_error(request: Request, error: HTTPException) -> Response:
    if error.status_code == 404:
        slug, kind = NO_SUCH_PAGE
        detail = "Nothing is served at this address; / says what is here."
        return problem(slug, kind.status, kind.title, detail)
    if error.status_code == 405:
        slug, kind = METHOD_NOT_ALLOWED
        allowed = _allowed(request)
        if request.method == "OPTIONS":  # RFC 9110, section 9.3.7
            return Response(status_code=204, headers={"Allow": allowed})
        detail = f"Expected one of {allowed}."
        return problem(
            slug, kind.status, kind.title, detail, headers={"Allow": allowed}
        )
    phrase = HTTPStatus(error.status_code).phrase
    return problem(None, error.status_code, phrase, headers=error.headers)


def _allowed(request: Request) -> str:
    """Every method that the address takes, whichever route takes it."""
    found = ["OPTIONS"]
    for method in ("GET", "POST", "PUT", "DELETE"):
        scope = {**request.scope, "method": method}
        if any(route.matches(scope)[0] is Match.FULL for route in request.app.routes):
            found += [method, "HEAD"] if method == "GET" else [method]
    return ", ".join(sorted(found))


def _of_invalid(error: RequestValidationError) -> Response:
    slug, kind = INVALID_REQUEST
    found = [
        {
            "pointer": "#/" + "/".join(str(part) for part in one["loc"]),
            # What our own checks say comes after this, which says nothing.
            "detail": one["msg"].removeprefix("Value error, "),
        }
        for one in error.errors()
    ]
    detail = "; ".join(f"{one['pointer'][2:]}: {one['detail']}" for one in found)
    return problem(slug, kind.status, kind.title, detail, {"errors": found})
