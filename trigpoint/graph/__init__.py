"""The SPARQL side: a disposable store over the current records, and its guard.

`GraphView` builds, forks and changes the on-disk store. `QueryPool` answers
queries over it in worker processes, each checked by `check_query` first. The
log is the truth; a store can be deleted and built again at any time.
"""

from __future__ import annotations

from trigpoint.graph.answer import QueryAnswer, QueryLimits
from trigpoint.graph.formats import GRAPH_FORMATS, SOLUTION_FORMATS, AnswerFormat
from trigpoint.graph.guard import CheckedQuery, check_query
from trigpoint.graph.store import GraphView
from trigpoint.graph.update import CheckedUpdate, check_update
from trigpoint.graph.workers import QueryPool

__all__ = [
    "GRAPH_FORMATS",
    "SOLUTION_FORMATS",
    "AnswerFormat",
    "CheckedQuery",
    "CheckedUpdate",
    "GraphView",
    "QueryAnswer",
    "QueryLimits",
    "QueryPool",
    "check_query",
    "check_update",
]
