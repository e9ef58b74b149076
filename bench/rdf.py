"""RDF: writing N-Triples, loading them, and publishing the views that hold them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from pyoxigraph import RdfFormat, Store
from rdflib import Graph

from bench.inputs import BATCH, Inputs, draft
from bench.measure import Comparison, Side
from trigpoint.graph import GraphView
from trigpoint.log.entry import Draft
from trigpoint.register import Registers
from trigpoint.schema.items import Item
from trigpoint.schema.rdf import ntriples
from trigpoint.schema.shape import Schema

_WRITTEN = 4_000
_LOADED = 16_000
_HELD = 20_000
_CHANGED = 100


def comparisons(inputs: Inputs) -> Iterator[Comparison]:
    """The N-Triples writer, the bulk load of a store, and publishing."""
    yield _writing(inputs)
    yield _loading(inputs)
    yield _publishing(inputs)


def _writing(inputs: Inputs) -> Comparison:
    schema, base = inputs.registers.schemas["school-eng"], inputs.registers.base
    items = inputs.items("school-eng", _WRITTEN)
    lines = _lines(items, schema, base)
    graph = Graph().parse(data="\n".join(lines), format="nt")
    return Comparison(
        "Write N-Triples",
        f"{len(items):,} schools, {len(lines):,} triples",
        "triples",
        (
            Side(
                "rdflib, serialising a graph",
                len(lines),
                lambda: _count(graph.serialize(format="nt")),
            ),
            Side(
                "trigpoint, from items",
                len(lines),
                lambda: _count("\n".join(_lines(items, schema, base))),
            ),
        ),
        clock="processor",
        about="rdflib's graph is there when the clock starts; ours are sorted and in "
        "canonical form, made from items.",
    )


def _loading(inputs: Inputs) -> Comparison:
    schema, base = inputs.registers.schemas["school-eng"], inputs.registers.base
    lines = _lines(inputs.items("school-eng", _LOADED), schema, base)
    data = "".join(f"{line}\n" for line in lines).encode()
    folders = (inputs.folder / f"store-{n}" for n in count())

    def direct() -> int:
        store = Store(str(next(folders)))
        store.bulk_load(data, RdfFormat.N_TRIPLES)
        store.flush()
        return len(store)

    def view() -> int:
        with GraphView.build(next(folders), lines, {}) as graph:
            return graph.size()

    return Comparison(
        "Load triples into a store on disk",
        f"{len(lines):,} triples of schools",
        "triples",
        (
            Side("pyoxigraph bulk_load", len(lines), direct),
            Side("GraphView.build", len(lines), view),
        ),
        about="pyoxigraph is given all bytes at once, the view lines one by one.",
    )


def _publishing(inputs: Inputs) -> Comparison:
    data = inputs.folder / "publish"
    registers, drafts = _filled(inputs, data)
    turns = count(1)

    def change() -> None:
        """Give some postcodes another item, so that there is something to publish."""
        grade = str(next(turns))
        some = drafts[: inputs.size(_CHANGED)]
        _append(registers, [_graded(one, grade) for one in some])

    registers.publish()
    sizes = registers.log.sizes()
    return Comparison(
        "Publish the views",
        f"the sample and {len(drafts):,} postcodes, {sum(sizes.values()):,} entries; "
        f"{inputs.size(_CHANGED)} records changed",
        "publish",
        (
            Side("built anew", 1, lambda: _publish(registers, anew=True), change),
            Side("brought up to date", 1, lambda: _publish(registers), change),
        ),
        per="ms",
        about="Graph, outlines and positions. Registers that did not change are "
        "linked, not copied. The graph is given only what changed; the "
        "positions of a register that changed are made anew, so an update still takes "
        "time by its size.",
    )


def _filled(inputs: Inputs, data: Path) -> tuple[Registers, list[Draft]]:
    """A copy of the sample with many postcodes, and these."""
    shutil.copytree(inputs.registers.data, data)
    drafts = inputs.postcode_drafts(_HELD)
    registers = Registers.open(data, write=True)
    _append(registers, drafts)
    return registers, drafts


def _graded(one: Draft, grade: str) -> Draft:
    return draft({"postcode": one.key, "positional-quality": grade})


def _append(registers: Registers, drafts: list[Draft]) -> None:
    with registers.log.appending(BATCH) as appender:
        appender.append("postcode", drafts)


def _publish(registers: Registers, *, anew: bool = False) -> None:
    registers.publish(anew=anew)


def _lines(items: list[Item], schema: Schema, base: str) -> list[str]:
    return [line for item in items for line in ntriples(item, schema, base)]


def _count(text: str) -> int:
    return sum(1 for line in text.splitlines() if line)
