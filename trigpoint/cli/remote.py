"""What the verbs that read somebody else's log share: options, and whom they trust."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

Url = Annotated[
    str,
    typer.Argument(
        metavar="URL",
        help="An installation, one of its registers, or a folder of an export.",
    ),
]
Only = Annotated[
    list[str] | None, typer.Option("--register", help="Only this; may be repeated.")
]
PinnedKey = Annotated[
    str | None,
    typer.Option("--key", metavar="VKEY", help="The key that signs the log."),
]
MaxAge = Annotated[
    float,
    typer.Option("--max-age", metavar="DAYS", help="Of the newest signature; 0: any."),
]


def say(what: str) -> None:
    """One line for people, on standard error."""
    print(f"trigpoint: {what}", file=sys.stderr, flush=True)


def tell_met(vkey: str) -> None:
    """Say loudly that a key is believed for no good reason."""
    say(
        "TRUSTING A KEY THAT NOBODY VOUCHED FOR, since it is the first that was met: "
        f"compare it, and pin it with --key '{vkey}'"
    )
