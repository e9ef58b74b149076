"""How many triples stand under each property, and how many instances each class has.

These are the numbers of VoID's partitions (W3C Interest Group Note 2011, section 4.3).
They add up: of what is added to a graph and taken out of it, without reading the rest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from trigpoint.schema.rdf import RDF_TYPE

# Subject and property are IRIs, in which no white space stands.
_PROPERTY = r"^\S+ <([^>]*)>"
_CLASS = rf"^\S+ <{RDF_TYPE}> <([^>]*)> \.$"


@dataclass
class Tally:
    """Counts of distinct triples: `properties` by their property, `classes` those that
    say a class, by the class. Nothing that is counted is nought."""

    properties: Counter[str] = field(default_factory=Counter)
    classes: Counter[str] = field(default_factory=Counter)

    @property
    def triples(self) -> int:
        """How many triples there are."""
        return self.properties.total()

    def add(self, path: str, count: int) -> None:
        """Count triples with a property other than rdf:type."""
        _change(self.properties, {path: count})

    def add_instances(self, of: str, count: int) -> None:
        """Count triples that say that something is of a class."""
        _change(self.properties, {RDF_TYPE: count})
        _change(self.classes, {of: count})

    def add_lines(self, lines: pl.Series, sign: int = 1) -> None:
        """Count N-Triples lines without line feeds, each of which stands there once;
        with a `sign` of -1 they are taken out."""
        columns = [
            lines.str.extract(pattern).drop_nulls() for pattern in (_PROPERTY, _CLASS)
        ]
        for counted, column in zip(
            (self.properties, self.classes), columns, strict=True
        ):
            found = column.value_counts(name="n")
            pairs = zip(found.to_series(0), found["n"], strict=True)
            _change(counted, {name: sign * count for name, count in pairs})

    def merge(self, other: Tally) -> None:
        """Count what another has counted."""
        _change(self.properties, other.properties)
        _change(self.classes, other.classes)


def _change(counted: Counter[str], by: Mapping[str, int]) -> None:
    for name, count in by.items():
        counted[name] += count
        if not counted[name]:
            del counted[name]
