"""JSON Schema of a record, derived from its register's shape.

JSON Schema draft 2020-12, the dialect of OpenAPI 3.1. Every value of an item is text or
an array of texts (Registers Specification, "Item"); what a shape says of patterns,
lengths, ranges and code lists is carried over where text can carry it.
"""

from __future__ import annotations

from typing import Any

from rdflib import Graph, Literal, URIRef
from rdflib.collection import Collection
from rdflib.namespace import SH, XSD

from trigpoint.schema.shape import Field, Schema

ENTRY_MODEL = "Entry"
GEOMETRY_MODEL = "Geometry"

_TEXT = {"type": "string"}
_DATE_PATTERN = (
    r"^\d{4}(-\d{2}(-\d{2}(T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})?)?)?)?$"
)
_NUMBER_PATTERNS = {
    str(XSD.integer): r"^[+-]?\d+$",
    str(XSD.decimal): r"^[+-]?(\d+(\.\d*)?|\.\d+)$",
    str(XSD.boolean): "^(true|false|1|0)$",
}


def model_name(register: str) -> str:
    """The name of a register's model: `local-authority-eng` -> `LocalAuthorityEng`."""
    return "".join(part.capitalize() for part in register.split("-"))


def record_model(schema: Schema, shapes: Graph) -> dict[str, Any]:
    """The JSON Schema of a record of `schema` as it is served in JSON.

    `shapes` is the graph that the shape was read from. References to the models named
    above are as OpenAPI writes them (`#/components/schemas/…`).
    """
    properties: dict[str, Any] = {
        "@context": {**_TEXT, "format": "uri"},
        "@id": {**_TEXT, "format": "uri"},
        "@type": {"const": schema.target_class},
        "_entry": _reference(ENTRY_MODEL),
    }
    for field in schema.fields:
        properties[field.name] = _field_model(field, shapes)
    if schema.geometry:
        properties["hasGeometry"] = _reference(GEOMETRY_MODEL)
    if schema.exact_match:
        uris = {"type": "array", "items": {**_TEXT, "format": "uri"}}
        properties["exactMatch"] = {
            **uris,
            "description": "IRIs elsewhere that name the same thing.",
        }
    return {
        "title": schema.title,
        "description": schema.description,
        "type": "object",
        "properties": properties,
        "required": ["@context", "@id", "@type", "_entry"]
        + [field.name for field in schema.fields if field.required],
        "additionalProperties": False,
    }


def shared_models() -> dict[str, Any]:
    """The models that every record refers to."""
    names = ("register", "entry-number", "entry-timestamp", "key", "item-hash")
    entry = {name: dict(_TEXT) for name in names}
    entry["entry-number"]["pattern"] = r"^[1-9]\d*$"
    entry["entry-timestamp"]["format"] = "date-time"
    entry["item-hash"]["pattern"] = "^sha-256:[0-9a-f]{64}$"
    return {
        ENTRY_MODEL: {
            "description": "The line of the log that a record comes from.",
            "type": "object",
            "properties": {**entry, "log-size": {**_TEXT, "pattern": r"^\d+$"}},
            "required": list(names),
        },
        GEOMETRY_MODEL: {
            "description": "A geometry of its own IRI; its text is WKT, longitude and "
            "latitude in degrees (CRS84) unless it names another system.",
            "type": "object",
            "properties": {
                "@id": {**_TEXT, "format": "uri"},
                "@type": {**_TEXT, "format": "uri"},
                "asWKT": dict(_TEXT),
            },
            "required": ["@id", "@type", "asWKT"],
        },
    }


def _field_model(field: Field, shapes: Graph) -> dict[str, Any]:
    value = {**_TEXT, **_constraints(field, shapes)}
    model: dict[str, Any] = value
    if field.many:
        model = {"type": "array", "items": value}
    return {**model, "title": field.label, "description": _description(field)}


def _description(field: Field) -> str:
    if field.kind == "link":
        return f"{field.description} A key of the register {field.target}.".strip()
    if field.kind == "curie":
        return f"{field.description} Written register:key.".strip()
    return field.description


def _constraints(field: Field, shapes: Graph) -> dict[str, Any]:
    """What the property shape says of a value, as far as it says it of its text."""
    if field.kind == "date":
        return {"pattern": _DATE_PATTERN}
    if field.kind == "curie":
        return {"pattern": "^[a-z][a-z0-9-]*:."}
    if field.kind in ("link", "geometry"):
        return {}
    node = URIRef(field.shape)
    found: dict[str, Any] = {}
    if field.datatypes and field.datatypes[0] in _NUMBER_PATTERNS:
        found["pattern"] = _NUMBER_PATTERNS[field.datatypes[0]]
    if field.datatypes and field.datatypes[0] == str(XSD.anyURI):
        found["format"] = "uri"
    pattern, flags = shapes.value(node, SH.pattern), shapes.value(node, SH.flags)
    if pattern is not None and flags is None:
        found["pattern"] = str(pattern)
    for name in ("minLength", "maxLength"):
        limit = shapes.value(node, SH[name])
        if isinstance(limit, Literal):
            found[name] = int(limit)
    members = shapes.value(node, SH["in"])
    if members is not None:
        found["enum"] = [str(member) for member in Collection(shapes, members)]
    return found


def _reference(model: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{model}"}
