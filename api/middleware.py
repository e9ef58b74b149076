"""What every request and answer passes: limits, CORS, security headers, compression."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.compression import Compression
from api.limits import check_request
from api.paths import RawPath
from api.problems import of_error
from api.replies import LOG_SIZE_HEADER
from trigpoint.errors import TrigpointError

# Pages need their own style sheet and forms, nothing else: no script runs here.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_EXPOSED = (
    "Content-Location",
    "ETag",
    "Link",
    "Repr-Digest",
    "Retry-After",
    LOG_SIZE_HEADER,
)
# SPARQL clients in browsers send more than the few that need no leave. The star stands
# for the rest, but never for `Authorization`.
_ALLOWED = (
    "Accept",
    "Accept-Language",
    "Content-Type",
    "If-None-Match",
    "If-Range",
    "Range",
    "X-Requested-With",
    "*",
)
_ALWAYS = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", ", ".join(_EXPOSED).encode()),
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"referrer-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
]
_PREFLIGHT = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS, POST",
    "Access-Control-Allow-Headers": ", ".join(_ALLOWED),
    "Access-Control-Max-Age": "86400",
}


def add_middleware(app: FastAPI) -> None:
    """Put the layers around `app`; the last one added is the outermost."""
    app.add_middleware(RawPath)
    app.add_middleware(Compression)
    app.add_middleware(RequestLimits)
    app.add_middleware(OpenDoors)


class RequestLimits:
    """Refuses a request that is too long, with a problem."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            try:
                check_request(scope)
            except TrigpointError as error:
                await of_error(error)(scope, receive, send)
                return
        await self._app(scope, receive, send)


class OpenDoors:
    """Any site may read (CORS), and no page runs a script, sniffs or is framed.

    The headers do not depend on the request, so answers can be cached for everybody.
    No door sets one of them itself.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_ALWAYS]
            await send(message)

        if scope["type"] == "http" and _is_preflight(scope):
            await Response(status_code=204, headers=_PREFLIGHT)(scope, receive, send)
        else:
            await self._app(scope, receive, send_with_headers)


def _is_preflight(scope: Scope) -> bool:
    if scope["method"] != "OPTIONS":
        return False
    return "access-control-request-method" in Headers(scope=scope)
