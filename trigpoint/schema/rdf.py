"""RDF of a record: a pure function of item, schema and base IRI.

Lines are canonical N-Triples (RDF 1.2 N-Triples, section 3) without a newline, sorted;
there are no blank nodes, so sorting is all the canonicalisation a record needs.
Literals are written in the canonical lexical form of their datatype (XML Schema 1.1
part 2, appendix E), which is the form that Oxigraph rewrites them to in its store.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import pyoxigraph

from trigpoint.errors import InvalidInput
from trigpoint.iris import ONTOLOGY, SHAPES, encode_key, geometry_iri, record_iri
from trigpoint.schema.shape import GEO, Field, Schema

XSD = "http://www.w3.org/2001/XMLSchema#"
SF = "http://www.opengis.net/ont/sf#"
RDF_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
EXACT_MATCH = "http://www.w3.org/2004/02/skos/core#exactMatch"
PREFIXES = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "geo": GEO,
    "locn": "http://www.w3.org/ns/locn#",
    "org": "http://www.w3.org/ns/org#",
    "ospc": "http://data.ordnancesurvey.co.uk/ontology/postcode/",
    "ossr": "http://data.ordnancesurvey.co.uk/ontology/spatialrelations/",
    "owl": "http://www.w3.org/2002/07/owl#",
    "prov": "http://www.w3.org/ns/prov#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "schema": "http://schema.org/",
    "sf": SF,
    "sh": "http://www.w3.org/ns/shacl#",
    "shape": SHAPES,
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "tp": ONTOLOGY,
    "xsd": XSD,
}

_UNSAFE = re.compile(r'[\x00-\x1f\x7f"\\]')
_NAMED_ESCAPES = {
    "\t": "\\t",
    "\b": "\\b",
    "\n": "\\n",
    "\r": "\\r",
    "\f": "\\f",
    '"': '\\"',
    "\\": "\\\\",
}
_LON_LAT = re.compile(r"\[\s*(-?\d+(?:\.\d+)?)\s*,\s*(-?\d+(?:\.\d+)?)\s*\]", re.ASCII)
_WKT_TYPE = re.compile(r"(?:<[^>]*>)?\s*([A-Za-z]+)")
WKT_NAMES = {
    name.upper(): name
    for name in (
        "Point",
        "LineString",
        "Polygon",
        "MultiPoint",
        "MultiLineString",
        "MultiPolygon",
        "GeometryCollection",
    )
}
_DATE_FORMS = {
    f"{XSD}gYear": re.compile(r"\d{4}", re.ASCII),
    f"{XSD}gYearMonth": re.compile(r"\d{4}-\d{2}", re.ASCII),
    f"{XSD}date": re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII),
    # Without hour 24, which is midnight of the next day and would be rewritten to it.
    f"{XSD}dateTime": re.compile(
        r"\d{4}-\d{2}-\d{2}T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?"
        r"(?:Z|[+-]\d{2}:\d{2})?",
        re.ASCII,
    ),
}
_NUMBER = {
    "integer": re.compile(r"[+-]?\d+", re.ASCII),
    "decimal": re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)", re.ASCII),
}


def escape(text: str) -> str:
    """Text as it stands between the quotes of an N-Triples literal."""
    return _UNSAFE.sub(
        lambda m: _NAMED_ESCAPES.get(m.group()) or f"\\u{ord(m.group()):04X}", text
    )


def literal(text: str, datatype: str = f"{XSD}string") -> str:
    """A literal term in N-Triples; plain for xsd:string."""
    if datatype == f"{XSD}string":
        return f'"{escape(text)}"'
    return f'"{escape(text)}"^^<{datatype}>'


def datatype_of(field: Field, text: str) -> str:
    """The datatype in which a value of `field` is written: the first of the field's
    that its form fits, or xsd:string when none does (which the shape then refuses)."""
    for datatype in field.datatypes:
        form = _DATE_FORMS.get(datatype)
        if form is None or form.fullmatch(text):
            return datatype
    return f"{XSD}string"


def canonical_lexical(text: str, datatype: str) -> str:
    """The canonical lexical form of a value; as it is when it is not well formed."""
    name = datatype.removeprefix(XSD)
    if name in ("integer", "decimal") and _NUMBER[name].fullmatch(text):
        whole, _, fraction = text.lstrip("+-").partition(".")
        digits = (whole.lstrip("0") or "0") + ("." + fraction).rstrip("0").rstrip(".")
        return f"-{digits}" if text[0] == "-" and digits != "0" else digits
    if name == "boolean" and text in ("0", "1"):
        return "true" if text == "1" else "false"
    if name == "dateTime" and _DATE_FORMS[datatype].fullmatch(text):
        text = re.sub(r"(\.\d*?)0+(?=Z|[+-]\d{2}:|$)", r"\1", text)
        text = re.sub(r"\.(?=Z|[+-]\d{2}:|$)", "", text)
        return re.sub(r"[+-]00:00$", "Z", text)
    return text


def wkt_of(value: str, field: Field) -> str:
    """The geo:wktLiteral text of a geometry field's value (CRS84 unless it says)."""
    if field.encoding == "wkt":
        return value
    match = _LON_LAT.fullmatch(value)
    return f"POINT({match[1]} {match[2]})" if match else value


def lon_lat_of(value: str) -> tuple[float, float] | None:
    """Longitude, latitude (degrees, CRS84) of a GDS `point` such as `[-0.1,51.5]`."""
    match = _LON_LAT.fullmatch(value)
    return (float(match[1]), float(match[2])) if match else None


def geometry_type(wkt: str) -> str | None:
    """The `sf:` class of a WKT text, by its keyword; None for an unknown one."""
    match = _WKT_TYPE.match(wkt)
    name = WKT_NAMES.get(match[1].upper()) if match else None
    return f"{SF}{name}" if name else None


def link_target(value: str, field: Field) -> tuple[str, str]:
    """Register and key that a value of a link or curie field names."""
    if field.kind == "curie":
        register, _, key = value.partition(":")
        return register, key
    return field.target or "", value


def link_iri(value: str, field: Field, base: str) -> str:
    """The IRI that a value of a link or curie field stands for."""
    register, key = link_target(value, field)
    return record_iri(base, encode_key(register), key)


def term(value: str, field: Field, base: str) -> str:
    """One value as an N-Triples term (not for geometries, which are two nodes)."""
    if field.is_link:
        return f"<{link_iri(value, field, base)}>"
    if field.kind == "language":
        return f'"{escape(value)}"@{field.language}'
    datatype = datatype_of(field, value)
    return literal(canonical_lexical(value, datatype), datatype)


def key_of(item: Mapping[str, str | list[str]], schema: Schema) -> str:
    """The key of an item; raises InvalidInput when it has none."""
    key = item.get(schema.key)
    if not isinstance(key, str):
        raise InvalidInput(f"an item of {schema.register} needs a “{schema.key}”")
    return key


def exact_matches(key: str, schema: Schema) -> list[str]:
    """IRIs elsewhere that name the same thing, by the shape's templates."""
    return [
        template.replace("{key}", encode_key(key)) for template in schema.exact_match
    ]


def ntriples(
    item: Mapping[str, str | list[str]], schema: Schema, base: str
) -> list[str]:
    """The sorted canonical N-Triples lines of one record."""
    return sorted(set(_lines(item, schema, base)))


def _lines(
    item: Mapping[str, str | list[str]], schema: Schema, base: str
) -> Iterable[str]:
    key = key_of(item, schema)
    iri = record_iri(base, schema.register, key)
    subject = f"<{iri}>"
    yield f"{subject} <{RDF_TYPE}> <{schema.target_class}> ."
    for other in exact_matches(key, schema):
        yield f"{subject} <{EXACT_MATCH}> <{other}> ."
    for name, value in item.items():
        yield from field_lines(iri, value, schema.field(name), base)


def field_lines(
    iri: str, value: str | list[str], field: Field, base: str
) -> Iterable[str]:
    """What the value of one field says of the record `iri`, in N-Triples."""
    values = value if isinstance(value, list) else (value,)
    if field.kind == "geometry":
        yield from _geometry_lines(iri, values, field)
        return
    path = f"<{iri}> <{field.path}> "
    for one in values:
        yield f"{path}{term(one, field, base)} ."


def _geometry_lines(iri: str, values: Iterable[str], field: Field) -> Iterable[str]:
    node = f"<{geometry_iri(iri)}>"
    for value in values:
        wkt = wkt_of(value, field)
        kind = geometry_type(wkt)
        # Without a known type it is not WKT: a plain string, which the shape refuses.
        datatype = f"{GEO}wktLiteral" if kind else f"{XSD}string"
        yield f"<{iri}> <{field.path}> {node} ."
        yield f"{node} <{GEO}asWKT> {literal(wkt, datatype)} ."
        if kind:
            yield f"{node} <{RDF_TYPE}> <{kind}> ."


def parse_lines(lines: Iterable[str]) -> Iterable[pyoxigraph.Triple]:
    """Triples of N-Triples lines."""
    data = "\n".join(lines).encode()
    for quad in pyoxigraph.parse(data, format=pyoxigraph.RdfFormat.N_TRIPLES):
        yield quad.triple


def turtle(lines: Iterable[str]) -> bytes:
    """The same triples as Turtle, with the prefixes that they use.

    Records are written as whole IRIs: a key may hold what a local name may not.
    """
    held = list(lines)
    used = {
        name: iri
        for name, iri in PREFIXES.items()
        if any(f"<{iri}" in line for line in held)
    }
    return (prefix_lines(used) + turtle_body(held, used)).encode()


def turtle_body(lines: Iterable[str], names: Mapping[str, str] = PREFIXES) -> str:
    """Turtle that uses the prefixes `names`, without their lines."""
    form, triples = pyoxigraph.RdfFormat.TURTLE, parse_lines(lines)
    data = pyoxigraph.serialize(triples, format=form, prefixes=dict(names)) or b""
    # The serialiser writes a line per prefix first, in an order that changes.
    return "".join(data.decode().splitlines(keepends=True)[len(names) :])


def prefix_lines(names: Mapping[str, str] = PREFIXES) -> str:
    """Prefixes as Turtle, in order of name."""
    return "".join(
        f"@prefix {name}: <{iri}> .\n" for name, iri in sorted(names.items())
    )
