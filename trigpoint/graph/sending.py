"""Lines on their way to a remote store, in requests of bounded size.

Whatever was sent before, sending it again leaves the same graphs: a graph is dropped
before it is filled, and what is said of a subject is taken out before it is said. So
what was interrupted is just done again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from pyoxigraph import Literal, NamedNode

from trigpoint.errors import RemoteUnavailable
from trigpoint.graph.publication import publication_graph
from trigpoint.graph.remote import RemoteStore
from trigpoint.graph.standin import WKT, stood_in

# Of one request. Virtuoso does not compile updates of 5,000 triples, and takes nothing
# with a line of some 80 kB by the Graph Store Protocol.
_LINES, _SIZE = 1_000, 256 << 10
_BULK_LINES, _BULK_SIZE = 20_000, 4 << 20
_LONG: Final = 32 << 10  # characters
# A text that names its reference system, and is no point.
_TRIAL: Final = Literal(
    "<http://www.opengis.net/def/crs/EPSG/0/27700> POLYGON ((0 0, 1 0, 1 1, 0 0))",
    datatype=NamedNode(WKT),
)


class Sender:
    """Changes the graphs of a remote store. With `plain_wkt` geometries are sent under
    a stand-in: see `trigpoint.graph.standin`."""

    def __init__(self, remote: RemoteStore, *, plain_wkt: bool) -> None:
        self._remote = remote
        self._plain_wkt = plain_wkt
        self.sent = 0

    def replace(self, graph: str, lines: Iterable[str]) -> None:
        """Make a graph hold exactly these lines."""
        self._remote.drop(graph)
        if self._remote.endpoint.graph_store is None:
            self._insert(graph, lines)
            return
        for batch in batches(self._short(graph, lines), _BULK_LINES, _BULK_SIZE):
            sent = "".join(f"{line}\n" for line in map(self._form, batch))
            self._remote.add(graph, sent.encode())
            self.sent += len(batch)

    def amend(
        self, subjects: list[str], graphs: Iterable[str], lines: Mapping[str, list[str]]
    ) -> None:
        """Have these graphs say exactly these lines of these subjects.

        As far as one request may be so large, it is one, and all or nothing where the
        store has transactions.
        """
        names = " ".join(f"<{graph}>" for graph in graphs)
        nodes = " ".join(f"<{subject}>" for subject in subjects)
        update = (
            "DELETE { GRAPH ?g { ?s ?p ?o } } WHERE {\n"
            f"VALUES ?g {{ {names} }} VALUES ?s {{ {nodes} }}\n"
            "GRAPH ?g { ?s ?p ?o } }"
        )
        parts = [
            self._data(graph, batch)
            for graph, said in lines.items()
            for batch in batches(said, _LINES, _SIZE)
        ]
        whole = sum(map(len, lines.values())) <= _LINES
        if whole and sum(map(len, parts)) <= 2 * _SIZE:
            self._remote.update(" ;\n".join((update, *parts)))
        else:
            for part in (update, *parts):
                self._remote.update(part)
        self.sent += sum(map(len, lines.values()))

    def _insert(self, graph: str, lines: Iterable[str]) -> None:
        for batch in batches(lines, _LINES, _SIZE):
            self._remote.update(self._data(graph, batch))
            self.sent += len(batch)

    def _short(self, graph: str, lines: Iterable[str]) -> Iterator[str]:
        """The lines that are not long; those that are go their own way."""
        for line in lines:
            if len(line) < _LONG:
                yield line
            else:
                self._insert(graph, [line])

    def _data(self, graph: str, lines: list[str]) -> str:
        body = "\n".join(map(self._form, lines))
        return f"INSERT DATA {{ GRAPH <{graph}> {{\n{body}\n}} }}"

    def _form(self, line: str) -> str:
        return stood_in(line) if self._plain_wkt else line


def batches(lines: Iterable[str], most: int, size: int) -> Iterator[list[str]]:
    """Lines in lists of so many and, unless one alone is longer, so many characters."""
    batch: list[str] = []
    length = 0
    for line in lines:
        if batch and (len(batch) == most or length + len(line) > size):
            yield batch
            batch, length = [], 0
        batch.append(line)
        length += len(line)
    if batch:
        yield batch


def takes_wkt(remote: RemoteStore) -> bool:
    """Whether a store keeps geometries as they are, found out by sending it one."""
    graph = publication_graph(remote.base)
    trial = f"{graph}#trial"
    try:
        remote.update(
            f"INSERT DATA {{ GRAPH <{graph}> {{ <{trial}> <{trial}> {_TRIAL} }} }}"
        )
    except RemoteUnavailable as error:
        if "status" not in error.members:
            raise
        return False  # it answers, and refuses this
    rows = remote.ask(f"SELECT ?o {{ GRAPH <{graph}> {{ <{trial}> <{trial}> ?o }} }}")
    remote.drop(graph)
    return [row.get("o") for row in rows] == [_TRIAL]
