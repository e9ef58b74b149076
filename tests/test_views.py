"""The views: built from the log, one state at a time, and never the truth."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import pyoxigraph as ox
import pytest

from trigpoint.errors import DataBusy, ViewOutdated
from trigpoint.graph.store import GraphView
from trigpoint.lease import Lease, remove_unread
from trigpoint.log.entry import Batch, Draft
from trigpoint.register import Registers
from trigpoint.schema.items import canonical_json, item_hash
from trigpoint.schema.rdf import ntriples
from trigpoint.spatial.nearest import Neighbour
from trigpoint.staging import Load
from trigpoint.triples import MANY
from trigpoint.view import View

BATCH = Batch("test", "A test", files=(("a.csv", "sha-256:00"),), licence="http://x/l")
HOSPITAL = Path(__file__).parent / "fixtures" / "hospital"
BOROUGH = "statistical-geography-london-borough-eng"
WEST = "POLYGON ((-0.2 51.4, 0 51.4, 0 51.6, -0.2 51.6, -0.2 51.4))"
EAST = "POLYGON ((0 51.4, 0.2 51.4, 0.2 51.6, 0 51.6, 0 51.4))"


def load(registers: Registers, register: str, rows: Iterable[dict[str, Any]]) -> None:
    frame = pl.DataFrame(list(rows), infer_schema_length=None)
    summary = registers.load([Load(register, frame)], BATCH, force=True)
    assert summary.appended, summary.report.table()


def hospital(key: str, name: str, **fields: Any) -> dict[str, Any]:
    return {"hospital": key, "name": name, "point": "[-0.1,51.5]", **fields}


def boundary(code: str, wkt: str) -> dict[str, str]:
    return {
        "boundary": f"{code}-2025-full",
        "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
        "area": f"{BOROUGH}:{code}",
        "name": code,
        "vintage": "2025",
        "resolution": "full",
        "source": "Drawn for a test",
        "geometry": wkt,
    }


@pytest.fixture
def registers(tmp_path: Path) -> Registers:
    """Two hospitals, published under http://test."""
    for folder, file in (("shapes", "shape.ttl"), ("ontology", "terms.ttl")):
        (tmp_path / folder).mkdir()
        shutil.copy(HOSPITAL / file, tmp_path / folder / "hospital.ttl")
    registers = Registers.open(tmp_path, base="http://test", write=True)
    load(registers, "hospital", [hospital("R01", "One"), hospital("R02", "Two")])
    return registers


def dump(view: View) -> list[str]:
    """Every quad of the view's store, in N-Quads."""
    store = ox.Store.read_only(str(view.graph))
    return sorted(str(quad) for quad in store)


def places(view: View) -> dict[str, list[Neighbour]]:
    return {
        name: index.nearest(-0.1, 51.5, limit=1000)
        for name, index in view.positions.items()
    }


def test_a_view_speaks_for_the_log(registers: Registers) -> None:
    """The default graph has the records' own lines, and nothing else."""
    view = registers.view()
    assert view.sizes == registers.log.sizes() == {"hospital": 2}
    lines = [
        line
        for record in registers.log.iter_records("hospital")
        for line in registers.lines(record)
    ]
    store = ox.Store.read_only(str(view.graph))
    held = store.quads_for_pattern(None, None, None, ox.DefaultGraph())
    assert sorted(f"{quad.triple} ." for quad in held) == sorted(lines)


def test_catalogue_and_provenance_are_graphs_of_their_own(
    registers: Registers,
) -> None:
    """They name the register's size and root, and where its entries came from."""
    text = "\n".join(dump(registers.view()))
    root = registers.log.root("hospital").hex()
    assert f"sha-256:{root}" in text
    assert "<http://test/graph/catalogue>" in text
    assert '"A test" <http://test/graph/provenance>' in text
    assert "<http://x/l> <http://test/graph/provenance>" in text
    assert "_:" not in text


@pytest.mark.parametrize("many", [1, MANY])
def test_going_on_gives_what_building_anew_gives(
    registers: Registers, many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After adds, changes, removals of values and a second register, the view that
    was carried on, in bulk or line by line, holds the same quads and places as one
    built from nothing."""
    for module in ("build", "triples"):
        monkeypatch.setattr(f"trigpoint.{module}.MANY", many)
    steps: list[tuple[str, list[dict[str, Any]]]] = [
        ("hospital", [hospital("R03", "Three", beds="7", specialties=["a", "b"])]),
        ("hospital", [hospital("R01", "One again"), hospital("R03", "Three")]),
        ("country", [{"country": "GB", "name": "United Kingdom"}]),
        ("hospital", [{"hospital": "R02", "name": "Two", "point": "[-3.2,55.9]"}]),
        ("hospital", [{"hospital": "R02", "name": "Two", "point": None}]),
        ("country", [{"country": "GB", "name": "Britain"}]),
    ]
    first = registers.view().version
    for register, rows in steps:
        load(registers, register, rows)
    carried = registers.view()
    assert carried.version == first + len(steps)
    anew = registers.publish(anew=True)
    assert anew.version == carried.version + 1
    assert dump(anew) == dump(carried)
    assert places(anew) == places(carried)
    assert [one.key for one in places(anew)["hospital"]] == ["R01", "R03"]


def test_boundaries_are_carried_on_or_built(registers: Registers) -> None:
    """A change elsewhere links the boundary index; a new boundary builds it."""
    load(
        registers,
        BOROUGH,
        [
            {BOROUGH: "E09000033", "name": "Westminster"},
            {BOROUGH: "E09000001", "name": "City"},
        ],
    )
    load(registers, "boundary", [boundary("E09000033", WEST)])
    found = registers.view().boundaries.locate(-0.1, 51.5)
    assert [one.boundary.area for one in found] == ["E09000033"]
    load(registers, "hospital", [hospital("R09", "Nine")])
    assert registers.view().boundaries.locate(0.1, 51.5) == []
    load(registers, "boundary", [boundary("E09000001", EAST)])
    both = registers.view().boundaries.locate(0, 51.5)
    assert [one.boundary.area for one in both] == ["E09000001", "E09000033"]
    assert registers.publish(anew=True).boundaries.locate(0, 51.5) == both


def test_nothing_new_publishes_nothing(registers: Registers) -> None:
    """A publish of the same log is the same version."""
    before = registers.view()
    assert registers.publish().version == before.version


def test_another_base_names_everything_anew(registers: Registers) -> None:
    """Opened under another base, the views are built for it, all IRIs included."""
    elsewhere = Registers.open(registers.data, base="https://example.org/r/")
    view = elsewhere.view()
    assert view.base == "https://example.org/r"
    text = "\n".join(dump(view))
    assert "<https://example.org/r/id/hospital/R01>" in text
    assert "http://test/" not in text
    assert Registers.open(registers.data).base == "https://example.org/r"


def test_another_shape_builds_anew(registers: Registers) -> None:
    """When a shape maps a field to another property, the old triples are gone."""
    path = registers.data / "shapes" / "hospital.ttl"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("rdfs:label ; sh:order 2", "schema:name ; sh:order 2"))
    view = Registers.open(registers.data, write=True).publish()
    names = [line for line in dump(view) if '"One"' in line]
    assert len(names) == 1
    assert "<http://schema.org/name>" in names[0]


def test_a_version_stays_for_as_long_as_it_is_read(registers: Registers) -> None:
    """Whoever has a view can go on, through any number of publishes; then it goes."""
    old = registers.view()
    quads, first = dump(old), old.version
    load(registers, "hospital", [hospital("R03", "Three")])
    load(registers, "hospital", [hospital("R04", "Four")])
    assert dump(old) == quads
    assert versions(registers) == {first, first + 2}
    registers.views.sweep()
    assert dump(old) == quads
    del old
    registers.views.sweep()
    assert versions(registers) == {first + 2}


def test_a_version_that_nobody_reads_goes_with_the_publish(
    registers: Registers,
) -> None:
    """The publisher itself holds nothing back, though it made the new from the old."""
    first = registers.view().version
    load(registers, "hospital", [hospital("R03", "Three")])
    assert versions(registers) == {first + 1}


def test_a_reader_in_another_process_holds_its_version(registers: Registers) -> None:
    """Until that process ends, even if it is killed."""
    first = registers.view().version
    with reader(registers.data) as process:
        load(registers, "hospital", [hospital("R03", "Three")])
        assert versions(registers) == {first, first + 1}
        process.kill()
        process.wait()
        registers.views.sweep()
    assert versions(registers) == {first + 1}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")
def test_a_reader_needs_no_permission_to_write(registers: Registers) -> None:
    """A process that may not write there has a lease all the same."""
    registers.data.chmod(0o755)
    first = registers.view().version
    with reader(registers.data, user=65534):
        load(registers, "hospital", [hospital("R03", "Three")])
        assert versions(registers) == {first, first + 1}
    registers.views.sweep()
    assert versions(registers) == {first + 1}


def test_what_was_withheld_is_removed_whoever_reads_it(registers: Registers) -> None:
    """A lease keeps no version that was made before something was withheld."""
    old = registers.view()
    registers.log.db.execute(
        "UPDATE item SET content = NULL, withheld = 'personal' WHERE content LIKE ?",
        ('%"One"%',),
    )
    new = registers.publish()
    assert versions(registers) == {new.version}
    assert not old.folder.exists()


def test_nothing_is_swept_while_a_publish_goes_on(registers: Registers) -> None:
    """What a publisher is writing is no leftover."""
    views = registers.data / "views"
    unfinished = views / str(registers.view().version + 1)
    unfinished.mkdir()
    with (views / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        registers.views.sweep()
        assert unfinished.exists()
    registers.views.sweep()
    assert not unfinished.exists()


def test_half_a_removal_is_finished(registers: Registers) -> None:
    """A version that lost its name before its remover was killed is never opened, and
    goes with the next look."""
    views, version = registers.data / "views", registers.view().version
    (views / str(version + 1)).mkdir()
    (views / f".{version + 1}" / "graph").mkdir(parents=True)
    registers.views.sweep()
    assert versions(registers) == {version}
    assert not (views / f".{version + 1}").exists()


def test_a_folder_that_was_removed_gives_no_lease(tmp_path: Path) -> None:
    """Neither one that is gone, nor one that is about to be, nor its successor's."""
    folder = tmp_path / "1"
    folder.mkdir()
    kept = Lease(folder)
    remove_unread(folder)
    assert folder.exists()
    kept.close()
    remove_unread(folder)
    with pytest.raises(FileNotFoundError):
        Lease(folder)
    folder.mkdir()
    descriptor = os.open(folder, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with pytest.raises(FileNotFoundError, match="was removed"):
        Lease(folder)
    os.close(descriptor)
    assert Lease(folder)


def versions(registers: Registers) -> set[int]:
    """The versions that are there, whole or not."""
    folders = (registers.data / "views").iterdir()
    return {int(one.name) for one in folders if one.name.isdigit()}


READER = """
import os, sys
from pathlib import Path
from trigpoint.views import Views
os.chdir(sys.argv[1])
os.setuid(int(sys.argv[2]))
view = Views(Path("views")).current()
print(view.version, flush=True)
sys.stdin.read()
"""


@contextmanager
def reader(data: Path, user: int | None = None) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the current view, as another user perhaps."""
    user = os.geteuid() if user is None else user
    with subprocess.Popen(
        [sys.executable, "-c", READER, str(data), str(user)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip().isdigit()
        yield process
        process.kill()


@pytest.mark.parametrize(
    "left_over",
    ["half a version", "no state", "torn state", "no pointer", "torn pointer"],
)
def test_what_a_crash_left_over_is_ignored_and_cleared(
    registers: Registers, left_over: str
) -> None:
    """Whatever is found in the folder, a publish serves the log's state."""
    view, views = registers.view(), registers.data / "views"
    quads = dump(view)
    for number in (view.version + 1, view.version + 7):
        (views / str(number) / "graph").mkdir(parents=True)
        (views / str(number) / "graph" / "000001.sst").write_bytes(b"half")
    if left_over == "no state":
        (view.folder / "state.json").unlink()
    elif left_over == "torn state":
        (view.folder / "state.json").write_text('{"format": 1, "ba')
    elif left_over == "no pointer":
        (views / "current").unlink()
    elif left_over == "torn pointer":
        (views / "current").write_text("")
    again = Registers.open(registers.data, base="http://test", write=True)
    assert dump(again.view()) == quads
    load(again, "hospital", [hospital("R03", "Three")])
    assert again.view().sizes == {"hospital": 3}
    left = {folder.name for folder in views.iterdir() if folder.is_dir()}
    assert left <= {str(again.view().version), str(again.view().version - 1)}


def test_views_that_lag_behind_the_log_catch_up(registers: Registers) -> None:
    """Entries appended without a publish are in the next one."""
    before = registers.view()
    record = registers.log.record("hospital", "R01")
    text = canonical_json({"hospital": "R03", "name": "Three"})
    entry = Draft("2030-01-01T00:00:00Z", "R03", text, item_hash(text))
    with registers.log.appending(BATCH) as appender:
        appender.append("hospital", [entry])
    assert registers.view().version == before.version
    after = registers.publish()
    assert after.sizes == {"hospital": 3}
    with GraphView.open(after.graph) as graph:
        assert graph.describe("http://test/id/hospital/R03")
        assert graph.describe("http://test/id/hospital/R01") == registers.lines(record)


def test_one_publisher_at_a_time(
    registers: Registers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A publish that waits too long for another process says what to do."""
    with (registers.data / "views" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        monkeypatch.setattr("trigpoint.views.PATIENCE", 0.2)
        with pytest.raises(DataBusy):
            registers.publish(anew=True)


def test_withheld_content_is_in_no_view_built_since(registers: Registers) -> None:
    """A record whose item is withheld is not in a view that is built anew."""
    registers.log.db.execute(
        "UPDATE item SET content = NULL, withheld = 'personal' WHERE content LIKE ?",
        ('%"One"%',),
    )
    view = registers.publish(anew=True)
    assert not [line for line in dump(view) if '"One"' in line]
    assert [one.key for one in places(view)["hospital"]] == ["R02"]


# ---- all archived registers --------------------------------------------------


@pytest.fixture(scope="module")
def everything(archived: Path) -> Registers:
    return Registers.open(archived)


def select(registers: Registers, query: str) -> list[ox.QuerySolution]:
    store = ox.Store.read_only(str(registers.view().graph))
    found = store.query(query, use_default_graph_as_union=True)
    assert isinstance(found, ox.QuerySolutions)
    return list(found)


def test_there_is_no_blank_node(everything: Registers) -> None:
    """Neither subjects nor objects are blank, in any graph."""
    query = "SELECT * WHERE { ?s ?p ?o FILTER(isBlank(?s) || isBlank(?o)) } LIMIT 1"
    assert select(everything, query) == []
    assert len(select(everything, "SELECT * WHERE { ?s ?p ?o } LIMIT 9")) == 9


def test_every_property_of_a_record_is_declared(everything: Registers) -> None:
    """Records have the properties that their shape declares, their class, and an
    exact match where the shape has one: nothing undeclared got in."""
    schemas = everything.schemas
    allowed = {
        "http://www.w3.org/1999/02/22-rdf-syntax-ns#type",
        "http://www.w3.org/2004/02/skos/core#exactMatch",
    }
    store = ox.Store.read_only(str(everything.view().graph))
    query = "SELECT DISTINCT ?c ?p WHERE { ?s a ?c ; ?p ?o }"
    found = store.query(query)
    assert isinstance(found, ox.QuerySolutions)
    seen = set()
    for solution in found:
        schema = schemas.by_class(solution["c"].value)
        assert schema is not None
        declared = {field.path for field in schema.fields} | allowed
        assert solution["p"].value in declared
        seen.add(schema.register)
    assert seen == {r for r in everything.log.registers() if everything.log.count(r)}


def test_no_personal_column_is_in_a_view(everything: Registers) -> None:
    """No predicate and no class speaks of persons' names, e-mail or telephone."""
    terms = {
        str(solution["p"].value)
        for solution in select(everything, "SELECT DISTINCT ?p WHERE { ?s ?p ?o }")
    }
    personal = ("mail", "phone", "head-teacher", "headteacher", "foaf", "person-name")
    assert not [term for term in terms if any(x in term.lower() for x in personal)]
    assert len(terms) > 50


def test_the_view_holds_every_record_of_every_register(everything: Registers) -> None:
    """The store's default graph is the union of the records' lines: 51 registers."""
    lines: set[str] = set()
    for register in everything.log.registers():
        schema = everything.schemas[register]
        for record in everything.log.iter_records(register):
            lines.update(ntriples(record.item, schema, everything.base))
    store = ox.Store.read_only(str(everything.view().graph))
    held = store.quads_for_pattern(None, None, None, ox.DefaultGraph())
    assert {f"{quad.triple} ." for quad in held} == lines
    state = json.loads((everything.view().folder / "state.json").read_text())
    assert state["sizes"] == everything.log.sizes()


@pytest.mark.parametrize("part", ["graph", "boundaries", "positions"])
def test_a_missing_part_is_built_anew(registers: Registers, part: str) -> None:
    """A view whose files are gone is replaced from the log when it is opened, and a
    load meanwhile is published all the same."""
    shutil.rmtree(registers.view().folder / part)
    again = Registers.open(registers.data, base=registers.base, write=True)
    load(again, "hospital", [{"_row": 1, "hospital": "R09", "name": "Nine"}])
    assert again.view().sizes == again.log.sizes()
    with GraphView.open(again.view().graph) as graph:
        assert graph.describe("http://test/id/hospital/R09")


def test_a_garbled_part_is_built_anew(registers: Registers) -> None:
    """A boundary file of other bytes is found when the view is opened."""
    before = registers.view()
    layers = before.boundaries.layers
    (before.folder / "boundaries" / "boundaries.arrow").write_bytes(b"nothing")
    again = Registers.open(registers.data, base=registers.base)
    assert again.view().version > before.version
    assert again.view().boundaries.layers == layers


@pytest.mark.parametrize("state", ["", "[]", "{}", '{"format": 1}'])
def test_a_state_that_says_too_little_is_no_view(
    registers: Registers, state: str
) -> None:
    """A torn or foreign state file leads to a new view, not to an error."""
    (registers.view().folder / "state.json").write_text(state)
    again = Registers.open(registers.data, base=registers.base)
    assert again.view().sizes == registers.log.sizes()


def test_two_bases_are_not_served_from_one_folder(registers: Registers) -> None:
    """A server that finds the views rebuilt for another base says so, and does not
    rebuild them back."""
    registers.view()
    other = Registers.open(registers.data, base="http://other")
    assert other.view().base == "http://other"
    with pytest.raises(ViewOutdated, match="one base"):
        registers.view()


def test_a_torn_store_is_built_anew(registers: Registers) -> None:
    """A store whose own bookkeeping is garbled is replaced from the log."""
    before = registers.view()
    for file in before.graph.glob("MANIFEST-*"):
        file.write_bytes(b"nothing of the kind")
    again = Registers.open(registers.data, base=registers.base)
    assert again.view().version > before.version
    with GraphView.open(again.view().graph) as graph:
        assert graph.size() > 0
