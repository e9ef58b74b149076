"""The counts beside a view's store are what the store holds, whatever was done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pyoxigraph as ox
import pytest

from tests.api.sample import BOROUGH, BOROUGHS, BOUNDARIES, EAST, WEST, Row
from trigpoint.counts import GraphCounts, read_counts
from trigpoint.errors import ViewDamaged
from trigpoint.iris import areas_graph_iri, graph_iri, parse_record_iri
from trigpoint.log.entry import Batch
from trigpoint.redaction import find, redact
from trigpoint.register import Registers
from trigpoint.schema.rdf import RDF_TYPE
from trigpoint.schema.tally import Tally
from trigpoint.staging import Load
from trigpoint.triples import MANY
from trigpoint.view import View

BATCH = Batch("test", "A test", licence="http://x/l")
SCHOOL = "school-eng"


def load(registers: Registers, register: str, *rows: Row) -> None:
    """Load rows beside those that are held."""
    frame = pl.DataFrame(list(rows), infer_schema_length=None)
    summary = registers.load([Load(register, frame)], BATCH, force=True)
    assert summary.appended, summary.report.table()


def school(key: str, lon: float, **more: Any) -> Row:
    return {SCHOOL: key, "name": f"School {key}", "point": f"[{lon},51.5]", **more}


def counted(view: View) -> GraphCounts:
    """What a view's store holds, counted triple by triple."""
    counts = GraphCounts()
    for quad in ox.Store.read_only(str(view.graph)):
        assert isinstance(quad.subject, ox.NamedNode)
        if isinstance(quad.graph_name, ox.NamedNode):
            tally = counts.graphs.setdefault(quad.graph_name.value, Tally())
        else:
            record = quad.subject.value.removesuffix("/geometry")
            tally = counts.of_register(parse_record_iri(view.base, record)[0])
        tally.properties[quad.predicate.value] += 1
        if quad.predicate.value == RDF_TYPE:
            assert isinstance(quad.object, ox.NamedNode)
            tally.classes[quad.object.value] += 1
    return counts


@pytest.fixture
def registers(tmp_path: Path) -> Registers:
    """Two boroughs with their boundaries, and three schools, one of them in none."""
    registers = Registers.open(tmp_path / "data", base="http://test", write=True)
    boroughs = [{BOROUGH: one[BOROUGH], "name": one["name"]} for one in BOROUGHS]
    load(registers, BOROUGH, *boroughs)
    load(registers, "boundary", *BOUNDARIES)
    schools = [school("100000", 0.05), school("100001", -0.1), school("100002", 9)]
    load(registers, SCHOOL, *schools)
    return registers


@pytest.mark.parametrize("many", [1, MANY])
def test_counts_follow_what_is_loaded_and_corrected(
    registers: Registers, many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Records that come, change, lose values or move, and boundaries that change, line
    by line or in bulk: after each publish the counts are those of the store, and of a
    store that is built from nothing."""
    for module in ("build", "triples"):
        monkeypatch.setattr(f"trigpoint.{module}.MANY", many)
    steps: list[tuple[str, list[Row]]] = [
        (SCHOOL, [school("100003", 0.1, postcode="EC3A 5DE", website="http://x/y")]),
        (SCHOOL, [school("100000", -0.05), school("100003", 0.1)]),
        (SCHOOL, [school("100002", 9, point=None)]),
        ("boundary", [{**BOUNDARIES[0], "geometry": EAST.replace("0.2", "0.08")}]),
        ("boundary", [{**one, "geometry": WEST} for one in BOUNDARIES[:1]]),
        ("country", [{"country": "GB", "name": "United Kingdom"}]),
    ]
    assert registers.view().counts == counted(registers.view())
    for register, rows in steps:
        load(registers, register, *rows)
        assert registers.view().counts == counted(registers.view()), rows
    carried = registers.view().counts
    assert registers.publish(anew=True).counts == carried


def test_counts_are_by_register_and_by_graph(registers: Registers) -> None:
    """A few of them, counted by hand."""
    counts = registers.view().counts
    schools = counts.registers[SCHOOL]
    assert schools.classes["http://www.opengis.net/ont/sf#Point"] == 3
    assert schools.properties[RDF_TYPE] == 6
    assert schools.triples == 3 * (2 + 1 + 3) == schools.properties.total()
    links = counts.graphs[areas_graph_iri("http://test", "district", "2025", "full")]
    assert links.triples == 2
    ontology = counts.graphs[graph_iri("http://test", "ontology")]
    assert ontology.triples == len(registers.schemas.ontology_lines)
    assert counts.default == sum(one.triples for one in counts.registers.values())


def test_a_graph_that_has_lost_its_triples_is_not_counted(registers: Registers) -> None:
    """Without a school in a boundary no graph of links is left."""
    for key in ("100000", "100001"):
        load(registers, SCHOOL, school(key, 9))
    graphs = registers.view().counts.graphs
    assert sorted(graphs) == [
        graph_iri("http://test", name)
        for name in ("catalogue", "ontology", "provenance")
    ]


def test_what_is_withheld_is_not_counted(registers: Registers) -> None:
    """Once an item is withheld its triples are gone, from the counts as well."""
    before = registers.view().counts.registers[SCHOOL].triples
    redact(registers, find(registers.log, SCHOOL, key="100001"), "personal data")
    view = registers.view()
    assert view.counts == counted(view)
    assert view.counts.registers[SCHOOL].triples == before - 6


def test_counts_of_the_archived_registers(archived: Path) -> None:
    """All 51 registers, with every odd item that their archives hold."""
    view = Registers.open(archived).view()
    assert len(view.counts.registers) == 51
    assert view.counts == counted(view)


def test_counts_of_the_sample(demo: Path) -> None:
    """The embedded sample, with links by its 361 boundaries."""
    view = Registers.open(demo).view()
    assert view.counts == counted(view)
    assert view.counts.triples == sum(1 for _ in ox.Store.read_only(str(view.graph)))


def test_garbled_counts_are_built_anew(registers: Registers) -> None:
    """A file that holds no counts is an error of its own, and the next who opens the
    view builds it from the log."""
    view = registers.view()
    file = view.folder / "counts.json"
    for text in ("", "[]", '{"registers": {}}', '{"registers": 1, "graphs": 2}'):
        file.write_text(text)
        with pytest.raises(ViewDamaged):
            read_counts(file)
    again = Registers.open(registers.data, base=registers.base, write=True)
    assert again.view().version > view.version
    assert again.view().counts == counted(again.view())
