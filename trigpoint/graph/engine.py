"""Run one query over an open store, within limits, as serialised pieces.

Runs in a worker process. Nothing here limits time: whoever started the process
kills it. Rows and bytes are limited here, and an answer past a limit is an
error, never a shorter answer.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import IO, TYPE_CHECKING, Final, Protocol, cast

from pyoxigraph import (
    QueryBoolean,
    QuerySolutions,
    RdfFormat,
    Store,
    Triple,
    serialize,
)

from trigpoint.errors import QueryRejected, QueryTooLarge, TrigpointError
from trigpoint.graph.formats import (
    GRAPH_FORMATS,
    SOLUTION_FORMATS,
    RowCounter,
    choose_format,
    row_counter,
)
from trigpoint.graph.guard import CheckedQuery, QueryForm, check_query
from trigpoint.graph.limits import INSTEAD, QueryLimits
from trigpoint.graph.query import Query

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_PIECE: Final = 1 << 17  # bytes that are sent at once
_LINGER: Final = 0.05  # seconds that what was made may wait for more, about


@dataclass(frozen=True)
class Head:
    """What is known of an answer before its body."""

    form: QueryForm
    media_type: str


@dataclass(frozen=True)
class Bounds:
    """What queries of a pool are held to: `foreign` allows graphs of any IRI."""

    base: str
    limits: QueryLimits
    foreign: bool = False


class Source(Protocol):
    """What answers queries that were checked."""

    def query(
        self, checked: CheckedQuery, text: str
    ) -> QuerySolutions | QueryBoolean | Iterator[Triple]:
        """The answer to `text`: that of the query, or the same with its columns
        spelled out. For a CONSTRUCT or a DESCRIBE these are triples."""
        ...

    def settle(self) -> None:
        """Raises what keeps an answer, read to its end, from being one."""
        ...

    def explain(self, error: Exception) -> TrigpointError:
        """What is wrong when reading an answer raises SyntaxError, ValueError or
        RuntimeError."""
        ...

    def close(self) -> None:
        """Let go of what is open."""
        ...


class StoreSource:
    """A store in this process."""

    def __init__(self, store: Store, base: str) -> None:
        self._store = store
        self._base = base

    def query(
        self, checked: CheckedQuery, text: str
    ) -> QuerySolutions | QueryBoolean | Iterator[Triple]:
        return self._store.query(text, base_iri=self._base)

    def settle(self) -> None:
        """Nothing changes a store that is served."""

    def explain(self, error: Exception) -> TrigpointError:
        what = "the engine cannot answer this"
        if isinstance(error, SyntaxError):
            what = "the query is not well-formed"
        return QueryRejected(f"{what}: {error}")

    def close(self) -> None:
        """It is closed when nobody has it."""


class Sink(io.RawIOBase):
    """Takes an answer as the engine writes it, and stops it at the limits.

    It goes on in pieces to `send`: the head with the first, and whether it is the last.
    """

    def __init__(
        self, limits: QueryLimits, send: Callable[[Head | None, bytes, bool], None]
    ) -> None:
        self._limits = limits
        self._send = send
        self._size = 0
        self._made: list[bytes] = []
        self._waiting = 0
        self._sent = time.monotonic()
        self.head: Head | None = None
        self.counter: RowCounter | None = None

    def writable(self) -> bool:
        return True

    def write(self, piece: ReadableBuffer, /) -> int:
        data = bytes(piece)
        self._made.append(data)
        self._waiting += len(data)
        if self._waiting >= _PIECE or time.monotonic() - self._sent > _LINGER:
            self.give()
        return len(data)

    def give(self, *, last: bool = False) -> None:
        """Send what was made; raises QueryTooLarge for what must not be sent."""
        piece = b"".join(self._made)
        self._made.clear()
        self._waiting = 0
        self._size += len(piece)
        if self._size > self._limits.size:
            raise too_large(self._limits.size, "bytes")
        if self.counter is not None:
            self.counter.feed(piece)
            if self.counter.rows > self._limits.rows:
                raise too_large(self._limits.rows, "rows")
        self._send(self.head, piece, last)
        self.head = None
        self._sent = time.monotonic()


def too_large(limit: int, unit: str) -> QueryTooLarge:
    """The error for an answer with more than `limit` bytes or rows."""
    return QueryTooLarge(
        f"the answer has more than {limit} {unit}; {INSTEAD}", limit=limit, unit=unit
    )


def run_query(source: Source, query: Query, bounds: Bounds, sink: Sink) -> None:
    """Check and run a query, and write its answer to the sink.

    Raises QueryRejected, QueryTooLarge, InvalidParameter (no accepted format fits the
    form) and what the source does.
    """
    limits = bounds.limits
    checked = check_query(
        query.text,
        base=bounds.base,
        default_graphs=query.default_graphs,
        named_graphs=query.named_graphs,
        foreign=bounds.foreign,
        max_length=limits.length,
        max_depth=limits.depth,
    )
    try:
        _run(source, checked, query, bounds, sink)
        source.settle()
    except (SyntaxError, RuntimeError, ValueError) as error:
        raise source.explain(error) from None
    sink.give(last=True)


def _run(
    source: Source, checked: CheckedQuery, query: Query, bounds: Bounds, sink: Sink
) -> None:
    result = source.query(checked, checked.text)
    if not isinstance(result, QuerySolutions | QueryBoolean):
        graph_form = choose_format(query.accepted, GRAPH_FORMATS)
        sink.head = Head(checked.form, graph_form.media_type)
        _write_triples(result, sink, graph_form.engine, bounds.limits.rows)
        return
    form = choose_format(query.accepted, SOLUTION_FORMATS)
    sink.head = Head(checked.form, form.media_type)
    if isinstance(result, QuerySolutions):
        visible = [variable.value for variable in result.variables]
        spelled = checked.with_columns(visible)
        if spelled != checked.text:
            result = cast(QuerySolutions, source.query(checked, spelled))
        sink.counter = row_counter(form.name)
    result.serialize(cast(IO[bytes], sink), form.engine)


def _write_triples(
    triples: Iterator[Triple], sink: Sink, form: RdfFormat, limit: int
) -> None:
    serialize(islice(triples, limit), cast(IO[bytes], sink), form)
    if next(triples, None) is not None:
        raise too_large(limit, "rows")
