"""Verbs that make the signing key, sign with it, and put another in its place."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer

from trigpoint.cli.app import Data, app
from trigpoint.identity import initialise, origin_of, signer_of
from trigpoint.iris import DEFAULT_BASE
from trigpoint.log import rotation
from trigpoint.log.signer import Signer
from trigpoint.log.store import Log
from trigpoint.register import LOG_FILE


@app.command()
def init(
    data: Data,
    base: Annotated[
        str, typer.Option(help="IRI that records are under; it names the log for good.")
    ] = DEFAULT_BASE,
    keys: Annotated[
        Path | None, typer.Option(help="Folder for the keys; DATA.keys else.")
    ] = None,
) -> None:
    """Make a data directory, its signing key and its owner's key."""
    origin_of(base)  # before anything is made
    log = Log(data / LOG_FILE)
    made = initialise(data, base, log, keys)
    made.signer().sign(log)  # what an unsigned log of an earlier format holds
    print(f"origin: {made.origin}")
    print(f"vkey:   {made.signer().keys.public().current}")
    print(f"keys:   {made.keys}")


@app.command()
def sign(
    data: Data,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Cosign the others anew, too.")
    ] = False,
) -> None:
    """Sign the checkpoints that are not signed yet."""
    log, signer = _opened(data)
    names = signer.sign(log, renew_before=math.inf if refresh else None)
    for name in names:
        print(f"{name}: {log.size(name)} entries signed")
    if not names:
        print("everything is signed as it is")


@app.command()
def rotate(data: Data) -> None:
    """Have a new key sign from now on, and destroy the old one."""
    log, signer = _opened(data)
    old = signer.keys.public().current
    public = rotation.rotate(log, signer.keys)
    print(f"old vkey: {old}")
    print(f"new vkey: {public.current}")


def _opened(data: Path) -> tuple[Log, Signer]:
    """A log and who signs it; raises NoSigningKey when nobody does."""
    signer = signer_of(data)
    return Log(data / LOG_FILE), signer
