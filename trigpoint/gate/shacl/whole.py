"""pySHACL as the judge of one batch of rows, by the whole shape of their register."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from functools import cached_property, partial

import pyshacl
from pyshacl.errors import ReportableRuntimeError, ValidationFailure
from rdflib import RDF, RDFS, SH, Graph, URIRef
from rdflib.term import Node

from trigpoint.errors import InvalidShape
from trigpoint.gate import messages, terms
from trigpoint.gate.links import Target
from trigpoint.gate.rules import geometry_problems
from trigpoint.gate.shacl import rowstore, screen
from trigpoint.gate.shacl.batch import Brief
from trigpoint.gate.terms import Severity
from trigpoint.gate.violation import Violation
from trigpoint.iris import geometry_iri, record_iri
from trigpoint.schema import rdf
from trigpoint.schema.items import Item
from trigpoint.schema.rdf import link_target
from trigpoint.schema.shape import Field

Row = tuple[int, Item]


class Judge:
    """Judges batches of rows; the shape graph is read once."""

    def __init__(self, known: Brief) -> None:
        self._known = known
        self._schema = known.schema
        self._shapes = known.shapes
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
        sentence = messages.sentence(component, field, self._schema, parameter)(value)
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


class Batch:
    """The rows of one batch, and which node of the graph belongs to which."""

    def __init__(self, known: Brief, rows: Sequence[Row]) -> None:
        self.rows = rows
        self._known = known
        self._schema = known.schema
        iris = [self._subject(item) for _, item in rows]
        self.subjects = [URIRef(iri) for iri in iris]
        self._nodes: dict[Node, int] = {s: i for i, s in enumerate(self.subjects)}
        if known.schema.geometry is not None:
            self._nodes |= {URIRef(geometry_iri(s)): i for i, s in enumerate(iris)}

    def _subject(self, item: Item) -> str:
        key = rdf.key_of(item, self._schema)
        return record_iri(self._known.base, self._schema.register, key)

    def row_of(self, focus: Node) -> int:
        """The row that a result is about; raises InvalidShape for any other node."""
        if focus not in self._nodes:
            raise InvalidShape(
                f"<{self._schema.shape}> puts conditions on <{focus}>, which is not "
                "a node of a row: a shape can only speak of its own record"
            )
        return self._nodes[focus]

    def graph(self, held: Collection[Target]) -> tuple[Graph, list[Violation]]:
        """The data graph, and a violation for each line that is not RDF."""
        graph = rowstore.new_graph()
        lines = [self._lines(item) for _, item in self.rows]
        unwritable: list[Violation] = []
        try:
            rowstore.add_lines(graph, (line for part in lines for line in part))
        except SyntaxError:
            for (number, item), part in zip(self.rows, lines, strict=True):
                unwritable += self._add_slowly(graph, number, item, part)
        for iri, target_class in self._targets(held):
            graph.add((iri, RDF.type, URIRef(target_class)))
        for one, other in self._known.classes:
            graph.add((URIRef(one), RDFS.subClassOf, URIRef(other)))
        return graph, unwritable

    def value(self, item: Item, field: Field | None, node: Node | None) -> str | None:
        """The value as the row wrote it, for the node that pySHACL names."""
        if node is None:
            return None
        if field is None or field.name not in item:
            return str(node)
        written = item[field.name]
        values = [written] if isinstance(written, str) else written
        if len(values) == 1 or field.kind == "geometry":
            return values[0]
        for one in values:
            if rowstore.read_term(rdf.term(one, field, self._known.base)) == node:
                return one
        return str(node)

    def _lines(self, item: Item) -> list[str]:
        return rdf.ntriples(item, self._schema, self._known.base)

    def _add_slowly(
        self, graph: Graph, number: int, item: Item, lines: Iterable[str]
    ) -> Iterator[Violation]:
        for line in lines:
            try:
                rowstore.add_lines(graph, [line])
            except SyntaxError:
                yield self._unwritable(number, item, line)

    def _unwritable(self, number: int, item: Item, line: str) -> Violation:
        path = line.split(" ")[1].strip("<>")
        field = next((f for f in self._schema.fields if f.path == path), None)
        name = self._schema.key if field is None else field.name
        value = item.get(name)
        text = ", ".join(value) if isinstance(value, list) else value
        return Violation(
            register=self._schema.register,
            row=number,
            key=rdf.key_of(item, self._schema),
            field=name,
            value=text,
            path=path,
            component=terms.UNWRITABLE,
            severity="violation",
            shape=None if field is None else field.shape,
            message=f"“{messages.shortened(text)}” cannot be part of an IRI",
        )

    def _targets(self, held: Collection[Target]) -> Iterator[tuple[URIRef, str]]:
        """IRI and class of each target that the rows link to and that is held."""
        for field in self._schema.fields:
            if not field.is_link:
                continue
            for _, item in self.rows:
                value = item.get(field.name)
                for one in [value] if isinstance(value, str) else value or ():
                    target = link_target(one, field)
                    target_class = self._known.registers.get(
                        target[0], field.target_class
                    )
                    if target in held and target_class is not None:
                        iri = rdf.link_iri(one, field, self._known.base)
                        yield URIRef(iri), target_class
