"""A new register from a shape, its terms and ten rows: no Python."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pyld import jsonld as pyld

from tests.pool import PoolInThread
from trigpoint.graph import Snapshot
from trigpoint.graph.store import GraphView
from trigpoint.loading import Summary
from trigpoint.log.entry import Batch
from trigpoint.register import Registers
from trigpoint.schema.csvw import csv_lines, metadata
from trigpoint.schema.jsonld import context
from trigpoint.schema.model import record_model
from trigpoint.staging import Load

HOSPITAL = Path(__file__).parent / "fixtures" / "hospital"


def load(registers: Registers, rows: list[dict[str, Any]], **options: Any) -> Summary:
    frame = pl.DataFrame(rows, infer_schema_length=None)
    return registers.load([Load("hospital", frame)], Batch("test", "A test"), **options)


def hospital_rows() -> list[dict[str, Any]]:
    with (HOSPITAL / "rows.csv").open(newline="", encoding="utf-8") as file:
        return [
            {
                "_row": number,
                **{name: value or None for name, value in row.items()},
                "specialties": row["specialties"].split(";")
                if row["specialties"]
                else None,
            }
            for number, row in enumerate(csv.DictReader(file), start=2)
        ]


@pytest.fixture
def hospitals(tmp_path: Path) -> Registers:
    """A data directory with a shape and terms of its own, and ten rows loaded."""
    for folder, file in (("shapes", "shape.ttl"), ("ontology", "terms.ttl")):
        (tmp_path / folder).mkdir()
        shutil.copy(HOSPITAL / file, tmp_path / folder / "hospital.ttl")
    registers = Registers.open(tmp_path, base="http://test", write=True)
    summary = load(registers, hospital_rows())
    assert summary.appended, summary.report.table()
    assert summary.counts["hospital"].added == 10
    return registers


def test_a_new_register_has_records(hospitals: Registers) -> None:
    """A shape, its terms and ten rows make a register: no Python."""
    record = hospitals.log.record("hospital", "R02")
    assert record.item == {
        "hospital": "R02",
        "name": "Children’s Wing",
        "beds": "030",
        "specialties": ["children"],
        "parent": "R01",
        "point": "[-0.119,51.502]",
        "start-date": "1993-01",
    }
    assert hospitals.log.verify("hospital") == hospitals.log.root("hospital")
    again = Registers.open(hospitals.data)
    assert again.base == "http://test"
    assert again.schema("hospital").title == "Hospitals"


def test_a_new_register_is_gated_by_its_shape(hospitals: Registers) -> None:
    """What its shape refuses is refused."""
    bad: list[dict[str, Any]] = [
        {"hospital": "X1", "name": "Wrong code"},
        {"hospital": "R11", "name": None},
        {"hospital": "R12", "name": "No such parent", "parent": "R99"},
        {"hospital": "R13", "name": "Less than none", "beds": "-1"},
        {"hospital": "R14", "name": "Turned round", "point": "[51.5,-0.1"},
    ]
    summary = load(hospitals, bad, force=True)
    assert not summary.appended
    assert summary.counts["hospital"].rejected == 5
    refused = {v.field for v in summary.report.violations if v.severity == "violation"}
    assert refused == {"hospital", "name", "parent", "beds", "point"}


def test_a_new_register_has_rdf_and_json_ld(hospitals: Registers) -> None:
    """Its lines and its document are one graph to an independent processor."""
    record = hospitals.log.record("hospital", "R02")
    lines = hospitals.lines(record)
    me = "<http://test/id/hospital/R02>"
    tp = "https://w3id.org/trigpoint/def#"
    xsd = "http://www.w3.org/2001/XMLSchema#"
    assert f'{me} <{tp}beds> "30"^^<{xsd}integer> .' in lines
    assert (
        f"{me} <http://purl.org/dc/terms/isPartOf> <http://test/id/hospital/R01> ."
        in (lines)
    )
    schema = hospitals.schema("hospital")
    body = hospitals.document(record, typed=True)
    body["@context"] = context(schema, hospitals.schemas, "http://test")["@context"]
    quads = pyld.to_rdf(body, {"format": "application/n-quads"})
    assert sorted(quads.splitlines()) == lines


def test_a_new_register_has_csv_and_models(hospitals: Registers) -> None:
    """CSV, its metadata and the record's JSON Schema come from the shape."""
    schema = hospitals.schema("hospital")
    records = hospitals.log.iter_records("hospital")
    text = "".join(csv_lines((record.item for record in records), schema))
    rows = list(csv.DictReader(text.splitlines()))
    assert [row["hospital"] for row in rows] == [f"R{n:02}" for n in range(1, 11)]
    assert rows[0]["specialties"] == "heart;lungs"
    assert rows[8]["name"] == 'Annexe "B", lower'
    columns = metadata(schema, "http://test", "hospital.csv")["tableSchema"]["columns"]
    assert [c["titles"] for c in columns if not c.get("virtual")] == list(schema.names)
    model = record_model(schema, hospitals.schemas.graph)
    assert json.dumps(model)
    assert set(schema.names) <= set(model["properties"])


def test_a_new_register_answers_sparql(hospitals: Registers) -> None:
    """Its records, with labels and links, can be queried."""
    query = """
        PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
        PREFIX tp: <https://w3id.org/trigpoint/def#>
        PREFIX dcterms: <http://purl.org/dc/terms/>
        SELECT ?part ?whole ?beds WHERE {
          ?p a tp:Hospital ; rdfs:label ?part ; tp:beds ?beds ; dcterms:isPartOf ?w .
          ?w rdfs:label ?whole . FILTER(?beds > 10) }
    """
    snapshot = Snapshot(hospitals.view().graph)
    with PoolInThread(snapshot, base=hospitals.base, workers=1) as pool:
        answer = json.loads(pool.run(query, "json").body)
    (row,) = answer["results"]["bindings"]
    assert row["part"]["value"] == "Children’s Wing"
    assert row["whole"]["value"] == "St Elsewhere"
    assert row["beds"]["value"] == "30"


def test_a_new_register_is_found_by_position(hospitals: Registers) -> None:
    """Its points are in the position index."""
    index = hospitals.view().positions["hospital"]
    assert len(index) == 9
    nearest = index.nearest(-0.118, 51.501, limit=2)
    assert [one.key for one in nearest] == ["R01", "R09"]


def test_points_as_text_in_any_system_are_positions(tmp_path: Path) -> None:
    """A register whose geometry is well-known text has the positions of its points, in
    whatever system; its outlines are none."""
    (tmp_path / "shapes").mkdir()
    shape = (HOSPITAL / "shape.ttl").read_text("utf-8").replace("tp:LonLat", "tp:WKT")
    (tmp_path / "shapes" / "hospital.ttl").write_text(shape, "utf-8")
    (tmp_path / "ontology").mkdir()
    shutil.copy(HOSPITAL / "terms.ttl", tmp_path / "ontology" / "hospital.ttl")
    registers = Registers.open(tmp_path, base="http://test", write=True)
    grid = "<http://www.opengis.net/def/crs/EPSG/0/27700>"
    drawn = {
        "R01": "POINT(-0.118 51.501)",
        "R02": f"{grid} POINT(530000 180000)",
        "R03": "POLYGON((0 51,1 51,1 52,0 51))",
        "R04": None,
    }
    rows = [{"hospital": k, "name": k, "point": v} for k, v in drawn.items()]
    assert load(registers, rows).appended
    index = registers.view().positions["hospital"]
    assert [one.key for one in index.nearest(-0.118, 51.501, 9)] == ["R01", "R02"]


def test_a_new_registers_terms_are_in_the_ontology_graph(hospitals: Registers) -> None:
    """The terms that came with it are published beside ours."""
    view = hospitals.view()
    with GraphView.open(view.graph) as graph:
        assert graph.size("http://test/graph/ontology") > 100
        assert graph.describe("http://test/id/hospital/R03") == hospitals.lines(
            hospitals.log.record("hospital", "R03")
        )
