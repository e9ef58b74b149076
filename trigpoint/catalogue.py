"""What is said of the registers themselves, as RDF: catalogue and provenance.

DCAT 3 for the registers, PROV-O for the batches that were appended to them. Both are
named graphs beside the records; every node has an IRI. What is said in words stands
under the elements of Dublin Core (`dc:rights`, `dc:source`), since the terms of that
name (`dcterms:rights`, `dcterms:source`) expect resources.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import polars as pl

from trigpoint.iris import ONTOLOGY, areas_graph_iri
from trigpoint.log.reader import AppendedBatch, LogReader
from trigpoint.schema.items import format_hash
from trigpoint.schema.rdf import RDF_TYPE, XSD, escape, literal
from trigpoint.schema.shape import Schema
from trigpoint.spatial.boundaries import BoundaryIndex, BoundarySet

DCAT = "http://www.w3.org/ns/dcat#"
DC = "http://purl.org/dc/elements/1.1/"
DCTERMS = "http://purl.org/dc/terms/"
PROV = "http://www.w3.org/ns/prov#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"


def register_iri(base: str, register: str) -> str:
    return f"{base}/registers/{register}"


def batch_iri(base: str, number: int) -> str:
    return f"{base}/batches/{number}"


def key_iri(base: str, id: str) -> str:
    """Who holds a custodian's key: all that is known of them is what they did with it,
    and the name of the organisation that it was given to."""
    return f"{base}/keys/{id}"


def catalogue_lines(log: LogReader, schemas: Iterable[Schema], base: str) -> list[str]:
    """N-Triples lines that describe each register: DCAT, size and root."""
    return sorted(
        line for schema in schemas for line in _register_lines(log, schema, base)
    )


def _register_lines(log: LogReader, schema: Schema, base: str) -> Iterator[str]:
    me = f"<{register_iri(base, schema.register)}>"
    size = log.size(schema.register)
    statements = {
        f"<{RDF_TYPE}>": f"<{DCAT}Dataset>",
        f"<{DCTERMS}identifier>": literal(schema.register),
        f"<{DCTERMS}title>": f'"{escape(schema.title)}"@en',
        f"<{DCTERMS}description>": f'"{escape(schema.description)}"@en',
        f"<{DCTERMS}license>": f"<{schema.licence}>",
        f"<{ONTOLOGY}custodian>": literal(schema.custodian),
        f"<{ONTOLOGY}phase>": literal(schema.phase),
        f"<{ONTOLOGY}shape>": f"<{schema.shape}>",
        f"<{ONTOLOGY}recordClass>": f"<{schema.target_class}>",
        f"<{ONTOLOGY}size>": literal(str(size), f"{XSD}integer"),
    }
    if schema.copyright:
        statements[f"<{DC}rights>"] = literal(schema.copyright)
    if size:
        records = str(log.count(schema.register))
        statements[f"<{ONTOLOGY}records>"] = literal(records, f"{XSD}integer")
        root = format_hash(log.root(schema.register))
        statements[f"<{ONTOLOGY}rootHash>"] = literal(root)
    for predicate, value in statements.items():
        yield f"{me} {predicate} {value} ."


def set_lines(
    log: LogReader, boundaries: BoundaryIndex, schema: Schema, base: str
) -> list[str]:
    """N-Triples lines that describe the named graphs of links to areas: the set of
    boundaries that each was made by, its sources and its terms. `schema` is that of
    the register of boundaries."""
    keys: dict[BoundarySet, list[str]] = {}
    rows = boundaries.boundaries
    for of, key in zip(rows.sets, rows.texts("key"), strict=True):
        keys.setdefault(of, []).append(key)
    return sorted(
        line
        for of, known in keys.items()
        for line in _set_lines(log, of, known, schema, base)
    )


def _set_lines(
    log: LogReader, of: BoundarySet, keys: list[str], schema: Schema, base: str
) -> Iterator[str]:
    me = f"<{areas_graph_iri(base, *of)}>"
    title = f"Records by the boundaries {of.layer}, {of.vintage}, {of.resolution}"
    yield f"{me} <{RDF_TYPE}> <{DCAT}Dataset> ."
    yield f'{me} <{DCTERMS}title> "{escape(title)}"@en .'
    yield f"{me} <{ONTOLOGY}areaLayer> {literal(of.layer)} ."
    yield f"{me} <{ONTOLOGY}vintage> {literal(of.vintage)} ."
    yield f"{me} <{ONTOLOGY}resolution> {literal(of.resolution)} ."
    derived_from = register_iri(base, schema.register)
    yield f"{me} <{PROV}wasDerivedFrom> <{derived_from}> ."
    yield f"{me} <{DCTERMS}license> <{schema.licence}> ."
    if schema.copyright:
        yield f"{me} <{DC}rights> {literal(schema.copyright)} ."
    said = log.values(schema.register, pl.Series(keys), "source")["value"]
    for source in said.drop_nulls().unique().sort().to_list():
        yield f"{me} <{DC}source> {literal(source)} ."


def provenance_lines(log: LogReader, base: str) -> list[str]:
    """N-Triples lines that say where each batch of entries came from, and whose key
    appended it."""
    return sorted(
        {line for batch in log.batches() for line in _batch_lines(batch, base)}
    )


def _batch_lines(appended: AppendedBatch, base: str) -> Iterator[str]:
    me, batch = f"<{batch_iri(base, appended.number)}>", appended.batch
    yield f"{me} <{RDF_TYPE}> <{PROV}Activity> ."
    yield f"{me} <{DC}source> {literal(batch.title)} ."
    yield f"{me} <{PROV}endedAtTime> {literal(appended.appended, f'{XSD}dateTime')} ."
    if batch.release_date:
        yield f"{me} <{DCTERMS}issued> {literal(batch.release_date)} ."
    if appended.key is not None:
        agent = f"<{key_iri(base, appended.key.id)}>"
        yield f"{me} <{PROV}wasAssociatedWith> {agent} ."
        yield f"{agent} <{RDF_TYPE}> <{PROV}Agent> ."
        yield f"{agent} <{DCTERMS}identifier> {literal(appended.key.id)} ."
        yield f"{agent} <{RDFS}label> {literal(appended.key.name)} ."
    yield from _file_lines(appended, base)
    yield from _part_lines(appended, base)


def _file_lines(appended: AppendedBatch, base: str) -> Iterator[str]:
    """What was read, and where it is published."""
    me, batch = f"<{batch_iri(base, appended.number)}>", appended.batch
    for position, (name, checksum) in enumerate(batch.files, start=1):
        file = f"<{batch_iri(base, appended.number)}/files/{position}>"
        yield f"{me} <{PROV}used> {file} ."
        yield f"{file} <{RDF_TYPE}> <{PROV}Entity> ."
        yield f"{file} <{DCTERMS}title> {literal(name)} ."
        yield f"{file} <{ONTOLOGY}checksum> {literal(checksum)} ."
        if batch.landing_page:
            yield f"{file} <{DCAT}landingPage> <{batch.landing_page}> ."


def _part_lines(appended: AppendedBatch, base: str) -> Iterator[str]:
    """What was made of all the files together, on their terms."""
    me, batch = f"<{batch_iri(base, appended.number)}>", appended.batch
    for register, (first, last) in appended.ranges.items():
        part = f"<{batch_iri(base, appended.number)}/{register}>"
        yield f"{part} <{RDF_TYPE}> <{PROV}Entity> ."
        yield f"{part} <{PROV}wasGeneratedBy> {me} ."
        if appended.key is not None:
            agent = key_iri(base, appended.key.id)
            yield f"{part} <{PROV}wasAttributedTo> <{agent}> ."
        yield f"{part} <{DCTERMS}isPartOf> <{register_iri(base, register)}> ."
        yield f"{part} <{ONTOLOGY}firstEntry> {literal(str(first), f'{XSD}integer')} ."
        yield f"{part} <{ONTOLOGY}lastEntry> {literal(str(last), f'{XSD}integer')} ."
        if batch.licence:
            yield f"{part} <{DCTERMS}license> <{batch.licence}> ."
        if batch.attribution:
            yield f"{part} <{DC}rights> {literal(batch.attribution)} ."
