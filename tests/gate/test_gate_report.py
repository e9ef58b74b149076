"""The report: complete counts over a capped memory, and its forms."""

from __future__ import annotations

import json
import tracemalloc
from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from rdflib import SH, Graph, Literal

from tests.gate.rows import BASE
from trigpoint.gate import Report, Violation, terms
from trigpoint.schema.catalogue import Schemas

ONE = Violation(
    register="site",
    row=3,
    key="8",
    field="name",
    value="x",
    path="http://www.w3.org/2000/01/rdf-schema#label",
    component=terms.MIN_LENGTH,
    severity="violation",
    shape="https://w3id.org/trigpoint/shapes#site-name",
    message="“x” is too short",
)


def many(count: int) -> list[Violation]:
    return [replace(ONE, row=row, key=str(row)) for row in range(2, count + 2)]


def test_memory_is_capped_and_counts_are_not() -> None:
    """Above the cap, counts and refused rows are still complete."""
    report = Report(limit=10)
    report.extend(many(25))
    assert len(report.violations) == 10
    assert report.truncated
    assert len(report) == report.refusals == 25
    assert report.counts == {("site", "name", terms.MIN_LENGTH): 25}
    assert report.rejected_rows("site").to_list() == list(range(2, 27))
    assert report.rejected_rows("owner").is_empty()


def test_what_refuses_is_held_before_what_warns() -> None:
    """Many warnings do not push out the one reason for which a release is refused."""
    report = Report(limit=4)
    report.extend(replace(one, severity="warning") for one in many(9))
    report.add(replace(ONE, row=99))
    report.add(replace(ONE, row=100, severity="info"))
    assert [one.row for one in report.violations] == [2, 3, 4, 99]
    assert report.truncated
    listed: Any = report.as_json(BASE, limit=1)["violations"]
    assert [one["row"] for one in listed] == [99]


def test_refused_rows_are_sorted_and_named_once() -> None:
    """Numbers come from anywhere in the file and as often as a row is refused."""
    numbers = [70_000, 0, 65_535, 65_536, 3, 4_294_967_295, 3]
    report, other = Report(), Report()
    report.extend(replace(ONE, row=row) for row in numbers[:3])
    other.extend(replace(ONE, row=row) for row in numbers[2:])
    report.merge(other)
    found = report.rejected_rows("site")
    assert found.dtype == pl.UInt32
    assert found.to_list() == sorted(set(numbers))


@pytest.mark.parametrize("kind", [pl.UInt32, pl.Int64])
def test_whether_rows_are_refused_is_told_of_any_rows(
    kind: type[pl.DataType],
) -> None:
    """In whatever order and however often they are asked for, of any register."""
    refused = [70_000, 0, 65_535, 65_536, 7, 8, 4_294_967_295]
    asked = pl.Series(
        [8, 9, 65_536, 65_535, 65_537, 0, 1, 8, 4_294_967_295], dtype=kind
    )
    report = Report()
    report.extend(replace(ONE, row=row) for row in refused)
    found = report.rejects("site", asked)
    assert found.to_list() == [row in refused for row in asked]
    assert not report.rejects("owner", asked).any()
    assert report.rejects("site", asked.clear()).dtype == pl.Boolean


def test_a_report_of_very_many_violations_takes_megabytes() -> None:
    """300,000 of them, each with a long value, leave what is held and a few bits."""
    tracemalloc.start()
    report = Report(limit=100)
    for row in range(300_000):
        report.add(replace(ONE, row=row, value=f"{row} {'x' * 1000}"))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(report.rejected_rows("site")) == report.refusals == 300_000
    assert most < 2_000_000


def test_values_of_any_length_cannot_fill_the_memory() -> None:
    """Outlines of megabytes are counted, and only some of them are held."""
    report = Report()
    report.extend(replace(ONE, value=f"{n}" + "x" * 8_000_000) for n in range(20))
    assert len(report) == 20
    assert report.truncated
    assert 0 < len(report.violations) < 10


def test_merged_reports_count_as_one() -> None:
    """Registers of one load come together in one report."""
    whole, part = Report(limit=4), Report()
    whole.extend(many(3))
    part.extend([replace(ONE, register="owner", severity="warning"), *many(2)])
    part.add(replace(ONE, register="owner", row=None))
    whole.merge(part)
    assert len(whole) == 7
    assert (whole.refusals, whole.warnings) == (6, 1)
    assert len(whole.violations) == 4
    assert whole.rejects_all("owner")
    assert whole.rejected_rows("site").to_list() == [2, 3, 4]


def test_warnings_alone_conform() -> None:
    """Only violations refuse."""
    report = Report()
    report.add(replace(ONE, severity="warning"))
    assert report.conforms
    assert report.warnings == 1


def test_the_table_is_for_people() -> None:
    """Row, key, field, shortened value and message, then what was found how often."""
    report = Report()
    report.extend(many(60))
    report.add(replace(ONE, row=1, value="\x1b[31m" + "v" * 200, key="[red]k"))
    text = report.table(limit=2)
    first, second, *_ = text.splitlines()
    assert first.split() == ["Register", "Row", "Key", "Field", "Value", "Problem"]
    assert second.split()[:2] == ["site", "1"]
    assert "[red]k" in text
    assert "\x1b" not in text
    assert "\\u001b[31m" in text
    assert "v" * 60 not in text
    assert "… and 59 more" in text
    assert "61 violations, 0 warnings" in text
    assert "61  site name sh:MinLength" in text
    assert Report().table() == "Nothing was refused.\n"


def test_the_table_shows_what_cannot_be_seen() -> None:
    """Marks that turn the text around, and names that nobody chose, stay on a line."""
    report = Report()
    odd = replace(ONE, field="a\u202eb", value="POINT(1 2)" * 900, severity="info")
    report.add(replace(odd, message="two\nlines\u202e", key="\u2066k"))
    first = report.table(width=400).splitlines()[1]
    assert "\\u202e" in first
    assert "\\u2066k" in first
    assert "note: two lines\\u202e (sh:MinLength)" in first
    assert "POINT(1 2)…" in first
    assert "0 violations, 0 warnings, 1 notes" in report.table(width=400)


def test_json_has_the_members_of_a_problem_document() -> None:
    """SHACL's names, and those that a custodian needs; what is absent is left out."""
    report = Report()
    report.extend([ONE, replace(ONE, row=None, key=None, value=None, field=None)])
    body: Any = json.loads(json.dumps(report.as_json(BASE)))
    assert body["violations"][0] == {
        "focusNode": f"{BASE}/id/site/8",
        "resultPath": "http://www.w3.org/2000/01/rdf-schema#label",
        "value": "x",
        "sourceShape": "https://w3id.org/trigpoint/shapes#site-name",
        "sourceConstraintComponent": terms.MIN_LENGTH,
        "severity": "violation",
        "message": "“x” is too short",
        "register": "site",
        "row": 3,
        "key": "8",
        "field": "name",
    }
    assert body["violations"][1]["focusNode"] == f"{BASE}/registers/site"
    assert "row" not in body["violations"][1]
    assert (body["total"], body["conforms"]) == (2, False)


def test_rdf_of_an_empty_report_conforms(schemas: Schemas) -> None:
    """Nothing found is a report, too, and the same each time."""
    turtle = Report().as_rdf(BASE, schemas)
    graph = Graph().parse(data=turtle, format="turtle")
    assert list(graph.objects(None, SH.conforms)) == [Literal(True)]
    assert turtle == Report().as_rdf(BASE, schemas)
