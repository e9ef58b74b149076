"""Where a remote SPARQL 1.1 server is, and who we are to it.

Addresses come from the command line, and credentials from the environment, so that
neither a list of processes nor a log shows them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, cast, get_args
from urllib.parse import urlsplit

import httpx

from trigpoint.errors import InvalidParameter

Scheme = Literal["basic", "digest"]

# The variables of the environment: a user, the password, how they are sent.
USER: Final = "TRIGPOINT_SPARQL_USER"
PHRASE: Final = "TRIGPOINT_SPARQL_PASSWORD"
SCHEME: Final = "TRIGPOINT_SPARQL_AUTH"


@dataclass(frozen=True)
class Endpoint:
    """The addresses of one server: for queries, and those that change it, if it is to
    be changed: for updates, and for the Graph Store HTTP Protocol."""

    query: str
    update: str | None = None
    graph_store: str | None = None

    def __post_init__(self) -> None:
        """Raises InvalidParameter for what is no address of a server."""
        for url in filter(None, (self.query, self.update, self.graph_store)):
            _check_url(url)


@dataclass(frozen=True)
class Credentials:
    """A user, a password, and how they are sent (RFC 7617, RFC 7616)."""

    user: str
    password: str = field(repr=False)
    scheme: Scheme = "basic"

    def auth(self) -> httpx.Auth:
        """The same for httpx."""
        if self.scheme == "digest":
            return httpx.DigestAuth(self.user, self.password)
        return httpx.BasicAuth(self.user, self.password)


def credentials_of(environment: Mapping[str, str] = os.environ) -> Credentials | None:
    """The credentials in the environment; None where no user is named.

    Raises InvalidParameter for a user without a password, and an unknown scheme.
    """
    user = environment.get(USER)
    if not user:
        return None
    password, scheme = environment.get(PHRASE), environment.get(SCHEME, "basic")
    if not password:
        raise InvalidParameter(
            f"{USER} is set and {PHRASE} is not: set both or neither",
            parameter=PHRASE,
        )
    if scheme not in get_args(Scheme):
        raise InvalidParameter(
            f"{SCHEME} is “{scheme[:20]}”: expected basic or digest",
            parameter=SCHEME,
        )
    return Credentials(user, password, cast(Scheme, scheme))


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        named = parts.scheme in ("http", "https") and bool(parts.hostname)
        secret = parts.username is not None or parts.password is not None
    except ValueError:
        named = secret = False
    if secret:
        raise InvalidParameter(
            "the address of a SPARQL server has a user or a password in it, where they "
            f"would be shown: set {USER} and {PHRASE} instead",
            parameter="sparql-endpoint",
        )
    if not named or "#" in url or any(char.isspace() for char in url):
        raise InvalidParameter(
            f"“{url[:200]}” is not the address of a SPARQL server: expected http:// or "
            "https://, a host and a path",
            parameter="sparql-endpoint",
        )
