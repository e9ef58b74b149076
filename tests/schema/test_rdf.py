"""RDF of a record: canonical lines that every parser and the store agree on."""

from __future__ import annotations

from typing import Any

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdflib import Graph
from rdflib.compare import isomorphic

from tests.schema.museum import BASE, MUSEUM, PREFIXES, SCHEMA
from trigpoint.errors import InvalidInput
from trigpoint.schema.rdf import (
    SF,
    XSD,
    canonical_lexical,
    escape,
    geometry_type,
    literal,
    lon_lat_of,
    ntriples,
    parse_lines,
    turtle,
)
from trigpoint.schema.shape import read_schema, register_shapes

ME = f"<{BASE}/id/museum/7>"

digits = st.text("0123456789", min_size=1, max_size=12)
sign = st.sampled_from(["", "+", "-"])
integers = st.builds("{}{}".format, sign, digits)
decimals = st.builds("{}{}.{}".format, sign, digits, digits) | st.builds(
    "{}.{}".format, sign, digits
)
booleans = st.sampled_from(["true", "false", "0", "1", "yes"])
zones = st.sampled_from(["", "Z", "+00:00", "-00:00", "+01:00", "-11:30", "+14:00"])
fractions = st.just("") | st.builds(".{}".format, digits)
moments = st.builds(
    "{:%Y-%m-%dT%H:%M:%S}{}{}".format, st.datetimes(), fractions, zones
).filter(lambda text: text[:4] >= "1000")
values = (
    st.tuples(integers, st.just("integer"))
    | st.tuples(decimals | integers, st.just("decimal"))
    | st.tuples(booleans, st.just("boolean"))
    | st.tuples(moments, st.just("dateTime"))
)


def stored(text: str, datatype: str) -> str:
    """The lexical form in which Oxigraph's store gives a literal back."""
    store = ox.Store()
    node = ox.NamedNode("http://example.org/")
    store.add(ox.Quad(node, node, ox.Literal(text, datatype=ox.NamedNode(datatype))))
    (quad,) = store
    assert isinstance(quad.object, ox.Literal)
    return quad.object.value


@given(values)
def test_the_canonical_form_is_the_one_the_store_keeps(value: tuple[str, str]) -> None:
    """What we write is what Oxigraph makes of the value as it was given."""
    text, name = value
    assert canonical_lexical(text, XSD + name) == stored(text, XSD + name)


@given(st.sampled_from(["integer", "decimal", "boolean", "dateTime"]), st.text())
def test_what_is_not_well_formed_stays_as_it_is(name: str, text: str) -> None:
    """A malformed value is not touched, by us or by the store."""
    form = canonical_lexical(text, XSD + name)
    assert stored(form, XSD + name) == form


@pytest.mark.parametrize(
    "number", ["9" * 30, "0" * 9 + "9" * 30, "-" + "9" * 20 + "." + "1" * 40 + "0"]
)
def test_numbers_beyond_the_stores_range_come_back_as_written(number: str) -> None:
    """A number too long for the store is text to it, in the form that we write."""
    form = canonical_lexical(number, f"{XSD}decimal")
    assert stored(form, f"{XSD}decimal") == form


@given(st.text() | st.text('\x00\x01\x1f\x7f"\\\b\f\n\r\t\u2028\ufeff'))
def test_escapes_are_those_of_oxigraphs_own_writer(text: str) -> None:
    """A string literal is written byte for byte as Oxigraph writes it."""
    assert f'"{escape(text)}"' == str(ox.Literal(text))
    assert literal(text) == str(ox.Literal(text))


def item(**fields: Any) -> dict[str, Any]:
    return {"museum": "7", **fields}


def test_lines_of_a_record() -> None:
    """A field of each kind becomes the triple that its shape says."""
    lines = ntriples(
        item(
            enw="Amgueddfa",
            opened="1905",
            point="[-4.5,53.25]",
            annexes=["8", "a b"],
            council="local-authority-eng:LND",
        ),
        SCHEMA,
        BASE,
    )
    tp = "https://w3id.org/trigpoint/def#"
    geo = "http://www.opengis.net/ont/geosparql#"
    rdf_type = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"
    skos = "http://www.w3.org/2004/02/skos/core#"
    place = f"<{BASE}/id/museum/7/geometry>"
    assert lines == sorted(
        [
            f"{ME} {rdf_type} <{tp}Museum> .",
            f'{ME} <{skos}notation> "7" .',
            f"{ME} <{skos}exactMatch> <http://example.org/7> .",
            f'{ME} <http://www.w3.org/2000/01/rdf-schema#label> "Amgueddfa"@cy-gb .',
            f'{ME} <{tp}opened> "1905"^^<{XSD}gYear> .',
            f"{ME} <{tp}annexes> <{BASE}/id/museum/8> .",
            f"{ME} <{tp}annexes> <{BASE}/id/museum/a%20b> .",
            f"{ME} <{tp}council> <{BASE}/id/local-authority-eng/LND> .",
            f"{ME} <{geo}hasGeometry> {place} .",
            f"{place} {rdf_type} <{SF}Point> .",
            f'{place} <{geo}asWKT> "POINT(-4.5 53.25)"^^<{geo}wktLiteral> .',
        ]
    )


fields = st.fixed_dictionaries(
    {"museum": st.text(min_size=1)},
    optional={
        "enw": st.text(),
        "opened": st.text() | st.sampled_from(["1905", "1905-06-01", "1905-06"]),
        "point": st.text() | st.sampled_from(["[1,2]", "[-0.1, 51.5]"]),
        "annexes": st.lists(st.text(min_size=1), max_size=3),
        "council": st.text() | st.builds("{}:{}".format, st.text(), st.text()),
    },
)


@given(fields)
def test_any_item_gives_sorted_lines_that_parsers_agree_on(
    record: dict[str, Any],
) -> None:
    """Lines are sorted, canonical, without blank nodes; rdflib and Oxigraph read the
    same graph from them, and from our Turtle."""
    lines = ntriples(record, SCHEMA, BASE)
    assert lines == sorted(set(lines))
    assert not any(
        "_:" in str(t.subject) + str(t.object)
        for t in parse_lines(lines)
        if not isinstance(t.object, ox.Literal)
    )
    assert [f"{triple} ." for triple in parse_lines(lines)] == lines
    by_rdflib = Graph().parse(data="\n".join(lines), format="nt")
    from_turtle = Graph().parse(data=turtle(lines), format="turtle")
    assert len(by_rdflib) == len(lines)
    assert isomorphic(by_rdflib, from_turtle)


@pytest.mark.parametrize(
    ("value", "term"),
    [
        ("1905", f'"1905"^^<{XSD}gYear>'),
        ("1905-06-01", f'"1905-06-01"^^<{XSD}date>'),
        ("1905-06", '"1905-06"'),
        ("1905-06-01+00:00", '"1905-06-01+00:00"'),
        ("01/06/1905", '"01/06/1905"'),
        ("", '""'),
    ],
)
def test_a_date_is_written_in_the_datatype_of_its_form(value: str, term: str) -> None:
    """A date gets the datatype that fits, and a string's when the shape has none."""
    lines = ntriples(item(opened=value), SCHEMA, BASE)
    assert f"{ME} <https://w3id.org/trigpoint/def#opened> {term} ." in lines


@pytest.mark.parametrize("form", ["date", "dateTime", "gYearMonth"])
def test_one_datatype_is_no_excuse_for_another_form(form: str) -> None:
    """Where a field has a single date datatype, other forms are strings as well."""
    graph = Graph().parse(
        data=PREFIXES
        + MUSEUM.replace(
            "sh:or ( [ sh:datatype xsd:date ] [ sh:datatype xsd:gYear ] )",
            f"sh:datatype xsd:{form}",
        ),
        format="turtle",
    )
    schema = read_schema(graph, register_shapes(graph)[0])
    for value in ("1905-06-01T24:00:00", "1905-06-01+00:00", "1905"):
        (line,) = [x for x in ntriples(item(opened=value), schema, BASE) if value in x]
        assert line.endswith(f'"{value}" .')


@pytest.mark.parametrize(
    ("value", "datatype"),
    [
        ("not a point", "string"),
        ("[1]", "string"),
        ("[1,2,3]", "string"),
        ("[NaN,2]", "string"),
    ],
)
def test_a_malformed_point_is_a_plain_string(value: str, datatype: str) -> None:
    """What is no point gets no geometry class and no wktLiteral."""
    lines = ntriples(item(point=value), SCHEMA, BASE)
    (line,) = [x for x in lines if "asWKT" in x]
    assert line.endswith(f'"{value}" .')
    assert not any(SF in x for x in lines)
    assert lon_lat_of(value) is None


@pytest.mark.parametrize(
    ("wkt", "name"),
    [
        ("POINT(1 2)", "Point"),
        ("point (1 2)", "Point"),
        ("MULTIPOLYGON (((", "MultiPolygon"),
        ("<http://www.opengis.net/def/crs/EPSG/0/27700> POLYGON((0 0", "Polygon"),
        ("GeometryCollection EMPTY", "GeometryCollection"),
        ("LINESTRING(0 0, 1 1)", "LineString"),
        ("CIRCLE(0 0)", None),
        ("", None),
    ],
)
def test_the_class_of_a_geometry_is_its_keyword(wkt: str, name: str | None) -> None:
    """The class is the Simple Features one, whatever the case and the CRS."""
    assert geometry_type(wkt) == (name and SF + name)


@pytest.mark.parametrize("bad", [{}, {"museum": ["7"]}])
def test_an_item_without_its_key_has_no_rdf(bad: dict[str, Any]) -> None:
    """A record needs one key to have an IRI."""
    with pytest.raises(InvalidInput, match="museum"):
        ntriples(bad, SCHEMA, BASE)
