"""Findings as results of a `sh:ValidationReport` (SHACL, section 3.6), without blank
nodes: the report and its results have names of their own.

Focus node, path and value are those of the RDF that the mapping makes of the row
(trigpoint/schema/rdf.py). A geometry is a node of its own there.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from trigpoint.gate.terms import SH, UNDECLARED_COLUMN, Severity
from trigpoint.gate.violation import Violation
from trigpoint.iris import geometry_iri, record_iri
from trigpoint.schema import rdf
from trigpoint.schema.shape import GEO, Field, Schema

SEVERITIES: dict[Severity, str] = {
    "violation": f"{SH}Violation",
    "warning": f"{SH}Warning",
    "info": f"{SH}Info",
}
_AS_WKT = f"{GEO}asWKT"
_COMMENT = "http://www.w3.org/2000/01/rdf-schema#comment"
_REPORTS = uuid.uuid5(uuid.NAMESPACE_URL, f"{SH}ValidationReport")


@dataclass
class Naming:
    """What terms are made of: the base of records, and the schemas of registers."""

    base: str
    schemas: Mapping[str, Schema]


def focus_node(violation: Violation, base: str) -> str:
    """The record that a violation is about, or its geometry; its register when the
    row has no key."""
    if violation.key is None:
        return f"{base}/registers/{violation.register}"
    record = record_iri(base, violation.register, violation.key)
    if violation.field is not None and violation.path in (_AS_WKT, rdf.RDF_TYPE):
        return geometry_iri(record)  # a field of the record has another path
    return record


def result(violation: Violation, naming: Naming) -> Iterator[tuple[str, str]]:
    """Predicate (an IRI) and object (a term in N-Triples) of all that is said of one
    result."""
    yield rdf.RDF_TYPE, f"<{SH}ValidationResult>"
    yield f"{SH}focusNode", f"<{focus_node(violation, naming.base)}>"
    yield f"{SH}resultSeverity", f"<{SEVERITIES[violation.severity]}>"
    yield f"{SH}sourceConstraintComponent", f"<{violation.component}>"
    yield f"{SH}resultMessage", rdf.literal(violation.message)
    if violation.shape is not None:
        yield f"{SH}sourceShape", f"<{violation.shape}>"
    if violation.path is not None:
        yield f"{SH}resultPath", f"<{violation.path}>"
    value = _value(violation, naming)
    if value is not None:
        yield f"{SH}value", value
    if violation.row is not None:
        where = f"{violation.register}, row {violation.row}, key {violation.key}"
        yield _COMMENT, rdf.literal(where)


def opening(report: str) -> str:
    """The first line about the report of this name."""
    return f"<{report}> <{rdf.RDF_TYPE}> <{SH}ValidationReport> ."


def closing(report: str, found: int) -> str:
    """The line about the report that depends on how many results there were: by
    SHACL's definition it conforms when there was none, of whatever severity."""
    conforms = "false" if found else "true"
    return f'<{report}> <{SH}conforms> "{conforms}"^^<{rdf.XSD}boolean> .'


def link(report: str, number: int) -> tuple[str, str]:
    """The name of a report's result of this number, and the line that ties them."""
    node = f"<{report}#{number}>"
    return node, f"<{report}> <{SH}result> {node} ."


def turtle(violations: Sequence[Violation], naming: Naming) -> str:
    """A whole report in Turtle; its name is made of its content."""
    found = [[f"<{p}> {o} ." for p, o in result(one, naming)] for one in violations]
    content = "\n".join(line for one in found for line in one)
    report = uuid.uuid5(_REPORTS, content).urn
    lines = [opening(report), closing(report, len(found))]
    for number, statements in enumerate(found, start=1):
        node, tie = link(report, number)
        lines += [tie, *(f"{node} {statement}" for statement in statements)]
    return rdf.turtle(lines).decode()


def ntriples(
    report: str, number: int, violation: Violation, naming: Naming
) -> Iterable[str]:
    """The lines about one result."""
    node, tie = link(report, number)
    return [tie, *(f"{node} <{p}> {o} ." for p, o in result(violation, naming))]


def _value(violation: Violation, naming: Naming) -> str | None:
    """The term of a value, as the mapping writes it."""
    if violation.value is None or violation.path == UNDECLARED_COLUMN:
        return None
    schema = naming.schemas[violation.register]
    field = schema.by_name.get(violation.field or "")
    if field is None:
        return rdf.literal(violation.value)
    if field.kind == "geometry":
        return _geometry(violation, violation.value, field, naming.base)
    return rdf.term(violation.value, field, naming.base)


def _geometry(violation: Violation, value: str, field: Field, base: str) -> str | None:
    """The term of a geometry: its node, or what is said of that node."""
    wkt = rdf.wkt_of(value, field)
    kind = rdf.geometry_type(wkt)
    if violation.path == rdf.RDF_TYPE:
        return f"<{kind}>" if kind else None
    if violation.path == _AS_WKT:
        return rdf.literal(wkt, f"{GEO}wktLiteral" if kind else f"{rdf.XSD}string")
    if violation.component.startswith(SH) and violation.key is not None:
        return f"<{geometry_iri(focus_node(violation, base))}>"
    return rdf.literal(value)
