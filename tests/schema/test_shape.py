"""A node shape becomes a schema, or is refused with the shape and the reason."""

from __future__ import annotations

import pytest
from rdflib import Graph

from tests.schema.museum import MUSEUM, PREFIXES, XSD
from trigpoint.errors import InvalidShape
from trigpoint.iris import ONTOLOGY, SHAPES
from trigpoint.schema.shape import Schema, read_schema, register_shapes


def read(text: str) -> Schema:
    graph = Graph().parse(data=PREFIXES + text, format="turtle")
    (shape,) = register_shapes(graph)
    return read_schema(graph, shape)


def test_a_shape_says_what_its_register_is() -> None:
    """Every annotation of the node shape is found in the schema."""
    schema = read(MUSEUM)
    assert (schema.register, schema.key, schema.title) == (
        "museum",
        "museum",
        "Museums",
    )
    assert schema.shape == f"{SHAPES}museum"
    assert schema.target_class == f"{ONTOLOGY}Museum"
    assert schema.key_spelling == f"{ONTOLOGY}Uprn"
    assert schema.geometry == "point"
    assert (schema.start, schema.end) == ("opened", None)
    assert schema.exact_match == ("http://example.org/{key}",)
    assert schema.custodian == "County Council"
    assert (schema.phase, schema.criticality) == ("beta", "low")
    assert (schema.max_drop, schema.max_blanked) == (0.5, 0.2)
    assert not schema.derived


def test_fields_stand_in_order_and_know_their_kind() -> None:
    """Fields come by sh:order, each with the kind that its constraints make it."""
    schema = read(MUSEUM)
    assert [(field.name, field.kind) for field in schema.fields] == [
        ("museum", "literal"),
        ("enw", "language"),
        ("opened", "date"),
        ("point", "geometry"),
        ("annexes", "link"),
        ("council", "curie"),
    ]
    assert schema.field("museum").required
    assert not schema.field("enw").required
    assert [f.name for f in schema.fields if f.many] == ["annexes"]
    assert [f.name for f in schema.fields if f.holds] == ["council"]
    assert schema.field("opened").datatypes == (f"{XSD}date", f"{XSD}gYear")
    assert schema.field("point").encoding == "lon-lat"
    assert schema.field("annexes").label == "Annexes"
    assert schema.field("annexes").description == "Other houses."


def test_a_language_tag_is_kept_in_lower_case() -> None:
    """Tags are written as stores give them back: in lower case."""
    assert read(MUSEUM).field("enw").language == "cy-gb"


def test_an_unknown_field_is_a_key_error() -> None:
    """Asking a schema for a field that it has not is refused."""
    with pytest.raises(KeyError):
        read(MUSEUM).field("email")


BROKEN = {
    "no-target-class": ("sh:targetClass tp:Museum ;", "", "targetClass"),
    "no-label": ('rdfs:label "Museums"@en ;', "", "label"),
    "no-description": (
        'dcterms:description "Museums of the county."@en ;',
        "",
        "description",
    ),
    "no-custodian": ('tp:custodian "County Council" ;', "", "custodian"),
    "no-licence": ("dcterms:license <http://example.org/licence> ;", "", "license"),
    "no-key-field": ('tp:keyField "museum" ;', "", "keyField"),
    "register-in-capitals": (
        'tp:register "museum"',
        'tp:register "Museum"',
        "GDS spelling",
    ),
    "key-is-no-field": ('tp:keyField "museum"', 'tp:keyField "id"', "“id”"),
    "start-is-no-field": ('tp:startField "opened"', 'tp:startField "o"', "“o”"),
    "geometry-is-no-field": (
        'tp:geometryField "point"',
        'tp:geometryField "place"',
        "“place”",
    ),
    "key-is-not-required": ("sh:minCount 1 ; ", "", "one literal, required"),
    "key-takes-many": (
        "sh:minCount 1 ; sh:maxCount 1",
        "sh:minCount 1",
        "one literal, required",
    ),
    "key-is-a-date": ('keyField "museum"', 'keyField "opened"', "one literal"),
    "key-spelling-unknown": ("tp:Uprn", "tp:Isbn", "not a key spelling"),
    "value-spelling-unknown": (
        "sh:order 2 ;",
        "sh:order 2 ; tp:valueSpelling tp:Isbn ;",
        "not a key spelling",
    ),
    "value-spelling-of-no-literal": (
        "sh:order 6 ;",
        "sh:order 6 ; tp:valueSpelling tp:Postcode ;",
        "for literals",
    ),
    "value-spelling-of-the-key": (
        "sh:order 1 ;",
        "sh:order 1 ; tp:valueSpelling tp:Uprn ;",
        "tp:keySpelling",
    ),
    "entity-of-other-keys": (
        "tp:keySpelling tp:Uprn ;",
        'tp:keySpelling tp:Uprn ; tp:entityPrefix "E06" ;',
        "tp:GssCode",
    ),
    "entity-of-four-letters": (
        "tp:keySpelling tp:Uprn ;",
        'tp:keySpelling tp:GssCode ; tp:entityPrefix "E060" ;',
        "a letter and two digits",
    ),
    "open-shape": ("sh:closed true", "sh:closed false", "not sh:closed"),
    "closed-not-said": ("sh:closed true ;", "", "not sh:closed"),
    "two-fields-of-one-name": (
        'sh:name "enw"',
        'sh:name "museum"',
        "same sh:name",
    ),
    "geometry-not-named": (
        'tp:geometryField "point" ;',
        "",
        "must name its one geometry",
    ),
    "geometry-takes-many": (
        "tp:geometryEncoding tp:LonLat ; sh:maxCount 1",
        "tp:geometryEncoding tp:LonLat",
        "sh:maxCount 1",
    ),
    "geometry-without-encoding": (
        "tp:geometryEncoding tp:LonLat ; ",
        "",
        "geometryEncoding",
    ),
    "geometry-encoding-unknown": ("tp:LonLat", "tp:LatLon", "geometryEncoding"),
    "field-without-name": ('sh:name "enw" ; ', "", "name"),
    "field-name-with-capital": ('sh:name "enw"', 'sh:name "Enw"', "GDS spelling"),
    "field-without-path": ("sh:path tp:opened ; ", "", "sh:path"),
    "field-path-of-two": (
        "sh:path tp:opened",
        "sh:path ( tp:opened rdfs:label )",
        "sh:path",
    ),
    "field-without-type": (
        "sh:or ( [ sh:datatype xsd:date ] [ sh:datatype xsd:gYear ] ) ; ",
        "",
        "sh:datatype",
    ),
    "field-without-iri": (
        "shape:museum-museum .\n",
        'shape:museum-museum, [ sh:name "x" ; sh:path tp:x ;'
        " sh:datatype xsd:string ] .\n",
        "without an IRI",
    ),
    "order-is-a-word": ("sh:order 5", 'sh:order "last"', "not a number"),
    "max-count-is-a-word": (
        "tp:LonLat ; sh:maxCount 1",
        'tp:LonLat ; sh:maxCount "one"',
        "not a number",
    ),
    "max-drop-is-a-word": ("tp:maxDrop 0.5", 'tp:maxDrop "half"', "not a number"),
    "language-not-said": (
        'sh:languageIn ( "cy-GB" "en" ) ; ',
        "",
        "needs sh:languageIn",
    ),
    "languages-empty": ('( "cy-GB" "en" )', "()", "needs sh:languageIn"),
    "datatype-not-kept": (
        "[ sh:datatype xsd:gYear ]",
        "[ sh:datatype xsd:nonNegativeInteger ]",
        "not kept as it is",
    ),
    "datatype-misspelt": ("sh:datatype xsd:gYear", "sh:datatype xsd:gYaer", "not kept"),
    "two-fields-of-one-order": ("sh:order 5", "sh:order 4", "same sh:order"),
    "pattern-is-none": (
        "sh:order 1 ;",
        'sh:order 1 ; sh:pattern "[a-" ;',
        "no regular expression",
    ),
}


@pytest.mark.parametrize(("old", "new", "says"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_shape_is_refused(old: str, new: str, says: str) -> None:
    """Each defect raises InvalidShape, and the message says what is wrong."""
    broken = MUSEUM.replace(old, new)
    assert broken != MUSEUM
    with pytest.raises(InvalidShape, match=says):
        read(broken)
