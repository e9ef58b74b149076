"""Registers made by hand, for tests that bring a shape of their own."""

from __future__ import annotations

from collections.abc import Sequence

from rdflib import XSD

from trigpoint.schema.shape import Encoding, Field, Kind, Schema

BASE = "https://register.example"
MADE = "https://register.example/made#"


def a_field(
    name: str,
    path: str,
    *,
    kind: Kind = "literal",
    datatypes: tuple[str, ...] = (str(XSD.string),),
    language: str | None = None,
    target: str | None = None,
    target_class: str | None = None,
    encoding: Encoding | None = None,
    many: bool = False,
) -> Field:
    """A field as its shape would define it; a path without a colon is made up here."""
    return Field(
        name=name,
        path=path if ":" in path else MADE + path,
        order=0,
        kind=kind,
        datatypes=datatypes if kind in ("literal", "date") else (),
        language=language,
        target_class=target_class,
        target=target,
        many=many,
        required=False,
        holds=False,
        encoding=encoding,
        label=name,
        description="",
        shape=f"{MADE}field-{name}",
    )


def a_schema(
    register: str, shape: str, target_class: str, fields: Sequence[Field]
) -> Schema:
    """A schema of these fields, the first of which is the key."""
    geometries = [field.name for field in fields if field.kind == "geometry"]
    return Schema(
        register=register,
        shape=shape,
        target_class=target_class,
        fields=tuple(fields),
        key=fields[0].name,
        key_spelling=None,
        geometry=geometries[0] if geometries else None,
        start=None,
        end=None,
        successor=None,
        exact_match=(),
        area_layer=None,
        title=register,
        description="",
        custodian="Nobody",
        licence="",
        copyright="",
        phase="alpha",
        criticality=None,
        max_drop=1.0,
        max_blanked=1.0,
        derived=False,
    )
