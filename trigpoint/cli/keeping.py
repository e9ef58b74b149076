"""Verbs that keep a data directory in order."""

from __future__ import annotations

from typing import Annotated

import typer

from trigpoint.cli.app import Data, app, progress_bar
from trigpoint.register import Registers


@app.command()
def rebuild(
    data: Data,
    base: Annotated[
        str | None, typer.Option(help="IRI that records are under.")
    ] = None,
) -> None:
    """Build all views anew from the log."""
    registers = Registers.open(data, base=base)
    with progress_bar() as show:
        view = registers.publish(show, anew=True)
    entries = sum(view.sizes.values())
    print(f"view {view.version}: {entries} entries of {len(view.sizes)} registers")
