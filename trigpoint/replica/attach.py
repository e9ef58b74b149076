"""Taking a witness's cosignature into the log that it is about, to be served there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from trigpoint.errors import (
    BadSignature,
    InvalidInput,
    InvalidParameter,
    NotPermitted,
    NotVerified,
)
from trigpoint.identity import Identity, read_identity
from trigpoint.log.checkpoint import Checkpoint
from trigpoint.log.keyfolder import KeyFolder
from trigpoint.log.keys import Keyring
from trigpoint.log.note import (
    COSIGNATURE,
    Note,
    VerifierKey,
    cosigned_at,
    parse_note,
    parse_verifier_key,
)
from trigpoint.log.served import keys_file
from trigpoint.log.store import Log
from trigpoint.register import LOG_FILE
from trigpoint.replica.trust import trust


@dataclass(frozen=True)
class Attached:
    """A checkpoint that a cosignature was added to, and when that was made."""

    register: str
    checkpoint: Checkpoint
    cosigned_at: int


def attach(data: Path, text: bytes, witness: str) -> Attached:
    """Add the cosignature of a witness, known by its vkey, to the checkpoint that it is
    about, in place of an older one.

    Raises InvalidParameter for a vkey that is none, NotVerified for a note that is no
    checkpoint, BadSignature when it is not one of this log or the witness did not sign
    it, NotSigned when this log has no such checkpoint, NotPermitted in a replica.
    """
    key = _witness(witness)
    Log(data / LOG_FILE, readonly=True).close()  # or it would be made
    identity = read_identity(data)
    if identity is not None and identity.replica_of is not None:
        raise NotPermitted(
            f"{data} is a replica of {identity.replica_of}: attach it there"
        )
    ring = trust(keys_file(data)).ring
    note, checkpoint = _checkpoint(text, ring)
    when = cosigned_at(note, key)
    register = ring.register_of(checkpoint.origin)
    with closing(Log(data / LOG_FILE)) as log, _signing(identity) as keys:
        held = parse_note(log.checkpoint(register, checkpoint.size))
        if held.text != note.text:
            raise NotVerified(
                f"{register}: the checkpoint of {checkpoint.size} entries here is "
                "another one"
            )
        joined = _joined(held, note, key).format()
        # First where a signer looks: what it finds there, it puts into the database.
        last = keys.last(register) if keys else None
        if keys and last is not None and parse_note(last).text == note.text:
            keys.keep({register: joined})
        log.put_checkpoint(register, checkpoint.size, joined)
    return Attached(register, checkpoint, when)


def _witness(vkey: str) -> VerifierKey:
    try:
        key = parse_verifier_key(vkey.strip())
    except InvalidInput as error:
        raise InvalidParameter(f"--witness: {error}", parameter="witness") from error
    if key.kind != COSIGNATURE:
        raise InvalidParameter(
            f"--witness: {key.name} is not a key for cosignatures", parameter="witness"
        )
    return key


def _checkpoint(text: bytes, ring: Keyring) -> tuple[Note, Checkpoint]:
    try:
        note = parse_note(text)
        return note, ring.check(note)
    except InvalidInput as error:
        raise NotVerified(f"the note is not a checkpoint: {error}") from error
    except BadSignature as error:
        raise BadSignature(f"the note is not a checkpoint of ours: {error}") from error


@contextmanager
def _signing(identity: Identity | None) -> Iterator[KeyFolder | None]:
    """The keys folder, where nobody signs meanwhile; None when it is not here."""
    if identity is None or identity.keys is None or not identity.keys.is_dir():
        yield None
        return
    keys = KeyFolder(identity.keys)
    with keys.lock():
        yield keys


def _joined(held: Note, brought: Note, key: VerifierKey) -> Note:
    """A note with the newest cosignature of a witness, and of it no other."""
    named = (key.name, key.id)
    both = [
        line
        for line in (*held.signatures, *brought.signatures)
        if (line.name, line.id) == named
    ]
    newest = max(both, key=lambda line: line.value[:8])
    others = [line for line in held.signatures if (line.name, line.id) != named]
    return Note(held.text, (*others, newest))
