"""The report: complete counts over a capped memory, and its forms."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyshacl
import pytest
from rdflib import RDF, SH, BNode, Graph, Literal, URIRef

from tests.gate.rows import BASE, Check, site
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
    assert report.rejected_rows("site") == set(range(2, 27))
    assert report.rejected_rows("owner") == set()


def test_json_lines_on_disk_are_complete(tmp_path: Path) -> None:
    """The file has every violation, whatever memory holds."""
    path = tmp_path / "report.ndjson"
    with Report(limit=3, spill=path) as report:
        report.extend(many(9))
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [Violation(**json.loads(line)) for line in lines] == many(9)
    assert str(path) in report.table(width=400)


def test_csv_on_disk_is_complete(tmp_path: Path) -> None:
    """The same as CSV, with a header."""
    path = tmp_path / "report.csv"
    with Report(limit=3, spill=path) as report:
        report.extend([*many(5), replace(ONE, value='two\nlines, "quoted"')])
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6
    assert rows[0]["key"] == "2"
    assert rows[-1]["value"] == 'two\nlines, "quoted"'


def test_a_report_without_findings_leaves_an_empty_file(tmp_path: Path) -> None:
    """Nothing found is a file that says so, not a missing one."""
    with Report(spill=tmp_path / "a.ndjson"), Report(spill=tmp_path / "a.csv"):
        pass
    assert (tmp_path / "a.ndjson").read_text() == ""
    assert (tmp_path / "a.csv").read_text().startswith("register,row,key")


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
    assert whole.rejected_rows("site") == {2, 3, 4}


def test_a_truncated_report_cannot_be_merged_into_one_on_disk(tmp_path: Path) -> None:
    """What is no longer held cannot be written, so nothing pretends that it was."""
    part = Report(limit=1)
    part.extend(many(2))
    with (
        Report(spill=tmp_path / "a.ndjson") as whole,
        pytest.raises(ValueError, match="truncated"),
    ):
        whole.merge(part)


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


# SHACL section 3.6: what a validation report and its results have to have.
_VOCABULARY = """
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
[] a sh:NodeShape ; sh:targetClass sh:ValidationReport ;
  sh:property [ sh:path sh:conforms ; sh:datatype xsd:boolean ; sh:minCount 1 ;
      sh:maxCount 1 ] ,
    [ sh:path sh:result ; sh:class sh:ValidationResult ; sh:nodeKind sh:IRI ] .
[] a sh:NodeShape ; sh:targetClass sh:ValidationResult ;
  sh:property [ sh:path sh:focusNode ; sh:minCount 1 ; sh:maxCount 1 ] ,
    [ sh:path sh:resultPath ; sh:maxCount 1 ; sh:nodeKind sh:IRI ] ,
    [ sh:path sh:value ; sh:maxCount 1 ] ,
    [ sh:path sh:sourceShape ; sh:maxCount 1 ; sh:nodeKind sh:IRI ] ,
    [ sh:path sh:sourceConstraintComponent ; sh:minCount 1 ; sh:maxCount 1 ;
      sh:nodeKind sh:IRI ] ,
    [ sh:path sh:resultMessage ; sh:minCount 1 ; sh:datatype xsd:string ] ,
    [ sh:path sh:resultSeverity ; sh:minCount 1 ; sh:maxCount 1 ;
      sh:in ( sh:Violation sh:Warning sh:Info ) ] .
"""


def test_rdf_is_a_validation_report_without_blank_nodes(
    check_sites: Check, schemas: Schemas
) -> None:
    """The Turtle parses, has what SHACL asks of a report, and names every result."""
    rows = [
        site("7", name=None, size="x", owner="A2", point="here", tags=["a", "B"]),
        site("8", note="n" * 21, name="=1"),
        site("8", authority="x"),
        {**site("9"), "Head": "Example", "site": None},
    ]
    report = check_sites(rows)
    graph = Graph().parse(data=report.as_rdf(BASE, schemas), format="turtle")
    results = set(graph.subjects(RDF.type, SH.ValidationResult))
    assert len(results) == len(report.violations) > 10
    (node,) = graph.subjects(RDF.type, SH.ValidationReport)
    assert set(graph.objects(node, SH.result)) == results
    assert not any(isinstance(term, BNode) for triple in graph for term in triple)
    assert (None, SH.value, URIRef(f"{BASE}/id/owner/A2")) in graph
    shapes = Graph().parse(data=_VOCABULARY, format="turtle")
    conforms, _, text = pyshacl.validate(graph, shacl_graph=shapes)
    assert conforms, text


def test_rdf_of_an_empty_report_conforms(schemas: Schemas) -> None:
    """Nothing found is a report, too, and the same each time."""
    turtle = Report().as_rdf(BASE, schemas)
    graph = Graph().parse(data=turtle, format="turtle")
    assert list(graph.objects(None, SH.conforms)) == [Literal(True)]
    assert turtle == Report().as_rdf(BASE, schemas)
