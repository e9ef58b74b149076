"""Verbs about shapes: how the gate judges what a register's shape asks."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

import typer

from trigpoint.cli.app import RegisterName, app, print_json
from trigpoint.errors import NoSuchRegister
from trigpoint.gate import rules
from trigpoint.gate.messages import shortened
from trigpoint.gate.shacl.batch import brief
from trigpoint.gate.shacl.compiler import Explained, compile_shape
from trigpoint.iris import DEFAULT_BASE
from trigpoint.register import Registers
from trigpoint.resources import resource_folder
from trigpoint.schema.catalogue import Schemas
from trigpoint.schema.shape import Schema

shapes = typer.Typer(
    name="shapes",
    help="Look into the shapes of registers.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(shapes)

_HEADINGS = ("field", "constraint", "judged by")
_RECORD = "(record)"  # in place of a field, for what is asked of a record as a whole


@shapes.command("explain")
def explain(
    register: RegisterName,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            envvar="TRIGPOINT_DATA",
            help="A data directory, for registers that brought their own fields.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Say how each constraint of a register's shape is judged: as columns or, row by
    row, by pySHACL and why."""
    schemas = _schemas(data)
    if register not in schemas:
        raise _unknown(register, schemas)
    schema = schemas[register]
    compiled = compile_shape(brief(schema, schemas, DEFAULT_BASE))
    places = {name: i for i, name in enumerate(schema.names)}
    constraints = sorted(
        compiled.constraints, key=lambda one: places.get(one.field or "", -1)
    )
    ruled = [check.name for check in rules.checks(schema, schema.names)]
    if as_json:
        print_json(_members(schema, constraints, ruled))
        return
    _print_table([_HEADINGS, *map(_cells, constraints)])
    print("\nrules beside the shape:")
    for name in ruled:
        print(f"  {name}")
    print(f"\n{_counted(constraints, ruled)}")


def _schemas(data: Path | None) -> Schemas:
    if data is not None:
        return Registers.open(data).schemas
    return Schemas([resource_folder("shapes")], [resource_folder("ontology")])


def _unknown(register: str, schemas: Schemas) -> NoSuchRegister:
    """Names the registers that may be meant: all, when none is near."""
    near = get_close_matches(register, schemas, n=5, cutoff=0.5)
    near += [name for name in schemas if register in name and name not in near]
    return NoSuchRegister(
        f"there is no shape of a register called “{register}”: "
        f"{'perhaps' if near else 'there are'} {', '.join(near or schemas)}; registers "
        "that brought their own fields are known with --data",
        register=register,
    )


def _cells(one: Explained) -> tuple[str, str, str]:
    return one.field or _RECORD, shortened(one.text), _judged_by(one)


def _judged_by(one: Explained) -> str:
    if one.reason is not None:
        return f"pySHACL: {one.reason}"
    return "columns" if one.note is None else f"columns; {one.note}"


def _print_table(rows: Sequence[tuple[str, str, str]]) -> None:
    """Columns as wide as their widest cell; the last as it is."""
    widths = [max(len(row[i]) for row in rows) for i in range(2)]
    for field, constraint, judged_by in rows:
        print(f"{field:<{widths[0]}}  {constraint:<{widths[1]}}  {judged_by}")


def _counted(constraints: Sequence[Explained], ruled: Sequence[str]) -> str:
    counts = _counts(constraints)
    return (
        f"{counts['constraints']} constraints: {counts['columns']} judged as columns "
        f"({counts['in-part']} of them in part by pySHACL), {counts['pyshacl']} by "
        f"pySHACL; {len(ruled)} rules"
    )


def _counts(constraints: Sequence[Explained]) -> dict[str, int]:
    by_pyshacl = sum(one.reason is not None for one in constraints)
    return {
        "constraints": len(constraints),
        "columns": len(constraints) - by_pyshacl,
        "in-part": sum(one.note is not None for one in constraints),
        "pyshacl": by_pyshacl,
    }


def _members(
    schema: Schema, constraints: Sequence[Explained], ruled: Sequence[str]
) -> dict[str, object]:
    """The same as JSON; `judge` is “columns” or “pySHACL”, with its `reason`, and
    `note` says what of columns still goes to pySHACL."""
    return {
        "register": schema.register,
        "shape": schema.shape,
        "constraints": [
            {
                "field": one.field,
                "shape": one.shape,
                "constraint": one.text,
                "judge": "columns" if one.reason is None else "pySHACL",
                "reason": one.reason,
                "note": one.note,
            }
            for one in constraints
        ],
        "rules": list(ruled),
        "counts": {**_counts(constraints), "rules": len(ruled)},
    }
