"""A shape for a register that brings only GDS field definitions.

The archived GOV.UK Registers carry, as system entries, a `register` item (fields,
text, registry) and a `field` item for each field (datatype, cardinality, register);
the Registers Specification lists the datatypes. A field that our own shapes all map
to one property gets that property here too, so `name` is `rdfs:label` everywhere.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from rdflib import BNode, Graph, Literal, URIRef
from rdflib.collection import Collection
from rdflib.namespace import DCTERMS, RDF, RDFS, SH, SKOS, XSD

from trigpoint.errors import InvalidShape
from trigpoint.iris import SHAPES
from trigpoint.schema.annotations import tp
from trigpoint.schema.catalogue import DERIVED_CLASS, Schemas
from trigpoint.schema.items import Item
from trigpoint.schema.shape import check_name, read_schema, register_shapes

FIELD = "https://w3id.org/trigpoint/field/"
OGL = "http://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"
MAX_SHAPE = 1_000_000  # letters: over 50 times what an archived register has
# What rdflib raises for a text that is no Turtle, by the way in which it is none.
_UNREADABLE = (SyntaxError, ValueError, LookupError, AttributeError, TypeError)
_DATES = (XSD.date, XSD.gYearMonth, XSD.gYear, XSD.dateTime)
_DATATYPES = {
    "string": XSD.string,
    "text": XSD.string,
    "url": XSD.anyURI,
    "integer": XSD.integer,
    "period": XSD.string,
}


def derive_shape(
    register: str,
    definition: Item,
    fields: Mapping[str, Item],
    title: str,
    schemas: Schemas,
) -> str:
    """The Turtle of a shape made from a register's own system entries.

    `definition` is its `register:` item and `fields` its `field:` items by name.
    Raises InvalidShape when a declared field has no definition, a name is not in GDS
    spelling, or a datatype is not one of the specification's.
    """
    order = definition.get("fields")
    if not isinstance(order, list) or register not in order:
        raise InvalidShape(f"register {register} does not declare its fields")
    if len(set(order)) != len(order):
        raise InvalidShape(f"register {register} declares a field twice")
    graph = Graph()
    shape = URIRef(SHAPES + check_name(register))
    _describe(graph, shape, register, definition, title)
    paths = _agreed_paths(schemas)
    for position, name in enumerate(order, start=1):
        if name not in fields:
            raise InvalidShape(f"register {register}: field “{name}” is not defined")
        node = URIRef(f"{SHAPES}{register}-{check_name(name)}")
        graph.add((shape, SH.property, node))
        _field(graph, node, name, position, fields[name], name == register, schemas)
        path = SKOS.notation if name == register else paths.get(name, FIELD + name)
        graph.add((node, SH.path, URIRef(path)))
    for name, annotation in (("start-date", "startField"), ("end-date", "endField")):
        if name in order:
            graph.add((shape, tp(annotation), Literal(name)))
    return graph.serialize(format="turtle")


def check_derived(register: str, text: str, schemas: Schemas) -> None:
    """Raises InvalidShape unless a text is the Turtle of a shape such as `derive_shape`
    makes of this register: one that somebody sends, and that says anything of another,
    would change or break every register that is read beside it."""
    if len(text) > MAX_SHAPE:
        raise InvalidShape(f"the shape of {register} is longer than {MAX_SHAPE:,}")
    shape = URIRef(SHAPES + check_name(register))
    try:
        graph = Graph().parse(data=text, format="turtle")
        schema = read_schema(graph, shape, derived=True)
    except (InvalidShape, *_UNREADABLE) as error:
        raise InvalidShape(f"the shape of {register} cannot be read: {error}") from (
            error
        )
    nodes = {URIRef(f"{SHAPES}{register}-{name}") for name in schema.names}
    named = {one for one in graph.subjects() if isinstance(one, URIRef)}
    if (
        not named <= {shape, *nodes}
        or schema.register != register
        or schema.target_class != DERIVED_CLASS + register
        or register_shapes(graph) != [shape]
    ):
        raise InvalidShape(f"the shape of {register} says something of others")
    for field in schema.fields:
        target = field.target_class if field.kind == "link" else None
        known = target is None or target.startswith(DERIVED_CLASS)
        if not known and schemas.by_class(str(target)) is None:
            raise InvalidShape(f"the shape of {register} links to an unknown {target}")


def _describe(
    graph: Graph, shape: URIRef, register: str, definition: Item, title: str
) -> None:
    ignored = BNode()
    Collection(graph, ignored, [RDF.type])
    registry = str(definition.get("registry", "")).replace("-", " ").capitalize()
    graph.add((shape, RDF.type, SH.NodeShape))
    graph.add((shape, SH.targetClass, URIRef(DERIVED_CLASS + register)))
    graph.add((shape, SH.closed, Literal(True)))
    graph.add((shape, SH.ignoredProperties, ignored))
    graph.add((shape, tp("register"), Literal(register)))
    graph.add((shape, tp("keyField"), Literal(register)))
    graph.add((shape, tp("custodian"), Literal(registry)))
    graph.add((shape, tp("phase"), Literal(definition.get("phase", "alpha"))))
    graph.add((shape, RDFS.label, Literal(title, lang="en")))
    text = str(definition.get("text", title))
    graph.add((shape, DCTERMS.description, Literal(text, lang="en")))
    graph.add((shape, DCTERMS.license, URIRef(OGL)))
    if "copyright" in definition:
        graph.add((shape, tp("copyright"), Literal(definition["copyright"])))


def _field(
    graph: Graph,
    node: URIRef,
    name: str,
    order: int,
    definition: Item,
    is_key: bool,
    schemas: Schemas,
) -> None:
    graph.add((node, RDF.type, SH.PropertyShape))
    graph.add((node, SH.name, Literal(name)))
    graph.add((node, SH.order, Literal(order)))
    graph.add((node, SH.description, Literal(definition.get("text", ""), lang="en")))
    if definition.get("cardinality", "1") == "1":
        graph.add((node, SH.maxCount, Literal(1)))
    if is_key:
        graph.add((node, SH.minCount, Literal(1)))
        graph.add((node, SH.datatype, XSD.string))
        return
    datatype = str(definition.get("datatype", ""))
    target = definition.get("register")
    if datatype == "curie":
        graph.add((node, tp("curie"), Literal(True)))
        graph.add((node, SH.nodeKind, SH.IRI))
    elif isinstance(target, str):
        known = schemas[target].target_class if target in schemas else None
        derived = DERIVED_CLASS + check_name(target)
        graph.add((node, SH["class"], URIRef(known or derived)))
        graph.add((node, SH.nodeKind, SH.IRI))
        # An archive may hold a link without the register that it points to.
        graph.add((node, SH.severity, SH.Warning))
    elif datatype == "datetime":
        _one_of_dates(graph, node)
    elif datatype in _DATATYPES:
        graph.add((node, SH.datatype, _DATATYPES[datatype]))
    else:
        raise InvalidShape(f"field {name}: “{datatype}” is not a GDS datatype")


def _one_of_dates(graph: Graph, node: URIRef) -> None:
    members: list[BNode] = []
    for datatype in _DATES:
        member = BNode()
        graph.add((member, SH.datatype, datatype))
        members.append(member)
    alternatives = BNode()
    Collection(graph, alternatives, list(members))
    graph.add((node, SH["or"], alternatives))


def _agreed_paths(schemas: Schemas) -> dict[str, str]:
    """The property of each literal field that our own shapes agree on."""
    paths: dict[str, set[str]] = defaultdict(set)
    for schema in schemas.values():
        if not schema.derived:
            for field in schema.fields:
                if field.kind in ("literal", "date") and field.name != schema.key:
                    paths[field.name].add(field.path)
    return {name: found.pop() for name, found in paths.items() if len(found) == 1}
