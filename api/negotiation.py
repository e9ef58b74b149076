"""Which format an answer has, decided once.

A suffix beats `Accept`. `Accept` is read as RFC 9110 section 12.5.1 has it: the most
specific range that fits a media type gives its quality, the best quality wins, and the
door's own order settles a draw. Elements that cannot be parsed are ignored, and a
header of which nothing is left counts as absent: the door's first format. The
parameters `charset=utf-8` and `profile` are accepted with any type; a range with any
other parameter fits nothing here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

from fastapi import Request

from api.limits import HeadersTooLarge
from trigpoint.errors import TrigpointError

MAX_ACCEPT = 4_096  # characters of all `Accept` lines together
_REMEMBERED = 512  # choices; clients send few different headers

# Possessive throughout: what has been read is never given back and read again.
_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]++"  # noqa: S105  RFC 9110 calls it a token
_QUOTED = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_PARAMETER = re.compile(rf"\s*+;\s*+(?:({_TOKEN})=({_TOKEN}|{_QUOTED}))?")
_RANGE = re.compile(rf"\s*+({_TOKEN})/({_TOKEN})")
_STRING = re.compile(_QUOTED, re.DOTALL)
_MARK = re.compile(r'[,"]')
_QUALITY = re.compile(r"0(?:\.\d{0,3})?|1(?:\.0{0,3})?")


class NotAcceptable(TrigpointError):
    """None of a door's formats is one that the client accepts."""

    slug: ClassVar[str] = "not-acceptable"


@dataclass(frozen=True)
class Format:
    """One way to write an answer: its suffix and its media type."""

    suffix: str
    media_type: str

    @property
    def content_type(self) -> str:
        text = self.media_type.startswith("text/")
        return f"{self.media_type}; charset=utf-8" if text else self.media_type


JSON = Format("json", "application/json")
JSONLD = Format("jsonld", "application/ld+json")
TTL = Format("ttl", "text/turtle")
NT = Format("nt", "application/n-triples")
CSV = Format("csv", "text/csv")
HTML = Format("html", "text/html")
GEOJSON = Format("geojson", "application/geo+json")
NDJSON = Format("ndjson", "application/x-ndjson")
ARROW_STREAM = Format("arrows", "application/vnd.apache.arrow.stream")
ARROW_FILE = Format("arrow", "application/vnd.apache.arrow.file")
TABLES = (CSV, NDJSON, GEOJSON, ARROW_STREAM, ARROW_FILE)
SUFFIXES = {form.suffix: form for form in (JSON, JSONLD, TTL, NT, HTML, *TABLES)}


@dataclass(frozen=True)
class Choice:
    """A chosen format, and whether the URL alone chose it."""

    format: Format
    by_suffix: bool = False


@dataclass(frozen=True)
class MediaRange:
    """One element of `Accept`. `*` stands for any type or subtype."""

    type: str
    subtype: str
    quality: float
    specificity: int

    def fits(self, media_type: str) -> bool:
        main, _, sub = media_type.partition("/")
        return self.type in ("*", main) and self.subtype in ("*", sub)


def parse_accept(header: str) -> list[MediaRange]:
    """The media ranges of an `Accept` header; what is malformed is left out."""
    found = (_parse_range(element) for element in _elements(header))
    return [media_range for media_range in found if media_range is not None]


def _elements(header: str) -> Iterator[str]:
    """The elements between commas that stand in no quoted string, in one pass.

    A quote that is never closed ends an element as a comma does. From then on no quote
    can be closed, since every later one is escaped: none is looked for again.
    """
    start, at, closing = 0, 0, True
    while mark := _MARK.search(header, at):
        at = mark.end()
        if closing and mark[0] == '"':
            string = _STRING.match(header, mark.start())
            if string is not None:
                at = string.end()
                continue
            closing = False
        yield header[start : mark.start()]
        start = at
    yield header[start:]


def _parse_range(element: str) -> MediaRange | None:
    match = _RANGE.match(element)
    if match is None:
        return None
    main, sub = match[1].lower(), match[2].lower()
    if main == "*" and sub != "*":
        return None
    quality: float | None = None
    foreign, end = False, match.end()
    while parameter := _PARAMETER.match(element, end):
        end = parameter.end()
        name, value = (parameter[1] or "").lower(), (parameter[2] or "").strip('"')
        if quality is not None or not name:
            continue  # what follows q extends Accept, not the media type
        if name != "q":
            foreign |= not _harmless(name, value)
        elif _QUALITY.fullmatch(value):
            quality = float(value)
        else:
            return None
    if element[end:].strip():
        return None
    # A range that fits nothing still counts as something that was asked for.
    sub = "" if foreign else sub
    specificity = (main != "*") + (sub != "*")
    return MediaRange(main, sub, 1.0 if quality is None else quality, specificity)


def _harmless(name: str, value: str) -> bool:
    return name == "profile" or (name == "charset" and value.lower() == "utf-8")


def quality_of(media_type: str, ranges: Iterable[MediaRange]) -> float:
    """The quality that the most specific range that fits gives; 0 when none fits."""
    fitting = [one for one in ranges if one.fits(media_type)]
    if not fitting:
        return 0.0
    closest = max(one.specificity for one in fitting)
    return max(one.quality for one in fitting if one.specificity == closest)


@lru_cache(_REMEMBERED)
def choose(
    offered: tuple[Format, ...], suffix: str | None, accept: str | None
) -> Choice:
    """The format of an answer; raises NotAcceptable with what is available."""
    if suffix is not None:
        for form in offered:
            if form.suffix == suffix:
                return Choice(form, by_suffix=True)
        raise _refusal(offered, f"“.{suffix}” is not a format of this page")
    ranges = parse_accept(accept or "")
    if not ranges:
        return Choice(offered[0])
    best = max(offered, key=lambda form: quality_of(form.media_type, ranges))
    if quality_of(best.media_type, ranges) == 0.0:
        raise _refusal(offered, "nothing that Accept names is available here")
    return Choice(best)


def _refusal(offered: Sequence[Format], why: str) -> NotAcceptable:
    available = [
        {"suffix": f".{form.suffix}", "mediaType": form.media_type} for form in offered
    ]
    names = ", ".join(form.media_type for form in offered)
    return NotAcceptable(f"{why}: expected one of {names}", available=available)


class Offers:
    """The formats of a door, best first: a dependency that gives the `Choice`."""

    def __init__(self, *formats: Format) -> None:
        self.formats = formats

    async def __call__(self, request: Request) -> Choice:
        return choose(self.formats, request.scope.get("suffix"), accept_of(request))

    def documented(
        self, description: str, schema: dict[str, Any] | None = None
    ) -> dict[int | str, dict[str, Any]]:
        """What OpenAPI says of a successful answer; `schema` is that of the JSON."""
        content: dict[str, Any] = {form.media_type: {} for form in self.formats}
        if schema is not None and JSON in self.formats:
            content[JSON.media_type] = {"schema": schema}
        return {200: {"description": description, "content": content}}


def accept_of(request: Request) -> str | None:
    """All `Accept` lines as one, or None when there is none; raises HeadersTooLarge."""
    lines = request.headers.getlist("accept")
    accept = ", ".join(lines)
    if len(accept) > MAX_ACCEPT:
        raise HeadersTooLarge(
            f"Accept has {len(accept)} characters: at most {MAX_ACCEPT} are read",
            limit=MAX_ACCEPT,
        )
    return accept if lines else None
