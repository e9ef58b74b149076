"""Findings in three forms: a table for people, JSON for programs, RDF for tools."""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from trigpoint.gate.messages import shortened
from trigpoint.gate.terms import NODE, SH, UNDECLARED_COLUMN, Severity, short
from trigpoint.gate.violation import Violation
from trigpoint.iris import geometry_iri, record_iri
from trigpoint.schema import rdf
from trigpoint.schema.catalogue import Schemas

_COLUMNS = ("Register", "Row", "Key", "Field", "Value", "Problem")
_SEVERITIES = {"violation": f"{SH}Violation", "warning": f"{SH}Warning"}
_REPORTS = uuid.uuid5(uuid.NAMESPACE_URL, f"{SH}ValidationReport")


def table(
    violations: Iterable[Violation], summary: Iterable[str], *, limit: int, width: int
) -> str:
    """The first `limit` findings, violations before warnings, in the order of their
    rows; then the summary."""
    grid = Table(box=None, pad_edge=False, header_style="")
    for name in _COLUMNS:
        grid.add_column(name, overflow="fold")
    for one in sorted(violations, key=_place)[:limit]:
        mark = "warning: " if one.severity == "warning" else ""
        cells = (
            one.register,
            "" if one.row is None else str(one.row),
            shortened(one.key, 30),
            one.field or "",
            shortened(one.value, 40),
            f"{mark}{one.message} ({short(one.component)})",
        )
        # Text, since a value may hold what rich would take for markup.
        grid.add_row(*map(Text, cells))
    page = io.StringIO()
    console = Console(file=page, width=width, no_color=True, highlight=False)
    if grid.row_count:
        console.print(grid)
    for line in summary:
        console.print(Text(line))
    return page.getvalue()


def _place(violation: Violation) -> tuple[bool, str, int]:
    row = -1 if violation.row is None else violation.row
    return violation.severity == "warning", violation.register, row


def summary(
    counts: Mapping[tuple[str, str | None, str], int],
    severities: Mapping[Severity, int],
    shown: int,
) -> list[str]:
    """What was found how often, the most frequent first."""
    total = sum(counts.values())
    if not total:
        return ["Nothing was refused."]
    lines = [f"… and {total - shown} more"] if shown < total else []
    lines.append(
        f"{severities.get('violation', 0)} violations, "
        f"{severities.get('warning', 0)} warnings:"
    )
    often = sorted(counts.items(), key=lambda pair: (-pair[1], str(pair[0])))
    for (register, field, component), count in often:
        lines.append(f"{count:>8}  {register} {field or '(row)'} {short(component)}")
    return lines


def member(violation: Violation, base: str) -> dict[str, object]:
    """One finding as a JSON object; what does not apply is left out."""
    members = {
        "focusNode": focus_node(violation, base),
        "resultPath": violation.path,
        "value": violation.value,
        "sourceShape": violation.shape,
        "sourceConstraintComponent": violation.component,
        "severity": violation.severity,
        "message": violation.message,
        "register": violation.register,
        "row": violation.row,
        "key": violation.key,
        "field": violation.field,
    }
    return {name: value for name, value in members.items() if value is not None}


def focus_node(violation: Violation, base: str) -> str:
    """The record that a violation is about; its register when the row has no key."""
    if violation.key is None:
        return f"{base}/registers/{violation.register}"
    return record_iri(base, violation.register, violation.key)


def as_rdf(violations: Sequence[Violation], base: str, schemas: Schemas) -> str:
    """A `sh:ValidationReport` (SHACL, section 3.6); its name is made of its content."""
    results = [list(_result(one, base, schemas)) for one in violations]
    name = uuid.uuid5(_REPORTS, "\n".join(line for one in results for line in one))
    report = f"<urn:uuid:{name}>"
    conforms = "false" if results else "true"
    lines = [
        f"{report} <{rdf.RDF_TYPE}> <{SH}ValidationReport> .",
        f'{report} <{SH}conforms> "{conforms}"^^<{rdf.XSD}boolean> .',
    ]
    for i, statements in enumerate(results, start=1):
        node = f"<urn:uuid:{name}#{i}>"
        lines.append(f"{report} <{SH}result> {node} .")
        lines += (f"{node} {statement}" for statement in statements)
    return rdf.turtle(lines).decode()


def _result(violation: Violation, base: str, schemas: Schemas) -> Iterable[str]:
    """Predicate and object of each statement about one result."""
    severity = _SEVERITIES[violation.severity]
    yield f"<{rdf.RDF_TYPE}> <{SH}ValidationResult> ."
    yield f"<{SH}focusNode> <{focus_node(violation, base)}> ."
    yield f"<{SH}resultSeverity> <{severity}> ."
    yield f"<{SH}sourceConstraintComponent> <{violation.component}> ."
    yield f"<{SH}resultMessage> {rdf.literal(violation.message)} ."
    if violation.shape is not None:
        yield f"<{SH}sourceShape> <{violation.shape}> ."
    if violation.path is not None:
        yield f"<{SH}resultPath> <{violation.path}> ."
    value = _value(violation, base, schemas)
    if value is not None:
        yield f"<{SH}value> {value} ."
    if violation.row is not None:
        where = f"{violation.register}, row {violation.row}, key {violation.key}"
        yield f"<http://www.w3.org/2000/01/rdf-schema#comment> {rdf.literal(where)} ."


def _value(violation: Violation, base: str, schemas: Schemas) -> str | None:
    """The term of a value, as the mapping writes it."""
    if violation.value is None or violation.path == UNDECLARED_COLUMN:
        return None
    schema = schemas[violation.register]
    field = schema.by_name.get(violation.field or "")
    if field is None:
        return rdf.literal(violation.value)
    if field.kind == "geometry":
        if violation.component == NODE:
            return f"<{geometry_iri(focus_node(violation, base))}>"
        return rdf.literal(violation.value)
    return rdf.term(violation.value, field, base)
