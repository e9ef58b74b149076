"""The command's parts that all verbs share: the application, options, progress."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, TaskID

from trigpoint import view

app = typer.Typer(
    help="Look into a trigpoint data directory, check it, keep it.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # plain help, the same in the docs and everywhere
    pretty_exceptions_enable=False,
)

Data = Annotated[
    Path,
    typer.Option("--data", envvar="TRIGPOINT_DATA", help="The data directory."),
]
RegisterName = Annotated[str, typer.Argument(help="Name of a register.")]
Key = Annotated[str, typer.Argument(help="Key of a record.")]


@contextmanager
def progress_bar() -> Iterator[view.Progress]:
    """Progress as bars on standard error, one a stage, gone when the work is done."""
    with Progress(console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def show(stage: str, done: int, total: int | None) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage)
            bar.update(tasks[stage], completed=done, total=total)

        yield show


def print_json(body: object) -> None:
    """Print a value as JSON for people."""
    print(json.dumps(body, ensure_ascii=False, indent=2))
