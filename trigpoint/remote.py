"""Publishing: making a remote SPARQL server hold what a view's graph holds.

What is sent is what changed since the remote store says that it was published to: the
records with entries since, the catalogue and the provenance, and the links to areas,
where boundaries changed. It is sent record by record, so that what was interrupted is
done again and comes out right, whatever it had come to. Then counts and a sample are
compared; when they differ, everything is sent anew, once.
"""

from __future__ import annotations

import fcntl
import logging
import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from trigpoint.build import BOUNDARY
from trigpoint.errors import DataBusy, RemoteDiffers
from trigpoint.graph.contents import Contents
from trigpoint.graph.publication import (
    Publication,
    publication_graph,
    records_graph,
)
from trigpoint.graph.remote import RemoteStore
from trigpoint.graph.sending import Sender, takes_wkt
from trigpoint.iris import geometry_iri, graph_iri, record_iri
from trigpoint.log.reader import LogReader
from trigpoint.remote_check import check_counts, check_sample
from trigpoint.view import Progress, View, silent
from trigpoint.views import FORMAT

_SUBJECTS, _LINES = 100, 1_000  # of one change
_SAMPLE = 60

_CHANCE = random.SystemRandom()
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Published:
    """What publishing did: how many triples were sent, and whether all of them anew."""

    publication: Publication
    sent: int
    anew: bool


class Publishing:
    """Brings one remote store up to one view, whose log is `log`, or has more."""

    def __init__(
        self,
        remote: RemoteStore,
        view: View,
        log: LogReader,
        progress: Progress = silent,
    ) -> None:
        self._remote = remote
        self._view = view
        self._log = log
        self._progress = progress
        self._records = records_graph(view.base)
        self._areas = graph_iri(view.base, "areas/")
        # What is written of the same log by other code may be other lines.
        self._fingerprint = f"{FORMAT}-{view.fingerprint}"
        self._contents = Contents(view.graph, self._records)
        counts = {iri: tally.triples for iri, tally in view.counts.graphs.items()}
        self._graphs = {self._records: view.counts.default, **counts}
        self._amended: list[str] = []

    def publish(self, *, anew: bool = False) -> Published:
        """Make the remote store hold the view, and say so.

        Raises RemoteUnavailable, and RemoteDiffers when it does not hold what it was
        sent even after everything was sent anew.
        """
        before = None if anew else self._remote.publication()
        if before is None or before.fingerprint != self._fingerprint:
            return self._anew()
        if before.complete and self._is_that_of(before):
            return Published(before, 0, anew=False)
        try:
            return self._finish(before, self._amend(before), anew=False)
        except RemoteDiffers as error:
            _log.warning("everything is published anew: %s", error)
            return self._anew()

    def _is_that_of(self, publication: Publication) -> bool:
        view = self._view
        return (publication.sizes, publication.withheld, publication.graphs) == (
            view.sizes,
            view.withheld,
            self._graphs,
        )

    def _anew(self) -> Published:
        """Drop all graphs and fill them."""
        mark = publication_graph(self._view.base)
        self._remote.drop(mark)
        empty = Publication(plain_wkt=not takes_wkt(self._remote))
        self._remote.state(empty)
        sender = Sender(self._remote, plain_wkt=empty.plain_wkt)
        for graph in sorted(self._remote.graphs() - {mark}):
            self._remote.drop(graph)
        self._replace(sender, self._graphs)
        return self._finish(empty, sender, anew=True)

    def _amend(self, before: Publication) -> Sender:
        """Send what changed since, and only that."""
        self._remote.state(before.begun())
        sender = Sender(self._remote, plain_wkt=before.plain_wkt)
        held = {*before.graphs, *self._graphs}
        if before.complete:
            # It is as it was: otherwise the fingerprint would be another.
            held.discard(graph_iri(self._view.base, "ontology"))
        else:
            held |= self._remote.graphs()
        held -= {self._records, publication_graph(self._view.base)}
        areas = {iri for iri in held if iri.startswith(self._areas)}
        hidden = self._hidden() if before.withheld != self._view.withheld else set()
        sizes = before.sizes.get(BOUNDARY), self._view.sizes.get(BOUNDARY)
        drawn_anew = sizes[0] != sizes[1] or BOUNDARY in {name for name, _ in hidden}
        kept = set() if drawn_anew else areas
        # What is withheld goes first.
        self._amend_records(
            sender, self._changed(before, hidden), {self._records, *kept}
        )
        self._replace(sender, sorted(held - kept))
        return sender

    def _replace(self, sender: Sender, graphs: Iterable[str]) -> None:
        for graph in graphs:
            self._progress(f"publish: {graph}", 0, self._graphs.get(graph, 0))
            sender.replace(graph, self._contents.lines(graph))

    def _amend_records(
        self, sender: Sender, changed: Iterable[str], graphs: set[str]
    ) -> None:
        """Send what these graphs say of the records that changed, so many at a time."""
        subjects: list[str] = []
        lines: dict[str, list[str]] = {}
        for record in changed:
            about = (record, geometry_iri(record))
            subjects += about
            for graph, said in self._contents.about(about).items():
                if graph in graphs:
                    lines.setdefault(graph, []).extend(said)
            if len(subjects) >= _SUBJECTS or sum(map(len, lines.values())) >= _LINES:
                sender.amend(subjects, sorted(graphs), lines)
                subjects, lines = [], {}
        if subjects:
            sender.amend(subjects, sorted(graphs), lines)

    def _changed(
        self, before: Publication, hidden: set[tuple[str, str]]
    ) -> Iterator[str]:
        """The records with entries since, and those that lost what is withheld."""
        base = self._view.base
        for register, key in sorted(hidden):
            yield record_iri(base, register, key)
        for register in self._view.sizes:
            since, done = before.sizes.get(register, 0), 0
            total = self._log.size(register) - since
            for frame in self._log.changed(register, since):
                for key in frame["key"]:
                    iri = record_iri(base, register, key)
                    if len(self._amended) < _SAMPLE:
                        self._amended.append(iri)
                    yield iri
                done += len(frame)
                self._progress(f"publish: {register}", done, total)

    def _hidden(self) -> set[tuple[str, str]]:
        """Register and key of every record that ever had an item that is withheld."""
        hashes = [item.hash for item in self._log.withheld()]
        naming = self._log.entries_naming(hashes) if hashes else []
        return {(register, entry.key) for register, entry in naming}

    def _finish(self, before: Publication, sender: Sender, *, anew: bool) -> Published:
        """Compare what is there with what should be, and say that it is."""
        view = self._view
        check_counts(self._remote, self._graphs)
        sample = [*self._amended, *self._some(_SAMPLE)]
        check_sample(self._remote, self._contents, sample, self._graphs)
        publication = Publication(
            sizes=view.sizes,
            withheld=view.withheld,
            fingerprint=self._fingerprint,
            version=view.version,
            graphs=self._graphs,
            plain_wkt=before.plain_wkt,
            complete=True,
        )
        self._remote.state(publication)
        return Published(publication, sender.sent, anew)

    def _some(self, most: int) -> list[str]:
        """Records at random, from all registers, the larger ones more often."""
        names = list(self._view.sizes)
        weights = list(self._view.sizes.values())
        chosen = _CHANCE.choices(names, weights, k=most) if names else []
        found = []
        for register in chosen:
            number = _CHANCE.randint(1, self._view.sizes[register])
            key = self._log.entry(register, number).key
            found.append(record_iri(self._view.base, register, key))
        return found


@contextmanager
def publishing_alone(data: Path) -> Iterator[None]:
    """Keep two processes from publishing the same data directory to remote stores at
    a time; raises DataBusy when another one does."""
    with (data / "remote.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataBusy(
                f"another process is publishing {data} to a SPARQL server: wait until "
                "it has ended"
            ) from None
        yield
