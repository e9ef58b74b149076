"""The report on areas: what is declared beside what geometry says, and why."""

from __future__ import annotations

import re

import pytest

from tests.api.sample import BOROUGH
from tests.declaring import ADDRESSES, COUNCIL, build
from tests.demo import ROOT
from trigpoint import quality
from trigpoint.comparing import REASONS
from trigpoint.findings import AreaReport, Finding, Summary
from trigpoint.placing import Areas
from trigpoint.quality import area_report
from trigpoint.register import Registers
from trigpoint.spatial.boundaries import BoundaryIndex
from trigpoint.spatial.links import AreaLinks


@pytest.fixture(scope="module")
def registers(tmp_path_factory: pytest.TempPathFactory) -> Registers:
    """Records that agree with geometry, and one for each reason not to."""
    return build(tmp_path_factory.mktemp("quality") / "data")


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
    """Without any boundary on the day every position is outside, and none listed."""
    areas = Areas(registers, BoundaryIndex.build(()), "2026-01-01")
    links = {
        name: AreaLinks.build(one.frame().drop("inside", "border"), areas.boundaries)
        for name, one in registers.view().areas.items()
    }
    empty = area_report(areas, links)
    assert summary(empty, "address").outside == 12
    assert empty.findings == ()


def test_findings_are_bounded(
    registers: Registers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of very many that differ the first are looked into, and the others counted."""
    monkeypatch.setattr(quality, "LISTED", 2)
    found = made(registers, "2026-01-01")
    own = summary(found, "address").compared[0]
    assert own.outcomes["differs", "unexamined"] == 3
    assert sum(own.outcomes.values()) == len(ADDRESSES)
    listed = [one.key for one in found.findings if one.field == "local-authority"]
    assert listed == ["108", "109", "100000"]


def test_reasons_are_documented() -> None:
    """docs/quality.md has a row for each reason, in the order in which they are."""
    text = (ROOT / "docs" / "quality.md").read_text("utf-8")
    assert re.findall(r"(?m)^\| `([a-z-]+)` \|", text) == list(REASONS)
