"""What the registers hold, described for programs: VoID.

"Describing Linked Datasets with the VoID Vocabulary" (W3C Interest Group Note 2011);
section 7.2 says where it is found. Each register and each named graph is a dataset, and
so are all of them together. Counts are those that were made with the view, dates those
of the first entry and the last.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from api.description import VOID_DOOR
from api.statements import FOAF, FORMATS, VOID, a, iri, number, say
from trigpoint.catalogue import DC, DCTERMS, register_iri
from trigpoint.iris import ONTOLOGY, encode_key, record_iri
from trigpoint.log.reader import LogReader
from trigpoint.schema.rdf import XSD, escape, literal
from trigpoint.schema.shape import Schema
from trigpoint.schema.tally import Tally
from trigpoint.snapshot import Snapshot
from trigpoint.view import View

_NAMESPACE: Final = re.compile(r"^.*[#/]")
_DUMPS: Final = {"nt": "N-Triples", "ttl": "Turtle", "jsonld": "JSON-LD"}


def void_lines(registers: Snapshot, view: View) -> Iterator[str]:
    """The description of all datasets as N-Triples lines: registers as their log was
    when the view was made, and the graphs of the view."""
    base, counts = view.base, view.counts
    then = registers.as_of(view.sizes)
    whole, document = f"{base}/registers", base + VOID_DOOR
    yield from a(document, f"{VOID}DatasetDescription")
    yield from say(document, f"{DCTERMS}title", '"What the registers hold"@en')
    yield from say(document, f"{FOAF}primaryTopic", iri(whole))
    yield from a(whole, f"{VOID}Dataset")
    yield from say(whole, f"{DCTERMS}title", '"All registers"@en')
    yield from say(whole, f"{FOAF}homepage", iri(f"{base}/"))
    yield from say(whole, f"{VOID}triples", number(counts.triples))
    yield from say(whole, f"{VOID}uriSpace", literal(f"{base}/id/"))
    yield from say(whole, f"{VOID}sparqlEndpoint", iri(f"{base}/sparql"))
    yield from _dump_lines(whole, f"{base}/dumps/everything.trig", "TriG")
    for name in view.sizes:
        part = register_iri(base, name)
        yield from say(whole, f"{VOID}subset", iri(part))
        tally = counts.registers.get(name, Tally())
        yield from _register_lines(part, then.schemas[name], then.log, base)
        entities = tally.classes[then.schemas[name].target_class]
        yield from say(part, f"{VOID}entities", number(entities))
        yield from tally_lines(part, tally)
    for graph, tally in counts.graphs.items():
        yield from a(graph, f"{VOID}Dataset")
        yield from say(whole, f"{VOID}subset", iri(graph))
        yield from say(graph, f"{VOID}sparqlEndpoint", iri(f"{base}/sparql"))
        yield from tally_lines(graph, tally)


def _register_lines(
    me: str, schema: Schema, log: LogReader, base: str
) -> Iterator[str]:
    """What a register is, where its records are, and where it can be had whole."""
    name = schema.register
    yield from a(me, f"{VOID}Dataset")
    yield from say(me, f"{DCTERMS}title", f'"{escape(schema.title)}"@en')
    yield from say(me, f"{DCTERMS}description", f'"{escape(schema.description)}"@en')
    yield from say(me, f"{DCTERMS}license", iri(schema.licence))
    yield from say(me, f"{ONTOLOGY}custodian", literal(schema.custodian))
    if schema.copyright:
        yield from say(me, f"{DC}rights", literal(schema.copyright))
    for predicate, entry in (("created", 1), ("modified", log.size(name))):
        moment = literal(log.entry(name, entry).timestamp, f"{XSD}dateTime")
        yield from say(me, f"{DCTERMS}{predicate}", moment)
    yield from say(me, f"{VOID}sparqlEndpoint", iri(f"{base}/sparql"))
    yield from say(me, f"{VOID}uriSpace", literal(f"{base}/id/{name}/"))
    for record in log.records(name, limit=1):
        one = record_iri(base, name, record.entry.key)
        yield from say(me, f"{VOID}exampleResource", iri(one))
    for suffix, form in _DUMPS.items():
        yield from _dump_lines(me, f"{base}/dumps/{name}.{suffix}", form)


def _dump_lines(dataset: str, dump: str, form: str) -> Iterator[str]:
    yield from say(dataset, f"{VOID}dataDump", iri(dump))
    yield from say(dataset, f"{VOID}feature", iri(FORMATS + form))
    yield from say(dump, f"{DCTERMS}format", iri(FORMATS + form))


def tally_lines(dataset: str, tally: Tally) -> Iterator[str]:
    """How much a dataset holds, property by property and class by class."""
    yield from say(dataset, f"{VOID}triples", number(tally.triples))
    yield from say(dataset, f"{VOID}classes", number(len(tally.classes)))
    yield from say(dataset, f"{VOID}properties", number(len(tally.properties)))
    for name in sorted(_namespaces((*tally.properties, *tally.classes))):
        yield from say(dataset, f"{VOID}vocabulary", iri(name))
    parts = (
        ("property", "triples", tally.properties),
        ("class", "entities", tally.classes),
    )
    for kind, counted, counts in parts:
        for term, count in counts.items():
            part = f"{dataset}#{kind}/{encode_key(term)}"
            yield from say(dataset, f"{VOID}{kind}Partition", iri(part))
            yield from say(part, f"{VOID}{kind}", iri(term))
            yield from say(part, f"{VOID}{counted}", number(count))


def _namespaces(terms: Iterable[str]) -> set[str]:
    """The vocabularies that terms are of: what stands before the name of each."""
    return {found[0] for term in terms if (found := _NAMESPACE.match(term))}
