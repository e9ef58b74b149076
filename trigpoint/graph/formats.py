"""The forms in which an answer is written, and how its rows are counted.

SPARQL 1.1 Query Results JSON, XML, CSV and TSV for solutions and booleans;
Turtle, N-Triples, RDF/XML and JSON-LD for graphs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

from pyoxigraph import QueryResultsFormat, RdfFormat

from trigpoint.errors import InvalidParameter

Engine = TypeVar("Engine", QueryResultsFormat, RdfFormat)


@dataclass(frozen=True)
class AnswerFormat(Generic[Engine]):
    """One way to write an answer: short name, media type, the engine's format."""

    name: str
    media_type: str
    engine: Engine


SOLUTION_FORMATS: Final = (
    AnswerFormat("json", "application/sparql-results+json", QueryResultsFormat.JSON),
    AnswerFormat("xml", "application/sparql-results+xml", QueryResultsFormat.XML),
    AnswerFormat("csv", "text/csv", QueryResultsFormat.CSV),
    AnswerFormat("tsv", "text/tab-separated-values", QueryResultsFormat.TSV),
)
GRAPH_FORMATS: Final = (
    AnswerFormat("ttl", "text/turtle", RdfFormat.TURTLE),
    AnswerFormat("nt", "application/n-triples", RdfFormat.N_TRIPLES),
    AnswerFormat("rdf", "application/rdf+xml", RdfFormat.RDF_XML),
    AnswerFormat("jsonld", "application/ld+json", RdfFormat.JSON_LD),
)


def choose_format(
    accepted: Iterable[str], offered: tuple[AnswerFormat[Engine], ...]
) -> AnswerFormat[Engine]:
    """The first accepted format that is offered; the first offered if none is named.

    `accepted` has short names or media types, best first. Raises
    InvalidParameter when something was asked for and none of it is offered.
    """
    wanted = list(accepted)
    if not wanted:
        return offered[0]
    for name in wanted:
        for form in offered:
            if name in (form.name, form.media_type):
                return form
    names = [form.media_type for form in offered]
    raise InvalidParameter(
        f"this query answers in {', '.join(names)}; none of {', '.join(wanted)} fits",
        parameter="format",
        available=names,
    )


class RowCounter(Protocol):
    """Counts the solutions in a serialised answer that comes in pieces."""

    @property
    def rows(self) -> int: ...

    def feed(self, piece: bytes) -> None: ...


class _Marks:
    """Counts occurrences of a byte string, also across pieces."""

    def __init__(self, mark: bytes) -> None:
        self._mark = mark
        self._tail = b""
        self.count = 0

    def feed(self, piece: bytes) -> None:
        data = self._tail + piece
        self.count += data.count(self._mark)
        keep = len(self._mark) - 1
        self._tail = data[-keep:] if keep else b""


class _XmlRows(_Marks):
    """`<` is escaped in text, so `<result>` is always a solution."""

    def __init__(self) -> None:
        super().__init__(b"<result>")

    @property
    def rows(self) -> int:
        return self.count


class _TsvRows(_Marks):
    """Line feeds are escaped in terms; the first line is the header."""

    def __init__(self) -> None:
        super().__init__(b"\n")

    @property
    def rows(self) -> int:
        return max(0, self.count - 1)


class _CsvRows:
    """Line feeds outside quotes; a doubled quote leaves the parity as it is."""

    def __init__(self) -> None:
        self._lines = 0
        self._quoted = False

    @property
    def rows(self) -> int:
        return max(0, self._lines - 1)

    def feed(self, piece: bytes) -> None:
        parts = piece.split(b'"')
        outside = parts[1 if self._quoted else 0 :: 2]
        self._lines += sum(part.count(b"\n") for part in outside)
        self._quoted ^= len(parts) % 2 == 0


class _JsonRows:
    """Objects in the array of bindings, told from texts by what stands beside them.

    A quote in a text is escaped. So the quote of `},{"` begins the name of a column,
    or it ends a text and a comma or a bracket follows. Only `},{}`, a row of nothing,
    may as well be in a text, and counts there too: no answer has more rows than this.
    """

    _MARKS: Final = (
        (b'"bindings":[{', 1),
        (b'},{"', 1),
        (b'},{",', -1),
        (b'},{"}', -1),
        (b"},{}", 1),
    )
    _KEPT: Final = max(len(mark) for mark, _ in _MARKS) - 1

    def __init__(self) -> None:
        self._tail = b""
        self._rows = 0

    @property
    def rows(self) -> int:
        return self._rows - self._tail.endswith(b'},{"')  # not known yet

    def feed(self, piece: bytes) -> None:
        data = self._tail + piece
        for mark, sign in self._MARKS:
            start = max(0, len(self._tail) - len(mark) + 1)
            self._rows += sign * data.count(mark, start)
        self._tail = data[-self._KEPT :]


def row_counter(name: str) -> RowCounter:
    """A counter for the solution format of that short name."""
    counters: dict[str, type[RowCounter]] = {
        "json": _JsonRows,
        "xml": _XmlRows,
        "csv": _CsvRows,
        "tsv": _TsvRows,
    }
    return counters[name]()
