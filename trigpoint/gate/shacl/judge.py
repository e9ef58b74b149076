"""pySHACL as the judge of one batch of rows of one register."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from functools import cached_property, partial

import pyshacl
from pyshacl.errors import ReportableRuntimeError, ValidationFailure
from rdflib import SH, Graph, URIRef
from rdflib.term import Node

from trigpoint.errors import InvalidShape
from trigpoint.gate import messages, terms
from trigpoint.gate.links import Target
from trigpoint.gate.rules import geometry_problems
from trigpoint.gate.shacl import screen
from trigpoint.gate.shacl.batch import Batch, Brief, Row
from trigpoint.gate.terms import Severity
from trigpoint.gate.violation import Violation
from trigpoint.schema import rdf
from trigpoint.schema.shape import Field


class Judge:
    """Judges batches of rows; the shape graph is read once."""

    def __init__(self, known: Brief) -> None:
        self._known = known
        self._schema = known.schema
        self._shapes = Graph(bind_namespaces="none").parse(
            data=known.shapes, format="nt"
        )
        self._screen = screen.screen_graph(self._shapes, known.schema.shape)
        self._nested = screen.nested_graph(self._shapes, known.schema.shape)
        self._nested_shapes = screen.nested_shapes(self._shapes, known.schema.shape)

    def judge(self, rows: Sequence[Row], held: Collection[Target]) -> list[Violation]:
        """The violations of these rows, in their order.

        `held` are the link targets that exist. Raises InvalidShape when pySHACL
        cannot work with the shape.
        """
        batch = Batch(self._known, rows)
        graph, unwritable = batch.graph(held)
        screened = self._run(graph, self._screen, screen.SCREENS, batch.subjects)
        signs = set(screened.objects(None, SH.focusNode)) - set(batch.subjects)
        again = {batch.subjects[batch.row_of(node)] for node in signs}
        found = [*unwritable, *self._read(screened, batch, signs, again)]
        if again:
            nested = self._run(graph, self._nested, screen.JUDGES, again)
            found += self._read(nested, batch)
        return sorted(found, key=self._order)

    def _run(
        self, graph: Graph, shapes: Graph, by: URIRef, nodes: Iterable[URIRef]
    ) -> Graph:
        for node in nodes:
            graph.add((screen.BATCH, by, node))
        try:
            _, results, text = pyshacl.validate(
                graph, shacl_graph=shapes, inplace=True, do_owl_imports=False
            )
        except ReportableRuntimeError as error:
            raise InvalidShape(f"<{self._schema.shape}>: {error}") from error
        if isinstance(results, ValidationFailure):
            raise InvalidShape(f"<{self._schema.shape}>: {text}")
        report: Graph = results
        return report

    def _read(
        self,
        results: Graph,
        batch: Batch,
        signs: Set[Node] = frozenset(),
        again: Set[Node] = frozenset(),
    ) -> Iterator[Violation]:
        """The results of pySHACL's report, mapped back to rows; without the signs,
        and without what will be judged again."""
        # Not every sh:ValidationResult: those under sh:detail belong to another.
        for result in results.objects(None, SH.result):
            one = dict(results.predicate_objects(result))
            focus, shape = one[SH.focusNode], one.get(SH.sourceShape)
            if focus in signs or (focus in again and shape in self._nested_shapes):
                continue
            yield self._violation(one, batch, batch.row_of(focus))

    def _violation(
        self, result: Mapping[Node, Node], batch: Batch, i: int
    ) -> Violation:
        number, item = batch.rows[i]
        shape, path = result.get(SH.sourceShape), result.get(SH.resultPath)
        field = self._field(shape, path)
        if field is None and result[SH.focusNode] != batch.subjects[i]:
            field = self._geometry_field
        value = batch.value(item, field, result.get(SH.value))
        component = str(result[SH.sourceConstraintComponent])
        severity: Severity = (
            "violation" if result[SH.resultSeverity] == SH.Violation else "warning"
        )
        return Violation(
            register=self._schema.register,
            row=number,
            key=rdf.key_of(item, self._schema),
            field=None if field is None else field.name,
            value=value,
            path=str(path) if isinstance(path, URIRef) else None,
            component=component,
            severity=severity,
            shape=str(shape) if isinstance(shape, URIRef) else self._schema.shape,
            message=self._message(component, field, value, shape, result),
        )

    def _message(
        self,
        component: str,
        field: Field | None,
        value: str | None,
        shape: Node | None,
        result: Mapping[Node, Node],
    ) -> str:
        own = messages.shape_message(self._shapes, shape)
        if own is not None or shape is None:
            return own or str(result.get(SH.resultMessage, ""))
        if component == terms.NODE and field is not None and field.kind == "geometry":
            problems = geometry_problems(value or "", field)
            if problems:
                return "; ".join(problems)
        parameter = partial(messages.list_of, self._shapes, shape)
        sentence = messages.describe(component, field, value, self._schema, parameter)
        return sentence or str(result.get(SH.resultMessage, terms.short(component)))

    def _field(self, shape: Node | None, path: Node | None) -> Field | None:
        """The field of a result: by its shape, since two fields may share a path."""
        return self._by_shape.get(str(shape)) or self._by_path.get(str(path))

    def _order(self, violation: Violation) -> tuple[int, int, str, str]:
        field = self._schema.by_name.get(violation.field or "")
        order = -1 if field is None else self._schema.fields.index(field)
        return violation.row or 0, order, violation.component, violation.value or ""

    @cached_property
    def _by_shape(self) -> dict[str, Field]:
        return {field.shape: field for field in self._schema.fields}

    @cached_property
    def _by_path(self) -> dict[str, Field]:
        return {field.path: field for field in self._schema.fields}

    @cached_property
    def _geometry_field(self) -> Field | None:
        name = self._schema.geometry
        return None if name is None else self._schema.field(name)
