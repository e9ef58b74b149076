"""Verbs that prove: what is stored hashes to what was recorded and signed."""

from __future__ import annotations

from typing import Annotated

import typer

from trigpoint.cli.app import Data, app
from trigpoint.register import Registers
from trigpoint.schema.items import format_hash


@app.command()
def verify(
    data: Data,
    register: Annotated[str | None, typer.Argument(help="One register only.")] = None,
    size: Annotated[int | None, typer.Option(help="The root at that size.")] = None,
) -> None:
    """Recompute root hashes from items and entries."""
    if size is not None and register is None:
        raise typer.BadParameter("--size goes with one register")
    log = Registers.open(data).log
    for name in [register] if register else log.registers():
        root = format_hash(log.verify(name, size))
        entries = log.size(name) if size is None else size
        print(f"{name}: {entries} entries, {root} verified")
