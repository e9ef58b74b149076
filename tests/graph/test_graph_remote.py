"""Publishing to SPARQL servers of others, and asking them: what they hold is what the
view has, whatever happened before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from pyoxigraph import Literal, NamedNode, Quad

from bench.oxigraph import oxigraph
from tests.copies import copy_data
from tests.graph import virtuoso
from tests.pool import PoolInThread
from tests.redaction.secret import NAME, SCHOOL, build, load, school
from trigpoint.errors import (
    QueryTooLarge,
    RemoteBehind,
    RemoteDiffers,
    RemoteUnavailable,
)
from trigpoint.graph import Snapshot
from trigpoint.graph.contents import Contents, hashes_of
from trigpoint.graph.endpoint import Credentials, Endpoint
from trigpoint.graph.publication import records_graph
from trigpoint.graph.query import Elsewhere
from trigpoint.graph.remote import RemoteStore
from trigpoint.redaction import find, redact
from trigpoint.register import Registers
from trigpoint.remote import Published, Publishing
from trigpoint.remote_check import check_sample
from trigpoint.view import View

QUERIES = [
    ("SELECT * { ?school a ?class ; ?p ?o } ORDER BY ?school ?p ?o LIMIT 50", "tsv"),
    ("SELECT ?s ?w { ?s <http://www.opengis.net/ont/geosparql#asWKT> ?w }", "csv"),
    ("SELECT ?g (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g", "csv"),
    ("SELECT (COUNT(*) AS ?n) FROM </graph/catalogue> { ?s ?p ?o }", "json"),
    ("SELECT ?o { <id/school-eng/100100> ?p ?o }", "tsv"),
    ("ASK { ?s ?p ?o }", "json"),
    ("ASK { ?s ?p 'nothing says this' }", "xml"),
    ("CONSTRUCT { ?s a ?c } WHERE { ?s a ?c }", "nt"),
    ("SELECT ?x { VALUES ?x { 'a' 'b' } }", "json"),
]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory of 300 schools, two of whose items will be withheld."""
    data = tmp_path_factory.mktemp("remote") / "data"
    build(data).log.close()
    return data


@pytest.fixture(scope="module")
def oxigraph_home() -> Iterator[str]:
    with oxigraph() as server:
        yield server.home


@pytest.fixture(scope="module")
def virtuoso_home(
    virtuoso_program: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("virtuoso")
    with virtuoso.virtuoso(virtuoso_program, folder) as home:
        yield home


@pytest.fixture
def registers(built: Path, tmp_path: Path) -> Registers:
    return Registers.open(copy_data(built, tmp_path / "data"), write=True)


def publish(registers: Registers, remote: RemoteStore) -> Published:
    return Publishing(remote, registers.publish(), registers.log).publish()


def held(remote: RemoteStore, view: View) -> list[Quad]:
    """All that the server says, in the graphs that a view has."""
    graphs = [records_graph(view.base), *view.counts.graphs]
    found = []
    for graph in graphs:
        for row in remote.ask(f"SELECT * {{ GRAPH <{graph}> {{ ?s ?p ?o }} }}"):
            subject, predicate, value = row["s"], row["p"], row["o"]
            assert isinstance(subject, NamedNode)
            assert isinstance(predicate, NamedNode)
            found.append(Quad(subject, predicate, value, NamedNode(graph)))
    return found


def has_all(remote: RemoteStore, view: View) -> bool:
    """Whether the server holds what the view does: every line of every subject."""
    contents = Contents(view.graph, records_graph(view.base))
    there = hashes_of(map(with_wkt, held(remote, view)))
    here = hashes_of(contents.quads(name[1:-1] for name in there))
    return there == here and len(there) > 300


def with_wkt(quad: Quad) -> Quad:
    value = quad.object
    if isinstance(value, Literal) and value.datatype.value.endswith("def#wktLiteral"):
        wkt = NamedNode("http://www.opengis.net/ont/geosparql#wktLiteral")
        value = Literal(value.value, datatype=wkt)
    return Quad(quad.subject, quad.predicate, value, quad.graph_name)


class Interrupted(RemoteStore):
    """A server that is not reached any more after so many updates."""

    left = 0

    def update(self, text: str) -> None:
        if not self.left:
            raise RemoteUnavailable("the line is cut")
        self.left -= 1
        super().update(text)


class AnyServer:
    """What holds of every server; `remote` is its store, emptied before each test."""

    def test_what_is_sent_arrives(
        self, registers: Registers, remote: RemoteStore
    ) -> None:
        """All graphs are sent once, and the server then holds each of their triples."""
        first, again = publish(registers, remote), publish(registers, remote)
        view = registers.view()
        assert (first.anew, first.sent) == (True, view.counts.triples)
        assert (again.anew, again.sent) == (False, 0)
        assert has_all(remote, view)

    def test_only_what_changed_is_sent(
        self, registers: Registers, remote: RemoteStore
    ) -> None:
        """A corrected school is a few triples, with catalogue and provenance; the old
        name is gone."""
        publish(registers, remote)
        load(registers, "school-eng", school("100100", "Corrected"))
        done = publish(registers, remote)
        view = registers.view()
        graphs = view.counts.graphs
        about = sum(
            tally.triples
            for iri, tally in graphs.items()
            if iri.endswith(("/catalogue", "/provenance"))
        )
        assert not done.anew
        assert about < done.sent < about + 30
        assert has_all(remote, view)
        assert not remote.ask('SELECT ?s { GRAPH ?g { ?s ?p "Number 100100" } }')

    def test_boundaries_that_change_take_their_links_along(
        self, registers: Registers, remote: RemoteStore
    ) -> None:
        """When an outline is corrected, the links to areas by it are sent anew."""
        publish(registers, remote)
        row = registers.log.record("boundary", "E09000001-2025-full").item
        fields = {name: str(value) for name, value in row.items()}
        fields["geometry"] = "POLYGON ((0.1 51.4, 0.2 51.4, 0.2 51.41, 0.1 51.4))"
        load(registers, "boundary", fields)
        assert not publish(registers, remote).anew
        assert has_all(remote, registers.view())

    def test_what_was_interrupted_is_done_again(
        self, registers: Registers, remote: RemoteStore
    ) -> None:
        """Wherever the line is cut, what the server says of itself is that it is being
        changed, and the next publish makes it right."""
        publish(registers, remote)
        for cut in (1, 3):
            load(registers, "school-eng", school("100100", f"Cut {cut}"))
            broken = Interrupted(remote.endpoint, remote.base, remote.credentials)
            with broken:
                broken.left = cut
                with pytest.raises(RemoteUnavailable):
                    publish(registers, broken)
            state = remote.publication()
            assert state is not None
            assert not state.complete
            load(registers, "school-eng", school(SCHOOL, f"After {cut}"))
            publish(registers, remote)
            assert has_all(remote, registers.view())

    def test_what_was_damaged_is_sent_anew(
        self, registers: Registers, remote: RemoteStore
    ) -> None:
        """Triples that are missing are found by counting, and others in their place by
        the hashes of the records."""
        publish(registers, remote)
        view, records = registers.view(), records_graph(remote.base)
        contents = Contents(view.graph, records)
        iri = f"{view.base}/id/school-eng/100101"
        about = f"GRAPH <{records}> {{ <{iri}> ?p ?o }}"
        remote.update(
            f'DELETE {{ {about} }} INSERT {{ GRAPH <{records}> {{ <{iri}> ?p "No" }} }}'
            f" WHERE {{ {about} FILTER(isLiteral(?o)) }}"
        )
        with pytest.raises(RemoteDiffers, match="100101"):
            check_sample(remote, contents, [iri], [records])
        load(registers, "school-eng", school("100100", "Corrected"))
        remote.update(f"DELETE WHERE {{ GRAPH <{records}> {{ ?s a ?class }} }}")
        assert publish(registers, remote).anew
        assert has_all(remote, registers.view())

    def test_what_is_withheld_is_gone(
        self, registers: Registers, remote: RemoteStore
    ) -> None:
        """No triple tells any more what is withheld, and only a little was sent."""
        publish(registers, remote)
        asked = f'SELECT ?s {{ GRAPH ?g {{ ?s ?p "{NAME}" }} }}'
        assert remote.ask(asked)
        redact(registers, find(registers.log, "school-eng", key=SCHOOL), "Personal")
        done = publish(registers, remote)
        assert not remote.ask(asked)
        assert not done.anew
        assert done.publication.withheld == registers.log.withheld_count() == 1
        assert has_all(remote, registers.view())

    def test_queries_are_answered_as_here(
        self, registers: Registers, remote: RemoteStore
    ) -> None:
        """The pool gives the same rows from the server as from the store here, and
        none once it was published to since."""
        publication = publish(registers, remote).publication
        view = registers.view()
        here = Snapshot(view.graph, view.sizes)
        there = snapshot_of(remote, Path("there"), publication.id)
        with (
            PoolInThread(here, base=view.base, workers=2) as local,
            PoolInThread(there, base=view.base, workers=2) as away,
        ):
            for text, form in QUERIES:
                ours = local.ask(text, form).result(60)
                theirs = away.ask(text, form).result(60)
                assert theirs.media_type == ours.media_type, text
                assert rows(theirs.body) == rows(ours.body), text
            refused = away.ask("SELECT * { SERVICE <http://x/> { ?s ?p ?o } }")
            assert "SERVICE" in str(refused.exception(60))
            remote.state(replace(publication, id="a second"))
            assert isinstance(away.ask("ASK {}").exception(60), RemoteBehind)


def snapshot_of(remote: RemoteStore, path: Path, number: str) -> Snapshot:
    held = remote.publication()
    assert held is not None
    url, graphs = remote.endpoint.query, tuple(held.graphs)
    return Snapshot(path, held.sizes, Elsewhere(url, number, graphs, held.plain_wkt))


def rows(body: bytes) -> list[bytes]:
    """The lines of an answer in whatever order they come."""
    return sorted(body.splitlines())


def emptied(remote: RemoteStore) -> Iterator[RemoteStore]:
    with remote:
        for graph in remote.graphs():
            remote.drop(graph)
        yield remote


class TestOxigraph(AnyServer):
    """`oxigraph serve`, by updates alone."""

    @pytest.fixture
    def remote(self, oxigraph_home: str, registers: Registers) -> Iterator[RemoteStore]:
        home = oxigraph_home
        endpoint = Endpoint(f"{home}/query", f"{home}/update")
        yield from emptied(RemoteStore(endpoint, registers.base))

    def test_graph_store_protocol_takes_the_same(
        self, registers: Registers, remote: RemoteStore
    ) -> None:
        """Sent as whole files, the triples are the same."""
        endpoint = replace(
            remote.endpoint, graph_store=remote.endpoint.query.replace("query", "store")
        )
        with RemoteStore(endpoint, registers.base) as bulk:
            done = publish(registers, bulk)
        assert done.sent == registers.view().counts.triples
        assert has_all(remote, registers.view())

    def test_graphs_of_others_are_left_alone(
        self, registers: Registers, remote: RemoteStore
    ) -> None:
        """What is in the default graph and in other graphs of the server stays."""
        remote.update(
            "INSERT DATA { <http://x/s> <http://x/p> 1 . "
            "GRAPH <http://x/g> { <http://x/s> <http://x/p> 2 } }"
        )
        publish(registers, remote)
        assert len(remote.ask("SELECT * { ?s ?p 1 }")) == 1
        assert len(remote.ask("SELECT * { GRAPH <http://x/g> { ?s ?p 2 } }")) == 1


class TestVirtuoso(AnyServer):
    """Virtuoso 7, which has ways of its own: docs/sparql.md lists them."""

    @pytest.fixture
    def remote(self, virtuoso_home: str, registers: Registers) -> Iterator[RemoteStore]:
        home = virtuoso_home
        urls = (f"{home}/sparql{door}" for door in ("", "-auth", "-graph-crud-auth"))
        who = Credentials(virtuoso.USER, virtuoso.PASSWORD, "digest")
        yield from emptied(RemoteStore(Endpoint(*urls), registers.base, who))

    def test_wrong_password_is_said(
        self, registers: Registers, remote: RemoteStore
    ) -> None:
        """Without the right password nothing is published, and nobody sees it."""
        wrong = Credentials(virtuoso.USER, "wrong-pass", "digest")
        with (
            RemoteStore(remote.endpoint, registers.base, wrong) as other,
            pytest.raises(RemoteUnavailable, match="401") as found,
        ):
            publish(registers, other)
        assert "wrong-pass" not in f"{found.value!r} {wrong!r}"

    @pytest.mark.long
    def test_answers_that_it_cuts_off_are_refused(
        self,
        virtuoso_program: str,
        tmp_path: Path,
        registers: Registers,
    ) -> None:
        """A server that answers with fewer rows than there are cannot pass for one
        that has no more."""
        folder = tmp_path / "cut"
        folder.mkdir()
        with virtuoso.virtuoso(virtuoso_program, folder, rows=20) as home:
            answer = httpx.post(
                f"{home}/sparql",
                data={"query": "SELECT * { GRAPH ?g { ?s ?p ?o } }"},
            )
            assert answer.headers["x-sparql-maxrows"] == "20"
            graphs = ("http://www.openlinksw.com/schemas/virtrdf#",)
            there = Elsewhere(f"{home}/sparql", "x", graphs, plain_wkt=True)
            snapshot = Snapshot(tmp_path, {}, there)
            with PoolInThread(snapshot, base=registers.base, workers=2) as pool:
                asked = pool.ask("SELECT * { GRAPH ?g { ?s ?p ?o } }")
                error = asked.exception(60)
        assert isinstance(error, QueryTooLarge)
        assert "20 rows" in str(error)
