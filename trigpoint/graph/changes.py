"""Changes to a store that may be written to, as they are sent and as they are made.

SPARQL 1.1 Update, and the operations of the SPARQL 1.1 Graph Store HTTP Protocol
(section 5). A graph is named by its IRI; None is the default graph, which is always
there. Nothing is ever fetched: what is loaded is a file that the caller has written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from pyoxigraph import DefaultGraph, NamedNode, Quad, RdfFormat, Store, parse

from trigpoint.errors import InvalidGraph, NoSuchGraph, QueryRejected
from trigpoint.graph.update import check_update

_BATCH: Final = 20_000


@dataclass(frozen=True)
class Update:
    """An update as a client sent it; its `USING` graphs by the protocol (2.2.3)."""

    text: str
    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Document:
    """A file of RDF: its media type, and the IRI that relative ones resolve against."""

    path: Path
    media_type: str
    base: str


@dataclass(frozen=True)
class Load:
    """Put the triples of documents into a graph; with `replace` it has no others."""

    graph: str | None
    documents: tuple[Document, ...]
    replace: bool = False


@dataclass(frozen=True)
class Drop:
    """Remove a graph; the default graph is emptied."""

    graph: str | None


Change = Update | Load | Drop


def make_change(store: Store, change: Change, base: str) -> bool:
    """Make a change; whether the graph that it names was there before.

    `base` is what relative IRIs of an update resolve against. An update happens whole
    or not at all; when a load fails, the store is good for nothing. Raises what
    `check_update` does, QueryRejected for what the engine will not do, InvalidGraph
    for a document that is not what it says, and NoSuchGraph.
    """
    match change:
        case Update():
            _update(store, change, base)
            return True
        case Load():
            return _load(store, change)
        case Drop():
            _drop(store, change.graph)
            return True


def _update(store: Store, update: Update, base: str) -> None:
    checked = check_update(
        update.text,
        default_graphs=update.default_graphs,
        named_graphs=update.named_graphs,
    )
    try:
        store.update(checked.text, base_iri=base)
    except SyntaxError as error:
        raise QueryRejected(f"the update is not well-formed: {error}") from None
    except (RuntimeError, ValueError) as error:
        raise QueryRejected(f"the engine cannot do this: {error}") from None


def _load(store: Store, load: Load) -> bool:
    if load.graph is None:
        existed = True
        if load.replace:
            store.clear_graph(DefaultGraph())
    else:
        name = NamedNode(load.graph)
        existed = store.contains_named_graph(name)
        if load.replace and existed:
            store.clear_graph(name)
        store.add_graph(name)  # a graph without triples is there, too
    for document in load.documents:
        quads = _quads(document, load.graph)
        while batch := list(islice(quads, _BATCH)):
            store.extend(batch)
    return existed


def _quads(document: Document, graph: str | None) -> Iterator[Quad]:
    form = RdfFormat.from_media_type(document.media_type)
    if form is None:
        raise InvalidGraph(f"{document.media_type} is not a format of RDF")
    target = DefaultGraph() if graph is None else NamedNode(graph)
    try:
        for quad in _parsed(document, form):
            yield Quad(quad.subject, quad.predicate, quad.object, target)
    except (SyntaxError, ValueError) as error:
        # Without the name of our file, which a syntax error prints.
        why = error.msg if isinstance(error, SyntaxError) else error
        raise InvalidGraph(
            f"the body is not one graph in {document.media_type}: {why}"
        ) from None


def _parsed(document: Document, form: RdfFormat) -> Iterable[Quad]:
    return parse(
        path=document.path,
        format=form,
        base_iri=document.base,
        without_named_graphs=True,
        rename_blank_nodes=True,  # those of two documents are never the same
    )


def _drop(store: Store, graph: str | None) -> None:
    if graph is None:
        store.clear_graph(DefaultGraph())
        return
    name = NamedNode(graph)
    if not store.contains_named_graph(name):
        raise no_such_graph(graph)
    store.remove_graph(name)


def no_such_graph(graph: str) -> NoSuchGraph:
    """The error for a graph that the store does not have."""
    return NoSuchGraph(f"there is no graph <{graph}> in this store", graph=graph)
