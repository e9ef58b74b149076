"""A site: the logs that can be read at one location, and the notes that sign them.

A location is an installation's base address, the address of one of its registers, or a
folder of a static export (trigpoint/replica/export.py), which has the same paths.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from trigpoint.errors import (
    BadSignature,
    InvalidInput,
    InvalidParameter,
    NotFound,
    NotSigned,
    NotVerified,
    Stalled,
)
from trigpoint.log.about import MAX_STATEMENT, Statement, parse_statement
from trigpoint.log.checkpoint import Checkpoint, log_origin
from trigpoint.log.keys import KEYS_FILE, MAX_KEYS_FILE, Keyring
from trigpoint.log.note import (
    COSIGNATURE,
    Note,
    VerifierKey,
    cosigned_at,
    parse_note,
    verify_note,
)
from trigpoint.replica.fetch import Fetch
from trigpoint.replica.source import FolderSource, Source, Wanted
from trigpoint.replica.web import Bounds, HttpSource

DAY = 86_400  # seconds
_NAME = re.compile(r"[a-z][a-z0-9-]{0,99}", re.ASCII)
_ONE = re.compile(r"(.*)/registers/([a-z][a-z0-9-]{0,99})", re.ASCII | re.DOTALL)
_WEB = re.compile(r"https?://", re.IGNORECASE)
_MAX_LIST = 16 * 1024 * 1024  # bytes of the list of registers
_PAUSES = (0.0, 0.2, 0.5, 1.0)  # seconds before each try to read two notes that fit
_AHEAD = DAY  # seconds that a signer's clock may be ahead of ours


@dataclass(frozen=True)
class Head:
    """A checkpoint that was verified, as its note and what it says; it was the newest
    at `signed_at` (POSIX seconds)."""

    register: str
    note: str
    checkpoint: Checkpoint
    signed_at: int


@dataclass(frozen=True)
class Site:
    """The logs at a location; `only` is the register whose own location it is."""

    source: Source
    only: str | None = None

    @property
    def location(self) -> str:
        return self.source.location

    def keys(self) -> bytes | None:
        """The `keys.json` of the site; None when it has none."""
        try:
            return self.source.read([Wanted((KEYS_FILE,), MAX_KEYS_FILE)])[0]
        except NotFound:
            return None

    def registers(self) -> list[str]:
        """The names of the registers that are listed.

        Raises NotVerified when the list cannot be read, NotFound when there is none.
        """
        if self.only is not None:
            return [self.only]
        path = "registers.json"
        body = self.source.read([Wanted((path,), _MAX_LIST)])[0]
        try:
            names = [one["register"] for one in json.loads(body)["registers"]]
            for name in names:
                check_name(name)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise NotVerified(
                f"{self.location}/{path} is not a list of registers"
            ) from error
        except InvalidParameter as error:
            raise NotVerified(f"{self.location}/{path}: {error}") from error
        return sorted(set(names))

    def log(self, register: str, spool: Path | None = None) -> Fetch:
        """The resources of one register's log."""
        return Fetch(self.source, f"registers/{check_name(register)}", spool)


def check_name(register: object) -> str:
    """A register's name, which is a part of paths; raises InvalidParameter for none."""
    if not isinstance(register, str) or not _NAME.fullmatch(register):
        raise InvalidParameter(
            f"“{str(register)[:80]}” is not the name of a register",
            parameter="register",
        )
    return register


def location_of(text: str) -> str:
    """An address as it is remembered: of a folder, the whole path.

    Raises InvalidParameter for an address of another kind.
    """
    if _WEB.match(text):
        return text.rstrip("/")
    if text.startswith("file://"):
        text = unquote(urlsplit(text).path)
    elif "://" in text:
        raise InvalidParameter(
            f"“{text[:80]}” cannot be read: expected http://, https:// or a folder",
            parameter="url",
        )
    return str(Path(text).absolute())


@contextmanager
def open_site(text: str, bounds: Bounds | None = None) -> Iterator[Site]:
    """The site at an http(s) or file address or in a folder.

    Raises InvalidParameter for an address that is none, SourceUnreachable for a folder
    that is not there.
    """
    location, only = location_of(text), None
    one = _ONE.fullmatch(location)
    if one is not None:
        location, only = one.groups()
    source: Source
    if _WEB.match(location):
        source = HttpSource(location, bounds or Bounds())
    else:
        source = FolderSource(Path(location))
    with closing(source):
        yield Site(source, only)


def read_head(
    log: Fetch,
    register: str,
    ring: Keyring,
    max_age: float | None = None,
    *,
    retired: bool = False,
) -> Head:
    """The latest checkpoint of a log, its signatures verified.

    `max_age` is in seconds; without one, it may be of any age. `retired` keys do not
    count for who keeps what is read here: one that was stolen since could sign another
    history. Raises NotSigned when there is none, BadSignature, NotVerified for one of
    another log or that is none, and Stalled when it is older.
    """
    where = f"{log.location}/checkpoint"
    try:
        data = log.text("checkpoint")
    except NotFound as error:
        raise NotSigned(f"{where} is not there: nothing of {register} is signed") from (
            error
        )
    note = _note(data, where)
    try:
        checkpoint = ring.check(note)
    except InvalidInput as error:
        raise NotVerified(f"{where} is not a checkpoint: {error}") from error
    except BadSignature as error:
        raise BadSignature(f"{where}: {error}") from error
    if checkpoint.origin != log_origin(ring.origin, register):
        raise NotVerified(
            f"{where} is of {checkpoint.origin}, expected "
            f"{log_origin(ring.origin, register)}"
        )
    signed_at = _signed_at(note, ring, where, retired=retired)
    if max_age is not None:
        _check_fresh(signed_at, where, max_age)
    return Head(register, note.format(), checkpoint, signed_at)


@dataclass(frozen=True)
class SignedState:
    """A checkpoint and the statement that stands beside its tree, as note and as what
    it says; it speaks for as many entries, or for more."""

    head: Head
    note: str
    statement: Statement


def read_signed(
    log: Fetch,
    register: str,
    ring: Keyring,
    max_age: float | None = None,
    *,
    retired: bool = False,
) -> SignedState:
    """The latest checkpoint and statement of a log, as `read_head` and `read_statement`
    read them. The log may be signed anew in between: then they are read again."""
    for pause in _PAUSES:
        time.sleep(pause)
        head = read_head(log, register, ring, max_age, retired=retired)
        note, statement = read_statement(log, register, ring, retired=retired)
        if statement.size >= head.checkpoint.size:
            return SignedState(head, note, statement)
    raise NotVerified(
        f"{log.location}/about speaks for {statement.size} entries, the checkpoint for "
        f"{head.checkpoint.size}"
    )


def read_statement(
    log: Fetch, register: str, ring: Keyring, *, retired: bool = False
) -> tuple[str, Statement]:
    """The signed statement beside a log: its note, and what it says. Nothing binds it
    to the tree, so that a `retired` key could have any item withheld.

    Raises NotVerified when it is not there or not one of this log, BadSignature.
    """
    where = f"{log.location}/about"
    keys = ring.for_register(register)
    try:
        note = _note(log.text("about", MAX_STATEMENT), where, MAX_STATEMENT)
        # First of all: to read what anybody wrote could take very much memory.
        verify_note(note, keys if retired else keys[:1])
        found = parse_statement(note.text)
        ring.check_signed(note, register, found.size)
    except NotFound as error:
        raise NotVerified(f"{where} is not there, though the log is signed") from error
    except InvalidInput as error:
        raise NotVerified(f"{where} is not a statement: {error}") from error
    except BadSignature as error:
        raise BadSignature(f"{where}: {error}") from error
    if found.origin != log_origin(ring.origin, register):
        raise NotVerified(f"{where} is of {found.origin}, not of {register}")
    return note.format(), found


def _note(data: bytes, where: str, limit: int | None = None) -> Note:
    try:
        return parse_note(data) if limit is None else parse_note(data, limit)
    except InvalidInput as error:
        raise NotVerified(f"{where} is not a signed note: {error}") from error


def _signed_at(note: Note, ring: Keyring, where: str, *, retired: bool) -> int:
    """When a checkpoint was said to be the newest, by the current key or, if those
    count, by a `retired` one: an export that was stopped while it brought in a new key
    has both."""
    try:
        return ring.cosigned_at(note)
    except BadSignature as error:
        wrong = BadSignature(f"{where}: it does not say when it was signed ({error})")
    keys = [VerifierKey(ring.origin, COSIGNATURE, key.public) for key in ring.keys]
    try:
        signers = verify_note(note, keys)
    except BadSignature:
        raise wrong from None
    if retired:
        return max(cosigned_at(note, key) for key in signers)
    raise Stalled(
        f"{where} was cosigned by a key that is retired since, so that its age is not "
        "known: it is to be signed and exported again"
    )


def _check_fresh(signed_at: int, where: str, max_age: float) -> None:
    age, when = time.time() - signed_at, spell_time(signed_at)
    if age > max_age:
        raise Stalled(
            f"{where} was last signed at {when}, {age / DAY:.1f} days ago; at most "
            f"{max_age / DAY:g} days are accepted (--max-age)"
        )
    if age < -_AHEAD:
        raise Stalled(f"{where} says that it was signed at {when}, which is to come")


def spell_time(seconds: int) -> str:
    """A time in POSIX seconds as GDS spells it, to the second in UTC."""
    try:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
    except (OSError, OverflowError):  # what a cosignature says, no calendar need have
        return f"{seconds} seconds after 1970"
