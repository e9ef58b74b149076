"""Checkpoints: the size and root of a log, as the text of a signed note.

C2SP tlog-checkpoint defines the lines: origin, size, root in base 64, and extensions.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from trigpoint.errors import InvalidInput
from trigpoint.log.merkle import HASH_SIZE

MAX_SIZE = 2**63 - 1
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True)
class Checkpoint:
    """What a log says of itself: its origin, number of leaves and root hash.

    Raises InvalidInput when it could not be written as a checkpoint.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for line in (self.origin, *self.extensions):
            if not line or any(character < " " for character in line):
                raise InvalidInput(f"“{line[:80]}” cannot be a line of a checkpoint")
        if not 0 <= self.size <= MAX_SIZE:
            raise InvalidInput(f"{self.size} cannot be the size of a log")
        if len(self.root) != HASH_SIZE:
            raise InvalidInput(f"a root hash has {HASH_SIZE} bytes")

    @property
    def text(self) -> str:
        """The text that is signed; `parse_checkpoint` reads it back."""
        root = base64.b64encode(self.root).decode()
        lines = (self.origin, str(self.size), root, *self.extensions)
        return "".join(f"{line}\n" for line in lines)


def parse_checkpoint(text: str) -> Checkpoint:
    """The checkpoint that a note's text spells; raises InvalidInput for any other
    spelling than the canonical one."""
    origin, *lines = text.removesuffix("\n").split("\n")
    if len(lines) < 2 or not _SIZE.fullmatch(lines[0]):
        raise InvalidInput("a checkpoint has lines for its origin, size and root")
    try:
        root = base64.b64decode(lines[1], validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidInput("the root of a checkpoint is not base 64") from error
    found = Checkpoint(origin, int(lines[0]), root, tuple(lines[2:]))
    if found.text != text:
        raise InvalidInput("a checkpoint is not spelt canonically")
    return found


def log_origin(origin: str, register: str) -> str:
    """The origin of a register's log: that of the installation and the register's
    path below it; also the name of the key that signs it."""
    return f"{origin}/registers/{register}"
