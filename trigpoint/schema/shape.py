"""A register's schema, read from its SHACL node shape.

`sh:name`, `sh:path`, `sh:order`, `sh:datatype`, `sh:class` and the counts of each
property shape say what a field is (SHACL, W3C Recommendation 2017, sections 2-4);
the `tp:` annotations on the node shape say what the register is. Nothing else
describes a register: every format and check is derived from the `Schema` here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from rdflib import Graph, URIRef
from rdflib import Literal as RdfLiteral
from rdflib.collection import Collection
from rdflib.namespace import DCTERMS, RDF, RDFS, SH, XSD
from rdflib.term import Node

from trigpoint.errors import InvalidShape
from trigpoint.iris import ONTOLOGY
from trigpoint.schema.annotations import number, optional, spelling, text, texts, tp

Kind = Literal["literal", "language", "date", "link", "curie", "geometry"]
Encoding = Literal["lon-lat", "wkt"]

GEO = "http://www.opengis.net/ont/geosparql#"
HAS_GEOMETRY = URIRef(f"{GEO}hasGeometry")
_ENTITY = re.compile("[A-Z][0-9]{2}")
_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_ENCODINGS: dict[str, Encoding] = {
    f"{ONTOLOGY}LonLat": "lon-lat",
    f"{ONTOLOGY}WKT": "wkt",
}
_DATES = {XSD.gYear, XSD.gYearMonth, XSD.date, XSD.dateTime}
# The store turns other XSD numbers into these, and so would not agree with the dumps.
_KEPT = _DATES | {XSD.string, XSD.integer, XSD.decimal, XSD.boolean, XSD.anyURI}


@dataclass(frozen=True)
class Field:
    """One field of a register: a column, a JSON member, a property."""

    name: str
    path: str
    order: int
    kind: Kind
    datatypes: tuple[str, ...]
    language: str | None
    target_class: str | None
    target: str | None  # the register whose class that is; known to a catalogue only
    many: bool
    required: bool
    holds: bool
    encoding: Encoding | None
    label: str
    description: str
    shape: str
    spelling: str | None = None  # the IRI of a tp:KeySpelling
    # Registers to which it may lead, with the first three characters of their keys if
    # those are GSS codes; known to a catalogue only.
    entities: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def is_link(self) -> bool:
        return self.kind in ("link", "curie")


@dataclass(frozen=True)
class Schema:
    """What a register holds, and what it is; `fields` stand in `sh:order`."""

    register: str
    shape: str
    target_class: str
    fields: tuple[Field, ...]
    key: str
    key_spelling: str | None
    geometry: str | None
    start: str | None
    end: str | None
    successor: str | None
    exact_match: tuple[str, ...]
    area_layer: str | None
    title: str
    description: str
    custodian: str
    licence: str
    copyright: str
    phase: str
    criticality: str | None
    max_drop: float
    max_blanked: float
    derived: bool
    entity_prefixes: tuple[str, ...] = ()

    @cached_property
    def by_name(self) -> dict[str, Field]:
        return {field.name: field for field in self.fields}

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(field.name for field in self.fields)

    def field(self, name: str) -> Field:
        """The field called `name`; raises KeyError when there is none."""
        return self.by_name[name]


def check_name(name: str) -> str:
    """The name of a register or a field, as it was given.

    Raises InvalidShape when it is not in GDS spelling: lower case, digits, hyphens.
    """
    if not _NAME.fullmatch(name):
        raise InvalidShape(f"“{name}” is not a register or field name in GDS spelling")
    return name


def register_shapes(graph: Graph) -> list[URIRef]:
    """The node shapes in `graph` that define a register."""
    return sorted(s for s in graph.subjects(tp("register")) if isinstance(s, URIRef))


def read_schema(graph: Graph, shape: URIRef, *, derived: bool = False) -> Schema:
    """The schema that the node shape `shape` defines.

    Raises InvalidShape, naming the shape and the annotation that is missing or wrong.
    """
    register = check_name(text(graph, shape, tp("register")))
    fields = tuple(
        sorted(
            (_read_field(graph, node) for node in graph.objects(shape, SH.property)),
            key=lambda field: (field.order, field.name),
        )
    )
    schema = Schema(
        register=register,
        shape=str(shape),
        target_class=text(graph, shape, SH.targetClass),
        fields=fields,
        key=text(graph, shape, tp("keyField")),
        key_spelling=spelling(graph, shape, tp("keySpelling")),
        geometry=optional(graph, shape, tp("geometryField")),
        start=optional(graph, shape, tp("startField")),
        end=optional(graph, shape, tp("endField")),
        successor=optional(graph, shape, tp("successorField")),
        exact_match=texts(graph, shape, tp("exactMatchTemplate")),
        area_layer=optional(graph, shape, tp("areaLayer")),
        title=text(graph, shape, RDFS.label),
        description=text(graph, shape, DCTERMS.description),
        custodian=text(graph, shape, tp("custodian")),
        licence=text(graph, shape, DCTERMS.license),
        copyright=optional(graph, shape, tp("copyright")) or "",
        phase=optional(graph, shape, tp("phase")) or "alpha",
        criticality=optional(graph, shape, tp("criticality")),
        max_drop=number(graph, shape, tp("maxDrop"), 0.2),
        max_blanked=number(graph, shape, tp("maxBlanked"), 0.2),
        derived=derived,
        entity_prefixes=texts(graph, shape, tp("entityPrefix")),
    )
    _check(graph, shape, schema)
    return schema


def _check(graph: Graph, shape: URIRef, schema: Schema) -> None:
    names = [field.name for field in schema.fields]
    for what in (
        schema.key,
        schema.geometry,
        schema.start,
        schema.end,
        schema.successor,
    ):
        if what is not None and what not in names:
            raise InvalidShape(f"<{shape}>: there is no field called “{what}”")
    if len(set(names)) != len(names):
        raise InvalidShape(f"<{shape}>: two fields have the same sh:name")
    orders = [field.order for field in schema.fields if field.order]
    if len(set(orders)) != len(orders):
        raise InvalidShape(f"<{shape}>: two fields have the same sh:order")
    key = schema.field(schema.key)
    if key.kind != "literal" or key.many or not key.required:
        raise InvalidShape(
            f"<{shape}>: the key “{key.name}” must be one literal, required"
        )
    if graph.value(shape, SH.closed) != RdfLiteral(True):
        raise InvalidShape(
            f"<{shape}> is not sh:closed: an undeclared column could get in"
        )
    geometries = [field for field in schema.fields if field.kind == "geometry"]
    if [field.name for field in geometries] != [schema.geometry][: len(geometries)]:
        raise InvalidShape(
            f"<{shape}>: tp:geometryField must name its one geometry field"
        )
    if any(field.many for field in geometries):
        raise InvalidShape(f"<{shape}>: a geometry field needs sh:maxCount 1")
    _check_identifiers(shape, schema)


def _check_identifiers(shape: URIRef, schema: Schema) -> None:
    key = schema.field(schema.key)
    if key.spelling is not None:
        raise InvalidShape(f"<{key.shape}> is the key: it takes tp:keySpelling")
    for field in schema.fields:
        if field.spelling is not None and field.kind != "literal":
            raise InvalidShape(
                f"<{field.shape}> is a {field.kind}: tp:valueSpelling is for literals"
            )
    if schema.entity_prefixes and schema.key_spelling != str(tp("GssCode")):
        raise InvalidShape(
            f"<{shape}>: tp:entityPrefix is for keys of tp:keySpelling tp:GssCode"
        )
    if not all(map(_ENTITY.fullmatch, schema.entity_prefixes)):
        raise InvalidShape(
            f"<{shape}>: expected a letter and two digits as tp:entityPrefix"
        )


def _read_field(graph: Graph, node: Node) -> Field:
    if not isinstance(node, URIRef):
        raise InvalidShape("a sh:property without an IRI: reports could not name it")
    name = check_name(text(graph, node, SH.name))
    path = graph.value(node, SH.path)
    if not isinstance(path, URIRef):
        raise InvalidShape(f"<{node}>: expected one IRI as sh:path")
    _check_pattern(graph, node)
    datatypes = _datatypes(graph, node)
    language = _language(graph, node)
    target = optional(graph, node, SH["class"])
    return Field(
        name=name,
        path=str(path),
        order=int(number(graph, node, SH.order, 0)),
        kind=_kind(graph, node, path, datatypes, language, target),
        datatypes=datatypes,
        language=language,
        target_class=target,
        target=None,
        many=number(graph, node, SH.maxCount, 2) > 1,
        required=number(graph, node, SH.minCount, 0) > 0,
        holds=optional(graph, node, tp("holds")) == "true",
        encoding=_encoding(graph, node, path),
        label=optional(graph, node, RDFS.label) or name.replace("-", " ").capitalize(),
        description=optional(graph, node, SH.description) or "",
        shape=str(node),
        spelling=spelling(graph, node, tp("valueSpelling")),
    )


def _check_pattern(graph: Graph, node: URIRef) -> None:
    for pattern in graph.objects(node, SH.pattern):
        try:
            re.compile(str(pattern))
        except re.error as error:
            raise InvalidShape(
                f"<{node}>: “{pattern}” is no regular expression: {error}"
            ) from error


def _kind(
    graph: Graph,
    node: Node,
    path: URIRef,
    datatypes: tuple[str, ...],
    language: str | None,
    target: str | None,
) -> Kind:
    if path == HAS_GEOMETRY:
        return "geometry"
    if graph.value(node, tp("curie")) == RdfLiteral(True):
        return "curie"
    if target is not None:
        return "link"
    if language is not None:
        return "language"
    if not datatypes:
        raise InvalidShape(f"{node}: expected sh:datatype, sh:class or tp:curie")
    return "date" if set(map(URIRef, datatypes)) <= _DATES else "literal"


def _encoding(graph: Graph, node: Node, path: URIRef) -> Encoding | None:
    """How a geometry is written in items; None for a field of another kind."""
    if path != HAS_GEOMETRY:
        return None
    encoding = optional(graph, node, tp("geometryEncoding"))
    if encoding not in _ENCODINGS:
        known = " or ".join(f"<{name}>" for name in _ENCODINGS)
        raise InvalidShape(f"{node}: a geometry needs tp:geometryEncoding {known}")
    return _ENCODINGS[encoding]


def _datatypes(graph: Graph, node: Node) -> tuple[str, ...]:
    """The `sh:datatype`, or those of a `sh:or` list whose members have only that."""
    alternatives = graph.value(node, SH["or"])
    members: Iterable[Node] = [node]
    if alternatives is not None and (node, SH.datatype, None) not in graph:
        members = Collection(graph, alternatives)
    found = [graph.value(member, SH.datatype) for member in members]
    for datatype in found:
        of_xsd = str(datatype).startswith(str(XSD))
        if of_xsd and datatype not in _KEPT:
            raise InvalidShape(
                f"{node}: <{datatype}> is not kept as it is; of XSD's datatypes use "
                + ", ".join(sorted(str(kept).rpartition("#")[2] for kept in _KEPT))
            )
    return tuple(str(datatype) for datatype in found if datatype is not None)


def _language(graph: Graph, node: Node) -> str | None:
    """The first of `sh:languageIn`, for a field of rdf:langString."""
    if graph.value(node, SH.datatype) != RDF.langString:
        return None
    languages = graph.value(node, SH.languageIn)
    tags = [] if languages is None else list(Collection(graph, languages))
    if not tags:
        raise InvalidShape(f"{node}: a field of rdf:langString needs sh:languageIn")
    # RDF 1.1 section 3.3: tags compare in lower case, and that is how stores keep them.
    return str(tags[0]).lower()
