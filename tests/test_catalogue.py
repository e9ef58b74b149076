"""What the catalogue and the provenance say, and of what they say it."""

from __future__ import annotations

from pathlib import Path

import pyoxigraph as ox
import pytest

from tests.log.drafts import BATCH, draft, log_of
from trigpoint.catalogue import catalogue_lines, provenance_lines
from trigpoint.log.entry import BatchKey
from trigpoint.log.store import Log
from trigpoint.schema.catalogue import Schemas

BASE = "http://test"
DC = "http://purl.org/dc/elements/1.1/"
DCTERMS = "http://purl.org/dc/terms/"
DCAT = "http://www.w3.org/ns/dcat#"
# DCMI Metadata Terms: the range of each is a class of things, not of texts.
OF_RESOURCES = {
    f"{DCTERMS}{name}" for name in ("license", "rights", "source", "isPartOf")
}


def parsed(lines: list[str]) -> list[ox.Triple]:
    text = "\n".join(lines)
    return [q.triple for q in ox.parse(text, format=ox.RdfFormat.N_TRIPLES)]


def values(triples: list[ox.Triple], subject: str, predicate: str) -> set[str]:
    return {
        triple.object.value
        for triple in triples
        if triple.subject == ox.NamedNode(subject)
        and triple.predicate.value == predicate
        and isinstance(triple.object, ox.NamedNode | ox.Literal)
    }


@pytest.fixture
def log(tmp_path: Path) -> Log:
    """Two towns, appended by one batch that read two files."""
    return log_of(tmp_path, draft("a", name="Ayr"), draft("b", name="Bath"))


def test_a_register_says_whom_to_name(log: Log, schemas: Schemas) -> None:
    """The attribution of each shape is a text in the catalogue, beside the licence."""
    triples = parsed(catalogue_lines(log, schemas.values(), BASE))
    for schema in schemas.values():
        me = f"{BASE}/registers/{schema.register}"
        assert values(triples, me, f"{DC}rights") == {schema.copyright}
        assert values(triples, me, f"{DCTERMS}license") == {schema.licence}


def test_terms_are_said_of_what_was_made_and_places_of_what_was_read(log: Log) -> None:
    """Files say where they are published, entries on what terms they are; the load
    itself, which is no document, says neither."""
    triples = parsed(provenance_lines(log, BASE))
    batch = f"{BASE}/batches/1"
    for file in (f"{batch}/files/1", f"{batch}/files/2"):
        assert values(triples, file, f"{DCAT}landingPage") == {BATCH.landing_page}
    assert values(triples, f"{batch}/town", f"{DCTERMS}license") == {BATCH.licence}
    assert values(triples, f"{batch}/town", f"{DC}rights") == {BATCH.attribution}
    assert values(triples, batch, f"{DC}source") == {BATCH.title}
    for name in (f"{DCTERMS}license", f"{DC}rights", f"{DCAT}landingPage"):
        assert values(triples, batch, name) == set()


def test_terms_that_expect_resources_get_them(log: Log, schemas: Schemas) -> None:
    """No literal stands where DCMI's terms expect a resource, and no node is blank."""
    lines = catalogue_lines(log, schemas.values(), BASE) + provenance_lines(log, BASE)
    said = [t for t in parsed(lines) if t.predicate.value in OF_RESOURCES]
    assert len(said) > len(schemas)
    assert all(isinstance(triple.object, ox.NamedNode) for triple in said)
    assert not any(line.startswith("_:") or " _:" in line for line in lines)


def test_the_provenance_says_whose_key_it_was(tmp_path: Path) -> None:
    """The batch is associated with whoever holds the key, its entries are attributed
    to them, and the organisation is their label; a batch without a key says nothing."""
    prov, key = "http://www.w3.org/ns/prov#", BatchKey("0123456789ab", "Ministry")
    log = Log(tmp_path / "log.sqlite")
    for number, by in enumerate((key, key, None)):
        with log.appending(BATCH, key=by) as appender:
            appender.append("town", [draft(f"t{number}", name="Town")])
    lines = provenance_lines(log, BASE)
    assert len(set(lines)) == len(lines)
    triples, agent = parsed(lines), f"{BASE}/keys/0123456789ab"
    rdfs = "http://www.w3.org/2000/01/rdf-schema#"
    assert values(triples, agent, f"{rdfs}label") == {"Ministry"}
    assert values(triples, agent, f"{DCTERMS}identifier") == {key.id}
    for number, said in ((1, {agent}), (2, {agent}), (3, set())):
        batch = f"{BASE}/batches/{number}"
        assert values(triples, batch, f"{prov}wasAssociatedWith") == said
        assert values(triples, f"{batch}/town", f"{prov}wasAttributedTo") == said
