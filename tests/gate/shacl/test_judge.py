"""pySHACL asked about parts of a shape: what it is given, and what it says of rows."""

from __future__ import annotations

import string
from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from rdflib import RDF, RDFS, SH, URIRef

from tests.gate.rows import BASE, Row, site, staged_frame
from tests.gate.shacl.parts import (
    SHAPE,
    changed,
    judged,
    part_of,
    places,
    targets,
)
from trigpoint.errors import InvalidShape
from trigpoint.gate import terms
from trigpoint.gate.shacl import rowstore
from trigpoint.gate.shacl.batch import Batch, Brief, brief
from trigpoint.gate.shacl.cut import BYTES, ROWS, alike, apart, cut, single
from trigpoint.gate.shacl.judge import Judge, Part
from trigpoint.gate.targets import Targets
from trigpoint.gate.violation import Violation
from trigpoint.iris import record_iri
from trigpoint.schema import rdf
from trigpoint.schema.catalogue import Schemas


def test_only_the_parameters_named_count(known: Brief) -> None:
    """A value that breaks two constraints is refused by the one asked about."""
    rows = [site("7", size="x"), site("8", size="2000"), site("9")]
    assert places(judged(known, part_of("size", SH.datatype), rows)) == {
        (2, "sh:Datatype")
    }
    assert places(judged(known, part_of("size", SH.maxExclusive), rows)) == {
        (2, "sh:MaxExclusive"),
        (3, "sh:MaxExclusive"),
    }


def test_a_violation_has_what_a_person_needs(known: Brief) -> None:
    """Row, key, field, the value as it was written, and a sentence."""
    (found,) = judged(known, part_of("open", SH.datatype), [site("7", open="yes")])
    assert found == Violation(
        register="site",
        row=2,
        key="7",
        field="open",
        value="yes",
        path="https://w3id.org/trigpoint/def#open",
        component=terms.DATATYPE,
        severity="violation",
        shape=f"{SHAPE}-open",
        message="“yes” is not true or false",
    )


def test_rows_alike_get_one_verdict(known: Brief) -> None:
    """Each row that has a bad combination is refused under its own key, and of the
    rows that are alike pySHACL sees one."""
    values = ["x", "1", "x", None, "1", "y"]
    rows = [site(str(n), size=size) for n, size in enumerate(values)]
    frame = staged_frame(known.schema, rows)
    fields = frame.select("_row", pl.col("site").alias("_key"), "size")
    assert alike(fields)["_rows"].to_list() == [[2, 4], [3, 6], [5], [7]]
    found = judged(known, part_of("size", SH.datatype), rows)
    assert [(one.row, one.key, one.value) for one in found] == [
        (2, "0", "x"),
        (4, "2", "x"),
        (7, "5", "y"),
    ]


def test_a_part_without_fields_is_judged_of_all_rows_at_once(known: Brief) -> None:
    """A field that no row has is missing from each."""
    frame = staged_frame(known.schema, [site("7"), site("8")]).drop("name")
    part = part_of("name", SH.minCount)
    found = list(Judge(known).judge(frame, part, targets(known, [])))
    assert [(one.row, one.field) for one in found] == [(2, "name"), (3, "name")]


def test_rows_without_a_key_are_passed_over(known: Brief) -> None:
    """They name no node that a shape could speak of."""
    rows: list[Row] = [{**site(), "site": None, "size": "x"}]
    assert judged(known, part_of("size", SH.datatype), rows) == []


def test_a_pattern_comes_with_its_flags(known: Brief) -> None:
    """`sh:flags` is no constraint by itself, and changes what the pattern says."""
    some = changed(known, 'shape:site-tags sh:flags "i" .')
    rows = [site("7", tags=["OLD", "ny"]), site("8", tags=["a b"])]
    assert places(judged(some, part_of("tags", SH.pattern), rows)) == {
        (3, "sh:Pattern")
    }


def test_a_closed_shape_allows_what_its_property_shapes_name(known: Brief) -> None:
    """Asked only whether it is closed, the shape still knows its properties."""
    part = Part(URIRef(SHAPE), (SH.closed,), known.schema.names, alike=False)
    rows = [site("7", note="n" * 30)]
    assert judged(known, part, rows) == []
    some = changed(known, f"<{SHAPE}> sh:closed true .", SH.ignoredProperties)
    found = judged(some, part, rows)
    assert {one.path for one in found} == {rdf.RDF_TYPE, rdf.EXACT_MATCH}
    assert {one.value for one in found} == {
        known.schema.target_class,
        "http://example.org/7",
    }
    assert {one.field for one in found} == {None}


def test_a_column_that_its_shape_does_not_name_is_found(known: Brief) -> None:
    """A closed shape refuses the property of a field whose shape it does not have."""
    some = changed(known, "")
    note = URIRef(f"{SHAPE}-note")
    some.shapes.remove((None, SH.property, note))
    part = Part(URIRef(SHAPE), (SH.closed,), ("note", "name"), alike=False)
    (found,) = judged(some, part, [site("7", note="x"), site("8")])
    assert (found.row, found.field, found.value) == (2, "note", "x")
    assert "“x”" in found.message


def test_siblings_count_where_values_must_not_be_shared(known: Brief) -> None:
    """With sh:qualifiedValueShapesDisjoint a value that a sibling's shape takes does
    not count; the shape in question is not its own sibling."""
    some = changed(
        known,
        """
        shape:site-tags sh:qualifiedValueShape [ sh:minLength 3 ] ;
            sh:qualifiedMinCount 1 ; sh:qualifiedMaxCount 1 ;
            sh:qualifiedValueShapesDisjoint true .
        shape:site-name sh:qualifiedValueShape [ sh:pattern "^o" ] ;
            sh:qualifiedMinCount 0 .
        """,
    )
    rows = [
        site("7", tags=["old"]),
        site("8", tags=["new"]),
        site("9", tags=["new", "tall", "o"]),
    ]
    least = part_of("tags", SH.qualifiedMinCount)
    assert places(judged(some, least, rows)) == {(2, "sh:QualifiedMinCount")}
    both = part_of("tags", SH.qualifiedValueShape)
    assert places(judged(some, both, rows)) == {
        (2, "sh:QualifiedMinCount"),
        (4, "sh:QualifiedMaxCount"),
    }


def test_rows_of_one_key_are_judged_apart(known: Brief) -> None:
    """They would be one node: neither is blamed for the other's values."""
    rows = [site("7", tags=["a", "b"]), site("7", tags=["c", "d"])]
    part = part_of("tags", SH.maxCount, alike=False)
    assert judged(known, part, rows) == []


def test_what_is_said_of_a_record_does_not_depend_on_its_batch(known: Brief) -> None:
    """A record linked to has nothing but its class, be it a row that is judged too."""
    some = changed(
        known,
        """
        shape:site-parent-site sh:node [ sh:property
            [ sh:path rdfs:label ; sh:minCount 1 ] ] .
        """,
    )
    rows = [
        site("1", parent_site="2"),
        site("2", parent_site="900"),
        site("3", parent_site="2"),
        site("4"),
    ]
    part = replace(
        part_of("parent-site", SH.node, alike=False), fields=("parent-site", "name")
    )
    found = judged(some, part, rows)
    assert [(one.row, one.value) for one in found] == [(2, "2"), (4, "2"), (3, "900")]


def test_rows_that_link_to_each_other_are_kept_apart(known: Brief) -> None:
    """Whatever the order, none of a frame links to another of it, save to itself."""
    links = {"1": "2", "2": "3", "3": "3", "4": None, "5": "4", "6": "1"}
    rows = [site(key, parent_site=link) for key, link in links.items()]
    frame = staged_frame(known.schema, rows)
    frame = frame.select("_row", pl.col("site").alias("_key"), "parent-site")
    parts = [part["_key"].to_list() for part in apart(frame, known.schema)]
    assert parts == [["1", "3", "4"], ["2", "5", "6"]]


def test_held_targets_have_their_class(known: Brief) -> None:
    """A link is followed as far as the class of a record that is held."""
    rows = [
        site("7", owner="A1", authority="owner:A1", parent_site="8"),
        site("8", owner="A2", authority="site:900", parent_site="901"),
    ]
    assert places(judged(known, part_of("owner", SH["class"]), rows)) == {
        (3, "sh:Class")
    }
    assert places(judged(known, part_of("parent-site", SH["class"]), rows)) == {
        (3, "sh:Class")
    }
    # tp:Owner is below tp:Body in the ontology, tp:Site is not.
    assert places(judged(known, part_of("authority", SH["class"]), rows)) == {
        (3, "sh:Class")
    }


def test_results_inside_a_result_are_not_violations_of_their_own(known: Brief) -> None:
    """What a geometry's own shape finds stands below sh:detail."""
    (found,) = judged(known, part_of("point", SH.node), [site("7", point="here")])
    assert (found.component, found.value) == (terms.NODE, "here")


def test_a_result_about_the_geometry_is_one_of_its_row(known: Brief) -> None:
    """The geometry is a node of its own, but what is wrong with it is the row's."""
    some = changed(
        known,
        """
        shape:site-point sh:property [ sh:path geo:asWKT ; sh:maxLength 5 ;
            sh:message "Expected less." ] .
        """,
    )
    rows = [site("7"), site("8", point=None)]
    (found,) = judged(some, part_of("point", SH.property), rows)
    assert (found.row, found.field, found.value) == (2, "point", "[-3.18,51.48]")
    assert found.path == "http://www.opengis.net/ont/geosparql#asWKT"
    assert found.message == "Expected less."


def test_a_result_about_another_node_is_not_lost(known: Brief) -> None:
    """A shape that speaks of records of other registers cannot be used."""
    some = changed(
        known,
        "shape:site-owner sh:property [ sh:path rdfs:label ; sh:minCount 1 ] .",
    )
    with pytest.raises(InvalidShape, match="owner/A1>, which is not a node of a row"):
        judged(some, part_of("owner", SH.property), [site("7")])


@pytest.mark.parametrize(
    "broken",
    [
        'shape:site-tags sh:not [ sh:pattern "(" ] .',
        "shape:site-tags sh:not [ sh:minLength 1 , 2 ] .",
        "shape:site-tags sh:not [ sh:closed <urn:x> ] .",
        'shape:site-tags sh:sparql [ sh:select "SELECT nothing" ] .',
    ],
)
def test_a_shape_that_cannot_be_used_is_named(known: Brief, broken: str) -> None:
    """A fault of the shape is not taken for one of the data, nor is it foreign."""
    part = part_of("tags", SH["not"], SH.sparql)
    with pytest.raises(InvalidShape, match="shapes#site"):
        judged(changed(known, broken), part, [site("7")])


def test_a_shape_that_comes_back_to_itself_is_judged(known: Brief) -> None:
    """A recursive shape is not refused: pySHACL goes round once more, and passes."""
    some = changed(known, f"shape:site-parent-site sh:node <{SHAPE}> .")
    part = part_of("parent-site", SH.node, alike=False)
    part = replace(part, fields=known.schema.names)
    rows = [site("7", parent_site="7"), site("8", name="x", parent_site="8")]
    assert places(judged(some, part, rows)) == {(3, "sh:Node")}


def test_constraints_in_sparql_are_judged(known: Brief) -> None:
    """What no column can say is asked of pySHACL, and its message is kept."""
    some = changed(
        known,
        """
        shape:site-tags sh:sparql [ sh:message "Expected no castle." ;
            sh:select \"\"\"SELECT $this ?value WHERE { $this $PATH ?value .
                FILTER(?value = "castle") }\"\"\" ] .
        """,
    )
    rows = [site("7", tags=["old", "castle"]), site("8")]
    (found,) = judged(some, part_of("tags", SH.sparql), rows)
    assert (found.row, found.value) == (2, "castle")
    assert found.message == "Expected no castle."


def test_targets_of_the_shape_make_no_focus_nodes(known: Brief) -> None:
    """Only rows are judged: neither records linked to nor instances of a class."""
    some = changed(
        known,
        f"""
        shape:geometry sh:targetSubjectsOf <{RDF.type}> .
        tp:Owner a sh:NodeShape , rdfs:Class ; sh:in ( 1 ) .
        shape:site-owner sh:not tp:Owner .
        """,
    )
    assert judged(some, part_of("owner", SH["not"]), [site("7")]) == []


def test_a_value_of_a_field_that_shares_the_path_is_named_as_written(
    known: Brief,
) -> None:
    """Fields with one path are one property: each is held to both shapes."""
    schema = known.schema
    fields = tuple(
        replace(one, path=schema.field("size").path) if one.name == "note" else one
        for one in schema.fields
    )
    some = replace(known, schema=replace(schema, fields=fields))
    part = replace(part_of("size", SH.datatype), fields=("size", "note"))
    (found,) = judged(some, part, [site("7", size="+05", note="n")])
    assert (found.field, found.value) == ("size", "n")
    part = replace(part, parameters=(SH.maxExclusive,))
    assert {one.value for one in judged(some, part, [site("7", size="+5000")])} == {
        "+5000"
    }


@pytest.mark.parametrize("path", ["http://example.org/a b", "here"])
def test_a_shape_that_makes_no_rdf_is_named(known: Brief, path: str) -> None:
    """Whatever a row holds can be written: a line that is not RDF is the shape's."""
    schema = known.schema
    fields = tuple(
        replace(one, path=path) if one.name == "note" else one for one in schema.fields
    )
    some = replace(known, schema=replace(schema, fields=fields))
    part = replace(part_of("size", SH.datatype), fields=("size", "note"))
    with pytest.raises(InvalidShape, match="shapes#site> makes of a row what is not"):
        judged(some, part, [site("7", note="n")])


@pytest.mark.parametrize("odd", [*string.punctuation, "\0", "\x1b", "\u2028", "\ufffe"])
def test_every_character_can_stand_in_a_row(known: Brief, odd: str) -> None:
    """In a key, a link, a curie and each kind of text, whether the shape likes it."""
    part = Part(URIRef(SHAPE), (SH.closed,), known.schema.names, alike=False)
    values: Any = {name: odd for name in known.schema.names if name != "tags"}
    rows = [site(**values), site(odd, authority=f"owner:{odd}", tags=[odd])]
    assert judged(known, part, rows) == []


def test_batches_end_at_their_rows_and_at_their_bytes() -> None:
    """A batch has at most so many rows, and ends early when its text is long."""

    def frame(values: list[Any]) -> pl.DataFrame:
        keys = [str(n) for n in range(len(values))]
        return single(
            pl.DataFrame({"_row": range(len(keys)), "_key": keys, "v": values})
        )

    assert [len(one) for one in cut(frame(["x"] * (2 * ROWS + 1)))] == [ROWS, ROWS, 1]
    half = "x" * (BYTES // 2)
    assert [len(one) for one in cut(frame([half, "y", half, half, None]))] == [2, 1, 2]
    assert [len(one) for one in cut(frame([[half], [half, half]]))] == [1, 1]


def test_a_large_geometry_is_judged_whole(schemas: Schemas) -> None:
    """A WKT of a megabyte is a value like any other, and is told as it was written."""
    known = brief(schemas["owner"], schemas, BASE)
    ring = ", ".join(f"{i / 1e5:.5f} 51.0" for i in range(60_000))
    wkt = f"POLYGON(({ring}, 0 52, 0 51))"
    rows: list[Row] = [
        {"owner": "A", "outline": wkt},
        {"owner": "B", "outline": wkt[1:]},
    ]
    part = Part(
        URIRef("https://w3id.org/trigpoint/shapes#owner-outline"),
        (SH.node,),
        ("outline",),
        alike=True,
    )
    none = Targets(known.schema, known.classes, known.registers, {})
    found = list(Judge(known).judge(staged_frame(known.schema, rows), part, none))
    assert [(one.row, one.value) for one in found] == [(3, wkt[1:])]


def test_rows_become_the_rdf_of_the_mapping(known: Brief) -> None:
    """With all fields, the triples of a row are those that its item has elsewhere."""
    row = site("a b", parent_site="é/ü", note="")
    schema = known.schema
    frame = staged_frame(schema, [row]).drop("_row")
    item: Any = {name: value for name, value in row.items() if value is not None}
    batch = Batch(known, frame.with_columns(pl.col("site").alias("_key")), alike=False)
    graph = batch.graph([])
    expected = rowstore.new_graph()
    rowstore.add_lines(expected, rdf.ntriples(item, schema, BASE))
    above = {(URIRef(a), RDFS.subClassOf, URIRef(b)) for a, b in known.classes}
    assert set(graph) == set(expected) | above


def test_the_record_itself_is_a_node(known: Brief) -> None:
    """A part of the node shape speaks of the record: its IRI is the value."""
    some = changed(known, f'<{SHAPE}> sh:pattern "/id/site/[0-9]+$" .')
    part = Part(URIRef(SHAPE), (SH.pattern,), (), alike=False)
    (found,) = judged(some, part, [site("7"), site("B")])
    assert (found.row, found.value) == (3, record_iri(BASE, "site", "B"))
    assert (found.field, found.path, found.shape) == (None, None, SHAPE)


def test_rows_alike_keep_the_nodes_of_their_own_keys(known: Brief) -> None:
    """A verdict shared by rows names each record, not the one that was judged."""
    some = changed(
        known,
        f"<{SHAPE}> sh:closed true ; sh:not [ sh:property [ sh:path tp:size ;"
        " sh:minCount 1 ] ] .",
        SH.ignoredProperties,
    )
    rows = [site("7"), site("8")]
    part = Part(URIRef(SHAPE), (SH["not"],), ("size",), alike=True)
    own = [record_iri(BASE, "site", "7"), record_iri(BASE, "site", "8")]
    assert [one.value for one in judged(some, part, rows)] == own
    part = Part(URIRef(SHAPE), (SH.closed,), ("size",), alike=True)
    matches = [
        one.value for one in judged(some, part, rows) if one.path == rdf.EXACT_MATCH
    ]
    assert matches == ["http://example.org/7", "http://example.org/8"]


def test_of_two_properties_compared_the_value_is_named_as_written(
    known: Brief,
) -> None:
    """Where the values of one property must be those of another, either's may lack."""
    some = changed(known, "shape:site-size sh:equals tp:grade .")
    part = replace(part_of("size", SH.equals), fields=("size", "grade"))
    found = judged(some, part, [site("7", size="+05", grade="II")])
    assert {(one.field, one.value) for one in found} == {
        ("size", "+05"),
        ("size", "II"),
    }


# ---- the same verdicts as pySHACL by itself ---------------------------------
