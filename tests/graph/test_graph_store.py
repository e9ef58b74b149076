"""The store as a view: built, opened, forked, changed and read back."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from trigpoint.errors import ViewOutdated
from trigpoint.graph import GraphView

BASE = "http://localhost:8000"
GRAPH = f"{BASE}/graph/catalogue"
XSD = "http://www.w3.org/2001/XMLSchema#"
WKT = "http://www.opengis.net/ont/geosparql#wktLiteral"
LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
GEOMETRY = "http://www.opengis.net/ont/geosparql#hasGeometry"
AS_WKT = "http://www.opengis.net/ont/geosparql#asWKT"


def line(key: str, value: str, path: str = LABEL) -> str:
    return f"<{BASE}/id/school-eng/{key}> <{path}> {value} ."


def record(key: str, name: str, lon: float) -> list[str]:
    subject = f"{BASE}/id/school-eng/{key}"
    return sorted(
        [
            line(key, f'"{name}"'),
            line(key, f"<{subject}/geometry>", GEOMETRY),
            f'<{subject}/geometry> <{AS_WKT}> "POINT({lon} 51.5)"^^<{WKT}> .',
        ]
    )


LITERALS = {
    "integer": f'"42"^^<{XSD}integer>',
    "negative integer": f'"-7"^^<{XSD}integer>',
    "integer past 64 bits": f'"99999999999999999999999"^^<{XSD}integer>',
    "decimal": f'"51.5007292"^^<{XSD}decimal>',
    "whole decimal": f'"530000"^^<{XSD}decimal>',
    "date": f'"2018-10-09"^^<{XSD}date>',
    "year": f'"1905"^^<{XSD}gYear>',
    "month": f'"1993-01"^^<{XSD}gYearMonth>',
    "time stamp": f'"2016-04-05T13:23:05Z"^^<{XSD}dateTime>',
    "fraction of a second": f'"2016-04-05T13:23:05.5Z"^^<{XSD}dateTime>',
    "boolean": f'"true"^^<{XSD}boolean>',
    "any URI": f'"http://example.org/a b"^^<{XSD}anyURI>',
    "impossible date": f'"2018-13-09"^^<{XSD}date>',
    "string like a number": '"0042"',
    "Welsh": '"Sir F\u00f4n"@cy',
    "point": f'"POINT(-0.124625 51.500729)"^^<{WKT}>',
    "national grid": (
        f'"<http://www.opengis.net/def/crs/EPSG/0/27700> POINT(530000 180000)"^^<{WKT}>'
    ),
    "beyond the basic plane": '"\U0001f3eb e\u0301 \u2028"',
    "escapes": '"quote \\" back \\\\ tab \\t line \\n return \\r"',
    "control characters": '"\\u0001 \\u001F \\u007F"',
}


@pytest.mark.parametrize("value", LITERALS.values(), ids=LITERALS.keys())
def test_canonical_literals_come_back_byte_for_byte(tmp_path: Path, value: str) -> None:
    """A line in canonical form is read from the store as it was written."""
    written = line("1", value)
    with GraphView.build(tmp_path / "store", [written], {}) as view:
        assert view.describe(f"{BASE}/id/school-eng/1") == [written]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("01", "1"),
        ("+1", "1"),
        ("-0", "0"),
    ],
)
def test_numbers_are_rewritten_to_canonical_form(
    tmp_path: Path, given: str, kept: str
) -> None:
    """What the docstring says of the engine's own canonical forms is true."""
    lines = [line("1", f'"{given}"^^<{XSD}integer>')]
    with GraphView.build(tmp_path / "store", lines, {}) as view:
        assert view.describe(f"{BASE}/id/school-eng/1") == [
            line("1", f'"{kept}"^^<{XSD}integer>')
        ]


@pytest.mark.parametrize(
    ("given", "kept", "datatype"),
    [
        ("1.50", "1.5", "decimal"),
        ("1.0", "1", "decimal"),
        ("1.0E3", "1000", "double"),
        ("1", "true", "boolean"),
        ("2018-10-09+00:00", "2018-10-09Z", "date"),
        ("2016-04-05T13:23:05+00:00", "2016-04-05T13:23:05Z", "dateTime"),
        ("2016-04-05T13:23:05.120Z", "2016-04-05T13:23:05.12Z", "dateTime"),
        ("2016-04-05T24:00:00Z", "2016-04-06T00:00:00Z", "dateTime"),
        ("P1Y12M", "P2Y", "duration"),
    ],
)
def test_other_values_are_rewritten_to_canonical_form(
    tmp_path: Path, given: str, kept: str, datatype: str
) -> None:
    """Each rewriting that the docstring names happens, so the mapping must do it."""
    lines = [line("1", f'"{given}"^^<{XSD}{datatype}>')]
    with GraphView.build(tmp_path / "store", lines, {}) as view:
        assert view.describe(f"{BASE}/id/school-eng/1") == [
            line("1", f'"{kept}"^^<{XSD}{datatype}>')
        ]


def test_parts_that_point_at_each_other_are_described_once(tmp_path: Path) -> None:
    """A circle among a record's parts ends, and each line comes once."""
    subject = f"{BASE}/id/school-eng/1"
    lines = sorted(
        [
            line("1", f"<{subject}/geometry>", GEOMETRY),
            f"<{subject}/geometry> <{LABEL}> <{subject}/geometry> .",
            f"<{subject}/geometry> <{LABEL}> <{subject}> .",
        ]
    )
    with GraphView.build(tmp_path / "store", lines, {}) as view:
        assert view.describe(subject) == lines


def test_records_and_named_graphs_are_loaded_apart(tmp_path: Path) -> None:
    """The default graph has the records, a named graph only its own lines."""
    view = GraphView.build(
        tmp_path / "store", record("1", "A", -0.1), {GRAPH: [line("1", '"meta"')]}
    )
    assert view.size() == 4
    assert view.size(GRAPH) == 1
    assert view.describe(f"{BASE}/id/school-eng/1") == record("1", "A", -0.1)
    view.close()


def test_a_build_reads_its_lines_as_a_stream(tmp_path: Path) -> None:
    """More lines than a batch are taken from a generator, with or without feeds."""

    def lines() -> Iterator[str]:
        for number in range(50_000):
            end = "\n" if number % 2 else ""
            yield line(str(number), f'"{number}"') + end

    with GraphView.build(tmp_path / "store", lines(), {}) as view:
        assert view.size() == 50_000


def test_columns_are_loaded_beside_what_is_there(tmp_path: Path) -> None:
    """Texts of one line or several, parts of longer columns and nulls among them, go
    into the default graph or a named one, and what was there stays."""
    texts = [
        "".join(f"{one}\n" for one in record(str(number), f"Ä {number}", -0.1))
        for number in range(100)
    ]
    column = pl.Series([None, *texts[1:], None])
    view = GraphView.build(tmp_path / "store", record("0", "A", 0), {})
    with view:
        view.load(part for part in (column[:40], column[40:], column.clear()))
        view.load([pl.Series([line("9", '"named"')[:-1] + f"<{GRAPH}> .\n"])])
        assert view.size() == 3 * 100 + 1
        assert view.size(GRAPH) == 1
        for number in (1, 39, 40, 99):
            subject = f"{BASE}/id/school-eng/{number}"
            assert view.describe(subject) == record(str(number), f"Ä {number}", -0.1)


def test_a_column_that_is_not_n_quads_stops_the_load(tmp_path: Path) -> None:
    """As a line that is given by itself does."""
    with (
        GraphView.build(tmp_path / "store", [], {}) as view,
        pytest.raises(ValueError, match="not N-Quads"),
    ):
        view.load([pl.Series(["<http://example.org/a> nonsense .\n"])])


def test_a_build_into_a_used_folder_is_refused(tmp_path: Path) -> None:
    """A store is never built over another one."""
    GraphView.build(tmp_path / "store", record("1", "A", 0), {}).close()
    with pytest.raises(FileExistsError, match="not empty"):
        GraphView.build(tmp_path / "store", [], {})


def test_a_line_that_is_not_n_triples_stops_the_build(tmp_path: Path) -> None:
    """A broken line is a ValueError, not an engine's own error."""
    with pytest.raises(ValueError, match="not N-Triples"):
        GraphView.build(tmp_path / "store", ["<a> nonsense"], {})


def test_a_folder_without_a_store_cannot_be_opened(tmp_path: Path) -> None:
    """Opening nothing, or what a crash left, says to rebuild and makes no files."""
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "000004.log").write_bytes(b"")
    for name in ("none", "half"):
        with pytest.raises(ViewOutdated, match="rebuild"):
            GraphView.open(tmp_path / name)
    assert not (tmp_path / "none").exists()


def test_a_fork_changes_and_its_origin_does_not(tmp_path: Path) -> None:
    """A delta on a fork replaces one record and leaves the served store alone."""
    before = record("1", "A", -0.1) + record("2", "B", -0.2)
    GraphView.build(tmp_path / "one", before, {}).close()
    served = GraphView.open(tmp_path / "one")
    fork = served.fork(tmp_path / "two")
    fork.apply(record("1", "A", -0.1), record("1", "A renamed", -0.1))
    fork.close()

    after = GraphView.open(tmp_path / "two")
    assert after.describe(f"{BASE}/id/school-eng/1") == record("1", "A renamed", -0.1)
    assert after.describe(f"{BASE}/id/school-eng/2") == record("2", "B", -0.2)
    assert after.size() == served.size() == 6
    assert served.describe(f"{BASE}/id/school-eng/1") == record("1", "A", -0.1)


def test_a_fork_outlives_the_folder_it_came_from(tmp_path: Path) -> None:
    """Removing the old snapshot takes nothing from the new one."""
    view = GraphView.build(tmp_path / "one", record("1", "A", -0.1), {})
    view.fork(tmp_path / "two").close()
    view.close()
    for file in (tmp_path / "one").iterdir():
        file.unlink()
    assert GraphView.open(tmp_path / "two").size() == 3


def test_a_removed_record_leaves_nothing_and_takes_nothing_along(
    tmp_path: Path,
) -> None:
    """Keys that begin alike, or hold a slash, keep their lines and geometry."""
    keys = ["1", "10", "1%2Fgeometry"]
    lines = [row for key in keys for row in record(key, key, -0.1)]
    with GraphView.build(tmp_path / "store", lines, {}) as view:
        view.apply(record("1", "1", -0.1), [])
        assert view.describe(f"{BASE}/id/school-eng/1") == []
        for key in keys[1:]:
            assert view.describe(f"{BASE}/id/school-eng/{key}") == record(
                key, key, -0.1
            )
        assert view.size() == 6


def test_lines_both_removed_and_added_stay(tmp_path: Path) -> None:
    """A delta given as whole old and new records keeps what they share."""
    with GraphView.build(tmp_path / "store", record("1", "A", -0.1), {}) as view:
        view.apply(record("1", "A", -0.1), record("1", "A", -0.1))
        assert view.describe(f"{BASE}/id/school-eng/1") == record("1", "A", -0.1)


def test_removing_needs_the_canonical_form_only(tmp_path: Path) -> None:
    """A line that the store rewrote is found by the line that was given, too."""
    given = line("1", f'"01"^^<{XSD}integer>')
    with GraphView.build(tmp_path / "store", [given], {}) as view:
        view.apply([given], [])
        assert view.size() == 0


def test_a_named_graph_is_replaced_whole(tmp_path: Path) -> None:
    """New catalogue lines take the place of all old ones and touch no record."""
    with GraphView.build(
        tmp_path / "store", record("1", "A", 0), {GRAPH: record("9", "old", 0)}
    ) as view:
        view.replace_graph(GRAPH, [line("9", '"new"')])
        assert view.size(GRAPH) == 1
        assert view.size() == 4


def test_a_change_is_on_disk_when_the_process_dies(tmp_path: Path) -> None:
    """A delta survives a process that ends without closing the view."""
    GraphView.build(tmp_path / "store", record("1", "A", 0), {}).close()
    script = (
        "import os, sys; from trigpoint.graph import GraphView;"
        "view = GraphView.open(sys.argv[1]).fork(sys.argv[2]);"
        "view.apply([], [sys.argv[3]]); os._exit(9)"
    )
    arguments = [str(tmp_path / "store"), str(tmp_path / "new"), line("2", '"B"')]
    done = subprocess.run([sys.executable, "-c", script, *arguments], check=False)
    assert done.returncode == 9
    assert GraphView.open(tmp_path / "new").describe(f"{BASE}/id/school-eng/2") == [
        line("2", '"B"')
    ]


def test_several_processes_read_one_store(tmp_path: Path) -> None:
    """A store that is open for reading here opens in another process as well."""
    GraphView.build(tmp_path / "store", record("1", "A", 0), {}).close()
    here = GraphView.open(tmp_path / "store")
    script = (
        "import sys; from trigpoint.graph import GraphView;"
        "print(GraphView.open(sys.argv[1]).size())"
    )
    there = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "store")],
        check=True,
        capture_output=True,
        text=True,
    )
    assert there.stdout.strip() == "3"
    assert here.size() == 3


def test_a_closed_view_says_so(tmp_path: Path) -> None:
    """A view gives no stale answers after it was closed."""
    view = GraphView.build(tmp_path / "store", [], {})
    view.close()
    with pytest.raises(ValueError, match="closed"):
        view.size()
