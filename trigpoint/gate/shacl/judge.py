"""pySHACL as the judge: of the rows it is asked about, by a part of their shape."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping

import polars as pl
import pyshacl
from pyparsing import ParseBaseException
from pyshacl.errors import (
    ReportableRuntimeError,
    ShapeRecursionWarning,
    ValidationFailure,
)
from rdflib import SH, Graph, URIRef
from rdflib.term import Node

from trigpoint.errors import InvalidShape
from trigpoint.gate.shacl.batch import Batch, Brief
from trigpoint.gate.shacl.cut import alike, apart, cut, single
from trigpoint.gate.shacl.findings import Findings, Told
from trigpoint.gate.shacl.part import JUDGES, PART, Part, part_graph
from trigpoint.gate.targets import Targets
from trigpoint.gate.violation import Violation
from trigpoint.schema.shape import Field

__all__ = ["Judge", "Part"]

_BATCH = URIRef("urn:trigpoint:batch")
# What pySHACL ends with when a shape is not as it expects: its own family, and what its
# parsers of patterns and queries, and its assertions, raise.
_FAULTS = (
    ReportableRuntimeError,
    re.error,
    ParseBaseException,
    AssertionError,
    TypeError,
)


class Judge:
    """Judges rows of one register, by parts of its shape."""

    def __init__(self, known: Brief) -> None:
        self._known = known
        self._schema = known.schema
        self._findings = Findings(known)
        self._graphs: dict[Part, Graph] = {}

    def judge(
        self, rows: pl.DataFrame, part: Part, targets: Targets
    ) -> Iterator[Violation]:
        """What the part of the shape refuses in these rows.

        `rows` have `_row`, the key and fields, as staged rows have them; those without
        a key are passed over, since they name no node. Raises InvalidShape when pySHACL
        cannot work with the shape, or the shape speaks of nodes that are no row's.
        """
        names = [name for name in part.fields if name in rows.columns]
        key = pl.col(self._schema.key)
        frame = rows.filter(key.is_not_null())
        frame = frame.select("_row", key.alias("_key"), *names)
        if frame.is_empty():
            return
        gathered = [alike(frame)]
        if not part.alike:
            gathered = [single(one) for one in apart(frame, self._schema)]
        for one in gathered:
            for batch in cut(one):
                yield from self._judge(batch, part, targets)

    def _judge(
        self, frame: pl.DataFrame, part: Part, targets: Targets
    ) -> Iterator[Violation]:
        """The verdict on one batch, given to all rows that a node stands for."""
        batch = Batch(self._known, frame.drop("_rows", "_keys"), alike=part.alike)
        graph = batch.graph(targets.held_among(frame))
        for subject in batch.subjects:
            graph.add((_BATCH, JUDGES, subject))
        found: list[tuple[int, int | None, Told]] = []
        results = self._run(graph, part)
        # Not every sh:ValidationResult: those under sh:detail belong to another.
        for result in results.objects(None, SH.result):
            one = dict(results.predicate_objects(result))
            found.append(self._read(one, batch, part))
        for i, place, told in sorted(found, key=lambda one: one[0]):
            rows, keys = frame["_rows"][i], frame["_keys"][i]
            for row, key in zip(rows, keys, strict=True):
                if place is not None:
                    told["value"] = batch.by_key(key)[place]
                yield self._findings.violation(row=row, key=key, **told)

    def _run(self, graph: Graph, part: Part) -> Graph:
        shapes = self._graphs.get(part)
        if shapes is None:
            shapes = self._graphs[part] = part_graph(self._known.shapes, part)
        try:
            with warnings.catch_warnings():
                # A recursive shape: pySHACL goes round once more, and passes.
                warnings.simplefilter("ignore", ShapeRecursionWarning)
                _, results, text = pyshacl.validate(
                    graph, shacl_graph=shapes, inplace=True, do_owl_imports=False
                )
        except _FAULTS as error:
            raise InvalidShape(f"<{self._schema.shape}>: {error}") from error
        if isinstance(results, ValidationFailure):
            raise InvalidShape(f"<{self._schema.shape}>: {text}")
        report: Graph = results
        return report

    def _read(
        self, result: Mapping[Node, Node], batch: Batch, part: Part
    ) -> tuple[int, int | None, Told]:
        """The row that a result is about, which of its nodes by key the value is, if it
        is one, and what the result says."""
        focus, path = result[SH.focusNode], result.get(SH.resultPath)
        i = batch.row_of(focus)
        shape = result[SH.sourceShape]
        if shape == PART:
            shape = part.shape
        field = self._findings.field(shape, path)
        if focus != batch.subjects[i]:
            field = self._geometry_field
        node = result.get(SH.value)
        told = Told(
            shape=shape,
            component=str(result[SH.sourceConstraintComponent]),
            field=field,
            value=batch.value(i, field, node),
            path=str(path) if isinstance(path, URIRef) else None,
            said=str(result.get(SH.resultMessage, "")),
        )
        return i, batch.place_by_key(i, node) if field is None else None, told

    @property
    def _geometry_field(self) -> Field | None:
        name = self._schema.geometry
        return None if name is None else self._schema.field(name)
