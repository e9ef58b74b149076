"""SPARQL for people: a form, the first rows of an answer as a table, or what is wrong.

Read from N-Triples and from TSV (SPARQL 1.1 Query Results CSV and TSV Formats), where
one line is one row, so that a long answer is cut without reading it all.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import Request
from starlette.responses import Response

from api.answers import Pool, ask, nothing_withheld
from api.limits import MAX_QUERY
from api.negotiation import HTML
from api.pages import Pages
from api.problems import of_error
from api.queries import FORMATS, Asked
from api.replies import Link, Reply
from api.worked import WorkedExample
from trigpoint.errors import TrigpointError
from trigpoint.graph import GRAPH_FORMATS, SOLUTION_FORMATS

MAX_ROWS: Final = 500
MAX_CELLS: Final = 10_000  # that are shown; the server does nothing else meanwhile
_MAX_BYTES: Final = 1 << 20  # of an answer that are read for a page
_LONG: Final = 400  # characters of a value that are shown
_LONGEST: Final = 10  # characters that an escape takes for one
_TSV: Final = "text/tab-separated-values"
_NTRIPLES: Final = "application/n-triples"
_SOLUTIONS: Final = tuple(form.name for form in SOLUTION_FORMATS)
_GRAPHS: Final = tuple(form.name for form in GRAPH_FORMATS)
_TRIPLE: Final = ("subject", "predicate", "object")
_TERM: Final = re.compile(
    r'<([^>]*)>|"((?:[^"\\]++|\\.)*+)"(?:@([A-Za-z0-9-]+)|\^\^<([^>]*)>)?', re.DOTALL
)
_ESCAPE: Final = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))")
_START: Final = """\
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>

SELECT ?class (COUNT(?record) AS ?records)
WHERE { ?record a ?class }
GROUP BY ?class
ORDER BY DESC(?records)
LIMIT 50"""
_ESCAPED: Final = {"t": "\t", "n": "\n", "r": "\r", "b": "\b", "f": "\f"}


@dataclass(frozen=True)
class Cell:
    """One value: its text, the address that it links to, language or datatype."""

    text: str
    href: str | None = None
    note: str = ""


@dataclass(frozen=True)
class Table:
    """The first rows of an answer; `whole` when there are no others. `said` is the
    answer to an ASK, and None for anything else."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell | None, ...], ...]
    whole: bool
    formats: tuple[str, ...]
    said: bool | None = None


async def read_table(
    media_type: str, pieces: AsyncIterator[bytes], link: Callable[[str], str]
) -> Table:
    """The first rows of an answer in TSV or N-Triples. `link` gives the address that an
    IRI is shown under."""
    text, whole = await _beginning(pieces)
    # What follows the last line feed is nothing, a row cut off, or an ASK's answer.
    *lines, ended = text.decode(errors="replace").split("\n")
    if media_type == _NTRIPLES:
        triples = (line.removesuffix(" .").split(" ", 2) for line in lines)
        return _table(_TRIPLE, triples, whole, _GRAPHS, link)
    if not lines:
        return Table((), (), whole, _SOLUTIONS, said=ended == "true")
    columns = tuple(name[1:] for name in lines[0].split("\t") if name)
    rows = (line.split("\t") for line in lines[1:])
    return _table(columns, rows, whole, _SOLUTIONS, link)


def _table(
    columns: tuple[str, ...],
    rows: Iterable[list[str]],
    whole: bool,
    formats: tuple[str, ...],
    link: Callable[[str], str],
) -> Table:
    most = min(MAX_ROWS, MAX_CELLS // max(1, len(columns)))
    rest = iter(rows)
    shown = tuple(
        tuple(_cell(term, link) for term in row) for row in islice(rest, most)
    )
    return Table(columns, shown, whole and next(rest, None) is None, formats)


async def _beginning(pieces: AsyncIterator[bytes]) -> tuple[bytes, bool]:
    """As much of an answer as a page may need, and whether that is all."""
    text, lines = bytearray(), 0
    async for piece in pieces:
        text += piece
        lines += piece.count(b"\n")
        if lines > MAX_ROWS + 1 or len(text) > _MAX_BYTES:
            return bytes(text), False
    return bytes(text), True


def _cell(term: str, link: Callable[[str], str]) -> Cell | None:
    """A term as it is shown; None where a variable is not bound."""
    found = _TERM.fullmatch(term)
    if found is None:
        return Cell(term) if term else None
    iri, text, language, datatype = found.groups()
    if iri is not None:
        return Cell(iri, link(iri) if iri.startswith(("http://", "https://")) else None)
    length = len(_ESCAPE.sub("-", text))
    text = _ESCAPE.sub(_unescaped, text[: _LONG * _LONGEST])
    if length > _LONG:
        text = f"{text[:_LONG]}… ({length:,} characters)"
    note = f"@{language}" if language else re.split("[#/]", datatype or "")[-1]
    return Cell(text, note=note)


def _unescaped(escape: re.Match[str]) -> str:
    code = escape[1] or escape[2]
    return chr(int(code, 16)) if code else _ESCAPED.get(escape[3], escape[3])


def form_page(
    pages: Pages,
    sizes: Mapping[str, int],
    examples: Sequence[WorkedExample],
    links: Iterable[Link],
) -> Response:
    """The page of an endpoint, without a query."""
    page = _rendered(pages, examples=examples)
    return Reply(page, HTML, sizes=sizes, links=links, headers={"Vary": "Accept"})


async def answer_page(
    pool: Pool,
    asked: Asked,
    request: Request,
    pages: Pages,
    *,
    link: Callable[[str], str],
    check: Callable[[], None] = nothing_withheld,
) -> Response:
    """The page with the first rows, or with what is wrong and its status. `link` gives
    the address that an IRI is shown under; `check` is as for `answer`."""
    query = replace(asked.as_query(None), accepted=(_TSV, _NTRIPLES))
    try:
        async with await ask(pool, query, request) as found:
            table = await read_table(found.media_type, found.pieces(), link)
            sizes = found.snapshot.sizes
        check()
    except TrigpointError as error:
        return _problem_page(pages, asked, error)
    downloads = _downloads(asked, table.formats)
    page = _rendered(pages, query=asked.query, table=table, downloads=downloads)
    return Reply(page, HTML, sizes=sizes, headers={"Vary": "Accept"})


def _problem_page(pages: Pages, asked: Asked, error: TrigpointError) -> Response:
    """A page that says what the problem document says, with its status and headers."""
    problem = of_error(error)
    said = json.loads(bytes(problem.body))
    page = _rendered(pages, query=asked.query, problem=said)
    kept = ("cache-control", "retry-after")
    headers = {name: v for name, v in problem.headers.items() if name in kept}
    headers |= {"Content-Type": HTML.content_type, "Vary": "Accept"}
    return Response(page, problem.status_code, headers)


def _downloads(asked: Asked, formats: tuple[str, ...]) -> list[tuple[str, str]]:
    """The addresses of the whole answer, by format, if addresses may be so long."""
    pairs = [("query", asked.query)]
    pairs += [("default-graph-uri", graph) for graph in asked.default_graphs]
    pairs += [("named-graph-uri", graph) for graph in asked.named_graphs]
    given = urlencode(pairs)
    if len(given) + len("&format=jsonld") > MAX_QUERY:
        return []
    return [(name, f"/sparql?{given}&format={name}") for name in formats]


def _rendered(pages: Pages, **values: Any) -> str:
    shown: dict[str, Any] = {"downloads": [], "examples": []}
    shown |= {"query": _START, "table": None, "problem": None} | values
    return pages.render("sparql", formats=[form.name for form in FORMATS], **shown)
