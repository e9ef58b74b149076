"""What registers say of themselves."""

from __future__ import annotations

from pyshacl import validate
from rdflib import Graph

from tests.testclient import TestClient
from trigpoint.register import Registers
from trigpoint.schema.items import format_hash


def test_list_has_every_register(client: TestClient, registers: Registers) -> None:
    """The list names each register held, with size and root hash of its log."""
    found = {
        one["register"]: one for one in client.get("/registers").json()["registers"]
    }
    assert sorted(found) == sorted(registers.log.sizes())
    assert found["country"]["size"] == 5
    assert found["country"]["records"] == 4
    assert found["country"]["root"] == format_hash(registers.log.root("country"))


def test_register_describes_its_fields(client: TestClient) -> None:
    """A register lists its fields with kind, cardinality and what they link to."""
    about = client.get("/registers/local-authority-eng").json()
    fields = {field["field"]: field for field in about["fields"]}
    assert fields["successors"]["cardinality"] == "n"
    assert fields["successors"]["register"] == "local-authority-eng"
    assert fields["name"]["required"] is True
    assert fields["start-date"]["kind"] == "date"
    assert "Ministry" in about["custodian"]


def test_context_is_what_records_point_to(client: TestClient) -> None:
    """A record's `@context` is the address of the register's context."""
    record = client.get("/registers/country/records/GB").json()
    assert record["@context"].endswith("/registers/country/context.jsonld")
    context = client.get("/registers/country/context.jsonld")
    assert context.headers["content-type"] == "application/ld+json"
    assert context.json()["@context"]["_entry"] is None


def test_shape_accepts_the_record_and_refuses_a_broken_one(client: TestClient) -> None:
    """The shape that is served gates: pySHACL passes a record, and not without name."""
    shapes = Graph().parse(
        data=client.get("/registers/country/shape").text, format="turtle"
    )
    record = client.get("/registers/country/records/GB.ttl").text
    good = Graph().parse(data=record, format="turtle")
    bad = Graph().parse(data=record.replace("United Kingdom", ""), format="turtle")
    assert validate(good, shacl_graph=shapes)[0] is True
    assert validate(bad, shacl_graph=shapes)[0] is False


def test_unknown_register_is_not_found(client: TestClient) -> None:
    """Every door of a register says 404 when there is no such register."""
    for rest in ("", "/records", "/records/x", "/entries", "/shape", "/download.rsf"):
        answer = client.get(f"/registers/nothing{rest}")
        assert answer.status_code == 404, rest
        assert answer.json()["type"] == "/problems/no-such-register"


def test_pages_escape_what_registers_say(client: TestClient) -> None:
    """A register's page shows its text as text."""
    page = client.get("/registers/trap.html").text
    assert "Office of Traps" in page
    assert "<code>links</code>" in page


def test_unknown_parameters_are_refused(client: TestClient) -> None:
    """A parameter that a door does not have is refused, not passed over."""
    for path in ("/", "/registers", "/registers/country", "/dumps", "/def"):
        answer = client.get(f"{path}?page=2")
        assert (answer.status_code, answer.json()["parameter"]) == (400, "page"), path
