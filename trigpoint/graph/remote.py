"""A remote SPARQL 1.1 server, as whoever publishes to it sees it.

SPARQL 1.1 Protocol by SPARQLWrapper, for updates and for short questions; Graph Store
HTTP Protocol by httpx. SPARQLWrapper bounds each wait on the network and nothing else,
follows redirects with the credentials, and for digest changes what the whole process
opens addresses with. So an address that redirects is refused before anything else is
sent to it, and publishing is a process of its own, which can be ended.
"""

from __future__ import annotations

import re
from http.client import HTTPException
from typing import Final
from urllib.error import HTTPError

import httpx
from pyoxigraph import (
    BlankNode,
    Literal,
    NamedNode,
    QueryBoolean,
    QueryResultsFormat,
    QuerySolutions,
    Triple,
    parse_query_results,
)
from SPARQLWrapper import (
    BASIC,
    DIGEST,
    JSON,
    POST,
    POSTDIRECTLY,
    URLENCODED,
    SPARQLWrapper,
)
from SPARQLWrapper.SPARQLExceptions import SPARQLWrapperException

from trigpoint.errors import InvalidParameter, RemoteUnavailable
from trigpoint.graph.endpoint import Credentials, Endpoint
from trigpoint.graph.publication import (
    VALUE,
    Publication,
    parse_publication,
    publication_graph,
    publication_query,
)
from trigpoint.graph.refusals import NTRIPLES, SHOWN, away, no_answer, refused

Term = NamedNode | BlankNode | Literal | Triple
Row = dict[str, Term]

_ANSWER: Final = 64 << 20  # bytes that one question may be answered with
_WAIT: Final = 600  # seconds: some stores take long over a large update
_CONNECT: Final = 10.0  # seconds


class RemoteStore:
    """One server, which holds the graphs of the installation at `base`.

    Everything raises RemoteUnavailable when the server does not answer, refuses, or
    says what is no answer.
    """

    def __init__(
        self, endpoint: Endpoint, base: str, credentials: Credentials | None = None
    ) -> None:
        self.endpoint = endpoint
        self.base = base
        self.credentials = credentials
        self._client = httpx.Client(
            auth=credentials.auth() if credentials else None,
            timeout=httpx.Timeout(_WAIT, connect=_CONNECT),
            trust_env=False,
        )
        self._met = False

    def close(self) -> None:
        self._client.close()

    def __enter__(self) -> RemoteStore:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def ask(self, query: str) -> list[Row]:
        """The rows of a SELECT, each with its variables that have a value."""
        self._meet()
        wrapper = self._wrapper()
        wrapper.setQuery(query)
        # Virtuoso 7 never answers a query that is the body as it stands.
        wrapper.setRequestMethod(URLENCODED)
        wrapper.setOnlyConneg(True)
        body = self._send(wrapper, self.endpoint.query)
        try:
            return _rows(parse_query_results(body, QueryResultsFormat.JSON))
        except (SyntaxError, ValueError) as error:
            raise no_answer(self.endpoint.query, error) from None

    def update(self, text: str) -> None:
        """Run an update, of one operation or several."""
        self._meet()
        url = _needed(self.endpoint.update)
        wrapper = self._wrapper()
        wrapper.setRequestMethod(POSTDIRECTLY)
        wrapper.setQuery("INSERT DATA {}")
        # SPARQLWrapper looks for comments in the text of a query, which takes longer
        # than to send it; that this is an update it knows by now.
        wrapper.queryString = text
        self._send(wrapper, url)

    def add(self, graph: str, lines: bytes) -> None:
        """Add N-Triples to a graph by the Graph Store Protocol (section 5.5)."""
        url = _needed(self.endpoint.graph_store)
        try:
            answer = self._client.post(
                url,
                params={"graph": graph},
                content=lines,
                headers={"Content-Type": NTRIPLES},
            )
        except httpx.HTTPError as error:
            raise away(url, error) from None
        if not answer.is_success:
            raise refused(url, answer.status_code, answer.text)

    def publication(self) -> Publication | None:
        """What the store says that it holds; None when it says nothing that can be
        understood."""
        rows = self.ask(publication_query(self.base))
        state = rows[0].get("state") if len(rows) == 1 else None
        return parse_publication(state.value) if isinstance(state, Literal) else None

    def state(self, publication: Publication) -> None:
        """Have the store say what it holds."""
        graph = publication_graph(self.base)
        text = Literal(publication.text())
        self.update(
            f"DELETE WHERE {{ GRAPH <{graph}> {{ <{graph}> <{VALUE}> ?state }} }} ;\n"
            f"INSERT DATA {{ GRAPH <{graph}> {{ <{graph}> <{VALUE}> {text} }} }}"
        )

    def graphs(self) -> set[str]:
        """The graphs under the installation's base, whoever put them there."""
        rows = self.ask("SELECT DISTINCT ?graph { GRAPH ?graph { ?s ?p ?o } }")
        named = [row.get("graph") for row in rows]
        start = f"{self.base}/graph/"
        return {
            name.value
            for name in named
            if isinstance(name, NamedNode) and name.value.startswith(start)
        }

    def drop(self, graph: str) -> None:
        """Take a graph away, if it is there."""
        self.update(f"DROP SILENT GRAPH <{graph}>")

    def count(self, graph: str) -> int:
        """How many triples a graph has."""
        rows = self.ask(f"SELECT (COUNT(*) AS ?n) {{ GRAPH <{graph}> {{ ?s ?p ?o }} }}")
        found = rows[0].get("n") if rows else None
        if not isinstance(found, Literal) or not re.fullmatch(r"\d+", found.value):
            raise no_answer(self.endpoint.query, ValueError("no count"))
        return int(found.value)

    def _meet(self) -> None:
        """Refuse addresses that redirect, once: urllib would take the credentials to
        wherever they lead, and lose an update on the way."""
        if self._met:
            return
        for url in filter(None, (self.endpoint.query, self.endpoint.update)):
            try:
                with httpx.Client(timeout=_CONNECT, trust_env=False) as client:
                    answer = client.post(url, data={})
            except httpx.HTTPError as error:
                raise away(url, error) from None
            if answer.is_redirect:
                to = answer.headers.get("location", "elsewhere")
                raise RemoteUnavailable(
                    f"{url} redirects to {to[:SHOWN]}: name that address instead, if "
                    "it is to be trusted"
                )
        self._met = True

    def _wrapper(self) -> SPARQLWrapper:
        wrapper = SPARQLWrapper(self.endpoint.query, self.endpoint.update)
        wrapper.setMethod(POST)
        wrapper.setReturnFormat(JSON)
        wrapper.setTimeout(_WAIT)
        if self.credentials is not None:
            wrapper.setCredentials(self.credentials.user, self.credentials.password)
            digest = self.credentials.scheme == "digest"
            wrapper.setHTTPAuth(DIGEST if digest else BASIC)
        return wrapper

    def _send(self, wrapper: SPARQLWrapper, url: str) -> bytes:
        try:
            with wrapper.query().response as response:
                body: bytes = response.read(_ANSWER + 1)
        except SPARQLWrapperException as error:
            raise refused(url, _status_of(error), _text_of(error)) from None
        except HTTPError as error:
            with error:
                text = error.read(SHOWN).decode(errors="replace")
            raise refused(url, error.code, text) from None
        except (OSError, HTTPException) as error:  # URLError and TimeoutError too
            raise away(url, error) from None
        if len(body) > _ANSWER:
            raise no_answer(url, ValueError(f"more than {_ANSWER} bytes"))
        return body


def _needed(url: str | None) -> str:
    if url is None:
        raise InvalidParameter(
            "nothing can be published to a SPARQL server without its address for "
            "updates: name it with --sparql-update",
            parameter="sparql-update",
        )
    return url


def _rows(found: QuerySolutions | QueryBoolean) -> list[Row]:
    if not isinstance(found, QuerySolutions):
        raise ValueError("a boolean, not solutions")
    names = [variable.value for variable in found.variables]
    return [
        {name: term for name in names if (term := solution[name]) is not None}
        for solution in found
    ]


# What SPARQLWrapper makes errors of its own of.
_STATUSES: Final = {
    "QueryBadFormed": 400,
    "Unauthorized": 401,
    "EndPointNotFound": 404,
    "URITooLong": 414,
    "EndPointInternalError": 500,
}


def _status_of(error: SPARQLWrapperException) -> int:
    return _STATUSES.get(type(error).__name__, 500)


def _text_of(error: SPARQLWrapperException) -> str:
    """What the server said: SPARQLWrapper has it as bytes behind words of its own."""
    _, _, said = str(error).partition("\n\nResponse:\n")
    return said[2:-1].replace("\\n", " ")
