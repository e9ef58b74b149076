"""Queries that another SPARQL server answers, asked in a worker process.

The query was checked here, so what reaches the other server is what ours would run. Its
answer is read as it comes, as JSON or N-Triples, and written anew in the format that
the client wants: each server has formats and spellings of its own, and what is cut off
or is no answer never passes for one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import IO, Final, NoReturn, cast

import httpx
from pyoxigraph import (
    QueryBoolean,
    QueryResultsFormat,
    QuerySolutions,
    RdfFormat,
    Triple,
    parse,
    parse_query_results,
)

from trigpoint.errors import (
    QueryRejected,
    QueryTimedOut,
    QueryTooLarge,
    RemoteBehind,
    TrigpointError,
)
from trigpoint.graph.endpoint import credentials_of
from trigpoint.graph.guard import CheckedQuery
from trigpoint.graph.publication import (
    publication_in,
    publication_query,
    records_graph,
)
from trigpoint.graph.query import Elsewhere
from trigpoint.graph.refusals import JSON, NTRIPLES, away, no_answer, refused
from trigpoint.graph.standin import Restored

_WAIT: Final = httpx.Timeout(None, connect=5.0)  # whoever asked ends this process
_PIECE: Final = 1 << 16
# A query that has a base of its own before anything that could be relative to another.
_BASED: Final = re.compile(r"\s*BASE\s+<[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_TRUE, _FALSE = (json.dumps({"head": {}, "boolean": known}) for known in (True, False))


class RemoteSource:
    """What a remote store held when it was last asked what it holds."""

    def __init__(self, elsewhere: Elsewhere, base: str) -> None:
        self._elsewhere = elsewhere
        self._base = base
        credentials = credentials_of()
        self._client = httpx.Client(
            auth=credentials.auth() if credentials else None,
            timeout=_WAIT,
            trust_env=False,
            headers={"Accept-Encoding": "identity"},
        )
        self._answer: httpx.Response | None = None

    def close(self) -> None:
        """End what is being read, and the connections."""
        self._end()
        self._client.close()

    def query(
        self, checked: CheckedQuery, text: str
    ) -> QuerySolutions | QueryBoolean | Iterator[Triple]:
        """Ask; `text` is that of the query, or the same with its columns spelled out.

        Raises QueryRejected, QueryTooLarge and RemoteUnavailable.
        """
        self._end()
        solutions = checked.form in ("select", "ask")
        asked: dict[str, str | list[str]] = {"query": self._based(text)}
        if not checked.dataset:
            records = records_graph(self._base)
            graphs = self._elsewhere.graphs
            asked["default-graph-uri"] = records
            asked["named-graph-uri"] = [one for one in graphs if one != records]
        self._answer = self._send(asked, JSON if solutions else NTRIPLES)
        _check_whole(self._answer)
        body = cast(IO[bytes], _Body(self._answer, restored=self._elsewhere.plain_wkt))
        if not solutions:
            return (quad.triple for quad in parse(body, RdfFormat.N_TRIPLES))
        found = parse_query_results(body, QueryResultsFormat.JSON)
        if checked.form == "ask" and isinstance(found, QuerySolutions):
            # Virtuoso has one row for true, and none for false.
            held = _TRUE if next(found, None) is not None else _FALSE
            return parse_query_results(held, QueryResultsFormat.JSON)
        return found

    def settle(self) -> None:
        """Say that what was answered is what the store held, all of it: raises
        RemoteBehind when it was published to meanwhile, and RemoteUnavailable."""
        self._end()
        answer = self._send({"query": publication_query(self._base)}, JSON)
        try:
            body = answer.read()
        except httpx.HTTPError as error:
            raise away(self._elsewhere.url, error) from None
        try:
            found = publication_in(body)
        except ValueError as error:
            raise no_answer(self._elsewhere.url, error) from None
        if found is None or found.id != self._elsewhere.publication:
            raise RemoteBehind(
                "the SPARQL server was published to while it answered: ask again"
            )

    def explain(self, error: Exception) -> TrigpointError:
        return no_answer(self._elsewhere.url, error)

    def _based(self, text: str) -> str:
        """The text with the base that relative IRIs in it have here."""
        if _BASED.match(text):
            return text  # Virtuoso takes one only
        return f"BASE <{self._base}>\n{text}"

    def _send(self, asked: dict[str, str | list[str]], accept: str) -> httpx.Response:
        url = self._elsewhere.url
        request = self._client.build_request(
            "POST", url, data=asked, headers={"Accept": accept}
        )
        try:
            answer = self._client.send(request, stream=True)
            if not answer.is_success:
                self._refuse(answer, answer.read().decode(errors="replace"))
        except httpx.HTTPError as error:
            raise away(url, error) from None
        return answer

    def _refuse(self, answer: httpx.Response, text: str) -> NoReturn:
        error = refused(self._elsewhere.url, answer.status_code, text)
        if answer.status_code == 400:
            raise QueryRejected(str(error))
        if answer.status_code in (413, 414):
            raise QueryTooLarge(str(error))
        raise error

    def _end(self) -> None:
        if self._answer is not None:
            self._answer.close()
        self._answer = None


class _Body:
    """The body of an answer as a file, of which the engine reads and raises what
    reading does: RemoteUnavailable for an answer that breaks off."""

    def __init__(self, answer: httpx.Response, *, restored: bool) -> None:
        self._url = str(answer.url)
        self._pieces = answer.iter_raw(_PIECE)
        self._restored = Restored() if restored else None
        self._rest = b""
        self._done = False

    def read(self, size: int = -1) -> bytes:
        while not self._rest and not self._done:
            self._rest = self._next()
        piece = self._rest if size < 0 else self._rest[:size]
        self._rest = self._rest[len(piece) :]
        return piece

    def _next(self) -> bytes:
        try:
            piece = next(self._pieces, None)
        except httpx.HTTPError as error:
            raise away(self._url, error) from None
        if self._restored is None:
            self._done = piece is None
            return piece or b""
        if piece is None:
            self._done = True
            return self._restored.rest()
        return self._restored.feed(piece)


def _check_whole(answer: httpx.Response) -> None:
    """Refuse what Virtuoso says that it has cut off."""
    rows = answer.headers.get("x-sparql-maxrows")
    if rows is not None:
        answer.close()
        raise QueryTooLarge(
            f"the SPARQL server cuts answers off at {rows[:20]} rows; the dumps have "
            "everything, and LIMIT with OFFSET gives a part",
            limit=int(rows) if rows.isdigit() else None,
            unit="rows",
        )
    if "x-sql-state" in answer.headers:
        answer.close()
        raise QueryTimedOut(
            "the SPARQL server took too long and answers a part only; ask for less at "
            "once, or use the dumps"
        )
