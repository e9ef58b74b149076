"""Answer one query over an open store, within limits, as serialised pieces.

Runs in a worker process. Nothing here limits time: whoever started the process
kills it. Rows and bytes are limited here, and an answer past a limit is an
error, never a shorter answer.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from pyoxigraph import (
    QuerySolutions,
    QueryTriples,
    Store,
    Triple,
    serialize,
)

from trigpoint.errors import QueryRejected, QueryTooLarge
from trigpoint.graph.formats import (
    GRAPH_FORMATS,
    SOLUTION_FORMATS,
    RowCounter,
    choose_format,
    row_counter,
)
from trigpoint.graph.guard import CheckedQuery, QueryForm, check_query
from trigpoint.graph.sparql import MAX_DEPTH, MAX_LENGTH

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_PIECE: Final = 1 << 16
_DUMPS: Final = "the dumps have everything, and LIMIT with OFFSET gives a part"


@dataclass(frozen=True)
class QueryLimits:
    """What one query may use.

    `time` in seconds of wall clock; `rows` solutions or triples in the answer;
    `size` bytes of the serialised answer; `memory` bytes of data of the worker
    process; `length` characters and `depth` nested brackets of the query.
    """

    time: float = 10.0
    rows: int = 1_000_000
    size: int = 64 << 20
    memory: int = 1 << 30
    length: int = MAX_LENGTH
    depth: int = MAX_DEPTH


@dataclass(frozen=True)
class QueryAnswer:
    """A complete answer.

    `rows` counts solutions of a SELECT, triples of a CONSTRUCT or DESCRIBE, and
    is 1 for an ASK.
    """

    form: QueryForm
    media_type: str
    body: bytes
    rows: int


def answer_query(
    store: Store,
    text: str,
    accepted: Iterable[str],
    *,
    base: str,
    limits: QueryLimits,
    send: Callable[[bytes], None],
) -> QueryAnswer:
    """Check and run a query, give the body to `send` in pieces, and sum up.

    `accepted` has short format names or media types, best first; none means
    JSON or Turtle. The answer returned has an empty body. Raises QueryRejected,
    QueryTooLarge and InvalidParameter (no accepted format fits the form).
    """
    query = check_query(
        text, base=base, max_length=limits.length, max_depth=limits.depth
    )
    try:
        return _answer(store, query, accepted, base, _Sink(limits, send))
    except SyntaxError as error:
        raise QueryRejected(f"the query is not well-formed: {error}") from None
    except (RuntimeError, ValueError) as error:
        raise QueryRejected(f"the engine cannot answer this: {error}") from None


def memory_exceeded(limits: QueryLimits) -> QueryTooLarge:
    """The error for a query that needed more memory than its worker may have."""
    return QueryTooLarge(
        f"the query needs more than {limits.memory} bytes of memory; {_DUMPS}",
        limit=limits.memory,
        unit="bytes of memory",
    )


def _answer(
    store: Store,
    query: CheckedQuery,
    accepted: Iterable[str],
    base: str,
    sink: _Sink,
) -> QueryAnswer:
    result = store.query(query.text, base_iri=base)
    if isinstance(result, QueryTriples):
        graph_format = choose_format(accepted, GRAPH_FORMATS)
        writer = io.BufferedWriter(sink, _PIECE)
        serialize(sink.count(result), writer, graph_format.engine)
        media_type = graph_format.media_type
    else:
        form = choose_format(accepted, SOLUTION_FORMATS)
        writer = io.BufferedWriter(sink, _PIECE)
        if isinstance(result, QuerySolutions):
            visible = [variable.value for variable in result.variables]
            spelled = query.with_columns(visible)
            if spelled != query.text:
                result = cast(QuerySolutions, store.query(spelled, base_iri=base))
            sink.counter = row_counter(form.name)
        result.serialize(writer, form.engine)
        media_type = form.media_type
    writer.flush()
    return QueryAnswer(query.form, media_type, b"", sink.rows)


class _Sink(io.RawIOBase):
    """Passes an answer on and stops it at the limits."""

    def __init__(self, limits: QueryLimits, send: Callable[[bytes], None]) -> None:
        self._limits = limits
        self._send = send
        self._size = 0
        self._triples: int | None = None
        self.counter: RowCounter | None = None

    @property
    def rows(self) -> int:
        if self._triples is not None:
            return self._triples
        return 1 if self.counter is None else self.counter.rows

    def count(self, triples: Iterable[Triple]) -> Iterator[Triple]:
        """The triples, counted as they pass."""
        self._triples = 0
        for triple in triples:
            self._triples += 1
            self._check_rows()
            yield triple

    def writable(self) -> bool:
        return True

    def write(self, piece: ReadableBuffer, /) -> int:
        data = bytes(piece)
        self._size += len(data)
        if self._size > self._limits.size:
            raise QueryTooLarge(
                f"the answer has more than {self._limits.size} bytes; {_DUMPS}",
                limit=self._limits.size,
                unit="bytes",
            )
        if self.counter is not None:
            self.counter.feed(data)
            self._check_rows()
        self._send(data)
        return len(data)

    def _check_rows(self) -> None:
        if self.rows > self._limits.rows:
            raise QueryTooLarge(
                f"the answer has more than {self._limits.rows} rows; {_DUMPS}",
                limit=self._limits.rows,
                unit="rows",
            )
