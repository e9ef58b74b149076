"""Whose council is it: areas and councils of a point, on a day, over the sample."""

from __future__ import annotations

from pathlib import Path

import pytest

from trigpoint.errors import InvalidParameter
from trigpoint.lookup import answer
from trigpoint.placing import Areas
from trigpoint.register import Registers
from trigpoint.spatial.crs import Point, point_from_lon_lat

BOURNEMOUTH = point_from_lon_lat(-1.8795, 50.7208)
ST_ALBANS = point_from_lon_lat(-0.3366, 51.7520)
BELFAST = point_from_lon_lat(-5.93, 54.597)
EDINBURGH = point_from_lon_lat(-3.1883, 55.9533)
CARDIFF = point_from_lon_lat(-3.1791, 51.4816)
CHANNEL = point_from_lon_lat(-0.1, 50.0)


@pytest.fixture(scope="module")
def registers(demo: Path) -> Registers:
    return Registers.open(demo)


def on(registers: Registers, day: str = "2026-11-01") -> Areas:
    return Areas(registers, registers.view().boundaries, day)


@pytest.mark.parametrize(
    ("point", "councils"),
    [
        (BOURNEMOUTH, ["BPC"]),
        (ST_ALBANS, ["HRT", "SAL"]),
        (BELFAST, ["BFS"]),
        (EDINBURGH, ["EDH"]),
        (CARDIFF, ["CRF"]),
    ],
    ids=["England", "England, two tiers", "Northern Ireland", "Scotland", "Wales"],
)
def test_councils_of_each_nation(
    registers: Registers, point: Point, councils: list[str]
) -> None:
    """Every nation's council is found, the upper tier first."""
    found = answer(on(registers), point)
    assert [council["key"] for council in found["councils"]] == councils


def test_areas_come_largest_first(registers: Registers) -> None:
    """Country and region come in by links, county too, the district by its outline."""
    areas = on(registers).at(ST_ALBANS)
    assert [(area.layer, area.relation) for area in areas] == [
        ("country", "within"),
        ("region", "within"),
        ("county", "within"),
        ("district", "inside"),
    ]


def test_an_area_that_did_not_exist_yet_is_not_answered(registers: Registers) -> None:
    """Bournemouth, Christchurch and Poole began on 2019-04-01, and not before."""
    before, after = (
        on(registers, day).at(BOURNEMOUTH) for day in ("2019-03-31", "2019-04-01")
    )
    assert "E06000058" not in [area.code for area in before]
    assert "E06000058" in [area.code for area in after]


def test_only_the_layers_asked_for(registers: Registers) -> None:
    """A layer without outlines of its own is found by links all the same."""
    areas = on(registers).at(ST_ALBANS, {"region"})
    assert [area.code for area in areas] == ["E12000006"]


def test_an_unknown_layer_is_refused(registers: Registers) -> None:
    """The error lists the layers that there are."""
    with pytest.raises(InvalidParameter, match="district"):
        on(registers).at(ST_ALBANS, {"hamlet"})


def test_outside_every_area_the_nearest_is_told(registers: Registers) -> None:
    """In the Channel there is no council, and Eastbourne is 85 km away."""
    found = answer(on(registers), CHANNEL)
    assert found["areas"] == found["councils"] == []
    assert found["nearest"]["name"] == "Eastbourne"
    assert found["nearest"]["distance-metres"] == pytest.approx(85_055, abs=50)


def test_both_sides_of_a_border_are_answered(registers: Registers) -> None:
    """A vertex shared by two districts lies on the border of each."""
    index = registers.view().boundaries
    westminster = next(b for b in index.boundaries if b.area == "E09000033")
    lon, lat = westminster.geometry.exterior.coords[0]
    found = answer(on(registers), point_from_lon_lat(lon, lat))
    districts = [area for area in found["areas"] if area["layer"] == "district"]
    assert len(districts) >= 2
    assert {area["relation"] for area in districts} == {"border"}
    codes = [area["code"] for area in districts]
    assert codes == sorted(codes)
    assert len(found["councils"]) == 1
