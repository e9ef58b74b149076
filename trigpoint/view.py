"""One published view: what it speaks for, and its parts, opened when needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from trigpoint.counts import GraphCounts, read_counts
from trigpoint.errors import ViewDamaged, ViewOutdated
from trigpoint.graph.store import GraphView
from trigpoint.lease import Lease
from trigpoint.spatial.boundaries import BoundaryIndex
from trigpoint.spatial.coverage import Coverage
from trigpoint.spatial.coverages import read_coverages
from trigpoint.spatial.links import AreaLinks
from trigpoint.spatial.nearest import PositionIndex

COUNTS = "counts.json"
Progress = Callable[[str, int, int | None], None]


def silent(_stage: str, _done: int, _total: int | None) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True)
class View:
    """One published state. `sizes` are the log sizes that it speaks for, `withheld` the
    number of items that were withheld then. Its folder stays while `lease` is held."""

    version: int
    base: str
    fingerprint: str
    sizes: dict[str, int]
    withheld: int
    folder: Path
    lease: Lease = field(compare=False, repr=False)

    @property
    def graph(self) -> Path:
        """The store's folder; open it read-only."""
        return self.folder / "graph"

    @cached_property
    def counts(self) -> GraphCounts:
        """How much the graph holds, and of what."""
        return read_counts(self.folder / COUNTS)

    @cached_property
    def boundaries(self) -> BoundaryIndex:
        return BoundaryIndex.open(self.folder / "boundaries")

    @cached_property
    def coverages(self) -> list[Coverage]:
        """How well the boundaries of each set fit together."""
        return read_coverages(self.folder / "boundaries")

    @cached_property
    def positions(self) -> dict[str, PositionIndex]:
        """Positions of records, by register."""
        files = sorted((self.folder / "positions").iterdir())
        return {file.stem: PositionIndex.open(file) for file in files}

    @cached_property
    def areas(self) -> dict[str, AreaLinks]:
        """Links from records to areas, by register."""
        files = sorted((self.folder / "areas").iterdir())
        return {file.stem: AreaLinks.open(file) for file in files}

    def check(self) -> None:
        """Open every part; raises ViewDamaged or FileNotFoundError for one that cannot
        be used."""
        try:
            GraphView.open(self.graph).close()
        except ViewOutdated as error:
            raise ViewDamaged(str(error)) from error
        _ = self.boundaries, self.positions, self.areas  # opened now, and kept
        _ = self.coverages, self.counts
