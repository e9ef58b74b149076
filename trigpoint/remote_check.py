"""Comparing a remote store with what was sent to it: counts, and some records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pyoxigraph import Literal, NamedNode, Quad

from trigpoint.errors import RemoteDiffers
from trigpoint.graph.contents import Contents, hashes_of
from trigpoint.graph.remote import RemoteStore, Row
from trigpoint.graph.standin import STAND_IN, WKT
from trigpoint.iris import geometry_iri

_ASKED = 10  # records at a time: the boundaries of some have megabytes


def check_counts(remote: RemoteStore, graphs: Mapping[str, int]) -> None:
    """Raises RemoteDiffers when a graph does not have so many triples."""
    for graph, expected in graphs.items():
        found = remote.count(graph)
        if found != expected:
            raise RemoteDiffers(
                f"{remote.endpoint.query} has {found} triples in {graph}, and "
                f"{expected} were expected"
            )


def check_sample(
    remote: RemoteStore,
    contents: Contents,
    records: Iterable[str],
    graphs: Iterable[str],
) -> None:
    """Raises RemoteDiffers when these graphs do not say of one of the records what the
    store here says."""
    wanted = list(dict.fromkeys(records))
    names = " ".join(f"<{graph}>" for graph in graphs)
    for first in range(0, len(wanted), _ASKED):
        some = wanted[first : first + _ASKED]
        subjects = [node for iri in some for node in (iri, geometry_iri(iri))]
        nodes = " ".join(f"<{subject}>" for subject in subjects)
        rows = remote.ask(
            f"SELECT ?g ?s ?p ?o {{ VALUES ?g {{ {names} }} VALUES ?s {{ {nodes} }}\n"
            "GRAPH ?g { ?s ?p ?o } }"
        )
        here = hashes_of(contents.quads(subjects))
        there = hashes_of(map(_quad, rows))
        for subject in sorted({*here, *there}):
            if here.get(subject) != there.get(subject):
                raise RemoteDiffers(
                    f"{remote.endpoint.query} does not say of {subject} what it "
                    f"should: the hash of its lines is {there.get(subject)}, and "
                    f"{here.get(subject)} was expected"
                )


def _quad(row: Row) -> Quad:
    subject, predicate, value, graph = map(row.get, "spog")
    if isinstance(value, Literal) and value.datatype.value == STAND_IN:
        value = Literal(value.value, datatype=NamedNode(WKT))
    if not (
        isinstance(subject, NamedNode)
        and isinstance(predicate, NamedNode)
        and isinstance(graph, NamedNode)
        and value is not None
    ):
        raise RemoteDiffers(f"{subject} is said to be {value}: expected IRIs")
    return Quad(subject, predicate, value, graph)
