"""What a finished store holds, read as N-Triples lines: by graph, and by subject."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from os import PathLike, fspath

from pyoxigraph import DefaultGraph, NamedNode, Quad, Store

from trigpoint.errors import ViewOutdated

Lines = Mapping[str, list[str]]  # by the IRI of a graph


class Contents:
    """A store that is only read. `default` is the name that its default graph goes by
    here: elsewhere it may have to have one."""

    def __init__(self, path: str | PathLike[str], default: str) -> None:
        """Raises ViewOutdated where there is no store that can be read."""
        try:
            self._store = Store.read_only(fspath(path))
        except (OSError, RuntimeError) as error:  # RuntimeError: torn contents
            raise ViewOutdated(
                f"{path} is not a readable store ({error}); rebuild the views"
            ) from None
        self._default = default

    def lines(self, graph: str) -> Iterator[str]:
        """Every line of a graph, without line feeds."""
        name = DefaultGraph() if graph == self._default else NamedNode(graph)
        for quad in self._store.quads_for_pattern(None, None, None, name):
            yield f"{quad.triple} ."

    def quads(self, subjects: Iterable[str]) -> Iterator[Quad]:
        """Every statement about these subjects, each in a graph that has a name."""
        for subject in subjects:
            node = NamedNode(subject)
            for quad in self._store.quads_for_pattern(node, None, None, None):
                if isinstance(quad.graph_name, DefaultGraph):
                    said = quad.subject, quad.predicate, quad.object
                    yield Quad(*said, NamedNode(self._default))
                else:
                    yield quad

    def about(self, subjects: Iterable[str]) -> Lines:
        """What each graph says of these subjects, line by line."""
        return lines_of(self.quads(subjects))


def lines_of(quads: Iterable[Quad]) -> Lines:
    """The N-Triples lines of quads in named graphs."""
    found: dict[str, list[str]] = defaultdict(list)
    for quad in quads:
        if isinstance(quad.graph_name, NamedNode):
            found[quad.graph_name.value].append(f"{quad.triple} .")
    return found


def hashes_of(quads: Iterable[Quad]) -> dict[str, str]:
    """A SHA-256 for each subject of quads: of its lines, sorted, each behind its graph.

    Stores give literals back in forms of their own (`1` for `true`, `1000.0` for
    `1.0E3`), so the quads pass through a store of ours, which has one for each value.
    """
    store = Store()
    store.extend(quads)
    lines: dict[str, list[str]] = defaultdict(list)
    for quad in store:
        lines[str(quad.subject)].append(f"{quad.graph_name} {quad.triple} .\n")
    return {
        subject: hashlib.sha256("".join(sorted(said)).encode()).hexdigest()
        for subject, said in lines.items()
    }
