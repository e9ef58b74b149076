"""Overlaps and gaps between neighbours: all that there are, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.affinity import rotate
from shapely.geometry import MultiPolygon, Polygon, box
from shapely.geometry.base import BaseGeometry

from tests.spatial.outlines import make, read_outlines
from trigpoint.errors import ViewDamaged
from trigpoint.spatial.boundary import Boundary
from trigpoint.spatial.coverage import Coverage, measure
from trigpoint.spatial.coverages import (
    FILE,
    measure_all,
    read_coverages,
    save_coverages,
)
from trigpoint.spatial.grids import BRITISH_GRID

EAST, NORTH = 400_000.0, 300_000.0


def drawn(*shapes: BaseGeometry, **other: object) -> list[Boundary]:
    """Districts on the British grid, as far from its origin as districts are."""
    origin = np.array([EAST, NORTH])
    moved = [shapely.transform(shape, lambda pairs: pairs + origin) for shape in shapes]
    return [
        make(f"E0600{number:04}", shape, crs=BRITISH_GRID, **other)
        for number, shape in enumerate(moved, start=1)
    ]


def found(coverage: Coverage) -> dict[str, tuple[int, float]]:
    return {k: (t.count, round(t.area, 3)) for k, t in coverage.tallies.items()}


NONE = (0, 0.0)


def test_neighbours_that_share_their_border_fit() -> None:
    """Nothing is found between areas that have the same edges, or that lie apart."""
    coverage = measure(drawn(box(0, 0, 5, 5), box(5, 0, 9, 5), box(20, 0, 30, 5)))
    assert coverage.areas == 3
    assert found(coverage) == {"overlap": NONE, "gap": NONE, "opening": NONE}
    assert coverage.flaws == ()


def test_an_overlap_is_measured_and_placed() -> None:
    """Square metres, mean width, a position in it and the two boundaries."""
    one, other, far = drawn(box(0, 0, 10, 10), box(8, 0, 20, 10), box(20, 0, 30, 10))
    coverage = measure([one, other, far])
    assert found(coverage)["overlap"] == (1, 20.0)
    flaw = coverage.largest("overlap")
    assert flaw is not None
    assert flaw.boundaries == (one.key, other.key)
    assert flaw.width == pytest.approx(2 * 20 / 24)
    assert (flaw.lon, flaw.lat) == pytest.approx((-2.0, 52.597), abs=0.01)


def test_an_area_within_another_overlaps_it() -> None:
    """The inner one has the edges that do not match, the outer one none."""
    assert found(measure(drawn(box(0, 0, 9, 9), box(2, 2, 4, 4))))["overlap"] == (1, 4)
    assert found(measure(drawn(box(0, 0, 9, 9), box(0, 0, 9, 9))))["overlap"] == (1, 81)


def test_a_gap_is_narrow_and_between_neighbours() -> None:
    """A sliver that two areas surround; one that opens to the sea is sea."""
    left = Polygon([(0, 0), (50, 0), (50, 10), (49, 50), (50, 90), (50, 100), (0, 100)])
    right = box(50, 0, 100, 100)
    coverage = measure(drawn(left, right))
    assert found(coverage) == {"overlap": NONE, "gap": (1, 40.0), "opening": NONE}
    flaw = coverage.largest("gap")
    assert flaw is not None
    assert len(flaw.boundaries) == 2
    assert flaw.width == pytest.approx(0.5, rel=0.01)
    pinched = Polygon([(0, 0), (50, 0), (49, 50), (50, 90), (0, 100)])
    coverage = measure(drawn(pinched, box(50, 0, 100, 90)))
    assert found(coverage) == {"overlap": NONE, "gap": (1, 45.0), "opening": NONE}
    sea = Polygon([(0, 0), (49, 0), (49, 50), (50, 90), (0, 100)])
    assert found(measure(drawn(sea, right))) == {
        "overlap": NONE,
        "gap": NONE,
        "opening": NONE,
    }


def test_lakes_and_holes_of_one_area_are_openings() -> None:
    """Wide water between two areas, and a hole that only one has, are no gaps; what a
    set leaves out by its tolerance is narrow."""
    left = Polygon([(0, 0), (500, 0), (400, 500), (500, 990), (500, 1000), (0, 1000)])
    right = box(500, 0, 1000, 1000)
    lake = found(measure(drawn(left, right)))
    assert (lake["gap"], lake["opening"]) == (NONE, (1, 49_500.0))
    coarse = found(measure(drawn(left, right, resolution="50m")))
    assert (coarse["gap"], coarse["opening"]) == ((1, 49_500.0), NONE)
    pond = box(0, 0, 9, 9).difference(box(2, 2, 3, 3))
    assert found(measure(drawn(pond, box(9, 0, 18, 9))))["opening"] == (1, 1.0)


def test_an_island_in_an_opening_is_held() -> None:
    """Of a lake with an island the water counts; and an enclave fills its hole."""
    ring = box(0, 0, 90, 90).difference(box(10, 10, 80, 80))
    coverage = measure(drawn(ring, box(40, 40, 50, 50)))
    assert found(coverage)["opening"] == (1, 70.0 * 70 - 100)
    assert found(measure(drawn(ring, box(10, 10, 80, 80))))["opening"] == NONE


def test_an_island_hides_no_water_that_areas_surround_by_their_corners() -> None:
    """Four areas that touch in corners surround water, and an island is amid it."""
    around = [
        box(100, 0, 200, 100),
        box(0, 100, 100, 200),
        box(200, 100, 300, 200),
        box(100, 200, 200, 300),
    ]
    assert found(measure(drawn(*around)))["opening"] == (1, 10_000.0)
    island = box(140, 140, 160, 160)
    assert found(measure(drawn(*around, island)))["opening"] == (1, 9_600.0)


def test_boundaries_that_followed_each_other_do_not_overlap() -> None:
    """Of a set in which one boundary took another's place, those to the end count."""
    old, new = drawn(box(0, 0, 10, 10), box(0, 0, 12, 10))
    ended = make("E06000001", old.geometry, crs=BRITISH_GRID, end="2025-06-30")
    begun = make("E06000002", new.geometry, crs=BRITISH_GRID, start="2025-07-01")
    coverage = measure([ended, begun])
    assert coverage.areas == 1
    assert found(coverage)["overlap"] == NONE


def test_degrees_are_measured_on_the_ground() -> None:
    """An overlap in longitude and latitude has geodesic square metres."""
    overlap = measure(
        [
            make("E06000001", box(-1.0, 52.0, -0.9, 52.1)),
            make("E06000002", box(-0.901, 52.0, -0.8, 52.1)),
        ]
    ).tallies["overlap"]
    metres = 0.001 * 111_320 * np.cos(np.radians(52.05)) * 0.1 * 111_260
    assert overlap.area == pytest.approx(metres, rel=0.003)


@st.composite
def areas(draw: st.DrawFn) -> list[BaseGeometry]:
    """Boxes on a small grid, some turned, some of two parts, some with a hole: they
    overlap, touch, contain each other, or are the same."""
    side = st.integers(0, 12)
    shapes = []
    for _ in range(draw(st.integers(1, 6))):
        west, south = draw(side), draw(side)
        shape: BaseGeometry = box(
            west, south, west + draw(st.integers(1, 8)), south + draw(st.integers(1, 8))
        )
        change = draw(st.sampled_from(["none", "turn", "hole", "two"]))
        if change == "turn":
            shape = rotate(shape, draw(st.sampled_from([30, 45])))
        elif change == "hole":
            shape = shape.difference(shape.buffer(-0.5))
        elif change == "two":
            shape = MultiPolygon([shape, box(30 + west, south, 31 + west, south + 1)])
        shapes.append(shape)
    return shapes


@given(shapes=areas())
@settings(max_examples=300, deadline=None)
def test_it_is_what_every_pair_and_the_union_say(shapes: list[BaseGeometry]) -> None:
    """Overlaps are those of all pairs; gaps and openings together are the ground that
    all lines surround and the union does not hold."""
    boundaries = drawn(*shapes)
    coverage = measure(boundaries)
    pairs = [
        shapely.intersection(one.geometry, other.geometry).area
        for one, other in combinations(boundaries, 2)
    ]
    real = [area for area in pairs if area >= 1e-4]
    overlap = coverage.tallies["overlap"]
    assert overlap.count == len(real)
    assert overlap.area == pytest.approx(sum(real), abs=1e-3)
    union = shapely.union_all([one.geometry for one in boundaries])
    lines = shapely.node(shapely.union_all([b.geometry.boundary for b in boundaries]))
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(lines)))
    empty = faces[~shapely.intersects(shapely.point_on_surface(faces), union)]
    surrounded = coverage.tallies["gap"].area + coverage.tallies["opening"].area
    assert surrounded == pytest.approx(shapely.area(empty).sum(), abs=1e-3)


def test_sets_are_measured_apart_and_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Layers and vintages do not overlap each other; what is kept is read as it was,
    and a set that is the same is not measured again."""
    districts = drawn(box(0, 0, 10, 10), box(9, 0, 20, 10))
    wards = [make("E05000001", box(-1, 52, -0.9, 52.1))]
    older = drawn(box(0, 0, 10, 10), vintage="2020")
    measured = measure_all([*wards, *districts, *older])
    assert [one.name for one in measured] == [
        "district 2020 full",
        "district 2025 full",
        "ward 2025 full",
    ]
    assert [one.tallies["overlap"].count for one in measured] == [0, 1, 0]
    save_coverages(measured, tmp_path)
    kept = read_coverages(tmp_path)
    assert kept == measured

    def again(boundaries: Sequence[Boundary]) -> Coverage:
        names.append(boundaries[0].vintage)
        return measure(boundaries)

    names: list[str] = []
    monkeypatch.setattr("trigpoint.spatial.coverages.measure", again)
    moved = drawn(box(0, 0, 11, 10), vintage="2020")
    assert measure_all([*wards, *districts, *moved], kept)[1:] == measured[1:]
    assert names == ["2020"]


@pytest.mark.parametrize("text", ["", "{}", '[{"layer": "ward"}]', '["ward"]', "[1]"])
def test_a_damaged_file_is_a_damaged_view(tmp_path: Path, text: str) -> None:
    """What cannot be read says what to do."""
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    if text == "{}":
        assert read_coverages(tmp_path) == []
        return
    with pytest.raises(ViewDamaged, match="trigpoint rebuild"):
        read_coverages(tmp_path)
    with pytest.raises(ViewDamaged):
        read_coverages(tmp_path / "none")


@pytest.mark.parametrize(
    ("name", "code", "overlaps", "square_metres"),
    [
        ("lad_2025", "code", 8, 5.796),
        pytest.param("ward_2025", "code", 42, 38.251, marks=pytest.mark.long),
    ],
)
def test_the_real_sets(
    real_data: Path, name: str, code: str, overlaps: int, square_metres: float
) -> None:
    """The sets of 2025 overlap in a few specks that rounding left, and have no gaps."""
    outlines = read_outlines(real_data / "boundaries" / f"{name}.geojsonl.gz", code)
    coverage = measure([make(area, shape) for area, shape in outlines])
    assert coverage.tallies["overlap"].count == overlaps
    assert coverage.tallies["overlap"].area == pytest.approx(square_metres, abs=0.1)
    assert coverage.tallies["gap"].count == 0
    assert coverage.tallies["opening"].count == 9
