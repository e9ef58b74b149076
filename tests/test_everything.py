"""All real files, loaded in order by the command: every row is accounted for.

The numbers are those of the files (docs/sources.md says what each is): a row that is
not added, changed or unchanged is left out or rejected, and has its reason. What is
published afterwards holds no person and nothing that was not declared.
"""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import pyoxigraph
import pytest

from loaders.__main__ import SOURCES, parser
from loaders.run import load
from trigpoint.dump import EVERYTHING, Dumps
from trigpoint.loading import Summary
from trigpoint.log.rsf import PERSONAL
from trigpoint.placing import Areas
from trigpoint.quality import area_report
from trigpoint.register import Registers
from trigpoint.schema.rdf import EXACT_MATCH, RDF_TYPE
from trigpoint.schema.shape import GEO
from trigpoint.view import silent

EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
# Archived mailboxes of offices; the load warns of them (docs/decisions/009).
WITH_MAILBOXES = "information-sharing-agreement-0001"


@dataclass(frozen=True)
class Step:
    """One load: its words, the rows of its files, and how many are not loaded."""

    words: str
    rows: int
    left_out: int = 0
    rejected: int = 0


STEPS = (
    Step("rsf registers", 11_070),
    # The list's 470 authorities, and 531 areas made of all the tables together.
    Step("area-codes codes --source-date 2026-06", 470 + 531, left_out=25),
    Step("rows codes/gds/country-data/data/uk/uk.tsv --register uk", 5),
    Step("wards boundaries/ward_2025.geojsonl.gz --source-date 2025", 8_405),
    Step(
        "boundaries boundaries/lad_2020.geojsonl.gz --vintage 2020 --repair "
        "--start-date 2020-04-01 --end-date 2021-03-31 --source-date 2020-04-01",
        379,
    ),
    Step(
        "boundaries boundaries/lad_2025.geojsonl.gz --vintage 2025 --repair "
        "--source-date 2025",
        361,
    ),
    Step(
        "edubase schools/edubase_2016.tsv.gz schools/school_types_by_urn.tsv.gz "
        "--source-date 2016-11",
        27_339,
        left_out=3_007,
    ),
    Step(
        "gias schools/gias_full_width_sample.csv --source-date 2022-01 --force",
        99,
        left_out=51,
    ),
    Step("gias-links schools/gias_links_2025-04-22.csv.gz", 33_801, left_out=33_402),
    Step("gds-street addresses/gds_street.tsv.gz codes --source-date 2016", 22_871),
    Step(
        "gds-address addresses/gds_address.tsv.gz --source-date 2016 --accept-partial",
        26_140,
        rejected=14,
    ),
    Step("school-addresses addresses/school_uprn.tsv", 436 + 436, left_out=53),
)


@dataclass
class Loaded:
    """The data directory with everything in it, and what each load said."""

    data: Path
    summaries: dict[str, Summary] = field(default_factory=dict)


@pytest.fixture(scope="module")
def everything(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """Every step, one after the other, into one data directory."""
    loaded = Loaded(tmp_path_factory.mktemp("everything") / "data")
    for step in STEPS:
        name, *rest = step.words.split()
        there = [real_data / word for word in rest]
        words = [
            str(path) if path.exists() else word
            for path, word in zip(there, rest, strict=True)
        ]
        options = parser().parse_args([name, *words, "--data", str(loaded.data)])
        source = next(one for one in SOURCES if one.name == name)
        folder = tmp_path_factory.mktemp("staged")
        outcome = load(source, options.files, options, silent, folder)
        loaded.summaries[step.words] = outcome.summary
    return loaded


@pytest.fixture(scope="module")
def registers(everything: Loaded) -> Registers:
    return Registers.open(everything.data)


def _records(registers: Registers) -> int:
    """How many records all registers hold: more than were loaded by the last step."""
    records = sum(registers.log.count(name) for name in registers.log.sizes())
    assert records > max(step.rows for step in STEPS)
    return records


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.words.split()[0])
def test_every_row_is_accounted_for(step: Step, everything: Loaded) -> None:
    """Rows in the files are rows loaded, left out or rejected; none is lost."""
    summary = everything.summaries[step.words]
    counts = summary.counts.values()
    left_out = sum(sum(one.left_out.values()) for one in counts)
    done = sum(one.added + one.changed + one.unchanged for one in counts)
    assert summary.appended
    assert (left_out, summary.rejected) == (step.left_out, step.rejected)
    if not step.words.startswith("gias-links"):
        assert done == step.rows - left_out - step.rejected
    else:
        # Several links may name one school: rows are links, entries are schools.
        assert 0 < done <= step.rows - left_out


def test_every_rejected_row_has_its_reason(everything: Loaded) -> None:
    """Each refused row number has at least one violation with a message."""
    refused = 0
    for summary in everything.summaries.values():
        for register, rejects in summary.rejects.items():
            frame = pl.concat(rejects.batches())
            reasons = {
                violation.row
                for violation in summary.report.violations
                if violation.register == register and violation.message
            }
            assert set(frame["_row"]) <= reasons
            refused += len(frame)
    assert refused == sum(step.rejected for step in STEPS) > 0


def test_every_register_verifies_and_is_published(registers: Registers) -> None:
    """Each root recomputes from items and entries, and the views speak for all."""
    sizes = registers.log.sizes()
    for register in sizes:
        assert registers.log.verify(register) == registers.log.root(register)
    assert registers.view().sizes == sizes


def test_loading_a_source_that_changes_what_it_reads_again_appends_nothing(
    real_data: Path, everything: Loaded, tmp_path: Path
) -> None:
    """Schools that the first load added do not change what the second one makes."""
    source = next(one for one in SOURCES if one.name == "school-addresses")
    path = str(real_data / "addresses/school_uprn.tsv")
    words = ["school-addresses", path, "--data", str(everything.data)]
    options = parser().parse_args(words)
    done = load(source, options.files, options, silent, tmp_path)
    counts = done.summary.counts.values()
    assert [(one.added, one.changed) for one in counts] == [(0, 0), (0, 0)]


def test_loading_the_archive_again_appends_nothing(
    real_data: Path, everything: Loaded, tmp_path: Path
) -> None:
    """The log has gone on since, and knows every entry of the archive."""
    words = ["rsf", str(real_data / "registers"), "--data", str(everything.data)]
    options = parser().parse_args(words)
    before = Registers.open(everything.data).log.sizes()
    done = load(SOURCES[0], options.files, options, silent, tmp_path)
    counts = done.summary.counts.values()
    assert sum(one.unchanged for one in counts) == 11_070
    assert Registers.open(everything.data).log.sizes() == before


def test_no_dump_has_a_blank_node(registers: Registers) -> None:
    """Not one node of everything, parsed again by the store's own parser, is blank."""
    dump = Dumps(registers).file(EVERYTHING, "trig")
    quads = pyoxigraph.parse(path=str(dump.path), format=pyoxigraph.RdfFormat.TRIG)
    blank = pyoxigraph.BlankNode
    count = 0
    for quad in quads:
        count += 1
        assert not isinstance(quad.subject, blank)
        assert not isinstance(quad.object, blank)
    assert count > _records(registers)


def test_the_store_says_so_too(registers: Registers) -> None:
    """A SPARQL search over all graphs finds no blank node."""
    store = pyoxigraph.Store.read_only(str(registers.view().graph))
    query = """SELECT * WHERE {
        { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } }
        FILTER (isBlank(?s) || isBlank(?o))
    } LIMIT 1"""
    assert isinstance(found := store.query(query), pyoxigraph.QuerySolutions)
    assert list(found) == []


def test_no_dump_has_a_field_that_was_not_declared(registers: Registers) -> None:
    """Columns of each CSV, members of each item and properties of each triple are
    those of the shape, or derived from it."""
    dumps = Dumps(registers)
    seen = 0
    for register in registers.log.sizes():
        schema = registers.schemas[register]
        with dumps.file(register, "csv").path.open(
            encoding="utf-8", newline=""
        ) as file:
            assert tuple(next(csv.reader(file))) == schema.names
        for record in registers.log.iter_records(register):
            assert set(record.item) <= set(schema.names)
            seen += 1
        derived = {RDF_TYPE, EXACT_MATCH, f"{GEO}asWKT"}
        paths = {field.path for field in schema.fields} | derived
        lines = dumps.file(register, "nt").path.open(encoding="utf-8")
        with lines as triples:
            used = {line.split(" ", 2)[1].strip("<>") for line in triples}
        assert used <= paths
        assert used or not registers.log.count(register)
    assert seen == _records(registers)


def test_no_person_is_named_in_any_dump(real_data: Path, registers: Registers) -> None:
    """No custodian's name, no head teacher, no e-mail address, in any byte."""
    custodians = {
        json.loads(line.split("\t")[1])["custodian"]
        for path in (real_data / "registers").glob("*.rsf")
        for line in path.read_text("utf-8").splitlines()
        if line.startswith('add-item\t{"custodian"')
    }
    assert len(custodians) >= 20
    dumps = Dumps(registers)
    searched = 0
    for register in registers.log.sizes():
        for suffix in ("nt", "rsf"):
            text = dumps.file(register, suffix).path.read_text("utf-8")
            searched += len(text.splitlines())
            assert not [name for name in custodians if f'"{name}"' in text]
            assert not any(f"system\t{key}\t" in text for key in PERSONAL)
            assert "Headteacher" not in text
            if register != WITH_MAILBOXES:
                assert EMAIL.search(text) is None
    # Each record is several triples, and at least an item in the archive form.
    assert searched > 2 * _records(registers)


# How many addresses, schools and streets declare a council that governs where they are;
# one that was replaced; another for a reason that is known, and for none; and how many
# positions no district holds. docs/quality.md says what they are.
DECLARED = {
    ("address", "street/local-authority"): (23_977, 2_125, 21, 3, 0),
    ("school-eng", "local-authority"): (48, 0, 0, 0, 0),
    ("street", "local-authority"): (20_892, 1_915, 13, 47, 4),
}


def test_positions_lie_where_records_say(registers: Registers) -> None:
    """Each position is in one district, but for a few streets; and where that is not
    what was declared in 2016, a council was replaced, or a border is near."""
    view = registers.view()
    report = area_report(Areas(registers, view.boundaries, "2026-01-01"), view.areas)
    found = {}
    for summary in report.summaries:
        inside, border, outside = summary.layers["district"]
        assert (inside + outside, border) == (summary.positions, 0)
        for compared in summary.compared:
            outcomes = compared.outcomes
            known = ("linked", "rounding", "ended")
            if outcomes:
                found[summary.register, compared.field] = (
                    outcomes["agrees", None],
                    outcomes.get(("differs", "replaced"), 0),
                    sum(outcomes.get(("differs", reason), 0) for reason in known),
                    outcomes.get(("differs", "open"), 0),
                    summary.outside,
                )
    assert found == DECLARED
    near = sorted(one.metres for one in report.findings if one.metres is not None)
    assert near[-1] > 40_000  # a road in Shropshire, by its source Sandwell's
    assert near[-2] < 600
