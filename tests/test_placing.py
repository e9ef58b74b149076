"""What holds a position on a day, kept while the log it was read from is the same."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from tests.api.sample import BOROUGH, build
from trigpoint.dates import now
from trigpoint.log.entry import Batch, Draft
from trigpoint.placing import Areas, governed
from trigpoint.register import LOG_FILE, Registers
from trigpoint.schema.items import Item, canonical_json, item_hash
from trigpoint.spatial.crs import point_from_lon_lat

DAY = "2026-11-01"
WEST, BORDER = point_from_lon_lat(-0.1, 51.5), point_from_lon_lat(0.0, 51.5)


@pytest.fixture
def registers(tmp_path: Path) -> Registers:
    build(tmp_path / "data").log.close()
    return Registers.open(tmp_path / "data", write=True)


def areas_of(registers: Registers, day: str = DAY) -> Areas:
    return Areas(registers, registers.view().boundaries, day)


def append(registers: Registers, register: str, key: str, item: Item) -> None:
    text = canonical_json(item)
    with registers.log.appending(Batch("test", "One entry")) as appender:
        appender.append(register, [Draft(now(), key, text, item_hash(text))])


def test_rows_have_the_areas_that_points_in_them_have(demo: Path) -> None:
    """For every row of the index, `of` gives what `at` gives for a point within it: the
    same areas, first the drawn one and then those known by links."""
    areas = areas_of(Registers.open(demo))
    rng = np.random.default_rng(5)
    lons, lats = rng.uniform(-5, 1, 300), rng.uniform(50, 56, 300)
    found = areas.boundaries.locate_many(lons, lats, DAY)
    assert len(found.points) > 50
    for point, row in zip(found.points.tolist(), found.rows.tolist(), strict=True):
        place = point_from_lon_lat(float(lons[point]), float(lats[point]))
        chain = areas.of(row)
        assert [area.relation for area in chain[:2]] == ["inside", "within"]
        assert sorted(chain, key=lambda area: area.order) == areas.at(place)


def test_on_a_border_only_the_drawn_area_is_on_it(registers: Registers) -> None:
    """Areas share a border; their relation is `border`, and the kept ones stay as they
    were for points inside."""
    areas = areas_of(registers)
    on_it = areas.at(BORDER)
    assert [(a.code, a.relation) for a in on_it] == [
        ("E09000001", "border"),
        ("E09000033", "border"),
    ]
    assert [a.relation for a in areas.at(WEST)] == ["inside"]
    assert [a.code for a in governed(on_it)] == ["E09000001"]


def test_it_holds_while_nothing_that_was_read_is_newer(registers: Registers) -> None:
    """An entry elsewhere leaves it be; one in a register that was read ends it."""
    areas = areas_of(registers)
    name = areas.at(WEST)[0].authority
    assert name == ("local-authority-eng", "WSM", "Westminster")
    append(registers, "country", "XX", {"country": "XX", "name": "Elsewhere"})
    assert areas.holds()
    council = dict(registers.log.record("local-authority-eng", "WSM").item)
    append(registers, "local-authority-eng", "WSM", {**council, "name": "Westmonster"})
    assert not areas.holds()
    assert areas_of(registers).at(WEST)[0].authority == (*name[:2], "Westmonster")


@pytest.mark.parametrize("read", [0, 1], ids=["nothing", "another area"])
def test_it_does_not_hold_what_was_read_of_an_older_state(
    registers: Registers, read: int
) -> None:
    """A thread in an older snapshot may fill what a newer one had begun: whether that
    one had read something by then or not, it does not use it again."""
    shared = Registers.open(registers.data)
    boundaries = shared.view().boundaries
    old = dict(shared.log.record("local-authority-eng", "WSM").item)
    with ThreadPoolExecutor(1) as newer, shared.log.snapshot():
        append(registers, "local-authority-eng", "WSM", {**old, "name": "Westmonster"})
        areas = newer.submit(Areas, shared, boundaries, DAY).result()
        east = [point_from_lon_lat(0.1, 51.5)][:read]
        assert [len(newer.submit(areas.at, one).result()) for one in east] == [1] * read
        council = areas.at(WEST)[0].authority
        assert council == ("local-authority-eng", "WSM", "Westminster")
        assert not newer.submit(areas.holds).result()


def test_it_does_not_hold_once_something_is_withheld(registers: Registers) -> None:
    """Withholding ends it, whichever item is withheld: a kept name may be that."""
    areas = areas_of(registers)
    assert areas.at(WEST)[0].name
    assert areas.holds()
    digest = registers.log.record(BOROUGH, "E09000033").entry.item_hash
    with sqlite3.connect(registers.data / LOG_FILE) as log:
        log.execute(
            "UPDATE item SET content = NULL, withheld = 'test' WHERE hash = ?",
            (digest,),
        )
    log.close()
    assert not areas.holds()
    assert areas_of(registers).at(WEST)[0].authority is None
