"""The vocabulary: defined, aligned, and free of what does not belong in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from rdflib import OWL, Graph, Literal, URIRef
from rdflib.namespace import DCTERMS, RDF, RDFS, SKOS
from rdflib.term import BNode

from trigpoint.gate import terms
from trigpoint.iris import ONTOLOGY

FOLDER = Path(__file__).parent.parent / "ontology"
HEADER = URIRef("https://w3id.org/trigpoint/def")
GRAPH = Graph()
for path in sorted(FOLDER.glob("*.ttl")):
    GRAPH.parse(path)
TERMS = sorted(
    {t for t in GRAPH.subjects() if isinstance(t, URIRef) and t.startswith(ONTOLOGY)}
)
ALIGNMENTS = (
    *(RDFS.subClassOf, RDFS.subPropertyOf, OWL.inverseOf, SKOS.inScheme),
    *(SKOS.closeMatch, SKOS.exactMatch, SKOS.relatedMatch),
)


def tp(name: str) -> URIRef:
    return URIRef(ONTOLOGY + name)


def name(term: URIRef) -> str:
    return term.removeprefix(ONTOLOGY)


def test_header_states_version_and_licence() -> None:
    """There is one ontology, with title, description, version and licence."""
    assert list(GRAPH.subjects(RDF.type, OWL.Ontology)) == [HEADER]
    version = str(GRAPH.value(HEADER, OWL.versionInfo))
    assert str(GRAPH.value(HEADER, OWL.versionIRI)) == f"{HEADER}/{version}"
    for term in (DCTERMS.title, DCTERMS.description, DCTERMS.license):
        assert GRAPH.value(HEADER, term) is not None


def test_there_are_no_blank_nodes() -> None:
    """Every subject and object is an IRI or a literal, so files merge and diff."""
    assert not [node for triple in GRAPH for node in triple if isinstance(node, BNode)]


def test_only_our_terms_are_described() -> None:
    """Terms of other vocabularies are referred to, never redefined here."""
    assert {s for s in GRAPH.subjects() if s != HEADER} == set(TERMS)


@pytest.mark.parametrize("term", TERMS, ids=name)
def test_term_is_labelled_and_defined(term: URIRef) -> None:
    """Each term has one English label, one definition and its ontology."""
    for predicate in (RDFS.label, RDFS.comment):
        values = list(GRAPH.objects(term, predicate))
        assert len(values) == 1
        assert isinstance(values[0], Literal)
        assert values[0].language == "en"
    assert str(GRAPH.value(term, RDFS.comment)).endswith(".")
    assert list(GRAPH.objects(term, RDFS.isDefinedBy)) == [HEADER]


@pytest.mark.parametrize("term", TERMS, ids=name)
def test_term_is_aligned_or_says_why_not(term: URIRef) -> None:
    """Each term names its nearest relative elsewhere, or a note says it has none."""
    note = str(GRAPH.value(term, SKOS.note))
    is_scheme = (term, RDF.type, SKOS.ConceptScheme) in GRAPH
    assert (
        any(GRAPH.value(term, predicate) is not None for predicate in ALIGNMENTS)
        or note.startswith("No alignment: ")
        or (is_scheme and note.startswith("Each concept matches "))
    )


def test_terms_referred_to_are_defined() -> None:
    """No term of ours is used here without a definition."""
    used = {
        term
        for triple in GRAPH
        for term in triple
        if isinstance(term, URIRef) and term.startswith(ONTOLOGY)
    }
    assert sorted(used) == TERMS


def test_terms_have_one_kind() -> None:
    """A term is a class, a property, a scheme or an individual, never two of them."""
    for term in TERMS:
        assert len(list(GRAPH.objects(term, RDF.type))) == 1, term


def test_organisation_is_not_an_area() -> None:
    """A local authority and its area are disjoint, as are an area and its outline."""
    area = tp("StatisticalArea")
    for other in ("LocalAuthority", "RegistrationDistrict", "Boundary"):
        assert (tp(other), OWL.disjointWith, area) in GRAPH


def test_subclasses_do_not_run_in_a_circle() -> None:
    """No class is, through others, a subclass of itself."""
    for term in TERMS:
        for parent in GRAPH.objects(term, RDFS.subClassOf):
            assert term not in set(GRAPH.transitive_objects(parent, RDFS.subClassOf))


def test_notations_are_unique_in_their_scheme() -> None:
    """Each concept of a code list has one notation, and no two share one."""
    for scheme in GRAPH.subjects(RDF.type, SKOS.ConceptScheme):
        concepts = list(GRAPH.subjects(SKOS.inScheme, scheme))
        found = [n for c in concepts for n in GRAPH.objects(c, SKOS.notation)]
        assert concepts
        assert len(found) == len(set(found)) == len(concepts)


def test_entity_codes_lie_in_a_layer() -> None:
    """Each entity code names a layer of areas that exists."""
    layers = {
        str(GRAPH.value(concept, SKOS.notation))
        for concept in GRAPH.subjects(SKOS.inScheme, tp("AreaLayers"))
    }
    concepts = set(GRAPH.subjects(SKOS.inScheme, tp("EntityCodes")))
    found = {str(GRAPH.value(concept, tp("areaLayer"))) for concept in concepts}
    assert found == layers


def test_every_rule_of_the_gate_is_defined() -> None:
    """What a report may name as the rule that was broken can be looked up."""
    named = {value for value in vars(terms).values() if isinstance(value, str)}
    named |= {*terms.INVALID_IDENTIFIER.values()}
    ours = {
        URIRef(one) for one in named if one.startswith(ONTOLOGY) and one != ONTOLOGY
    }
    rules = set(GRAPH.subjects(RDF.type, tp("GateRule")))
    assert ours == rules | {URIRef(terms.UNDECLARED_COLUMN)}
    assert ours <= set(TERMS)


def test_every_spelling_has_a_rule_of_its_own() -> None:
    """An identifier that cannot be read breaks the rule of its kind."""
    kinds = {str(kind) for kind in GRAPH.subjects(RDF.type, tp("KeySpelling"))}
    assert set(terms.INVALID_IDENTIFIER) == kinds
