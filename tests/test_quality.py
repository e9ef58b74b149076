"""The report on areas: what is declared beside what geometry says, and why."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.api.sample import BASE, BOROUGH, load
from trigpoint.comparing import REASONS
from trigpoint.findings import AreaReport, Finding, Summary
from trigpoint.log.entry import Batch
from trigpoint.placing import Areas
from trigpoint.quality import area_report
from trigpoint.register import Registers
from trigpoint.spatial.boundaries import BoundaryIndex
from trigpoint.spatial.links import AreaLinks
from trigpoint.staging import Load

BATCH = Batch("test", "A test", licence="http://x/l", release_date="2025-06-01")
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
COUNCIL = "local-authority-eng"
# West of the meridian, east of it, and east of that an area without a council.
AREAS = (
    ("E09000033", "WSM", "200m", "-0.2 51.4, 0 51.4, 0 51.6, -0.2 51.6, -0.2 51.4"),
    ("E09000001", "LND", "full", "0 51.4, 0.2 51.4, 0.2 51.6, 0 51.6, 0 51.4"),
    ("E09000002", None, "full", "0.2 51.4, 0.3 51.4, 0.3 51.6, 0.2 51.6, 0.2 51.4"),
)
WEST, EAST = "[-0.1000001,51.5000001]", "[0.1000001,51.5000001]"
# Each with the council declared, its position, and the reason that is to be found.
ADDRESSES = (
    ("101", "WSM", WEST, None),
    ("102", "LND", "[0.0,51.5]", None),
    ("103", "WSM", "[0.0,51.5]", None),
    ("104", "LND", None, "no-position"),
    ("105", "LND", "[0.5,51.5]", "outside"),
    ("106", "LND", "[0.25,51.5]", "no-council"),
    ("107", "CMD", WEST, "not-drawn"),
    ("108", "OLD", WEST, "replaced"),
    ("109", "OLD", EAST, "ended"),
    ("110", "WSM", "[0.0010001,51.5000001]", "tolerance"),
    ("111", "LND", "[-0.001,51.5]", "rounding"),
    ("112", "LND", WEST, "open"),
)


def rows(*found: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame(list(found), infer_schema_length=None)


@pytest.fixture(scope="module")
def registers(tmp_path_factory: pytest.TempPathFactory) -> Registers:
    """Records that agree with geometry, and one for each reason not to."""
    data: Path = tmp_path_factory.mktemp("quality") / "data"
    opened = Registers.open(data, base=BASE, write=True)
    councils = [
        {
            COUNCIL: key,
            "name": key,
            "official-name": key,
            "local-authority-type": "LBO",
        }
        for key in ("WSM", "LND", "CMD")
    ]
    old = {
        "end-date": "2019-03-31",
        "successors": ["WSM"],
        **councils[0],
        COUNCIL: "OLD",
    }
    tables = {
        "local-authority-type": rows({"local-authority-type": "LBO", "name": "London"}),
        COUNCIL: rows(*councils, old),
        BOROUGH: rows(*({BOROUGH: a[0], "name": a[0], COUNCIL: a[1]} for a in AREAS)),
        "boundary": rows(
            *(
                {
                    "boundary": f"{code}-2025-{resolution}",
                    "area": f"{BOROUGH}:{code}",
                    "vintage": "2025",
                    "resolution": resolution,
                    "crs": CRS84,
                    "geometry": f"POLYGON (({outline}))",
                }
                for code, _, resolution, outline in AREAS
            )
        ),
        "postcode": rows(
            {
                "postcode": "SW1A 1AA",
                "point": WEST,
                "positional-quality": "10",
                "district": f"{BOROUGH}:E09000001",
            }
        ),
        "street": rows(
            {
                "street": "7",
                "name": "Border Road",
                "point": EAST,
                "local-authority": f"{COUNCIL}:LND",
            }
        ),
        "address": rows(
            *(
                {
                    "address": key,
                    "name": "x",
                    "local-authority": f"{COUNCIL}:{council}",
                    "point": point,
                }
                for key, council, point, _ in ADDRESSES
            ),
            {"address": "113", "name": "x", "street": "7", "point": WEST},
        ),
        "school-eng": rows(
            {
                "school-eng": "100000",
                "name": "x",
                "postcode": "SW1A 1AA",
                "local-authority": f"{COUNCIL}:LND",
                "point": WEST,
            }
        ),
    }
    load(opened, [Load(name, table) for name, table in tables.items()], BATCH)
    return opened


def made(registers: Registers, day: str) -> AreaReport:
    view = registers.view()
    return area_report(Areas(registers, view.boundaries, day), view.areas)


@pytest.fixture(scope="module")
def report(registers: Registers) -> AreaReport:
    """The report of a day on which all of it counts."""
    return made(registers, "2026-01-01")


def summary(report: AreaReport, register: str) -> Summary:
    (found,) = (one for one in report.summaries if one.register == register)
    return found


def finding(report: AreaReport, key: str) -> Finding:
    (found,) = (one for one in report.findings if one.key == key)
    return found


def test_positions_are_counted_as_they_lie(report: AreaReport) -> None:
    """Inside, on a border, outside: each position once in a layer."""
    found = summary(report, "address")
    assert (found.records, found.positions, found.outside) == (13, 12, 1)
    assert found.layers == {"district": (9, 2, 1)}
    assert report.vintages == {"district": "2025"}


def test_each_declaration_has_its_outcome_and_reason(report: AreaReport) -> None:
    """Every record that declares a council is counted, under the reason it has."""
    own, street = summary(report, "address").compared
    reasons = [reason for *_, reason in ADDRESSES]
    assert own.field == "local-authority"
    assert {reason: count for (_, reason), count in own.outcomes.items()} == {
        reason: reasons.count(reason) for reason in reasons
    }
    assert own.outcomes["agrees", None] == 3
    assert own.outcomes["not-comparable", "no-position"] == 1
    assert own.outcomes["differs", "tolerance"] == 1
    assert (street.field, street.outcomes) == (
        "street/local-authority",
        {("differs", "linked"): 1},
    )
    assert {reason for _, reason in own.outcomes} - {None} <= set(REASONS)


def test_differences_are_listed_with_what_is_there(report: AreaReport) -> None:
    """Each names what is declared, what geometry says, and how far off it is."""
    one = finding(report, "112")
    assert one.declared == (COUNCIL, "LND")
    assert one.found == ((COUNCIL, "WSM"),)
    assert one.reason == "open"
    assert one.metres == pytest.approx(6_945, abs=5)
    assert finding(report, "110").metres == pytest.approx(69.5, abs=0.5)
    assert finding(report, "108").metres is None  # nothing is drawn of it any more
    assert [one.order for one in report.findings] == sorted(
        one.order for one in report.findings
    )


def test_agreements_are_not_listed(report: AreaReport) -> None:
    """On a border the council of either side agrees, and is no finding."""
    listed = {one.key for one in report.findings if one.register == "address"}
    differ = {"108", "109", "110", "111", "112", "113"}
    assert listed == {*differ, "105"}


def test_a_position_in_no_area_is_listed_with_the_nearest(report: AreaReport) -> None:
    """It has no field, and metres are to the nearest area."""
    one = finding(report, "105")
    assert (one.field, one.declared, one.reason) == (None, None, "outside")
    assert one.found == ((BOROUGH, "E09000002"),)
    assert one.metres == pytest.approx(13_890, abs=10)


def test_a_position_of_the_postcode_explains_a_school(report: AreaReport) -> None:
    """The school has the very position of its postcode; the postcode itself has not
    that excuse for the district that it declares."""
    assert finding(report, "100000").reason == "shared-position"
    postcode = finding(report, "SW1A 1AA")
    assert (postcode.field, postcode.reason) == ("district", "open")
    assert postcode.declared == (BOROUGH, "E09000001")
    assert postcode.found == ((BOROUGH, "E09000033"),)


def test_the_report_is_of_a_day(registers: Registers) -> None:
    """Before it ended, the old council was not replaced; nothing was drawn of it."""
    own = summary(made(registers, "2018-01-01"), "address").compared[0]
    assert own.outcomes["not-comparable", "not-drawn"] == 3
    assert ("differs", "replaced") not in own.outcomes


def test_where_nothing_counts_nothing_is_compared(registers: Registers) -> None:
    """Without any boundary on the day, every position is outside, and none is near."""
    areas = Areas(registers, BoundaryIndex.build(()), "2026-01-01")
    links = {
        name: AreaLinks.build(one.frame().drop("inside", "border"), areas.boundaries)
        for name, one in registers.view().areas.items()
    }
    empty = area_report(areas, links)
    assert summary(empty, "address").outside == 12
    assert all(one.found == () and one.metres is None for one in empty.findings)
