"""What is in the graph of one view, counted: by register, and by named graph.

Written beside the store by whoever built it, from what went in and came out, so that
nobody has to count a store to describe it. Counts are exact: a test holds them against
the store.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trigpoint.errors import ViewDamaged
from trigpoint.schema.tally import Tally


@dataclass
class GraphCounts:
    """Triples by register (all of them in the default graph) and by the IRI of a named
    graph. What holds nothing is left out of `graphs`."""

    registers: dict[str, Tally] = field(default_factory=dict)
    graphs: dict[str, Tally] = field(default_factory=dict)

    @property
    def default(self) -> int:
        """How many triples the default graph has."""
        return sum(tally.triples for tally in self.registers.values())

    @property
    def triples(self) -> int:
        """How many there are in all graphs together."""
        return self.default + sum(tally.triples for tally in self.graphs.values())

    def of_register(self, name: str) -> Tally:
        """The tally of a register, to go on with."""
        return self.registers.setdefault(name, Tally())

    def change_graph(self, iri: str, by: Tally) -> None:
        """Count what was added to a named graph and taken out of it."""
        tally = self.graphs.setdefault(iri, Tally())
        tally.merge(by)
        if not tally.triples:
            del self.graphs[iri]

    def save(self, path: Path) -> None:
        """Write them as JSON."""
        body = {name: _plain(part) for name, part in vars(self).items()}
        path.write_text(json.dumps(body, sort_keys=True))


def read_counts(path: Path) -> GraphCounts:
    """The counts that `save` wrote; raises ViewDamaged for what is none, and
    FileNotFoundError."""
    try:
        body = json.loads(path.read_text())
        return GraphCounts(_tallies(body["registers"]), _tallies(body["graphs"]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ViewDamaged(f"{path} holds no counts of a graph ({error})") from error


def _plain(tallies: Mapping[str, Tally]) -> dict[str, dict[str, Counter[str]]]:
    return {name: vars(tally) for name, tally in tallies.items()}


def _tallies(body: Mapping[str, Any]) -> dict[str, Tally]:
    return {
        name: Tally(Counter(one["properties"]), Counter(one["classes"]))
        for name, one in body.items()
    }
