"""Reading a SPARQL request: the query, and the formats that its answer may have.

SPARQL 1.1 Protocol (W3C Recommendation 2013), section 2.1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from fastapi import Request

from api.limits import UnsupportedMediaType, read_body
from api.negotiation import NotAcceptable, parse_accept, quality_of
from trigpoint.errors import InvalidParameter, QueryRejected
from trigpoint.graph import GRAPH_FORMATS, SOLUTION_FORMATS

FORM_TYPE = "application/x-www-form-urlencoded"
QUERY_TYPE = "application/sparql-query"
FORMATS = (*SOLUTION_FORMATS, *GRAPH_FORMATS)
# Clients ask for the plain types as well; the answer has the precise one.
_PLAIN = {
    "application/json": "application/sparql-results+json",
    "application/xml": "application/sparql-results+xml",
}
_DATASETS = ("default-graph-uri", "named-graph-uri")


@dataclass(frozen=True)
class Asked:
    """A query and, when the client named one, the short name of a format."""

    query: str
    format: str | None = None


def asked_in_url(parameters: Mapping[str, str]) -> Asked | None:
    """The query of a GET; None when there is none."""
    return _asked(list(parameters.items()))


async def asked_in_body(request: Request) -> Asked:
    """The query of a POST, as a form or as it is.

    Raises UnsupportedMediaType, InvalidParameter, QueryRejected and BodyTooLarge.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/sparql-update":
        raise _no_update()
    if kind not in (FORM_TYPE, QUERY_TYPE):
        raise UnsupportedMediaType(
            f"the body is of type “{kind[:60]}”: expected {FORM_TYPE} or {QUERY_TYPE}",
            available=[FORM_TYPE, QUERY_TYPE],
        )
    text = _text(await read_body(request))
    url = list(request.query_params.items())
    if kind == QUERY_TYPE:
        asked = _asked([*url, ("query", text)])
    else:
        asked = _asked([*url, *parse_qsl(text, keep_blank_values=True)])
    if asked is None:
        raise InvalidParameter("expected query=, a SPARQL query", parameter="query")
    return asked


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise InvalidParameter(
            f"the body is not UTF-8: {error}", parameter="query"
        ) from error


def _asked(pairs: list[tuple[str, str]]) -> Asked | None:
    names = [name for name, _ in pairs]
    if "update" in names:
        raise _no_update()
    for name in _DATASETS:
        if name in names:
            raise QueryRejected(
                f"{name} is not offered: use FROM in the query", parameter=name
            )
    if names.count("query") > 1 or names.count("format") > 1:
        raise InvalidParameter("query is given more than once", parameter="query")
    given = dict(pairs)
    if "query" not in given:
        return None
    return Asked(given["query"], given.get("format"))


def _no_update() -> QueryRejected:
    return QueryRejected(
        "updates are not offered: records change through releases", parameter="update"
    )


def accepted_formats(named: str | None, accept: str | None) -> tuple[str, ...]:
    """Media types for the answer, best first; raises NotAcceptable."""
    if named is not None:
        return (_known(named),)
    ranges = parse_accept(accept or "")
    if not ranges:
        return ()
    plain = {precise: kind for kind, precise in _PLAIN.items()}
    qualities: dict[str, float] = {}
    for form in FORMATS:
        kinds = [form.media_type, plain.get(form.media_type, form.media_type)]
        qualities[form.media_type] = max(quality_of(kind, ranges) for kind in kinds)
    wanted = [kind for kind, quality in qualities.items() if quality > 0]
    if not wanted:
        raise not_acceptable_types(qualities)
    return tuple(sorted(wanted, key=lambda kind: -qualities[kind]))


def _known(named: str) -> str:
    for form in FORMATS:
        if named == form.name:
            return form.media_type
    raise InvalidParameter(
        f"format is “{named[:60]}”: expected one of "
        f"{', '.join(form.name for form in FORMATS)}",
        parameter="format",
    )


def not_acceptable_types(kinds: Iterable[str]) -> NotAcceptable:
    available = [{"mediaType": kind} for kind in kinds]
    return NotAcceptable(
        f"nothing that Accept names is available here: expected one of "
        f"{', '.join(kinds)}",
        available=available,
    )


def not_acceptable(error: InvalidParameter) -> NotAcceptable:
    """What the pool refused: no format fits the form of the query."""
    available = error.members.get("available", [])
    kinds = available if isinstance(available, list) else []
    return NotAcceptable(str(error), available=[{"mediaType": kind} for kind in kinds])
