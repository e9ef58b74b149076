"""The SPARQL side: a disposable store over the current records, and its guard.

`GraphView` builds, forks and changes the on-disk store. `QueryPool` answers
queries over it in worker processes, each checked by `check_query` first. The
log is the truth; a store can be deleted and built again at any time.
"""

from __future__ import annotations

from trigpoint.graph.answer import Answer
from trigpoint.graph.formats import GRAPH_FORMATS, SOLUTION_FORMATS, AnswerFormat
from trigpoint.graph.guard import CheckedQuery, check_query
from trigpoint.graph.limits import QueryLimits
from trigpoint.graph.pool import QueryPool
from trigpoint.graph.query import Query, Snapshot
from trigpoint.graph.queue import client_of
from trigpoint.graph.store import GraphView
from trigpoint.graph.update import CheckedUpdate, check_update

__all__ = [
    "GRAPH_FORMATS",
    "SOLUTION_FORMATS",
    "Answer",
    "AnswerFormat",
    "CheckedQuery",
    "CheckedUpdate",
    "GraphView",
    "Query",
    "QueryLimits",
    "QueryPool",
    "Snapshot",
    "check_query",
    "check_update",
    "client_of",
]
