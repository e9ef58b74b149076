"""JSON-LD of a record: its item, flat, with a context that makes it RDF.

JSON-LD 1.1 (W3C Recommendation 2020). Links use a property-scoped `@vocab`, so a
plain key becomes the IRI of the record it names. Where the plain string would not
expand to the term that rdf.py writes (a key that equals a field name, holds a colon
or needs encoding, a date of another precision, a number not in canonical form) the
typed document says the term outright; the untyped one keeps the plain string.
Derived members are in camel case, which no GDS field name is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from trigpoint.iris import encode_key, geometry_iri, record_iri
from trigpoint.schema.rdf import (
    EXACT_MATCH,
    XSD,
    canonical_lexical,
    datatype_of,
    exact_matches,
    geometry_type,
    key_of,
    link_iri,
    wkt_of,
)
from trigpoint.schema.shape import GEO, HAS_GEOMETRY, Field, Schema

Document: TypeAlias = "dict[str, Any]"

_DERIVED = ("_entry", "exactMatch", "hasGeometry", "asWKT")


def context_iri(base: str, register: str) -> str:
    return f"{base}/registers/{register}/context.jsonld"


def context(schema: Schema, registers: Iterable[str], base: str) -> Document:
    """The JSON-LD context of a register's records.

    `registers` are the names that a `register:key` value may begin with.
    """
    terms: Document = {"@version": 1.1, "_entry": None}
    for field in schema.fields:
        terms[field.name] = _term_definition(field, registers, base)
    if schema.exact_match:
        terms["exactMatch"] = {
            "@id": EXACT_MATCH,
            "@type": "@id",
            "@container": "@set",
        }
    if schema.geometry:
        terms["hasGeometry"] = {"@id": str(HAS_GEOMETRY)}
        terms["asWKT"] = {"@id": f"{GEO}asWKT", "@type": f"{GEO}wktLiteral"}
    return {"@context": terms}


def _term_definition(field: Field, registers: Iterable[str], base: str) -> Any:
    if field.kind == "geometry":
        return None  # said by hasGeometry
    definition: Document = {"@id": field.path}
    if field.kind == "link":
        definition["@type"] = "@vocab"
        definition["@context"] = {"@vocab": f"{base}/id/{field.target}/"}
    elif field.kind == "curie":
        definition["@type"] = "@vocab"
        prefixes: Document = {
            register: {"@id": f"{base}/id/{register}/", "@prefix": True}
            for register in sorted(registers)
        }
        if field.name in prefixes:
            # Values are read by what this context, not the outer one, says of the term.
            prefixes[field.name]["@type"] = "@vocab"
        definition["@context"] = prefixes
    elif field.kind == "language":
        definition["@language"] = field.language
    elif field.datatypes[0] != f"{XSD}string":
        definition["@type"] = field.datatypes[0]
    if field.many:
        definition["@container"] = "@set"
    return definition


def document(
    item: Mapping[str, str | list[str]],
    schema: Schema,
    base: str,
    entry: Mapping[str, str] | None = None,
    *,
    registers: Iterable[str] = (),
    typed: bool = False,
) -> Document:
    """A record as flat JSON-LD.

    `entry` is shown as `_entry`, which the context maps to nothing. `typed` asks for
    explicit terms where plain strings would not do (`.jsonld` rather than `.json`).
    """
    key = key_of(item, schema)
    iri = record_iri(base, schema.register, key)
    body: Document = {
        "@context": context_iri(base, schema.register),
        "@id": iri,
        "@type": schema.target_class,
    }
    if entry is not None:
        body["_entry"] = dict(entry)
    known = frozenset(registers)
    for name in sorted(item, key=lambda n: schema.field(n).order):
        field, value = schema.field(name), item[name]
        if typed and isinstance(value, list):
            body[name] = [_typed(one, field, schema, base, known) for one in value]
        elif typed:
            body[name] = _typed(str(value), field, schema, base, known)
        else:
            body[name] = value
    if schema.geometry and isinstance(item.get(schema.geometry), str):
        body["hasGeometry"] = _geometry(iri, str(item[schema.geometry]), schema)
    if schema.exact_match:
        body["exactMatch"] = exact_matches(key, schema)
    return body


def _geometry(iri: str, value: str, schema: Schema) -> Document:
    wkt = wkt_of(value, schema.field(schema.geometry or ""))
    kind = geometry_type(wkt)
    if kind is None:  # rdf.py writes a plain string then, which the shape refuses
        return {"@id": geometry_iri(iri), "asWKT": {"@value": wkt}}
    return {"@id": geometry_iri(iri), "@type": kind, "asWKT": wkt}


def _typed(
    value: str, field: Field, schema: Schema, base: str, registers: frozenset[str]
) -> Any:
    """The plain string where it expands to the right term, else the term itself."""
    if field.is_link:
        plain = (
            _plain_curie(value, registers)
            if field.kind == "curie"
            else _plain_link(value, schema)
        )
        return value if plain else {"@id": link_iri(value, field, base)}
    if field.kind in ("language", "geometry"):
        return value
    datatype = datatype_of(field, value)
    form = canonical_lexical(value, datatype)
    if form == value and datatype == field.datatypes[0]:
        return value
    if datatype == f"{XSD}string":
        return {"@value": form}  # rdflib tells xsd:string from a plain string
    return {"@value": form, "@type": datatype}


def _plain_link(key: str, schema: Schema) -> bool:
    """Whether `@vocab` and this key give the record's IRI."""
    taken = key in schema.by_name or key in _DERIVED
    odd = not key or ":" in key or key.startswith("@") or encode_key(key) != key
    return not taken and not odd


def _plain_curie(value: str, registers: frozenset[str]) -> bool:
    register, _, key = value.partition(":")
    odd = not key or encode_key(key) != key
    return register in registers and not odd
