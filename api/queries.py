"""Reading a SPARQL request: its parameters, and the formats that its answer may have.

SPARQL 1.1 Protocol (W3C Recommendation 2013), section 2.1. A query that is posted as it
is counts as the parameter that it stands for. Parameters that are not known are passed
over, since clients send all sorts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qsl

from fastapi import Request

from api.limits import MAX_BODY, UnsupportedMediaType, read_body
from api.negotiation import HTML, NotAcceptable, parse_accept, quality_of
from trigpoint.errors import InvalidParameter, QueryRejected
from trigpoint.graph import GRAPH_FORMATS, SOLUTION_FORMATS, Query

FORM_TYPE: Final = "application/x-www-form-urlencoded"
QUERY_TYPE: Final = "application/sparql-query"
UPDATE_TYPE: Final = "application/sparql-update"
FORMATS: Final = (*SOLUTION_FORMATS, *GRAPH_FORMATS)
_MAX_PARAMETERS: Final = 1_000
_BOM: Final = "\ufeff"
_DIRECT: Final = {QUERY_TYPE: "query", UPDATE_TYPE: "update"}

# What clients also ask for; the answer has the precise type.
_ALSO: Final = {
    "application/sparql-results+json": ("application/json",),
    "application/sparql-results+xml": ("application/xml", "text/xml"),
    "text/turtle": ("application/x-turtle", "application/turtle", "text/n3"),
    "application/n-triples": ("text/plain",),
    "application/rdf+xml": ("application/xml", "text/xml"),
    "application/ld+json": ("application/json",),
}
# What the short names stand for. Those of a syntax name it for both kinds of answers.
_NAMES: Final = {
    "json": ("application/sparql-results+json", "application/ld+json"),
    "xml": ("application/sparql-results+xml", "application/rdf+xml"),
    **{form.name: (form.media_type,) for form in FORMATS[2:]},
    "turtle": ("text/turtle",),
    "n3": ("text/turtle",),
    "ntriples": ("application/n-triples",),
    "rdf+xml": ("application/rdf+xml",),
    "json-ld": ("application/ld+json",),
}


@dataclass(frozen=True)
class Asked:
    """A query as it was sent. `formats` are media types by `format`, best first, and
    None when the client named none there; the graphs are those of the protocol."""

    query: str
    formats: tuple[str, ...] | None = None
    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] = ()

    def as_query(self, accept: str | None) -> Query:
        """The query, with the formats by `format` or else by `Accept`; raises
        NotAcceptable when the latter names none that there is."""
        formats = accepted_formats(accept) if self.formats is None else self.formats
        return Query(self.query, formats, self.default_graphs, self.named_graphs)


def asked_in(pairs: Sequence[tuple[str, str]]) -> Asked | None:
    """The query in the parameters of a request; None when there is none.

    Raises InvalidParameter for two queries or an unknown format, and QueryRejected for
    an update.
    """
    given: dict[str, list[str]] = {}
    for name, value in pairs:
        given.setdefault(name, []).append(value)
    if "update" in given:
        raise QueryRejected(
            "updates are not offered: records change through releases",
            parameter="update",
        )
    queries = given.get("query", [])
    if not queries:
        return None
    if len(queries) > 1:
        raise InvalidParameter("query is given more than once", parameter="query")
    return Asked(
        queries[0],
        _named_formats(given.get("format", [])),
        tuple(given.get("default-graph-uri", ())),
        tuple(given.get("named-graph-uri", ())),
    )


def missing_query() -> InvalidParameter:
    return InvalidParameter("expected query=, a SPARQL query", parameter="query")


def parameters_in_url(request: Request) -> list[tuple[str, str]]:
    """The parameters of the address, in order; raises InvalidParameter."""
    return _parsed(request.scope["query_string"], "the query string")


async def parameters_of(
    request: Request, direct: Mapping[str, str] = _DIRECT, limit: int = MAX_BODY
) -> list[tuple[str, str]]:
    """The parameters of a POST: those of its address, then those of its body.

    A body of a type in `direct` is one parameter, by the name that stands there. Of a
    body at most `limit` bytes are read. Raises UnsupportedMediaType, InvalidParameter
    and what `read_body` does.
    """
    kind, charset = _content_type(request.headers.get("content-type", ""))
    if kind != FORM_TYPE and kind not in direct:
        expected = ", ".join((FORM_TYPE, *direct))
        raise UnsupportedMediaType(
            f"the body is of type “{kind[:60]}”: expected one of {expected}",
            available=[FORM_TYPE, *direct],
        )
    if charset not in ("utf-8", "utf8", "us-ascii"):
        raise UnsupportedMediaType(
            f"the body has the charset “{charset[:60]}”: expected utf-8"
        )
    pairs = parameters_in_url(request)
    body = await read_body(request, limit)
    if kind == FORM_TYPE:
        return [*pairs, *_parsed(body, "the form")]
    return [*pairs, (direct[kind], _text(body, "the body").removeprefix(_BOM))]


def _content_type(header: str) -> tuple[str, str]:
    """Media type and charset in small letters; without a charset it is UTF-8."""
    kind, *parameters = (part.strip().lower() for part in header.split(";"))
    named = dict(part.partition("=")[::2] for part in parameters)
    return kind, named.get("charset", "utf-8").strip(' "')


def _text(body: bytes, what: str) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise InvalidParameter(
            f"{what} is not UTF-8: {error}", parameter="query"
        ) from error


def _parsed(encoded: bytes, what: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            _text(encoded, what),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MAX_PARAMETERS,
        )
    except UnicodeDecodeError as error:
        raise InvalidParameter(
            f"what is percent-encoded in {what} is not UTF-8: {error}"
        ) from error
    except ValueError as error:
        raise InvalidParameter(
            f"{what} has more than {_MAX_PARAMETERS} parameters: send fewer"
        ) from error


def _named_formats(values: Sequence[str]) -> tuple[str, ...] | None:
    """Media types by `format`, whose values are short names or lists of media types.

    Some clients send both. What is not known beside something known is passed over.
    """
    named = [value.strip() for value in values if value.strip()]
    found: dict[str, None] = {}
    for value in named:
        # A plus sign that was not encoded comes as a space.
        short = _NAMES.get(value.lower().replace(" ", "+"))
        found.update(dict.fromkeys(short or _fitting(value.replace(" ", "+"))))
    if named and not found:
        raise InvalidParameter(
            f"format is “{named[0][:60]}”: expected a media type or one of "
            f"{', '.join(_NAMES)}",
            parameter="format",
        )
    return tuple(found) if named else None


def accepted_formats(accept: str | None) -> tuple[str, ...]:
    """Media types for the answer, best first; raises NotAcceptable."""
    qualities = _qualities(accept or "")
    fitting = _fitting(accept or "")
    if qualities.asked and not fitting:
        kinds = [form.media_type for form in FORMATS]
        raise NotAcceptable(
            "nothing that Accept names is available here: expected one of "
            f"{', '.join(kinds)}",
            available=[{"mediaType": kind} for kind in kinds],
        )
    return fitting


def prefers_page(accept: str | None) -> bool:
    """Whether a page is accepted better than anything that programs read."""
    qualities = _qualities(accept or "")
    return qualities.page > max(qualities.formats.values())


def _fitting(accept: str) -> tuple[str, ...]:
    """The media types that fit a list of ranges, best first."""
    formats = _qualities(accept).formats
    fitting = [kind for kind, quality in formats.items() if quality > 0]
    return tuple(sorted(fitting, key=lambda kind: -formats[kind]))


@dataclass(frozen=True)
class _Qualities:
    """How well a list of ranges accepts each format, and a page that it names; and
    whether it asks for anything at all."""

    formats: dict[str, float]
    page: float
    asked: bool


@lru_cache(512)
def _qualities(accept: str) -> _Qualities:
    ranges = parse_accept(accept)
    named = [one for one in ranges if one.specificity == 2]
    formats = {
        form.media_type: max(
            quality_of(form.media_type, ranges),
            *(quality_of(kind, named) for kind in _ALSO.get(form.media_type, ())),
            0.0,
        )
        for form in FORMATS
    }
    page = quality_of(HTML.media_type, [one for one in ranges if one.specificity])
    return _Qualities(formats, page, bool(ranges))


def not_acceptable(error: InvalidParameter) -> NotAcceptable:
    """What the pool refused: no format fits the form of the query."""
    available = error.members.get("available", [])
    kinds = available if isinstance(available, list) else []
    return NotAcceptable(str(error), available=[{"mediaType": kind} for kind in kinds])
