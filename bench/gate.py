"""The gate: a million address rows, beside the SHACL engines that can be installed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import polars as pl
import pyoxigraph
from rdflib import Graph

from bench.addresses import address_rows
from bench.engines import Engines
from bench.inputs import Inputs, staged
from bench.measure import Comparison, Side
from trigpoint.gate import check, rules
from trigpoint.gate.checks import Check, run
from trigpoint.gate.shacl.batch import brief
from trigpoint.gate.shacl.compiler import compile_shape
from trigpoint.gate.shacl.judge import Judge
from trigpoint.gate.staged import BATCH, Staged, StagedWriter
from trigpoint.gate.survey import survey
from trigpoint.loading import Loading
from trigpoint.register import Registers
from trigpoint.schema.shape import Schema

_ROWS = 1_000_000
_MANY_ROWS = 10_000_000
_SCHOOLS = 27_339  # as many as EduBase listed in 2016
_DATE = "2025-05-01"
_ENGINES = (("pySHACL", 1_000), ("rudof", 4_000), ("pyshacl-turbo", 20_000))
# A shape of seven constraints, as somebody who knows the columns would write it.
_BY_HAND = (
    pl.col("address").is_null(),
    ~pl.col("address").str.contains(r"^[1-9][0-9]{0,11}$"),
    ~pl.col("postcode").str.contains(r"^[A-Z]{1,2}[0-9][0-9A-Z]? [0-9][A-Z]{2}$"),
    ~pl.col("start-date").str.contains(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"),
    ~pl.col("point").str.contains(r"^\[-?[0-9.]+,-?[0-9.]+\]$"),
    pl.col("name").str.len_bytes() == 0,
    pl.col("town").str.len_bytes() == 0,
)


def comparisons(inputs: Inputs) -> Iterator[Comparison]:
    """Beside other engines, by phase, with a bad row, with links, and for memory."""
    gate = Gate(inputs.with_streets)
    rows = gate.addresses(inputs.size(_ROWS))
    yield from _beside_engines(inputs, gate, rows)
    yield _phases(gate, rows)
    yield _one_bad_row(gate, rows)
    yield _schools(inputs, gate)
    yield _memory(inputs, gate)


class Gate:
    """A log that holds the sample and streets, and rows that link to them."""

    def __init__(self, registers: Registers) -> None:
        self.registers = registers
        self.schema = registers.schemas["address"]
        self.held = Loading(registers.log, registers.schemas, registers.base).held
        councils = registers.log.current("local-authority-eng")
        self._councils = sorted(key for key, _, _ in councils)
        self._streets = registers.log.size("street")

    def addresses(self, count: int, first: int = 0) -> pl.DataFrame:
        """Staged rows of addresses."""
        return address_rows(count, self._councils, self._streets, first=first)

    def write(self, path: Path, count: int) -> None:
        """Write rows of addresses to a file as a loader stages them."""
        part = min(count, _ROWS)
        batch = min(BATCH, count // 2)  # what is one batch would stay in memory
        with StagedWriter(self.addresses(1).schema, path, batch) as writer:
            for first in range(0, count, part):
                writer.add(self.addresses(min(part, count - first), first))

    def refused(self, rows: pl.DataFrame | Staged, schema: Schema | None = None) -> int:
        """How many findings the whole gate has, links looked up in the log."""
        registers = self.registers
        report = check(
            rows,
            self.schema if schema is None else schema,
            registers.schemas,
            held=self.held,
            source_date=_DATE,
            base=registers.base,
        )
        return len(report)

    def surveyed(self, rows: pl.DataFrame, schema: Schema | None = None) -> None:
        """The first of the gate's passes by itself."""
        registers = self.registers
        about = self.schema if schema is None else schema
        known = brief(about, registers.schemas, registers.base)
        survey(Staged(rows), known, self.held)


def _beside_engines(
    inputs: Inputs, gate: Gate, rows: pl.DataFrame
) -> Iterator[Comparison]:
    """The same shape, as written, over RDF of the same rows."""
    engines = {
        name: Engines(
            rows.head(inputs.size(count)),
            gate.schema,
            gate.registers.schemas,
            gate.registers.base,
        )
        for name, count in _ENGINES
    }
    runs = {
        "pySHACL": engines["pySHACL"].pyshacl,
        "rudof": engines["rudof"].rudof,
        "pyshacl-turbo": engines["pyshacl-turbo"].turbo,
    }
    hand = Side("seven checks by hand in Polars", len(rows), lambda: _by_hand(rows))
    ours = Side("the gate", len(rows), lambda: gate.refused(rows) == 0)
    given = (
        f"{len(rows):,} good rows with {len(rows.columns) - 1} of "
        f"{len(gate.schema.names)} fields, links to streets, councils and each other; "
    )
    for name in ("pySHACL", "pyshacl-turbo"):
        shown = ("pySHACL", "rudof") if name == "pySHACL" else (name,)
        yield Comparison(
            f"The address shape, beside {name}",
            given
            + " and ".join(f"{one} judges {len(engines[one].rows):,}" for one in shown)
            + " of them",
            "rows",
            (
                *(Side(one, len(engines[one].rows), runs[one]) for one in shown),
                *((hand,) if name == "pySHACL" else ()),
                ours,
            ),
            about="All read the shape as it is written. The engines are given RDF that "
            "was made before, with what the links lead to; what that takes is below. "
            "The gate starts from columns, looks the links up in the log, and applies "
            "the rules that SHACL cannot say.",
        )
    yield _as_rdf(engines["pyshacl-turbo"])


def _as_rdf(engines: Engines) -> Comparison:
    count = len(engines.rows)

    def written() -> None:
        replica = Engines(engines.rows, engines.schema, engines.schemas, engines.base)
        replica.data.encode()

    def parsed() -> None:
        Graph().parse(data=engines.data, format="nt")

    def loaded() -> None:
        store, form = pyoxigraph.Store(), pyoxigraph.RdfFormat.N_TRIPLES
        store.bulk_load(engines.data.encode(), format=form)

    return Comparison(
        "The address shape: making RDF for the engines",
        f"{count:,} of the same rows, {engines.data.count(chr(10)):,} triples",
        "rows",
        (
            Side("rows to N-Triples", count, written),
            Side("N-Triples into rdflib, for pySHACL", count, parsed),
            Side("N-Triples into Oxigraph, for pyshacl-turbo", count, loaded),
        ),
        about="Not part of the engines' times above.",
    )


def _phases(gate: Gate, rows: pl.DataFrame) -> Comparison:
    registers, load, count = gate.registers, Staged(rows), len(rows)
    known = brief(gate.schema, registers.schemas, registers.base)
    seen = survey(load, known, gate.held)
    shape = compile_shape(known).checks(seen.targets, Judge(known), rows.columns)
    ruled = rules.checks(gate.schema, rows.columns, seen.targets)

    def suspects(checks: list[Check]) -> int:
        return sum(len(list(run(batch, checks))) for batch in load.batches())

    return Comparison(
        "The gate by phase",
        f"the same {count:,} rows",
        "rows",
        (
            Side("the whole gate", count, partial(gate.refused, rows)),
            Side("keys and links surveyed", count, lambda: gate.surveyed(rows)),
            Side(f"the shape, {len(shape)} checks", count, lambda: suspects(shape)),
            Side(f"rules, {len(ruled)} checks", count, lambda: suspects(ruled)),
        ),
        shares=True,
        about="Of the shape's constraints those that no row of these columns can break "
        "are gone before the first row is read.",
    )


def _one_bad_row(gate: Gate, rows: pl.DataFrame) -> Comparison:
    last = pl.col("_row") == rows["_row"].max()
    bad = rows.with_columns(
        pl.when(last).then(pl.lit("sw1a 1aa")).otherwise("postcode").alias("postcode")
    )
    return Comparison(
        "One bad row in a million",
        f"{len(rows):,} rows; in the last of them the postcode is in small letters",
        "rows",
        (
            Side("no bad row", len(rows), lambda: str(gate.refused(rows) > 1)),
            Side("one bad row", len(rows), lambda: str(gate.refused(bad) > 1)),
        ),
    )


def _by_hand(rows: pl.DataFrame) -> bool:
    """Whether seven checks find nothing, each a Polars expression."""
    flags = (check.any().alias(str(n)) for n, check in enumerate(_BY_HAND))
    return not any(rows.select(flags).row(0))


def _schools(inputs: Inputs, gate: Gate) -> Comparison:
    schema = gate.registers.schemas["school-eng"]
    rows = staged(inputs.items("school-eng", _SCHOOLS), schema)
    phases = (
        Side("the whole gate", 1, partial(gate.refused, rows, schema)),
        Side("keys and links surveyed", 1, lambda: gate.surveyed(rows, schema)),
    )
    return Comparison(
        "Schools with their links",
        f"{len(rows):,} rows with {len(rows.columns) - 1} fields, made from the "
        "sample; links to councils, types, addresses and each other",
        "release",
        phases,
        per="ms",
        shares=True,
    )


def _memory(inputs: Inputs, gate: Gate) -> Comparison:
    """Each run is a process of its own, so that its peak is that of this work."""
    sides = []
    for full in (_ROWS, _MANY_ROWS):
        path = inputs.folder / f"addresses-{full}.arrow"
        count = inputs.size(full)
        gate.write(path, count)
        run_apart = Apart(path, inputs.streets_log)
        sides.append(Side(f"{count:,} rows", count, run_apart, remark=run_apart.remark))
    return Comparison(
        "A long release",
        "address rows from a file of Arrow batches, in a process of its own",
        "rows",
        sides,
        about="The last column is the most memory that the process held, Python and "
        "its libraries among it. Its start is part of the time.",
    )


class Apart:
    """The gate in another process, which says how much memory it took."""

    def __init__(self, path: Path, data: Path) -> None:
        self._command = [sys.executable, "-m", "bench.peak", str(path), str(data)]
        self._megabytes = 0.0

    def __call__(self) -> None:
        done = subprocess.run(
            self._command, check=True, capture_output=True, encoding="utf-8"
        )
        said = json.loads(done.stdout)
        assert said["findings"] == 0, said
        self._megabytes = max(self._megabytes, said["megabytes"])

    def remark(self) -> str:
        """The most memory of all runs."""
        return f"{self._megabytes:,.0f} MB at most"
