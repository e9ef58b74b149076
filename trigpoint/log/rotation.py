"""Rotation: a new key takes the place of the old one, which is destroyed.

Each step is durable before the next, and one that was interrupted is gone on with by
rotating again: the new key is written beside the old (`next.key`); everything is signed
by the old key; the rotation note enters `keys.json`, from when on the new key signs;
the latest checkpoints are signed by it, too; the old key is overwritten and removed.
"""

from __future__ import annotations

from trigpoint.dates import today
from trigpoint.log.checkpoint import parse_checkpoint
from trigpoint.log.keyfolder import NEXT, KeyFolder
from trigpoint.log.keys import PublicKeys, Rotation
from trigpoint.log.note import SigningKey, parse_note
from trigpoint.log.reader import LogReader
from trigpoint.log.signer import Signer


def rotate(log: LogReader, keys: KeyFolder) -> PublicKeys:
    """Have a new key sign from now on; returns the public keys, it being the last.

    Raises what `Signer.sign` does, and nothing has changed then.
    """
    signer = Signer(keys)
    with keys.lock():
        if not keys.replacing:
            signer.sign_held(log)
            keys.put_public(_rotated(keys))
        signer.sign_held(log)
        keys.take_over()
        return keys.public()


def _rotated(keys: KeyFolder) -> PublicKeys:
    """The public keys with the next one, which is made unless it is there."""
    if not keys.has(NEXT):
        keys.put_key(NEXT, SigningKey.generate())
    old, new, public = keys.signatory().key, keys.key(NEXT), keys.public()
    sizes = {name: _signed_size(keys, name) for name in keys.signed_registers()}
    said = Rotation(
        public.name, public.current, new.verifier(public.name), today(), sizes
    )
    return public.rotated(said.signed(old, new))


def _signed_size(keys: KeyFolder, register: str) -> int:
    return parse_checkpoint(parse_note(keys.last(register) or "").text).size
