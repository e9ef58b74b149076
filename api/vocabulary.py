"""The vocabulary as a page and as Turtle."""

from __future__ import annotations

from dataclasses import dataclass

from rdflib import Graph, URIRef
from rdflib.namespace import OWL, RDF, RDFS, SKOS

from trigpoint.iris import ONTOLOGY


@dataclass(frozen=True)
class Term:
    """One term: `parents` are the IRIs that it is a sub-class or -property of."""

    name: str
    iri: str
    kind: str
    label: str
    comment: str
    parents: tuple[str, ...]


_KINDS = {
    OWL.Class: "class",
    RDFS.Class: "class",
    OWL.ObjectProperty: "property",
    OWL.DatatypeProperty: "property",
    OWL.AnnotationProperty: "annotation",
    RDF.Property: "property",
    SKOS.Concept: "concept",
    SKOS.ConceptScheme: "code list",
}


def terms_of(ontology: Graph) -> list[Term]:
    """Our own terms, in the order of their names."""
    own = {s for s in ontology.subjects() if isinstance(s, URIRef)}
    return [_term(ontology, iri) for iri in sorted(own) if iri.startswith(ONTOLOGY)]


def _term(ontology: Graph, iri: URIRef) -> Term:
    types = set(ontology.objects(iri, RDF.type))
    kinds = [kind for of, kind in _KINDS.items() if of in types]
    label = ontology.value(iri, RDFS.label) or ontology.value(iri, SKOS.prefLabel)
    comment = ontology.value(iri, RDFS.comment) or ontology.value(iri, SKOS.definition)
    parents = [
        str(parent)
        for link in (RDFS.subClassOf, RDFS.subPropertyOf, SKOS.inScheme)
        for parent in ontology.objects(iri, link)
        if isinstance(parent, URIRef)
    ]
    return Term(
        name=iri.removeprefix(ONTOLOGY),
        iri=str(iri),
        kind=min(kinds, default="term"),
        label=str(label or ""),
        comment=str(comment or ""),
        parents=tuple(sorted(parents)),
    )
