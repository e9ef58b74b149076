"""A small data directory: a few registers of each kind, loaded through the façade."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from trigpoint.log.entry import Batch
from trigpoint.register import Registers
from trigpoint.staging import Load

Row = Mapping[str, "str | list[str]"]

BASE = "http://localhost:8000"
OGL = "http://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"
BOROUGH = "statistical-geography-london-borough-eng"
# A square degree cut in two: Westminster west of the meridian, the City east of it.
WEST = "POLYGON ((-0.2 51.4, 0 51.4, 0 51.6, -0.2 51.6, -0.2 51.4))"
EAST = "POLYGON ((0 51.4, 0.2 51.4, 0.2 51.6, 0 51.6, 0 51.4))"
SCRIPT = "<script>alert(1)</script>"
# Keys that are hard on paths, suffixes, JSON-LD terms or IRIs.
TRAPS = (
    "name",
    "links",
    "a:b",
    "urn:x:1",
    "a b",
    "ä/ö",
    "100%",
    "v1.csv",
    "v1",
    "dot.",
    "..",
    "@id",
    "hash#?&=",
    "a+b",
    "_entry",
    SCRIPT,
    '"quoted"',
)

COUNTRIES: Sequence[Row] = (
    {"country": "CS", "name": "Czechoslovakia", "end-date": "1992-12-31"},
    {
        "country": "CZ",
        "name": "Czechia",
        "official-name": "The Czech Republic",
        "start-date": "1993-01-01",
    },
    {"country": "GB", "name": "United Kingdom"},
    {"country": "SS", "name": "South Sudan", "start-date": "2011-07"},
)
TYPES: Sequence[Row] = (
    {"local-authority-type": "LBO", "name": "London borough"},
    {"local-authority-type": "NMD", "name": "Non-metropolitan district"},
    {"local-authority-type": "UA", "name": "Unitary authority"},
)
COUNCILS: Sequence[Row] = (
    {
        "local-authority-eng": "BPC",
        "local-authority-type": "UA",
        "name": "Bournemouth, Christchurch and Poole",
        "official-name": "Bournemouth, Christchurch and Poole Council",
        "start-date": "2019-04-01",
    },
    {
        "local-authority-eng": "CHC",
        "local-authority-type": "NMD",
        "name": "Christchurch",
        "official-name": "Christchurch Borough Council",
        "start-date": "1974-04-01",
        "end-date": "2019-03-31",
        "successors": ["BPC"],
    },
    {
        "local-authority-eng": "LND",
        "local-authority-type": "LBO",
        "name": "City of London",
        "official-name": "City of London Corporation",
    },
    {
        "local-authority-eng": "WSM",
        "local-authority-type": "LBO",
        "name": "Westminster",
        "official-name": "Westminster City Council",
    },
)
BOROUGHS: Sequence[Row] = (
    {BOROUGH: "E09000001", "name": "City of London", "local-authority-eng": "LND"},
    {BOROUGH: "E09000033", "name": "Westminster", "local-authority-eng": "WSM"},
)
BOUNDARIES: Sequence[Row] = tuple(
    {
        "boundary": f"{code}-2025-full",
        "area": f"{BOROUGH}:{code}",
        "name": name,
        "vintage": "2025",
        "resolution": "full",
        "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
        "start-date": "2025-04-01",
        "geometry": outline,
    }
    for code, name, outline in (
        ("E09000001", "City of London", EAST),
        ("E09000033", "Westminster", WEST),
    )
)
SCHOOLS: Sequence[Row] = (
    {
        "school-eng": "100000",
        "name": "The Aldgate School",
        "address": "10023",
        "postcode": "EC3A 5DE",
        "local-authority": "local-authority-eng:LND",
        "website": "http://www.example.org/aldgate",
        "minimum-age": "3",
        "capacity": "0271",
        "point": "[0.05,51.5]",
        "start-date": "1905",
    },
    {
        "school-eng": "100001",
        "name": "St Stephen’s School",
        "postcode": "SW1A 1AA",
        "point": "[-0.1276,51.5072]",
        "end-date": "2016-08-31",
        "successors": ["100000"],
    },
)
POSTCODES: Sequence[Row] = (
    {"postcode": "EC3A 5DE", "point": "[0.05,51.5]", "positional-quality": "10"},
    {"postcode": "SW1A 1AA", "point": "[-0.1276,51.5072]", "positional-quality": "10"},
    {"postcode": "SW1A 2AA", "positional-quality": "90"},
)


def addresses() -> list[Row]:
    """250 addresses, so that there is more than one page of them."""
    return [
        {
            "address": str(10000 + number),
            "name": f"Flat {number}",
            "street-name": "High Street",
            "town": "London" if number % 2 else "Leeds",
            "point": f"[-0.1{number:03},51.5]",
        }
        for number in range(250)
    ]


def traps() -> list[Row]:
    """A record for each trap, linked to the next one and to itself by name."""
    return [
        {
            "trap": key,
            "name": f"{SCRIPT} {key}",
            "next": following,
            "links": [key, following],
            "also": f"trap:{key}",
            "since": since,
            "page": "javascript:alert(1)",
        }
        for key, following, since in zip(
            TRAPS,
            (*TRAPS[1:], TRAPS[0]),
            ("2019", "2019-04", "2019-04-01") * len(TRAPS),
            strict=False,
        )
    ]


SHAPE = """
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix schema: <http://schema.org/> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix shape: <https://w3id.org/trigpoint/shapes#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix tp: <https://w3id.org/trigpoint/def#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
shape:trap a sh:NodeShape ;
    sh:targetClass tp:Trap ; sh:closed true ; sh:ignoredProperties ( rdf:type ) ;
    tp:register "trap" ; rdfs:label "Traps"@en ; dcterms:description "Hard keys."@en ;
    tp:custodian "Office of Traps" ; tp:copyright "© Office of Traps" ;
    dcterms:license <http://example.org/licence> ; tp:keyField "trap" ;
    sh:property shape:trap-trap, shape:trap-name, shape:trap-next, shape:trap-links,
        shape:trap-also, shape:trap-since, shape:trap-page .
shape:trap-trap sh:name "trap" ; sh:path skos:notation ; sh:order 1 ;
    sh:datatype xsd:string ; sh:minCount 1 ; sh:maxCount 1 .
shape:trap-name sh:name "name" ; sh:path rdfs:label ; sh:order 2 ;
    sh:datatype xsd:string ; sh:maxCount 1 ; sh:description "What it is called."@en .
shape:trap-next sh:name "next" ; sh:path tp:next ; sh:order 3 ;
    sh:class tp:Trap ; sh:nodeKind sh:IRI ; sh:maxCount 1 .
shape:trap-links sh:name "links" ; sh:path tp:links ; sh:order 4 ;
    sh:class tp:Trap ; sh:nodeKind sh:IRI .
shape:trap-also sh:name "also" ; sh:path tp:also ; sh:order 5 ;
    tp:curie true ; sh:nodeKind sh:IRI ; sh:maxCount 1 .
shape:trap-since sh:name "since" ; sh:path schema:validFrom ; sh:order 6 ;
    sh:maxCount 1 ; sh:or ( [ sh:datatype xsd:date ] [ sh:datatype xsd:gYearMonth ]
            [ sh:datatype xsd:gYear ] [ sh:datatype xsd:dateTime ] ) .
shape:trap-page sh:name "page" ; sh:path schema:url ; sh:order 7 ;
    sh:datatype xsd:string ; sh:maxCount 1 .
"""


def frame(rows: Sequence[Row]) -> pl.DataFrame:
    """Rows as a loader stages them."""
    return pl.DataFrame(list(rows), infer_schema_length=None)


def build(data: Path) -> Registers:
    """Load everything above into `data`, and a second entry for one country."""
    (data / "shapes").mkdir(parents=True)
    (data / "shapes" / "trap.ttl").write_text(SHAPE)
    registers = Registers.open(data, base=BASE, write=True)
    batch = Batch("test", "Rows of the tests", licence=OGL, release_date="2025-06-01")
    loads = {
        "country": COUNTRIES,
        "local-authority-type": TYPES,
        "local-authority-eng": COUNCILS,
        BOROUGH: BOROUGHS,
        "boundary": BOUNDARIES,
        "address": addresses(),
        "postcode": POSTCODES,
        "school-eng": SCHOOLS,
        "trap": traps(),
    }
    load(registers, [Load(name, frame(rows)) for name, rows in loads.items()], batch)
    changed = {"country": "GB", "official-name": "The United Kingdom"}
    load(registers, [Load("country", frame([changed]), partial=True)], batch)
    return registers


def load(registers: Registers, loads: Sequence[Load], batch: Batch) -> None:
    """Load, and show what the gate says if it refuses a row."""
    summary = registers.load(loads, batch)
    assert summary.appended, summary.report.table()
