"""Verifying the checkpoints that the keys folder keeps: those that were signed last.

They show what no copy of the data can: that it ends earlier than what was signed.
"""

from __future__ import annotations

import os
from pathlib import Path

from trigpoint.errors import BadSignature, LogCorrupt, NoSigningKey
from trigpoint.log.attest import check_lines
from trigpoint.log.growth import check_contains
from trigpoint.log.keyfolder import LAST, KeyFolder
from trigpoint.log.keys import trusted_keys
from trigpoint.log.reader import LogReader
from trigpoint.log.signing import believed


def check_last(log: LogReader, keys: Path) -> None:
    """Raises LogCorrupt, BadSignature or SigningRefused unless the log goes on from
    each checkpoint that was signed last. A folder that is not here, or that only
    another user may enter, is passed over: it need not be where a log is verified.
    """
    if not os.access(keys, os.R_OK | os.X_OK):
        return
    folder = KeyFolder(keys)
    try:
        public = folder.public()
        ring = trusted_keys(folder.public_text(), str(public.current))
        for register in folder.signed_registers():
            where = str(keys / LAST / register)
            signed = believed(ring, register, folder.last(register) or "", where)
            try:
                check_lines(signed.note, ring, register, signed.checkpoint.size)
            except BadSignature as error:
                raise BadSignature(f"{where}: {error}") from error
            check_contains(log, register, signed.checkpoint)
    except NoSigningKey as error:
        raise LogCorrupt(str(error)) from error
