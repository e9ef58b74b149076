"""Verifying single files: a record bundle, a checkpoint, a register in RSF."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from trigpoint.errors import (
    BadRelease,
    InvalidInput,
    InvalidParameter,
    NotVerified,
    SourceUnreachable,
)
from trigpoint.log.bundle import MAX_BUNDLE, verify_bundle
from trigpoint.log.checkpoint import parse_checkpoint
from trigpoint.log.keys import Keyring
from trigpoint.log.note import (
    COSIGNATURE,
    cosigned_at,
    parse_note,
    parse_verifier_key,
)
from trigpoint.log.rsf import read_rsf
from trigpoint.replica.site import spell_time
from trigpoint.replica.trust import parse_pin
from trigpoint.schema.items import format_hash

_RSF = b"assert-root-hash\t"
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class Paper:
    """What a file proved, in words. Unless `vouched`, the key that it was verified
    by is the file's own, `key`."""

    says: str
    key: str = ""
    vouched: bool = True


def verify_file(path: Path, key: str | None = None) -> Paper:
    """Verify a file for whoever trusts the vkey `key`, of an installation, of one of
    its logs or, for a checkpoint, of a witness.

    Raises SourceUnreachable when it cannot be read, NotVerified or BadSignature when
    it is not what it claims to be, InvalidParameter when a key has to be given.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BUNDLE + 1)
    except OSError as error:
        raise SourceUnreachable(f"{path} cannot be read: {error.strerror}") from error
    if data.startswith((_RSF, _GZIP)) or ".rsf" in path.suffixes:
        return _rsf(path)
    if data.lstrip()[:1] == b"{":
        return _bundle(path, data, key)
    return _checkpoint(path, data, key)


def _bundle(path: Path, data: bytes, key: str | None) -> Paper:
    keys = None if key is None else [parse_pin(key)]
    try:
        proved = verify_bundle(data, keys)
    except InvalidInput as error:
        raise NotVerified(f"{path}: {error}") from error
    entry, when = proved.entry, spell_time(proved.signed_at)
    what = f"record “{entry.key}”, entry {entry.number}"
    if proved.withheld is not None:
        what += " (its item is withheld)"
    return Paper(
        f"{proved.register}: {what} of {proved.checkpoint.size}, signed {when}, "
        f"{format_hash(entry.item_hash)} verified",
        str(proved.key),
        proved.trusted,
    )


def _checkpoint(path: Path, data: bytes, key: str | None) -> Paper:
    try:
        note = parse_note(data)
        found = parse_checkpoint(note.text)
    except InvalidInput as error:
        raise NotVerified(
            f"{path} is neither a record bundle, a checkpoint nor RSF: {error}"
        ) from error
    if key is None:
        raise InvalidParameter(
            f"{path} is a checkpoint of {found.origin}: give the key that it is to be "
            "verified by with --key",
            parameter="key",
        )
    says = f"{found.origin}: {found.size} entries, {format_hash(found.root)}"
    try:
        signer = parse_verifier_key(key)
        if signer.kind == COSIGNATURE:
            when = spell_time(cosigned_at(note, signer))
            return Paper(f"{says}, cosigned by {signer.name} {when}, verified", key)
        pin = parse_pin(key)
        ring = Keyring(pin.name, (pin,))
        ring.check(note)
        when = spell_time(ring.cosigned_at(note))
    except InvalidInput as error:
        raise InvalidParameter(f"--key: {error}", parameter="key") from error
    except NotVerified as error:
        raise type(error)(f"{path}: {error}") from error
    return Paper(f"{says}, signed {when}, verified", key)


def _rsf(path: Path) -> Paper:
    try:
        archive = read_rsf(path)
    except BadRelease as error:
        raise NotVerified(str(error)) from error
    size = archive.start + len(archive.entries)
    if not archive.assertions or archive.asserted != size:
        raise NotVerified(
            f"{path}: no root hash is asserted of all its {size} entries: its end is "
            "missing, or it was never whole"
        )
    root = format_hash(archive.root)
    return Paper(f"{archive.register}: {size} entries, {root} verified")
