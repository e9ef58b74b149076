"""The gate: rows judged by their shape and by our rules."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterator
from functools import partial

import polars as pl
import pyshacl
from rdflib import Graph

from bench.inputs import Inputs, staged
from bench.measure import Comparison, Side
from trigpoint.gate import check, links, rules
from trigpoint.gate.shacl.batch import brief
from trigpoint.gate.shacl.frames import BATCH, rows_of
from trigpoint.gate.shacl.whole import Batch, Judge
from trigpoint.schema.shape import Schema

_ROWS = 4_000
_PLAIN_ROWS = 1_000  # for the slow side
_ROWS_FOR_TWO = 24_000  # the gate itself takes a second process from 20,000 rows on
_REGISTERS = ("address", "school-eng")
_DATE = "2025-05-01"


def comparisons(inputs: Inputs) -> Iterator[Comparison]:
    """Against pySHACL with the shape as written, and the gate's time by phase."""
    for register in _REGISTERS:
        schema = inputs.registers.schemas[register]
        frame = staged(inputs.items(register, _ROWS), schema)
        yield _whole(inputs, schema, frame)
        yield _phases(inputs, schema, frame.head(BATCH))
    schema = inputs.registers.schemas["address"]
    yield _processes(
        inputs, schema, staged(inputs.items("address", _ROWS_FOR_TWO), schema)
    )


def _whole(inputs: Inputs, schema: Schema, frame: pl.DataFrame) -> Comparison:
    fields = [name for name in frame.columns if name in schema.names]
    plain = frame.head(_PLAIN_ROWS)
    return Comparison(
        f"Gate, {schema.register}",
        f"{len(frame):,} good rows with {len(fields)} of {len(schema.names)} fields, "
        f"made from the sample; the reference judges {len(plain):,} of them",
        "rows",
        (
            Side(
                "pySHACL, shape as written", len(plain), _plain(inputs, schema, plain)
            ),
            Side("the gate", len(frame), partial(_conforms, inputs, schema, frame, 1)),
        ),
        clock="processor",
        about="The reference reads N-Triples into rdflib and validates. The gate also "
        "makes the triples, looks links up and applies the rules that SHACL cannot "
        "say.",
    )


def _processes(inputs: Inputs, schema: Schema, frame: pl.DataFrame) -> Comparison:
    sides = []
    for workers, name in ((1, "in this process"), (2, "in two worker processes")):
        run = Busy(partial(_conforms, inputs, schema, frame, workers))
        sides.append(Side(name, len(frame), run, remark=run.remark))
    return Comparison(
        f"Gate, {schema.register}, one process and two",
        f"{len(frame):,} good rows, made from the sample",
        "rows",
        sides,
        about="Starting the workers is part of their time. The last column says "
        "how much of the cores they had: twice as fast takes two of them.",
    )


class Busy:
    """Work that notes how many cores it kept busy, child processes among them."""

    def __init__(self, run: Callable[[], object]) -> None:
        self._run = run
        self._wall = self._processor = 0.0

    def __call__(self) -> object:
        wall, processor = time.perf_counter(), _processor_seconds()
        answer = self._run()
        self._wall += time.perf_counter() - wall
        self._processor += _processor_seconds() - processor
        return answer

    def remark(self) -> str:
        """Seconds of processor time by seconds on the wall."""
        return f"{self._processor / self._wall:.1f} cores busy"


def _processor_seconds() -> float:
    """Of this process and of its children that have ended."""
    used = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def _plain(inputs: Inputs, schema: Schema, frame: pl.DataFrame) -> partial[bool]:
    """pySHACL on the same triples, links' targets among them."""
    schemas = inputs.registers.schemas
    batch = Batch(brief(schema, schemas, inputs.registers.base), rows_of(frame, schema))
    targets = links.look_up(frame, schema, inputs.held)
    graph, _ = batch.graph(targets.all.keys())
    text = graph.serialize(format="nt")
    shapes = schemas.shape_graph(schema.register)
    return partial(_validate, text, shapes)


def _validate(text: str, shapes: Graph) -> bool:
    data = Graph().parse(data=text, format="nt")
    conforms, _, _ = pyshacl.validate(data, shacl_graph=shapes, inplace=True)
    return bool(conforms)


def _conforms(
    inputs: Inputs, schema: Schema, frame: pl.DataFrame, workers: int
) -> bool:
    report = check(
        frame,
        schema,
        inputs.registers.schemas,
        held=inputs.held,
        source_date=_DATE,
        base=inputs.registers.base,
        workers=workers,
    )
    return report.conforms


def _phases(inputs: Inputs, schema: Schema, frame: pl.DataFrame) -> Comparison:
    registers = inputs.registers
    known = brief(schema, registers.schemas, registers.base)
    rows = rows_of(frame, schema)
    targets = links.look_up(frame, schema, inputs.held)
    held = targets.all.keys()
    judge = Judge(known)

    def look_up() -> None:
        links.look_up(frame, schema, inputs.held)

    def make_graph() -> None:
        Batch(known, rows).graph(held)

    def judge_rows() -> bool:
        return not judge.judge(rows, held)

    def apply_rules() -> bool:
        return not list(rules.check_rows(frame, schema))

    def find_ended() -> bool:
        return not list(links.ended_links(frame, schema, targets, _DATE))

    whole = partial(_conforms, inputs, schema, frame, 1)
    return Comparison(
        f"Gate, {schema.register}, by phase",
        f"{len(frame):,} of the same rows, one batch",
        "rows",
        (
            Side("the whole gate", len(frame), whole),
            Side("links looked up", len(frame), look_up),
            Side("rows made a graph", len(frame), make_graph),
            Side("graph made and judged by pySHACL", len(frame), judge_rows),
            Side("rules", len(frame), apply_rules),
            Side("links that ended", len(frame), find_ended),
        ),
        shares=True,
        clock="processor",
        about="Shares do not add up to 1: making the graph is part "
        "of judging it, and the whole reads the shape anew.",
    )
