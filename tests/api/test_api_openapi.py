"""The OpenAPI document: doors, problems, and models that records really fit."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.testclient import TestClient
from trigpoint.schema.model import model_name

OPERATIONS = ("get", "post")


@pytest.fixture(scope="session")
def document(client: TestClient) -> dict[str, Any]:
    """The document as it is served."""
    body: dict[str, Any] = client.get("/openapi.json").json()
    return body


def test_every_door_is_documented(document: dict[str, Any]) -> None:
    """Each address that clients may ask for has a summary and a description."""
    for path in (
        "/",
        "/registers",
        "/registers/{register}",
        "/registers/{register}/records",
        "/registers/{register}/records/{key}",
        "/registers/{register}/records/{key}/entries",
        "/registers/{register}/entries",
        "/registers/{register}/entries/{number}",
        "/items/{digest}",
        "/registers/{register}/download.rsf",
        "/id/{register}/{key}",
        "/doc/{register}/{key}",
        "/lookup/point",
        "/lookup/postcode/{postcode}",
        "/lookup/nearest",
        "/lookup/within",
        "/sparql",
        "/dumps",
        "/dumps/{file}",
        "/health",
    ):
        operation = document["paths"][path]["get"]
        assert operation["summary"], path
        assert operation["description"], path


def test_problems_are_documented_and_the_old_shape_is_not(
    document: dict[str, Any],
) -> None:
    """Every operation promises problem documents, and FastAPI's own error nowhere."""
    assert "HTTPValidationError" not in document["components"]["schemas"]
    for path, operations in document["paths"].items():
        for method in set(operations) & set(OPERATIONS):
            responses = operations[method]["responses"]
            assert {"404", "422", "500"} <= set(responses), path
            content = responses["422"]["content"]
            assert list(content) == ["application/problem+json"]


def test_operations_have_names_of_their_own(document: dict[str, Any]) -> None:
    """No two operations share an id, which code generators need."""
    names = [
        operation["operationId"]
        for operations in document["paths"].values()
        for method, operation in operations.items()
        if method in OPERATIONS
    ]
    assert len(set(names)) == len(names)


def test_references_lead_somewhere(document: dict[str, Any]) -> None:
    """Every `$ref` in the document points to a part of it."""
    found = re.findall(r"'\$ref': '([^']+)'", repr(document))
    assert found
    for reference in set(found):
        part: Any = document
        for name in reference.removeprefix("#/").split("/"):
            part = part[name]
        assert part, reference


def test_every_register_has_a_model_that_its_records_fit(
    client: TestClient, document: dict[str, Any]
) -> None:
    """Each register's model is there, and each record has just its members."""
    models = document["components"]["schemas"]
    for one in client.get("/registers").json()["registers"]:
        model = models[model_name(one["register"])]
        page = client.get(f"/registers/{one['register']}/records").json()
        for record in page["records"]:
            assert set(model["required"]) <= set(record)
            assert set(record) <= set(model["properties"])
            for name, value in record.items():
                fits(value, model["properties"][name])


def fits(value: object, model: dict[str, Any]) -> None:
    """A value against the part of JSON Schema that the models use."""
    if model.get("type") == "array":
        assert isinstance(value, list)
        for one in value:
            fits(one, model["items"])
    elif model.get("type") == "string":
        assert isinstance(value, str)
        assert re.search(model.get("pattern", ""), value), (value, model)
        assert value in model.get("enum", [value])
    elif "const" in model:
        assert value == model["const"]


def test_filters_and_parameters_are_documented(document: dict[str, Any]) -> None:
    """Parameters have descriptions, and numbers are said to be numbers."""
    records = document["paths"]["/registers/{register}/records"]["get"]["parameters"]
    names = {parameter["name"] for parameter in records}
    assert {"register", "at", "limit", "after", "filters"} <= names
    point = document["paths"]["/lookup/point"]["get"]["parameters"]
    by_name = {parameter["name"]: parameter for parameter in point}
    assert "number" in repr(by_name["lon"]["schema"])
    assert by_name["lon"]["description"]
