"""The shapes: well formed, complete, true to GDS, and judged by pySHACL."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyshacl
import pytest
from rdflib import BNode, Graph, URIRef
from rdflib import Literal as RdfLiteral
from rdflib.collection import Collection
from rdflib.namespace import RDF, RDFS, SH, SKOS

from trigpoint.iris import ONTOLOGY, record_iri
from trigpoint.schema.annotations import tp
from trigpoint.schema.catalogue import DERIVED_CLASS, Schemas
from trigpoint.schema.rdf import ntriples

ROOT = Path(__file__).parent.parent
EXAMPLES = Path(__file__).parent / "shapes"
BASE = "http://localhost:8000"
EXPECTED = URIRef(f"{BASE}/expected")
SCHEMAS = Schemas([ROOT / "shapes"], [ROOT / "ontology"])
REGISTERS = list(SCHEMAS)
# GDS opened these; the others it only tried out, or they are ours.
GDS_REGISTERS = [name for name in REGISTERS if SCHEMAS[name].phase == "beta"]

# Vocabularies of the field; a property of any other namespace is a slip of the pen.
KNOWN_VOCABULARIES = (
    "http://data.ordnancesurvey.co.uk/ontology/postcode/",
    "http://data.ordnancesurvey.co.uk/ontology/spatialrelations/",
    "http://purl.org/dc/elements/1.1/",
    "http://purl.org/dc/terms/",
    "http://schema.org/",
    "http://www.opengis.net/ont/geosparql#",
    "http://www.w3.org/2000/01/rdf-schema#",
    "http://www.w3.org/2004/02/skos/core#",
    "http://www.w3.org/ns/locn#",
    "http://www.w3.org/ns/org#",
)
# Words of a field name, or local names of a property, that speak of a person.
PERSONAL = {
    *("head", "headteacher", "forename", "surname", "title", "email", "mail"),
    *("telephone", "phone", "fax", "birth", "occupier", "owner", "contact", "person"),
}
# Custodians are organisations: each name holds one of these words or is named here.
ORGANISATION_WORDS = ("Office", "Department", "Ministry", "Government", "Survey")
ORGANISATIONS = ("GeoPlace",)

Result = tuple[str, str | None, str]


def local(term: object) -> str:
    return str(term).rsplit("#")[-1].rsplit("/")[-1]


def validate(data: Graph, register: str) -> list[tuple[URIRef, Result]]:
    """What pySHACL finds: focus node and (component, path, severity) of each result."""
    report: Any
    _, report, _ = pyshacl.validate(
        data,
        shacl_graph=SCHEMAS.shape_graph(register),
        ont_graph=SCHEMAS.ontology,
        meta_shacl=False,
    )
    tops = [
        node
        for top in report.subjects(RDF.type, SH.ValidationReport)
        for node in report.objects(top, SH.result)
    ]
    return [
        (report.value(node, SH.focusNode), result_of(report, node)) for node in tops
    ]


def result_of(graph: Graph, node: Any) -> Result:
    path = graph.value(node, SH.resultPath)
    return (
        local(graph.value(node, SH.sourceConstraintComponent)),
        None if path is None else str(path),
        local(graph.value(node, SH.resultSeverity)),
    )


def example_id(path: Path) -> str:
    return path.stem


CONFORMING = sorted((EXAMPLES / "conforms").glob("*.ttl"))
VIOLATING = sorted((EXAMPLES / "violates").glob("*.ttl"))


@pytest.mark.parametrize("path", CONFORMING, ids=example_id)
def test_conforming_example_passes(path: Path) -> None:
    """A conforming record of each register passes without even a warning."""
    data = Graph().parse(path)
    targets = set(data.subjects(RDF.type, URIRef(SCHEMAS[path.stem].target_class)))
    assert targets, "the example has no record of its register"
    assert validate(data, path.stem) == []


@pytest.mark.parametrize("path", VIOLATING, ids=example_id)
def test_violating_example_fails_for_its_defect_alone(path: Path) -> None:
    """A record with one defect gives exactly the result that its file declares."""
    register, _, _ = path.stem.partition("--")
    data = Graph().parse(path)
    focus = data.value(EXPECTED, SH.focusNode)
    assert validate(data, register) == [(focus, result_of(data, EXPECTED))]


def test_every_register_has_examples() -> None:
    """No register is without a conforming example and a defect that it refuses."""
    assert {path.stem for path in CONFORMING} == set(REGISTERS)
    assert {path.stem.partition("--")[0] for path in VIOLATING} == set(REGISTERS)


@pytest.mark.parametrize("register", REGISTERS)
def test_conforming_example_uses_declared_fields_only(register: str) -> None:
    """Conforming examples speak of fields that exist, so they exercise the shape."""
    data = Graph().parse(EXAMPLES / "conforms" / f"{register}.ttl")
    paths = {field.path for field in SCHEMAS[register].fields}
    target = URIRef(SCHEMAS[register].target_class)
    used = {
        str(predicate)
        for subject in data.subjects(RDF.type, target)
        for predicate in data.predicates(subject)
    }
    assert used - {str(RDF.type), str(SKOS.exactMatch)} <= paths


def test_each_file_defines_the_register_it_is_named_after() -> None:
    """One file a register, named like it; geometry.ttl serves them all."""
    for path in sorted((ROOT / "shapes").glob("*.ttl")):
        defined = {
            str(name) for name in Graph().parse(path).objects(None, tp("register"))
        }
        assert defined == (set() if path.stem == "geometry" else {path.stem})


def test_shapes_are_themselves_valid() -> None:
    """The shapes conform to SHACL's own shapes of shapes."""
    conforms, _, text = pyshacl.validate(
        Graph(), shacl_graph=SCHEMAS.graph, meta_shacl=True
    )
    assert conforms, text


def test_classes_are_one_a_register_and_none_contains_another() -> None:
    """A record is judged by the shape of its register alone: no class is a subclass
    of another register's."""
    classes = [URIRef(SCHEMAS[register].target_class) for register in REGISTERS]
    assert len(set(classes)) == len(classes)
    for one in classes:
        above = set(SCHEMAS.ontology.transitive_objects(one, RDFS.subClassOf)) - {one}
        assert not above & set(classes)


@pytest.mark.parametrize("register", REGISTERS)
def test_fields_have_their_own_order_path_and_words(register: str) -> None:
    """Orders count from 1, no two fields share a property, each has a description."""
    fields = SCHEMAS[register].fields
    assert [field.order for field in fields] == list(range(1, len(fields) + 1))
    assert len({field.path for field in fields}) == len(fields)
    assert all(field.description.endswith(".") for field in fields)


@pytest.mark.parametrize("register", REGISTERS)
def test_key_comes_first_and_has_a_pattern(register: str) -> None:
    """The key is the first field, has the register's name and a pattern."""
    schema = SCHEMAS[register]
    key = schema.fields[0]
    assert (key.name, schema.key, key.path) == (register, register, str(SKOS.notation))
    pattern = str(SCHEMAS.graph.value(URIRef(key.shape), SH.pattern))
    assert pattern.startswith("^")
    assert pattern.endswith("$")


@pytest.mark.parametrize("register", REGISTERS)
def test_node_shape_is_closed_and_says_what_the_register_is(register: str) -> None:
    """A shape is closed and names custodian, licence, attribution and standing."""
    schema = SCHEMAS[register]
    shape = URIRef(schema.shape)
    assert SCHEMAS.graph.value(shape, SH.closed) == RdfLiteral(True)
    assert schema.licence.startswith("http")
    assert schema.copyright.endswith(".")
    assert schema.phase in notations("Phases")
    assert schema.criticality in notations("Criticalities")
    assert schema.area_layer is None or schema.area_layer in notations("AreaLayers")


@pytest.mark.parametrize("register", REGISTERS)
def test_custodian_is_an_organisation(register: str) -> None:
    """The custodian is an organisation by name, never a person."""
    custodian = SCHEMAS[register].custodian
    assert custodian in ORGANISATIONS or any(
        word in custodian for word in ORGANISATION_WORDS
    )


@pytest.mark.parametrize("register", REGISTERS)
def test_no_field_is_about_a_person(register: str) -> None:
    """No field name and no property speaks of a person or how to reach one."""
    for field in SCHEMAS[register].fields:
        words = {field.name, *field.name.split("-"), local(field.path).lower()}
        assert not words & PERSONAL, field.name


def test_area_registers_have_layer_spelling_and_match() -> None:
    """Every register of areas says its layer, spells its key as a GSS code, and ties
    its records to the area at statistics.data.gov.uk."""
    area = URIRef(f"{ONTOLOGY}StatisticalArea")
    found = [
        SCHEMAS[register]
        for register in REGISTERS
        if (URIRef(SCHEMAS[register].target_class), RDFS.subClassOf, area)
        in SCHEMAS.ontology
    ]
    assert len(found) == 14
    for schema in found:
        assert schema.area_layer
        assert schema.key_spelling == f"{ONTOLOGY}GssCode"
        assert schema.exact_match == (
            "http://statistics.data.gov.uk/id/statistical-geography/{key}",
        )


def test_properties_are_of_known_vocabularies_or_ours() -> None:
    """Every property is of a vocabulary of the field or defined in the ontology."""
    for register in REGISTERS:
        for field in SCHEMAS[register].fields:
            if field.path.startswith(ONTOLOGY):
                assert (URIRef(field.path), RDF.type, None) in SCHEMAS.ontology
            else:
                assert field.path.startswith(KNOWN_VOCABULARIES), field.path


def test_every_term_of_ours_in_shapes_is_defined() -> None:
    """Classes, annotations and code lists that shapes use stand in the ontology."""
    used = {
        term
        for triple in SCHEMAS.graph
        for term in triple
        if isinstance(term, URIRef) and term.startswith(ONTOLOGY)
    }
    assert used
    assert {
        term for term in used if (term, RDF.type, None) not in SCHEMAS.ontology
    } == set()


def test_blank_nodes_in_shapes_are_lists_and_alternatives_only() -> None:
    """Every field has an IRI; blank nodes are list cells or members of sh:or."""
    lists = set(SCHEMAS.graph.subjects(RDF.first, None))
    members = set(SCHEMAS.graph.objects(None, RDF.first))
    for node in SCHEMAS.graph.subjects():
        assert not isinstance(node, BNode) or node in lists or node in members


def notations(scheme: str) -> set[str]:
    return {
        str(notation)
        for concept in SCHEMAS.ontology.subjects(SKOS.inScheme, tp(scheme))
        for notation in SCHEMAS.ontology.objects(concept, SKOS.notation)
    }


def test_closed_lists_are_their_code_lists() -> None:
    """`sh:in` and the SKOS concept scheme that the field names say the same."""
    checked = 0
    for node, scheme in SCHEMAS.graph.subject_objects(tp("codeList")):
        values = SCHEMAS.graph.value(node, SH["in"])
        if values is not None:
            listed = {str(value) for value in Collection(SCHEMAS.graph, values)}
            assert listed == notations(local(scheme))
            checked += 1
    assert checked == 4


# The archived GOV.UK Registers: needs the folder of real files.


def read_rsf(path: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """System items and user items, in the order of the entries that use them."""
    items: dict[str, dict[str, Any]] = {}
    entries: dict[str, list[dict[str, Any]]] = {"system": [], "user": []}
    for line in path.read_text("utf-8").splitlines():
        command, *rest = line.split("\t")
        if command == "add-item":
            digest = hashlib.sha256(rest[0].encode()).hexdigest()
            items[f"sha-256:{digest}"] = json.loads(rest[0])
        elif command == "append-entry":
            entries[rest[0]] += [items[name] for name in rest[3].split(";")]
    return entries["system"], entries["user"]


@pytest.fixture(scope="module")
def archive(real_data: Path) -> dict[str, Path]:
    """The archived registers by name."""
    return {path.stem: path for path in (real_data / "registers").glob("*.rsf")}


@pytest.fixture(scope="module")
def targets(archive: dict[str, Path]) -> Graph:
    """The class of every record of the archived registers, for links to find."""
    graph = Graph()
    for name, path in archive.items():
        kind = SCHEMAS[name].target_class if name in SCHEMAS else DERIVED_CLASS + name
        for item in read_rsf(path)[1]:
            record = URIRef(record_iri(BASE, name, item[name]))
            graph.add((record, RDF.type, URIRef(kind)))
    return graph


def generations(
    items: list[dict[str, Any]], key: str
) -> Iterator[list[dict[str, Any]]]:
    """Items in groups that hold each key once, so versions do not run together."""
    groups: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    seen: defaultdict[str, int] = defaultdict(int)
    for item in items:
        groups[seen[item[key]]].append(item)
        seen[item[key]] += 1
    yield from groups.values()


# GDS linked two Northern Irish districts to types of authority, and corrected that.
KNOWN_WARNINGS = {
    ("N09000005", "ClassConstraintComponent"),
    ("N09000008", "ClassConstraintComponent"),
}


@pytest.mark.parametrize("register", GDS_REGISTERS)
def test_every_archived_item_conforms(
    register: str, archive: dict[str, Path], targets: Graph
) -> None:
    """Every item that an archived register ever used conforms, not only the latest."""
    schema = SCHEMAS[register]
    _, items = read_rsf(archive[register])
    others = Graph()
    for triple in targets:
        if triple[2] != URIRef(schema.target_class):
            others.add(triple)
    results = []
    for group in generations(items, register):
        lines = [line for item in group for line in ntriples(item, schema, BASE)]
        data = Graph().parse(data="\n".join(lines) + "\n", format="nt")
        results += validate(data + others, register)
    assert items
    assert [r for _, r in results if r[2] == "Violation"] == []
    assert {(local(focus), result[0]) for focus, result in results} <= KNOWN_WARNINGS


@pytest.mark.parametrize("register", GDS_REGISTERS)
def test_fields_keep_the_names_and_counts_that_gds_gave(
    register: str, archive: dict[str, Path]
) -> None:
    """Every field of the archived register is here, as one value or as many."""
    system, _ = read_rsf(archive[register])
    schema = SCHEMAS[register]
    definition = [item for item in system if "fields" in item][-1]
    cardinality = {
        item["field"]: item["cardinality"] for item in system if "field" in item
    }
    assert set(definition["fields"]) <= set(schema.names)
    for name in definition["fields"]:
        assert schema.field(name).many == (cardinality[name] == "n")


def test_address_and_street_keep_the_columns_of_gds(real_data: Path) -> None:
    """The address and street registers that GDS tried out lose no column."""
    for register in ("address", "street"):
        path = real_data / "addresses" / f"gds_{register}.tsv.gz"
        with gzip.open(path, "rt", encoding="utf-8") as file:
            columns = file.readline().rstrip("\n").split("\t")
        assert set(columns) <= set(SCHEMAS[register].names)


def test_columns_about_people_have_no_field(real_data: Path) -> None:
    """Of the 139 columns of the schools source, none about a person has a field."""
    path = real_data / "schools" / "gias_full_width_sample.csv"
    columns = path.read_text("cp1252").splitlines()[0].split(",")
    people = [c for c in columns if c.startswith("Head") or c == "TelephoneNum"]
    assert len(people) == 5
    for name in SCHEMAS["school-eng"].names:
        assert "head" not in name
        assert "phone" not in name


@pytest.mark.parametrize("register", REGISTERS)
def test_documentation_lists_the_fields(register: str) -> None:
    """docs/registers.md has a heading for each register, with its custodian and a row
    for each field in the shape's order."""
    text = (ROOT / "docs" / "registers.md").read_text("utf-8")
    _, heading, rest = text.partition(f"\n## `{register}`\n")
    section, _, _ = rest.partition("\n## ")
    rows = [
        line.split("`")[1] for line in section.splitlines() if line.startswith("| `")
    ]
    assert heading
    assert rows == list(SCHEMAS[register].names)
    assert SCHEMAS[register].custodian in section
