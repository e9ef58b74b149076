"""Verbs that prove: what is stored hashes to what was recorded and signed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from trigpoint.cli.app import app, progress_bar
from trigpoint.cli.remote import MaxAge, Only, PinnedKey, say
from trigpoint.errors import NoData
from trigpoint.register import LOG_FILE
from trigpoint.replica.audit import audit_data, audit_site
from trigpoint.replica.papers import verify_file
from trigpoint.replica.site import DAY, check_name, open_site
from trigpoint.replica.trust import trust

_NAME = re.compile(r"[a-z][a-z0-9-]*", re.ASCII)


@app.command()
def verify(
    context: typer.Context,
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="TARGET",
            help="A file, folder or address; or a register of the data directory.",
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data", envvar="TRIGPOINT_DATA", help="The data directory to verify."
        ),
    ] = None,
    register: Only = None,
    size: Annotated[int | None, typer.Option(help="The root at that size.")] = None,
    key: PinnedKey = None,
    max_age: MaxAge = 0,
) -> None:
    """Recompute root hashes from items and entries, and check what is signed."""
    names = [check_name(name) for name in register or ()]
    if target is not None and data is not None and _NAME.fullmatch(target):
        names, target = [*names, target], None
    elif target is not None:
        given = context.get_parameter_source("data")
        if given is not None and given.name == "COMMANDLINE":
            raise typer.BadParameter(f"verify {target} or --data {data}, not both")
        data = None
    if target is None and data is None:
        raise typer.BadParameter("name what to verify, or a data directory by --data")
    path = data or Path(target or "")
    if data is not None or (path / LOG_FILE).exists():
        _verify_data(path, names, size, key)
    elif path.is_file():
        if names or size is not None:
            raise typer.BadParameter(
                f"{path} is one file: --register and --size are for whole logs"
            )
        _verify_file(path, key)
    else:
        _verify_site(target or "", names, size, key, max_age * DAY or None)


def _verify_data(
    path: Path, names: list[str], size: int | None, key: str | None
) -> None:
    empty = True
    for found in audit_data(path, names, size, key):
        print(found, flush=True)
        empty = False
    if empty:
        raise NoData(f"{path} holds no registers: there is nothing to verify")


def _verify_file(path: Path, key: str | None) -> None:
    paper = verify_file(path, key)
    if not paper.vouched:
        _tell(paper.key)
    print(paper.says)


def _verify_site(
    address: str,
    names: list[str],
    size: int | None,
    key: str | None,
    max_age: float | None,
) -> None:
    with open_site(address) as site, progress_bar() as show:
        trusted = trust(site.keys(), None, key)
        if trusted.met:
            _tell(str(trusted.ring.current))
        for found in audit_site(
            site, names, size, ring=trusted.ring, max_age=max_age, progress=show
        ):
            print(found, flush=True)


def _tell(key: str) -> None:
    """Say that a key is as good as the place where it was found."""
    say(
        "verified by the key that came with it, which nobody vouched for: compare it, "
        f"and give it with --key '{key}'"
    )
