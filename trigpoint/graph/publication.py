"""What a remote store says that it holds: one statement in a graph of its own.

The graph is `{base}/graph/published`. Its only triple has a JSON object as its value,
which is replaced in one request. Each publication has an identifier that is never used
again: who reads the same one before and after something knows that nothing was
published in between.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

from pyoxigraph import (
    Literal,
    QueryResultsFormat,
    QuerySolutions,
    parse_query_results,
)

from trigpoint.iris import graph_iri

# Raised when what is published is written in another way.
FORMAT: Final = 1
VALUE: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#value"
_REGISTER: Final = re.compile(r"[a-z0-9-]+")
_IRI: Final = re.compile(r'[^<>"{}|^`\\\x00-\x20]+')


@dataclass(frozen=True)
class Publication:
    """One state of a remote store.

    `sizes`, `withheld`, `fingerprint` and `version` are those of the view that was
    published, `graphs` how many triples each graph has, by IRI. While it is not
    `complete`, they are those of the view before, and the store is being changed.
    `plain_wkt`: see `trigpoint.graph.standin`.
    """

    sizes: Mapping[str, int] = field(default_factory=dict)
    withheld: int = 0
    fingerprint: str = ""
    version: int = 0
    graphs: Mapping[str, int] = field(default_factory=dict)
    plain_wkt: bool = False
    complete: bool = False
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    format: int = FORMAT

    def begun(self) -> Publication:
        """The state while it is being changed into another."""
        return replace(self, complete=False, id=uuid.uuid4().hex)

    def text(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self), sort_keys=True)


def parse_publication(text: str) -> Publication | None:
    """What `text` wrote; None for anything else, and for another format."""
    try:
        body: dict[str, Any] = json.loads(text)
        if body["format"] != FORMAT:
            return None
        found = Publication(**body)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return found if _is_sound(found) else None


def _is_sound(found: Publication) -> bool:
    """Whether every member is what it should be, whoever wrote it: sizes go into
    headers, and graphs into updates."""
    texts, numbers = (found.fingerprint, found.id), (found.withheld, found.version)
    flags = (found.plain_wkt, found.complete)
    return (
        all(isinstance(text, str) for text in texts)
        and all(isinstance(number, int) for number in numbers)
        and all(isinstance(flag, bool) for flag in flags)
        and _counts(found.sizes, _REGISTER)
        and _counts(found.graphs, _IRI)
    )


def _counts(given: object, name: re.Pattern[str]) -> bool:
    return isinstance(given, dict) and all(
        isinstance(count, int) and name.fullmatch(key) for key, count in given.items()
    )


def publication_graph(base: str) -> str:
    """The graph that holds the statement, and its subject."""
    return graph_iri(base, "published")


def records_graph(base: str) -> str:
    """The graph that holds what is in the default graph here.

    A remote store has only one default graph, which may be anybody's, and some have
    none; a graph with a name is ours alone.
    """
    return graph_iri(base, "records")


def publication_query(base: str) -> str:
    graph = publication_graph(base)
    return f"SELECT ?state {{ GRAPH <{graph}> {{ <{graph}> <{VALUE}> ?state }} }}"


def publication_in(body: bytes) -> Publication | None:
    """The statement in the answer to that query, in JSON; None when there is none, or
    none that can be understood.

    Raises ValueError for what is no answer to it, or not all of one.
    """
    try:
        found = parse_query_results(body, QueryResultsFormat.JSON)
        if not isinstance(found, QuerySolutions):
            raise ValueError("a boolean, not solutions")
        states = [row["state"] for row in found]
    except (SyntaxError, KeyError) as error:
        raise ValueError(str(error)) from None
    if len(states) != 1 or not isinstance(states[0], Literal):
        return None
    return parse_publication(states[0].value)
