"""`trigpoint shapes explain`: what is judged as columns, what by pySHACL and why."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tests.test_archive import AYR, BATCH, rsf
from trigpoint.cli import app
from trigpoint.errors import NoData, NoSuchRegister
from trigpoint.gate import rules
from trigpoint.gate.shacl.batch import brief
from trigpoint.gate.shacl.compiler import compile_shape
from trigpoint.iris import DEFAULT_BASE
from trigpoint.register import Registers
from trigpoint.resources import resource_folder
from trigpoint.schema.catalogue import Schemas

SCHEMAS = Schemas([resource_folder("shapes")], [resource_folder("ontology")])
HOSPITAL = Path(__file__).parent / "fixtures" / "hospital"
# A query, and a look ahead: neither can be said of columns.
FOREIGN = """
shape:hospital-name sh:sparql [ sh:message "Expected another name." ;
    sh:select "SELECT $this ?value WHERE { $this $PATH ?value FILTER(?value = 1) }" ] .
shape:hospital-specialties sh:pattern "^(?!none)" .
shape:hospital-parent sh:pattern "/([A-Z]|[0-9]|[a-z]|-|_|,|;|!|=|@|&|%|~|[(]|[)])+$" .
"""


@cache
def explain(*words: str) -> Result:
    runner = CliRunner(env={"TRIGPOINT_DATA": ""})
    return runner.invoke(app, ["shapes", "explain", *words])


def explained(*words: str) -> Any:
    return json.loads(explain(*words, "--json").output)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with a shape of its own, and a register that brought fields."""
    tmp_path = tmp_path_factory.mktemp("shapes")
    (tmp_path / "data" / "shapes").mkdir(parents=True)
    shape = tmp_path / "data" / "shapes" / "hospital.ttl"
    shape.write_text((HOSPITAL / "shape.ttl").read_text("utf-8") + FOREIGN, "utf-8")
    (tmp_path / "data" / "ontology").mkdir()
    shutil.copy(HOSPITAL / "terms.ttl", tmp_path / "data" / "ontology")
    registers = Registers.open(tmp_path / "data", write=True)
    assert registers.import_rsf([rsf(tmp_path, [AYR])], BATCH).appended
    registers.log.close()
    return tmp_path / "data"


def test_each_constraint_is_a_line(data: Path) -> None:
    """Field, constraint and judge; then the rules, then how many there were."""
    lines = explain("hospital", "--data", str(data)).output.splitlines()
    assert lines[0].split() == ["field", "constraint", "judged", "by"]
    cells = [line.split("  ") for line in lines]
    assert ["hospital", "sh:datatype xsd:string", "columns"] in [
        [cell.strip() for cell in line if cell] for line in cells
    ]
    assert "  “hospital” is there" in lines
    assert lines[-1].endswith(" rules")


def test_what_pyshacl_judges_is_named_with_its_reason(data: Path) -> None:
    """A query and a pattern that looks ahead fall back, and nothing else does."""
    found = explained("hospital", "--data", str(data))
    fallen = {
        (one["field"], one["constraint"].split()[0]): one["reason"]
        for one in found["constraints"]
        if one["judge"] == "pySHACL"
    }
    assert fallen.keys() == {("name", "sh:sparql"), ("specialties", "sh:pattern")}
    assert "ahead" in fallen["specialties", "sh:pattern"]
    assert all(fallen.values())
    printed = explain("hospital", "--data", str(data)).output
    for reason in fallen.values():
        assert f"  pySHACL: {reason}\n" in printed
    assert found["counts"]["pyshacl"] == 2


def test_what_goes_to_pyshacl_only_at_times_has_a_note(data: Path) -> None:
    """A number may be spelled so oddly that columns cannot tell what it is."""
    found = explained("hospital", "--data", str(data))
    notes = {
        one["constraint"]: one["note"]
        for one in found["constraints"]
        if one["field"] == "beds"
    }
    assert notes["sh:maxCount 1"] is None
    assert notes["sh:minInclusive 0"]
    printed = explain("hospital", "--data", str(data)).output
    assert f"columns; {notes['sh:minInclusive 0']}\n" in printed


def test_a_register_that_brought_its_fields_is_explained(data: Path) -> None:
    """Its shape was derived when it was loaded, and is judged like any other."""
    found = explained("town", "--data", str(data))
    assert found["register"] == "town"
    assert {one["field"] for one in found["constraints"]} >= {"town", "name"}


def test_a_shape_of_ours_is_explained_without_data() -> None:
    """Every field and the record itself are listed, and the rules that hold."""
    schema = SCHEMAS["school-eng"]
    found = explained("school-eng")
    assert {one["field"] for one in found["constraints"]} == {None, *schema.names}
    assert found["shape"] == schema.shape
    checks = rules.checks(schema, schema.names)
    assert found["rules"] == [check.name for check in checks]


def test_all_our_shapes_are_judged_as_columns() -> None:
    """No constraint of the project's own shapes falls back, and each field has one."""
    for schema in SCHEMAS.values():
        constraints = compile_shape(brief(schema, SCHEMAS, DEFAULT_BASE)).constraints
        assert {one.field for one in constraints} == {None, *schema.names}
        assert [one.text for one in constraints if one.reason is not None] == []


def test_fields_stand_in_the_order_of_the_shape(data: Path) -> None:
    """The record first, then field by field."""
    found = explained("hospital", "--data", str(data))
    fields = list(dict.fromkeys(one["field"] for one in found["constraints"]))
    assert fields[:4] == [None, "hospital", "name", "beds"]


def test_a_long_constraint_is_shortened_for_people_only(data: Path) -> None:
    """A pattern may be longer than the screen is wide."""
    found = explained("hospital", "--data", str(data))
    (whole,) = {
        one["constraint"]
        for one in found["constraints"]
        if "[A-Z]" in one["constraint"]
    }
    printed = explain("hospital", "--data", str(data)).output
    assert whole not in printed
    assert f"{whole[:60]}…" in printed


def test_the_last_line_counts_what_was_listed(data: Path) -> None:
    """The counts are those of the lines above them."""
    found = explained("hospital", "--data", str(data))
    judges = [one["judge"] for one in found["constraints"]]
    notes = [one["note"] for one in found["constraints"] if one["note"]]
    assert found["counts"] == {
        "constraints": len(judges),
        "columns": judges.count("columns"),
        "in-part": len(notes),
        "pyshacl": judges.count("pySHACL"),
        "rules": len(found["rules"]),
    }
    assert explain("hospital", "--data", str(data)).output.splitlines()[-1] == (
        f"{len(judges)} constraints: {judges.count('columns')} judged as columns "
        f"({len(notes)} of them in part by pySHACL), 2 by pySHACL; "
        f"{len(found['rules'])} rules"
    )


@pytest.mark.parametrize(
    ("register", "named"),
    [
        ("scool-eng", "perhaps school-eng"),
        ("ward", "perhaps statistical-geography-ward"),
        ("zzz", "there are address, boundary, country"),
    ],
)
def test_an_unknown_register_names_those_that_may_be_meant(
    register: str, named: str
) -> None:
    """The nearest names; all of them when none is near."""
    error = explain(register).exception
    assert isinstance(error, NoSuchRegister)
    assert f"“{register}”: {named}" in str(error)


def test_an_unknown_register_is_wrong_usage() -> None:
    """Exit code 2, one line on standard error, nothing on standard output."""
    done = subprocess.run(
        [sys.executable, "-m", "trigpoint.cli", "shapes", "explain", "scool-eng"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1


def test_a_folder_without_registers_is_no_data_directory(tmp_path: Path) -> None:
    """A wrong --data is not passed over for the project's own shapes."""
    error = explain("country", "--data", str(tmp_path)).exception
    assert isinstance(error, NoData)
