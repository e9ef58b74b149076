"""JSON Schema of records, as the shapes have it."""

from __future__ import annotations

import re

import pytest

from trigpoint.resources import resource_folder
from trigpoint.schema.catalogue import Schemas
from trigpoint.schema.model import model_name, record_model, shared_models


@pytest.fixture(scope="module")
def schemas() -> Schemas:
    """The project's own shapes."""
    return Schemas([resource_folder("shapes")], [resource_folder("ontology")])


def test_names_are_camel_case() -> None:
    """A model is called as its register, without hyphens."""
    assert model_name("local-authority-eng") == "LocalAuthorityEng"


def test_shape_constraints_are_carried_over(schemas: Schemas) -> None:
    """Patterns, lengths and what is required come from the shape."""
    model = record_model(schemas["country"], schemas.graph)
    key = model["properties"]["country"]
    assert re.search(key["pattern"], "GB")
    assert not re.search(key["pattern"], "gb")
    assert model["properties"]["name"]["minLength"] == 1
    assert {"@id", "_entry", "country", "name"} <= set(model["required"])
    assert model["additionalProperties"] is False


def test_many_values_are_an_array(schemas: Schemas) -> None:
    """A field that takes several values is an array of text, and says what it links."""
    properties = record_model(schemas["school-eng"], schemas.graph)["properties"]
    assert properties["successors"]["type"] == "array"
    assert "register school-eng" in properties["successors"]["description"]
    assert "hasGeometry" in properties


@pytest.mark.parametrize(
    "date", ["1905", "1993-01", "2018-10-09", "2016-04-05T13:23:05Z"]
)
def test_dates_of_any_precision_fit(schemas: Schemas, date: str) -> None:
    """The model of a date takes every GDS precision, and nothing else."""
    properties = record_model(schemas["country"], schemas.graph)["properties"]
    pattern = properties["start-date"]["pattern"]
    assert re.search(pattern, date)
    assert not re.search(pattern, "9 October 2018")


def test_every_register_has_a_model(schemas: Schemas) -> None:
    """No shape of ours is beyond what the models can say."""
    models = [record_model(schema, schemas.graph) for schema in schemas.values()]
    assert len(models) > 20
    assert all(model["description"] for model in models)
    assert set(shared_models()) == {"Entry", "Geometry"}
