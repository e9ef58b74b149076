"""A register with a field of every kind, as Turtle."""

from __future__ import annotations

from trigpoint.iris import ONTOLOGY, SHAPES
from trigpoint.schema.catalogue import Schemas

XSD = "http://www.w3.org/2001/XMLSchema#"
PREFIXES = f"""
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix geo: <http://www.opengis.net/ont/geosparql#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix shape: <{SHAPES}> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix tp: <{ONTOLOGY}> .
@prefix xsd: <{XSD}> .
"""
MUSEUM = """
shape:museum a sh:NodeShape ;
    sh:targetClass tp:Museum ;
    sh:closed true ;
    tp:register "museum" ;
    rdfs:label "Museums"@en ;
    dcterms:description "Museums of the county."@en ;
    tp:custodian "County Council" ;
    dcterms:license <http://example.org/licence> ;
    tp:copyright "© County Council" ;
    tp:phase "beta" ;
    tp:criticality "low" ;
    tp:keyField "museum" ;
    tp:keySpelling tp:Uprn ;
    tp:geometryField "point" ;
    tp:startField "opened" ;
    tp:exactMatchTemplate "http://example.org/{key}" ;
    tp:maxDrop 0.5 ;
    sh:property shape:museum-point, shape:museum-opened, shape:museum-enw,
        shape:museum-annexes, shape:museum-council, shape:museum-museum .
shape:museum-museum sh:name "museum" ; sh:path skos:notation ; sh:order 1 ;
    sh:datatype xsd:string ; sh:minCount 1 ; sh:maxCount 1 .
shape:museum-enw sh:name "enw" ; sh:path rdfs:label ; sh:order 2 ;
    sh:datatype rdf:langString ; sh:languageIn ( "cy-GB" "en" ) ; sh:maxCount 1 .
shape:museum-opened sh:name "opened" ; sh:path tp:opened ; sh:order 3 ;
    sh:or ( [ sh:datatype xsd:date ] [ sh:datatype xsd:gYear ] ) ; sh:maxCount 1 .
shape:museum-point sh:name "point" ; sh:path geo:hasGeometry ; sh:order 4 ;
    tp:geometryEncoding tp:LonLat ; sh:maxCount 1 .
shape:museum-annexes sh:name "annexes" ; sh:path tp:annexes ; sh:order 5 ;
    sh:class tp:Museum ; sh:nodeKind sh:IRI ; sh:description "Other houses."@en .
shape:museum-council sh:name "council" ; sh:path tp:council ; sh:order 6 ;
    tp:curie true ; tp:holds true ; sh:nodeKind sh:IRI ; sh:maxCount 1 .
"""

SCHEMAS = Schemas([], derived=[PREFIXES + MUSEUM])
SCHEMA = SCHEMAS["museum"]
BASE = "http://localhost:8000"
