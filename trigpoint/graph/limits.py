"""What a query, a client and all together may use, and the errors that say so."""

from __future__ import annotations

from dataclasses import dataclass
from signal import SIGABRT, SIGSEGV
from typing import Final

from trigpoint.errors import (
    QueryFailed,
    QueryTimedOut,
    QueryTooLarge,
    TrigpointError,
)
from trigpoint.graph.sparql import MAX_DEPTH, MAX_LENGTH

INSTEAD: Final = "the dumps have everything, and LIMIT with OFFSET gives a part"
# Of the thread that runs a query. The engine calls itself once for each operator of a
# chain and each level of brackets; what is not touched of it takes no memory.
STACK: Final = 128 << 20


@dataclass(frozen=True)
class QueryLimits:
    """What a query may use, and how many there may be. Of one pool, that is of one
    server process.

    `time` in seconds from when a worker takes the query to when it has made the whole
    answer, and for which a query waits at most; `rows` solutions or triples and `size`
    bytes of the answer; `memory` bytes of data of the worker process; `length`
    characters and `depth` nested brackets of the query. `of_client` and `of_all` count
    queries that wait, run, or have an answer that was not read to its end. `spool` is
    how many bytes of answers not yet read may be on disk, for all clients together; one
    client has a quarter of that.
    """

    time: float = 10.0
    rows: int = 1_000_000
    size: int = 1 << 30
    memory: int = 1 << 30
    length: int = MAX_LENGTH
    depth: int = MAX_DEPTH
    of_client: int = 64
    of_all: int = 512
    spool: int = 8 << 30


def memory_exceeded(limits: QueryLimits) -> QueryTooLarge:
    """The error for a query that needed more memory than its worker may have."""
    return QueryTooLarge(
        f"the query needs more than {limits.memory} bytes of memory; {INSTEAD}",
        limit=limits.memory,
        unit="bytes of memory",
    )


def timed_out(limits: QueryLimits) -> QueryTimedOut:
    """The error for a query whose answer was not complete in time."""
    return QueryTimedOut(
        f"the query took longer than {limits.time:g} s; ask for less at once, or use "
        "the dumps",
        limit=limits.time,
    )


def death(status: int, limits: QueryLimits) -> TrigpointError:
    """The error for a query whose worker ended with this status before it was done."""
    if status == -SIGABRT:  # what an allocation that fails ends with in native code
        return memory_exceeded(limits)
    if status == -SIGSEGV:
        return QueryTooLarge(
            "the query is nested or chained deeper than the engine can follow; ask "
            "with fewer operators, alternatives or triples in a row",
            limit=STACK,
            unit="bytes of stack",
        )
    return QueryFailed(
        f"the process that ran the query ended (status {status}); other queries are "
        "not affected, and it may be asked again",
        status=status,
    )
