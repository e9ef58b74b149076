"""JSON-LD of a record: plain JSON to some, and the record's exact triples to others."""

from __future__ import annotations

import json
from typing import Any

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyld import jsonld as pyld
from rdflib import Graph

from tests.schema.museum import BASE, SCHEMA
from trigpoint.schema.jsonld import context, context_iri, document
from trigpoint.schema.rdf import XSD, ntriples, parse_lines

# One register is called as the field that may name it.
REGISTERS = ["council", "gallery", "local-authority-eng", "museum"]
CONTEXT = context(SCHEMA, REGISTERS, BASE)
Terms = set[tuple[str, ...]]


def load(url: str, _options: dict[str, Any]) -> dict[str, Any]:
    """The one context that there is, as a server would give it."""
    assert url == context_iri(BASE, "museum")
    return {
        "document": CONTEXT,
        "documentUrl": url,
        "contextUrl": None,
        "contentType": "application/ld+json",
    }


def typed(item: dict[str, Any]) -> dict[str, Any]:
    """The document as it is served in JSON-LD, through JSON and back."""
    entry = {"entry-number": "1", "key": str(item["museum"])}
    body = document(item, SCHEMA, BASE, entry, registers=REGISTERS, typed=True)
    parsed: dict[str, Any] = json.loads(json.dumps(body))
    return parsed


def by_pyld(body: dict[str, Any]) -> Terms:
    """The triples that pyld makes of a document."""
    dataset = pyld.to_rdf(body, {"documentLoader": load})
    assert set(dataset) <= {"@default"}
    return {
        (
            triple["subject"]["value"],
            triple["predicate"]["value"],
            triple["object"]["value"],
            triple["object"].get("datatype", ""),
            triple["object"].get("language", ""),
        )
        for triple in dataset.get("@default", [])
    }


def by_lines(lines: list[str]) -> Terms:
    """The same of N-Triples lines."""
    found: Terms = set()
    for triple in parse_lines(lines):
        assert isinstance(triple.subject, ox.NamedNode)
        subject, predicate = triple.subject.value, triple.predicate.value
        value = triple.object
        if isinstance(value, ox.Literal):
            datatype, language = value.datatype.value, value.language or ""
            found.add((subject, predicate, value.value, datatype, language))
        else:
            assert isinstance(value, ox.NamedNode)
            found.add((subject, predicate, value.value, "", ""))
    return found


def inline(body: dict[str, Any]) -> str:
    return json.dumps({**body, "@context": CONTEXT["@context"]})


TRAPS: dict[str, dict[str, Any]] = {
    "plain": {"museum": "7", "annexes": ["8", "9"], "enw": "Amgueddfa"},
    "key-equals-a-field-name": {"museum": "opened", "annexes": ["enw", "museum"]},
    "key-equals-a-derived-member": {"museum": "asWKT", "annexes": ["exactMatch"]},
    "key-with-a-colon": {"museum": "a:b", "annexes": ["c:d", "http://x/y", "urn:a"]},
    "key-with-a-known-prefix": {"museum": "museum:1", "annexes": ["museum:2"]},
    "key-to-be-encoded": {
        "museum": "Môn & 1/2",
        "annexes": ["a b", "ü", "100%", "<x>"],
    },
    "key-like-a-keyword": {"museum": "@id", "annexes": ["@type", "@vocab", "@a", "@"]},
    "key-like-a-blank-node": {"museum": "_:b0", "annexes": ["_:b1", "_"]},
    "key-of-a-query": {"museum": "?x#y", "annexes": ["?q=1", "#top", "//host"]},
    "key-of-white-space": {"museum": " ", "annexes": ["\t", " a "]},
    "usual-date": {"museum": "7", "opened": "1905-06-01"},
    "date-of-other-precision": {"museum": "7", "opened": "1905"},
    "date-of-no-precision": {"museum": "7", "opened": "in 1905"},
    "empty-text": {"museum": "7", "enw": "", "opened": ""},
    "empty-array": {"museum": "7", "annexes": []},
    "text-like-a-keyword": {"museum": "@context", "enw": "@language"},
    "curie": {"museum": "7", "council": "local-authority-eng:LND"},
    "curie-of-a-register-called-as-the-field": {"museum": "7", "council": "council:x"},
    "curie-in-a-field-called-as-a-register": {"museum": "7", "council": "gallery:x"},
    "curie-of-unknown-register": {"museum": "7", "council": "atlantis:LND"},
    "curie-with-two-colons": {"museum": "7", "council": "gallery:a:b"},
    "curie-to-be-encoded": {"museum": "7", "council": "gallery:a b"},
    "curie-with-slashes": {"museum": "7", "council": "gallery://host"},
    "curie-without-key": {"museum": "7", "council": "gallery:"},
    "curie-without-colon": {"museum": "7", "council": "gallery"},
    "point": {"museum": "7", "point": "[-4.5, 53.25]"},
    "malformed-point": {"museum": "7", "point": "nowhere"},
    "control-characters": {"museum": "7", "enw": '\x00\x1f\x7f\u2028"\\'},
}


# rdflib's own JSON-LD parser makes a graph of a class that rdflib no longer likes.
@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated")
@pytest.mark.parametrize("item", TRAPS.values(), ids=TRAPS.keys())
def test_three_processors_read_the_records_own_triples(item: dict[str, Any]) -> None:
    """pyld, rdflib and Oxigraph make of the document the lines that we write."""
    lines = ntriples(item, SCHEMA, BASE)
    body = typed(item)
    assert by_pyld(body) == by_lines(lines)
    ours = Graph().parse(data="\n".join(lines), format="nt")
    by_rdflib = Graph().parse(data=inline(body), format="json-ld")
    assert set(by_rdflib) == set(ours)
    by_oxigraph = ox.parse(inline(body).encode(), format=ox.RdfFormat.JSON_LD)
    assert sorted(f"{quad.triple} ." for quad in by_oxigraph) == lines


KEY = st.text(min_size=1) | st.sampled_from(["enw", "a:b", "@id", "gallery:x", "//"])
ITEM = st.fixed_dictionaries(
    {"museum": KEY},
    optional={
        "enw": st.text(),
        "opened": st.text() | st.dates().map(str) | st.sampled_from(["1905", "@id"]),
        "point": st.text() | st.sampled_from(["[1,2]", "[-0.10, 51.5]"]),
        "annexes": st.lists(KEY, max_size=3),
        "council": st.text()
        | st.builds("{}:{}".format, st.sampled_from(REGISTERS), KEY),
    },
)


@given(ITEM)
def test_any_item_is_the_same_graph_to_pyld(item: dict[str, Any]) -> None:
    """Whatever a value is, an independent processor reads the triples that we write."""
    assert by_pyld(typed(item)) == by_lines(ntriples(item, SCHEMA, BASE))


@given(ITEM)
def test_the_plain_document_holds_the_items_own_values(item: dict[str, Any]) -> None:
    """Untyped, every field has the item's value, and derived members stand apart."""
    body = document(item, SCHEMA, BASE, registers=REGISTERS)
    assert {name: body[name] for name in item} == item
    assert set(body) - set(item) <= {
        *("@context", "@id", "@type", "exactMatch", "hasGeometry")
    }
    assert "_entry" not in body


def test_numbers_are_typed_only_where_their_form_is_not_canonical(
    schemas: Any,
) -> None:
    """`7` stays plain, while `07` says its value and datatype outright."""
    schema = schemas["school-eng"]
    item = {"school-eng": "100000", "capacity": "007", "minimum-age": "4"}
    body = document(item, schema, BASE, registers=schemas, typed=True)
    assert body["capacity"] == {"@value": "7", "@type": f"{XSD}integer"}
    assert body["minimum-age"] == "4"


def test_the_entry_means_nothing_in_rdf() -> None:
    """`_entry` and the geometry's own field are mapped to nothing by the context."""
    terms = CONTEXT["@context"]
    assert terms["_entry"] is None
    assert terms["point"] is None
    body = typed({"museum": "7"})
    assert body["_entry"]["entry-number"] == "1"
    assert by_pyld(body) == by_lines(ntriples({"museum": "7"}, SCHEMA, BASE))
