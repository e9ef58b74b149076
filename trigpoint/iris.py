"""IRIs of records: `{base}/id/{register}/{key}`, made and taken apart in one place.

A key is percent-encoded with the characters that RFC 3986 section 3.3 allows in
a path segment left as they are, so one key has one IRI.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

from trigpoint.errors import InvalidIdentifier, InvalidParameter

DEFAULT_BASE = "http://localhost:8000"
ONTOLOGY = "https://w3id.org/trigpoint/def#"
SHAPES = "https://w3id.org/trigpoint/shapes#"

_SEGMENT = "-._~!$&'()*+,;=:@"
_BASE = re.compile(
    r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?"
    r"(?:/(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})+)*",
    re.ASCII | re.IGNORECASE,
)


def parse_base(text: str) -> str:
    """The base IRI under which records are named, without a slash at its end.

    Raises InvalidParameter when it is not an http or https IRI of a host and perhaps a
    path (RFC 3986, section 3): records have to be found there.
    """
    base = text.rstrip("/")
    if not _BASE.fullmatch(base):
        raise InvalidParameter(
            f"“{text}” cannot be the base of records: expected http:// or https://, a "
            "host and perhaps a path, such as https://example.org/registers",
            parameter="base",
        )
    return base


def encode_key(key: str) -> str:
    """A key as one path segment."""
    return quote(key, safe=_SEGMENT)


def decode_key(segment: str) -> str:
    """The key that a path segment stands for; the inverse of `encode_key`.

    Raises InvalidIdentifier when what is percent-encoded is not UTF-8.
    """
    try:
        return unquote(segment, errors="strict")
    except UnicodeDecodeError as error:
        raise InvalidIdentifier(
            f"“{segment}” is not percent-encoded UTF-8", parameter="key"
        ) from error


def record_iri(base: str, register: str, key: str) -> str:
    return f"{base}/id/{register}/{encode_key(key)}"


def geometry_iri(record: str) -> str:
    return f"{record}/geometry"


def parse_record_iri(base: str, iri: str) -> tuple[str, str]:
    """Register and key of a record IRI.

    Raises InvalidIdentifier for an IRI that is not a record's in this base.
    """
    start = f"{base}/id/"
    register, slash, segment = iri.removeprefix(start).partition("/")
    if not iri.startswith(start) or not slash or not segment or "/" in segment:
        raise InvalidIdentifier(
            f"{iri} is not the IRI of a record: expected {start}{{register}}/{{key}}",
            parameter="iri",
        )
    return register, decode_key(segment)


def graph_iri(base: str, name: str) -> str:
    """The named graph `catalogue`, `provenance` or `ontology`."""
    return f"{base}/graph/{name}"


def areas_graph_iri(base: str, layer: str, vintage: str, resolution: str) -> str:
    """The named graph of the links to areas by one set of boundaries."""
    return f"{base}/graph/areas/{encode_key(f'{layer}-{vintage}-{resolution}')}"
