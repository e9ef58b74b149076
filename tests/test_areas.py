"""Derived links: which areas hold each record's position, kept with the views."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyoxigraph as ox
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.api.sample import BASE, BOROUGH, COUNCILS, frame, load
from tests.copies import copy_data
from trigpoint.iris import areas_graph_iri, graph_iri
from trigpoint.log.entry import Batch
from trigpoint.placed import position_columns
from trigpoint.register import Registers
from trigpoint.schema.catalogue import Schemas
from trigpoint.schema.declared import Declarations
from trigpoint.schema.rdf import lon_lat_of
from trigpoint.schema.shape import GEO
from trigpoint.spatial.boundaries import BoundaryIndex
from trigpoint.spatial.boundary import Boundary
from trigpoint.spatial.links import AreaLinks
from trigpoint.staging import Load

BATCH = Batch("test", "A test", licence="http://x/l", release_date="2025-06-01")
WEST = shapely.box(-0.2, 51.4, 0, 51.6)
EAST = shapely.box(0, 51.4, 0.2, 51.6)
WIDE = shapely.box(-0.2, 51.4, 0.1, 51.6)
DISTRICTS = areas_graph_iri(BASE, "district", "2025", "full")
LATER = areas_graph_iri(BASE, "district", "2026", "full")


def outline(code: str, shape: shapely.Polygon, vintage: str = "2025") -> dict[str, str]:
    return {
        "boundary": f"{code}-{vintage}-full",
        "area": f"{BOROUGH}:{code}",
        "name": code,
        "vintage": vintage,
        "resolution": "full",
        "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
        "source": "Drawn for a test",
        "geometry": shape.wkt,
    }


def address(key: int, lon: float, lat: float = 51.5, **fields: str) -> dict[str, str]:
    return {"address": str(key), "name": "x", "point": f"[{lon},{lat}]", **fields}


def add(registers: Registers, register: str, rows: Iterable[dict[str, str]]) -> None:
    load(registers, [Load(register, frame(list(rows)), whole=False)], BATCH)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two districts side by side, and addresses inside, on their border and outside."""
    data = tmp_path_factory.mktemp("areas") / "data"
    opened = Registers.open(data, base=BASE, write=True)
    boroughs = [
        {BOROUGH: code, "name": code, "local-authority-eng": council}
        for code, council in (("E09000001", "LND"), ("E09000033", "WSM"))
    ]
    types = [{"local-authority-type": "LBO", "name": "London borough"}]
    load(
        opened,
        [
            Load("local-authority-type", frame(types)),
            Load("local-authority-eng", frame(COUNCILS[2:])),
            Load(BOROUGH, frame(boroughs)),
            Load(
                "boundary",
                frame([outline("E09000001", EAST), outline("E09000033", WEST)]),
            ),
            Load(
                "address",
                frame([address(11, -0.1), address(12, 0.0), address(13, 0.5)]),
            ),
        ],
        BATCH,
    )
    opened.log.close()
    return data


@pytest.fixture
def registers(built: Path, tmp_path: Path) -> Registers:
    """A copy of these registers, to be written to."""
    return Registers.open(copy_data(built, tmp_path / "data"), write=True)


def quads(registers: Registers, graph: str) -> set[str]:
    """The lines of a named graph of the published store."""
    store = ox.Store.read_only(str(registers.view().graph))
    found = store.quads_for_pattern(None, None, None, ox.NamedNode(graph))
    return {f"{quad.triple} ." for quad in found}


def line(key: int, name: str, code: str) -> str:
    subject, area = f"{BASE}/id/address/{key}", f"{BASE}/id/{BOROUGH}/{code}"
    return f"<{subject}> <{GEO}{name}> <{area}> ."


def codes(registers: Registers, key: int) -> tuple[list[str], list[str]]:
    """The areas that an address is inside of, and those on whose border it is."""
    view = registers.view()
    placed = view.areas["address"].of(str(key))
    assert placed is not None
    rows = view.boundaries.boundaries
    inside, border = placed.inside, placed.border
    return [rows[r].area for r in inside], [rows[r].area for r in border]


def test_records_are_linked_to_what_covers_them(registers: Registers) -> None:
    """Inside of one area, on the border of two, or in none, each said as it is."""
    assert codes(registers, 11) == (["E09000033"], [])
    assert codes(registers, 12) == ([], ["E09000001", "E09000033"])
    assert codes(registers, 13) == ([], [])
    assert registers.view().areas["address"].of("14") is None


def test_the_graph_of_a_set_has_the_links(registers: Registers) -> None:
    """On a border a point touches both areas, and is within neither."""
    assert quads(registers, DISTRICTS) == {
        line(11, "sfWithin", "E09000033"),
        line(12, "sfTouches", "E09000001"),
        line(12, "sfTouches", "E09000033"),
    }


def test_the_catalogue_describes_the_graph(registers: Registers) -> None:
    """Vintage, resolution, source, licence and layer of the set are said of it."""
    said = quads(registers, graph_iri(BASE, "catalogue"))
    of_it = {
        line.split(" ", 1)[1] for line in said if line.startswith(f"<{DISTRICTS}>")
    }
    for words in ('vintage> "2025"', 'resolution> "full"', 'areaLayer> "district"'):
        assert any(words in one for one in of_it), words
    assert any('source> "Drawn for a test"' in one for one in of_it)
    assert any("dc/terms/license> <http" in one for one in of_it)


def test_only_what_changed_is_located_again(
    registers: Registers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the boundaries stay, the positions looked up are those of the records that
    came or moved; once they change, all are."""
    asked: list[list[float]] = []
    locate = BoundaryIndex.locate_all

    def watched(
        index: BoundaryIndex, lons: Any, lats: Any, crs: str = "OGC:CRS84"
    ) -> Any:
        asked.append(sorted(np.asarray(lons).tolist()))
        return locate(index, lons, lats, crs)

    monkeypatch.setattr(BoundaryIndex, "locate_all", watched)
    add(registers, "address", [address(13, 0.1), address(14, 0.15)])
    assert asked == [[0.1, 0.15]]
    assert codes(registers, 13) == (["E09000001"], [])
    asked.clear()
    add(
        registers, "local-authority-type", [{"local-authority-type": "UA", "name": "U"}]
    )
    assert asked == []
    add(registers, "boundary", [outline("E09000001", EAST, "2026")])
    assert asked == [[-0.1, 0.0, 0.1, 0.15]]


def test_graphs_get_what_differs(registers: Registers) -> None:
    """A record that moves leaves the one area and enters the other; a new set has a
    graph of its own; and all is as if it were built from nothing."""
    add(registers, "address", [address(11, 0.1), address(14, -0.15)])
    assert quads(registers, DISTRICTS) >= {
        line(11, "sfWithin", "E09000001"),
        line(14, "sfWithin", "E09000033"),
    }
    assert line(11, "sfWithin", "E09000033") not in quads(registers, DISTRICTS)
    add(registers, "boundary", [outline("E09000033", WIDE, "2026")])
    assert quads(registers, LATER) == {
        line(key, "sfTouches" if key == 11 else "sfWithin", "E09000033")
        for key in (11, 12, 14)
    }
    add(registers, "boundary", [outline("E09000033", WIDE)])
    step_by_step = {graph: quads(registers, graph) for graph in (DISTRICTS, LATER)}
    files = registers.view().areas["address"].frame()
    registers.publish(anew=True)
    for graph, found in step_by_step.items():
        assert quads(registers, graph) == found
    assert registers.view().areas["address"].frame().equals(files)
    assert codes(registers, 12) == (["E09000033"] * 2, ["E09000001"])


def test_what_is_unchanged_is_linked_not_written(registers: Registers) -> None:
    """A publish of other registers keeps the file of links as it is."""
    before = registers.view().folder / "areas" / "address.arrow"
    node = before.stat().st_ino
    add(
        registers, "local-authority-type", [{"local-authority-type": "UA", "name": "U"}]
    )
    after = registers.view().folder / "areas" / "address.arrow"
    assert after.stat().st_ino == node
    assert after != before


def test_a_record_that_loses_its_position_loses_its_links(registers: Registers) -> None:
    """It stays in the file, without position or areas, and goes out of the graph."""
    add(registers, "address", [{"address": "11", "name": "x"}])
    gone = [{"address": "11", "name": "y", "point": None}]
    load(registers, [Load("address", pl.DataFrame(gone), whole=False)], BATCH)
    placed = registers.view().areas["address"].of("11")
    assert placed is not None
    assert (placed.position, placed.inside, placed.border) == (None, (), ())
    assert line(11, "sfWithin", "E09000033") not in quads(registers, DISTRICTS)


def test_declarations_are_read_from_shapes(schemas: Schemas) -> None:
    """Links to councils and to areas, be it through another record, and no others."""
    declarations = Declarations(schemas)
    found = {
        name: [(one.names, one.path) for one in declarations.of(schemas[name])]
        for name in ("address", "postcode", "school-eng", "street")
    }
    assert found == {
        "address": [
            ("council", "local-authority"),
            ("council", "street/local-authority"),
        ],
        "postcode": [
            ("area", name) for name in ("country", "county", "district", "ward")
        ],
        "school-eng": [
            ("council", "local-authority"),
            ("council", "address/local-authority"),
        ],
        "street": [("council", "local-authority")],
    }


@given(
    st.lists(
        st.one_of(
            st.from_regex(
                r"\A\[ ?-?[0-9]{1,3}(\.[0-9]{1,5})?,\t?-?[0-9]{1,2}\.?[0-9]*\]\Z"
            ),
            st.tuples(st.floats(-200, 200), st.floats(-100, 100)).map(
                lambda pair: f"[{pair[0]:.6f},{pair[1]:.4f}]"
            ),
            st.text(max_size=8),
        ),
        max_size=20,
    )
)
@settings(deadline=None, max_examples=60)
def test_columns_of_positions_are_those_of_single_values(values: list[str]) -> None:
    """A column of GDS points is read as each of them is by itself, and one that is out
    of range is none."""
    columns = pl.DataFrame({"text": values}, schema={"text": pl.String})
    lons, lats = columns.select(*position_columns(pl.col("text"), "lon-lat"))
    for text, lon, lat in zip(values, lons, lats, strict=True):
        pair = lon_lat_of(text)
        fits = pair is not None and abs(pair[0]) <= 180 and abs(pair[1]) < 90
        assert (lon, lat) == (pair if fits else (None, None))


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=4),
        st.sampled_from([-0.3, -0.2, -0.1, 0.0, 0.05, 0.1, 0.2, None]),
        max_size=12,
    ),
    st.dictionaries(
        st.text(min_size=1, max_size=4),
        st.sampled_from([-0.2, 0.0, 0.15, None]),
        max_size=6,
    ),
)
@settings(deadline=None, max_examples=40)
def test_amended_links_are_those_built_at_once(
    first: dict[str, float | None], then: dict[str, float | None]
) -> None:
    """Whatever keys come or move, links amended are links built anew, and each key is
    found with what shapely says covers its position."""
    made = [
        _boundary(code, shape)
        for code, shape in (("E09000001", EAST), ("E09000033", WEST))
    ]
    index = BoundaryIndex.build(made)
    amended = AreaLinks.build(_places(first), index).amended(_places(then), index)
    anew = AreaLinks.build(_places({**first, **then}), index)
    assert amended.frame().equals(anew.frame())
    for key, lon in {**first, **then}.items():
        placed = amended.of(key)
        assert placed is not None
        covered = {*placed.inside, *placed.border}
        assert covered == {
            row
            for row, one in enumerate(index.boundaries)
            if lon is not None and one.geometry.covers(shapely.Point(lon, 51.5))
        }


def _boundary(code: str, shape: shapely.Polygon) -> Boundary:
    return Boundary(
        key=code,
        area_register=BOROUGH,
        area=code,
        name=code,
        layer="district",
        vintage="2025",
        start=None,
        end=None,
        resolution="full",
        crs="OGC:CRS84",
        geometry=shape,
    )


def _places(lons: dict[str, float | None]) -> pl.DataFrame:
    lats = [None if lon is None else 51.5 for lon in lons.values()]
    columns = {"key": list(lons), "lon": list(lons.values()), "lat": lats}
    schema = {"key": pl.String, "lon": pl.Float64, "lat": pl.Float64}
    return pl.DataFrame(columns, schema=schema)


def test_links_that_were_damaged_are_made_again(
    registers: Registers, caplog: pytest.LogCaptureFixture
) -> None:
    """A file that is not what was written is built anew from the log when the views are
    opened, and the log of the server says which it was."""
    path = registers.view().folder / "areas" / "address.arrow"
    data = path.read_bytes()
    path.unlink()  # or an older version, which has the file too, would be damaged
    path.write_bytes(data[:-40] + bytes(40))
    assert codes(Registers.open(registers.data), 11) == (["E09000033"], [])
    assert "built anew from the log: " in caplog.text
    assert "address.arrow" in caplog.text
