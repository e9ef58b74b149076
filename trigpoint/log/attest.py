"""Verifying what is signed: each checkpoint of a register and the statement beside it,
against the tables.

`trigpoint.log.verify` shows that the tables agree with each other; this, that they are
what was signed. A signature by a key that is not known is another's, and left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from trigpoint.errors import (
    BadSignature,
    InvalidInput,
    LogCorrupt,
    NoSuchItem,
    NotVerified,
    Withheld,
)
from trigpoint.log.about import (
    MAX_STATEMENT,
    Statement,
    parse_statement,
    statement_of,
)
from trigpoint.log.checkpoint import log_origin
from trigpoint.log.keys import Keyring
from trigpoint.log.note import COSIGNATURE, Note, VerifierKey, parse_note, verify_note
from trigpoint.log.reader import AppendedBatch, LogReader
from trigpoint.log.signing import MOST_KEPT
from trigpoint.schema.items import format_hash


def attest(log: LogReader, register: str, ring: Keyring) -> int | None:
    """How many entries of a register are signed for, once every checkpoint and the
    statement were found to be signed by these keys and to say what the tables hold.
    None when nothing is signed.

    Raises NotVerified, BadSignature or LogCorrupt, naming what is wrong.
    """
    with log.snapshot():
        sizes = list(_checkpoints(log, register, ring))
        _check_statement(log, register, ring, signed=bool(sizes))
    return sizes[-1] if sizes else None


def check_lines(note: Note, ring: Keyring, register: str, size: int) -> None:
    """Raises BadSignature unless each signature in the name of this log is one of its
    keys, and it was cosigned by the key that signed it.

    The checkpoint at which a key was retired has to have its signature, too: a line of
    it that was changed would else be taken for another's, and be left alone.
    """
    signed = verify_note(note, ring.for_register(register))
    signers = {key.public for key in signed}
    cosigners = [VerifierKey(ring.origin, COSIGNATURE, public) for public in signers]
    if not set(cosigners) & set(verify_note(note, cosigners)):
        raise BadSignature("it is not cosigned by the key that signed it")
    known = {(key.name, key.id) for key in (*cosigners, *ring.for_register(register))}
    for line in note.signatures:
        ours = line.name in (ring.origin, log_origin(ring.origin, register))
        if ours and (line.name, line.id) not in known:
            raise BadSignature(f"a signature of {line.name} is by none of its keys")
    if len(note.signatures) >= MOST_KEPT:
        return  # more are not kept
    for key, limits in zip(ring.keys, ring.limits, strict=False):
        if limits.get(register) == size and key.public not in signers:
            raise BadSignature(f"{key}, which was retired then, did not sign it")


def check_statement_lines(note: Note, ring: Keyring, register: str) -> None:
    """Raises BadSignature unless keys of this log made every signature of a statement:
    nobody else signs one."""
    signed = verify_note(note, ring.for_register(register))
    if len(signed) != len(note.signatures):
        raise BadSignature("it has a signature that is by none of the keys of the log")


def _checkpoints(log: LogReader, register: str, ring: Keyring) -> Iterator[int]:
    """The sizes of the checkpoints, each verified."""
    held = log.size(register)
    rows = log.db.execute(
        "SELECT size, note FROM checkpoint WHERE register = ? ORDER BY size",
        (log.register_id(register),),
    )
    for size, text in rows.fetchall():
        where = f"{register}: the checkpoint of {size} entries"
        with _part(where):
            note = parse_note(text)
            found = ring.check(note)
            check_lines(note, ring, register, found.size)
        said = (found.origin, found.size)
        if said != (log_origin(ring.origin, register), size):
            raise NotVerified(f"{where} is of {found.size} of {found.origin}")
        if size > held:
            raise LogCorrupt(f"{where} is signed, but the log holds {held}")
        root = log.root(register, size)
        if root != found.root:
            raise LogCorrupt(
                f"{where} was signed with the root {format_hash(found.root)}, but the "
                f"log has {format_hash(root)}"
            )
        yield size


def _check_statement(
    log: LogReader, register: str, ring: Keyring, *, signed: bool
) -> None:
    text = log.statement(register)
    where = f"{register}: the signed statement"
    if text is None:
        if signed:
            raise NotVerified(f"{where} is missing")
        return
    with _part(where):
        note = parse_note(text, MAX_STATEMENT)
        stated = parse_statement(note.text)
        ring.check_signed(note, register, stated.size)
        check_statement_lines(note, ring, register)
        if stated.origin != log_origin(ring.origin, register):
            raise InvalidInput(f"it is of {stated.origin}")
    for what, equal in _compared(log, register, ring, stated):
        if not equal:
            raise LogCorrupt(f"{where} says otherwise of the {what} than the tables")


def _compared(
    log: LogReader, register: str, ring: Keyring, stated: Statement
) -> Iterator[tuple[str, bool]]:
    """What a statement says, part by part, and whether the tables say it, too.

    It may be behind the log, when that ended before it was signed, or ahead of it, in
    a replica: what was appended in between is left out.
    """
    size = min(stated.size, log.size(register))
    held = statement_of(log.as_of({register: size}), register, ring.origin)
    yield "batches", held.batches == tuple(_until(size, stated.batches, register))
    missing = set(held.withheld) - set(stated.withheld)
    shown = any(_shown(log, one.hash) for one in stated.withheld)
    yield "withheld items", not missing and not shown
    if stated.size >= log.size(register):
        yield "shape", held.shape == stated.shape
        yield "system entries", held.system_entries == stated.system_entries


def _until(
    size: int, batches: Iterable[AppendedBatch], register: str
) -> Iterator[AppendedBatch]:
    """Batches as of a size."""
    for one in batches:
        first, last = one.ranges[register]
        if first <= size:
            ranges = {register: (first, min(last, size))}
            yield AppendedBatch(one.number, one.appended, one.batch, ranges, one.key)


def _shown(log: LogReader, digest: bytes) -> bool:
    """Whether an item is held with its content."""
    try:
        log.item(digest)
    except (NoSuchItem, Withheld):
        return False
    return True


@contextmanager
def _part(where: str) -> Iterator[None]:
    """Name what is wrong within."""
    try:
        yield
    except InvalidInput as error:
        raise NotVerified(f"{where}: {error}") from error
    except BadSignature as error:
        raise BadSignature(f"{where}: {error}") from error
