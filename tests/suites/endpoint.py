"""A sandbox in a process of its own, as the suites ask it: over HTTP."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from pyoxigraph import (
    Dataset,
    DefaultGraph,
    Quad,
    QueryResultsFormat,
    QuerySolutions,
    RdfFormat,
    parse,
    parse_query_results,
)

from tests.served import COMMAND, PATIENCE, ROOT
from tests.suites.evaluation import Data, File
from tests.suites.results import as_dataset, canonical, quads_of

_EVERYTHING = """
SELECT ?s ?p ?o ?g WHERE { { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } } }"""
_RESULTS = "application/sparql-results+json"
_TURTLE = "text/turtle"


class Endpoint:
    """A sandbox, by a client and its process; what it holds is loaded only when it is
    to hold something else."""

    def __init__(self, client: httpx.Client, pid: int) -> None:
        self.client, self.pid = client, pid
        self._held: Data | None = None

    def hold(self, data: Data) -> None:
        """Have it hold a dataset of a suite, and nothing else."""
        if data != self._held:
            done = self.post_update(f"DROP ALL ; INSERT DATA {{ {_blocks(data)} }}")
            assert done.status_code == 204, done.text
        self._held = data

    def post_query(self, text: str, accept: str) -> httpx.Response:
        headers = {"Content-Type": "application/sparql-query", "Accept": accept}
        return self.client.post("/sparql", content=text, headers=headers)

    def post_update(self, text: str) -> httpx.Response:
        self._held = None
        headers = {"Content-Type": "application/sparql-update"}
        return self.client.post("/sparql", content=text, headers=headers)

    def ask(self, request: File) -> Dataset:
        """The answer to a query of a suite."""
        text = f"BASE <{request.iri}>\n{request.text}"
        answer = self.post_query(text, f"{_RESULTS}, {_TURTLE}")
        assert answer.status_code == 200, answer.text
        if answer.headers["content-type"].startswith(_TURTLE):
            return canonical(parse(answer.content, format=RdfFormat.TURTLE))
        return as_dataset(parse_query_results(answer.content, QueryResultsFormat.JSON))

    def everything(self) -> Dataset:
        """All that it holds."""
        answer = self.post_query(_EVERYTHING, _RESULTS)
        rows = parse_query_results(answer.content, QueryResultsFormat.JSON)
        assert isinstance(rows, QuerySolutions)
        return canonical(
            Quad(row["s"], row["p"], row["o"], row["g"] or DefaultGraph())
            for row in rows
        )


def _blocks(data: Data) -> str:
    """The triples of a dataset as `INSERT DATA` takes them."""
    blocks = []
    for quad in quads_of(data):
        block = f"{quad.triple} ."
        named = not isinstance(quad.graph_name, DefaultGraph)
        blocks.append(f"GRAPH {quad.graph_name} {{ {block} }}" if named else block)
    return "\n".join(blocks)


@contextmanager
def sandbox(*words: str) -> Iterator[Endpoint]:
    """A new sandbox; `words` are more flags."""
    process = subprocess.Popen(
        [*COMMAND, "--sandbox", *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        home = process.stdout.readline().split()[0].rstrip("/")
        with httpx.Client(base_url=home, timeout=PATIENCE) as client:
            yield Endpoint(client, process.pid)
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)
