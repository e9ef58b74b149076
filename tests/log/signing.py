"""Checkpoints signed by hand, for tests of what is made of a log that is signed."""

from __future__ import annotations

from tests.log.vectors import KEY
from trigpoint.log.checkpoint import Checkpoint, log_origin
from trigpoint.log.note import Note
from trigpoint.log.store import Log

ORIGIN = "localhost:8000"


def sign(log: Log, register: str = "town", size: int | None = None) -> str:
    """Sign a register at a size, by default as it is, and a statement about it."""
    name = log_origin(ORIGIN, register)
    size = log.size(register) if size is None else size
    text = Checkpoint(name, size, log.root(register, size)).text
    note = Note(text, (KEY.sign(text, name),)).format()
    log.put_checkpoint(register, size, note)
    about = f'{name}/about\n{{"register":"{register}","size":{size}}}\n'
    log.put_statement(register, Note(about, (KEY.sign(about, name),)).format())
    return note
