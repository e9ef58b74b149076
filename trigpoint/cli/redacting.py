"""The verb that withholds what an item says, for good."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from trigpoint.cli.app import Data, RegisterName, app, progress_bar
from trigpoint.cli.remote import say
from trigpoint.errors import InvalidParameter
from trigpoint.log.reader import LogReader
from trigpoint.redaction import Found, check_reason, find, redact, registers_of
from trigpoint.register import Registers
from trigpoint.replica.export import export_static
from trigpoint.replica.folder import is_ours
from trigpoint.rights import read_token
from trigpoint.schema.items import format_hash

_SHOWN = 500  # characters of an item
_MOST_ENTRIES = 10  # that are listed of an item


@app.command("redact")
def redact_items(
    register: RegisterName,
    data: Data,
    reason: Annotated[str, typer.Option(help="Why; it is public and stays.")],
    record: Annotated[
        str | None, typer.Argument(metavar="KEY", help="Key of a record.")
    ] = None,
    entry: Annotated[int | None, typer.Option(help="The item of this entry.")] = None,
    item: Annotated[
        str | None, typer.Option(metavar="HASH", help="This item, sha-256:….")
    ] = None,
    trail: Annotated[
        bool, typer.Option("--trail", help="All items that the key ever had.")
    ] = False,
    key: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", envvar="TRIGPOINT_KEY", help="File with a custodian's key."
        ),
    ] = None,
    export: Annotated[
        list[Path] | None,
        typer.Option(metavar="DIR", help="A static export to refresh; may repeat."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Withhold what an item says, for good; its hash and all proofs stay."""
    log = Registers.open(data).log
    found = find(log, register, key=record, entry=entry, item=item, trail=trail)
    exports = export or []
    _check_exports(exports)
    check_reason(reason, found)
    token = read_token(key) if key is not None else None
    registers = Registers.open(data, write=True)
    registers.permit(token, registers_of(found))
    if not yes:
        _show(found)
        _ask()
    with progress_bar() as show:
        done = redact(registers, found, reason, key=token, progress=show)
        for folder in exports:
            export_static(registers.log, folder, show)
    for one in done:
        print(f"{format_hash(one.hash)} withheld on {one.date}: {one.reason}")
    for one in log.withheld():
        if one.hash in {each.hash for each in found} - {each.hash for each in done}:
            print(f"{format_hash(one.hash)} was withheld on {one.date}: {one.reason}")
    _tell_rest(log, register, record, exports)


def _ask() -> None:
    """Ask, and end with 2 unless the answer is yes: 1 says that data is wrong."""
    try:
        sure = typer.confirm("Withhold this for good?", err=True)
    except typer.Abort:  # there was nobody to answer
        sure = False
    if not sure:
        say("nothing was withheld")
        raise typer.Exit(2)


def _check_exports(exports: list[Path]) -> None:
    for folder in exports:
        if not folder.is_dir() or not is_ours(folder):
            raise InvalidParameter(
                f"{folder} is no static export: nothing was withheld",
                parameter="export",
            )


def _show(found: list[Found]) -> None:
    """Show what is going to be withheld, and whose it is, too."""
    for one in found:
        print(format_hash(one.hash), file=sys.stderr)
        text = one.text if one.text is not None else "(withheld already)"
        cut = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
        print(f"  {cut}", file=sys.stderr)
        for name, entry in one.entries[:_MOST_ENTRIES]:
            print(f"  entry {entry.number} of {name}, key {entry.key}", file=sys.stderr)
        more = len(one.entries) - _MOST_ENTRIES
        if more > 0:
            print(f"  and {more} entries more", file=sys.stderr)
        whose = {(name, entry.key) for name, entry in one.entries}
        if len(whose) > 1:
            print(
                f"  {len(whose)} records share it: it is one content, and is withheld "
                "of all of them",
                file=sys.stderr,
            )


def _tell_rest(
    log: LogReader, register: str, record: str | None, exports: list[Path]
) -> None:
    """Say what this could not reach."""
    if record is not None:
        hidden = {one.hash for one in log.withheld()}
        trail = {one.item_hash for one in log.trail(register, record)}
        left = len(trail - hidden)
        if left:
            print(
                f"{left} more items of {record} are still to be had: --trail "
                "withholds all of them",
                file=sys.stderr,
            )
    other = "other exports" if exports else "exports"
    print(
        f"{other} have it until `trigpoint export-static` or --export writes them "
        "again, replicas until they follow, backups and caches as long as they are "
        "kept",
        file=sys.stderr,
    )
