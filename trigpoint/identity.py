"""What an installation is called, and where the key lies that signs for it.

`identity.json` in the data directory says it. The origin is chosen once: it is in every
checkpoint, so that no later base can change it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from trigpoint.errors import InvalidParameter, LogCorrupt, NoSigningKey, SigningRefused
from trigpoint.iris import parse_base
from trigpoint.log.keyfolder import SIGNING, KeyFolder
from trigpoint.log.keys import KEYS_FILE, PublicKeys
from trigpoint.log.note import SigningKey
from trigpoint.log.reader import LogReader
from trigpoint.log.signer import Signer
from trigpoint.private import held_lock, sync_folder, write_public
from trigpoint.rights import make_owner

IDENTITY_FILE = "identity.json"
_FORMAT = 1


@dataclass(frozen=True)
class Identity:
    """Who a data directory is: `origin` is its base without the scheme.

    `keys` is the keys folder, and None for a replica, which signs nothing: that is
    `replica_of` a URL. `base` is the one that was chosen with the origin.
    """

    origin: str
    keys: Path | None
    replica_of: str | None = None
    base: str | None = None

    def signer(self) -> Signer:
        """Who signs here; raises NoSigningKey for a replica. The key is looked for
        when it is needed."""
        if self.keys is None:
            raise NoSigningKey(
                f"this is a replica of {self.replica_of}: it signs nothing, and what "
                "is to be appended is appended there"
            )
        return Signer(KeyFolder(self.keys))


def read_identity(data: Path) -> Identity | None:
    """Who a data directory is; None before it is initialised.

    Raises LogCorrupt when that cannot be read.
    """
    path = data / IDENTITY_FILE
    try:
        body = json.loads(path.read_bytes())
        keys, replica_of = body.get("keys"), body.get("replica-of")
        if body["format"] != _FORMAT or (keys is None) == (replica_of is None):
            raise ValueError(f"format {_FORMAT} with keys or replica-of expected")
        folder = None if keys is None else _absolute(data, Path(keys))
        return Identity(str(body["origin"]), folder, replica_of, body.get("base"))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LogCorrupt(
            f"{path} does not say whose log this is ({error}): put it back from a "
            "backup"
        ) from error


def signer_of(data: Path) -> Signer:
    """Who signs for a data directory; raises NoSigningKey when nobody does."""
    identity = read_identity(data)
    if identity is None:
        raise NoSigningKey(
            f"{data} has no {IDENTITY_FILE}, so that nobody signs for it: run "
            "`trigpoint init` first"
        )
    return identity.signer()


def origin_of(base: str) -> str:
    """The origin of an installation that names its records under a base.

    Raises InvalidParameter for a base that is none, or could not name a key.
    """
    origin = parse_base(base).partition("://")[2]
    if "+" in origin:
        raise InvalidParameter(
            f"“{base}” cannot name a signed log: it has a plus (C2SP signed-note)",
            parameter="base",
        )
    return origin


def initialise(
    data: Path, base: str, log: LogReader, keys: Path | None = None
) -> Identity:
    """Make the signing key, the owner's token and the identity of a data directory.

    `keys` is the folder for the key: `{data}.keys` beside the data directory, if not
    given. A key that lies there already is taken, if it is of the same origin and has
    signed nothing that this log lacks: so what was interrupted is gone on with. Raises
    InvalidParameter when the directory is initialised, or the folder is within it, and
    SigningRefused when the key there has signed another log.
    """
    _refuse_twice(data)
    base = parse_base(base)
    origin, chosen = origin_of(base), _chosen(data, keys)
    folder = KeyFolder(_absolute(data, chosen))
    with _opened(folder):
        _refuse_twice(data)
        _make_keys(folder, origin)
        try:
            Signer(folder).ready(log)
        except SigningRefused as error:
            raise SigningRefused(
                f"{folder.path} belongs to a log that is not in {data}: put that log "
                f"back, or move the folder away to begin another. {error}"
            ) from error
        make_owner(folder.path)
        body = {"format": _FORMAT, "origin": origin, "keys": str(chosen), "base": base}
        write_public(data / IDENTITY_FILE, json.dumps(body, indent=1) + "\n")
        write_public(data / KEYS_FILE, folder.public_text())
    return Identity(origin, folder.path, base=base)


def ensure(data: Path, base: str, log: LogReader) -> Identity | None:
    """Initialise a data directory unless it is; None when it was before, or another
    process did it meanwhile. Raises what `initialise` does."""
    if read_identity(data) is not None:
        return None
    try:
        return initialise(data, base, log)
    except InvalidParameter:
        if read_identity(data) is None:
            raise
        return None


def _refuse_twice(data: Path) -> None:
    known = read_identity(data)
    if known is not None:
        key = "" if known.keys is None else f" and its key in {known.keys}"
        raise InvalidParameter(
            f"{data} is initialised already, with the origin {known.origin}{key}: "
            "nothing was changed",
            parameter="data",
        )


def _chosen(data: Path, keys: Path | None) -> Path:
    """The keys folder as the identity says it: relative to the data directory, unless
    it was given as absolute, so that both can be moved together."""
    here = data.resolve()
    if keys is None:
        return Path("..", f"{here.name}.keys")
    if keys.resolve().is_relative_to(here):
        raise InvalidParameter(
            f"{keys} is within {data}: a copy of the data would hold the key, too",
            parameter="keys",
        )
    return keys if keys.is_absolute() else Path(os.path.relpath(keys.resolve(), here))


def _absolute(data: Path, keys: Path) -> Path:
    return Path(os.path.normpath(data.resolve() / keys))


@contextmanager
def _opened(folder: KeyFolder) -> Iterator[None]:
    """The folder, made if it is not there, and nobody else in it."""
    try:
        folder.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        sync_folder(folder.path.parent)
    except OSError as error:
        raise NoSigningKey(
            f"the keys folder {folder.path} cannot be made: {error.strerror}"
        ) from error
    folder.check_closed()
    with held_lock(folder.path / "lock"):
        yield


def _make_keys(folder: KeyFolder, origin: str) -> None:
    """A key of this origin in the folder, unless it is there. One that has signed
    nothing yet is of whichever origin is chosen now."""
    if not folder.made or not folder.signed_registers():
        if not folder.has(SIGNING):
            folder.put_key(SIGNING, SigningKey.generate())
        key = folder.key(SIGNING).verifier(origin)
        folder.put_public(PublicKeys(origin, (key,)))
    held = folder.public()
    if held.name != origin:
        raise NoSigningKey(
            f"{folder.path} holds the key of {held.name}, not of {origin}: name "
            "another folder, or that base"
        )
