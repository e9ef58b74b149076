"""`make demo`: the sample and the postcodes of a package, loaded and published."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import polars as pl
import pyoxigraph as ox
import pytest

from api.app import create_app
from loaders.__main__ import main
from loaders.code_point import installed_files
from tests.copies import copy_data
from tests.demo import demo_words
from tests.testclient import TestClient
from trigpoint.graph import QueryLimits
from trigpoint.log.entry import Batch
from trigpoint.register import Registers
from trigpoint.schema.rdf import ntriples
from trigpoint.staging import Load
from trigpoint.triples import MANY
from trigpoint.view import View

# Huddersfield, and Dumfries with three postcodes that have no position.
SOME = ("hd.csv.gz", "dg.csv.gz")
PLACELESS = ("DG10 0AF", "DG10 0AG", "DG6 9AB")
KIRKLEES = "E08000034"  # where Huddersfield is
# What a load may hold, of which README.md speaks.
MOST = 4 << 30


@pytest.fixture(scope="module")
def loaded(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo with some postcodes, loaded by the words of the Makefile."""
    data = copy_data(demo, tmp_path_factory.mktemp("some") / "data")
    files = [str(file) for file in installed_files() if file.name in SOME]
    assert len(files) == len(SOME)
    # The sample's own postcodes are not among them: this is meant to be a part.
    words = [*demo_words(data, "code-point")[2:], "--force"]
    assert main([*words, *files]) == 0
    return data


def quads(view: View) -> set[str]:
    """Every quad of a view's store."""
    return set(map(str, ox.Store.read_only(str(view.graph))))


def ask(data: Path, *paths: str) -> list[dict[str, object]]:
    """What a server of the data directory answers, as JSON."""
    app = create_app(Registers.open(data), workers=1, limits=QueryLimits(time=5))
    with TestClient(app, base_url="http://localhost:8000") as client:
        return [client.get(path).json() for path in paths]


def test_postcodes_are_in_every_view(loaded: Path) -> None:
    """Graph, positions and links to areas hold what the log holds."""
    registers = Registers.open(loaded)
    size = registers.log.size("postcode")
    assert size - MANY > 354  # those of the sample, before which there was a view
    view = registers.view()
    assert view.sizes["postcode"] == size
    store = ox.Store.read_only(str(view.graph))
    schema = registers.schemas["postcode"]
    kind = ox.NamedNode(schema.target_class)
    held = store.quads_for_pattern(None, None, kind, ox.DefaultGraph())
    count = registers.log.count("postcode")
    assert sum(1 for _ in held) == count
    for record in registers.log.records("postcode", limit=200, after="DG1"):
        for line in ntriples(record.item, schema, registers.base):
            subject = ox.NamedNode(line.split("> ", 1)[0].removeprefix("<"))
            told = store.quads_for_pattern(subject, None, None, ox.DefaultGraph())
            assert line in {f"{quad.triple} ." for quad in told}
    placed = view.areas["postcode"].positions()
    assert len(view.areas["postcode"]) == count
    assert len(view.positions["postcode"]) == len(placed) == count - len(PLACELESS)


def test_any_postcode_is_answered(loaded: Path) -> None:
    """With the areas of its position, which its neighbours are near."""
    placed, near = ask(
        loaded,
        "/lookup/postcode/HD1%201AA",
        "/lookup/nearest?easting=414538&northing=416902&register=postcode&limit=1",
    )
    assert KIRKLEES in str(placed["areas"])
    assert "HD1" in str(near)


def test_a_postcode_without_a_position_says_so(loaded: Path) -> None:
    """The source has none for it, and it is not said to be at 0,0."""
    paths = [f"/lookup/postcode/{one.replace(' ', '%20')}" for one in PLACELESS]
    for found in ask(loaded, *paths):
        assert found["point"] is None
        assert not found.get("areas")


def test_what_was_carried_on_is_what_is_built_anew(loaded: Path) -> None:
    """Many records loaded in bulk into a store that had some of them, and then one that
    changes, leave the same quads and positions as building everything from the log."""
    registers = Registers.open(loaded, write=True)
    row = {"postcode": "HD1 1AA", "positional-quality": "10", "point": "[-1.78,53.65]"}
    frame = pl.DataFrame([row | {"easting": "414539", "northing": "416902"}])
    batch = Batch("test", "A test", licence="http://example.org/licence")
    part = Load("postcode", frame, whole=False)
    before = registers.view()
    held_before = quads(before)
    assert registers.load([part], batch).appended
    carried = registers.view()
    assert carried.version == before.version + 1
    anew = registers.publish(anew=True)
    assert quads(carried) == quads(anew)
    assert quads(carried) != held_before
    columns = (view.positions["postcode"].columns() for view in (carried, anew))
    for one, other in zip(*columns, strict=True):
        assert list(one) == list(other)


@pytest.mark.long
def test_all_postcodes_load_within_the_memory_that_the_readme_names(
    demo: Path, tmp_path: Path
) -> None:
    """1,739,998 postcodes; those that the sample has are not appended again."""
    data = copy_data(demo, tmp_path / "data")
    words = demo_words(data, "code-point")
    script = (
        "import runpy, sys, resource; sys.argv = sys.argv[1:];"
        "from loaders.__main__ import main; code = main(sys.argv);"
        "status = open('/proc/self/status').read();"
        "print(status.split('VmHWM:')[1].split()[0]); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *words[1:]],
        check=True,
        capture_output=True,
        text=True,
    )
    *said, peak = done.stdout.splitlines()
    assert said[-1] == "1,739,644 entries appended."
    assert int(peak) << 10 < MOST
    registers = Registers.open(data)
    assert registers.log.count("postcode") == 1_739_998
    view = registers.view()
    assert len(view.positions["postcode"]) == 1_739_998 - 964
    answers = ask(data, "/lookup/postcode/ZE1%200AA", "/lookup/postcode/TR1%201BX")
    assert [bool(answer["areas"]) for answer in answers] == [True, True]
