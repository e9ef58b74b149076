"""Shapes for registers that bring only GDS field definitions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rdflib import SH, Graph

from tests.schema.museum import MUSEUM, PREFIXES
from trigpoint.errors import InvalidShape
from trigpoint.iris import ONTOLOGY, SHAPES
from trigpoint.log.rsf import read_rsf
from trigpoint.resources import resource_folder
from trigpoint.schema.catalogue import Schemas
from trigpoint.schema.derive import FIELD, MAX_SHAPE, check_derived, derive_shape
from trigpoint.schema.items import Item
from trigpoint.schema.shape import Field, Schema

RDFS = "http://www.w3.org/2000/01/rdf-schema#"
SKOS = "http://www.w3.org/2004/02/skos/core#"
XSD = "http://www.w3.org/2001/XMLSchema#"


def definition(**members: Any) -> Item:
    return {"register": "prison", "registry": "ministry-of-justice", **members}


def field(datatype: str, cardinality: str = "1", **members: str) -> Item:
    return {"datatype": datatype, "cardinality": cardinality, **members}


FIELDS: dict[str, Item] = {
    "prison": field("string", register="prison"),
    "name": field("string", text="What it is called."),
    "country": field("string", register="country"),
    "estate": field("string", register="prison-estate"),
    "operator": field("curie"),
    "aliases": field("string", "n"),
    "website": field("url"),
    "places": field("integer"),
    "notes": field("text"),
    "open": field("period"),
    "start-date": field("datetime"),
    "end-date": field("datetime"),
}


def derive(
    schemas: Schemas, fields: dict[str, Item] = FIELDS, **members: Any
) -> Schema:
    described = definition(fields=list(fields), **members)
    text = derive_shape("prison", described, fields, "Prisons", schemas)
    return Schemas([resource_folder("shapes")], derived=[text])["prison"]


def test_a_derived_shape_says_what_the_definition_says(schemas: Schemas) -> None:
    """Title, text, registry and phase come from the register's own items."""
    schema = derive(schemas, text="Prisons of England", phase="beta", copyright="©")
    assert schema.derived
    assert (schema.key, schema.title) == ("prison", "Prisons")
    assert schema.description == "Prisons of England"
    assert schema.custodian == "Ministry of justice"
    assert (schema.phase, schema.copyright) == ("beta", "©")
    assert (schema.start, schema.end) == ("start-date", "end-date")


def test_every_gds_datatype_has_its_kind(schemas: Schemas) -> None:
    """Datatype, cardinality and target register make the field."""
    schema = derive(schemas)

    def said(field: Field) -> tuple[str, bool, str | None]:
        return field.kind, field.many, field.target

    assert [f.name for f in schema.fields] == list(FIELDS)
    assert said(schema.field("country")) == ("link", False, "country")
    assert said(schema.field("estate")) == ("link", False, "prison-estate")
    assert said(schema.field("operator")) == ("curie", False, None)
    assert said(schema.field("aliases")) == ("literal", True, None)
    assert schema.field("website").datatypes == (f"{XSD}anyURI",)
    assert schema.field("places").datatypes == (f"{XSD}integer",)
    assert schema.field("notes").datatypes == (f"{XSD}string",)
    assert schema.field("open").datatypes == (f"{XSD}string",)
    assert schema.field("start-date").kind == "date"
    assert [f.name for f in schema.fields if f.required] == ["prison"]
    assert schema.field("name").description == "What it is called."


def test_a_field_gets_the_property_that_our_shapes_agree_on(schemas: Schemas) -> None:
    """`name` is rdfs:label everywhere; a field that none of ours has gets its own."""
    schema = derive(schemas)
    ours = {
        name: {s.field(name).path for s in schemas.values() if name in s.names}
        for name in ("name", "start-date")
    }
    assert ours["name"] == {f"{RDFS}label"}
    assert schema.field("name").path == f"{RDFS}label"
    assert {schema.field("start-date").path} == ours["start-date"]
    assert schema.field("prison").path == f"{SKOS}notation"
    assert schema.field("operator").path == f"{FIELD}operator"


def test_a_field_on_which_our_shapes_differ_gets_its_own_property(
    tmp_path: Path,
) -> None:
    """Where two shapes of ours map a field to two properties, neither is taken."""
    gallery = (
        MUSEUM.replace("museum", "gallery")
        .replace("tp:Museum", "tp:Gallery")
        .replace("sh:path tp:opened", "sh:path tp:founded")
    )
    (tmp_path / "museum.ttl").write_text(PREFIXES + MUSEUM, encoding="utf-8")
    alone = Schemas([tmp_path])
    (tmp_path / "gallery.ttl").write_text(PREFIXES + gallery, encoding="utf-8")
    both = Schemas([tmp_path])
    fields = {"prison": field("string"), "opened": field("datetime")}
    paths = []
    for schemas in (alone, both):
        described = definition(fields=list(fields))
        text = derive_shape("prison", described, fields, "Prisons", schemas)
        paths.append(Schemas([], derived=[text])["prison"].field("opened").path)
    assert paths == [f"{ONTOLOGY}opened", f"{FIELD}opened"]


def test_a_link_to_one_of_our_registers_has_its_class(schemas: Schemas) -> None:
    """A link leads to the class that our shape gives, else to a derived one."""
    text = derive_shape(
        "prison", definition(fields=list(FIELDS)), FIELDS, "Prisons", schemas
    )
    graph = Graph().parse(data=text, format="turtle")
    classes = {str(one) for one in graph.objects(None, SH["class"])}
    assert classes == {
        schemas["country"].target_class,
        "https://w3id.org/trigpoint/register/prison-estate",
    }


BAD: dict[str, tuple[dict[str, Any], dict[str, Item]]] = {
    "no-fields": ({"fields": "prison"}, FIELDS),
    "key-not-declared": ({"fields": ["name"]}, FIELDS),
    "field-not-defined": ({"fields": ["prison", "address"]}, FIELDS),
    "datatype-unknown": (
        {"fields": ["prison", "size"]},
        {**FIELDS, "size": field("furlong")},
    ),
    "datatype-missing": (
        {"fields": ["prison", "size"]},
        {**FIELDS, "size": {"cardinality": "1"}},
    ),
    "field-name-of-no-iri": (
        {"fields": ["prison", "a> <b"]},
        {**FIELDS, "a> <b": field("string")},
    ),
    "target-of-no-iri": (
        {"fields": ["prison", "size"]},
        {**FIELDS, "size": field("string", register="a> <b")},
    ),
    "field-declared-twice": ({"fields": ["prison", "name", "name"]}, FIELDS),
}


@pytest.mark.parametrize(("described", "fields"), BAD.values(), ids=BAD.keys())
def test_a_bad_definition_is_refused(
    schemas: Schemas, described: dict[str, Any], fields: dict[str, Item]
) -> None:
    """Definitions that make no register raise InvalidShape."""
    with pytest.raises(InvalidShape):
        derive_shape("prison", definition(**described), fields, "Prisons", schemas)


@pytest.mark.parametrize("register", ["Prison", "a/b", "", "../x"])
def test_a_register_of_no_gds_name_is_refused(schemas: Schemas, register: str) -> None:
    """A register's name is part of IRIs and file names, so it must be a plain one."""
    fields = {register: field("string")}
    with pytest.raises(InvalidShape):
        derive_shape(register, definition(fields=[register]), fields, "?", schemas)


@pytest.mark.parametrize(
    "harm",
    [
        lambda text: "junk",
        lambda text: "",
        lambda text: text[:-20],
        lambda text: text.replace("\n", '\n@prefix x: <http://[/> . x:y x:z "', 1),
        lambda text: text.replace('"prison"', '"jail"'),
        lambda text: text.replace("register/prison>", "register/school>"),
        lambda text: text + "<http://example.org/a> a <http://example.org/b> .",
        lambda text: text + f"<{SHAPES}school> <{ONTOLOGY}phase> 'beta' .",
        lambda text: text + f"<{SHAPES}jail> <{ONTOLOGY}register> 'jail' .",
        lambda text: text.replace("sh:class ns1:Country", "sh:class ns1:Nowhere"),
        lambda text: text + "#" * MAX_SHAPE,
    ],
)
def test_a_shape_that_somebody_sends_is_of_its_register_and_no_other(
    schemas: Schemas, harm: Callable[[str], str]
) -> None:
    """It must be Turtle, describe that register, and leave all others alone."""
    described = definition(fields=list(FIELDS))
    text = derive_shape("prison", described, FIELDS, "Prisons", schemas)
    check_derived("prison", text, schemas)
    assert harm(text) != text
    with pytest.raises(InvalidShape, match="the shape of prison"):
        check_derived("prison", harm(text), schemas)


def test_every_archived_register_without_a_shape_of_ours_gets_one(
    schemas: Schemas, rsf_files: list[Path]
) -> None:
    """Each field that the register declares is in the derived schema, in order."""
    archives = [read_rsf(path) for path in rsf_files if path.stem not in schemas]
    assert len(archives) >= 25
    texts = [
        derive_shape(
            archive.register,
            archive.metadata("register")[archive.register],
            archive.metadata("field"),
            archive.register,
            schemas,
        )
        for archive in archives
    ]
    everything = Schemas([resource_folder("shapes")], derived=texts)
    for archive in archives:
        schema, fields = everything[archive.register], archive.metadata("field")
        declared = archive.metadata("register")[archive.register]["fields"]
        assert list(schema.names) == declared
        assert schema.derived
        for one in schema.fields:
            assert one.many == (fields[one.name].get("cardinality") == "n")
    for archive, text in zip(archives, texts, strict=True):
        check_derived(archive.register, text, schemas)
        assert len(text) < MAX_SHAPE / 50
