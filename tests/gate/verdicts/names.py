"""Names of the nodes of a test when they are records: register, key and IRI."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from rdflib import RDF, RDFS, XSD, Graph, Literal, URIRef
from rdflib.term import Node

from tests.gate.verdicts.hand import BASE, MADE
from tests.gate.verdicts.plain import HeldKeys
from tests.gate.verdicts.suite import Case
from trigpoint.iris import record_iri

_UNTYPED = "untyped"


class Names:
    """Nodes of the same classes are records of one register; those without a class are
    records that nobody holds. A register of several classes has one below them all."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._nodes = sorted(self._records(), key=str)
        kinds = sorted({self._kinds(node) for node in self._nodes} - {()}, key=str)
        self._registers: dict[tuple[Node, ...], str] = {(): _UNTYPED}
        self._registers |= {kind: f"g{n}" for n, kind in enumerate(kinds, start=1)}

    def number(self, node: Node) -> int:
        """The row of a focus node."""
        return self._order.index(node) + 2

    def register(self, node: Node) -> str:
        return self._registers[self._kinds(node)]

    def key(self, node: Node) -> str:
        """The local name of an IRI, with a number where two have the same."""
        if not isinstance(node, URIRef) or node not in self._nodes:
            return f"v{self.number(node)}"
        local = self._local(node)
        same = [n for n in self._nodes if self._local(n) == local]
        return local if len(same) == 1 else f"{local}{same.index(node)}"

    def written(self, value: Node) -> str:
        """A value as a row writes it."""
        if isinstance(value, Literal):
            return str(value)
        return f"{self.register(value)}:{self.key(value)}"

    def class_of(self, register: str) -> str:
        """The class of a register's records."""
        return self.registers.get(register, f"{MADE}{register}")

    @cached_property
    def registers(self) -> Mapping[str, str]:
        return {
            name: str(self.renamed(kinds[0])) if len(kinds) == 1 else f"{MADE}{name}"
            for kinds, name in self._registers.items()
        }

    @cached_property
    def classes(self) -> tuple[tuple[str, str], ...]:
        """rdfs:subClassOf, of the test and of registers of several classes."""
        pairs = [
            (str(self.renamed(one)), str(self.renamed(other)))
            for one, other in self._case.data.subject_objects(RDFS.subClassOf)
        ]
        pairs += [
            (f"{MADE}{name}", str(self.renamed(kind)))
            for kinds, name in self._registers.items()
            if len(kinds) > 1
            for kind in kinds
        ]
        return tuple(sorted(pairs))

    @cached_property
    def held(self) -> HeldKeys:
        found: dict[str, dict[str, str | None]] = {}
        for node in self._nodes:
            if self.register(node) != _UNTYPED:
                found.setdefault(self.register(node), {})[self.key(node)] = None
        return found

    def renamed(self, node: Node) -> Node:
        """The IRI of the record that a node became; other nodes as they are."""
        if node not in self._nodes:
            return node
        return URIRef(record_iri(BASE, self.register(node), self.key(node)))

    def renamed_graph(self, graph: Graph) -> Graph:
        renamed = Graph()
        for triple in graph:
            subject, predicate, value = map(self.renamed, triple)
            renamed.add((subject, predicate, value))
        return renamed

    @cached_property
    def _order(self) -> list[Node]:
        focus = {
            node
            for shape in self._case.target_shapes()
            for node in self._case.focus_nodes(shape)
        }
        return sorted(focus, key=str)

    def _records(self) -> set[URIRef]:
        """Focus nodes and what they link to."""
        data = self._case.data
        nodes: set[Node] = set(self._order)
        nodes |= {
            value
            for node in self._order
            for predicate, value in data.predicate_objects(node)
            if predicate != RDF.type
        }
        # A datatype that is a target as well keeps its name, or the shape would change.
        return {n for n in nodes if isinstance(n, URIRef) and n not in XSD}

    def _kinds(self, node: Node) -> tuple[Node, ...]:
        return tuple(sorted(self._case.data.objects(node, RDF.type), key=str))

    def _local(self, node: Node) -> str:
        return str(node).rpartition("#")[2].rpartition("/")[2] or "x"
