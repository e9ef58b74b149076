"""Nobody but this machine: addresses to listen on, `Host`, and pages of other sites.

A page of any site may have its reader's browser send requests to loopback. One that had
its own name resolved to 127.0.0.1 (DNS rebinding) is found out by `Host`, and one that
posts a form across sites by `Origin` (RFC 6454, section 7), which browsers send with
every request that is not a GET.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import ClassVar

from fastapi import Request
from starlette.datastructures import Headers
from starlette.types import Scope

from trigpoint.errors import TrigpointError

_AUTHORITY = re.compile(r"(\[[0-9a-f:.]+\]|[0-9a-z.-]+)(?::\d{1,5})?", re.I | re.ASCII)


class NotLoopback(TrigpointError):
    """A sandbox was asked for by a name or address that is not loopback."""

    slug: ClassVar[str] = "not-loopback"


class ForeignOrigin(TrigpointError):
    """A page of another site tried to write."""

    slug: ClassVar[str] = "foreign-origin"


def is_loopback(host: str) -> bool:
    """Whether a host is `localhost` or a loopback address (127.0.0.0/8, ::1)."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return False


def check_host(scope: Scope) -> None:
    """Raises NotLoopback for a request that does not name a loopback host."""
    hosts = Headers(scope=scope).getlist("host")
    if len(hosts) != 1 or not _names_loopback(hosts[0]):
        raise NotLoopback(
            "the sandbox answers to localhost, 127.0.0.1 and [::1] only: Host is "
            f"{', '.join(hosts)[:100] or 'missing'}"
        )


def _names_loopback(authority: str) -> bool:
    match = _AUTHORITY.fullmatch(authority)
    return match is not None and is_loopback(match[1])


def home_of(request: Request) -> str:
    """The scheme and authority by which the client knows this server."""
    return f"http://{request.headers['host']}"


async def check_origin(request: Request) -> None:
    """Raises ForeignOrigin for a request that a page of another site has sent."""
    for origin in request.headers.getlist("origin"):
        if origin.lower() != home_of(request).lower():
            raise ForeignOrigin(
                f"a page of {origin[:100]} may not write here: send changes from "
                "this machine, without Origin"
            )
