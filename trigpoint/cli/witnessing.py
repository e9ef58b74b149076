"""Verbs of witnesses: cosign somebody's log, and take cosignatures into one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trigpoint.cli.app import Data, app
from trigpoint.cli.remote import Only, PinnedKey, Url, say, tell_met
from trigpoint.errors import (
    InvalidParameter,
    SourceUnreachable,
    TrigpointError,
)
from trigpoint.log.note import MAX_NOTE
from trigpoint.private import write_public
from trigpoint.replica import attach as attaching
from trigpoint.replica.site import Site, check_name, open_site, spell_time
from trigpoint.replica.trust import Trust
from trigpoint.replica.witness import Witness, open_witness


@app.command()
def witness(
    url: Url,
    name: Annotated[str, typer.Option(help="The name that the witness signs by.")],
    state: Annotated[
        Path, typer.Option(metavar="DIR", help="Its key, and what it has seen.")
    ],
    register: Only = None,
    key: PinnedKey = None,
    out: Annotated[
        Path | None,
        typer.Option(help="A file, or a folder for several; standard output else."),
    ] = None,
) -> None:
    """Cosign the checkpoints of a log that go on from those cosigned before."""
    names = [check_name(one) for one in register or ()]
    with open_witness(state, name) as cosigner, open_site(url) as site:
        if cosigner.made:
            say(f"this witness is verified by '{cosigner.vkey}'")
        trusted = cosigner.trust(site, key)
        if trusted.met:
            tell_met(str(trusted.ring.current))
        names = names or site.registers()
        single = len(names) == 1
        wrong = [
            error
            for one in names
            if (
                error := _cosign(cosigner, site, one, trusted, _place(out, one, single))
            )
        ]
    if wrong:
        unreachable = all(isinstance(error, SourceUnreachable) for error in wrong)
        raise typer.Exit(2 if unreachable else 1)


@app.command()
def attach(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A cosigned checkpoint.")
    ],
    data: Data,
    witness: Annotated[
        str, typer.Option(metavar="VKEY", help="The key of the witness.")
    ],
) -> None:
    """Add a witness's cosignature to the checkpoint that it is about."""
    with file.open("rb") as opened:
        done = attaching.attach(data, opened.read(MAX_NOTE + 1), witness)
    print(
        f"{done.register}: the checkpoint of {done.checkpoint.size} entries was "
        f"cosigned {spell_time(done.cosigned_at)}"
    )


def _cosign(
    cosigner: Witness, site: Site, register: str, trusted: Trust, place: Path | None
) -> TrigpointError | None:
    """Cosign one register's checkpoint; returns what was wrong, and says it."""
    try:
        note = cosigner.cosign(site, register, trusted)
    except TrigpointError as error:
        say(str(error))
        return error
    if place is None:
        print(note, end="", flush=True)
    else:
        place.parent.mkdir(parents=True, exist_ok=True)
        write_public(place, note)
        print(f"{register}: cosigned in {place}", flush=True)
    return None


def _place(out: Path | None, register: str, single: bool) -> Path | None:
    """The file for a cosigned checkpoint; None for standard output."""
    if single and (out is None or not out.is_dir()):
        return out
    if out is None:
        raise InvalidParameter(
            "several registers are cosigned: name a folder for them with --out",
            parameter="out",
        )
    return out / f"{register}.checkpoint"
