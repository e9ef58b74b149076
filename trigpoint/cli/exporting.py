"""The verb that writes the logs as files, for any static server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trigpoint.cli.app import Data, app, progress_bar
from trigpoint.register import Registers
from trigpoint.replica import export


@app.command("export-static")
def export_static(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write.")],
    data: Data,
) -> None:
    """Write the signed logs as a folder of files that can be followed."""
    log = Registers.open(data).log
    with progress_bar() as show:
        done = export.export_static(log, folder, show)
    for one in done:
        print(
            f"{one.register}: {one.checkpoint.size} entries, "
            f"{one.files} files, {one.written} of them written"
        )
