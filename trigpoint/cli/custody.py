"""Verbs about custodians' keys: who may append to which registers."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from trigpoint.cli.app import Data, app
from trigpoint.dates import today
from trigpoint.errors import InvalidInput, NoSuchRegister
from trigpoint.identity import signer_of
from trigpoint.private import write_private
from trigpoint.register import Registers
from trigpoint.rights import ALL, CustodianKey, Custodians, Token

keys = typer.Typer(
    name="key",
    help="Make, list and revoke the keys of custodians, who may append.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(keys)

KeyId = Annotated[str, typer.Argument(help="Id of a key, as `key list` shows it.")]


@keys.command("add")
def add(
    data: Data,
    name: Annotated[str, typer.Option(help="The organisation that gets the key.")],
    register: Annotated[
        list[str],
        typer.Option(help=f"A register to append to, or “{ALL}”; may be repeated."),
    ],
    expires: Annotated[
        str | None, typer.Option(help="First day on which it is refused (UTC).")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="A new file for the key; printed else.")
    ] = None,
) -> None:
    """Make a key for a custodian, and show it this once."""
    _check_known(data, register)
    if out is not None:
        _check_new(out)
    custodians = _custodians(data)
    token = custodians.add(name, register, expires)
    if out is not None:
        _write(out, token, custodians)
    else:
        print(token.reveal())
    print(
        f"key {token.id}: give it to {name} over a channel that nobody else reads; "
        "it is kept nowhere else",
        file=sys.stderr,
    )


@keys.command("list")
def list_keys(data: Data) -> None:
    """Print every key that was made: whose, for what, until when."""
    known = _custodians(data).known()
    width = max((len(" ".join(key.registers)) for key in known), default=0)
    for key in known:
        registers = " ".join(key.registers)
        print(f"{key.id}  {_state(key):<30}  {registers:<{width}}  {key.name}")


@keys.command("revoke")
def revoke(id: KeyId, data: Data) -> None:
    """Have a key refused from now on."""
    key = _custodians(data).revoke(id)
    print(f"{key.id}  {_state(key)}  {key.name}")


def _custodians(data: Path) -> Custodians:
    """The keys of an installation; raises NoSigningKey for a replica, and when the
    keys folder is not where it was: another must not begin in its place."""
    folder = signer_of(data).keys
    folder.check_closed()
    return Custodians(folder.path)


def _check_known(data: Path, registers: list[str]) -> None:
    """Raises NoSuchRegister for a misspelt name, which would be a key for nothing."""
    known = Registers.open(data).schemas
    for name in registers:
        if name != ALL and name not in known:
            raise NoSuchRegister(
                f"there is no register called “{name[:60]}”: expected {ALL} or one of "
                + ", ".join(sorted(known)),
                register=name,
            )


def _check_new(out: Path) -> None:
    """Raises InvalidInput for a file that is there, or in a folder that is not."""
    if out.exists():
        raise InvalidInput(f"{out} is there already: name a file that is not")
    if not out.parent.is_dir():
        raise InvalidInput(f"{out.parent} is not a folder: make it first")


def _write(out: Path, token: Token, custodians: Custodians) -> None:
    try:
        write_private(out, token.reveal() + "\n")
    except OSError:
        custodians.revoke(token.id)  # nobody has it
        raise


def _state(key: CustodianKey) -> str:
    if key.revoked is not None:
        return f"revoked {key.revoked}"
    if key.expires is None:
        return "in force"
    return f"{'expired' if key.expires <= today() else 'in force until'} {key.expires}"
